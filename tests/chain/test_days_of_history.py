"""Days of history as the demo spools them, the last shift first: what is concluded is the world's ledger."""

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from cloud.app import REACTIONS, prepare
from cloud.db import Database
from cloud.downtime.queries import stops_in
from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.derive import Deriver
from cloud.maintenance.actions import KIND
from cloud.maintenance.tables import Alarm
from cloud.oee import queries
from cloud.oee.actions import TotalsKeeper
from cloud.oee.tables import ShiftTotal
from cloud.orders.actions import enter_order
from cloud.orders.schemas import OrderIn, OrderLineIn
from cloud.orders.tables import OrderLine
from cloud.outbox import dispatch
from cloud.plant import queries as plant
from cloud.plant.queries import Binding, binding_versions
from cloud.production.actions import release_work_order
from cloud.production.schemas import WorkOrderIn
from cloud.production.tables import PartCount, Unit
from cloud.settings import Settings
from cloud.timeseries.store import SignalPage, SignalRow
from edge.spool_reader import SpoolReader, read_all_points
from simulators.figures import machine_figures
from simulators.ledger import Ledger
from simulators.plant_file import read_plant
from simulators.world import World
from taktline.history import RECENT_MS, spool_history
from taktline.plant_time import clock_starting, iso
from taktline.stack import RunPlan, Stack
from wire.clock import real_ms

PLANT_FILE = Path(__file__).parents[2] / "simulators" / "plants" / "demo.toml"
SEED = 5
HOURS = 44  # over a Sunday without shifts
HOUR_MS = 3_600_000
PAGE = 6_000
RATIOS = ("availability", "effectiveness", "quality", "oee", "coverage")

pytestmark = pytest.mark.slow


class Log:
    """The signals of the spools as a store's log has them: the first stream of all, then the second."""

    def __init__(self, stack: Stack, bindings: Mapping[str, Any]) -> None:
        self.pages: list[list[SignalRow]] = []
        for stream in range(2):
            rows: list[SignalRow] = []
            for spool in stack.spools.values():
                reader = SpoolReader(spool)
                wanted = reader.streams()[stream].id.hex()
                reader.close()
                points = (point for point in read_all_points(spool) if point.stream == wanted)
                rows += [_signal(point, bindings[point.tag][0]) for point in points if point.tag in bindings]
            self.pages += [rows[at : at + PAGE] for at in range(0, len(rows), PAGE)]
            if not stream:
                self.first_pages = len(self.pages)

    def signal_log(self, after: int, _limit: int, _taken: object) -> SignalPage:
        page = self.pages[after] if after < len(self.pages) else []
        return SignalPage(page, after + 1)

    def trim_signal_log(self, _through: int) -> None:
        return


def _signal(point: Any, binding: Binding) -> SignalRow:
    text = point.value if isinstance(point.value, str) else None
    return SignalRow(
        *(point.stream, point.position, point.ord, point.tag, binding.role, binding.source, point.ts_ms),
        None if text is not None else float(point.value),
        text,
        point.quality,
    )


@dataclass(frozen=True, slots=True)
class Past:
    """A line's history on its way into a database."""

    plan: RunPlan
    db: Database
    ledger: Ledger
    log: Log
    deriver: Deriver

    def work_in(self, pages: int) -> None:
        for _ in range(pages):
            assert self.deriver.step()
            while dispatch(self.db, REACTIONS):
                pass


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    whole = read_plant(PLANT_FILE)
    first = replace(whole, lines=whole.lines[:1])
    start_ms = first.origin_ms - HOURS * HOUR_MS
    clock = clock_starting(first.origin_ms, real_ms() + 3_600_000, 1.0)
    plan = RunPlan(PLANT_FILE, first, SEED, clock, tmp_path, start_ms)
    stack = Stack(plan)
    stack.describe_gateways()
    world = spool_history(plan, stack.gateway_files).world
    ledger = Ledger(first.id, SEED, start_ms, start_ms)
    ledger.record(World(first, SEED, start_ms).advance(plan.origin_ms), plan.origin_ms)
    assert world.orders == ledger.orders
    settings = Settings(data=tmp_path, plant_file=PLANT_FILE)
    db = Database(settings.url)
    prepare(db, settings)
    with db.read() as session:
        bindings = binding_versions(session)
    _release(db, ledger)
    log = Log(stack, bindings)
    bad_input = BadInputLog()
    deriver = Deriver(db, log, lambda: bindings, bad_input)  # type: ignore[arg-type]  # what it reads of a store
    yield Past(plan, db, ledger, log, deriver)
    assert not bad_input.snapshot()
    db.dispose()


