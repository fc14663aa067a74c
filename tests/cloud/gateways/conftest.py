"""The broker and the players of the ingest tests, and the whole application."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

sys.path.insert(0, str(Path(__file__).parents[1] / "ingest"))

from edge_player import wait_for

from cloud.app import API, create_app
from cloud.identity.actions import DEMO_PASSWORD
from cloud.settings import Settings

# The fixtures of the ingest tests serve here too.
_spec = importlib.util.spec_from_file_location(
    "ingest_fixtures", Path(__file__).parents[1] / "ingest" / "conftest.py"
)
assert _spec is not None
assert _spec.loader is not None
_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)
broker, player = _fixtures.broker, _fixtures.player

ROOT = Path(__file__).parents[3]


def log_in(client: TestClient, name: str) -> None:
    answer = client.post("/session", json={"username": name, "password": DEMO_PASSWORD})
    assert answer.status_code < 300, answer.text


@pytest.fixture
def client(broker: int, tmp_path: Path) -> Iterator[TestClient]:
    """The application, taking in data, with an administrator logged in."""
    plant = ROOT / "simulators" / "plants" / "demo.toml"
    settings = Settings(data=tmp_path, mqtt_port=broker, plant_file=plant, demo_users=True)
    with TestClient(create_app(settings), base_url=f"https://test{API}") as opened:
        log_in(opened, "admin")
        wait_for(lambda: opened.get("/system").json()["store"]["is_connected"], "connected")
        yield opened
