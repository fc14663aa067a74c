"""The demo plant and worlds made of it."""

import pytest
from demo_worlds import DEMO, Worlds

from simulators.plant_file import Plant, read_plant


@pytest.fixture(scope="session")
def demo() -> Plant:
    return read_plant(DEMO)


@pytest.fixture(scope="session")
def worlds() -> Worlds:
    return Worlds()
