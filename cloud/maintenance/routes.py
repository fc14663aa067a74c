"""Alarms and condition over HTTP."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from cloud.db import Read, RowId, Tx
from cloud.errors import Invalid
from cloud.identity.access import User, may
from cloud.maintenance import actions, queries
from cloud.maintenance.schemas import AlarmOut, AlarmPage, ConditionOut, NoteIn
from cloud.plant.access import Clock
from cloud.plant.schemas import ms_from_iso

router = APIRouter(tags=["maintenance"])

DAY_MS = 86_400_000
LONGEST_MS = 31 * DAY_MS
Reader = Annotated[User, Depends(may("plant.read"))]
Acknowledger = Annotated[User, Depends(may("alarms.acknowledge"))]


@router.get("/alarms")
def list_alarms(
    session: Read,
    _user: Reader,
    clock: Clock,
    state: Literal["active", "all"] = "active",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(max_length=60)] = None,
) -> AlarmPage:
    """A page of alarms, active ones first, then the newest."""
    return queries.alarms_page(
        session, clock.now_ms(), only_active=state == "active", limit=limit, after=after
    )


@router.get("/alarms/{alarm_id}")
def show_alarm(alarm_id: RowId, session: Read, _user: Reader, clock: Clock) -> AlarmOut:
    """One alarm with its history and the orders it concerns."""
    return queries.alarm_out(session, alarm_id, clock.now_ms())


@router.post("/alarms/{alarm_id}/acknowledge")
def acknowledge_alarm(
    alarm_id: RowId, session: Tx, user: Acknowledger, clock: Clock, body: NoteIn | None = None
) -> AlarmOut:
    """The acknowledged alarm."""
    actions.acknowledge(session, alarm_id, user, body.note if body else None, clock.now_ms())
    return queries.alarm_out(session, alarm_id, clock.now_ms())


@router.post("/alarms/{alarm_id}/notes")
def note_alarm(alarm_id: RowId, body: NoteIn, session: Tx, user: Acknowledger, clock: Clock) -> AlarmOut:
    """The alarm with the note in its history."""
    actions.add_note(session, alarm_id, user, body.note, clock.now_ms())
    return queries.alarm_out(session, alarm_id, clock.now_ms())


@router.get("/machines/{machine}/condition")
def show_condition(
    machine: str,
    session: Read,
    _user: Reader,
    clock: Clock,
    start: Annotated[str | None, Query(max_length=40)] = None,
    end: Annotated[str | None, Query(max_length=40)] = None,
) -> ConditionOut:
    """The condition signal with baseline and limit; by default of the last day."""
    end_ms = ms_from_iso(end, "end") if end else clock.now_ms()
    start_ms = ms_from_iso(start, "start") if start else end_ms - DAY_MS
    if not 0 < end_ms - start_ms <= LONGEST_MS:
        raise Invalid("start must lie before end, at most 31 days.")
    return queries.condition(session, machine, start_ms, end_ms)
