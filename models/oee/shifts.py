"""Turns shift patterns in local wall-clock time into planned intervals of plant time.

A shift that ends at or before its start ends on the next local day. Lengths follow the clock of the
zone, so a night shift over a change to summer time is one hour shorter.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from models.oee.timeline import Interval, clip, intersect, merge, subtract

EXTRA = "extra"  # an extra shift without a name of its own
_SEARCH_BACK_DAYS = 32
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class ShiftPattern:
    """A shift as the calendar states it, in local time; it starts on `weekdays` (0 = Monday).

    It holds for days from `since` to the one before `until`; None is without end. Several patterns of one id
    are the versions of a shift.
    """

    id: str
    start: time
    end: time
    weekdays: frozenset[int]
    breaks: tuple[tuple[time, time], ...] = ()
    since: date | None = None
    until: date | None = None

    def begins_on(self, day: date) -> bool:
        """Whether the shift begins on a local day, exceptions aside."""
        if day.weekday() not in self.weekdays:
            return False
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class DayException:
    """What one local day has otherwise than its weekday.

    `closed`: the shift that would begin on `day` does not take place; every shift if `shift` is None.
    `changed`: it begins at `start` or ends at `end` instead (overtime, a short day); None keeps its own.
    `extra`: a shift named `shift` from `start` to `end` besides those of the weekday.
    """

    day: date
    kind: Literal["closed", "changed", "extra"]
    shift: str | None = None
    start: time | None = None
    end: time | None = None


@dataclass(frozen=True, slots=True)
class PlannedStop:
    """Time `[start_ms, end_ms)` in which machines are planned to stand; `machines` None is all of them."""

    start_ms: int
    end_ms: int
    machines: frozenset[str] | None = None

    def reaches(self, machine: str) -> bool:
        """Whether the machine is planned to stand."""
        return self.machines is None or machine in self.machines


@dataclass(frozen=True, slots=True)
class Calendar:
    """The shift patterns of one site in its time zone, the days that are otherwise, and the planned stops."""

    zone: ZoneInfo
    patterns: tuple[ShiftPattern, ...]
    exceptions: tuple[DayException, ...] = ()
    planned_stops: tuple[PlannedStop, ...] = ()


class Plan(NamedTuple):
    """What one machine's calendar says of a window; the three lists are sorted and disjoint.

    `planned` is its planned time; `breaks` are those in which no other shift works, `planned_stops` shift
    time outside breaks in which it is planned to stand. Together they are the time of the shifts.
    """

    planned: list[Interval]
    breaks: list[Interval]
    planned_stops: list[Interval]


@dataclass(frozen=True, slots=True)
class Shift:
    """One shift that takes place: `[start_ms, end_ms)` of plant time with its breaks."""

    id: str
    start_ms: int
    end_ms: int
    breaks: tuple[Interval, ...]


def to_ms(local: datetime) -> int:
    """Milliseconds since the Unix epoch of an aware time.

    A wall-clock time that a zone skips is taken with the offset from before the change, one that it
    repeats is its first occurrence (PEP 495, fold 0).
    """
    return round(local.timestamp() * 1000)


def local_day(calendar: Calendar, at_ms: int) -> date:
    """The calendar day of the site at plant time `at_ms` (ms)."""
    return datetime.fromtimestamp(at_ms / 1000, calendar.zone).date()


def day_start_ms(calendar: Calendar, at_ms: int) -> int:
    """Plant time (ms) of the local midnight at or before `at_ms`."""
    return to_ms(datetime.combine(local_day(calendar, at_ms), time(), calendar.zone))


def shifts_between(calendar: Calendar, start_ms: int, end_ms: int) -> list[Shift]:
    """The shifts that overlap `[start_ms, end_ms)`, whole, in the order of their start.

    Parameters
    ----------
    calendar
        Patterns and zone.
    start_ms, end_ms
        Plant time in ms; an empty window has no shifts.
    """
    if start_ms >= end_ms:
        return []
    day = local_day(calendar, start_ms) - timedelta(days=2)
    last = local_day(calendar, end_ms)
    found = []
    while day <= last:
        for pattern in _patterns_of(calendar, day):
            shift = _take_place(pattern, day, calendar.zone)
            if shift.start_ms < end_ms and start_ms < shift.end_ms:
                found.append(shift)
        day += timedelta(days=1)
    return sorted(found, key=lambda shift: (shift.start_ms, shift.id))


def planned_between(calendar: Calendar, start_ms: int, end_ms: int) -> list[Interval]:
    """The time inside `[start_ms, end_ms)` that shifts plan: minus their own breaks, merged and clipped.

    A break belongs to its shift: where two shifts overlap, one's break does not stop the other. Planned stops
    of machines are still in it; `plan_of` has a machine's planned time.
    """
    worked: list[Interval] = []
    for shift in shifts_between(calendar, start_ms, end_ms):
        worked += subtract([(shift.start_ms, shift.end_ms)], merge(shift.breaks))
    return clip(merge(worked), start_ms, end_ms)


def breaks_between(calendar: Calendar, start_ms: int, end_ms: int) -> list[Interval]:
    """The breaks inside `[start_ms, end_ms)` in which no other shift works, merged and clipped."""
    shifts = shifts_between(calendar, start_ms, end_ms)
    pauses = merge(pause for shift in shifts for pause in shift.breaks)
    return clip(subtract(pauses, planned_between(calendar, start_ms, end_ms)), start_ms, end_ms)


def plans_between(calendar: Calendar, start_ms: int, end_ms: int, machines: Iterable[str]) -> dict[str, Plan]:
    """By machine what the calendar says of `[start_ms, end_ms)`.

    Notes
    -----
    ISO 22400-2 takes planned downtime from the planned operation time (POT) to have the planned busy time: a
    planned stop takes from the plan only what shifts had planned, whatever the machine does meanwhile.
    Example: a shift of 480 min with 60 min of breaks and 120 min of planned maintenance, 30 of them within a
    break: planned time = 480 - 60 - 90 = 330 min.
    """
    shared = planned_between(calendar, start_ms, end_ms)
    breaks = breaks_between(calendar, start_ms, end_ms)
    stops = [stop for stop in calendar.planned_stops if stop.start_ms < end_ms and start_ms < stop.end_ms]
    found: dict[str, Plan] = {}
    for machine in machines:
        stands = merge((stop.start_ms, stop.end_ms) for stop in stops if stop.reaches(machine))
        found[machine] = Plan(subtract(shared, stands), breaks, intersect(shared, stands))
    return found


def plan_of(calendar: Calendar, machine: str, start_ms: int, end_ms: int) -> Plan:
    """What the calendar says of one machine in `[start_ms, end_ms)`; see `plans_between`."""
    return plans_between(calendar, start_ms, end_ms, [machine])[machine]


def planned_stop_at(calendar: Calendar, machine: str, at_ms: int) -> PlannedStop | None:
    """The planned stop in which a machine is at plant time `at_ms` (the one that ends last), or None."""
    found = [
        stop
        for stop in calendar.planned_stops
        if stop.start_ms <= at_ms < stop.end_ms and stop.reaches(machine)
    ]
    return max(found, key=lambda stop: stop.end_ms, default=None)


@dataclass(frozen=True, slots=True)
class Cell:
    """Time `[start_ms, end_ms)` that one shift answers for; `day` is the local day on which it began."""

    shift: str
    start_ms: int
    end_ms: int
    day: date


def cells_between(calendar: Calendar, start_ms: int, end_ms: int) -> list[Cell]:
    """The time of shifts that overlaps `[start_ms, end_ms)`, whole, in time order and without overlap.

    Where shifts overlap, the one that began last answers, as in `shift_at`; so figures of cells add up to
    those of any window made of them: outside the cells nothing is planned. A night shift belongs to the day
    on which it began.
    """
    # Neighbours cut the shifts at the window's edges: a day beyond is far enough for any pattern.
    shifts = shifts_between(calendar, start_ms - _DAY_MS, end_ms + _DAY_MS) if start_ms < end_ms else []
    cuts = sorted({at for shift in shifts for at in (shift.start_ms, shift.end_ms)})
    found: list[Cell] = []
    coming, running = deque(shifts), list[Shift]()
    for opens, closes in pairwise(cuts):
        while coming and coming[0].start_ms <= opens:
            running.append(coming.popleft())
        running = [shift for shift in running if closes <= shift.end_ms]
        if running and opens < end_ms and start_ms < closes:
            shift = running[-1]
            found.append(Cell(shift.id, opens, closes, local_day(calendar, shift.start_ms)))
    return found


def shift_at(calendar: Calendar, at_ms: int) -> Shift | None:
    """The shift that runs at plant time `at_ms` (the one that began last where two overlap), or None."""
    running = shifts_between(calendar, at_ms, at_ms + 1)
    return running[-1] if running else None


def shift_ended_before(calendar: Calendar, at_ms: int) -> Shift | None:
    """The last shift that ended at or before `at_ms`; None when there was none in the last 32 days."""
    since_ms = at_ms - _SEARCH_BACK_DAYS * 86_400_000
    ended = [shift for shift in shifts_between(calendar, since_ms, at_ms) if shift.end_ms <= at_ms]
    return max(ended, key=lambda shift: (shift.end_ms, shift.start_ms)) if ended else None


def is_break(shift: Shift, at_ms: int) -> bool:
    """Whether `at_ms` lies in a break of the shift."""
    return any(start <= at_ms < end for start, end in shift.breaks)


def _patterns_of(calendar: Calendar, day: date) -> list[ShiftPattern]:
    """The shifts that begin on a local day, exceptions heeded; the later of two exceptions has the word."""
    patterns = [pattern for pattern in calendar.patterns if pattern.begins_on(day)]
    for other in calendar.exceptions:
        if other.day != day:
            continue
        if other.kind == "closed":
            patterns = [pattern for pattern in patterns if other.shift not in {None, pattern.id}]
        elif other.kind == "changed":
            patterns = [
                replace(pattern, start=other.start or pattern.start, end=other.end or pattern.end)
                if pattern.id == other.shift
                else pattern
                for pattern in patterns
            ]
        elif other.start is not None and other.end is not None:
            weekday = frozenset({day.weekday()})
            patterns.append(ShiftPattern(other.shift or EXTRA, other.start, other.end, weekday))
    return patterns


@lru_cache(maxsize=4096)
def _take_place(pattern: ShiftPattern, day: date, zone: ZoneInfo) -> Shift:
    start = datetime.combine(day, pattern.start, zone)
    overnight = timedelta(days=1 if pattern.end <= pattern.start else 0)
    end = datetime.combine(day + overnight, pattern.end, zone)
    whole = (to_ms(start), to_ms(end))
    breaks = []
    for opens, closes in pattern.breaks:
        # A break before the shift's start on the clock lies on the next day of an overnight shift.
        opens_on = day + timedelta(days=1 if opens < pattern.start else 0)
        closes_on = opens_on + timedelta(days=1 if closes <= opens else 0)
        breaks.append(
            (to_ms(datetime.combine(opens_on, opens, zone)), to_ms(datetime.combine(closes_on, closes, zone)))
        )
    return Shift(pattern.id, *whole, tuple(intersect(merge(breaks), [whole])))
