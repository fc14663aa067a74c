"""What reactions make of counters and job registers."""

import random
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from production_floor import T0, Fact, announced, deliver, enter, projection, release, store
from sqlalchemy import func, select, update
from sqlalchemy.event import listen, remove
from sqlalchemy.orm import Session

from cloud.ingest.tables import SignalFact
from cloud.orders.tables import OrderLine
from cloud.outbox import Event
from cloud.plant.tables import SignalBinding
from cloud.production import queries
from cloud.production.reactions import react
from cloud.production.tables import Operation, PartCount, Unit, WorkOrder

LAST = "L1-OP40"
WO = 5001
JOB = WO * 100 + 40


def job(at_s: float, number: int, position: int, machine: str = LAST) -> Fact:
    return Fact("job", machine, at_s, number, position)


def good(at_s: float, value: int, position: int, machine: str = LAST) -> Fact:
    return Fact("good", machine, at_s, value, position)


def declare(
    session: Session, modulus: int | None, jitter: int | None, version: int = 2, since_ms: int | None = None
) -> None:
    """Another version of the last machine's counter of good parts, as the API would write it."""
    said = {"modulus": modulus, "jitter": jitter, "valid_from_ms": since_ms}
    tag = f"suzhou/gw-l1/{LAST}/good"
    session.add(SignalBinding(tag=tag, version=version, role="good", machine_id=LAST, **said))
    session.flush()


def test_a_declared_counter_rolls_over_and_steps_back_without_counting_a_part_twice(session: Session) -> None:
    read = [good(0, 9_998, 1), good(40, 9_999, 2), good(80, 1, 3), good(90, 9_999, 4), good(95, 3, 5)]
    deliver(session, read)
    # Undeclared the range's end is a restart, and the way back from it a leap.
    assert session.scalar(select(func.sum(PartCount.good))) == 1 + 1 + 9_998 + 3
    declare(session, 10_000, 2)
    react(session, [Event(1, "CounterDeclared", {"windows": {LAST: [0, 1 << 62]}}, 0)])
    units = session.execute(select(Unit.epoch, Unit.ordinal).order_by(Unit.epoch, Unit.ordinal)).all()
    assert [tuple(unit) for unit in units] == [(0, 9_999), (1, 0), (1, 1), (1, 2), (1, 3)]
    deliver(session, [good(100, 2, 6), good(110, 3, 7)])  # back and forth once more
    assert session.scalar(select(func.sum(PartCount.good))) == 5


@pytest.mark.parametrize("earlier_s", [0, 60])
def test_a_declaration_that_was_corrected_counts_no_more(session: Session, earlier_s: int) -> None:
    deliver(session, [good(0, 9_998, 1), good(40, 9_999, 2), good(80, 1, 3)])
    declare(session, 65_536, None, since_ms=T0)  # a slip of the pen, which makes a restart of the range's end
    declare(session, 10_000, None, version=3, since_ms=T0 - 1000 * earlier_s)
    react(session, [Event(1, "CounterDeclared", {"windows": {LAST: [0, 1 << 62]}}, 0)])
    assert session.scalar(select(func.sum(PartCount.good))) == 1 + 2


def test_counts_find_operation_work_order_and_order_line(session: Session) -> None:
    enter(session, "SO-1", 3)
    release(session, WO, "SO-1", 3)
    deliver(session, [good(0, 100, 1), job(0, JOB, 2)])
    deliver(session, [good(40, 101, 3)])
    deliver(session, [good(80, 102, 4), Fact("reject", LAST, 80.5, 0, 5)])
    deliver(session, [Fact("reject", LAST, 95, 1, 6)])
    operation = session.get_one(Operation, JOB)
    assert (operation.good, operation.rejected, operation.status) == (2, 1, "running")
    assert operation.started_ms == T0
    assert operation.last_count_ms == T0 + 95_000
    assert session.get_one(WorkOrder, WO).status == "running"
    line = session.scalars(select(OrderLine)).one()
    assert (line.good_quantity, line.status, line.actual_ms) == (2, "in_production", None)


def test_the_order_line_is_complete_when_its_last_operation_reached_the_quantity(session: Session) -> None:
    enter(session, "SO-1", 2)
    release(session, WO, "SO-1", 2)
    deliver(session, [good(0, 0, 1), job(0, JOB, 2), good(40, 1, 3), good(80, 2, 4), good(120, 3, 5)])
    line = session.scalars(select(OrderLine)).one()
    assert (line.good_quantity, line.status) == (3, "completed")
    assert line.actual_ms == T0 + 80_000


def test_an_operation_that_left_the_register_is_done(session: Session) -> None:
    enter(session, "SO-1", 2)
    release(session, WO, "SO-1", 2)
    deliver(session, [good(0, 0, 1), job(0, JOB, 2), good(40, 1, 3)])
    deliver(session, [job(50, JOB + 100, 4), good(50, 1, 5)])
    assert session.get_one(Operation, JOB).status == "done"


