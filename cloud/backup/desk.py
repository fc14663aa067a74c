"""How a second process asks the owner of the stores for a backup: a request and an answer as files.

A second process cannot open the time series, even to read. Whoever may write into the data folder may ask.
"""

import json
import os
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog

from cloud.backup.make import BackedUp, make_backup
from cloud.backup.manifest import BackupRefused, Tell
from cloud.db import Database

log = structlog.get_logger("cloud.backup")

REQUEST: Final = "backup.request"
ANSWER: Final = "backup.answer"
LOOK_S: Final = 0.25
HEARD_S: Final = 30.0  # real seconds in which the owner must have begun
SILENT_S: Final = 600.0  # real seconds without a sign of life after which the owner is given up


class BackupDesk:
    """A thread in the process that owns the stores; it makes the backups that are asked for.

    Parameters
    ----------
    data
        The data folder.
    db, store
        Both stores.
    """

    def __init__(self, data: Path, db: Database, store: BackedUp) -> None:
        self._data = data
        self._db = db
        self._store = store
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="backup", daemon=True)

    def start(self) -> None:
        """Nothing comes back; requests of before the start are forgotten."""
        (self._data / REQUEST).unlink(missing_ok=True)
        self._thread.start()

    def stop(self) -> None:
        """Nothing comes back; a backup in work is finished first."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            try:
                asked = _read(self._data / REQUEST)
                if asked is not None:
                    (self._data / REQUEST).unlink(missing_ok=True)
                    self._serve(str(asked["id"]), Path(asked["target"]))
            except Exception:  # task boundary: a broken request must not end the desk
                log.exception("backup_request_unreadable")

    def _serve(self, number: str, target: Path) -> None:
        shown = -1

        def tell(what: str, done: int, total: int) -> None:
            nonlocal shown
            percent = 100 * done // max(total, 1)
            if percent != shown:
                shown = percent
                self._say(number, "working", what=what, percent=percent)

        try:
            tell("beginning", 0, 1)
            manifest = make_backup(target, self._db, self._store, tell)
        except Exception as error:  # noqa: BLE001 -- task boundary: whoever asked is told, whatever it was
            log.warning("backup_failed", target=str(target), reason=str(error))
            self._say(number, "failed", reason=str(error))
            return
        log.info("backup_made", target=str(target), bytes=manifest.size, commit_no=manifest.commit_no)
        self._say(number, "done", size=manifest.size, commit_no=manifest.commit_no)

    def _say(self, number: str, state: str, **more: Any) -> None:
        _write(self._data / ANSWER, {"id": number, "state": state, **more})


@dataclass(frozen=True, slots=True)
class Asked:
    """A finished backup as its owner told of it."""

    size: int
    commit_no: int


def ask_owner(data: Path, target: Path, tell: Tell, wait: Callable[[float], None]) -> Asked:
    """Return what the running owner of the stores in `data` made of a request for a backup.

    Parameters
    ----------
    data
        The data folder.
    target
        An absolute path.
    tell
        Hears of the progress, in percent of 100.
    wait
        Waits so many real seconds.

    Raises
    ------
    BackupRefused
        With the owner's reason, or because it does not answer.
    """
    number = uuid.uuid4().hex
    (data / ANSWER).unlink(missing_ok=True)
    _write(data / REQUEST, {"id": number, "target": str(target)})
    silent_s, limit_s, last = 0.0, HEARD_S, None
    while silent_s < limit_s:
        answer = _read(data / ANSWER)
        if answer is None or answer == last or answer.get("id") != number:
            wait(LOOK_S)
            silent_s += LOOK_S
            continue
        last, silent_s, limit_s = answer, 0.0, SILENT_S
        if answer["state"] == "done":
            return Asked(answer["size"], answer["commit_no"])
        if answer["state"] == "failed":
            raise BackupRefused(answer["reason"])
        tell(answer["what"], answer["percent"], 100)
    (data / REQUEST).unlink(missing_ok=True)
    raise BackupRefused(
        f"the program that owns the stores in {data} does not answer. Accepted: a cloud of this version that "
        "runs with this data folder, or none."
    )


def _read(path: Path) -> Mapping[str, Any] | None:
    try:
        return dict(json.loads(path.read_text()))
    except FileNotFoundError:
        return None


def _write(path: Path, content: Mapping[str, Any]) -> None:
    """Nothing comes back; a reader sees the old content or the new, never half of it."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(json.dumps(content))
    fresh.replace(path)
