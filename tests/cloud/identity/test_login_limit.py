"""The limit to guessing passwords: one after the other, and many at a time against a real server."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from cloud.app import create_app
from cloud.db import Database
from cloud.errors import NotAllowed
from cloud.identity import access, tables
from cloud.identity.actions import DEMO_PASSWORD, ensure_demo_users, ensure_roles
from cloud.settings import Settings

PATIENCE_S = 60
Serving = Callable[..., AbstractContextManager[str]]


class Seconds:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def attempt(limit: access.LoginLimit, username: str, address: str, end: Exception | None = None) -> int:
    """Seconds until a login would be let through; 0 when this one was, and ended with `end`."""
    let_in = False
    try:
        async with limit.attempt(username, address):
            let_in = True
            if end is not None:
                raise end
    except NotAllowed as refused:
        return 0 if let_in else int(refused.headers["Retry-After"])
    except ConnectionError:
        return 0
    return 0


def failed(limit: access.LoginLimit, username: str, address: str) -> int:
    return asyncio.run(attempt(limit, username, address, NotAllowed("wrong")))


def looked(limit: access.LoginLimit, username: str, address: str) -> int:
    """The same of a login that neither fails nor succeeds: the database was away."""
    return asyncio.run(attempt(limit, username, address, ConnectionError()))


def test_five_failures_of_a_name_close_the_door_for_five_minutes() -> None:
    seconds = Seconds()
    limit = access.LoginLimit(seconds)
    for _ in range(access.TRIES_PER_NAME):
        assert failed(limit, "paula", "10.0.0.1") == 0
        seconds.now += 1
    assert failed(limit, "paula", "10.0.0.1") == 295
    assert looked(limit, "paula", "10.0.0.2") == 0, "a stranger must not lock Paula out"
    assert looked(limit, "otto", "10.0.0.1") == 0
    seconds.now += 295
    assert looked(limit, "paula", "10.0.0.1") == 0


def test_twenty_failures_of_any_names_close_the_door_for_an_address() -> None:
    limit = access.LoginLimit(Seconds())
    for number in range(access.TRIES_PER_ADDRESS):
        assert looked(limit, "paula", "10.0.0.1") == 0
        limit.refuse(f"guess{number}", "10.0.0.1")
    assert looked(limit, "paula", "10.0.0.1") == 300
    with pytest.raises(NotAllowed, match="300 seconds"):
        limit.refuse("one more", "10.0.0.1")


def test_a_success_forgives_and_the_memory_of_failures_is_bounded() -> None:
    limit = access.LoginLimit(Seconds(), most_keys=100)
    for _ in range(4):
        failed(limit, "paula", "a")
    assert asyncio.run(attempt(limit, "paula", "a")) == 0
    for _ in range(4):
        assert failed(limit, "paula", "a") == 0
    assert looked(limit, "paula", "a") == 0
    for number in range(300):
        limit.refuse("x", str(number))
    assert len(limit._failures) <= 100
    assert not limit._under_way


@pytest.fixture
def server(db: Database, tmp_path: Path, serving: Serving) -> Iterator[str]:
    """The address of a real server with the demo users."""
    with db.write() as session:
        ensure_roles(session)
        ensure_demo_users(session)
    app = create_app(Settings(data=tmp_path), takes_in=False)
    app.state.db = db
    with serving(app, lifespan="off") as address:
        yield f"{address}/api/v1/session"


async def log_in_together(url: str, logins: list[tuple[str, str]]) -> list[int]:
    """The status of each answer; every login is sent before the first answer is read."""
    limits = httpx.Limits(max_connections=len(logins))
    async with httpx.AsyncClient(timeout=PATIENCE_S, trust_env=False, limits=limits) as client:
        bodies = [{"username": name, "password": password} for name, password in logins]
        answers = await asyncio.gather(*(client.post(url, json=body) for body in bodies))
    return [answer.status_code for answer in answers]


def test_forty_guesses_at_a_time_are_no_more_guesses_than_five(server: str, db: Database) -> None:
    guesses = [("admin", f"password{number}") for number in range(40)]
    assert Counter(asyncio.run(log_in_together(server, guesses))) == {401: 5, 429: 35}
    assert asyncio.run(log_in_together(server, [("admin", DEMO_PASSWORD)])) == [429]
    with db.read() as session:
        refused = session.scalars(select(tables.AuditEntry.action)).all()
    assert refused == ["session.refused"] * 5


def test_guesses_at_many_names_at_a_time_stop_at_twenty(server: str) -> None:
    guesses = [(f"name{number}", "password1") for number in range(40)]
    assert Counter(asyncio.run(log_in_together(server, guesses))) == {401: 20, 429: 20}


def test_right_logins_at_a_time_are_all_let_in_and_wait_for_each_other(server: str) -> None:
    assert asyncio.run(log_in_together(server, [("operator", DEMO_PASSWORD)] * 30)) == [200] * 30
