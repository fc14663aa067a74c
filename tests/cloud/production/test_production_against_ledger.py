"""What production concludes from a simulated plant's signals against the plant's own ledger."""

import random
from collections import Counter
from decimal import Decimal

import pytest
from production_floor import T0, Fact, deliver
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.orders.actions import enter_order
from cloud.orders.schemas import OrderIn, OrderLineIn
from cloud.orders.tables import OrderLine
from cloud.outbox import Event
from cloud.plant.schemas import iso
from cloud.production import queries
from cloud.production.actions import release_work_order
from cloud.production.reactions import react
from cloud.production.schemas import WorkOrderIn
from cloud.production.tables import Unit
from simulators.ledger import Ledger
from simulators.plant_file import read_plant
from simulators.world import World
from tests.cloud.conftest import PLANT_FILE

HOURS = 4
BATCH_S = 180
LAST_MACHINES = {"L1-OP40": "L1-RFID", "L2-OP40": "L2-RFID"}


def ledger_of(seed: int) -> Ledger:
    plant = read_plant(PLANT_FILE)
    start_ms = plant.origin_ms - 8 * 3_600_000
    end_ms = start_ms + HOURS * 3_600_000
    ledger = Ledger(plant.id, seed, start_ms, start_ms)
    ledger.record(World(plant, seed, start_ms).advance(end_ms), end_ms)
    return ledger


def signals(ledger: Ledger) -> list[Fact]:
    """What the PLCs show: counters at each part, register and counters at each job change, tags as read."""
    rows: list[tuple[int, str, str, int | str]] = []
    for machine, jobs in ledger.jobs.items():
        made = {True: 0, False: 0}
        rows += [(ledger.start_ms, "good", machine, 0), (ledger.start_ms, "reject", machine, 0)]
        happened = [(part.ts_ms, part.good) for part in ledger.parts.get(machine, [])]
        happened += [(job.ts_ms, job.job) for job in jobs]  # type: ignore[misc]
        for ts_ms, what in sorted(happened, key=lambda each: each[0]):
            if isinstance(what, bool):
                made[what] += 1
                rows.append((ts_ms, "good" if what else "reject", machine, made[what]))
            else:
                rows.append((ts_ms, "job", machine, what))
                rows += [(ts_ms, "good", machine, made[True]), (ts_ms, "reject", machine, made[False])]
    for reader, reads in ledger.reads.items():
        rows += [(read.ts_ms, "tag", reader, read.epc) for read in reads]
    return [
        Fact(kind, source, (ts_ms - T0) / 1000, value, position)
        for position, (ts_ms, kind, source, value) in enumerate(sorted(rows, key=lambda row: row[0]), start=1)
    ]


def arrivals(facts: list[Fact], chance: random.Random) -> list[list[Fact]]:
    """Batches as they arrive: a tenth of the facts up to half an hour late, in any order within a batch."""
    batches: dict[int, list[Fact]] = {}
    for fact in facts:
        late = chance.randint(1, 10) if chance.random() < 0.1 else 0
        batches.setdefault(int(fact.at_s // BATCH_S) + late, []).append(fact)
    for batch in batches.values():
        chance.shuffle(batch)
    return [batches[number] for number in sorted(batches)]


def release_all(session: Session, ledger: Ledger) -> list[int]:
    numbers = []
    for order in ledger.orders:
        lines = [
            OrderLineIn(
                line=line.line, product=line.product, quantity=Decimal(line.quantity), due=iso(line.due_ms)
            )
            for line in order.lines
        ]
        entered = OrderIn(number=order.number, customer=order.customer, lines=lines)
        enter_order(session, entered, "test", order.entered_ms)
        for line in order.lines:
            quantity = Decimal(line.quantity)
            wanted = WorkOrderIn(
                number=line.work_order, order=order.number, line=line.line, quantity=quantity
            )
            release_work_order(session, wanted, "test", order.entered_ms)
            numbers.append(line.work_order)
    return numbers


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12])
def test_parts_orders_units_and_tags_are_those_of_the_ledger(session: Session, seed: int) -> None:
    ledger = ledger_of(seed)
    batches = arrivals(signals(ledger), random.Random(seed))
    released: list[int] = []
    for number, batch in enumerate(batches):
        if number == len(batches) // 2:
            released = release_all(session, ledger)
            react(session, [Event(n, "WorkOrderReleased", {"work_order": n}, 0) for n in released])
        deliver(session, batch)
    through_ms = ledger.through_ms + 1
    counted = Counter[tuple[str, str | None, int | None, bool]]()
    for count in queries.counts_by_job(session, ledger.start_ms, through_ms):
        counted[count.machine, count.order, count.line, True] += count.good
        counted[count.machine, count.order, count.line, False] += count.rejected
    truth = Counter(
        (machine, part.order, part.line, part.good)
        for machine, parts in ledger.parts.items()
        for part in parts
    )
    assert +counted == truth
    links = queries.link_counts(session, ledger.start_ms, through_ms)
    assert links == queries.Links(truth.total(), 0, 0)

    for machine, reader in LAST_MACHINES.items():
        units = session.execute(
            select(Unit.made_ms, Unit.epc).where(Unit.machine == machine).order_by(Unit.ordinal)
        )
        good = [part for part in ledger.parts[machine] if part.good]
        read = {each.epc for each in ledger.reads[reader]}
        assert [tuple(unit) for unit in units] == [
            (part.ts_ms, part.epc if part.epc in read else None) for part in good
        ]

    lines = {(row.order_number, row.line): row.good_quantity for row in session.scalars(select(OrderLine))}
    finished = Counter(
        (part.order, part.line) for machine in LAST_MACHINES for part in ledger.parts[machine] if part.good
    )
    assert {key: good for key, good in lines.items() if good} == dict(finished)
