"""What is read of several machines at once is what each of them would be asked for alone."""

from itertools import count
from random import Random

import pytest
from sqlalchemy import insert

from cloud.db import Database
from cloud.ingest import queries as facts
from cloud.ingest.fact_window import FactWindow, last_readings, unchanged_since
from cloud.ingest.tables import Coverage, CoverageGap, CoverageSpan, SignalFact

pytestmark = pytest.mark.every_database

MACHINES = ("L1-OP10", "L1-OP20", "L2-OP10")
KINDS = ("state", "good", "job")
END = 1000


def fill(db: Database, seed: int, *, machines: tuple[str, ...] = MACHINES) -> None:
    """Readings in any order, several of one millisecond among them; one machine has none."""
    random, position = Random(seed), count(1)
    with db.write() as session:
        rows = [
            {
                "kind": kind,
                "source": machine,
                "stream": "a" * 32,
                "position": next(position),
                "ord": 0,
                "ts_ms": random.randrange(END),
                "value": None if kind == "state" else random.randrange(9),
                "text": random.choice(["running", "idle", None]) if kind == "state" else None,
                "quality": 192,
            }
            for machine in machines[:-1]
            for kind in (*KINDS, "reject")
            for _ in range(random.randrange(12))
        ]
        session.execute(insert(SignalFact), rows)


@pytest.mark.parametrize("seed", range(8))
def test_a_held_window_is_what_each_machine_was_asked_for(plant_db: Database, seed: int) -> None:
    fill(plant_db, seed)
    random = Random(seed)
    told = 0
    with plant_db.read() as session:
        held = FactWindow(session, KINDS, MACHINES, 300, 700)
        for _ in range(60):
            since, until = sorted((random.randrange(END), random.randrange(END)))
            for machine in MACHINES:
                for kind in KINDS:
                    found = held.points(kind, machine, since, until)
                    if found is not None:
                        told += 1
                        assert found == facts.points(session, kind, machine, since, until)
                    else:
                        assert since < 300 or until > 700
        assert held.points("reject", MACHINES[0], 400, 500) is None
        assert held.points("state", MACHINES[0], 300, 700) is not None
    assert told


@pytest.mark.parametrize("seed", range(8))
def test_the_newest_readings_are_those_of_each_machine(plant_db: Database, seed: int) -> None:
    fill(plant_db, seed)
    with plant_db.read() as session:
        for before_ms in (0, 500, END):
            newest = last_readings(session, KINDS, MACHINES, before_ms)
            for kind in KINDS:
                for machine in MACHINES:
                    alone = facts.points(session, kind, machine, before_ms, before_ms)
                    assert newest.get((kind, machine)) == (alone[0] if alone else None)
        assert last_readings(session, KINDS, []) == {}


@pytest.mark.parametrize("seed", range(8))
def test_a_state_stands_since_another_one_was_read(plant_db: Database, seed: int) -> None:
    fill(plant_db, seed)
    with plant_db.read() as session:
        since = unchanged_since(session, "state", MACHINES, 400)
        for machine in MACHINES:
            newest = facts.latest(session, "state", [machine]).get(machine)
            if newest is None:
                assert machine not in since
                continue
            looked_at = facts.points(
                session, "state", machine, newest.ts_ms - 400, newest.ts_ms + 1, with_previous=False
            )
            others = [point.ts_ms for point in looked_at if point.text != newest.text]
            last_other = max(others, default=-1)
            expected = [point.ts_ms for point in looked_at if point.ts_ms > last_other]
            assert since[machine] == min(expected, default=newest.ts_ms)


def test_what_was_watched_is_read_of_all_at_once_with_its_holes(plant_db: Database) -> None:
    with plant_db.write() as session:
        for machine in MACHINES[:2]:
            session.add(Coverage(source=machine, since_ms=100, through_ms=900))
            for first, at_ms in ((1, 100), (8, 600)):
                session.add(
                    CoverageSpan(
                        source=machine,
                        stream="a" * 32,
                        first=first,
                        last=first + 2,
                        first_ms=at_ms,
                        last_ms=at_ms + 200,
                    )
                )
        session.add(CoverageGap(source=MACHINES[0], stream="a" * 32, first=4, last=7))
    with plant_db.read() as session:
        found = facts.coverages(session, MACHINES, 200, 800)
        assert found == {MACHINES[0]: [(200, 300), (600, 800)], MACHINES[1]: [(200, 800)], MACHINES[2]: []}
        assert facts.coverages(session, [], 200, 800) == {}
