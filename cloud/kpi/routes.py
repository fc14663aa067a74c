"""What stands above all slices over HTTP: the live plant, its stream, the board, the report, the thread."""

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial
from threading import Event
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from cloud.db import Read, RowId, Tx
from cloud.errors import NotAllowed
from cloud.identity.access import User, may
from cloud.kpi import actions, schemas
from cloud.kpi.events import HUB, Listener
from cloud.kpi.queries import andon, live_plant, shift_report, thread_with_alarms
from cloud.kpi.schemas import AndonOut, LivePlant, ShiftReport
from cloud.oee.access import SharedMoments
from cloud.oee.queries import policy_named
from cloud.plant.access import Clock
from cloud.plant.schemas import iso, ms_from_iso
from cloud.production.schemas import OrderThread
from wire.clock import PlantClock

router = APIRouter(tags=["live"])

LISTENER = may("plant.read")
MayReadPlant = Annotated[User, Depends(LISTENER)]
MayHandOver = Annotated[User, Depends(may("handover.write"))]

CHANGED_S = 1.0  # a page hears of changes at most this often
CLOCK_S = 5.0
LOGIN_S = 30.0  # how often an open stream makes sure that its session still stands
STOP_S = 0.5  # how soon an open stream notices that the server stops


@router.get("/live", response_model=LivePlant)
async def show_live_plant(_user: MayReadPlant, clock: Clock, moments: SharedMoments) -> Response:
    """All machines now; not older than a real second."""
    seen = await moments.answer("live", partial(live_plant, speed=clock.speed))
    return Response(seen, media_type="application/json")


@router.get("/live/andon", response_model=AndonOut)
async def show_andon(_user: MayReadPlant, clock: Clock, moments: SharedMoments) -> Response:
    """All lines for a board: counts against targets, running orders, stops with reasons, alarms."""
    seen = await moments.answer("andon", partial(andon, speed=clock.speed))
    return Response(seen, media_type="application/json")


@router.get("/report/shift", tags=["report"])
def show_shift_report(
    session: Read,
    _user: MayReadPlant,
    clock: Clock,
    scope: Annotated[str, Query(description="`site`, `line:ID` or `machine:ID`.", max_length=80)] = "site",
    at: Annotated[
        str | None, Query(description="ISO 8601 with zone, in the shift; without it the running or last one.")
    ] = None,
    policy: Annotated[str, Query(description="`iso22400`, `vorne` or `point85`.")] = "iso22400",
) -> ShiftReport:
    """What a shift made and lost: OEE, stops, counts by order, scrap, alarms, notes, handover."""
    at_ms = None if at is None else ms_from_iso(at, "at")
    return shift_report(session, scope, at_ms, clock.now_ms(), policy=policy_named(policy))


@router.post("/report/handover", tags=["report"])
def write_handover_note(
    wanted: schemas.HandoverNoteIn, session: Tx, user: MayHandOver, clock: Clock
) -> schemas.HandoverNoteOut:
    """The new note for those who come after a shift."""
    return actions.write_note(session, wanted, user, clock.now_ms())


@router.put("/report/handover/{number}", tags=["report"])
def change_handover_note(
    number: RowId, wanted: schemas.HandoverTextIn, session: Tx, user: MayHandOver, clock: Clock
) -> schemas.HandoverNoteOut:
    """The note with another text; one's own, or any with `handover.manage`."""
    return actions.change_note(session, number, wanted, user, clock.now_ms())


@router.post("/report/handover/{number}/withdraw", tags=["report"])
def withdraw_handover_note(
    number: RowId, wanted: schemas.HandoverRef, session: Tx, user: MayHandOver, clock: Clock
) -> schemas.HandoverNoteOut:
    """The note, which holds no more; it stays to be read with who withdrew it."""
    return actions.withdraw_note(session, number, wanted, user, clock.now_ms())


@router.get("/live/events", response_class=EventSourceResponse)
async def follow_live_plant(
    request: Request, user: MayReadPlant, clock: Clock
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events: `changed` with the topics that changed, `clock` every five seconds."""
    stopping: Event = request.app.state.stopping
    checked_s = time.monotonic()
    with HUB.listen() as listener:
        async for event in _events(listener, clock, stopping):
            if time.monotonic() - checked_s > LOGIN_S:
                checked_s = time.monotonic()
                if not await run_sync(_still_may, request, user):
                    return
            yield event


async def _events(listener: Listener, clock: PlantClock, stopping: Event) -> AsyncIterator[ServerSentEvent]:
    """The events of one page until the server stops; while it is slow, topics gather in the listener."""
    changed_s = clock_s = float("-inf")
    while not stopping.is_set():
        now_s = time.monotonic()
        if now_s - clock_s >= CLOCK_S:
            clock_s = now_s
            yield ServerSentEvent(
                event="clock", data={"plant_now": iso(clock.now_ms()), "speed": clock.pace()}
            )
        if not await listener.wait(STOP_S):
            continue
        pause_s = changed_s + CHANGED_S - time.monotonic()
        if pause_s > 0:
            await asyncio.sleep(min(pause_s, STOP_S))
            continue
        changed_s = time.monotonic()
        yield ServerSentEvent(event="changed", data={"topics": listener.take()})


@router.get("/orders/{number}/thread", tags=["production"])
def follow_order(
    session: Read,
    _user: Annotated[User, Depends(may("orders.read"))],
    clock: Clock,
    number: Annotated[str, Path(max_length=40)],
    events: Annotated[int, Query(ge=0, le=5000)] = 100,
    units: Annotated[int, Query(ge=0, le=5000)] = 50,
) -> OrderThread:
    """The order down to machine events (alarms among them) and units: the newest of each work order."""
    return thread_with_alarms(session, number, clock.now_ms(), events=events, units=units)


def _still_may(request: Request, user: User) -> bool:
    """Whether session or token still stand for the same user with the same rights."""
    try:
        return LISTENER(request) == user
    except NotAllowed:
        return False
