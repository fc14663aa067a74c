"""Makes a backup while the cloud runs: the relational store first, then the time series.

In this order the time series are never older than the facts: what they have beyond the facts' cursor is
derived again after a restore, from the signal log that they keep.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import duckdb
from sqlalchemy.exc import SQLAlchemyError

from cloud.backup.manifest import (
    POINTS,
    RELATIONAL,
    BackupRefused,
    Manifest,
    Tell,
    described,
    fsync_files,
    fsync_folder,
)
from cloud.backup.relational import copy_out, relational_size
from cloud.db import Database, schema_revision
from cloud.timeseries.store import StoreCounts, StoreRefused
from wire.clock import real_ms

PARTIAL: Final = ".partial"
SPARE: Final = 16 << 20  # bytes that must stay free beside a backup


class BackedUp(Protocol):
    """A time-series store whose files are a backup's business; others are backed up by their own servers."""

    @property
    def generation(self) -> int:
        """The store's generation."""
        ...

    def counts(self) -> StoreCounts:
        """The sizes of the store."""
        ...

    def backup(self, target: Path) -> list[Path]:
        """Return the files of one moment's copy in an empty folder; they may stand in the store's place."""
        ...


def make_backup(target: Path, db: Database, store: BackedUp | None, tell: Tell) -> Manifest:
    """Return the manifest of a complete backup in the new folder `target`.

    Parameters
    ----------
    target
        A folder that does not exist yet, on a disk with room.
    db, store
        Both stores; they are written to meanwhile. Without `store` the relational one alone is copied.
    tell
        Hears of the progress.

    Raises
    ------
    BackupRefused
        When the target exists or cannot be written, or a store cannot be read; nothing is left there.
    """
    partial = target.with_name(target.name + PARTIAL)
    try:
        expected = relational_size(db) + (store.counts().size_bytes if store else 0)
        _refuse_target(target, expected)
        shutil.rmtree(partial, ignore_errors=True)  # of a backup that was killed
        for name in (RELATIONAL, POINTS) if store else (RELATIONAL,):
            (partial / name).mkdir(parents=True)
        try:
            return _written(partial, target, (db, store), _Counting(tell, expected))
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    except OSError as error:
        raise BackupRefused(f"{target}: {error.strerror or error}. Accepted: a place to write.") from error
    except (SQLAlchemyError, StoreRefused, duckdb.Error) as error:
        raise BackupRefused(f"a store could not be read: {error}") from error


class _Counting:
    """Counts the bytes that were copied and tells how many of the expected ones."""

    def __init__(self, tell: Tell, expected: int) -> None:
        self.tell = tell
        self.expected = expected
        self.done = 0

    def adding(self, what: str) -> Callable[[int], None]:
        def add(size: int) -> None:
            self.done += size
            self.tell(what, min(self.done, self.expected), self.expected)

        add(0)
        return add


def _written(
    partial: Path, target: Path, stores: tuple[Database, BackedUp | None], counting: _Counting
) -> Manifest:
    db, store = stores
    schema = schema_revision(db)
    copy_out(db, partial / RELATIONAL, counting.adding("relational store"))
    generation = commit_no = 0
    if store is not None:
        add = counting.adding("time series")
        generation, commit_no = store.generation, store.counts().commit_no  # the copy may hold some more
        store.backup(partial / POINTS)
        add(sum(path.stat().st_size for path in (partial / POINTS).rglob("*") if path.is_file()))
    fsync_files(partial)
    files = described(partial, counting.tell)
    manifest = Manifest(
        real_ms(), db.dialect, schema or "", generation, commit_no, files, holds_points=store is not None
    )
    manifest.write(partial)
    partial.rename(target)
    fsync_folder(target.parent)
    return manifest


def _refuse_target(target: Path, expected: int) -> None:
    if target.exists():
        raise BackupRefused(f"{target} exists already. Accepted: a folder that does not exist yet.")
    if not target.parent.is_dir():
        raise BackupRefused(f"{target.parent} is no folder. Accepted: a new folder in one that exists.")
    free = shutil.disk_usage(target.parent).free
    if free < expected + SPARE:
        raise BackupRefused(
            f"{target.parent} has {free / 1e6:.0f} MB free; the backup needs about "
            f"{(expected + SPARE) / 1e6:.0f} MB. Accepted: a disk with more room."
        )
