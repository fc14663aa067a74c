"""Decides which hours of a DuckDB store are written next, and into which file."""

from collections.abc import Iterable
from typing import NamedTuple

from cloud.timeseries.duckdb_hours import HOUR_MS, Hours, day_of, is_day, is_sums, month_of

# One transaction writes about so many points: commits wait for a processor no longer than that takes.
STEP_POINTS = 250_000
MOST_HOURS = 48
# The hours of a day are written together, sorted by tag, up to so many points: of more, the points that a tag
# has in an hour fill a block already, and other hours would wait for too long.
MERGED_POINTS = 100_000_000
# A day that is over and of which most is still in the hot file is written to its month at once, up to so many
# points: every part of a step looks through the hot tables.
DIRECT_POINTS = 5_000_000
# With more files of days than these every question becomes long: merging goes before closing then.
MOST_DAYS = 3


class Work(NamedTuple):
    """Hours that one step writes anew into one file; `again` when they stood in a month's file already."""

    file: str
    hours: list[int]
    again: bool


def points_of(held: Hours, hour: int) -> int:
    """Return how many points of an hour there are, wherever they are."""
    closed = held.closed.get(hour)
    own = held.open[hour].points if hour in held.open else 0
    return own + held.late.get(hour, 0) + (closed.part.points if closed else 0)


def _is_over(hour: int, until_ms: int) -> bool:
    return (hour // 24 + 1) * 24 * HOUR_MS <= until_ms


def _in_month(held: Hours, hour: int) -> bool:
    return hour in held.closed and not is_day(held.closed[hour].file) and not _is_thin(held, hour)


def _is_thin(held: Hours, hour: int) -> bool:
    """Whether an hour lost its points and kept its sums, which nothing can write anew."""
    return hour in held.closed and is_sums(held.closed[hour].file)


def _fitting(held: Hours, hours: Iterable[int], most_points: int, most_hours: int) -> list[int]:
    """The first hours that have so many points together, at least one."""
    chosen: list[int] = []
    total = 0
    for hour in hours:
        total += points_of(held, hour)
        if chosen and (total > most_points or len(chosen) == most_hours):
            break
        chosen.append(hour)
    return chosen


def to_close(held: Hours, waiting: list[int], until_ms: int) -> Work:
    """Return what to write of hours that have points in no file of closed hours, of one day; oldest first."""
    day = waiting[0] // 24
    all_hours = {*held.open, *held.late, *held.closed}
    known = sorted(hour for hour in all_hours if hour // 24 == day and not _is_thin(held, hour))
    total = sum(points_of(held, hour) for hour in known)
    own = sum(points_of(held, hour) for hour in known if hour not in held.closed)
    is_fresh = not any(_in_month(held, hour) for hour in known)
    if _is_over(known[0], until_ms) and is_fresh and total <= DIRECT_POINTS and 2 * own >= total:
        return Work(month_of(known[0]), known, again=False)
    same = [hour for hour in waiting if hour // 24 == day]
    chosen = _fitting(held, same, STEP_POINTS, MOST_HOURS)
    again = any(hour in held.closed for hour in chosen)
    is_big = 2 * points_of(held, chosen[0]) > MERGED_POINTS
    return Work(month_of(day * 24) if is_big else day_of(day * 24), chosen, again)


def to_merge(held: Hours, until_ms: int, *, late_due: bool) -> list[Work]:
    """Return the days that are over and whose hours are to be written into their month, oldest first.

    A day that stands in its month already, and of which some hours were written anew with late points, is
    written anew only when `late_due`.
    """
    found = []
    for file in sorted(name for name in held.files() if is_day(name)):
        own = sorted(segment.hour for segment in held.files()[file])
        day = own[0] // 24
        if not _is_over(own[0], until_ms):
            continue
        rest = [hour for hour in held.closed if hour // 24 == day and _in_month(held, hour)]
        if rest and not late_due:
            continue
        both = sorted({*own, *rest})
        fits = sum(points_of(held, hour) for hour in both) <= MERGED_POINTS
        chosen = both if fits else _fitting(held, own, MERGED_POINTS, MOST_HOURS)
        found.append(Work(month_of(day * 24), chosen, again=bool(rest)))
    return found
