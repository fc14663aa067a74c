"""From condition facts to alarms that name the order and customer, on a real database."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from random import Random

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from cloud.db import Database
from cloud.errors import NotFound
from cloud.identity.access import User
from cloud.ingest.tables import SignalFact
from cloud.maintenance import actions, queries
from cloud.maintenance.reactions import react
from cloud.maintenance.tables import Alarm, ConditionBlock
from cloud.orders.actions import enter_order
from cloud.orders.schemas import OrderIn, OrderLineIn
from cloud.outbox import Event, OutboxEvent
from cloud.production.actions import release_work_order
from cloud.production.schemas import WorkOrderIn
from models.reliability.features import BLOCK_MS

T0 = 1_772_438_400_000 // BLOCK_MS * BLOCK_MS
MACHINE = "L1-OP10"
PERIOD_MS = 10_000
JOB = 123 * 100 + 10
OPERATOR = User(1, "operator", "Operator", "operator", frozenset({"alarms.acknowledge"}))


@pytest.fixture
def session(plant_db: Database) -> Iterator[Session]:
    with plant_db.write() as session:
        line = OrderLineIn(line=1, product="BD-280", quantity=Decimal(50), due="2026-03-04T08:00:00Z")
        enter_order(session, OrderIn(number="SO-1", customer="hangzhou-ev", lines=[line]), "test", T0)
        wanted = WorkOrderIn(number=123, order="SO-1", line=1, quantity=Decimal(50))
        release_work_order(session, wanted, "test", T0)
        yield session
        session.rollback()


Fact = tuple[str, int, float | str]  # kind, ts_ms, value


def samples(blocks: int, start_block: int = 0, rise_per_block: float = 0.0, seed: int = 1) -> list[Fact]:
    """Condition samples of whole blocks; the level rises by a share of itself each block."""
    dice = Random(seed)
    return [
        (
            "condition",
            T0 + at * PERIOD_MS,
            2.2 * (1 + rise_per_block * (at // 30 - start_block)) * dice.gauss(1, 0.06),
        )
        for at in range(start_block * 30, (start_block + blocks) * 30)
    ]


def store(session: Session, facts: Sequence[Fact], position: int) -> None:
    rows = [
        {
            "kind": kind,
            "source": MACHINE,
            "stream": "b" * 32,
            "position": position,
            "ord": ord_,
            "ts_ms": ts_ms,
            "value": None if isinstance(value, str) else value,
            "text": value if isinstance(value, str) else None,
            "quality": 192,
        }
        for ord_, (kind, ts_ms, value) in enumerate(facts)
    ]
    session.execute(insert(SignalFact), rows)


def hear(session: Session, facts: Sequence[Fact], position: int) -> None:
    """Stores facts and lets maintenance react to the windows that the deriver would announce."""
    store(session, facts, position)
    kinds = {"condition": "ConditionSampled", "state": "StateChanged", "job": "JobChanged"}
    events = []
    for kind, name in kinds.items():
        times = [ts_ms for fact, ts_ms, _ in facts if fact == kind]
        if times:
            events.append(Event(1, name, {"windows": {MACHINE: [min(times), max(times) + 1]}}, 0))
    react(session, events)
    session.flush()


RUNNING: list[Fact] = [("state", T0, "running"), ("job", T0, JOB)]
SOUND = samples(14)
WORN = samples(20, 14, 0.05, seed=2)


def alarms(session: Session) -> list[Alarm]:
    session.expire_all()
    return list(session.scalars(select(Alarm).order_by(Alarm.raised_ms)))


def test_a_worn_spindle_raises_one_alarm_that_names_order_and_customer(session: Session) -> None:
    hear(session, [*RUNNING, *SOUND], 1)
    assert alarms(session) == []
    hear(session, WORN, 2)
    (alarm,) = alarms(session)
    assert alarm.active
    shown = queries.alarm_out(session, alarm.id, WORN[-1][1])
    assert shown.state == "unacknowledged"
    assert shown.value > shown.limit > 2.2
    assert [(o.order, o.customer_id, o.operation, o.when) for o in shown.affected] == [
        ("SO-1", "hangzhou-ev", 10, "running")
    ]
    assert shown.affected[0].customer_name_zh == "杭州新能源车"
    kinds = set(session.scalars(select(OutboxEvent.kind)))
    assert "AlarmRaised" in kinds


def test_pieces_in_any_order_end_in_the_same_blocks_and_alarm(session: Session) -> None:
    pieces = [SOUND[:200], SOUND[200:], WORN[:100], WORN[100:333], WORN[333:], RUNNING]
    whole = sorted([*RUNNING, *SOUND, *WORN], key=lambda fact: fact[1])
    with session.begin_nested() as savepoint:
        hear(session, whole, 1)
        wanted = [(b.start_ms, b.level, b.regime) for b in session.scalars(select(ConditionBlock))]
        raised = [(a.raised_ms, a.active, a.severity) for a in alarms(session)]
        savepoint.rollback()
    Random(5).shuffle(pieces)
    for position, piece in enumerate(pieces, start=1):
        hear(session, piece, position)
    found = [(b.start_ms, b.level, b.regime) for b in session.scalars(select(ConditionBlock))]
    assert sorted(found) == sorted(wanted)
    (alarm,) = (a for a in alarms(session) if a.active)
    ((raised_ms, *rest),) = raised
    # An alarm keeps the time at which it was raised; what came late can move the chart by a block or two.
    assert abs(alarm.raised_ms - raised_ms) <= 2 * BLOCK_MS
    assert [alarm.active, alarm.severity] == rest


def test_a_data_gap_raises_no_alarm(session: Session) -> None:
    hear(session, [*RUNNING, *SOUND], 1)
    hear(session, samples(10, 100), 2)
    assert alarms(session) == []


def test_vibration_of_a_machine_that_stands_still_raises_no_alarm(session: Session) -> None:
    hear(session, [*RUNNING, *SOUND], 1)
    stopped: list[Fact] = [("state", T0 + 14 * BLOCK_MS, "breakdown")]
    hear(session, [*stopped, *WORN], 2)
    assert alarms(session) == []


def test_an_alarm_clears_by_itself_and_stays_to_be_acknowledged(session: Session) -> None:
    hear(session, [*RUNNING, *SOUND, *WORN], 1)
    hear(session, samples(20, 34, seed=3), 2)
    (alarm,) = alarms(session)
    assert queries.alarm_state(alarm) == "cleared_unacknowledged"
    assert queries.active_alarms(session) == {}
    actions.acknowledge(session, alarm.id, OPERATOR, "spindle changed", T0)
    shown = queries.alarm_out(session, alarm.id, T0)
    assert shown.state == "normal"
    acknowledged = next(event for event in shown.history if event.kind == "acknowledged")
    assert (acknowledged.user, acknowledged.note) == ("operator", "spindle changed")
    assert shown.affected[0].order == "SO-1"


def test_acknowledging_twice_is_one_acknowledgement_and_notes_add_up(session: Session) -> None:
    hear(session, [*RUNNING, *SOUND, *WORN], 1)
    (alarm,) = alarms(session)
    for note in (None, "looked at it"):
        actions.acknowledge(session, alarm.id, OPERATOR, note, T0)
    actions.add_note(session, alarm.id, OPERATOR, "ordered a spindle", T0)
    kinds = [event.kind for event in queries.alarm_out(session, alarm.id, T0).history]
    assert kinds.count("acknowledged") == 1
    assert kinds.count("note") == 2
    assert queries.active_alarms(session)[MACHINE].state == "acknowledged"


def test_an_unknown_alarm_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound):
        actions.acknowledge(session, 99, OPERATOR, None, T0)


def test_the_list_shows_active_alarms_first_and_pages_without_repeats(session: Session) -> None:
    for at in range(7):
        session.add(
            Alarm(
                machine=MACHINE,
                kind="condition_drift",
                severity="warning",
                active=at % 3 == 0,
                acknowledged=False,
                raised_ms=T0 + at,
                cleared_ms=None,
                value=3.0,
                limit=2.5,
                unit="mm/s",
                affected={"orders": []},
            )
        )
    session.flush()
    seen: list[int] = []
    after = None
    while True:
        page = queries.alarms_page(session, T0, only_active=False, limit=2, after=after)
        seen += [row.id for row in page.items]
        after = page.next
        if after is None:
            break
    assert page.total == 7
    assert page.active == 3
    assert len(seen) == len(set(seen)) == 7
    states = [queries.alarm_out(session, number, T0).state for number in seen]
    assert states == ["unacknowledged"] * 3 + ["cleared_unacknowledged"] * 4


def test_the_chart_comes_in_the_units_of_the_signal(session: Session) -> None:
    hear(session, [*RUNNING, *SOUND, *WORN], 1)
    shown = queries.condition(session, MACHINE, T0, T0 + 40 * BLOCK_MS)
    assert shown.baseline == pytest.approx(2.2, rel=0.03)
    assert shown.limit is not None
    assert shown.limit > 2.2 * 1.11
    assert len(shown.points) <= queries.MOST_POINTS
    assert any(point.ewma is not None for point in shown.points)
