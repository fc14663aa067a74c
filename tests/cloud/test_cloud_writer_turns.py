"""Requests write before background work, nobody is forgotten, and who cannot write in time is told so."""

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager

import anyio
import pytest
from anyio import to_thread
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select, text

from cloud.db import READING_REQUESTS, Database, Read, Tx
from cloud.errors import install_problem_answers
from cloud.identity.actions import audit
from cloud.identity.tables import AuditEntry
from cloud.writer_turns import NoTurn, WriterTurns

LONG_S = 60.0


class Hands:
    """Seconds that pass when somebody turns the hands."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def waiting(turns: WriterTurns, number: int) -> None:
    """Nothing comes back; so many wait for their turn."""

    def wait() -> None:
        deadline_s = time.monotonic() + LONG_S
        while turns.waiting != number:
            assert time.monotonic() < deadline_s, turns.waiting
            threading.Event().wait(0.005)

    await to_thread.run_sync(wait)


@asynccontextmanager
async def beside(*threads: threading.Thread) -> AsyncIterator[None]:
    """Threads that have ended when the block has."""
    yield
    for thread in threads:
        await to_thread.run_sync(thread.join, LONG_S)
        assert not thread.is_alive()


def desk(db: Database) -> FastAPI:
    """An application with one small write and one read."""
    app = FastAPI()
    install_problem_answers(app)
    app.state.db, app.state.reading_turns = db, anyio.Semaphore(READING_REQUESTS)

    @app.post("/entries")
    def enter(session: Tx) -> str:
        audit(session, "somebody", "entered", "an entry", {})
        return "entered"

    @app.get("/entries")
    def count(session: Read) -> int:
        return session.scalar(select(func.count()).select_from(AuditEntry)) or 0

    return app


@pytest.fixture
def hasty(any_db: Database) -> Iterator[Database]:
    """The same database for requests of little patience."""
    db = Database(any_db.url, patience_s=0.3)
    yield db
    db.dispose()


def test_requests_write_before_threads_that_asked_earlier(any_db: Database) -> None:
    order: list[str] = []
    is_writing, may_end = threading.Event(), threading.Event()

    def work(name: str) -> None:
        with any_db.write() as session:
            session.execute(text("SELECT 1"))
            order.append(name)
            is_writing.set()
            assert may_end.wait(LONG_S)

    async def request(name: str) -> None:
        async with any_db.write_for_request() as session:
            await to_thread.run_sync(session.execute, text("SELECT 1"))
            order.append(name)

    async def ask() -> None:
        threads = [threading.Thread(target=work, args=(name,)) for name in ("in work", "second", "third")]
        async with beside(*threads), asyncio.TaskGroup() as requests:
            for place, thread in enumerate(threads):
                thread.start()
                await to_thread.run_sync(is_writing.wait, LONG_S)
                await waiting(any_db.turns, place)
            for place, name in enumerate(("a person", "another"), start=len(threads)):
                requests.create_task(request(name))
                await waiting(any_db.turns, place)
            may_end.set()

    asyncio.run(ask())
    assert order == ["in work", "a person", "another", "second", "third"]
    assert any_db.turns.waiting == 0


def test_background_work_has_its_turn_among_ever_so_many_requests() -> None:
    hands, order = Hands(), list[str]()
    turns = WriterTurns(hands)

    def work() -> None:
        with turns.background(LONG_S):
            order.append("background")

    async def request(name: str) -> None:
        async with turns.request(LONG_S):
            order.append(name)
            hands.now_s += 1.5

    async def ask() -> None:
        thread = threading.Thread(target=work)
        async with beside(thread), asyncio.TaskGroup() as requests, turns.request(LONG_S):
            thread.start()
            await waiting(turns, 1)
            for place, name in enumerate(("a", "b", "c", "d"), start=2):
                requests.create_task(request(name))
                await waiting(turns, place)

    asyncio.run(ask())
    assert order == ["a", "b", "background", "c", "d"]


def test_who_goes_away_or_loses_patience_leaves_the_turn_to_others() -> None:
    turns = WriterTurns()

    async def request(patience_s: float) -> None:
        async with turns.request(patience_s):
            pass

    def work(patience_s: float) -> None:
        with turns.background(patience_s):
            pass

    async def ask() -> None:
        async with turns.request(LONG_S):
            gone = asyncio.create_task(request(LONG_S))
            await waiting(turns, 1)
            gone.cancel()
            with pytest.raises(asyncio.CancelledError):
                await gone
            with pytest.raises(NoTurn):
                await request(0.01)
            with pytest.raises(NoTurn):
                await to_thread.run_sync(work, 0.01)
            assert turns.waiting == 0
        await request(LONG_S)
        await to_thread.run_sync(work, LONG_S)

    asyncio.run(ask())


def test_however_many_lose_patience_one_writes_at_a_time() -> None:
    turns, inside, most, came = WriterTurns(), 0, 0, 0
    chance = random.Random(4)

    @contextmanager
    def counted() -> Iterator[None]:
        nonlocal inside, most, came
        inside, came = inside + 1, came + 1
        most = max(most, inside)
        yield
        inside -= 1

    def work(patience_s: float) -> None:
        with turns.background(patience_s), counted():
            threading.Event().wait(0.0005)

    async def request(patience_s: float) -> None:
        async with turns.request(patience_s):
            with counted():
                await asyncio.sleep(0.0005)

    async def ask() -> None:
        patience = [chance.uniform(0, 0.1) for _ in range(400)]
        asked = [
            request(each) if number % 2 else to_thread.run_sync(work, each)
            for number, each in enumerate(patience)
        ]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        late = [answer for answer in answers if answer is not None]
        assert all(isinstance(answer, NoTurn) for answer in late)
        assert came == len(answers) - len(late)
        await request(LONG_S)

    asyncio.run(ask())
    assert (most, inside, turns.waiting) == (1, 0, 0)


def test_a_request_that_cannot_write_in_time_is_told_to_come_again(hasty: Database) -> None:
    with TestClient(desk(hasty), raise_server_exceptions=False) as client:
        with hasty.write():
            late = client.post("/entries")
            assert client.get("/entries").json() == 0, "who reads waits for no writer"
        served = client.post("/entries")
        assert client.get("/entries").json() == 1
    assert (late.status_code, late.json()["code"], late.headers["retry-after"]) == (503, "busy", "5")
    assert served.status_code == 200


def test_a_request_waits_no_longer_for_another_process(any_db: Database, hasty: Database) -> None:
    with TestClient(desk(hasty), raise_server_exceptions=False) as client:
        with any_db.write() as session:
            session.execute(text("SELECT 1"))
            late = client.post("/entries")
        served = client.post("/entries")
        assert client.get("/entries").json() == 1
    assert (late.status_code, late.json()["code"], late.headers["retry-after"]) == (503, "busy", "5")
    assert served.status_code == 200


def test_what_is_answered_is_stored_and_what_is_refused_is_not(any_db: Database, hasty: Database) -> None:
    """Two processes with long transactions in the background; people in one of them lose their patience."""
    is_over = threading.Event()

    def work(db: Database) -> None:
        while not is_over.is_set():
            with db.write() as session:
                session.execute(text("SELECT 1"))
                is_over.wait(0.1)
            is_over.wait(0.05)  # SQLite hands nothing on between processes

    with TestClient(desk(hasty), raise_server_exceptions=False) as client, ThreadPoolExecutor(16) as pool:
        background = [pool.submit(work, db) for db in (hasty, hasty, any_db)]
        answers = list(pool.map(lambda _: client.post("/entries"), range(60)))
        is_over.set()
        entered = client.get("/entries").json()
    for each in background:
        error = each.exception()
        assert error is None or "locked" in str(error), "SQLite lets no process be sure of its turn"
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) <= {200, 503}
    assert entered == statuses.count(200) > 0
