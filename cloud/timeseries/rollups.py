"""Sums of the points of closed hours by minute, by hour and by state."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from cloud.timeseries.spans import Floats, Ints, Spans, begins_of
from cloud.timeseries.store import GOOD

# A tag with more different values in an hour, or with one that is no integer, is no state.
MOST_STATES = 32
HOUR_MS, MINUTE_MS = 3_600_000, 60_000
# Of a tag with fewer good values in an hour the points are read as fast as their sums by minute would be, and
# those would take more room than the points (a sum takes about 40 bytes, a point 5).
MINUTES_FROM = 1200


class Rollups(NamedTuple):
    """The tables `minutes`, `hours` and `held` of some points."""

    minutes: pa.Table
    hours: pa.Table
    held: pa.Table


def rolled(seg: Ints, tag: Ints, ts_ms: Ints, value: Floats, quality: Ints) -> Rollups:
    """Return the rollups of points sorted by (segment, tag, time); each segment is one hour.

    What is not good is left out, a time between two good values of an hour counts for the earlier one.
    """
    good = (quality == GOOD) & np.isfinite(value)
    seg, tag, ts_ms, value = seg[good], tag[good], ts_ms[good], value[good]
    points = Spans.of_points(ts_ms, value)
    at = begins_of(seg, tag, ts_ms // MINUTE_MS) if len(seg) else np.empty(0, dtype=np.int64)
    minutes = points.joined(at)
    by_hour = begins_of(seg[at], tag[at]) if len(at) else at
    hours = minutes.joined(by_hour)
    begins = at[by_hour]
    held, states = _held(seg, tag, ts_ms, value, begins)
    hour_table = _table(seg[begins], tag[begins], hours).append_column("states", pa.array(states, pa.int16()))
    lengths = np.diff(np.append(by_hour, len(at)))
    dense = np.flatnonzero(np.repeat(hours.good >= MINUTES_FROM, lengths))
    minutes = Spans._make(column[dense] for column in minutes)
    return Rollups(_table(seg[at[dense]], tag[at[dense]], minutes), hour_table, held)


def _table(seg: Ints, tag: Ints, spans: Spans) -> pa.Table:
    columns = {"seg": pa.array(seg, pa.int32()), "tag_id": pa.array(tag, pa.int32())}
    columns |= {name: pa.array(column) for name, column in spans._asdict().items()}
    columns["good"] = pa.array(spans.good, pa.int32())
    return pa.table(columns)


def _held(seg: Ints, tag: Ints, ts_ms: Ints, value: Floats, begins: Ints) -> tuple[pa.Table, Ints]:
    """The time per value inside each group, and how many values each has, 0 where they are no states."""
    group = np.zeros(len(seg), dtype=np.int64)
    group[begins] = 1
    group = np.cumsum(group) - 1
    length = np.zeros(len(seg), dtype=np.int64)
    length[:-1] = np.where(group[1:] == group[:-1], ts_ms[1:] - ts_ms[:-1], 0)
    whole = np.bincount(group, weights=value != np.floor(value), minlength=len(begins)) == 0
    kept = whole[group] if len(group) else np.empty(0, dtype=np.bool_)
    group, value, length = group[kept], value[kept], length[kept]
    order = np.lexsort((value, group))
    group, value, length = group[order], value[order], length[order]
    at = np.empty(0, dtype=np.int64)
    if len(group):
        changes = np.append(True, (group[1:] != group[:-1]) | (value[1:] != value[:-1]))
        at = np.flatnonzero(changes)
    states = np.bincount(group[at], minlength=len(begins))
    states[states > MOST_STATES] = 0
    sums = np.add.reduceat(length, at) if len(at) else length
    wanted = (states[group[at]] > 0) & (sums > 0)
    at, sums = at[wanted], sums[wanted]
    of = begins[group[at]]
    table = pa.table(
        {
            "seg": pa.array(seg[of], pa.int32()),
            "tag_id": pa.array(tag[of], pa.int32()),
            "value": pa.array(value[at]),
            "held_ms": pa.array(sums, pa.int64()),
        }
    )
    return table, states
