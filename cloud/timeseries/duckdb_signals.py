"""The signal log of a DuckDB store, read in commit order, whole or without what was taken ahead."""

# ruff: noqa: S608 -- only words of our own are put into these questions

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import duckdb

from cloud.timeseries.store import GOOD, SignalPage, SignalRow


class Waiting(NamedTuple):
    """Which signals are asked for: after a commit, of a stream in `taken` after that one, of `only` alone."""

    after: int
    taken: Mapping[str, int]
    only: Collection[str] | None

    @property
    def condition(self) -> tuple[str, dict[str, Any]]:
        """Return the condition on rows `l` of the log with its parameters."""
        text = "l.commit_no > $after"
        words: dict[str, Any] = {"after": self.after}
        if self.taken:
            text += " and l.commit_no > coalesce($through_of[list_position($taken, l.stream)], 0)"
            words |= {"taken": list(self.taken), "through_of": list(self.taken.values())}
        if self.only is not None:
            text += " and list_contains($only, l.stream)"
            words["only"] = sorted(self.only)
        return text, words


def signals(cursor: duckdb.DuckDBPyConnection, waiting: Waiting, limit: int) -> SignalPage:
    """Return the waiting signals of whole commits until `limit` is reached."""
    last = 0
    if waiting.only is None:
        last = cursor.execute("select coalesce(max(commit_no), 0) from signal_log").fetchall()[0][0]
    condition, words = waiting.condition
    bound = cursor.execute(
        f"""
        select commit_no, max(commit_no) over () from (
            select l.commit_no, sum(count(*)) over (order by l.commit_no) as upto
            from signal_log l where {condition} group by l.commit_no)
        order by upto <= $limit desc, case when upto <= $limit then -commit_no else commit_no end limit 1
        """,
        words | {"limit": limit},
    ).fetchall()
    if not bound:
        return SignalPage([], max(waiting.after, last))
    through, end = bound[0]
    more = through < end
    rows = cursor.execute(
        f"""
        select l.stream, l.position, l.point_ord, coalesce(t.tag, ''), l.role, l.source, l.ts_ms,
               l.value, l.text, l.quality
        from signal_log l left join tags t using (tag_id)
        where {condition} and l.commit_no <= $through order by l.commit_no, l.ord
        """,
        words | {"through": through},
    ).fetchall()
    return SignalPage([SignalRow(*row) for row in rows], through if more else max(through, last), more)


def trimmed(cursor: duckdb.DuckDBPyConnection, through: int) -> int:
    """Return how many signals of the commits up to `through` are deleted."""
    row = cursor.execute("delete from signal_log where commit_no <= ?", [through]).fetchone()
    return int(row[0]) if row else 0


def newest_signals(cursor: duckdb.DuckDBPyConnection, waiting: Waiting, until_ms: int) -> Mapping[str, int]:
    """Return for each stream with waiting signals the newest good time up to `until_ms`."""
    condition, words = waiting.condition
    rows = cursor.execute(
        f"select l.stream, max(l.ts_ms) from signal_log l where {condition} "
        "and l.quality = $good and l.ts_ms <= $until group by l.stream",
        words | {"good": GOOD, "until": until_ms},
    ).fetchall()
    return {stream: int(ts_ms) for stream, ts_ms in rows}
