"""Sheets that come late or are corrected: the figures of any order of entry, and only their own rows move."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.customers.actions import load_customers
from cloud.db import Database, alembic_config, migrate
from cloud.identity.access import User
from cloud.ingest.tables import SignalFact
from cloud.manual import actions
from cloud.manual.schemas import Period, RunIn, SheetIn, SheetRef
from cloud.oee.queries.figures import reckon
from cloud.orders.actions import enter_order
from cloud.orders.schemas import OrderIn, OrderLineIn
from cloud.outbox import Event, OutboxEvent
from cloud.plant import queries as plant
from cloud.plant.actions import load_plant_file
from cloud.plant.schemas import iso
from cloud.production.actions import release_work_order
from cloud.production.events import HEARD
from cloud.production.reactions import react
from cloud.production.schemas import WorkOrderIn
from cloud.production.tables import JobSeen, Operation, PartCount, Unit, WorkOrder
from models.production.counts import BEGINS

BENCH = "L3-OP10"
HOUR = 3_600_000
T0 = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp() * 1000)
SHIFTS = 9
NOW = T0 + (SHIFTS * 8 + 1) * HOUR
WRITER = User(1, "writer", "Writer", "operator", frozenset({"manual.enter"}))
COUNTS = ("good", "reject")


class Made(NamedTuple):
    """What a sheet of the bench says: good and rejected parts of two jobs, the second after five hours."""

    good: int
    reject: int
    then_good: int = 0


Said = tuple[int, Made | None]  # of a shift; None takes its sheet back


@pytest.fixture
def bench(any_db: Database, root: Path) -> Database:
    """A plant with four work orders for its bench."""
    with any_db.write() as session:
        load_customers(session, load_plant_file(session, root / "simulators/plants/demo.toml").customer)
        due = iso(NOW + 48 * HOUR)
        line = OrderLineIn(line=1, product="HA-280", quantity=Decimal(600), due=due)
        enter_order(session, OrderIn(number="SO-1", customer="hangzhou-ev", lines=[line]), "test", T0)
        for number in range(5001, 5005):
            wanted = WorkOrderIn(number=number, order="SO-1", line=1, quantity=Decimal(150))
            release_work_order(session, wanted, "test", T0)
    return any_db


def job(shift: int) -> int:
    return (5001 + shift % 4) * 100 + 10


def enter(session: Session, shift: int, made: Made, replaces: int = 0) -> None:
    start, end = T0 + shift * 8 * HOUR, T0 + (shift + 1) * 8 * HOUR
    changes = [start, start + 3 * HOUR, start + 4 * HOUR, end]
    periods = [
        Period(start=iso(since), end=iso(until), state=state)
        for since, until, state in zip(
            changes, changes[1:], ("running", "breakdown", "running"), strict=False
        )
    ]
    middle = iso(start + 5 * HOUR)
    runs = [RunIn(start=iso(start), end=middle, job=job(shift), good=made.good, reject=made.reject)]
    if made.then_good:
        runs.append(RunIn(start=middle, end=iso(end), job=job(shift + 1), good=made.then_good))
    sheet = SheetIn(
        machine=BENCH, start=iso(start), end=iso(end), periods=periods, runs=runs, replaces=replaces
    )
    actions.fill_in(session, sheet, WRITER, NOW)


def withdraw(session: Session, shift: int, replaces: int) -> None:
    ref = SheetRef(machine=BENCH, start=iso(T0 + shift * 8 * HOUR), replaces=replaces)
    actions.withdraw(session, ref, WRITER, NOW)


def heard(session: Session, after: int = 0) -> tuple[list[Event], int]:
    """What was announced after an event, and the last of it."""
    rows = session.scalars(select(OutboxEvent).where(OutboxEvent.id > after).order_by(OutboxEvent.id)).all()
    return [Event(row.id, row.kind, row.payload, 0) for row in rows], max([after, *(row.id for row in rows)])


def follow(session: Session, after: int = 0) -> int:
    """Production reacts to what was announced after an event; the last of it."""
    events, last = heard(session, after)
    react(session, [event for event in events if event.kind in HEARD])
    session.flush()
    session.expire_all()
    return last


def rows(session: Session) -> dict[str, set[tuple[Any, ...]]]:
    """The facts of the bench and what production keeps of them."""
    fact = SignalFact
    said = (fact.kind, fact.position, fact.ord, fact.ts_ms, fact.value, fact.text)
    session.flush()
    found = {"facts": {tuple(row) for row in session.execute(select(*said).where(fact.source == BENCH))}}
    for table in (PartCount, Unit, JobSeen, Operation, WorkOrder):
        columns = [each for each in table.__table__.columns if each.name != "order_line_id"]
        found[table.__tablename__] = {tuple(row) for row in session.execute(select(*columns))}
    return found


def tallies(session: Session) -> list[Any]:
    """OEE's sums of each shift, and of all of them at once."""
    [machine] = plant.machines_of(session, f"machine:{BENCH}")
    shifts = plant.calendar(session)
    windows = [(T0 + n * 8 * HOUR, T0 + (n + 1) * 8 * HOUR) for n in range(SHIFTS)]
    return [
        reckon(session, [machine], shifts, window, now_ms=NOW)[0][0].tally()
        for window in (*windows, (T0, T0 + SHIFTS * 8 * HOUR))
    ]


