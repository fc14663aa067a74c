"""What a store says of the hours and months that it holds."""

from typing import NamedTuple


class Compacted(NamedTuple):
    """What one step of compaction did: hours and points brought into their final form, hours that wait."""

    hours: int
    points: int
    waiting: int


class MonthSize(NamedTuple):
    """What a calendar month (UTC, `2026-03`) takes among the closed hours."""

    month: str
    points: int
    size_bytes: int


class Holdings(NamedTuple):
    """How a store holds its points; a store that keeps no hours of its own says 0 and names no months.

    `open_hours` still take points, `closed_hours` are in their final form; `late_points` came for an hour
    after it was closed (or long before its turn) and wait to be merged.
    """

    open_hours: int
    closed_hours: int
    late_points: int
    months: list[MonthSize]
