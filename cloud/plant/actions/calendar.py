"""Changes days of the shift calendar: holidays, overtime, extra shifts, planned stops."""

from datetime import datetime, time
from operator import attrgetter
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.errors import Conflict, Invalid, NotFound
from cloud.identity.access import User
from cloud.identity.actions import audit
from cloud.outbox import announce
from cloud.plant import queries
from cloud.plant.events import CALENDAR_CHANGED
from cloud.plant.schemas import CalendarExceptionIn, CalendarExceptionOut, Name, ShiftOut, iso
from cloud.plant.tables import CalendarException
from models.oee.shifts import PlannedStop, shifts_between, to_ms

DAY_MS = 86_400_000
LONGEST_STOP_DAYS = 366


def calendar_exceptions(session: Session) -> list[CalendarExceptionOut]:
    """Every day that is otherwise, by day, then in the order in which they were said."""
    rows = session.scalars(select(CalendarException).order_by(CalendarException.day, CalendarException.id))
    return [_shown(row) for row in rows]


def shifts_that_take_place(session: Session, start_ms: int, end_ms: int) -> list[ShiftOut]:
    """The shifts that overlap `[start_ms, end_ms)` of plant time, the newest first.

    Raises
    ------
    Invalid
        When the window is empty, lies before 1970 or is longer than 31 days.
    """
    if not 0 <= start_ms < end_ms <= start_ms + 31 * DAY_MS:
        raise _invalid("start", "it must lie after 1970 and before the end, at most 31 days before it")
    named = {shift.id: shift.name for shift in queries.shifts(session)}
    return [
        ShiftOut(
            id=each.id,
            name=Name(zh=name.zh, en=name.en) if (name := named.get(each.id)) else None,
            start=iso(each.start_ms),
            end=iso(each.end_ms),
        )
        for each in reversed(shifts_between(queries.calendar(session), start_ms, end_ms))
    ]


def add_calendar_exception(
    session: Session, wanted: CalendarExceptionIn, user: User, now_ms: int
) -> CalendarExceptionOut:
    """The exception, which holds from now (plant ms) on, also for days that have passed.

    Raises
    ------
    Invalid
        When it names a shift that the day does not have, or lacks the times that its kind needs, or a planned
        stop ends before it begins or lasts longer than 366 days.
    NotFound
        When the plant has no such line or machine.
    Conflict
        When the same was said before.
    """
    row = CalendarException(**wanted.model_dump(mode="json"), username=user.username)
    said = attrgetter("day", "kind", "scope", "shift", "start", "end", "end_day")
    for known in session.scalars(select(CalendarException).where(CalendarException.day == row.day)):
        if said(known) == said(row):
            raise Conflict(f"{row.day} has this exception already, number {known.id}.", code="said_before")
    _check(session, wanted, row)
    session.add(row)
    session.flush()
    audit(session, user, "calendar.add", f"calendar/{row.id}", wanted.model_dump(mode="json"))
    _announce(session, row, now_ms)
    return _shown(row)


def remove_calendar_exception(session: Session, number: int, user: User, now_ms: int) -> None:
    """Nothing comes back; from now (plant ms) on the day is again as its weekday, or as other exceptions say.

    Raises
    ------
    NotFound
        When there is no such exception.
    """
    row = session.get(CalendarException, number)
    if row is None:
        raise NotFound(f"There is no calendar exception {number}.", code="no_such_exception")
    shown = _shown(row)
    session.delete(row)
    session.flush()
    audit(session, user, "calendar.remove", f"calendar/{number}", shown.model_dump(mode="json"))
    _announce(session, row, now_ms)


def _check(session: Session, wanted: CalendarExceptionIn, row: CalendarException) -> None:
    if wanted.kind == queries.PLANNED_STOP:
        _check_stop(session, wanted, row)
        return
    for where in ("scope", "end_day"):
        if getattr(wanted, where) is not None:
            raise _invalid(where, f"only a planned stop has one, not a day that is {wanted.kind!r}")
    calendar = queries.calendar(session)
    midnight = to_ms(datetime.combine(wanted.day, time(), calendar.zone))
    begin = [
        shift.id
        for shift in shifts_between(calendar, midnight, midnight + DAY_MS)
        if datetime.fromtimestamp(shift.start_ms / 1000, calendar.zone).date() == wanted.day
    ]
    if wanted.kind == "extra":
        if wanted.start is None or wanted.end is None:
            raise _invalid("start", "an extra shift needs start and end")
        return
    if wanted.shift is not None and wanted.shift not in begin:
        accepted = ", ".join(begin) or "none begins on that day"
        raise _invalid("shift", f"{wanted.shift!r} does not begin on {wanted.day}; accepted: {accepted}")
    if wanted.kind == "changed" and (wanted.shift is None or (wanted.start or wanted.end) is None):
        raise _invalid("shift", "a changed day needs the shift and its new start or end")


def _check_stop(session: Session, wanted: CalendarExceptionIn, row: CalendarException) -> None:
    for where in ("scope", "start", "end"):
        if getattr(wanted, where) is None:
            raise _invalid(where, "a planned stop needs scope, start and end")
    if wanted.shift is not None:
        raise _invalid("shift", "a planned stop is of machines, not of a shift; leave it out")
    queries.machines_of(session, wanted.scope or "")
    stop = _planned_stop(session, row)
    if not stop.start_ms < stop.end_ms <= stop.start_ms + LONGEST_STOP_DAYS * DAY_MS:
        raise _invalid("end_day", f"it must end after its start, at most {LONGEST_STOP_DAYS} days later")


def _planned_stop(session: Session, row: CalendarException) -> PlannedStop:
    zone = ZoneInfo(queries.site(session).timezone)
    return queries.planned_stop(queries.machines_by_line(session), zone, row)


def _announce(session: Session, row: CalendarException, now_ms: int) -> None:
    """A shift may begin on its day and end on the next; zones lie within a day of UTC.

    A planned stop changes its own time and machines; shifts that are yet to come have no totals to mark.
    """
    if row.kind == queries.PLANNED_STOP:
        stop = _planned_stop(session, row)
        until_ms = min(stop.end_ms, max(stop.start_ms, now_ms) + 3 * DAY_MS)
        said: dict[str, object] = {"window": [stop.start_ms, until_ms]}
        if stop.machines is not None:
            said["machines"] = sorted(stop.machines)
        announce(session, CALENDAR_CHANGED, said)
        return
    day = round(datetime.fromisoformat(f"{row.day}T00:00:00+00:00").timestamp() * 1000)
    announce(session, CALENDAR_CHANGED, {"window": [day - DAY_MS, day + 3 * DAY_MS]})


def _shown(row: CalendarException) -> CalendarExceptionOut:
    names = ("id", "day", "kind", "scope", "shift", "start", "end", "end_day", "note", "username")
    return CalendarExceptionOut.model_validate({name: getattr(row, name) for name in names})


def _invalid(where: str, message: str) -> Invalid:
    return Invalid(f"{where}: {message}", errors=[{"where": where, "message": message}])
