"""The questions a DuckDB store answers, as SQL over one cursor."""

from collections.abc import Mapping, Sequence

import duckdb

from cloud.timeseries.store import (
    FUTURE,
    GOOD,
    AuditRow,
    AuditRows,
    GapRow,
    Quarantined,
    Sample,
    SignalPage,
    SignalRow,
    Window,
)

# One audit cursor is batch * 2^16 + ord + 1, so a page ends anywhere inside a batch.
ORD_BITS = 16
_BOTH = """
    (select ts, tag_id, value, null as text, false as is_number, quality, batch, ord from pts where {where}
     union all
     select ts, tag_id, null, text, is_number, quality, batch, ord from events where {where})
"""


def _value(value: float | None, text: str | None, is_number: bool) -> float | int | str | None:  # noqa: FBT001  a column
    if text is None:
        return value
    return int(text) if is_number else text


def latest(cursor: duckdb.DuckDBPyConnection, ids: Mapping[int, str]) -> dict[str, Sample]:
    """Return the newest sample of each tag id; times flagged as future do not count."""
    if not ids:
        return {}
    where = f"tag_id in (select unnest(?::int[])) and quality <> {FUTURE}"
    rows = cursor.execute(
        f"""
        select tag_id, max_by((ts, value, text, is_number, quality), (ts, batch, ord))
        from {_BOTH.format(where=where)}
        group by tag_id
        """,  # noqa: S608  built from constants
        [list(ids), list(ids)],
    ).fetchall()
    found = {}
    for tag_id, (ts, value, text, is_number, quality) in rows:
        found[ids[tag_id]] = Sample(ts // 1000, _value(value, text, is_number), quality)
    return found


def raw(cursor: duckdb.DuckDBPyConnection, tag_id: int, since_ms: int, until_ms: int) -> list[Sample]:
    """Return the samples of a tag in [since, until) sorted by time, then commit order."""
    asked = [tag_id, since_ms * 1000, until_ms * 1000]
    where = "tag_id = ? and ts >= ? and ts < ?"
    question = f"select ts, value, text, is_number, quality from {_BOTH.format(where=where)}"  # noqa: S608  constants
    rows = cursor.execute(question + " order by ts, batch, ord", asked + asked).fetchall()
    return [Sample(ts // 1000, _value(v, text, number), quality) for ts, v, text, number, quality in rows]


def aggregate(
    cursor: duckdb.DuckDBPyConnection, tag_id: int, since_ms: int, until_ms: int, window_ms: int
) -> list[Window]:
    """Return the windows that hold a good value."""
    rows = cursor.execute(
        f"""
        select ts // ?::bigint * ?::bigint as start, count(*), min(value), max(value), avg(value),
               min_by(value, (ts, batch, ord)), max_by(value, (ts, batch, ord))
        from pts where tag_id = ? and ts >= ? and ts < ? and quality = {GOOD} and value is not null
        group by start order by start
        """,  # noqa: S608  built from constants
        [window_ms * 1000, window_ms, tag_id, since_ms * 1000, until_ms * 1000],
    ).fetchall()
    return [Window(*row) for row in rows]


def state_durations(
    cursor: duckdb.DuckDBPyConnection, tag_id: int, since_ms: int, until_ms: int
) -> dict[float, int]:
    """Return milliseconds per value; the value standing at `since_ms` counts from there."""
    since, until = since_ms * 1000, until_ms * 1000
    rows = cursor.execute(
        f"""
        with good as (
            select ts, value, batch, ord from pts
            where tag_id = $tag and quality = {GOOD} and value is not null and ts < $until
              and ts >= coalesce((select max(ts) from pts where tag_id = $tag and quality = {GOOD}
                                  and value is not null and ts <= $since), $since)),
        held as (select value, greatest(ts, $since) as a,
                        coalesce(lead(ts) over (order by ts, batch, ord), $until) as b from good)
        select value, sum(greatest(b - a, 0)) // 1000 as held_ms from held group by value having held_ms > 0
        """,  # noqa: S608  built from constants
        {"tag": tag_id, "since": since, "until": until},
    ).fetchall()
    return {value: int(length) for value, length in rows}


def audit(cursor: duckdb.DuckDBPyConnection, after: int, limit: int, last_batch: int) -> AuditRows:
    """Return up to `limit` points after a cursor; batches are visited in ranges: each page costs alike."""
    rows: list[AuditRow] = []
    batch, ordinal = divmod(after, 1 << ORD_BITS)
    first = batch
    cursor_at = after
    while len(rows) < limit and first <= last_batch:
        until = first + max(limit, 1024)
        where = "batch >= ? and batch < ? and (batch > ? or ord >= ?)"
        asked = [first, until, batch, ordinal]
        found = cursor.execute(
            f"""
            select b.stream, b.position, p.ord, t.tag, p.ts, p.value, p.text, p.is_number, p.quality,
                   b.committed_ms, p.batch
            from {_BOTH.format(where=where)} p join batches b using (batch) join tags t using (tag_id)
            order by p.batch, p.ord limit ?
            """,  # noqa: S608  built from constants
            [*asked, *asked, limit - len(rows)],
        ).fetchall()
        for stream, position, ord_, tag, ts, value, text, is_number, quality, committed_ms, at in found:
            shown = _value(value, text, is_number)
            rows.append(AuditRow(stream, position, ord_, tag, ts // 1000, shown, quality, committed_ms))
            cursor_at = (at << ORD_BITS) + ord_ + 1
        first = until
    return AuditRows(rows, cursor_at if len(rows) == limit else None)


def signals(cursor: duckdb.DuckDBPyConnection, after: int, limit: int) -> SignalPage:
    """Return the signals of whole commits after `after`, until `limit` is reached."""
    bound = cursor.execute(
        """
        select commit_no from (
            select commit_no, sum(count(*)) over (order by commit_no) as upto from signal_log
            where commit_no > ? group by commit_no)
        order by upto <= ? desc, case when upto <= ? then -commit_no else commit_no end limit 1
        """,
        [after, limit, limit],
    ).fetchone()
    if bound is None:
        return SignalPage([], after)
    rows = cursor.execute(
        """
        select l.stream, l.position, l.point_ord, coalesce(t.tag, ''), l.role, l.source, l.ts_ms,
               l.value, l.text, l.quality
        from signal_log l left join tags t using (tag_id)
        where l.commit_no > ? and l.commit_no <= ? order by l.commit_no, l.ord
        """,
        [after, bound[0]],
    ).fetchall()
    return SignalPage([SignalRow(*row) for row in rows], int(bound[0]))


def gaps(cursor: duckdb.DuckDBPyConnection) -> list[GapRow]:
    """Return every recorded gap in the order of recording."""
    rows = cursor.execute(
        'select node, stream, "first", "last", reason from gaps order by commit_no, rowid'
    ).fetchall()
    return [GapRow(*row) for row in rows]


def quarantined(cursor: duckdb.DuckDBPyConnection, limit: int) -> list[Quarantined]:
    """Return the newest quarantined payloads first."""
    rows = cursor.execute(
        "select id, at_ms, topic, reason, size, head from quarantine order by id desc limit ?", [limit]
    ).fetchall()
    return [Quarantined(*row) for row in rows]


def tags_of(cursor: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return every known tag with its id."""
    return dict(cursor.execute("select tag, tag_id from tags").fetchall())


def unknown(wanted: Sequence[str], known: Mapping[str, int]) -> list[str]:
    """Return the wanted tags that have no id yet, in order."""
    return [tag for tag in wanted if tag not in known]
