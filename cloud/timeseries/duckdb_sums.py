"""Windows and time per state of one tag, from the rollups of closed hours where they allow."""

# ruff: noqa: S608 -- only names and numbers of our own are put into these questions

from typing import NamedTuple

import duckdb
import numpy as np

from cloud.timeseries import spans
from cloud.timeseries.duckdb_hours import HOUR_MS, View, alias, is_sums
from cloud.timeseries.rollups import MINUTE_MS
from cloud.timeseries.spans import Spans
from cloud.timeseries.store import GOOD, Window

_GOOD = f"quality = {GOOD} and isfinite(value)"
_NAMES = ", ".join(Spans._fields)


class _Plan(NamedTuple):
    """Runs of whole hours that rollups answer (file, first, last hour), and the rest in milliseconds."""

    rolled: list[tuple[str, int, int]]
    raw: list[tuple[int, int]]


def aggregate(view: View, tag_id: int, since_ms: int, until_ms: int, window_ms: int) -> list[Window]:
    """Return the windows that hold a good value."""
    if window_ms % HOUR_MS == 0:
        table = "hours"
    elif window_ms % MINUTE_MS == 0 and HOUR_MS % MINUTE_MS == 0:
        table = "minutes"
    else:
        table = ""
    plan = _plan(view, since_ms, until_ms) if table else _Plan([], [(since_ms, until_ms)])
    parts = [_points(view, tag_id, a, b) for a, b in plan.raw]
    for run in plan.rolled:
        parts += [_rolled(view, tag_id, table, run)] if table == "hours" else _by_minute(view, tag_id, run)
    whole = spans.chain(parts) if parts else Spans.none()
    before = value_before(view, tag_id, since_ms)
    return spans.windows(whole, before, since_ms, until_ms, window_ms)


def state_durations(view: View, tag_id: int, since_ms: int, until_ms: int) -> dict[float, int]:
    """Return milliseconds per value; the value standing at `since_ms` counts from there."""
    if until_ms <= since_ms:
        return {}
    plan = _plan(view, since_ms, until_ms)
    parts = [_points(view, tag_id, a, b) for a, b in plan.raw]
    inside: dict[float, int] = {}
    for file, first, last in plan.rolled:
        where = _where(view, file, tag_id)
        within = f"first_ms >= {first * HOUR_MS} and first_ms < {(last + 1) * HOUR_MS}"
        rows = view.cursor.execute(
            f"select seg, {_NAMES}, states from {alias(file)}.hours where {where} and {within} "
            "order by first_ms"
        ).fetchnumpy()
        kept = np.asarray(rows["states"]) > 0
        parts.append(Spans._make(np.asarray(rows[name])[kept] for name in Spans._fields))
        for first_ms in np.asarray(rows["first_ms"])[~kept].tolist():
            hour_ms = first_ms // HOUR_MS * HOUR_MS
            parts.append(_points(view, tag_id, hour_ms, hour_ms + HOUR_MS))
        segs = np.asarray(rows["seg"])[kept].tolist()
        if segs:
            listed = ", ".join(map(str, segs))
            for value, held_ms in view.cursor.execute(
                f"select value, sum(held_ms)::bigint from {alias(file)}.held "
                f"where tag_id = {tag_id} and seg in ({listed}) group by value"
            ).fetchall():
                inside[value] = inside.get(value, 0) + held_ms
    whole = spans.chain(parts) if parts else Spans.none()
    return spans.durations(whole, inside, value_before(view, tag_id, since_ms), since_ms, until_ms)


