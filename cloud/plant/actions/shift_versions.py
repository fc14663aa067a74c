"""Changes shifts from a day on; what was before stays as it was."""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud.errors import Invalid, NotFound
from cloud.identity.access import User
from cloud.identity.actions import audit
from cloud.outbox import announce
from cloud.plant import queries
from cloud.plant.events import CALENDAR_CHANGED
from cloud.plant.schemas import BreakEntry, Name, NameEntry, ShiftPatternIn, ShiftPatternOut
from cloud.plant.tables import Shift, ShiftVersion

DAY_MS = 86_400_000
BACK_DAYS = 62  # all shifts since then are reckoned anew


def shift_patterns(session: Session) -> list[ShiftPatternOut]:
    """Every version of every shift, by shift, then by the day from which it holds."""
    return [
        ShiftPatternOut(
            id=each.id,
            name=Name(zh=each.name.zh, en=each.name.en),
            valid_from=_day(each.since),
            until=_day(each.until),
            start=f"{each.start:%H:%M}",
            end=f"{each.end:%H:%M}",
            days=[queries.WEEKDAYS[day] for day in sorted(each.weekdays)],
            breaks=[
                BreakEntry(
                    start=f"{pause.start:%H:%M}",
                    end=f"{pause.end:%H:%M}",
                    name=NameEntry(zh=pause.name.zh, en=pause.name.en),
                )
                for pause in each.breaks
            ],
            username=each.username,
        )
        for each in queries.shift_patterns(session)
    ]


def change_shift(session: Session, shift: str, wanted: ShiftPatternIn, user: User, now_ms: int) -> None:
    """Nothing comes back; from the day on the shift is as wanted, until a version of a later day.

    Raises
    ------
    NotFound
        When there is no such shift, and no name for a new one.
    Invalid
        When the day lies further back than figures are reckoned anew for.
    """
    _check_day(wanted.valid_from, now_ms)
    if session.get(Shift, shift) is None:
        if wanted.name is None:
            raise NotFound(f"There is no shift {shift!r}; a new one needs a name.", code="no_such_shift")
        place = 1 + (session.scalar(select(func.max(Shift.place))) or 0)
        named = {"name_zh": wanted.name.zh, "name_en": wanted.name.en}
        # It takes place from its first version on: before that it has no days.
        session.add(Shift(id=shift, place=place, start=wanted.start, end=wanted.end, days=[], **named))
        session.flush()
    day = wanted.valid_from.isoformat()
    said = wanted.model_dump(mode="json", include={"start", "end", "days", "breaks"})
    row = session.get(ShiftVersion, (shift, day))
    if row is None:
        session.add(ShiftVersion(shift_id=shift, valid_from=day, username=user.username, **said))
    else:
        row.start, row.end, row.days, row.breaks = (said[name] for name in ("start", "end", "days", "breaks"))
        row.username = user.username
    session.flush()
    audit(session, user, "calendar.shift", f"shift/{shift}", {"valid_from": day, **said})
    _announce(session, wanted.valid_from, now_ms)


def withdraw_shift_version(session: Session, shift: str, day: date, user: User, now_ms: int) -> None:
    """Nothing comes back; the shift goes on from that day as it was before it.

    Raises
    ------
    NotFound
        When the shift did not change on that day.
    Invalid
        When the day lies further back than figures are reckoned anew for.
    """
    row = session.get(ShiftVersion, (shift, day.isoformat()))
    if row is None:
        raise NotFound(f"The shift {shift!r} did not change on {day}.", code="no_such_shift_version")
    _check_day(day, now_ms)
    session.delete(row)
    session.flush()
    audit(session, user, "calendar.shift_withdraw", f"shift/{shift}", {"valid_from": day.isoformat()})
    _announce(session, day, now_ms)


def _check_day(day: date, now_ms: int) -> None:
    first = datetime.fromtimestamp(now_ms / 1000, UTC).date() - timedelta(days=BACK_DAYS)
    if day < first:
        message = f"{day} lies more than {BACK_DAYS} days back; accepted: {first} or later"
        raise Invalid(f"valid_from: {message}", errors=[{"where": "valid_from", "message": message}])


def _announce(session: Session, day: date, now_ms: int) -> None:
    """All from the day to now is otherwise; zones lie within a day of UTC."""
    first_ms = round(datetime.combine(day, time(), UTC).timestamp() * 1000)
    until_ms = max(first_ms, now_ms) + 3 * DAY_MS
    announce(session, CALENDAR_CHANGED, {"window": [first_ms - DAY_MS, until_ms]})


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
