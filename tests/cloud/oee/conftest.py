from collections.abc import Callable

import pytest
from oee_floor import cover, readings, release_orders, store, world

from cloud.db import Database
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
