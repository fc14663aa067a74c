from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from oee_floor import CLOCK, cover, readings, release_orders, store, world

from cloud.app import create_app
from cloud.db import Database
from cloud.identity import access, actions
from cloud.settings import Settings
from simulators.ledger import Ledger
from simulators.plant_file import Plant


@pytest.fixture
def floor(plant_db: Database) -> Callable[..., tuple[Plant, Ledger]]:
    """Puts a world's record into the facts: `floor(seed, covered={machine: [(a, b)]})`."""

    def fill(seed: int, covered: dict[str, list[tuple[int, int]]] | None = None) -> tuple[Plant, Ledger]:
        plant, ledger = world(seed)
        whole = [(ledger.start_ms, ledger.through_ms)]
        with plant_db.write() as session:
            release_orders(session, ledger)
            rows = []
            for machine in ledger.states:
                watched = (covered or {}).get(machine, whole)
                rows += readings(ledger, machine, watched)
                cover(session, machine, watched)
            store(session, rows)
        return plant, ledger

    return fill


@pytest.fixture
def people(plant_db: Database, tmp_path: Path) -> Callable[[str], TestClient]:
    """The application an hour after both shifts, used by somebody of a role."""
    app = create_app(Settings(data=tmp_path, clock=str(CLOCK)), takes_in=False)
    app.state.db = plant_db
    with plant_db.write() as session:
        actions.ensure_roles(session)

    def as_role(role: str) -> TestClient:
        with plant_db.write() as session:
            user = actions.add_user(session, role, role, role, "a-long-password")
            token = actions.open_session(session, user)
        return TestClient(app, cookies={access.COOKIE: token}, raise_server_exceptions=False)

    return as_role


@pytest.fixture
def manager(people: Callable[[str], TestClient]) -> TestClient:
    return people("manager")


@pytest.fixture
def client(plant_db: Database, tmp_path: Path) -> TestClient:
    """The application an hour after both shifts, used by an administrator."""
    app = create_app(Settings(data=tmp_path, clock=str(CLOCK)), takes_in=False)
    app.state.db = plant_db
    with plant_db.write() as session:
        actions.ensure_roles(session)
        user = actions.add_user(session, "w", "W", "admin", "a-long-password")
        token = actions.open_session(session, user)
    return TestClient(app, cookies={access.COOKIE: token}, raise_server_exceptions=False)
