"""One commit as Arrow tables for DuckDB, built column by column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from cloud.timeseries import duckdb_tables as tables
from cloud.timeseries.store import Commit, Meaning


@dataclass(slots=True)
class Written:
    """What a transaction wrote; it becomes true when the transaction commits."""

    commit_no: int
    first_batch: int
    first_quarantine: int
    committed_ms: int = 0
    new_tags: dict[str, int] = field(default_factory=dict)
    counts: list[int] = field(default_factory=list)


class TagIds:
    """The tag ids that a commit needs; `new` collects the tags that no earlier commit had."""

    def __init__(self, known: Mapping[str, int], names: Sequence[str]) -> None:
        self._known = known
        self._names = names
        self.new: dict[str, int] = {}

    def of(self, tag: str) -> int:
        """Return the id of a tag, a new one for a new tag."""
        found = self._known.get(tag, self.new.get(tag))
        if found is None:
            found = self.new[tag] = len(self._known) + len(self.new) + 1
        return found

    def take(self, indexes: Sequence[int]) -> pa.Array:
        """Return the ids for a column of indexes into the commit's tags."""
        column = np.asarray(indexes, dtype=np.int64)
        ids = np.zeros(len(self._names), dtype=np.int32)
        for index in np.flatnonzero(np.bincount(column, minlength=len(self._names))).tolist():
            ids[index] = self.of(self._names[index])
        return pa.array(ids[column] if len(column) else np.empty(0, dtype=np.int32))


def columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Return the columns of some rows, `width` empty ones when there are no rows."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def insert_table(cursor: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    """Insert an Arrow table, nothing when it has no rows."""
    if rows.num_rows:
        cursor.register("arriving", rows)
        cursor.execute(f"insert into {name} select * from arriving")  # noqa: S608  a table name of ours
        cursor.unregister("arriving")


def insert(
    cursor: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema, by_column: list[list[Any]]
) -> None:
    """Insert lists of values by column."""
    if by_column[0]:
        insert_table(cursor, name, pa.table(by_column, schema=schema))


def point_tables(commit: Commit, ids: TagIds, first_batch: int) -> tuple[pa.Table, pa.Table]:
    """Return the numeric and the text points of a commit as tables."""
    points, texts = commit.points, commit.texts
    numeric = [
        pa.array(np.asarray(points.ts_ms, dtype=np.int64) * 1000),
        ids.take(points.tag),
        pa.array(points.value, pa.float64()),
        pa.array(points.quality, pa.int16()),
        pa.array(np.asarray(points.batch, dtype=np.int64) + first_batch),
        pa.array(points.ord, pa.uint16()),
    ]
    text = [
        pa.array(np.asarray(texts.ts_ms, dtype=np.int64) * 1000),
        ids.take(texts.tag),
        pa.array(texts.text, pa.string()),
        pa.array(texts.is_number, pa.bool_()),
        pa.array(texts.quality, pa.int16()),
        pa.array(np.asarray(texts.batch, dtype=np.int64) + first_batch),
        pa.array(texts.ord, pa.uint16()),
    ]
    return pa.table(numeric, schema=tables.PTS), pa.table(text, schema=tables.EVENTS)


def signal_table(commit: Commit, ids: TagIds, commit_no: int) -> pa.Table:
    """Return the signals of a commit in their order; a gap has no tag."""
    rows = commit.signals
    stream, position, ordinal, tag, role, source, ts_ms, value, text, quality = columns(rows, 10)
    return pa.table(
        [
            [commit_no] * len(rows),
            list(range(len(rows))),
            stream,
            position,
            ordinal,
            [ids.of(name) if name else None for name in tag],
            role,
            source,
            ts_ms,
            value,
            text,
            quality,
        ],
        schema=tables.SIGNALS,
    )


def points_per_batch(commit: Commit) -> list[int]:
    """Return the number of points and texts of each batch of a commit."""
    both = np.asarray(commit.points.batch + commit.texts.batch, dtype=np.int64)
    return np.bincount(both, minlength=len(commit.batches)).tolist() if commit.batches else []


def batch_table(commit: Commit, written: Written) -> pa.Table:
    """Return the batches of a commit with their numbers, sizes and the commit's real time."""
    stream, position, node, sent_ms, received_ms = columns(commit.batches, 5)
    numbers = list(range(written.first_batch, written.first_batch + len(stream)))
    committed = [written.committed_ms] * len(stream)
    return pa.table(
        [numbers, stream, position, node, written.counts, sent_ms, received_ms, committed],
        schema=tables.BATCHES,
    )


def drop(cursor: duckdb.DuckDBPyConnection, until_us: int) -> None:
    """Delete the points before a time and the batches that lost their last point."""
    cursor.execute(
        "create or replace temp table touched as select distinct batch from pts where ts < ?", [until_us]
    )
    cursor.execute("insert into touched select distinct batch from events where ts < ?", [until_us])
    cursor.execute("delete from pts where ts < ?", [until_us])
    cursor.execute("delete from events where ts < ?", [until_us])
    cursor.execute(
        "delete from batches where batch in (select batch from touched) "
        "and batch not in (select batch from pts) and batch not in (select batch from events)"
    )
    cursor.execute(
        "update batches set points = (select count(*) from pts where pts.batch = batches.batch) "
        "+ (select count(*) from events where events.batch = batches.batch) "
        "where batch in (select batch from touched)"
    )
    cursor.execute("drop table touched")


def copy_bound(
    cursor: duckdb.DuckDBPyConnection,
    meanings: Mapping[str, Meaning],
    changed: Mapping[str, Meaning],
    commit_no: int,
) -> int:
    """Return how many stored points of the changed tags were copied to the signal log as one commit."""
    asked = [(tag, *meaning) for tag, meaning in changed.items()]
    cursor.register("asked", pa.table(columns(asked, 4), schema=tables.BOUND))
    row = cursor.execute(
        """
        insert into signal_log
        select ?, row_number() over (order by p.batch, p.ord) - 1, b.stream, b.position, p.ord, p.tag_id,
               a.role, a.source, p.ts // 1000, p.value, p.text, p.quality
        from (select ts, tag_id, value, null as text, quality, batch, ord from pts
              union all select ts, tag_id, null, text, quality, batch, ord from events) p
        join tags t using (tag_id) join asked a on a.tag = t.tag join batches b using (batch)
        """,
        [commit_no],
    ).fetchone()
    cursor.unregister("asked")
    cursor.execute("delete from bound")
    insert(cursor, "bound", tables.BOUND, columns([(tag, *meaning) for tag, meaning in meanings.items()], 4))
    cursor.execute("update meta set value = ? where key = 'commit_no'", [str(commit_no)])
    return int(row[0]) if row else 0
