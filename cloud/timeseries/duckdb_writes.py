"""One commit as Arrow tables for DuckDB, built column by column."""

# ruff: noqa: S608 -- only names and numbers of our own are put into these questions

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from cloud.timeseries import duckdb_tables as tables
from cloud.timeseries.batch_columns import BatchArrays, Ints
from cloud.timeseries.duckdb_arrow import arrow
from cloud.timeseries.duckdb_hours import View
from cloud.timeseries.duckdb_routes import Routed
from cloud.timeseries.duckdb_tags import TagIds
from cloud.timeseries.point_columns import PointArrays
from cloud.timeseries.store import REBOUND, Commit, Meaning, StreamKey, TextColumns, WatermarkWentBack

# One commit is derived in one relational transaction, so it must not grow with the length of the history.
COPIED_AT_ONCE = 20_000

QUARANTINE_KEPT = 1000
MARKS_KEPT = 100_000
TRIM_MARKS_EVERY = 1_000
FOLDED_EVERY = 1_000
# Most commits have none; making an empty table takes as long as one of numbers.
NO_TEXTS, NO_SIGNALS = tables.EVENTS.empty_table(), tables.SIGNALS.empty_table()


@dataclass(slots=True)
class Written:
    """What a transaction wrote; it becomes true when the transaction commits."""

    commit_no: int
    first_batch: int
    first_quarantine: int
    committed_ms: int = 0
    new_tags: dict[str, int] = field(default_factory=dict)
    new_hours: set[int] = field(default_factory=set)


def columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Return the columns of some rows, `width` empty ones when there are no rows."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def insert_table(cursor: duckdb.DuckDBPyConnection, name: str, arriving: pa.Table) -> None:
    """Insert an Arrow table, which DuckDB finds by the name of the variable; nothing when it has no rows."""
    if arriving.num_rows:
        cursor.execute(f"insert into {name} select * from arriving")


def insert(
    cursor: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema, by_column: list[list[Any]]
) -> None:
    """Insert lists of values by column."""
    if by_column[0]:
        insert_table(cursor, name, pa.table(by_column, schema=schema))


def point_tables(
    points: PointArrays, texts: TextColumns, ids: TagIds, first_batch: int
) -> tuple[pa.Table, pa.Table]:
    """Return the numeric and the text points of a commit as tables."""
    has_nulls = points.is_null.any()
    numeric = [
        arrow(points.ts_ms * 1000, pa.int64()),
        ids.take(points.tag),
        pa.array(points.value, mask=points.is_null) if has_nulls else arrow(points.value, pa.float64()),
        arrow(points.quality, pa.int16()),
        arrow(points.batch + first_batch, pa.int64()),
        arrow(points.ord, pa.uint16()),
    ]
    return pa.table(numeric, schema=tables.PTS), _text_table(texts, ids, first_batch)


def _text_table(texts: TextColumns, ids: TagIds, first_batch: int) -> pa.Table:
    if not len(texts):
        return NO_TEXTS
    columns_ = [
        pa.array(np.asarray(texts.ts_ms, dtype=np.int64) * 1000),
        ids.take(texts.tag),
        pa.array(texts.text, pa.string()),
        pa.array(texts.is_number, pa.bool_()),
        pa.array(texts.quality, pa.int16()),
        pa.array(np.asarray(texts.batch, dtype=np.int64) + first_batch),
        pa.array(texts.ord, pa.uint16()),
    ]
    return pa.table(columns_, schema=tables.EVENTS)


def signal_table(commit: Commit, ids: TagIds, commit_no: int) -> pa.Table:
    """Return the signals of a commit in their order; a gap has no tag."""
    rows = commit.signals
    if not rows:
        return NO_SIGNALS
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


def check_watermarks(
    batches: BatchArrays, moves: Mapping[StreamKey, int], known: Mapping[StreamKey, int]
) -> None:
    """Raise WatermarkWentBack when a batch does not lie above what is stored and at most where that moves."""
    nodes = {key.stream: key for key in moves}
    keys = [nodes.get(key.stream, key) for key in batches.keys]
    before = np.array([known.get(key, 0) for key in keys], np.int64)[batches.key]
    through = np.array([moves.get(key, 0) for key in keys], np.int64)[batches.key]
    wrong = np.flatnonzero((batches.position <= before) | (batches.position > through))
    if len(wrong):
        key, position = keys[batches.key[wrong[0]]], batches.position[wrong[0]]
        raise WatermarkWentBack(f"{key.node} {key.stream}: {position} after {known.get(key, 0)}")


def points_per_batch(batches: int, points: PointArrays, texts: TextColumns) -> Ints:
    """Return the number of points and texts of each batch of a commit."""
    sizes = np.bincount(points.batch, minlength=batches)
    return sizes + np.bincount(texts.batch, minlength=batches) if len(texts) else sizes


def batch_table(batches: BatchArrays, sizes: Ints, first_batch: int, committed_ms: int) -> pa.Table:
    """Return the batches of a commit with their numbers, sizes and the commit's real time."""
    key = arrow(batches.key.astype(np.int32), pa.int32())
    stream, node = (
        pa.DictionaryArray.from_arrays(
            key, pa.array([getattr(each, name) for each in batches.keys], pa.string())
        )
        for name in ("stream", "node")
    )
    number = np.arange(first_batch, first_batch + len(sizes))
    columns_ = [
        arrow(number, pa.int64()),
        stream,
        arrow(batches.position, pa.int64()),
        node,
        arrow(sizes.astype(np.int32), pa.int32()),
        arrow(batches.sent_ms, pa.int64()),
        arrow(batches.received_ms, pa.int64()),
        arrow(np.full(len(sizes), committed_ms), pa.int64()),
    ]
    return pa.table(columns_, schema=tables.BATCHES)


