"""Worlds of the demo plant that several tests look at."""

from functools import lru_cache
from pathlib import Path

from simulators.events import Event
from simulators.ledger import Ledger
from simulators.plant_file import read_plant
from simulators.world import World

DEMO = Path(__file__).resolve().parents[2] / "simulators" / "plants" / "demo.toml"
HOUR_MS = 3_600_000


@lru_cache(maxsize=6)  # a world of some hours holds tens of megabytes
def _run(seed: int, hours: float) -> tuple[World, list[Event], Ledger]:
    plant = read_plant(DEMO)
    start_ms = plant.origin_ms - 8 * HOUR_MS
    world = World(plant, seed, start_ms)
    end_ms = start_ms + round(hours * HOUR_MS)
    events = world.advance(end_ms)
    ledger = Ledger(plant.id, seed, start_ms, start_ms)
    ledger.record(events, end_ms)
    return world, events, ledger


class Worlds:
    """Worlds of the demo plant powered on at the start of its first shift, by seed and length."""

    def events(self, seed: int, hours: float) -> list[Event]:
        return _run(seed, hours)[1]

    def ledger(self, seed: int, hours: float) -> Ledger:
        return _run(seed, hours)[2]
