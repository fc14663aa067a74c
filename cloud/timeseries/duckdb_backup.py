"""A copy of a DuckDB store as one moment's commits left it."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb

from cloud.timeseries.duckdb_months import Months


def copy_store(
    cursor: duckdb.DuckDBPyConnection, target: Path, hot: Path, months: Months, names: Sequence[str]
) -> list[Path]:
    """Return the files in an empty folder that a store was copied to while nothing is compacted.

    The hot file is copied in one transaction, so commits go on; months do not change without compaction.

    Raises
    ------
    FileExistsError
        When something is in the folder already.
    """
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise FileExistsError(f"{target}: a backup needs an empty folder")
    files = [_copy_hot(cursor, target / hot.name)]
    for month in names:
        months.checkpoint(month)
        copy = target / months.folder.name / months.file(month).name
        copy.parent.mkdir(exist_ok=True)
        shutil.copy2(months.file(month), copy)
        files.append(copy)
    return files


def _copy_hot(cursor: duckdb.DuckDBPyConnection, file: Path) -> Path:
    (database,) = cursor.execute("select current_database()").fetchone() or ("",)
    quoted = str(file).replace("'", "''")
    cursor.execute(f"attach '{quoted}' as backup")
    try:
        cursor.execute(f'copy from database "{database}" to backup')
    finally:
        cursor.execute("detach backup")
    return file
