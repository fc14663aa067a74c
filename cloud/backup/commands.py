"""The commands `cloud backup TARGET` | `cloud restore SOURCE`."""

import sys
import time
from pathlib import Path
from typing import Final

from duckdb import IOException as DuckDBRefused
from sqlalchemy.exc import SQLAlchemyError

from cloud.backup.desk import Asked, ask_owner
from cloud.backup.make import make_backup
from cloud.backup.manifest import BackupRefused
from cloud.backup.restore import POINTS_FILE, refuse_half_restored, restore_backup
from cloud.db import Database, SchemaStale
from cloud.settings import Settings, SettingsWrong
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import WrongFormat

WRONG: Final = 2
_REFUSALS: Final = (BackupRefused, SettingsWrong, SchemaStale, WrongFormat)


def backup(target: Path) -> int:
    """Exit code after a backup into the new folder `target`: 2 when it was refused, with the reason."""
    try:
        settings = Settings.from_environment()
        _refuse_servers(settings)
        refuse_half_restored(settings.data)
        made = _made(settings, target.absolute())
    except _REFUSALS as refused:
        return _refused(refused)
    _say(f"backup of {made.size / 1e6:.1f} MB in {target}, the time series up to commit {made.commit_no}")
    return 0


def restore(source: Path, *, replace: bool) -> int:
    """Exit code after a restore of the backup in `source`: 2 when it was refused, with the reason."""
    try:
        settings = Settings.from_environment()
        _refuse_servers(settings)
        settings.data.mkdir(parents=True, exist_ok=True)
        manifest, generation = restore_backup(source.absolute(), settings, _Progress(), replace=replace)
    except (*_REFUSALS, OSError) as refused:
        return _refused(refused)
    _say(
        f"restored {manifest.size / 1e6:.1f} MB up to commit {manifest.commit_no}, generation {generation}: "
        "the gateways will offer again what they have kept"
    )
    return 0


def _refuse_servers(settings: Settings) -> None:
    if settings.store != "duckdb":
        raise BackupRefused(
            f"TAKTLINE_STORE = {settings.store!r}: a server keeps the points. Accepted: the database by its "
            "own tools first, then the points by those of their server."
        )


def _made(settings: Settings, target: Path) -> Asked:
    points = settings.data / POINTS_FILE
    if not points.exists():
        raise BackupRefused(
            f"{points} does not exist: there is nothing to back up. TAKTLINE_DATA names the folder."
        )
    try:
        store = DuckDBStore(points)
    except DuckDBRefused:  # the cloud runs: only it can read the time series
        return ask_owner(settings.data, target, _Progress(), time.sleep)
    db = Database(settings.url)
    try:
        manifest = make_backup(target, db, store, _Progress())
    except SQLAlchemyError as error:
        raise BackupRefused(f"the relational store refused: {error}") from error
    finally:
        store.close()
        db.dispose()
    return Asked(manifest.size, manifest.commit_no)


class _Progress:
    """Tells of every tenth of each step on stderr."""

    def __init__(self) -> None:
        self._told: tuple[str, int] = ("", -1)

    def __call__(self, what: str, done: int, total: int) -> None:
        tenths = 10 * done // max(total, 1)
        if (what, tenths) != self._told:
            self._told = (what, tenths)
            _say(f"{what} {10 * tenths} %")


def _say(line: str) -> None:
    sys.stderr.write(f"· {line}\n")
    sys.stderr.flush()


def _refused(reason: Exception) -> int:
    sys.stderr.write(f"{reason}\n")
    return WRONG
