"""The questions a DuckDB store answers, as SQL over one cursor."""

# ruff: noqa: S608 -- only names and numbers of our own are put into these questions

from collections.abc import Mapping, Sequence

import duckdb

from cloud.timeseries.duckdb_hours import HOUR_MS, NUMBERS, TEXTS, View, alias
from cloud.timeseries.store import (
    AuditRow,
    AuditRows,
    BatchTimes,
    Meaning,
    Sample,
    StreamKey,
)

# One audit cursor is batch * 2^16 + ord + 1, so a page ends anywhere inside a batch.
ORD_BITS = 16


def _value(value: float | None, text: str | None, is_number: bool) -> float | int | str | None:  # noqa: FBT001  a column
    if text is None:
        return value
    return int(text) if is_number else text


def raw(view: View, tag_id: int, since_ms: int, until_ms: int) -> list[Sample]:
    """Return the samples of a tag in [since, until) sorted by time, then commit order."""
    where, bounds = f"tag_id = {tag_id}", (since_ms, until_ms)
    asked = view.sources("pts", f"{NUMBERS}, quality, batch, ord", where, *bounds)
    asked += view.sources("events", f"{TEXTS}, quality, batch, ord", where, *bounds)
    if not asked:
        return []
    rows = view.cursor.execute(
        f"select ts, value, text, is_number, quality from ({' union all '.join(asked)}) "
        "order by ts, batch, ord"
    ).fetchall()
    return [Sample(ts, _value(v, text, number), quality) for ts, v, text, number, quality in rows]


def audit(view: View, after: int, limit: int, last_batch: int) -> AuditRows:
    """Return up to `limit` points after a cursor; batches are visited in ranges: each page costs alike.

    A closed hour knows the lowest and the highest batch in it, so a page reads the hours that its batches are
    in; the order of pages is that of commits wherever the points stand.
    """
    rows: list[AuditRow] = []
    batch, ordinal = divmod(after, 1 << ORD_BITS)
    cursor_at = after
    first = _next_batch(view, batch)
    columns = (
        "b.stream, b.position, p.ord, t.tag, p.ts, p.value, p.text, p.is_number, p.quality, "
        "b.committed_ms, b.sent_ms, b.received_ms, p.batch"
    )
    while len(rows) < limit and first is not None and first <= last_batch:
        until = min(first + max(limit, 1024), last_batch + 1)
        where = f"p.batch >= {first} and p.batch < {until} and (p.batch > {batch} or p.ord >= {ordinal})"
        asked = view.with_batches(columns, where, first, until - 1, "join tags t using (tag_id)")
        found = (
            view.cursor.execute(
                f"select * from ({' union all '.join(asked)}) order by batch, ord limit {limit - len(rows)}"
            ).fetchall()
            if asked
            else []
        )
        for stream, position, ord_, tag, ts, value, text, is_number, quality, *times, at in found:
            shown = _value(value, text, is_number)
            rows.append(AuditRow(stream, position, ord_, tag, ts, shown, quality, *times))
            cursor_at = (at << ORD_BITS) + ord_ + 1
        first = _next_batch(view, until)
    return AuditRows(rows, cursor_at if len(rows) == limit else None)


def batch_times(view: View, stream: str, position: int, ts_ms: int) -> BatchTimes | None:
    """Return when the batch came that holds a point of this time; it is looked for where its hour stands."""
    hours, hour = view.hours, ts_ms // HOUR_MS
    places = [f"batches_{hour} where true"] if hour in hours.open else []
    if hour in hours.late:
        places.append(f"batches where hour = {hour}")
    if closed := hours.closed.get(hour):
        places.append(f"{alias(closed.file)}.batches where seg = {closed.seg}")
    for place in places:
        row = view.cursor.execute(
            f"select sent_ms, received_ms, committed_ms from {place} and stream = ? and position = ? limit 1",
            [stream, position],
        ).fetchone()
        if row:
            return BatchTimes(*row)
    return None


def _next_batch(view: View, first: int) -> int | None:
    """The lowest batch from `first` on that may have points, None when there is none."""
    hours = view.hours
    parts = [*hours.open.values(), hours.beside, *(segment.part for segment in hours.closed.values())]
    return min((max(part.low, first) for part in parts if part.high >= first), default=None)


def tags_of(cursor: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return every known tag with its id."""
    return dict(cursor.execute("select tag, tag_id from tags").fetchall())


def moved_to(cursor: duckdb.DuckDBPyConnection) -> tuple[int, dict[StreamKey, int]]:
    """Return the number of the last commit and where the watermarks are."""
    row = cursor.execute(
        "select greatest((select value::bigint from meta where key = 'commit_no'), "
        "(select coalesce(max(commit_no), 0) from moves))"
    ).fetchone()
    rows = cursor.execute(
        "select node, stream, arg_max(w, commit_no) from (select *, 0 as commit_no from watermarks "
        "union all select node, stream, w, commit_no from moves where node is not null) group by all"
    ).fetchall()
    return int(row[0]) if row else 0, {StreamKey(node, stream): w for node, stream, w in rows}


def bound_of(cursor: duckdb.DuckDBPyConnection) -> dict[str, Meaning]:
    """Return what the tags mean whose points went to the signal log."""
    rows = cursor.execute("select tag, role, source, version from bound").fetchall()
    return {tag: Meaning(role, source, version) for tag, role, source, version in rows}


def unknown(wanted: Sequence[str], known: Mapping[str, int]) -> list[str]:
    """Return the wanted tags that have no id yet, in order."""
    return [tag for tag in wanted if tag not in known]