def _plan(view: View, since_ms: int, until_ms: int) -> _Plan:
    """Whole closed hours without late points go to rollups, everything else to points."""
    hours = view.hours
    first, last = -(-since_ms // HOUR_MS), until_ms // HOUR_MS - 1
    usable = sorted(
        hour
        for hour in hours.closed
        if first <= hour <= last
        and ((hour not in hours.late and hour not in hours.open) or is_sums(hours.closed[hour].file))
    )
    rolled: list[tuple[str, int, int]] = []
    raw: list[tuple[int, int]] = []
    at = since_ms
    for hour in usable:
        file = hours.closed[hour].file
        if hour * HOUR_MS > at:
            raw.append((at, hour * HOUR_MS))
        if rolled and rolled[-1][0] == file and rolled[-1][2] == hour - 1:
            rolled[-1] = (file, rolled[-1][1], hour)
        else:
            rolled.append((file, hour, hour))
        at = (hour + 1) * HOUR_MS
    if at < until_ms:
        raw.append((at, until_ms))
    return _Plan(rolled, [span for span in raw if _has_points(view, *span)])


def _has_points(view: View, since_ms: int, until_ms: int) -> bool:
    first, last = since_ms // HOUR_MS, (until_ms - 1) // HOUR_MS
    places = (view.hours.open, view.hours.late, view.hours.closed)
    return any(first <= hour <= last for place in places for hour in place)


def _where(view: View, file: str, tag_id: int) -> str:
    dead = view.hours.dead.get(file)
    listed = f" and seg not in ({', '.join(map(str, sorted(dead)))})" if dead else ""
    return f"tag_id = {tag_id}{listed}"


def _by_minute(view: View, tag_id: int, run: tuple[str, int, int]) -> list[Spans]:
    """Sums by minute of the hours that have them, the points of the others."""
    _, first, last = run
    minutes = _rolled(view, tag_id, "minutes", run)
    dense = set((minutes.first_ms // HOUR_MS).tolist())
    sparse = np.array([hour for hour in range(first, last + 1) if hour not in dense])
    parts = [minutes] if dense else []
    if len(sparse):
        breaks = np.flatnonzero(np.diff(sparse) != 1) + 1
        for together in np.split(sparse, breaks):
            since_ms, until_ms = int(together[0]) * HOUR_MS, (int(together[-1]) + 1) * HOUR_MS
            parts.append(_points(view, tag_id, since_ms, until_ms))
    return parts


def _rolled(view: View, tag_id: int, table: str, run: tuple[str, int, int]) -> Spans:
    file, first, last = run
    rows = view.cursor.execute(
        f"select {_NAMES} from {alias(file)}.{table} where {_where(view, file, tag_id)} "
        f"and first_ms >= {first * HOUR_MS} and first_ms < {(last + 1) * HOUR_MS}"
    ).fetchnumpy()
    return spans.chain([Spans._make(np.asarray(rows[name]) for name in Spans._fields)])


def _points(view: View, tag_id: int, since_ms: int, until_ms: int) -> Spans:
    where = f"tag_id = {tag_id} and {_GOOD}"
    asked = view.sources("pts", "value, batch, ord", where, since_ms, until_ms)
    if not asked:
        return Spans.none()
    question = f"select ts, value from ({' union all '.join(asked)})"
    rows = view.cursor.execute(question).fetchnumpy()
    ts = np.asarray(rows["ts"])
    # Closed hours are sorted, so to sort is seldom needed, and costs more than to read.
    if np.any(ts[1:] <= ts[:-1]):
        rows = view.cursor.execute(f"{question} order by ts, batch, ord").fetchnumpy()
        ts = np.asarray(rows["ts"])
    return Spans.of_points(ts, np.asarray(rows["value"]))


def value_before(view: View, tag_id: int, since_ms: int) -> float | None:
    """Return the good value that stood just before a time, however long before, None when there is none."""
    hours = view.hours
    beginning = since_ms // HOUR_MS
    where = f"tag_id = {tag_id} and {_GOOD}"
    asked = view.sources("pts", "value, batch, ord", where, beginning * HOUR_MS, since_ms)
    # Hours that rollups do not tell are few: open ones, and those with late points.
    for hour in {*hours.open, *hours.late}:
        if hour < beginning:
            bounds = (hour * HOUR_MS, (hour + 1) * HOUR_MS)
            asked += view.sources("pts", "value, batch, ord", where, *bounds)
    found = _newest(view.cursor, asked)
    last_of = {
        file: max((segment.hour for segment in segments if segment.hour < beginning), default=None)
        for file, segments in hours.files().items()
    }
    known = [(last, file) for file, last in last_of.items() if last is not None]
    for last, file in sorted(known, reverse=True):
        if found is not None and found[0] >= (last + 1) * HOUR_MS:
            break
        row = view.cursor.execute(
            f"select last_ms, last from {alias(file)}.hours where {_where(view, file, tag_id)} "
            f"and first_ms < {beginning * HOUR_MS} order by first_ms desc limit 1"
        ).fetchone()
        if row is not None and (found is None or row[0] > found[0]):
            found = (int(row[0]), float(row[1]))
    return None if found is None else found[1]


def _newest(cursor: duckdb.DuckDBPyConnection, asked: list[str]) -> tuple[int, float] | None:
    if not asked:
        return None
    row = cursor.execute(
        f"select ts, value from ({' union all '.join(dict.fromkeys(asked))}) "
        "order by ts desc, batch desc, ord desc limit 1"
    ).fetchone()
    return None if row is None else (int(row[0]), float(row[1]))