def test_a_late_sheet_touches_its_own_rows_alone(bench: Database) -> None:
    with bench.write() as session:
        last = 0
        for shift in range(1, SHIFTS):
            enter(session, shift, Made(30, 2, 11))
            last = follow(session, last)
        for said in (Made(24, 3, 17), Made(20, 1)):
            before, at = rows(session), last
            enter(session, 0, said, 0 if said.then_good else 1)
            told, _ = heard(session, last)
            last = follow(session, at)
            after = rows(session)
            own = range(T0, T0 + 8 * HOUR)
            facts = {fact for fact in before["facts"] ^ after["facts"] if fact[0] in COUNTS}
            assert {fact[1] for fact in facts} == {T0}
            assert {count[2] in own for count in before["part_count"] ^ after["part_count"]} == {True}
            # Each kind of fact says once that it changed, and at most once that something of before went.
            assert len(told) <= 7
        assert sum(row[6] for row in after["operation"]) == 20 + 41 * (SHIFTS - 1)


@st.composite
def entered(draw: st.DrawFn) -> tuple[dict[int, Made | None], list[Said]]:
    """What sheets say at last, and in which order what was said: some corrected, some taken back for good."""
    parts = st.builds(Made, st.integers(0, 40), st.integers(0, 3), st.sampled_from([0, 0, 9]))
    shifts = draw(st.lists(st.integers(0, SHIFTS - 1), min_size=2, max_size=5, unique=True))
    at_last: dict[int, Made | None] = {}
    said: list[list[Said]] = []
    for shift in shifts:
        wrong = draw(st.lists(parts, max_size=2))
        is_gone = bool(wrong) and draw(st.booleans())
        last = None if is_gone else draw(parts)
        at_last[shift] = last
        said.append([*((shift, each) for each in wrong), (shift, last)])
    turns = [number for number, of_shift in enumerate(said) for _ in of_shift]
    draw(st.randoms(use_true_random=False)).shuffle(turns)
    steps = [iter(of_shift) for of_shift in said]
    return at_last, [next(steps[turn]) for turn in turns]


@pytest.fixture
def session(bench: Database) -> Iterator[Session]:
    """A writing session; what it did is rolled back."""
    with bench.write() as session:
        yield session
        session.rollback()


def floor(session: Session, said: Sequence[Said], follow_after: Sequence[bool]) -> dict[str, Any]:
    with session.begin_nested() as savepoint:
        versions: dict[int, int] = {}
        _, last = heard(session)
        for (shift, made), is_followed in zip(said, follow_after, strict=False):
            version = versions.get(shift, 0)
            if made is None:
                withdraw(session, shift, version)
            else:
                enter(session, shift, made, version)
            versions[shift] = version + 1
            if is_followed:
                last = follow(session, last)
        follow(session, last)
        found = {name: kept for name, kept in rows(session).items() if name != "facts"}
        found["oee"] = tallies(session)
        savepoint.rollback()
    session.expire_all()
    return found


@pytest.mark.slow
@pytest.mark.timeout(300)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entered(), st.randoms(use_true_random=False))
def test_sheets_make_the_same_rows_and_figures_in_whatever_order_they_are_entered(
    session: Session, story: tuple[dict[int, Made | None], list[Said]], chance: random.Random
) -> None:
    at_last, said = story
    in_order: list[Said] = []
    for shift, made in sorted(at_last.items()):
        in_order += [(shift, made)] if made else [(shift, Made(0, 0)), (shift, None)]
    clean = floor(session, in_order, [True] * len(in_order))
    turned = floor(session, said, [chance.random() < 0.6 for _ in said])
    for name, kept in clean.items():
        assert turned[name] == kept, name
    for shift, figure in enumerate(clean["oee"][:-1]):
        good, reject, then_good = at_last.get(shift) or Made(0, 0)
        assert (figure.good, figure.rejected, figure.resets) == (good + then_good, reject, 0)
    parts = sum(made.good + made.then_good for made in at_last.values() if made)
    assert (clean["oee"][-1].good, clean["oee"][-1].resets) == (parts, 0)


def test_sheets_that_counted_on_from_each_other_are_taken_over(bench: Database) -> None:
    with bench.write() as session:
        for shift in range(4):
            enter(session, shift, Made(30, 2, 11))
        _, last = heard(session)
        follow(session)
        kept, oee = rows(session), tallies(session)
    revise(bench, "0015")
    with bench.write() as session:
        last = follow(session, last)
        older = rows(session)
        counted = [fact for fact in older["facts"] if fact[0] == "good"]
        assert max(fact[4] for fact in counted) == 4 * 41, "one counter through all sheets"
        assert not any(BEGINS in count[11] for count in older["part_count"])
        assert older["operation"] == kept["operation"]
    migrate(bench)
    with bench.write() as session:
        follow(session, last)
        assert rows(session) == kept
        assert tallies(session) == oee


def revise(db: Database, revision: str) -> None:
    """The schema stands at an earlier revision, its rows as programs of then would have written them."""
    config = alembic_config()
    with db.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.stamp(config, "head")  # the fixture makes the tables without saying so
        command.downgrade(config, revision)
        connection.commit()
