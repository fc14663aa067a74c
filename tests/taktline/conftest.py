"""A real cloud at which the people of the demo's plant may speak."""

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn

from cloud.app import create_app
from cloud.settings import Settings
from simulators.plant_file import read_plant
from wire.clock import PlantClock

PATIENCE_S = 60


@pytest.fixture
def url(root: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a real cloud whose plant time stands an hour and a half after the plant's origin."""
    plant_file = root / "simulators" / "plants" / "demo.toml"
    now = datetime.fromtimestamp(read_plant(plant_file).origin_ms / 1000, UTC) + timedelta(minutes=90)
    clock = PlantClock(now, datetime.now(UTC) + timedelta(days=1), 60)
    settings = Settings(data=tmp_path, plant_file=plant_file, demo_users=True, clock=str(clock))
    running = uvicorn.Server(uvicorn.Config(create_app(settings, takes_in=False), log_level="error"))
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=running.run, args=([listening],))
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    running.should_exit = True
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
