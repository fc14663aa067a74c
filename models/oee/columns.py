"""Thins long columns of readings to those that say something new, with numpy.

`solve` walks readings one by one, the reference, quick enough for readings by exception. A machine
polled every second gives 2.6 million states a month; all but the changes are repetitions. What is left here
makes exactly the same runs, parts and spans (a property test holds both equal).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.oee.timeline import Reading
from models.production.counts import JobSet
from models.production.counts import Reading as Count

Times: TypeAlias = NDArray[np.int64]
Whole: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class StateColumns:
    """State readings as columns, in any order, doubled or not.

    Attributes
    ----------
    ts_ms
        Plant time of each reading.
    codes
        Index into `names`; -1 is a state that nobody could read.
    names
        The states.
    rank
        Decides between readings of one millisecond (the greatest wins); None: the later in the column wins.
    """

    ts_ms: Times
    codes: Whole
    names: Sequence[str]
    rank: Whole | None = None


def changes_of_state(columns: StateColumns) -> list[Reading[str | None]]:
    """The readings at which the state changes, in time order.

    `runs_of` gives the same runs for them as for all: a repeated reading of the same state splits nothing.
    """
    order = _in_time(columns.ts_ms, columns.rank)
    ts_ms = columns.ts_ms if order is None else columns.ts_ms[order]
    codes = columns.codes if order is None else columns.codes[order]
    last = _last_of_instant(ts_ms)
    if last is not None:
        ts_ms, codes = ts_ms[last], codes[last]
    if not ts_ms.size:
        return []
    changed = np.empty(ts_ms.size, bool)
    changed[0] = True
    np.not_equal(codes[1:], codes[:-1], out=changed[1:])
    at = np.flatnonzero(changed)
    return [
        Reading(when, None if code < 0 else columns.names[code])
        for when, code in zip(ts_ms[at].tolist(), codes[at].tolist(), strict=True)
    ]


def changes_of_count(ts_ms: Times, values: Whole) -> list[Count]:
    """The readings of a cumulative counter around its changes, in time order.

    Both ends of each step are kept, since parts are made between two consecutive readings, and so are the
    first reading and the last. Of one millisecond the greatest value is the later, as in `in_time_order`.
    """
    kept_ms, kept = _steps(ts_ms, values)
    return [Count(at, value) for at, value in zip(kept_ms, kept, strict=True)]


def changes_of_job(ts_ms: Times, jobs: Whole) -> list[JobSet]:
    """The job register's readings around its changes, in time order; thinned like a counter."""
    kept_ms, kept = _steps(ts_ms, jobs)
    return [JobSet(at, job) for at, job in zip(kept_ms, kept, strict=True)]


def in_time_order(ts_ms: Times, values: Whole) -> tuple[Times, Whole]:
    """The readings of a counter sorted by time, of each instant the greatest."""
    order = _in_time(ts_ms, values)
    if order is not None:
        ts_ms, values = ts_ms[order], values[order]
    last = _last_of_instant(ts_ms)
    return (ts_ms, values) if last is None else (ts_ms[last], values[last])


def _steps(ts_ms: Times, values: Whole) -> tuple[list[int], list[int]]:
    ts_ms, values = in_time_order(ts_ms, values)
    if not ts_ms.size:
        return [], []
    keep = np.zeros(ts_ms.size, bool)
    keep[0] = keep[-1] = True
    step = values[1:] != values[:-1]
    keep[1:] |= step
    keep[:-1] |= step
    at = np.flatnonzero(keep)
    return ts_ms[at].tolist(), values[at].tolist()


def _in_time(ts_ms: Times, rank: Whole | None) -> NDArray[np.intp] | None:
    """How to sort by time, then rank; None when the columns stand in strict time order already."""
    if ts_ms.size < 2 or bool((ts_ms[1:] > ts_ms[:-1]).all()):  # noqa: PLR2004  one reading is sorted
        return None
    return np.argsort(ts_ms, kind="stable") if rank is None else np.lexsort((rank, ts_ms))


def _last_of_instant(ts_ms: Times) -> NDArray[np.intp] | None:
    """Of sorted times the last of each instant; None when no instant is doubled."""
    if ts_ms.size < 2 or bool((ts_ms[1:] > ts_ms[:-1]).all()):  # noqa: PLR2004  one reading is the last
        return None
    ends = np.empty(ts_ms.size, bool)
    ends[-1] = True
    np.not_equal(ts_ms[1:], ts_ms[:-1], out=ends[:-1])
    return np.flatnonzero(ends)
