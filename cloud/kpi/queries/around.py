"""Which shift a report speaks of."""

from dataclasses import dataclass

from cloud.errors import Invalid
from models.oee.shifts import Calendar, Shift, shift_at, shift_ended_before, shifts_between

SEARCH_DAYS = 32
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Around:
    """A shift with its neighbours among those that have begun."""

    shift: Shift
    previous: Shift | None
    next: Shift | None


def around(shifts: Calendar, at_ms: int, now_ms: int) -> Around:
    """The shift that ran at plant time `at_ms`, else the one that ended before it.

    Raises
    ------
    Invalid
        When no shift ran at or in the 32 days before that time.
    """
    shift = shift_at(shifts, at_ms) or shift_ended_before(shifts, at_ms)
    if shift is None:
        raise Invalid("The calendar has no shift at or before this time.", code="no_shift")
    later = shifts_between(shifts, shift.end_ms, min(shift.end_ms + SEARCH_DAYS * DAY_MS, now_ms + 1))
    return Around(
        shift,
        shift_ended_before(shifts, shift.start_ms),
        next((each for each in later if shift.start_ms < each.start_ms <= now_ms), None),
    )
