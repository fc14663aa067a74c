"""Puts a backup in the place of both stores; by a new generation the edges offer again what it lacks."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from cloud.backup import relational
from cloud.backup.generation import POINTS_FILE, keeps_points_elsewhere, owned, point_files, raise_generations
from cloud.backup.manifest import (
    POINTS,
    RELATIONAL,
    BackupRefused,
    Manifest,
    Tell,
    check_files,
    fsync_files,
    fsync_folder,
    pieces,
    read_manifest,
)
from cloud.db import Database, alembic_config
from cloud.settings import Settings
from wire.clock import real_ms

STAGING: Final = ".restoring"
MONTHS_FOLDER: Final = "points.months"  # closed hours, beside the file
SPARE: Final = 16 << 20


def refuse_half_restored(data: Path) -> None:
    """Nothing comes back; no restore has begun in this data folder without coming to its end.

    Raises
    ------
    BackupRefused
        When one has: its stores do not belong together.
    """
    if (data / STAGING).exists():
        raise BackupRefused(
            f"{data / STAGING} shows that a restore did not come to its end. Accepted: the same restore once "
            "more, with --replace."
        )


def restore_backup(source: Path, settings: Settings, tell: Tell, *, replace: bool) -> tuple[Manifest, int]:
    """Return the manifest of the backup that was put in place, and the new generation.

    Parameters
    ----------
    source
        A folder made by `make_backup`.
    settings
        Of the cloud, which must not run.
    tell
        Hears of the progress.
    replace
        Whether stores that exist may be replaced; else they are a reason to refuse.

    Raises
    ------
    BackupRefused
        Before anything is changed: when the backup is damaged, of another kind, schema or format, when there
        is something to lose or no room, or when the cloud runs.
    """
    manifest = read_manifest(source)
    db = Database(settings.url)
    try:
        _refuse_kind(manifest, db)
        _refuse_other_half(manifest, settings)
        _refuse_existing(settings, db, replace=replace)
        free = shutil.disk_usage(settings.data).free
        if free < manifest.size + SPARE:
            raise BackupRefused(
                f"{settings.data} has {free / 1e6:.0f} MB free; the restore needs "
                f"{(manifest.size + SPARE) / 1e6:.0f} MB. Accepted: a disk with more room."
            )
        check_files(source, manifest, tell)
        return manifest, _put_in_place(source, manifest, (settings, db), tell)
    except OSError as error:
        raise BackupRefused(f"{settings.data}: {error.strerror or error}.") from error
    except SQLAlchemyError as error:
        raise BackupRefused(f"the relational store refused: {error}") from error
    finally:
        db.dispose()


def _refuse_kind(manifest: Manifest, db: Database) -> None:
    if manifest.dialect != db.dialect:
        raise BackupRefused(
            f"The backup holds a {manifest.dialect} store, TAKTLINE_DATABASE_URL names a {db.dialect} one. "
            f"Accepted: a {manifest.dialect} database."
        )
    known = {revision.revision for revision in ScriptDirectory.from_config(alembic_config()).walk_revisions()}
    if manifest.schema not in known:
        raise BackupRefused(
            f"The backup has schema {manifest.schema!r}, which this version does not know. "
            "Accepted: a backup of this version or an older one."
        )


def _refuse_other_half(manifest: Manifest, settings: Settings) -> None:
    if manifest.holds_points and keeps_points_elsewhere(settings):
        raise BackupRefused(
            "The backup holds time series of one file; here a server or workers keep the points "
            f"(TAKTLINE_STORE = {settings.store!r}, TAKTLINE_INGEST = {settings.ingest!r}). "
            "Accepted: a backup that was made with these settings."
        )
    if not manifest.holds_points and not keeps_points_elsewhere(settings):
        raise BackupRefused(
            "The backup holds no time series: a server or workers kept the points. Accepted: the settings of "
            "the cloud that it is of (TAKTLINE_STORE, TAKTLINE_INGEST)."
        )


def _refuse_existing(settings: Settings, db: Database, *, replace: bool) -> None:
    files = point_files(settings)
    for points in files:
        owned(points).close()  # refused while the cloud runs
    # Files of workers may have been put back already: a restore leaves them as they are.
    is_new = relational.is_empty(db) and (not files or settings.ingest == "workers")
    if not is_new and not replace:
        raise BackupRefused(
            f"{settings.data} or its database holds data already. Accepted: an empty one, or --replace, "
            "which loses what is there."
        )


def _put_in_place(source: Path, manifest: Manifest, place: tuple[Settings, Database], tell: Tell) -> int:
    settings, db = place
    staging = settings.data / STAGING
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    done = 0

    def add(size: int) -> None:
        nonlocal done
        done += size
        tell("restoring", done, manifest.size)

    if manifest.holds_points:
        _copy_tree(source / POINTS, staging / POINTS, add)
        generation = _raised(staging / POINTS / POINTS_FILE, settings.data / POINTS_FILE)
    if db.dialect == "sqlite":
        _copy_tree(source / RELATIONAL, staging / RELATIONAL, add)
        copied = staging / RELATIONAL / relational.SQLITE_FILE
        relational.check_sqlite(copied)
        fsync_files(staging)
        db.dispose()
        file = relational.sqlite_path(settings.url)
        for name in (f"{file.name}-wal", f"{file.name}-shm"):  # they belong to the file that is replaced
            file.with_name(name).unlink(missing_ok=True)
        copied.replace(file)
        fsync_folder(file.parent)
    else:
        fsync_files(staging)
        relational.copy_in(db, source / RELATIONAL, manifest.schema, add)
    if manifest.holds_points:
        _move_points(staging / POINTS, settings.data)
    else:
        generation = raise_generations(settings, db)
    # The last step: while the folder stands there, the cloud does not start.
    shutil.rmtree(staging)
    fsync_folder(settings.data)
    return generation


def _move_points(restored: Path, data: Path) -> None:
    for name in (POINTS_FILE, f"{POINTS_FILE}.wal"):
        (data / name).unlink(missing_ok=True)
    shutil.rmtree(data / MONTHS_FOLDER, ignore_errors=True)
    for entry in restored.iterdir():
        entry.replace(data / entry.name)
    fsync_folder(data)


def _raised(points: Path, replaced: Path) -> int:
    """Return the generation that a restored store now has: greater than any that an edge can have heard of.

    The same backup may be restored twice, and what is replaced may itself have been restored; so besides
    being greater than both it is at least the real time in seconds.
    """
    least = real_ms() // 1000
    if replaced.exists():
        old = owned(replaced)
        least = max(least, old.generation + 1)
        old.close()
    store = owned(points)
    try:
        return store.raise_generation(least)
    finally:
        store.close()


def _copy_tree(source: Path, target: Path, add: Callable[[int], None]) -> None:
    for path in source.rglob("*"):
        copied = target / path.relative_to(source)
        if path.is_dir():
            copied.mkdir(parents=True, exist_ok=True)
            continue
        copied.parent.mkdir(parents=True, exist_ok=True)
        with copied.open("wb") as out:
            for piece in pieces(path):
                out.write(piece)
                add(len(piece))
