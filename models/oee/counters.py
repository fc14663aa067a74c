"""Folds readings of a cumulative counter into parts made."""

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple


class Increment(NamedTuple):
    """Parts made since the reading before, known at `ts_ms`; `reset` when the counter had restarted."""

    ts_ms: int
    parts: int
    reset: bool = False


def fold(readings: Iterable[tuple[int, int]]) -> list[Increment]:
    """The parts made between consecutive readings `(ts_ms, value)` of a cumulative counter.

    The first reading is a baseline and makes no parts. A value smaller than the one before means that
    the counter restarted from zero: the new value is what was made since, and the increment is flagged.
    Readings may come in any order and doubled; those of one millisecond are read in the order in which
    a counter can have passed them (upwards from the value before, then the restart).

    Example: (0, 10), (5, 12), (9, 3) makes 2 parts known at 5 and 3 parts known at 9, flagged.
    """
    increments: list[Increment] = []
    before: int | None = None
    for ts_ms, group in groupby(sorted(set(readings)), key=lambda reading: reading[0]):
        values = [value for _, value in group]
        if before is None:
            before = values[0]
            values = values[1:]
        elif values[0] < before:
            values = [v for v in values if v >= before] + [v for v in values if v < before]
        parts, reset = 0, False
        for value in values:
            parts += value - before if value >= before else value
            reset = reset or value < before
            before = value
        if parts or reset:
            increments.append(Increment(ts_ms, parts, reset))
    return increments