def test_a_work_order_released_later_gets_the_counts_and_units_of_its_job_numbers(session: Session) -> None:
    enter(session, "SO-1", 2)
    deliver(session, [good(0, 0, 1), job(0, JOB, 2), good(40, 1, 3), good(80, 2, 4)])
    assert queries.link_counts(session, T0, T0 + 100_000) == queries.Links(0, 2, 0)
    release(session, WO, "SO-1", 2)
    assert queries.link_counts(session, T0, T0 + 100_000) == queries.Links(2, 0, 0)
    units = session.execute(select(Unit.work_order, Unit.number).order_by(Unit.ordinal)).all()
    assert [tuple(unit) for unit in units] == [(WO, 1), (WO, 2)]


def test_a_job_number_on_a_machine_outside_its_routing_is_not_counted_for_the_order(session: Session) -> None:
    enter(session, "SO-1", 2)
    release(session, WO, "SO-1", 2)
    machine = "L1-OP10"
    deliver(session, [good(0, 0, 1, machine), job(0, JOB, 2, machine), good(40, 1, 3, machine)])
    assert queries.link_counts(session, T0, T0 + 100_000) == queries.Links(0, 1, 0)


def test_parts_over_a_job_change_nobody_counted_at_are_flagged(session: Session) -> None:
    enter(session, "SO-1", 9)
    release(session, WO, "SO-1", 9)
    deliver(session, [good(0, 0, 1), job(0, JOB - 100, 2), job(50, JOB, 3), good(100, 4, 4)])
    assert queries.link_counts(session, T0, T0 + 200_000) == queries.Links(4, 0, 4)


def test_a_counter_that_restarts_goes_on_with_new_units(session: Session) -> None:
    deliver(session, [good(0, 5, 1), good(40, 6, 2), good(80, 1, 3)])
    units = session.execute(select(Unit.epoch, Unit.ordinal).order_by(Unit.epoch, Unit.ordinal)).all()
    assert [tuple(unit) for unit in units] == [(0, 6), (1, 1)]


def test_a_counter_that_jumps_opens_no_units_and_is_flagged(session: Session) -> None:
    deliver(session, [good(0, 5, 1), good(40, 4_000_000_000, 2)])
    assert session.scalars(select(Unit)).all() == []
    assert session.scalars(select(PartCount.flags).where(PartCount.good > 0)).all() == ["jump"]


def test_counts_by_job_are_those_whose_reading_lies_in_the_window(session: Session) -> None:
    enter(session, "SO-1", 9)
    release(session, WO, "SO-1", 9)
    deliver(session, [good(0, 0, 1), job(0, JOB, 2), good(40, 1, 3), good(80, 3, 4)])
    (count,) = queries.counts_by_job(session, T0 + 40_000, T0 + 80_000)
    assert (count.machine, count.job, count.order, count.line, count.good, count.rejected) == (
        LAST,
        JOB,
        "SO-1",
        1,
        1,
        0,
    )


def test_next_is_the_first_waiting_operation_when_nothing_runs(session: Session) -> None:
    enter(session, "SO-1", 9)
    enter(session, "SO-2", 9)
    release(session, WO + 1, "SO-2", 9)
    release(session, WO, "SO-1", 9)
    (following,) = queries.running_and_next(session, LAST, T0)
    assert (following.order, following.work_order, following.when) == ("SO-1", WO, "next")
    deliver(session, [job(10, JOB, 1), job(60, 0, 2)])
    (running,) = queries.running_and_next(session, LAST, T0 + 20_000)
    assert (running.order, running.operation, running.when) == ("SO-1", 40, "running")
    assert running.customer_name.en == "Hangzhou EV"
    (following,) = queries.running_and_next(session, LAST, T0 + 70_000)
    assert (following.order, following.when) == ("SO-2", "next")
    (before,) = queries.running_and_next(session, LAST, T0 + 5_000)
    assert (before.order, before.when) == ("SO-1", "next")


@st.composite
def a_day_on_the_last_machine(draw: st.DrawFn) -> list[Fact]:
    """Parts, rejects, job changes, restarts and tag reads of one machine, as points of one stream."""
    facts: list[Fact] = []
    at_s, made, scrap, tag = 0.0, draw(st.integers(0, 3)), 0, 0

    def say(kind: str, source: str, when_s: float, value: int | str) -> None:
        facts.append(Fact(kind, source, round(when_s, 3), value, len(facts) + 1))

    say("good", LAST, 0, made)
    for step in draw(st.lists(st.sampled_from("pppprjjzdmbb"), min_size=4, max_size=12)):
        at_s += draw(st.sampled_from([7.0, 34.5, 61.25]))
        if step in "pm":
            made = (made + (1 if step == "p" else 3)) % 7
            say("good", LAST, at_s, made)
            if draw(st.booleans()):
                tag += 1
                first = at_s + draw(st.sampled_from([4.0, 6.5, 19.0]))
                for again in range(draw(st.integers(1, 3))):
                    say("tag", "L1-RFID", first + again * 0.2, f"E{tag}")
        elif step == "r":
            scrap += 1
            say("reject", LAST, at_s, scrap)
        elif step == "j":
            number = draw(st.sampled_from([JOB, JOB + 100, 0, 777]))
            say("job", LAST, at_s, number)
            say("good", LAST, at_s, made)
        elif step == "d":
            say("good", LAST, at_s, made)
        elif step == "b":  # it steps back; whether it returns is left to what follows
            say("good", LAST, at_s, max(made - draw(st.integers(1, 2)), 0))
        else:
            made = draw(st.integers(0, 2))
            say("good", LAST, at_s, made)
    return facts


