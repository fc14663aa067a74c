"""When the plant works: shift patterns, their versions, days that are otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.plant import tables
from cloud.plant.queries.places import Names, names, site
from models.oee.shifts import Calendar, DayException, PlannedStop, ShiftPattern, to_ms

PLANNED_STOP = "planned_stop"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Break:
    """A break in local wall-clock time."""

    start: time
    end: time
    name: Names


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift pattern in local wall-clock time; `weekdays` (0 = Monday) on which it starts.

    It holds for local days from `since` to the one before `until`; `username` changed it, None: the file.
    """

    id: str
    name: Names
    start: time
    end: time
    weekdays: frozenset[int]
    breaks: tuple[Break, ...]
    since: date | None = None
    until: date | None = None
    username: str | None = None


def shifts(session: Session) -> list[Shift]:
    """All shifts as the plant file has them, in its order."""
    breaks: dict[str, list[Break]] = {}
    for row in session.scalars(select(tables.ShiftBreak).order_by(tables.ShiftBreak.place)):
        pause = Break(time.fromisoformat(row.start), time.fromisoformat(row.end), names(row))
        breaks.setdefault(row.shift_id, []).append(pause)
    return [
        Shift(
            id=row.id,
            name=names(row),
            start=time.fromisoformat(row.start),
            end=time.fromisoformat(row.end),
            weekdays=frozenset(WEEKDAYS.index(day) for day in row.days),
            breaks=tuple(breaks.get(row.id, ())),
        )
        for row in session.scalars(select(tables.Shift).order_by(tables.Shift.place))
    ]


def calendar(session: Session) -> Calendar:
    """The shift calendar as `models.oee.shifts` takes it."""
    patterns = tuple(
        ShiftPattern(
            id=each.id,
            start=each.start,
            end=each.end,
            weekdays=each.weekdays,
            breaks=tuple((pause.start, pause.end) for pause in each.breaks),
            since=each.since,
            until=each.until,
        )
        for each in shift_patterns(session)
    )
    zone = ZoneInfo(site(session).timezone)
    rows = list(session.scalars(select(tables.CalendarException).order_by(tables.CalendarException.id)))
    days = tuple(_exception(row) for row in rows if row.kind != PLANNED_STOP)
    planned = [row for row in rows if row.kind == PLANNED_STOP]
    lines = machines_by_line(session) if planned else {}
    stops = tuple(planned_stop(lines, zone, row) for row in planned)
    return Calendar(zone, patterns, days, stops)


def shift_patterns(session: Session) -> list[Shift]:
    """Every version of every shift, by shift in the plant file's order, then by the day it begins to hold."""
    versions: dict[str, list[tables.ShiftVersion]] = {}
    for row in session.scalars(select(tables.ShiftVersion).order_by(tables.ShiftVersion.valid_from)):
        versions.setdefault(row.shift_id, []).append(row)
    found: list[Shift] = []
    for shift in shifts(session):
        of_shift = [shift, *(_version(shift, row) for row in versions.get(shift.id, ()))]
        following = [each.since for each in of_shift[1:]]
        found += [replace(each, until=day) for each, day in zip(of_shift, [*following, None], strict=True)]
    return found


def _version(shift: Shift, row: tables.ShiftVersion) -> Shift:
    return Shift(
        id=shift.id,
        name=shift.name,
        start=time.fromisoformat(row.start),
        end=time.fromisoformat(row.end),
        weekdays=frozenset(WEEKDAYS.index(day) for day in row.days),
        breaks=tuple(
            Break(
                time.fromisoformat(pause["start"]),
                time.fromisoformat(pause["end"]),
                Names(pause["name"]["zh"], pause["name"]["en"]),
            )
            for pause in row.breaks
        ),
        since=date.fromisoformat(row.valid_from),
        username=row.username,
    )


def planned_stop(
    lines: Mapping[str, frozenset[str]], zone: ZoneInfo, row: tables.CalendarException
) -> PlannedStop:
    """A planned stop in plant time, with the machines that its scope has now, of `lines` by their names.

    A line that the plant no longer has stands for no machine.
    """
    day, start, end = date.fromisoformat(row.day), _clock(row.start), _clock(row.end)
    overnight = day + timedelta(days=1 if end <= start else 0)
    end_day = date.fromisoformat(row.end_day) if row.end_day else overnight
    since_ms = to_ms(datetime.combine(day, start, zone))
    until_ms = to_ms(datetime.combine(end_day, end, zone))
    return PlannedStop(since_ms, until_ms, _machines(lines, row.scope or "site"))


def machines_by_line(session: Session) -> dict[str, frozenset[str]]:
    """By line the machines that it has now."""
    found: dict[str, set[str]] = {}
    for machine, line in session.execute(select(tables.Machine.id, tables.Machine.line_id)):
        found.setdefault(line, set()).add(machine)
    return {line: frozenset(machines) for line, machines in found.items()}


def _machines(lines: Mapping[str, frozenset[str]], scope: str) -> frozenset[str] | None:
    kind, _, name = scope.partition(":")
    if kind == "site":
        return None
    return frozenset({name}) if kind == "machine" else lines.get(name, frozenset())


def _exception(row: tables.CalendarException) -> DayException:
    kind: Any = row.kind
    start, end = (None if at is None else time.fromisoformat(at) for at in (row.start, row.end))
    return DayException(date.fromisoformat(row.day), kind, row.shift, start, end)


def _clock(text: str | None) -> time:
    """A stop without a time would be one of the whole day: `_check` lets none in."""
    return time.fromisoformat(text or "00:00")
