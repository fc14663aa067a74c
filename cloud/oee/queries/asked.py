"""What is asked for: windows, policies."""

from collections.abc import Callable, Mapping
from itertools import pairwise

from cloud.errors import Invalid
from cloud.plant.schemas import iso, ms_from_iso
from models.oee.policies import POLICIES, Policy
from models.oee.shifts import Calendar, day_start_ms, shift_at, shift_ended_before
from models.oee.timeline import Interval

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LONGEST_DAYS = 31  # reckoned from facts
LONGEST_DAYS_OF_TOTALS = 100


def _running_shift(shifts: Calendar, now_ms: int) -> Interval:
    shift = shift_at(shifts, now_ms) or shift_ended_before(shifts, now_ms)
    if shift is None:
        raise Invalid("The calendar has no shift at or before now; ask for start and end.", code="no_shift")
    return shift.start_ms, shift.end_ms


def _previous_shift(shifts: Calendar, now_ms: int) -> Interval:
    shift = shift_ended_before(shifts, _running_shift(shifts, now_ms)[0])
    if shift is None:
        raise Invalid("The calendar has no shift before this one; ask for start and end.", code="no_shift")
    return shift.start_ms, shift.end_ms


PERIODS: Mapping[str, Callable[[Calendar, int], Interval]] = {
    "shift": _running_shift,
    "previous_shift": _previous_shift,
    "today": lambda shifts, now_ms: (day_start_ms(shifts, now_ms), now_ms),
    "last_24h": lambda _shifts, now_ms: (now_ms - DAY_MS, now_ms),
}


def window_of_period(shifts: Calendar, period: str, now_ms: int) -> Interval:
    """The window of a named period, ending at plant now at the latest.

    `shift` is the running shift so far; when none is running, the one that ended last.

    Raises
    ------
    Invalid
        Naming the accepted periods.
    """
    resolve = PERIODS.get(period)
    if resolve is None:
        raise invalid("period", f"{period!r} is not one of {', '.join(PERIODS)}")
    start, end = resolve(shifts, now_ms)
    return start, min(end, now_ms)


def window_between(start: str, end: str, now_ms: int, most_days: int = LONGEST_DAYS) -> Interval:
    """The window of two ISO times with zone, its end capped at plant now.

    Raises
    ------
    Invalid
        When a time cannot be read, the start lies before 1970, not before the end or after plant now, or the
        window is longer than `most_days`.
    """
    start_ms, end_ms = ms_from_iso(start, "start"), ms_from_iso(end, "end")
    if start_ms < 0:
        raise invalid("start", f"{start} lies before 1970")
    if start_ms >= end_ms:
        raise invalid("start", f"{start} is not before the end {end}")
    if start_ms > now_ms:
        raise invalid("start", f"{start} lies after plant now, {iso(now_ms)}")
    if end_ms - start_ms > most_days * DAY_MS:
        raise invalid("end", f"the window is longer than {most_days} days")
    return start_ms, min(end_ms, now_ms)


def invalid(where: str, message: str) -> Invalid:
    """The error that says what is wrong where."""
    return Invalid(f"{where}: {message}", errors=[{"where": where, "message": message}])


def policy_named(name: str) -> Policy:
    """The OEE policy of that name.

    Raises
    ------
    Invalid
        Naming the accepted policies.
    """
    policy = POLICIES.get(name)
    if policy is None:
        raise invalid("policy", f"{name!r} is not one of {', '.join(POLICIES)}")
    return policy


def hours(shifts: Calendar, window: Interval) -> list[Interval]:
    """The window cut at the full hours of the site's wall clock."""
    start, end = window
    # Every zone's offset is taken at the window's start: a clock change moves by full hours.
    offset_ms = (day_start_ms(shifts, start) - start) % HOUR_MS
    cut = start + (offset_ms or HOUR_MS)
    cuts = [start, *range(cut, end, HOUR_MS), end]
    return [(a, b) for a, b in pairwise(cuts) if a < b]
