"""The generation of stores whose points were put back: a greater one has gateways offer what they keep."""

from pathlib import Path
from typing import Final

from duckdb import IOException as DuckDBRefused

from cloud.backup.manifest import BackupRefused
from cloud.db import Database
from cloud.settings import Settings
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.ledger import Ledger
from cloud.timeseries.store import WrongFormat
from wire.clock import real_ms

POINTS_FILE: Final = "points.duckdb"


def keeps_points_elsewhere(settings: Settings) -> bool:
    """Return whether the points stand outside the reach of one process: on a server, or in workers' files."""
    return settings.store != "duckdb" or settings.ingest == "workers"


def point_files(settings: Settings) -> list[Path]:
    """Return the files of DuckDB that exist in the data folder: that of the server, or one per group."""
    if settings.store != "duckdb":
        return []
    if settings.ingest == "workers":
        return sorted((settings.data / "groups").glob(f"*/{POINTS_FILE}"))
    file = settings.data / POINTS_FILE
    return [file] if file.exists() else []


def raise_generations(settings: Settings, db: Database) -> int:
    """Return the new generation: greater than any that a gateway can have heard of.

    It is at least the real time in seconds, since what was put back may be older than another restore. The
    ledger of a store on a server has one; of files of DuckDB every one gets it, and without any it is 0.

    Raises
    ------
    BackupRefused
        When a file is in use.
    StoreRefused
        When the ledger's database refused.
    """
    least = real_ms() // 1000
    if settings.store != "duckdb":
        return Ledger(db, real_ms).raise_generation(least)
    stores: list[DuckDBStore] = []
    try:
        # All are opened before one is changed, so that a refusal changes none.
        stores.extend(owned(file) for file in point_files(settings))
        if not stores:
            return 0
        least = max(least, *(store.generation + 1 for store in stores))
        return max(store.raise_generation(least) for store in stores)
    finally:
        for store in stores:
            store.close()


def owned(points: Path) -> DuckDBStore:
    """Return the open store in a file.

    Raises
    ------
    BackupRefused
        When another process has it open, or its format is another.
    """
    try:
        return DuckDBStore(points)
    except DuckDBRefused as error:
        raise BackupRefused(
            f"{points} is in use: {str(error).splitlines()[0]}. Accepted: a cloud that was stopped."
        ) from error
    except WrongFormat as error:
        raise BackupRefused(str(error)) from error
