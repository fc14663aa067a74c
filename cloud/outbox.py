"""Facts that slices announce, kept until every consumer's effect is committed.

`announce` writes the event in the writer's own transaction. The dispatcher fans new events out to the
consumers of the table in `cloud/app.py` (one `outbox_delivery` row each), then hands them over; a delivery is
deleted in the transaction that holds its effect. So whatever dies, an effect happens once. An announcer knows
no listener.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import ForeignKey, Index, String, Text, delete, func, insert, literal, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from cloud.db import Base, Database
from cloud.errors import is_database_busy
from wire.clock import real_ms

log = structlog.get_logger("cloud.outbox")

FIRST_BACKOFF_S = 0.5
MAX_BACKOFF_S = 60.0
BATCH = 500
IDLE_S = 0.2
# Consumers cost by the event rather than by what it says: after a small round that took long, what comes
# meanwhile joins the next one.
FEW = 60
LONGEST_REST_S = 0.5
STOP_S = 10.0


NEW = text("NOT fanned_out")


class OutboxEvent(Base):
    """An announced fact; `fanned_out` tells whether its deliveries have been written."""

    __tablename__ = "outbox_event"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]]
    announced_ms: Mapped[int]  # real time
    fanned_out: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        Index("ix_outbox_event_new", "id", sqlite_where=NEW, postgresql_where=NEW),
        {"sqlite_autoincrement": True},  # an id is never used twice, even after its event is gone
    )


class OutboxDelivery(Base):
    """An event that a consumer still has to take; gone when its effect is committed."""

    __tablename__ = "outbox_delivery"

    consumer: Mapped[str] = mapped_column(String(60), primary_key=True)
    event_id: Mapped[int] = mapped_column(
        ForeignKey("outbox_event.id"), primary_key=True, autoincrement=False
    )
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_ms: Mapped[int] = mapped_column(default=0)  # real time
    error: Mapped[str | None] = mapped_column(Text, default=None)

    __table_args__ = (Index("ix_outbox_delivery_event_id", "event_id"),)


@dataclass(frozen=True, slots=True)
class Event:
    """One announced fact as a consumer gets it; `announced_ms` is real time."""

    id: int
    kind: str
    payload: Mapping[str, Any]
    announced_ms: int


@dataclass(frozen=True, slots=True)
class Consumer:
    """Who hears what.

    Parameters
    ----------
    name
        Stable: deliveries are stored under it.
    kinds
        Kinds of event it hears.
    handle
        Gets the session of the transaction that also deletes the deliveries, and some events in the order of
        their announcement. It must not commit. After an error the events come again, one at a time.
    committed
        Called with the same events after the commit, for effects in memory (a live page's topics); a crash
        may lose it.
    """

    name: str
    kinds: frozenset[str]
    handle: Callable[[Session, Sequence[Event]], None]
    committed: Callable[[Sequence[Event]], None] | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """What a consumer still has to take; `oldest_ms` is real time."""

    consumer: str
    count: int
    failing: int
    oldest_ms: int
    last_error: str | None


def announce(session: Session, kind: str, payload: Mapping[str, Any]) -> None:
    """Nothing comes back; every consumer of `kind` gets the fact if and only if the transaction commits."""
    row = {"kind": kind, "payload": dict(payload), "announced_ms": real_ms(), "fanned_out": False}
    session.execute(insert(OutboxEvent), [row])


def dispatch(db: Database, consumers: Sequence[Consumer], limit: int = BATCH) -> int:
    """Number of deliveries whose effect was committed by this call.

    Each consumer gets at most `limit` events in one transaction. A consumer that fails is logged, noted in
    its deliveries, tried again with backoff (0.5 s doubling to 60 s) and stops no other.
    """
    _fan_out(db, consumers, limit)
    return sum(_serve(db, consumer, limit) for consumer in consumers)


def pending(session: Session) -> list[Pending]:
    """What each consumer still has to take, by name; consumers with nothing to take are left out."""
    delivery = OutboxDelivery
    rows = session.execute(
        select(
            delivery.consumer,
            func.count(),
            func.count(delivery.error),
            func.min(OutboxEvent.announced_ms),
            func.max(delivery.error),
        )
        .join(OutboxEvent, OutboxEvent.id == delivery.event_id)
        .group_by(delivery.consumer)
        .order_by(delivery.consumer)
    )
    return [Pending(*row) for row in rows]


def is_busy(session: Session, events: int) -> bool:
    """Whether consumers have more than so many deliveries to take that they have not tried yet.

    One that fails and is tried again does not count: nobody is to wait for it.
    """
    untried = select(OutboxDelivery.event_id).where(OutboxDelivery.attempts == 0).limit(events + 1)
    fresh = select(OutboxEvent.id).where(~OutboxEvent.fanned_out).limit(events + 1)
    return any(
        (session.scalar(select(func.count()).select_from(some.subquery())) or 0) > events
        for some in (untried, fresh)
    )


def pending_count(session: Session) -> int:
    """Number of deliveries to be made, with events not fanned out yet counted once."""
    waiting = select(func.count()).select_from(OutboxDelivery).scalar_subquery()
    fresh = select(func.count()).where(~OutboxEvent.fanned_out).select_from(OutboxEvent).scalar_subquery()
    count: int = session.execute(select(waiting + fresh)).scalar_one()
    return count


def _fan_out(db: Database, consumers: Sequence[Consumer], limit: int) -> None:
    new = (
        select(OutboxEvent.id, OutboxEvent.kind)
        .where(~OutboxEvent.fanned_out)
        .order_by(OutboxEvent.id)
        .limit(limit)
    )
    with db.read() as session:  # an idle poll must not take the writer's lock
        if session.execute(new.limit(1)).first() is None:
            return
    with db.write() as session:
        events = session.execute(new).all()
        rows = [
            {"consumer": consumer.name, "event_id": event.id}
            for event in events
            for consumer in consumers
            if event.kind in consumer.kinds
        ]
        if rows:
            session.execute(insert(OutboxDelivery), rows)
        heard = {row["event_id"] for row in rows}
        unheard = [event.id for event in events if event.id not in heard]
        session.execute(update(OutboxEvent).where(OutboxEvent.id.in_(heard)).values(fanned_out=True))
        session.execute(delete(OutboxEvent).where(OutboxEvent.id.in_(unheard)))


def _due(consumer: Consumer, limit: int, *, only: int | None = None) -> Any:
    delivery = OutboxDelivery
    query = (
        select(OutboxEvent.id, OutboxEvent.kind, OutboxEvent.payload, OutboxEvent.announced_ms)
        .join(delivery, delivery.event_id == OutboxEvent.id)
        .where(delivery.consumer == literal(consumer.name))
        .order_by(OutboxEvent.id)
        .limit(limit)
    )
    return query.where(OutboxEvent.id == only) if only else query.where(delivery.next_try_ms <= real_ms())


def _serve(db: Database, consumer: Consumer, limit: int) -> int:
    with db.read() as session:
        due = [row.id for row in session.execute(_due(consumer, limit))]
    if not due:
        return 0
    try:
        return _deliver(db, consumer, _due(consumer, limit))
    except Exception as error:  # task boundary: one consumer's fault must not stop the others
        if is_database_busy(error):
            raise  # no event's fault: the whole round comes again
        if len(due) == 1:
            _note_failure(db, consumer, due[0], error)
            return 0
    # One event may have spoilt the batch: give each its own transaction, so that only that one waits.
    return sum(_deliver_alone(db, consumer, event_id) for event_id in due)


def _deliver_alone(db: Database, consumer: Consumer, event_id: int) -> int:
    try:
        return _deliver(db, consumer, _due(consumer, 1, only=event_id))
    except Exception as error:  # the same task boundary
        if is_database_busy(error):
            raise
        _note_failure(db, consumer, event_id, error)
        return 0


def _deliver(db: Database, consumer: Consumer, query: Any) -> int:
    with db.write() as session:
        events = [Event(*row) for row in session.execute(query)]
        if not events:
            return 0  # another process has taken them
        taken = [event.id for event in events]
        of_these = OutboxDelivery.event_id.in_(taken)
        session.execute(delete(OutboxDelivery).where(OutboxDelivery.consumer == consumer.name, of_these))
        consumer.handle(session, events)
        session.flush()
        left = select(OutboxDelivery.event_id).where(of_these)
        session.execute(delete(OutboxEvent).where(OutboxEvent.id.in_(taken), OutboxEvent.id.not_in(left)))
    if consumer.committed is not None:
        try:
            consumer.committed(events)
        except Exception:  # task boundary: the effect is committed and must not be tried again
            log.exception("told_in_vain", consumer=consumer.name)
    return len(events)


def _note_failure(db: Database, consumer: Consumer, event_id: int, error: Exception) -> None:
    with db.write() as session:
        delivery = session.get(OutboxDelivery, (consumer.name, event_id))
        if delivery is None:
            return
        wait_s = min(MAX_BACKOFF_S, FIRST_BACKOFF_S * 2 ** min(delivery.attempts, 16))
        first = delivery.attempts == 0
        delivery.attempts += 1
        delivery.next_try_ms = real_ms() + int(wait_s * 1000)
        delivery.error = f"{type(error).__name__}: {error}"[:1000]
    if first:  # a change of state; the repetitions are in the table
        log.error("delivery_failed", consumer=consumer.name, event_id=event_id, exc_info=error)


class Dispatcher:
    """A thread that dispatches until it is stopped.

    Parameters
    ----------
    db
        Where the outbox is.
    consumers
        The table of who hears what.
    """

    def __init__(self, db: Database, consumers: Iterable[Consumer]) -> None:
        self._db = db
        self._consumers = tuple(consumers)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        """Nothing comes back; dispatching begins."""
        self._thread.start()

    def stop(self) -> None:
        """Nothing comes back; the batch in work is finished first."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def _run(self) -> None:
        failing = False
        while not self._stopping.is_set():
            try:
                begun_s = time.monotonic()
                done = dispatch(self._db, self._consumers)
                if 0 < done < FEW:
                    self._stopping.wait(min(time.monotonic() - begun_s, LONGEST_REST_S))
                failing, busy = False, done > 0
            except Exception:  # task boundary: the database may be away for a while
                if not failing:
                    log.exception("outbox_stalled")
                failing, busy = True, False
            if not busy:
                self._stopping.wait(IDLE_S)