def _floor(session: Session, batches: list[list[Fact]], release_after: int) -> dict[str, object]:
    with session.begin_nested() as savepoint:
        declare(session, 7, 1)
        enter(session, "SO-1", 3)
        enter(session, "SO-2", 2)
        release(session, WO + 1, "SO-2", 2)
        for number, batch in enumerate(batches):
            if number == release_after:
                release(session, WO, "SO-1", 3)
            deliver(session, batch)
        if release_after >= len(batches):
            release(session, WO, "SO-1", 3)
        rows = projection(session)
        savepoint.rollback()
    # The row ids of orders are given out anew by each floor.
    ids = {row[0]: n for n, row in enumerate(sorted(rows["order_line"]))}
    rows["order_line"] = [(ids[row[0]], *row[1:]) for row in rows["order_line"]]
    rows["work_order"] = [(row[0], ids[row[1]], *row[2:]) for row in rows["work_order"]]
    return dict(rows)


@pytest.mark.slow
@pytest.mark.timeout(300)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    a_day_on_the_last_machine(),
    st.randoms(use_true_random=False),
    st.lists(st.integers(1, 6), min_size=40, max_size=40),
    st.integers(0, 12),
)
def test_late_reordered_and_repeated_batches_end_in_the_rows_of_the_clean_stream(
    session: Session,
    facts: list[Fact],
    shuffler: random.Random,
    sizes: list[int],
    release_after: int,
) -> None:
    clean = _floor(session, [[fact] for fact in sorted(facts, key=lambda fact: fact.at_s)], 0)
    turned = list(facts)
    shuffler.shuffle(turned)
    batches: list[list[Fact]] = []
    for size in sizes:
        batches.append(turned[:size])
        turned = turned[size:]
    batches = [batch for batch in [*batches, turned] if batch]
    for floor in (_floor(session, batches, release_after), _floor(session, [facts], 0)):
        for table, rows in clean.items():
            assert floor[table] == rows, table


@pytest.mark.parametrize("kind", ["good", "job"])
def test_hearing_an_event_twice_changes_nothing(session: Session, kind: str) -> None:
    enter(session, "SO-1", 3)
    release(session, WO, "SO-1", 3)
    facts = [good(0, 0, 1), job(0, JOB, 2), good(40, 1, 3), good(80, 2, 4)]
    deliver(session, facts)
    before = projection(session)
    react(session, announced([fact for fact in facts if fact.kind == kind]))
    assert projection(session) == before


def statements(session: Session, facts: list[Fact]) -> int:
    """How many statements it takes to hear of some facts that are stored."""
    said: list[str] = []
    connection = session.connection()

    def note(*args: object) -> None:
        said.append(str(args[2]))

    listen(connection, "before_cursor_execute", note)
    react(session, announced(facts))
    remove(connection, "before_cursor_execute", note)
    session.flush()
    session.expunge_all()
    return len(said)


@pytest.mark.parametrize("end", ["first", "last", "another value"])
def test_however_many_windows_are_uncounted_one_of_them_takes_few_statements(
    session: Session, end: str
) -> None:
    took = []
    for number, length in enumerate((10, 160)):
        machine = f"L{number + 1}-OP20"
        read = [good(10 * n, 2 * n + 3, n + number * 10_000, machine) for n in range(2 * length)]
        if end == "another value":
            deliver(session, read)
            at = (SignalFact.source == machine) & (SignalFact.ts_ms > T0)
            session.execute(update(SignalFact).where(at).values(value=SignalFact.value + 1))
            took.append(statements(session, read[1:2]))
            made = 2 * (2 * length - 1) + 1
        else:
            deliver(session, read[::4])
            store(session, [each for n, each in enumerate(read) if n % 4])  # their windows are to come
            took.append(statements(session, [read[1] if end == "first" else read[-1]]))
            made = 2 * (2 * length - (3 if end == "first" else 1))
        rows = session.execute(
            select(PartCount.from_ms, PartCount.at_ms, PartCount.good)
            .where(PartCount.machine == machine)
            .order_by(PartCount.at_ms)
        ).all()
        assert sum(row.good for row in rows) == made
        assert all(before.at_ms == after.from_ms for before, after in pairwise(rows))
    few, many = took
    # Where a mark moved, it is looked four times as far at each step.
    assert many <= few + (30 if end == "another value" else 0)
