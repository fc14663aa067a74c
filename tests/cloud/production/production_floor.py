"""A shop floor for tests: facts put in by hand, reactions run on them, rows read back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from cloud.ingest.tables import SignalFact
from cloud.orders.actions import enter_order
from cloud.orders.schemas import OrderIn, OrderLineIn
from cloud.orders.tables import OrderLine
from cloud.outbox import Event
from cloud.production.actions import release_work_order
from cloud.production.reactions import react
from cloud.production.schemas import WorkOrderIn
from cloud.production.tables import JobSeen, Operation, PartCount, TagRead, Unit, WorkOrder

T0 = 1_772_438_400_000  # 2026-03-02T08:00:00Z
EVENT_OF = {"job": "JobChanged", "good": "PartsCounted", "reject": "PartsCounted", "tag": "TagSeen"}
PROJECTIONS = (PartCount, Unit, JobSeen, TagRead, Operation, WorkOrder, OrderLine)


@dataclass(frozen=True, slots=True)
class Fact:
    """A reading: seconds after T0, a number or a text, and which point of the stream it is."""

    kind: str
    source: str
    at_s: float
    value: int | str
    position: int

    @property
    def ts_ms(self) -> int:
        return T0 + round(self.at_s * 1000)


def enter(session: Session, number: str, quantity: int, product: str = "BD-280", line: int = 1) -> None:
    due = "2026-03-04T08:00:00Z"
    wanted = OrderLineIn(line=line, product=product, quantity=Decimal(quantity), due=due)
    order = OrderIn(number=number, customer="hangzhou-ev", lines=[wanted])
    enter_order(session, order, "test", T0 - 3_600_000)


def release(
    session: Session, number: int, order: str, quantity: int, line: int = 1, *, hear: bool = True
) -> None:
    wanted = WorkOrderIn(number=number, order=order, line=line, quantity=Decimal(quantity))
    release_work_order(session, wanted, "test", T0 - 1_800_000)
    if hear:
        react(session, [Event(0, "WorkOrderReleased", {"work_order": number}, 0)])


def store(session: Session, facts: Iterable[Fact]) -> None:
    rows = [
        {
            "kind": fact.kind,
            "source": fact.source,
            "stream": "a" * 32,
            "position": fact.position,
            "ord": 0,
            "ts_ms": fact.ts_ms,
            "value": None if isinstance(fact.value, str) else float(fact.value),
            "text": fact.value if isinstance(fact.value, str) else None,
            "quality": 192,
        }
        for fact in facts
    ]
    if rows:
        session.execute(insert(SignalFact), rows)


def announced(facts: Sequence[Fact]) -> list[Event]:
    """The events the deriver announces for facts: one window for each kind of event and source."""
    windows: dict[str, dict[str, list[int]]] = {}
    for fact in facts:
        if fact.kind in EVENT_OF:
            window = windows.setdefault(EVENT_OF[fact.kind], {}).setdefault(
                fact.source, [fact.ts_ms, fact.ts_ms + 1]
            )
            window[0], window[1] = min(window[0], fact.ts_ms), max(window[1], fact.ts_ms + 1)
    return [Event(n, kind, {"windows": of}, 0) for n, (kind, of) in enumerate(windows.items(), start=1)]


def deliver(session: Session, facts: Sequence[Fact]) -> None:
    """Stores facts and lets production react, as one batch."""
    store(session, facts)
    react(session, announced(facts))
    session.flush()
    session.expunge_all()


def projection(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """Every row production and orders keep, sorted, so that two floors can be compared."""
    session.expunge_all()
    return {
        table.__tablename__: sorted(
            (tuple(row) for row in session.execute(select(*table.__table__.columns))), key=repr
        )
        for table in PROJECTIONS
    }
