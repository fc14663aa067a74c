"""An announced fact has its effect once, whatever fails."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from cloud.db import Database
from cloud.identity.tables import AuditEntry
from cloud.outbox import (
    Consumer,
    Dispatcher,
    Event,
    OutboxDelivery,
    OutboxEvent,
    announce,
    dispatch,
    pending,
    pending_count,
)

WORKER = Path(__file__).with_name("outbox_worker.py")


def _wait_until(holds: Callable[[], bool], deadline_s: float = 20.0) -> None:
    end = time.monotonic() + deadline_s
    while not holds():
        assert time.monotonic() < end, "not reached in time"
        os.sched_yield()


def _writing(name: str, kinds: Sequence[str] = ("Made",)) -> Consumer:
    """A consumer whose effect is one row per event in the same transaction."""

    def handle(session: Session, events: Sequence[Event]) -> None:
        for event in events:
            session.add(
                AuditEntry(
                    at_ms=0, username=name, action=event.kind, object=str(event.payload["n"]), detail={}
                )
            )

    return Consumer(name, frozenset(kinds), handle)


def _failing(name: str, *poison: int) -> Consumer:
    def handle(session: Session, events: Sequence[Event]) -> None:
        _writing(name).handle(session, events)
        session.flush()
        if any(event.payload["n"] in poison for event in events):
            raise RuntimeError(f"cannot take {poison}")

    return Consumer(name, frozenset({"Made"}), handle)


def _announce(db: Database, *numbers: int, kind: str = "Made") -> None:
    with db.write() as session:
        for number in numbers:
            announce(session, kind, {"n": number})


def _effects(db: Database, name: str) -> list[int]:
    with db.read() as session:
        query = select(AuditEntry.object).where(AuditEntry.username == name).order_by(AuditEntry.id)
        return [int(number) for number in session.scalars(query)]


def _events_left(db: Database) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(OutboxEvent)) or 0


def test_each_consumer_of_a_kind_gets_each_event_once_and_in_order(any_db: Database) -> None:
    consumers = [_writing("a"), _writing("b"), _writing("deaf", kinds=["Other"])]
    _announce(any_db, 1, 2, 3)
    assert dispatch(any_db, consumers) == 6
    assert dispatch(any_db, consumers) == 0
    assert _effects(any_db, "a") == _effects(any_db, "b") == [1, 2, 3]
    assert _effects(any_db, "deaf") == []
    assert _events_left(any_db) == 0


def test_an_announcement_lives_and_dies_with_its_transaction(any_db: Database) -> None:
    def fail() -> None:
        with any_db.write() as session:
            announce(session, "Made", {"n": 1})
            raise RuntimeError("the writer failed")

    with pytest.raises(RuntimeError):
        fail()
    assert dispatch(any_db, [_writing("a")]) == 0


def test_an_event_that_nobody_hears_does_not_stay(any_db: Database) -> None:
    _announce(any_db, 1, kind="Whisper")
    dispatch(any_db, [_writing("a")])
    assert _events_left(any_db) == 0


def test_a_failing_consumer_stops_no_other_and_is_visible(any_db: Database) -> None:
    consumers = [_failing("bad", 1, 2), _writing("good")]
    _announce(any_db, 1, 2)
    assert dispatch(any_db, consumers) == 2
    assert _effects(any_db, "good") == [1, 2]
    assert _effects(any_db, "bad") == [], "a failed effect left rows behind"
    with any_db.read() as session:
        [waiting] = pending(session)
        assert pending_count(session) == 2
    assert (waiting.consumer, waiting.count, waiting.failing) == ("bad", 2, 2)
    assert "RuntimeError: cannot take" in (waiting.last_error or "")


def test_one_poisoned_event_does_not_hold_back_the_others_of_its_consumer(any_db: Database) -> None:
    _announce(any_db, 1, 2, 3)
    assert dispatch(any_db, [_failing("a", 2)]) == 2
    assert _effects(any_db, "a") == [1, 3]


def test_a_failed_delivery_waits_longer_each_time_and_then_succeeds(any_db: Database) -> None:
    _announce(any_db, 7)
    waits = []
    for _ in range(3):
        dispatch(any_db, [_failing("a", 7)])
        with any_db.write() as session:
            delivery = session.scalars(select(OutboxDelivery)).one()
            waits.append(delivery.next_try_ms)
            assert delivery.attempts == len(waits)
        assert dispatch(any_db, [_writing("a")]) == 0, "tried again before its time"
        with any_db.write() as session:
            session.scalars(select(OutboxDelivery)).one().next_try_ms = 0
    assert waits[0] < waits[1] < waits[2]
    assert dispatch(any_db, [_writing("a")]) == 1
    assert _effects(any_db, "a") == [7]


def test_more_events_than_the_limit_come_in_several_rounds(db: Database) -> None:
    _announce(db, *range(25))
    consumer = _writing("a")
    rounds = [dispatch(db, [consumer], limit=10) for _ in range(4)]
    assert rounds == [10, 10, 5, 0]
    assert _effects(db, "a") == list(range(25))


def test_committed_is_told_only_of_committed_events(db: Database) -> None:
    told: list[int] = []
    failing = _failing("a", 2)
    consumer = Consumer(
        "a", failing.kinds, failing.handle, lambda events: told.extend(e.payload["n"] for e in events)
    )
    _announce(db, 1, 2, 3)
    dispatch(db, [consumer])
    assert told == [1, 3]


def test_a_listener_that_fails_after_the_commit_does_not_undo_or_repeat_the_effect(db: Database) -> None:
    def fail(_events: Sequence[Event]) -> None:
        raise RuntimeError("the page is gone")

    writing = _writing("a")
    _announce(db, 1, 2)
    assert dispatch(db, [Consumer("a", writing.kinds, writing.handle, fail)]) == 2
    assert dispatch(db, [writing]) == 0
    assert _effects(db, "a") == [1, 2]


def test_an_event_id_is_never_used_twice(any_db: Database) -> None:
    _announce(any_db, 1)
    dispatch(any_db, [])
    with any_db.read() as session:
        assert session.scalar(select(func.count()).select_from(OutboxEvent)) == 0
    seen: list[int] = []
    consumer = Consumer("a", frozenset({"Made"}), lambda _session, events: seen.extend(e.id for e in events))
    _announce(any_db, 2)
    dispatch(any_db, [consumer])
    assert seen == [2]


def test_the_dispatcher_delivers_what_others_announce_until_it_is_stopped(db: Database) -> None:
    dispatcher = Dispatcher(db, [_writing("a")])
    dispatcher.start()
    try:
        _announce(db, 1, 2, 3)
        _wait_until(lambda: _effects(db, "a") == [1, 2, 3])
    finally:
        dispatcher.stop()
    _announce(db, 4)
    assert _effects(db, "a") == [1, 2, 3]


@pytest.mark.slow
def test_kill_9_at_any_moment_neither_loses_nor_doubles_an_effect(any_db: Database) -> None:
    total = 200
    _announce(any_db, *range(total))
    kills = 0
    for round_number in range(20):
        worker = subprocess.Popen([sys.executable, str(WORKER), any_db.url], stdout=subprocess.PIPE)
        assert worker.stdout is not None
        done = worker.stdout.readline().strip() == b"done"
        while not done and len(_effects(any_db, "worker")) < (round_number + 1) * 25:
            if worker.poll() is not None:
                break
        if worker.poll() is None and not done:
            worker.send_signal(signal.SIGKILL)
            kills += 1
        worker.wait(60)
        worker.stdout.close()
        with any_db.read() as session:
            if pending_count(session) == 0:
                break
    assert sorted(_effects(any_db, "worker")) == list(range(total))
    assert kills >= 5


def test_a_busy_database_is_no_event_s_fault(db: Database) -> None:
    """Another process takes the writer's lock between two consumers."""
    hasty = Database(db.url, patience_s=0.1)
    with ExitStack() as held:

        def hold(_events: Sequence[Event]) -> None:
            held.enter_context(db.write()).execute(select(1))

        first = replace(_writing("first"), committed=hold)
        _announce(hasty, 1, 2)
        with pytest.raises(OperationalError, match="locked"):
            dispatch(hasty, [first, _writing("second")])
    with hasty.read() as session:
        assert [(each.consumer, each.count, each.failing) for each in pending(session)] == [("second", 2, 0)]
    assert dispatch(hasty, [first, _writing("second")]) == 2
    assert _effects(hasty, "first") == _effects(hasty, "second") == [1, 2]
    hasty.dispose()
