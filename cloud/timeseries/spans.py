"""Sums over stretches of one tag's good values: how points become rollups, windows and time per state."""

from collections.abc import Mapping
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from cloud.timeseries.store import Window

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Spans(NamedTuple):
    """Stretches of one or more tags, column by column; a point is a stretch of length 0.

    `first_ms` and `last_ms` are the times of the first and last good value of a stretch, `good` how many
    there are, `area` the integral of the value over [first_ms, last_ms] in value x ms, each value holding
    until the next. What holds before `first_ms` and after `last_ms` is not in it, so stretches can be joined
    in any number, and a late point before a stretch changes nothing in it.
    """

    first_ms: Ints
    last_ms: Ints
    good: Ints
    low: Floats
    high: Floats
    total: Floats
    first: Floats
    last: Floats
    area: Floats

    @classmethod
    def of_points(cls, ts_ms: Ints, value: Floats) -> Self:
        """Return each point as a stretch of its own; points come sorted by time."""
        ones = np.ones(len(ts_ms), dtype=np.int64)
        return cls(ts_ms, ts_ms, ones, value, value, value, value, value, np.zeros(len(ts_ms)))

    @classmethod
    def none(cls) -> Self:
        """Return no stretch."""
        return cls.of_points(np.empty(0, dtype=np.int64), np.empty(0))

    def joined(self, begins: Ints) -> "Spans":
        """Return one stretch per group; `begins` are the indexes at which the groups begin, the first is 0.

        Of two points (t = 0 ms, 2.0) and (t = 500 ms, 4.0) the area is 2.0 x 500 = 1000.
        """
        if not len(begins):
            return Spans.none()
        ends = np.append(begins[1:], len(self.first_ms)) - 1
        between = np.zeros(len(self.first_ms))
        with np.errstate(over="ignore", invalid="ignore"):  # values near the end of the doubles
            between[1:] = self.last[:-1] * (self.first_ms[1:] - self.last_ms[:-1])
            between[begins] = 0.0
            return Spans(
                self.first_ms[begins],
                self.last_ms[ends],
                np.add.reduceat(self.good, begins),
                np.minimum.reduceat(self.low, begins),
                np.maximum.reduceat(self.high, begins),
                np.add.reduceat(self.total, begins),
                self.first[begins],
                self.last[ends],
                np.add.reduceat(self.area + between, begins),
            )


def chain(parts: list[Spans]) -> Spans:
    """Return the stretches of one tag from several sources as one, sorted by time."""
    whole = Spans._make(np.concatenate(columns) for columns in zip(*parts, strict=True))
    if np.all(whole.first_ms[1:] >= whole.first_ms[:-1]):
        return whole
    order = np.argsort(whole.first_ms, kind="stable")
    return Spans._make(column[order] for column in whole)


def begins_of(*keys: Ints) -> Ints:
    """Return the indexes at which any of the sorted keys changes, the first included."""
    length = len(keys[0])
    changes = np.zeros(length, dtype=np.bool_)
    changes[:1] = True
    for key in keys:
        changes[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(changes)


def windows(spans: Spans, before: float | None, since_ms: int, until_ms: int, window_ms: int) -> list[Window]:
    """Return windows aligned to the epoch over [since, until); windows without a good value are left out.

    Parameters
    ----------
    spans
        Stretches of one tag inside [since, until), none across a border of two windows.
    before
        The value that held when `since` came, None when there was none: then time before the first value
        has no weight.
    since_ms, until_ms, window_ms
        What was asked for; the first and the last window may be cut by it.
    """
    starts = spans.first_ms // window_ms
    begins = begins_of(starts)
    whole = spans.joined(begins)
    if not len(whole.good):
        return []
    start_ms = starts[begins] * window_ms
    held = np.append(np.nan if before is None else before, whole.last[:-1])
    lead = np.where(np.isnan(held), 0, whole.first_ms - np.maximum(start_ms, since_ms))
    tail = np.minimum(start_ms + window_ms, until_ms) - whole.last_ms
    with np.errstate(over="ignore", invalid="ignore"):
        area = np.where(lead > 0, np.nan_to_num(held, nan=0.0) * lead, 0.0) + whole.area + whole.last * tail
        weighted = area / (lead + whole.last_ms - whole.first_ms + tail)
        mean = whole.total / whole.good
    columns = (start_ms, whole.good, whole.low, whole.high, mean, whole.first, whole.last, weighted)
    return list(map(Window._make, zip(*(column.tolist() for column in columns), strict=True)))


def durations(
    spans: Spans, inside: Mapping[float, int], before: float | None, since_ms: int, until_ms: int
) -> dict[float, int]:
    """Return the milliseconds that each value held in [since, until).

    Parameters
    ----------
    spans
        Stretches of one tag inside [since, until) sorted by time.
    inside
        Milliseconds per value within the stretches that are longer than a point.
    before
        The value that held when `since` came, None when there was none.
    """
    held = dict(inside)
    borders = np.append(spans.first_ms, until_ms)
    values = spans.last
    lengths = borders[1:] - spans.last_ms
    if before is not None:
        values = np.append(before, values)
        lengths = np.append(borders[0] - since_ms, lengths)
    distinct, place = np.unique(values, return_inverse=True)
    sums = np.bincount(place, weights=lengths, minlength=len(distinct))
    for value, length in zip(distinct.tolist(), sums.tolist(), strict=True):
        held[value] = held.get(value, 0) + int(length)
    return {value: length for value, length in held.items() if length > 0}
