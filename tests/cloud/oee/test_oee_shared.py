"""Many who ask about the plant at once cost as much as one, and see what people change."""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from oee_floor import cover, store
from pydantic import BaseModel
from sqlalchemy.orm import Session

from cloud.app import create_app
from cloud.db import Database
from cloud.errors import NotFound
from cloud.identity import access, actions
from cloud.identity.tables import Role
from cloud.oee import queries
from cloud.oee.queries import shared
from cloud.plant.schemas import iso
from cloud.settings import Settings
from wire.clock import PlantClock

START = 1_772_409_600_000  # 2026-03-02T08:00+08:00, the early shift begins
HOUR = 3_600_000
NOW = START + 4 * HOUR
MACHINE = "L1-OP10"
SHIFT = {"scope": f"machine:{MACHINE}", "period": "shift"}
CLOSED = {"scope": f"machine:{MACHINE}", "from": iso(START), "to": iso(START + 2 * HOUR)}
MANAGER = "manager"


def clock() -> PlantClock:
    """Four hours into the shift; it stands still."""
    at = datetime.fromtimestamp(NOW / 1000, UTC)
    return PlantClock(at, datetime.now(UTC) + timedelta(days=1), 60)


class Hands:
    """Seconds that pass when somebody turns the hands."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Told(BaseModel):
    """A small answer."""

    number: int
    text: str = ""


class Counted:
    """A look that counts how often it is taken; each may take `seconds` on the hands."""

    def __init__(self, hands: Hands | None = None, seconds: float = 0.0) -> None:
        self.hands = hands
        self.seconds = seconds
        self.times: list[int] = []

    def __call__(self, _session: Session, now_ms: int) -> Told:
        self.times.append(now_ms)
        if self.hands is not None:
            self.hands.now_s += self.seconds
        return Told(number=len(self.times))


def fill(db: Database) -> None:
    """Sixty parts in the first hour, and a stop of half an hour in the second."""
    with db.write() as session:
        store(session, [("state", MACHINE, START, "running"), ("good", MACHINE, START + 1, 0)])
        store(session, [("good", MACHINE, START + HOUR, 60), ("state", MACHINE, START + HOUR, "idle")], 10)
        store(session, [("state", MACHINE, START + 3 * HOUR // 2, "running")], 20)
        cover(session, MACHINE, [(START, START + 5 * HOUR)])


def asked(moments: queries.Moments, look: shared.Look, times: int = 1, **how: bool) -> list[bytes]:
    async def ask() -> list[bytes]:
        return await asyncio.gather(*(moments.answer("what", look, **how) for _ in range(times)))

    return asyncio.run(ask())


def test_a_question_about_the_shift_is_answered_like_one_about_its_window(plant_db: Database) -> None:
    fill(plant_db)
    together = queries.Moments(plant_db, clock())
    for by in (None, "machine", "line", "shift", "hour"):
        with plant_db.read() as session, plant_db.read() as plain:
            shared.join(session, together.present())
            if by is None:
                one = queries.oee(session, "site", (START, NOW), NOW)
                other = queries.oee(plain, "site", (START, NOW), NOW)
            else:
                one = queries.oee_by(session, "site", (START, NOW), by, NOW)
                other = queries.oee_by(plain, "site", (START, NOW), by, NOW)
            assert one == other
            assert one.figure.good == 60


def test_of_many_who_ask_at_once_one_reckons(plant_db: Database) -> None:
    look = Counted()
    answers = asked(queries.Moments(plant_db, clock(), Hands()), look, 50)
    assert set(answers) == {b'{"number":1,"text":""}'}
    assert look.times == [NOW]


def test_a_machine_is_reckoned_once_for_all_questions_of_a_moment(plant_db: Database) -> None:
    fill(plant_db)
    moment = queries.Moments(plant_db, clock(), Hands()).present()
    with plant_db.read() as session:
        shared.join(session, moment)
        site = queries.oee(session, "site", (START, NOW), NOW)
    with plant_db.write() as session:  # no request: the moment goes on
        store(session, [("good", MACHINE, START + 2 * HOUR, 70)], 30)
    with plant_db.read() as session:
        shared.join(session, moment)
        line = queries.oee_by(session, "line:L1", (START, NOW), "machine", NOW)
    assert (site.figure.good, line.figure.good) == (60, 60)


def test_one_who_goes_away_does_not_take_the_answer_from_the_others(plant_db: Database) -> None:
    moments = queries.Moments(plant_db, clock(), Hands())
    begun, go_on = threading.Event(), threading.Event()

    def slow(_session: Session, _now_ms: int) -> Told:
        begun.set()
        assert go_on.wait(30)
        return Told(number=1)

    async def ask() -> bytes:
        first = asyncio.create_task(moments.answer("what", slow))
        await asyncio.to_thread(begun.wait, 30)
        second = asyncio.create_task(moments.answer("what", slow))
        await asyncio.sleep(0)
        first.cancel()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await first
        return await second

    assert asyncio.run(ask()) == b'{"number":1,"text":""}'


def test_an_answer_is_given_again_for_a_second_at_most(plant_db: Database) -> None:
    hands, look = Hands(), Counted()
    moments = queries.Moments(plant_db, clock(), hands)
    for now_s, reckoned in ((0.0, 1), (0.9, 1), (1.0, 2), (1.9, 2), (2.0, 3)):
        hands.now_s = now_s
        asked(moments, look)
        assert len(look.times) == reckoned


def test_a_commit_ends_a_moment_after_four_times_its_reckoning(plant_db: Database) -> None:
    hands = Hands()
    look = Counted(hands, 0.1)
    moments = queries.Moments(plant_db, clock(), hands)
    asked(moments, look)
    with plant_db.write() as session:
        store(session, [("good", MACHINE, START, 0)])
    for now_s, reckoned in ((0.3, 1), (0.5, 2), (1.0, 2)):
        hands.now_s = now_s
        asked(moments, look)
        assert len(look.times) == reckoned


def test_what_a_request_writes_is_seen_by_the_next_who_asks(plant_db: Database) -> None:
    fill(plant_db)
    moments = queries.Moments(plant_db, clock(), Hands())

    def good(session: Session, now_ms: int) -> Told:
        figures = queries.shift_figures(session, now_ms).figures
        return Told(number=figures[MACHINE].good)

    before = asked(moments, good)

    async def request() -> None:
        async with plant_db.write_for_request() as session:
            store(session, [("good", MACHINE, START + 2 * HOUR, 70)], 30)

    asyncio.run(request())
    assert (before, asked(moments, good)) == ([b'{"number":60,"text":""}'], [b'{"number":70,"text":""}'])


def test_an_exact_answer_misses_no_commit_at_all(plant_db: Database) -> None:
    moments, look = queries.Moments(plant_db, clock(), Hands()), Counted()
    asked(moments, look, 3, exact=True)
    asked(moments, look, exact=True)
    assert len(look.times) == 1
    with plant_db.write() as session:
        store(session, [("good", MACHINE, START, 0)])
    asked(moments, look, exact=True)
    assert len(look.times) == 2


def test_a_commit_that_failed_changes_nothing(plant_db: Database) -> None:
    moments, look = queries.Moments(plant_db, clock(), Hands()), Counted()
    asked(moments, look)

    async def request() -> None:
        async with plant_db.write_for_request():
            raise RuntimeError

    with pytest.raises(RuntimeError):
        asyncio.run(request())
    asked(moments, look)
    assert len(look.times) == 1


def test_an_error_is_told_to_all_who_wait_and_asked_again(plant_db: Database) -> None:
    moments, look = queries.Moments(plant_db, clock(), Hands()), Counted()

    def fail(_session: Session, _now_ms: int) -> Told:
        raise NotFound("nothing there")

    async def ask() -> list[Any]:
        return await asyncio.gather(*(moments.answer("what", fail) for _ in range(3)), return_exceptions=True)

    assert [type(each) for each in asyncio.run(ask())] == [NotFound] * 3
    assert asked(moments, look) == [b'{"number":1,"text":""}']


def test_a_moment_keeps_no_more_than_its_room(plant_db: Database) -> None:
    moments = queries.Moments(plant_db, clock(), Hands())
    third = "x" * (shared.MOST_BYTES // 3)

    async def ask() -> None:
        for number in range(5):
            await moments.answer(number, lambda _session, _now: Told(number=0, text=third))

    asyncio.run(ask())
    assert len(moments.present().answers) == 2
    assert moments.present().kept_bytes <= shared.MOST_BYTES


Login = Callable[[str], TestClient]


@pytest.fixture
def login(plant_db: Database, tmp_path: Path) -> Login:
    """A client of one application, logged in with a role; without one it is nobody."""
    fill(plant_db)
    app = create_app(Settings(data=tmp_path, clock=str(clock())), takes_in=False)
    app.state.db = plant_db  # its lifespan would open one of its own; it is not entered
    app.state.oee_moments = queries.Moments(plant_db, clock(), Hands())  # no second passes
    with plant_db.write() as session:
        actions.ensure_roles(session)
        session.add(
            Role(id="guest", name_zh="客", name_en="Guest", permissions=["orders.read"], reserved=False)
        )

    def client(role: str) -> TestClient:
        if not role:
            return TestClient(app)
        with plant_db.write() as session:
            token = actions.open_session(
                session, actions.add_user(session, role, role, role, "a-long-password")
            )
        return TestClient(app, cookies={access.COOKIE: token})

    return client


def test_nobody_is_answered_from_what_others_asked_who_may_not_ask(login: Login) -> None:
    assert login(MANAGER).get("/api/v1/oee", params=SHIFT).status_code == 200
    assert login("guest").get("/api/v1/oee", params=SHIFT).status_code == 403
    assert login("").get("/api/v1/oee", params=SHIFT).status_code == 401
    assert login("").get("/api/v1/live").status_code == 401


@pytest.mark.parametrize("asked_for", [SHIFT, CLOSED])
def test_a_reason_is_in_the_figure_as_soon_as_it_is_said(login: Login, asked_for: dict[str, str]) -> None:
    client = login(MANAGER)

    def losses() -> tuple[float, float]:
        found = client.get("/api/v1/oee", params=asked_for).json()["figure"]["losses"]
        return found["waiting"], found["breakdown"]

    assert losses() == (1800, 0)
    stop = {"machine": MACHINE, "start": iso(START + HOUR), "end": iso(START + 3 * HOUR // 2)}
    said = client.post("/api/v1/downtime/assign", json={"stops": [stop], "reason": "eq-electrical"})
    assert said.status_code == 200
    assert losses() == (0, 1800)
    [number] = said.json()["numbers"]
    assert client.post(f"/api/v1/downtime/corrections/{number}/withdraw").status_code == 204
    assert losses() == (1800, 0)


def test_a_rule_a_target_and_a_day_off_are_in_the_figure_as_soon_as_they_are_said(login: Login) -> None:
    client = login("admin")

    def shown() -> dict[str, Any]:
        answer: dict[str, Any] = client.get("/api/v1/oee", params=SHIFT).json()
        return answer

    assert (shown()["target"], shown()["figure"]["losses"]["setup"]) == (None, 0)
    target = client.put(f"/api/v1/oee/targets/machine:{MACHINE}", json={"oee": 0.8})
    assert target.status_code == 200
    assert shown()["target"]["oee"] == 0.8
    rule = client.post("/api/v1/downtime/rules", json={"reason": "eq-electrical", "states": ["idle"]})
    assert rule.status_code in {200, 201}
    assert shown()["figure"]["losses"]["breakdown"] == 1800
    planned_s = shown()["figure"]["planned_s"]
    day = {"day": "2026-03-02", "kind": "changed", "shift": "early", "start": "09:00"}
    assert client.post("/api/v1/calendar/exceptions", json=day).status_code in {200, 201}
    assert shown()["figure"]["planned_s"] == planned_s - 3600


def test_a_fact_of_a_window_that_is_over_is_in_its_figure_at_once(login: Login, plant_db: Database) -> None:
    client = login(MANAGER)
    assert client.get("/api/v1/oee", params=CLOSED).json()["figure"]["good"] == 60
    with plant_db.write() as session:
        store(session, [("good", MACHINE, START + 2 * HOUR - 1, 75)], 30)
    assert client.get("/api/v1/oee", params=CLOSED).json()["figure"]["good"] == 75
