"""Lays readings out in time: interval algebra, runs of one value, split by what was planned.

Times are integers of milliseconds. Intervals are half-open `[start, end)`; a list of intervals is
sorted, disjoint and without empty members unless a function says that it takes any.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

Interval = tuple[int, int]
V = TypeVar("V")


class Reading(NamedTuple, Generic[V]):
    """A value read at `ts_ms`; `order` decides between readings of the same millisecond (the last wins)."""

    ts_ms: int
    value: V
    order: tuple[str, int, int] = ("", 0, 0)


@dataclass(frozen=True, slots=True)
class Run(Generic[V]):
    """One unbroken run of a value over `[start_ms, end_ms)`."""

    start_ms: int
    end_ms: int
    value: V


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """The union of any intervals as a sorted, disjoint list; touching ones become one, empty ones vanish."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def clip(intervals: Sequence[Interval], start_ms: int, end_ms: int) -> list[Interval]:
    """The parts of the intervals that lie inside `[start_ms, end_ms)`."""
    first = max(bisect_right(intervals, (start_ms,)) - 1, 0)
    last = bisect_left(intervals, (end_ms,), first)
    return [
        (max(start, start_ms), min(end, end_ms))
        for start, end in intervals[first:last]
        if max(start, start_ms) < min(end, end_ms)
    ]


def intersect(left: Sequence[Interval], right: Sequence[Interval]) -> list[Interval]:
    """The time that lies in both lists."""
    both: list[Interval] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            both.append((start, end))
        if left[i][1] <= right[j][1]:
            i += 1
        else:
            j += 1
    return both


def subtract(left: Sequence[Interval], right: Sequence[Interval]) -> list[Interval]:
    """The time of `left` that does not lie in `right`."""
    rest: list[Interval] = []
    for start, end in left:
        at = start
        for opens, closes in clip(right, start, end):
            if at < opens:
                rest.append((at, opens))
            at = closes
        if at < end:
            rest.append((at, end))
    return rest


def length_ms(intervals: Iterable[Interval]) -> int:
    """The total length of the intervals in ms."""
    return sum(end - start for start, end in intervals)


def speaks_in(intervals: Sequence[Interval], ts_ms: int) -> bool:
    """Whether a counter reading at `ts_ms` speaks of time inside the intervals.

    A reading says what was made *up to* its instant, so here an interval is open at its start and
    closed at its end: the count that a machine reports at the instant a break begins was made before
    the break, and the first count seen after a gap was made in the gap.
    """
    at = bisect_left(intervals, (ts_ms,))
    return at > 0 and intervals[at - 1][0] < ts_ms <= intervals[at - 1][1]


def pieces(intervals: Sequence[Interval], start_ms: int, end_ms: int) -> Iterator[tuple[int, int, bool]]:
    """The window `[start_ms, end_ms)` cut at the intervals: `(start, end, inside)` without holes."""
    at = start_ms
    first = max(bisect_right(intervals, (start_ms,)) - 1, 0)
    for position in range(first, len(intervals)):
        start, end = intervals[position]
        if start >= end_ms:
            break
        if end <= at:
            continue
        if at < start:
            yield at, start, False
            at = start
        until = min(end, end_ms)
        yield at, until, True
        at = until
    if at < end_ms:
        yield at, end_ms, False


def runs_of(readings: Iterable[Reading[V]], until_ms: int) -> list[Run[V]]:
    """The runs that the readings describe, sorted by time; the last one holds until `until_ms`.

    A repeated reading of the same value does not split a run; doubled and reordered readings change
    nothing. Readings at or after `until_ms` are left out.
    """
    ordered = sorted(readings, key=lambda reading: (reading.ts_ms, reading.order))
    last_at = {reading.ts_ms: reading.value for reading in ordered if reading.ts_ms < until_ms}
    changes: list[tuple[int, V]] = []
    for ts_ms, value in last_at.items():
        if not changes or changes[-1][1] != value:
            changes.append((ts_ms, value))
    ends = [ts_ms for ts_ms, _ in changes[1:]] + [until_ms]
    return [Run(start, end, value) for (start, value), end in zip(changes, ends, strict=False)]
