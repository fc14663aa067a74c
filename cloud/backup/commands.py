"""The commands `cloud backup TARGET` | `cloud restore SOURCE` | `cloud raise-generation`."""

import sys
import time
from pathlib import Path
from typing import Final

from duckdb import IOException as DuckDBRefused
from sqlalchemy.exc import SQLAlchemyError

from cloud.backup.desk import Asked, ask_owner
from cloud.backup.generation import POINTS_FILE, keeps_points_elsewhere, raise_generations
from cloud.backup.make import make_backup
from cloud.backup.manifest import BackupRefused
from cloud.backup.restore import refuse_half_restored, restore_backup
from cloud.db import Database, SchemaStale, check_schema
from cloud.settings import Settings, SettingsWrong
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import StoreRefused, WrongFormat

WRONG: Final = 2
_REFUSALS: Final = (BackupRefused, SettingsWrong, SchemaStale, WrongFormat)


def backup(target: Path) -> int:
    """Exit code after a backup into the new folder `target`: 2 when it was refused, with the reason."""
    try:
        settings = Settings.from_environment()
        refuse_half_restored(settings.data)
        if keeps_points_elsewhere(settings):
            size = _relational_alone(settings, target.absolute())
            _say(f"backup of {size / 1e6:.1f} MB in {target}: the relational store alone")
            _say(f"NOT in it: {_missing(settings)}")
            return 0
        made = _made(settings, target.absolute())
    except _REFUSALS as refused:
        return _refused(refused)
    _say(f"backup of {made.size / 1e6:.1f} MB in {target}, the time series up to commit {made.commit_no}")
    return 0


def restore(source: Path, *, replace: bool) -> int:
    """Exit code after a restore of the backup in `source`: 2 when it was refused, with the reason."""
    try:
        settings = Settings.from_environment()
        settings.data.mkdir(parents=True, exist_ok=True)
        manifest, generation = restore_backup(source.absolute(), settings, _Progress(), replace=replace)
    except (*_REFUSALS, OSError) as refused:
        return _refused(refused)
    if not manifest.holds_points:
        _say(f"restored {manifest.size / 1e6:.1f} MB of the relational store")
        _say(f"NOT in it: {_missing(settings)}")
        _say("when the points are in place, before the cloud starts: taktline cloud raise-generation")
        return 0
    _say(
        f"restored {manifest.size / 1e6:.1f} MB up to commit {manifest.commit_no}, generation {generation}: "
        "the gateways will offer again what they have kept"
    )
    return 0


def raise_generation() -> int:
    """Exit code after raising the generation of a stopped cloud's stores: 2 when it was refused."""
    try:
        settings = Settings.from_environment()
        refuse_half_restored(settings.data)
        db = Database(settings.url)
        try:
            check_schema(db)
            generation = raise_generations(settings, db)
        finally:
            db.dispose()
        if not generation:
            raise BackupRefused(
                f"{settings.data} holds no file of points. TAKTLINE_DATA names the folder, "
                "TAKTLINE_STORE and TAKTLINE_INGEST say who keeps them."
            )
    except (*_REFUSALS, StoreRefused, SQLAlchemyError) as refused:
        return _refused(refused)
    _say(f"generation {generation}: gateways will offer again what they have kept when the cloud starts")
    return 0


def _missing(settings: Settings) -> str:
    if settings.store != "duckdb":
        return f"the points at {settings.store}: save them by their server's tools, always after this."
    files = settings.data / "groups"
    return f"the points of the workers: copy {files} while they are stopped, each time after this."


def _relational_alone(settings: Settings, target: Path) -> int:
    db = Database(settings.url)
    try:
        check_schema(db)
        return make_backup(target, db, None, _Progress()).size
    except SQLAlchemyError as error:
        raise BackupRefused(f"the relational store refused: {error}") from error
    finally:
        db.dispose()


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
