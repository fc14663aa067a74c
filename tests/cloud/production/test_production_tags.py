"""Which tags reactions bind to which units."""

import random

import pytest
from production_floor import Fact, deliver, enter, projection, release, store
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.customers.actions import load_customers
from cloud.db import Database
from cloud.plant.actions import load_plant_file
from cloud.production.tables import Unit
from tests.cloud.conftest import PLANT_FILE

LAST, READER = "L1-OP40", "L1-RFID"
WO = 5001


def made(at_s: float, value: int, position: int) -> Fact:
    return Fact("good", LAST, at_s, value, position)


def read(at_s: float, epc: str, position: int) -> Fact:
    return Fact("tag", READER, at_s, epc, position)


def bindings(session: Session) -> dict[int, str | None]:
    rows = session.execute(select(Unit.ordinal, Unit.epc).order_by(Unit.epoch, Unit.ordinal))
    return {row.ordinal: row.epc for row in rows}


def test_a_lost_read_shifts_no_other_tag(session: Session) -> None:
    deliver(session, [made(0, 0, 1), made(40, 1, 2), made(80, 2, 3), read(86, "E2", 4)])
    assert bindings(session) == {1: None, 2: "E2"}


def test_a_late_read_takes_its_unit(session: Session) -> None:
    deliver(session, [made(0, 0, 1), made(40, 1, 2), made(80, 2, 3), read(86, "E2", 4)])
    deliver(session, [read(47, "E1", 5)])
    assert bindings(session) == {1: "E1", 2: "E2"}


def test_a_tag_read_before_its_count_arrived_is_bound_when_it_does(session: Session) -> None:
    deliver(session, [made(0, 0, 1), read(46, "E1", 2)])
    assert bindings(session) == {}
    deliver(session, [made(40, 1, 3)])
    assert bindings(session) == {1: "E1"}


def test_a_late_counter_reading_moves_the_tags_to_the_units_it_tells_apart(session: Session) -> None:
    # Between 0 and 200 s nobody read the counter: both tags fit anywhere in there, in order.
    deliver(session, [made(0, 0, 1), made(200, 3, 2), read(86, "E2", 3), read(126, "E3", 4)])
    assert bindings(session) == {1: "E2", 2: "E3", 3: None}
    deliver(session, [made(40, 1, 5), made(80, 2, 6), made(120, 3, 7)])
    assert bindings(session) == {1: None, 2: "E2", 3: "E3"}


def test_an_earlier_read_of_a_tag_that_arrives_late_is_the_one_that_counts(session: Session) -> None:
    deliver(session, [made(0, 0, 1), made(40, 1, 2), made(55, 2, 3), read(56.5, "E1", 4)])
    deliver(session, [read(46, "E1", 5), read(61, "E2", 6)])
    assert bindings(session) == {1: "E1", 2: "E2"}


def line_of_units(parts: int, seed: int) -> list[Fact]:
    """A run of the last machine whose counter and reader lose readings."""
    chance = random.Random(seed)
    facts, at_s = [Fact("job", LAST, 0, WO * 100 + 40, 1), made(0, 0, 2)], 0.0
    for value in range(1, parts + 1):
        at_s += chance.uniform(34, 60)
        if chance.random() < 0.7 or value == parts:
            facts.append(made(at_s, value, len(facts) + 1))
        if chance.random() < 0.8:
            for again in range(chance.randint(1, 4)):
                facts.append(read(at_s + chance.uniform(4, 9) + again / 5, f"E{value}", len(facts) + 1))
    return facts


def _rows(session: Session, batches: list[list[Fact]]) -> dict[str, object]:
    with session.begin_nested() as savepoint:
        enter(session, "SO-1", 30)
        release(session, WO, "SO-1", 30)
        for batch in batches:
            deliver(session, batch)
        rows = projection(session)
        savepoint.rollback()
    return {table: rows[table] for table in ("part_count", "unit", "tag_read", "operation")}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_units_and_tags_do_not_depend_on_the_order_of_arrival(session: Session, seed: int) -> None:
    chance = random.Random(seed)
    facts = line_of_units(24, seed)
    clean = _rows(session, [[fact] for fact in facts])
    tagged = [row for row in clean["unit"] if row[7] is not None]  # type: ignore[attr-defined]
    assert len(tagged) > 10
    turned = list(facts)
    chance.shuffle(turned)
    batches = []
    while turned:
        size = chance.randint(1, 12)
        batches.append(turned[:size])
        turned = turned[size:]
    assert _rows(session, batches) == clean
    assert _rows(session, [facts]) == clean


def test_the_same_facts_make_the_same_rows_on_every_database(any_db: Database) -> None:
    facts = line_of_units(12, 3)
    with any_db.write() as session:
        plant = load_plant_file(session, PLANT_FILE)
        load_customers(session, plant.customer)
        enter(session, "SO-1", 30)
        release(session, WO, "SO-1", 30)
    for batch in (facts[::2], facts[1::2]):
        with any_db.write() as session:
            deliver(session, batch)
    with any_db.write() as session:
        store(session, [])
        units = projection(session)["unit"]
    assert len(units) == 12
    assert {row[6] for row in units} == set(range(1, 13))
