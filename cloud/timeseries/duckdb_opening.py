"""Opens the hot file of a DuckDB store, of this format or the one before, and finds what stands in it."""

# ruff: noqa: S608 -- only names and numbers of our own are put into these questions

from pathlib import Path

import duckdb

from cloud.timeseries import duckdb_tables as tables
from cloud.timeseries.duckdb_hours import EMPTY, NUMBERS, TEXTS, Hours, Part, Segment
from cloud.timeseries.newest import Row
from cloud.timeseries.store import FUTURE, WrongFormat

# A checkpoint while inserting costs up to 195 ms; at 256 MB of log the 99th percentile of a commit is 26 ms.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "checkpoint_threshold": "256MB",
    "threads": 2,
    "preserve_insertion_order": True,
}


def connect(path: Path) -> duckdb.DuckDBPyConnection:
    """Return the connection to a hot file that is new, of this format, or brought to it in one transaction.

    Raises
    ------
    WrongFormat
        When another format version wrote it; nothing in it is touched.
    """
    con = duckdb.connect(str(path), config=_CONFIG)
    found = _format(con)
    if found not in {None, tables.FORMAT_VERSION, *tables.BEFORE}:
        con.close()
        raise WrongFormat(f"{path} has format {found}, this program reads {tables.FORMAT_VERSION}")
    try:
        con.execute("begin")
        for table in tables.TABLES:
            con.execute(table)
        if found is None:
            fresh = "insert into meta values ('format', ?), ('generation', '1'), ('commit_no', '0')"
            con.execute(fresh, [tables.FORMAT_VERSION])
        if found == tables.BEFORE[0]:
            for statement in tables.UPGRADE:
                con.execute(statement)
        if found in tables.BEFORE:
            con.execute("update meta set value = ? where key = 'format'", [tables.FORMAT_VERSION])
        con.execute("commit")
    except BaseException:
        con.close()
        raise
    return con


def _format(con: duckdb.DuckDBPyConnection) -> str | None:
    is_new = con.execute("select 1 from duckdb_tables() where table_name = 'meta'").fetchone() is None
    row = None if is_new else con.execute("select value from meta where key = 'format'").fetchone()
    return None if row is None else str(row[0])


def hours_of(cursor: duckdb.DuckDBPyConnection) -> Hours:
    """Return the hours that a hot file names."""
    hours = Hours()
    names = cursor.execute(
        "select table_name from duckdb_tables() where table_name like 'batches_%'"
    ).fetchall()
    for (name,) in names:
        hour = int(name.removeprefix("batches_"))
        hours.open[hour] = _part(cursor, name)
    hours.beside = _part(cursor, "batches")
    late = cursor.execute(
        "select hour, sum(points) from batches where hour is not null group by hour"
    ).fetchall()
    hours.late = {int(hour): int(points) for hour, points in late}
    rows = cursor.execute("select month, hour, seg, points, low_batch, high_batch from manifest").fetchall()
    hours.closed = {hour: Segment(month, hour, seg, Part(*part)) for month, hour, seg, *part in rows}
    return hours


def _part(cursor: duckdb.DuckDBPyConnection, batches: str) -> Part:
    row = cursor.execute(f"select sum(points), min(batch), max(batch) from {batches}").fetchone()
    return EMPTY if row is None or row[1] is None else Part(int(row[0]), int(row[1]), int(row[2]))


def next_segment(cursor: duckdb.DuckDBPyConnection) -> int:
    """Return a segment number above those in the manifest; what stands above it is swept at the opening."""
    row = cursor.execute("select coalesce(max(seg), 0) + 1 from manifest").fetchone()
    return int(row[0]) if row else 1


def next_batch(cursor: duckdb.DuckDBPyConnection, hours: Hours) -> int:
    """Return a batch number that no batch ever had, not even one whose points were dropped."""
    parts = [*hours.open.values(), hours.beside, *(segment.part for segment in hours.closed.values())]
    row = cursor.execute("select value::bigint from meta where key = 'batch'").fetchone()
    return 1 + max([0 if row is None else int(row[0]), *(part.high for part in parts)])


def _endings(hours: Hours) -> list[str]:
    return ["", *(f"_{hour}" for hour in hours.open)]


def newest(cursor: duckdb.DuckDBPyConnection, hours: Hours) -> list[Row]:
    """Return the newest samples of each tag among the closed hours and in each place of the hot file."""
    names = "tag_id, ts, batch, ord, value, text, is_number, quality"
    rows: list[Row] = cursor.execute(f"select {names} from latest").fetchall()
    for ending in _endings(hours):
        for table, value in (
            (f"pts{ending}", NUMBERS),
            (f"events{ending}", TEXTS),
        ):
            rows += cursor.execute(
                f"select {names} from (select tag_id, ts, batch, ord, {value}, quality from {table} "
                f"where quality <> {FUTURE}) "
                "qualify row_number() over (partition by tag_id order by ts desc, batch desc, ord desc) = 1"
            ).fetchall()
    return rows


def totals(cursor: duckdb.DuckDBPyConnection, hours: Hours) -> tuple[int, dict[str, tuple[int, int | None]]]:
    """Return the number of batches, and points and real time of the last commit of each node."""
    each = " union all ".join(
        f"select node, is_home::int as batches, points, committed_ms as at_ms from batches{ending}"
        for ending in _endings(hours)
    )
    rows = cursor.execute(
        f"select node, sum(batches), sum(points), max(at_ms) from ({each} union all "
        "select node, batches, points, at_ms from seg_nodes) group by node"
    ).fetchall()
    batches = sum(int(count) for _, count, _, _ in rows)
    return batches, {node: (int(points), at_ms) for node, _, points, at_ms in rows}
