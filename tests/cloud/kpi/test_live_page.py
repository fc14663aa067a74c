"""The live plant page and its stream, asked of the real application."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event, insert
from sqlalchemy.orm import Session

from cloud.app import create_app
from cloud.db import Database
from cloud.identity import access, actions
from cloud.ingest.tables import Coverage, SignalFact
from cloud.kpi import routes
from cloud.kpi.events import HUB, TOPICS, LiveHub
from cloud.kpi.queries import andon, live_plant
from cloud.kpi.reactions import keep_nothing, tell
from cloud.oee import events as oee_events
from cloud.oee.queries import Moments
from cloud.orders.actions import enter_order
from cloud.orders.schemas import OrderIn, OrderLineIn
from cloud.outbox import Consumer, announce, dispatch
from cloud.plant.tables import CalendarException
from cloud.production.actions import release_work_order
from cloud.production.events import HEARD
from cloud.production.reactions import react
from cloud.production.schemas import WorkOrderIn
from cloud.settings import Settings
from wire.clock import PlantClock

Serving = Callable[..., AbstractContextManager[str]]
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)  # two hours into the late shift
NOW_MS = int(NOW.timestamp() * 1000)
MINUTE_MS = 60_000
PATIENCE_S = 60.0


def clock() -> PlantClock:
    """A clock that stands at `NOW`."""
    return PlantClock(NOW, datetime.now(UTC) + timedelta(days=1), 60)


def tell_fact(session: Session, kind: str, source: str, ago_min: float, value: float | str) -> None:
    ts_ms = NOW_MS - round(ago_min * MINUTE_MS)
    number = isinstance(value, float | int)
    session.execute(
        insert(SignalFact),
        [
            {
                "kind": kind,
                "source": source,
                "stream": "b" * 32,
                "position": ts_ms,
                "ord": 0,
                "ts_ms": ts_ms,
                "value": float(value) if number else None,
                "text": None if number else value,
                "quality": 192,
            }
        ],
    )
    kinds = {"good": "PartsCounted", "reject": "PartsCounted", "job": "JobChanged", "state": "StateChanged"}
    announce(session, kinds[kind], {"windows": {source: [ts_ms, ts_ms + 1]}})


def release(session: Session, number: int, order: str) -> None:
    line = OrderLineIn(line=1, product="BD-280", quantity=Decimal(40), due="2026-03-04T08:00:00Z")
    enter_order(session, OrderIn(number=order, customer="ningbo-axle", lines=[line]), "test", NOW_MS)
    wanted = WorkOrderIn(number=number, order=order, line=1, quantity=Decimal(40))
    release_work_order(session, wanted, "test", NOW_MS)


def consumers(*, only_live: bool = False) -> tuple[Consumer, ...]:
    live = Consumer("live", frozenset({"PartsCounted", "StateChanged"}), keep_nothing, tell)
    return (live,) if only_live else (Consumer("production", HEARD, react), live)


def tiles(db: Database) -> dict[str, Any]:
    with db.read() as session:
        return {tile.machine: tile for tile in live_plant(session, NOW_MS, 60).tiles}


@pytest.fixture
def app(plant_db: Database, tmp_path: Path) -> FastAPI:
    """The application with its clock standing at `NOW`, on a database that is already open."""
    application = create_app(Settings(data=tmp_path, clock=str(clock())), takes_in=False)
    application.state.db = plant_db
    if not any(getattr(route, "path", "").endswith("/live") for route in application.routes):
        application.include_router(routes.router, prefix="/api/v1")
    return application


@pytest.fixture
def token(plant_db: Database) -> str:
    with plant_db.write() as session:
        actions.ensure_roles(session)
        user = actions.add_user(session, "w", "W", "operator", "a-long-password")
        return actions.open_session(session, user)


@pytest.fixture
def server(app: FastAPI, serving: Serving) -> Iterator[str]:
    """The address of a real server of the application; its streams end when it is told to stop."""
    with serving(app, lifespan="off", timeout_graceful_shutdown=5) as address:
        yield address
        app.state.stopping.set()


class Stream:
    """An open event stream, read in a thread of its own."""

    def __init__(self, address: str, token: str) -> None:
        self.events: list[tuple[str, dict[str, Any], float]] = []
        self._news = threading.Condition()
        self._client = httpx.Client(cookies={access.COOKIE: token}, timeout=PATIENCE_S)
        self._thread = threading.Thread(target=self._read, args=(f"{address}/api/v1/live/events",))
        self._thread.start()

    def _read(self, url: str) -> None:
        kind = ""
        try:
            with self._client.stream("GET", url) as answer:
                for line in answer.iter_lines():
                    if line.startswith("event: "):
                        kind = line.removeprefix("event: ")
                    elif line.startswith("data: "):
                        with self._news:
                            body = json.loads(line.removeprefix("data: "))
                            self.events.append((kind, body, time.monotonic()))
                            self._news.notify_all()
        finally:
            with self._news:
                self.events.append(("end", {}, time.monotonic()))
                self._news.notify_all()

    def wait_for(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        def found() -> list[dict[str, Any]]:
            return [body for name, body, _ in self.events if name == kind]

        with self._news:
            assert self._news.wait_for(lambda: len(found()) >= count, PATIENCE_S), self.events
            return found()

    def wait_for_topics(self, *topics: str) -> None:
        def told() -> set[str]:
            return {topic for name, body, _ in self.events if name == "changed" for topic in body["topics"]}

        with self._news:
            assert self._news.wait_for(lambda: told() >= set(topics), PATIENCE_S), self.events

    def close(self) -> None:
        self._thread.join(PATIENCE_S)
        self._client.close()


def test_a_tile_shows_state_order_counts_and_how_long_the_state_lasts(plant_db: Database) -> None:
    with plant_db.write() as session:
        release(session, 6001, "SO-9")
        tell_fact(session, "job", "L1-OP10", 31, 600110)
        tell_fact(session, "good", "L1-OP10", 30, 0)
        for ago_min, state in ((29, "setup"), (20, "running"), (10, "running"), (1, "running")):
            tell_fact(session, "state", "L1-OP10", ago_min, state)
        tell_fact(session, "good", "L1-OP10", 12, 3)
    while dispatch(plant_db, consumers()):
        pass
    shown = tiles(plant_db)
    assert len(shown) == 9
    tile = shown["L1-OP10"]
    assert (tile.state, tile.state_since) == ("running", "2026-03-02T09:40:00.000Z")
    assert (tile.running.order, tile.running.good, tile.running.target) == ("SO-9", 3, 40)
    assert tile.running.customer.en == "Ningbo Axle"
    assert tile.running.customer_due == "2026-03-04T08:00:00.000Z"
    assert (tile.shift_good, tile.shift_rejected) == (3, 0)
    assert not tile.fresh
    assert shown["L2-OP40"].state == "unobserved"


def test_a_machine_is_fresh_while_its_coverage_reaches_now(plant_db: Database) -> None:
    with plant_db.write() as session:
        for machine, ago_min in (("L1-OP10", 5), ("L1-OP20", 11)):
            watched = {"since_ms": NOW_MS - 60 * MINUTE_MS, "through_ms": NOW_MS - ago_min * MINUTE_MS}
            session.add(Coverage(source=machine, **watched))
    shown = tiles(plant_db)
    # Ten real seconds are ten plant minutes at ×60.
    assert (shown["L1-OP10"].fresh, shown["L1-OP20"].fresh) == (True, False)
    assert shown["L1-OP10"].observed_through == "2026-03-02T09:55:00.000Z"


def test_the_page_names_the_shift_that_runs(plant_db: Database) -> None:
    with plant_db.read() as session:
        page = live_plant(session, NOW_MS, 60)
    assert (page.shift, page.shift_start, page.shift_end) == (
        "late",
        "2026-03-02T08:00:00.000Z",
        "2026-03-02T16:00:00.000Z",
    )
    assert (page.plant_now, page.speed, page.in_break) == ("2026-03-02T10:00:00.000Z", 60.0, False)


@pytest.mark.parametrize(("shift", "shown"), [(None, "Extra shift"), ("Sunday overtime", "Sunday overtime")])
def test_the_page_and_the_board_are_shown_in_an_extra_shift(
    plant_db: Database, shift: str | None, shown: str
) -> None:
    sunday = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)  # 10:00 local, when no shift of the week runs
    with plant_db.write() as session:
        extra = {"day": "2026-03-01", "kind": "extra", "shift": shift, "start": "09:00", "end": "13:00"}
        session.add(CalendarException(**extra, note="", username="w"))
    at_ms = int(sunday.timestamp() * 1000)
    with plant_db.read() as session:
        page, board = live_plant(session, at_ms, 60), andon(session, at_ms, 60)
    for name in (page.shift_name, board.shift_name):
        assert name is not None
        assert name.en == shown
    assert page.shift_end == "2026-03-01T05:00:00.000Z"


def test_many_callers_share_one_reckoning(plant_db: Database) -> None:
    began = []
    event.listen(plant_db._reader, "begin", began.append)
    moments = Moments(plant_db, clock())

    async def ask() -> list[bytes]:
        look = partial(live_plant, speed=60)
        return await asyncio.gather(*(moments.answer("live", look) for _ in range(50)))

    answers = asyncio.run(ask())
    assert len(set(answers)) == 1
    assert len(began) == 1


def test_the_page_is_answered_over_http_to_who_may_read_the_plant(server: str, token: str) -> None:
    assert httpx.get(f"{server}/api/v1/live").status_code == 401
    assert httpx.get(f"{server}/api/v1/live/events").status_code == 401
    answer = httpx.get(f"{server}/api/v1/live", cookies={access.COOKIE: token})
    assert answer.status_code == 200
    assert len(answer.json()["tiles"]) == 9


@pytest.mark.slow
def test_an_open_page_hears_what_changed_at_most_once_a_second(
    server: str, token: str, plant_db: Database
) -> None:
    stream = Stream(server, token)
    # The clock of this plant has not begun to go, so the page is told to let its own stand.
    assert stream.wait_for("clock")[0] == {"plant_now": "2026-03-02T10:00:00.000Z", "speed": 0.0}
    for ago_min in range(5):
        with plant_db.write() as session:
            tell_fact(session, "state", "L1-OP10", ago_min, "running")
        while dispatch(plant_db, consumers(only_live=True)):
            pass
    assert stream.wait_for("changed")[0]["topics"] == ["live", "oee"]
    HUB.touch(["orders"])
    HUB.touch(["alarms", "orders"])
    stream.wait_for_topics("orders", "alarms")
    at_s = [at for kind, _, at in stream.events if kind == "changed"]
    assert all(later - earlier > 0.9 for earlier, later in pairwise(at_s))


@pytest.mark.slow
def test_streams_end_when_the_server_is_told_to_stop(app: FastAPI, server: str, token: str) -> None:
    streams = [Stream(server, token) for _ in range(3)]
    for stream in streams:
        stream.wait_for("clock")
    app.state.stopping.set()
    for stream in streams:
        stream.wait_for("end")
        stream.close()


def test_pages_hear_of_all_that_changes_figures() -> None:
    said_by_people = {"DowntimeCorrected", oee_events.SCRAP_CHARGED, *oee_events.HEARD}
    kinds = {*said_by_people, *oee_events.WINDOW_KINDS, oee_events.SHIFT_TOTALS_CHANGED}
    assert {kind for kind in kinds if "oee" not in TOPICS.get(kind, ())} == set()


def test_a_slow_page_gathers_topics_not_events() -> None:
    hub = LiveHub()

    async def listen() -> tuple[list[str], bool]:
        with hub.listen() as listener:
            with ThreadPoolExecutor(4) as threads:
                list(threads.map(lambda _: hub.touch(["oee", "live"]), range(2000)))
            heard = await listener.wait(PATIENCE_S)
            assert heard
            return listener.take(), await listener.wait(0.0)

    topics, is_more = asyncio.run(listen())
    assert topics == ["live", "oee"]
    assert not is_more
    assert hub.listeners == 0


def test_the_page_asks_the_database_no_more_for_more_machines(plant_db: Database) -> None:
    said: list[str] = []
    event.listen(plant_db._reader, "before_cursor_execute", lambda *args: said.append(args[2]))
    numbers = []
    for place, machine in enumerate(("L1-OP10", "L1-OP20", "L2-OP10", "L2-OP20")):
        with plant_db.write() as session:
            for minute in range(30):
                state = "running" if minute % 3 else "idle"
                tell_fact(session, "state", machine, minute + place / 10, state)
            tell_fact(session, "good", machine, 3 + place / 10, 7)
            tell_fact(session, "job", machine, 40 + place / 10, 600110)
            watched = {"since_ms": NOW_MS - 60 * MINUTE_MS, "through_ms": NOW_MS}
            session.add(Coverage(source=machine, **watched))
        said.clear()
        shown = tiles(plant_db)
        assert [tile.state for tile in shown.values()].count("idle") == place + 1
        numbers.append(len(said))
    assert numbers == numbers[:1] * 4
    assert numbers[0] < 40