def _release(db: Database, ledger: Ledger) -> None:
    with db.write() as session:
        for order in reversed(ledger.orders):
            lines = [
                OrderLineIn(
                    line=row.line, product=row.product, quantity=Decimal(row.quantity), due=iso(row.due_ms)
                )
                for row in order.lines
            ]
            entered = OrderIn(
                number=order.number, customer=order.customer, lines=lines, entered=iso(order.entered_ms)
            )
            enter_order(session, entered, "test", order.entered_ms)
            for row in order.lines:
                wanted = WorkOrderIn(
                    number=row.work_order, order=order.number, line=row.line, quantity=Decimal(row.quantity)
                )
                release_work_order(session, wanted, "test", order.entered_ms)


def assert_figures_are_the_ledgers(past: Past, window: tuple[int, int]) -> None:
    with past.db.read() as session:
        for machine in past.plan.plant.machines:
            ours = queries.oee(session, f"machine:{machine.id}", window, past.plan.origin_ms).figure
            theirs = machine_figures(past.ledger, past.plan.plant, machine.id, window)
            assert (ours.good, ours.rejected) == (theirs["good"], theirs["rejected"]), (machine.id, window)
            for name in RATIOS:
                assert getattr(ours, name) == pytest.approx(theirs[name], abs=1e-9), (
                    name,
                    machine.id,
                    window,
                )


def test_the_last_shift_stands_first_and_the_days_before_it_end_as_the_ledger_has_them(past: Past) -> None:
    start, end = past.plan.start_ms, past.plan.origin_ms
    keeper = TotalsKeeper(past.db, past.plan.clock)
    past.work_in(past.log.first_pages)
    assert_figures_are_the_ledgers(past, (end - RECENT_MS, end))
    keeper.settle()
    past.work_in(len(past.log.pages) - past.log.first_pages)
    for window in ((start, end), (start, end - RECENT_MS), (start + 20 * HOUR_MS, end - 10 * HOUR_MS)):
        assert_figures_are_the_ledgers(past, window)
    keeper.settle()
    _assert_totals_are_complete(past)
    _assert_parts_found_their_orders(past)
    _assert_alarms_are_true(past)
    _assert_breakdowns_are_named_by_their_plc(past)


def _assert_totals_are_complete(past: Past) -> None:
    with past.db.read() as session:
        kept = session.scalar(select(func.sum(ShiftTotal.good)))
    finished_ms = past.plan.origin_ms - RECENT_MS  # the last shift has just ended: it is still reckoned live
    made = [part for parts in past.ledger.parts.values() for part in parts if part.ts_ms <= finished_ms]
    assert kept == sum(part.good for part in made)


def _assert_parts_found_their_orders(past: Past) -> None:
    made: Counter[tuple[str, int]] = Counter()
    for machine, parts in past.ledger.parts.items():
        made.update((machine, part.job) for part in parts if part.good)
    with past.db.read() as session:
        counted = session.execute(
            select(PartCount.machine, PartCount.operation, func.sum(PartCount.good))
            .where(PartCount.good > 0)
            .group_by(PartCount.machine, PartCount.operation)
        )
        assert {(row[0], row[1]): row[2] for row in counted} == made
        tagged = dict(session.execute(select(Unit.epc, Unit.work_order).where(Unit.epc.is_not(None))).all())
        done = session.scalar(select(func.count()).where(OrderLine.status == "completed"))
    read = {read.epc for reads in past.ledger.reads.values() for read in reads}
    last = past.plan.plant.lines[0].machines[-1].id
    epcs = {part.epc: part.job // 100 for part in past.ledger.parts[last] if part.epc in read}
    assert tagged == epcs
    assert done


def _assert_alarms_are_true(past: Past) -> None:
    worn = past.ledger.wear_periods()
    with past.db.read() as session:
        raised = session.execute(select(Alarm.machine, Alarm.raised_ms).where(Alarm.kind == KIND)).all()
    assert raised
    for machine, at_ms in raised:
        assert any(since <= at_ms <= until for since, until in worn.get(machine, ())), (machine, iso(at_ms))


def _assert_breakdowns_are_named_by_their_plc(past: Past) -> None:
    meant = tomllib.loads(PLANT_FILE.read_text())["reason_codes"]
    start, end = past.plan.start_ms, past.plan.origin_ms
    with past.db.read() as session:
        found = stops_in(session, plant.machines(session), (start, end), end)
    named = {
        (stops.machine.id, stop.start_ms): (stop.reason, stop.source)
        for stops in found
        for stop in stops.stops
        if stop.state == "breakdown"
    }
    broken = {
        (machine, entry.ts_ms): (meant[str(entry.reason)], "plc")
        for machine, entries in past.ledger.states.items()
        for entry in entries
        if entry.state == "breakdown"
    }
    assert named == broken
    assert len(set(broken.values())) > 1
