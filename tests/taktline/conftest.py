"""A real cloud at which the people of the demo's plant may speak."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloud.app import create_app
from cloud.settings import Settings
from simulators.plant_file import read_plant
from wire.clock import PlantClock

Serving = Callable[..., AbstractContextManager[str]]


@pytest.fixture
def url(root: Path, tmp_path: Path, serving: Serving) -> Iterator[str]:
    """The address of a real cloud whose plant time stands an hour and a half after the plant's origin."""
    plant_file = root / "simulators" / "plants" / "demo.toml"
    now = datetime.fromtimestamp(read_plant(plant_file).origin_ms / 1000, UTC) + timedelta(minutes=90)
    clock = PlantClock(now, datetime.now(UTC) + timedelta(days=1), 60)
    settings = Settings(data=tmp_path, plant_file=plant_file, demo_users=True, clock=str(clock))
    with serving(create_app(settings, takes_in=False)) as address:
        yield address
