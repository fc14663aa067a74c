"""A simulated world written into the facts as a faultless gateway would, without protocols between."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from cloud.app import REACTIONS
from cloud.db import Database
from cloud.ingest.tables import Coverage, SignalFact
from cloud.oee.actions import TotalsKeeper
from cloud.orders.actions import enter_order
from cloud.orders.schemas import OrderIn, OrderLineIn
from cloud.outbox import announce, dispatch
from cloud.plant.schemas import iso
from cloud.production.actions import release_work_order
from cloud.production.schemas import WorkOrderIn
from simulators.ledger import Ledger
from simulators.plant_file import Plant, read_plant
from simulators.world import World
from wire.clock import PlantClock

PLANT_FILE = Path(__file__).parents[3] / "simulators" / "plants" / "demo.toml"
HOUR_MS = 3_600_000
HOURS = 16
Interval = tuple[int, int]


@lru_cache(maxsize=2)
def world(seed: int) -> tuple[Plant, Ledger]:
    """The demo plant from 08:00 to 24:00 local time of its first day: an early and a late shift."""
    plant = read_plant(PLANT_FILE)
    start_ms = plant.origin_ms - 8 * HOUR_MS
    end_ms = start_ms + HOURS * HOUR_MS
    ledger = Ledger(plant.id, seed, start_ms, start_ms)
    ledger.record(World(plant, seed, start_ms).advance(end_ms), end_ms)
    return plant, ledger


def fact(kind: str, source: str, ts_ms: int, value: float | str, position: int) -> dict[str, Any]:
    is_text = isinstance(value, str)
    return {
        "kind": kind,
        "source": source,
        "stream": "0" * 32,
        "position": position,
        "ord": 0,
        "ts_ms": ts_ms,
        "value": None if is_text else value,
        "text": value if is_text else None,
        "quality": 192,
    }


def store(session: Session, rows: Iterable[tuple[str, str, int, float | str]], first: int = 1) -> None:
    """Rows of kind, source, time and value as facts of one stream, in this order."""
    position = count(first)
    session.execute(insert(SignalFact), [fact(*row, next(position)) for row in rows])


def store_disturbed(
    session: Session, rows: Iterable[tuple[str, str, int, float | str]], random: Random
) -> None:
    """The same facts, arriving in any order, every third a second time out of another stream."""
    position = count(1)
    facts = [fact(*row, next(position)) for row in rows]
    facts += [{**each, "stream": "f" * 32} for each in facts[::3]]
    random.shuffle(facts)
    session.execute(insert(SignalFact), facts)


def cover(session: Session, machine: str, intervals: Sequence[Interval]) -> None:
    for since, through in intervals:
        session.add(Coverage(source=machine, since_ms=since, through_ms=through))
    session.flush()


def readings(
    ledger: Ledger, machine: str, covered: Sequence[Interval]
) -> list[tuple[str, str, int, float | str]]:
    """What a gateway reads that watched over `covered`: history fills in states and jobs, never counts."""
    rows: list[tuple[str, str, int, float | str]] = [
        ("state", machine, entry.ts_ms, entry.state) for entry in ledger.states[machine]
    ]
    rows += [("job", machine, entry.ts_ms, entry.job) for entry in ledger.jobs[machine]]
    for kind, good in (("good", True), ("reject", False)):
        made = [part.ts_ms for part in ledger.parts[machine] if part.good is good]
        seen = [ts for ts in made if any(a < ts <= b for a, b in covered)]
        for ts_ms in sorted({*seen, *(since for since, _ in covered)}):
            rows.append((kind, machine, ts_ms, bisect_right(made, ts_ms)))
    return rows


def release_orders(session: Session, ledger: Ledger) -> None:
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
            wanted = WorkOrderIn(
                number=line.work_order, order=order.number, line=line.line, quantity=Decimal(line.quantity)
            )
            release_work_order(session, wanted, "test", order.entered_ms)


# The day of the ledgers' shifts, and an hour after both of them.
DAY = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-02T16:00:00Z"}
NOW = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
CLOCK = PlantClock(NOW, datetime.now(UTC) + timedelta(days=1), 60)


def settle(db: Database, ledger: Ledger | None = None) -> None:
    """Let all conclusions be drawn and the totals be kept; with a ledger its whole time has changed."""
    if ledger is not None:
        with db.write() as session:
            span = [ledger.start_ms, ledger.through_ms]
            announce(session, "PartsCounted", {"windows": dict.fromkeys(ledger.states, span)})
            announce(session, "JobChanged", {"windows": dict.fromkeys(ledger.states, span)})
    while dispatch(db, REACTIONS):
        pass
    TotalsKeeper(db, CLOCK).settle()
