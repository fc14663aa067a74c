"""Room on a full disk: a reserve beside the spool, given up so that receipts can still be written."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import structlog

from edge.reading import Scan
from edge.spool_batches import Draft
from edge.spool_bounds import SpoolBounds, SpoolCounts
from edge.spool_writer import Task

log = structlog.get_logger(__name__)

# More than the write-ahead log of a spool becomes between two checkpoints (1,000 pages of 4 KiB).
RESERVE_BYTES: Final = 6 << 20
# A smaller disk has none, and only then is one that has so much room again believed to be well.
_DISK_BYTES: Final = 3 * RESERVE_BYTES
_FULL: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC})
_LEAST_BYTES: Final = 1 << 16
# What the bound becomes with each failure, as a share of the room there is but for the reserve.
_SHRINKS_TO: Final = 0.9
_SCANS_AT_ONCE: Final = 200

Part = tuple[list[Scan], list[Task]]


def nothing(_: Draft) -> None:
    """The work of who only waits until everything before is durable."""


class DiskRoom:
    """Keeps a spool alive on a full disk.

    A write-ahead log needs room even for a deletion, so a full disk would stay full for ever though the host
    has stored everything. When a write fails for want of room the reserve is given up and the log is written
    back; the bound of the spool becomes what its file and the disk have room for. What the host has is then
    forgotten; what waits is dropped, as `when_full` says, only once memory is half full. All is as before
    when the disk has room again.

    Parameters
    ----------
    path : Path
        The spool's file.
    bounds : SpoolBounds
        Whose bound is lowered.
    write_back : callable
        Has the write-ahead log written back and cut; raises `sqlite3.Error`.
    """

    def __init__(self, path: Path, bounds: SpoolBounds, write_back: Callable[[], None]) -> None:
        self._file = path
        self._path = path.with_name(path.name + ".reserve")
        self._bounds = bounds
        self._write_back = write_back
        self._lowered_from: int | None = None
        self._failures = 0
        self._has_failed = False
        self._hold()

    def make(self, wrong: sqlite3.Error) -> None:
        """Make what room there is after a write failed."""
        if getattr(wrong, "sqlite_errorcode", None) not in _FULL:
            return
        self._path.unlink(missing_ok=True)
        with suppress(sqlite3.Error):
            self._write_back()
        self._failures += 1
        self._has_failed = True
        if self._lowered_from is None:
            self._lowered_from = self._bounds.settings.max_bytes
            log.warning("spool_bound_lowered", path=str(self._file), reason="the disk is full")

    def portions(self, scans: list[Scan], tasks: list[Task], waiting_readings: int) -> list[Part]:
        """What to commit one after the other; on a full disk what makes room first, then few at a time.

        `waiting_readings` are in memory now.
        """
        self._look(waiting_readings)
        has_failed, self._has_failed = self._has_failed, False
        if not has_failed and self._lowered_from is None:
            return [(scans, tasks)]
        first = [task for task in tasks if task.work is not nothing]
        last = [task for task in tasks if task.work is nothing]
        few: list[Part] = [
            (scans[at : at + _SCANS_AT_ONCE], []) for at in range(0, len(scans), _SCANS_AT_ONCE)
        ]
        return [([], first), *few, ([], last)]

    def allowed(self, part: Part, counts: SpoolCounts) -> Part:
        """The part itself.

        Raises
        ------
        sqlite3.OperationalError
            When its readings would take the room that deletions need, and memory can still hold them.
        """
        is_over = counts.bytes_held >= self._bounds.settings.max_bytes
        if part[0] and self._lowered_from is not None and self._bounds.spares_waiting and is_over:
            raise sqlite3.OperationalError("database or disk is full")
        return part

    def _look(self, waiting_readings: int) -> None:
        """Set the bound to what the disk has room for; before every attempt while it is full."""
        if self._lowered_from is None:
            return
        settings = self._bounds.settings
        if self._hold():
            self._bounds.settings = replace(settings, max_bytes=self._lowered_from)
            self.forget()
            log.info("spool_bound_restored", path=str(self._file))
            return
        with suppress(OSError):
            log_file = self._file.with_name(self._file.name + "-wal")
            own = self._file.stat().st_size + log_file.stat().st_size + _free_bytes(self._file.parent)
            lowered = int((own - RESERVE_BYTES) * _SHRINKS_TO**self._failures)
            self._bounds.settings = replace(
                settings, max_bytes=min(self._lowered_from, max(_LEAST_BYTES, lowered))
            )
        self._bounds.spares_waiting = 2 * waiting_readings < settings.max_waiting_readings

    def forget(self) -> None:
        """What the bounds were before does not come back: they are set anew, or whole."""
        self._lowered_from, self._failures, self._bounds.spares_waiting = None, 0, False

    def close(self) -> None:
        """Leave nothing behind."""
        self._path.unlink(missing_ok=True)

    def _hold(self) -> bool:
        """Whether the reserve is there now."""
        with suppress(OSError):
            if _free_bytes(self._path.parent) < _DISK_BYTES:
                return False
            with self._path.open("wb") as reserve:
                os.posix_fallocate(reserve.fileno(), 0, RESERVE_BYTES)
            return True
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        return False


def _free_bytes(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
