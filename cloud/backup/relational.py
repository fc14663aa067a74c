"""The relational store as files, read in one snapshot beside its writer; and back.

SQLite by `VACUUM INTO`, one compact file. PostgreSQL by `COPY` in text form, which every version reads, a
file for each table: a pip-only installation has no `pg_dump`, and a dump of another version need not load.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from psycopg import Connection, sql
from sqlalchemy import MetaData, make_url, text

from cloud.backup.manifest import BackupRefused, pieces
from cloud.db import Database, migrate

SQLITE_FILE: Final = "taktline.db"
TABLES_FILE: Final = "tables.json"
# Table and columns in the order in which foreign keys allow to load them.
Tables = list[tuple[str, list[str]]]


def relational_size(db: Database) -> int:
    """Return about how many bytes a copy of the store takes."""
    question = (
        "select (select page_count from pragma_page_count) * (select page_size from pragma_page_size)"
        if db.dialect == "sqlite"
        else "select pg_database_size(current_database())"
    )
    with db.read() as session:
        return int(session.scalar(text(question)) or 0)


def copy_out(db: Database, folder: Path, wrote: Callable[[int], None]) -> None:
    """Nothing comes back; `folder` holds the store as of one moment. `wrote` hears of bytes as they come."""
    if db.dialect == "sqlite":
        _copy_sqlite(_sqlite_path(db), folder / SQLITE_FILE)
        wrote((folder / SQLITE_FILE).stat().st_size)
        return
    with _snapshot(db) as connection:
        tables = _tables(db)
        (folder / TABLES_FILE).write_text(json.dumps(tables))
        for table, columns in tables:
            statement = _copy("COPY {} ({}) TO STDOUT", table, columns)
            with (folder / f"{table}.copy").open("wb") as out, connection.cursor().copy(statement) as rows:
                for piece in rows:
                    out.write(piece)
                    wrote(len(piece))


def is_empty(db: Database) -> bool:
    """Return whether the database holds no table."""
    return not _reflected(db).tables


def copy_in(db: Database, folder: Path, schema: str, loaded: Callable[[int], None]) -> None:
    """Nothing comes back; the PostgreSQL database holds what `folder` holds, and nothing else.

    Parameters
    ----------
    db
        Its tables are dropped first.
    folder
        What `copy_out` wrote.
    schema
        The revision that the files were written with.
    loaded
        Hears of bytes as they go in.

    Raises
    ------
    BackupRefused
        When a table of the backup does not exist in that revision.
    """
    tables: Tables = [(table, columns) for table, columns in json.loads((folder / TABLES_FILE).read_text())]
    loaded((folder / TABLES_FILE).stat().st_size)
    _reflected(db).drop_all(db.engine)
    migrate(db, schema)
    known = dict(_tables(db))
    for table, columns in tables:
        if known.get(table) != columns:
            raise BackupRefused(f"{folder / table}.copy does not fit the table of schema {schema}.")
    with _raw(db) as connection, connection.transaction(), connection.cursor() as cursor:
        # Revisions bring rows of their own; the alembic version is one of the tables.
        names = sql.SQL(", ").join(sql.Identifier(table) for table in known)
        cursor.execute(sql.SQL("TRUNCATE {} CASCADE").format(names))
        for table, columns in tables:
            with cursor.copy(_copy("COPY {} ({}) FROM STDIN", table, columns)) as rows:
                for piece in pieces(folder / f"{table}.copy"):
                    rows.write(piece)
                    loaded(len(piece))
            _restart_counting(cursor, table, columns)


def check_sqlite(path: Path) -> None:
    """Nothing comes back; the file is a sound SQLite database.

    Raises
    ------
    BackupRefused
        When it is not.
    """
    try:
        with closing(sqlite3.connect(path)) as connection:
            found = connection.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        found = str(error)
    if found != "ok":
        raise BackupRefused(f"{path} is no sound SQLite database: {found}")


def sqlite_path(url: str) -> Path:
    """Return the file of a SQLite URL."""
    return Path(make_url(url).database or "").absolute()


def _sqlite_path(db: Database) -> Path:
    return sqlite_path(db.url)


def _copy_sqlite(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.execute("VACUUM INTO ?", [str(target)])


@contextmanager
def _raw(db: Database) -> Iterator[Connection[Any]]:
    """Yield psycopg's own connection: SQLAlchemy has no words for COPY."""
    with closing(db.engine.raw_connection()) as pooled:
        connection = pooled.driver_connection
        if not isinstance(connection, Connection):
            raise TypeError(f"no psycopg connection: {connection!r}")
        yield connection


@contextmanager
def _snapshot(db: Database) -> Iterator[Connection[Any]]:
    with _raw(db) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield connection
        finally:
            connection.rollback()


def _reflected(db: Database) -> MetaData:
    found = MetaData()
    found.reflect(db.engine)
    return found


def _tables(db: Database) -> Tables:
    return [(table.name, [column.name for column in table.columns]) for table in _reflected(db).sorted_tables]


def _copy(statement: str, table: str, columns: list[str]) -> sql.Composed:
    names = sql.SQL(", ").join(sql.Identifier(column) for column in columns)
    return sql.SQL(statement).format(sql.Identifier(table), names)


def _restart_counting(cursor: Any, table: str, columns: list[str]) -> None:
    """Let counted keys go on after the greatest that was loaded."""
    for column in columns:
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [f'"{table}"', column])
        (sequence,) = cursor.fetchone()
        if sequence is not None:
            statement = sql.SQL("SELECT setval(%s, (SELECT coalesce(max({}), 0) + 1 FROM {}), false)")
            cursor.execute(statement.format(sql.Identifier(column), sql.Identifier(table)), [sequence])
