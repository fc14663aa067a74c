"""The live plant page over HTTP, with the stream that tells open pages to look again."""

import asyncio
import time
from collections.abc import AsyncIterator
from threading import Event
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from cloud.db import database
from cloud.identity.access import COOKIE, User, may, user_of
from cloud.kpi.events import HUB, Listener
from cloud.kpi.queries import SharedLive
from cloud.kpi.schemas import LivePlant
from cloud.plant.access import Clock
from cloud.plant.schemas import iso
from wire.clock import PlantClock

router = APIRouter(tags=["live"])

MayReadPlant = Annotated[User, Depends(may("plant.read"))]

CHANGED_S = 1.0  # a page hears of changes at most this often
CLOCK_S = 5.0
LOGIN_S = 30.0  # how often an open stream makes sure that its session still stands
STOP_S = 0.5  # how soon an open stream notices that the server stops


async def shared_live(request: Request) -> SharedLive:
    """The application's shared live plant, made at the first call."""
    state = request.app.state
    if not hasattr(state, "live"):
        state.live = SharedLive(state.db, state.clock)
    live: SharedLive = state.live
    return live


@router.get("/live", response_model=LivePlant)
async def show_live_plant(_user: MayReadPlant, live: Annotated[SharedLive, Depends(shared_live)]) -> Response:
    """All machines now; not older than a real second."""
    return Response(await live.json(), media_type="application/json")


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
                event="clock", data={"plant_now": iso(clock.now_ms()), "speed": clock.speed}
            )
        if not await listener.wait(STOP_S):
            continue
        pause_s = changed_s + CHANGED_S - time.monotonic()
        if pause_s > 0:
            await asyncio.sleep(min(pause_s, STOP_S))
            continue
        changed_s = time.monotonic()
        yield ServerSentEvent(event="changed", data={"topics": listener.take()})


def _still_may(request: Request, user: User) -> bool:
    with database(request).read() as session:
        return user_of(session, request.cookies.get(COOKIE)) == user