def write(
    cursor: duckdb.DuckDBPyConnection,
    commit: Commit,
    written: Written,
    made: tuple[list[Routed], pa.Table, Mapping[StreamKey, int]],
) -> None:
    """Insert all of a commit: `made` are its points by place, its signals, the watermarks known before."""
    parts, signals, known = made
    insert(cursor, "tags", tables.TAGS, [list(written.new_tags.values()), list(written.new_tags)])
    for part in parts:
        _insert_part(cursor, part, written.new_hours)
    insert_table(cursor, "signal_log", signals)
    write_moves(cursor, commit.watermarks, written.commit_no)
    if written.commit_no % FOLDED_EVERY == 0:
        fold_moves(cursor, {**known, **commit.watermarks}, written.commit_no)
    insert(cursor, "gaps", tables.GAPS, [*columns(commit.gaps, 5), [written.commit_no] * len(commit.gaps)])
    numbers = list(range(written.first_quarantine, written.first_quarantine + len(commit.quarantine)))
    insert(cursor, "quarantine", tables.QUARANTINE, [numbers, *columns(commit.quarantine, 6)])
    insert_telemetry(cursor, commit, written.commit_no)
    if commit.quarantine:
        cursor.execute("delete from quarantine where id <= ?", [numbers[-1] - QUARANTINE_KEPT])


def _insert_part(cursor: duckdb.DuckDBPyConnection, part: Routed, new_hours: Collection[int]) -> None:
    """Insert the points of one place, whose tables are made when its hour is new."""
    if part.hour in new_hours:
        for statement in tables.open_hour(part.hour or 0):
            cursor.execute(statement)
    ending = "" if part.hour is None else f"_{part.hour}"
    insert_table(cursor, f"pts{ending}", part.points)
    insert_table(cursor, f"events{ending}", part.texts)
    insert_table(cursor, f"batches{ending}", part.batches)


def insert_telemetry(cursor: duckdb.DuckDBPyConnection, commit: Commit, commit_no: int) -> None:
    """Insert the marks of telemetry messages; now and then the oldest beyond the kept ones are forgotten."""
    rows = commit.telemetry
    insert(cursor, "telemetry", tables.TELEMETRY, [[commit_no] * len(rows), *columns(rows, 3)])
    if rows and commit_no % TRIM_MARKS_EVERY == 0:
        cursor.execute(
            "delete from telemetry where commit_no < (select min(commit_no) from (select commit_no "
            "from telemetry order by commit_no desc limit ?))",
            [MARKS_KEPT],
        )


def write_moves(cursor: duckdb.DuckDBPyConnection, moves: Mapping[StreamKey, int], commit_no: int) -> None:
    """Insert where a commit moved watermarks, a row without a stream when it moved none."""
    if not moves:
        cursor.execute("insert into moves values (?, null, null, null)", [commit_no])
        return
    nodes, streams = columns(list(moves), 2)
    cursor.execute(
        "insert into moves select ?, unnest(?), unnest(?), unnest(?)",
        [commit_no, nodes, streams, list(moves.values())],
    )


def fold_moves(
    cursor: duckdb.DuckDBPyConnection, watermarks: Mapping[StreamKey, int], commit_no: int
) -> None:
    """Write all watermarks and the number of the last commit anew; what commits moved is forgotten."""
    cursor.execute("delete from watermarks")
    insert(cursor, "watermarks", tables.WATERMARKS, columns([(*key, w) for key, w in watermarks.items()], 3))
    cursor.execute("delete from moves")
    cursor.execute("update meta set value = ? where key = 'commit_no'", [str(commit_no)])


def copy_bound(
    view: View,
    meanings: Mapping[str, Meaning],
    changed: Collection[str],
    first: int,
) -> int:
    """Return how many points of the changed tags were copied to the signal log, from commit `first` on."""
    cursor = view.cursor
    cursor.register("asked", pa.table([sorted(changed)], names=["tag"]))
    wanted = "b.stream, b.position, p.ord, p.tag_id, p.ts as ts_ms, p.value, p.text, p.quality, p.batch"
    tagged = "p.tag_id in (select tag_id from tags join asked using (tag))"
    places = view.with_batches(wanted, tagged, 0, 1 << 62)
    row = None
    if places:
        row = cursor.execute(
            f"""
            insert into signal_log
            select $first + place // $most, place % $most, stream, position, ord, tag_id, $role, '', ts_ms,
                   value, text, quality
            from (select row_number() over (order by batch, ord) - 1 as place, *
                  from ({" union all ".join(places)}))
            """,
            {"first": first, "most": COPIED_AT_ONCE, "role": REBOUND},
        ).fetchone()
    cursor.unregister("asked")
    cursor.execute("delete from bound")
    insert(cursor, "bound", tables.BOUND, columns([(tag, *meaning) for tag, meaning in meanings.items()], 4))
    copied = int(row[0]) if row else 0
    cursor.execute("update meta set value = ? where key = 'commit_no'", [str(last_copied(first, copied))])
    return copied


def last_copied(first: int, copied: int) -> int:
    """Return the number of the last commit that `copied` points took, `first` when there are none."""
    return first + max(0, copied - 1) // COPIED_AT_ONCE
