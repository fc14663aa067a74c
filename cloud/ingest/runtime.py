"""Ingestion as a running thing: broker to store to facts, with receipts after commits."""

import math
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cloud.db import Database
from cloud.ingest.bad_input import BadInputLog, Tally
from cloud.ingest.broker import BrokerLink
from cloud.ingest.derive import Deriver
from cloud.ingest.host import Arrival, Host
from cloud.ingest.pulse import Pulse, Rates
from cloud.plant.queries import Binding, bindings
from cloud.settings import Settings
from cloud.timeseries.store import ContentRefused, Meaning, Sample, Store, StoreCounts, StoreRefused
from wire.clock import PlantClock

log = structlog.get_logger("cloud.ingest")

COMMIT_S: Final = 0.25
COMMIT_ROWS: Final = 50_000
RECEIPTS_S: Final = 0.2
TICK_S: Final = 0.25
BINDINGS_S: Final = 2.0
RETRY_S: Final = 1.0
QUEUE_MESSAGES: Final = 5_000
QUEUE_BYTES: Final = 64 << 20
ISOLATED_COMMITS: Final = 2_000
AT_EASE_S: Final = 5.0
AT_EASE_MESSAGES: Final = 100
_DATA: Final = ("/DDATA/", "/NDATA/")


@dataclass(frozen=True, slots=True)
class NodeState:
    """One edge node; `last_seen_ms` plant time, lag real seconds."""

    group: str
    node: str
    is_online: bool
    keeps_receipts: bool
    last_seen_ms: int | None
    devices: int
    devices_online: int
    points: int
    gaps: int
    lag_s: float | None


@dataclass(frozen=True, slots=True)
class IngestState:
    """The state of ingestion at one moment; `deriver_lag` in commits, `queued` in messages."""

    is_connected: bool
    rates: Rates
    counts: StoreCounts
    deriver_lag: int
    queued: int
    dropped: int
    nodes: list[NodeState]
    bad_input: Mapping[str, Tally]


class IngestRuntime:
    """Everything from the broker to facts, in three threads: network, ingest, deriver.

    Parameters
    ----------
    settings
        Broker and host id.
    db
        Relational database with the plant's bindings; facts go there.
    clock
        Plant clock.
    store
        Time-series store, owned by this process; closed by whoever opened it.
    """

    def __init__(self, settings: Settings, db: Database, clock: PlantClock, store: Store) -> None:
        self._db = db
        self._clock = clock
        self._store = store
        self.bad_input = BadInputLog()
        self._bindings: Mapping[str, Binding] = {}
        self._host = Host(settings.host_id, store, clock, self.bad_input)
        self._broker = BrokerLink(settings, self._arrived)
        self._deriver = Deriver(db, store, lambda: self._bindings, self.bad_input)
        self._pulse = Pulse(clock)
        self._queue: queue.SimpleQueue[Arrival] = queue.SimpleQueue()
        # One counter per thread, so that none needs a lock: bytes put by the network, taken by the worker.
        self._bytes_in = 0
        self._bytes_out = 0
        self._dropped = 0
        self._dropped_at_s = -math.inf
        self._stopping = threading.Event()
        self._isolated = 0
        self._is_failing = False
        self._next_commit_s = self._next_tick_s = self._next_receipts_s = self._next_bindings_s = 0.0
        self._worker = threading.Thread(target=self._work, name="ingest", daemon=True)

    def start(self) -> None:
        """Begin: bindings first, then the broker.

        Raises
        ------
        SQLAlchemyError, StoreRefused
            When a store cannot be used at all; an absent broker is waited for instead.
        """
        with self._db.read() as session:
            self.bad_input.load(session)
        self._refresh_bindings()
        self._deriver.start()
        self._worker.start()
        self._broker.start()
        log.info("ingest_started", commit_no=self._store.counts().commit_no)

    def stop(self) -> None:
        """Stop: what has arrived is committed and receipted, STATE says offline, facts are derived."""
        self._stopping.set()
        if self._worker.is_alive():
            self._worker.join()
        self._broker.stop()
        self._deriver.stop()
        log.info("ingest_stopped", commit_no=self._store.counts().commit_no)

    def snapshot(self) -> IngestState:
        """Return the state of ingestion now; from any thread."""
        counts = self._store.counts()
        return IngestState(
            is_connected=self._broker.is_connected,
            rates=self._pulse.rates(),
            counts=counts,
            deriver_lag=max(0, counts.signal_commit_no - self._deriver.cursor),
            queued=self._queue.qsize(),
            dropped=self._dropped,
            nodes=self._nodes(),
            bad_input=self.bad_input.snapshot(),
        )

    def latest(self, tags: Sequence[str]) -> dict[str, Sample]:
        """Return the live value per tag: the newest stored point, or the value of a later birth."""
        found = dict(self._store.latest(tags))
        for tag in tags:
            born = self._host.born.get(tag)
            if born is not None and (tag not in found or born.ts_ms > found[tag].ts_ms):
                found[tag] = born
        return found

    def _nodes(self) -> list[NodeState]:
        totals = self._store.by_node()
        sessions = {"/".join(key): session for key, session in list(self._host.sessions.nodes.items())}
        seen = {"/".join(key): heard for key, heard in list(self._host.seen.items())}
        nodes = []
        for name in sorted({*totals, *sessions, *seen}):
            group, _, node = name.partition("/")
            session, heard, stored = sessions.get(name), seen.get(name), totals.get(name)
            is_online = session is not None and session.is_online
            nodes.append(
                NodeState(
                    group=group,
                    node=node,
                    is_online=is_online,
                    keeps_receipts=session is not None and session.keeps_receipts,
                    last_seen_ms=heard.last_ms if heard else None,
                    devices=len(heard.devices) if heard else 0,
                    devices_online=len(session.devices) if session is not None and is_online else 0,
                    points=stored.points if stored else 0,
                    gaps=stored.gaps if stored else 0,
                    lag_s=self._pulse.lag_s(name),
                )
            )
        return nodes

    # The network thread.

    def _arrived(self, arrival: Arrival) -> None:
        is_full = self._queue.qsize() >= QUEUE_MESSAGES or self._bytes_in - self._bytes_out >= QUEUE_BYTES
        if is_full and any(kind in arrival.topic for kind in _DATA):
            # On purpose: a batch without a receipt stays in the gateway's spool and comes again.
            self._dropped += 1
            self._dropped_at_s = time.monotonic()
            self.bad_input.note("dropped_by_overload", self._clock.now_ms(), arrival.topic)
            return
        self._bytes_in += len(arrival.payload)
        self._queue.put(arrival)

    # The ingest thread.

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._round(self._wait_s())
        for _ in range(self._queue.qsize()):
            self._round(0.0)
        try:
            self._commit()
        except StoreRefused as error:
            self._failed(error)
        self._host.say_receipts(time.monotonic(), may_repeat=False)
        self._broker.publish(self._host.commands())

    def _is_at_ease(self, now_s: float) -> bool:
        return (
            not self._is_failing
            and now_s - self._dropped_at_s > AT_EASE_S
            and self._queue.qsize() < AT_EASE_MESSAGES
        )

    def _wait_s(self) -> float:
        until_s = self._next_tick_s
        if not self._host.staged.is_empty():
            until_s = min(until_s, self._next_commit_s)
        return max(0.0, until_s - time.monotonic())

    def _round(self, wait_s: float) -> None:
        try:
            self._take_messages(wait_s)
            now = time.monotonic()
            if now >= self._next_tick_s:
                self._next_tick_s = now + TICK_S
                self._host.tick(now)
            if now >= self._next_bindings_s:
                self._next_bindings_s = now + BINDINGS_S
                self._refresh_bindings()
            if self._is_commit_due(now):
                self._commit()
            if now >= self._next_receipts_s:
                self._next_receipts_s = now + RECEIPTS_S
                self._host.say_receipts(now, may_repeat=self._is_at_ease(now))
            self._broker.publish(self._host.commands())
        except (StoreRefused, SQLAlchemyError) as error:
            self._failed(error)
        except Exception as error:  # task boundary: nothing that one message holds may stop ingestion
            log.exception("ingest_surprised")
            self.bad_input.note("surprise", self._clock.now_ms(), repr(error))

    def _take_messages(self, wait_s: float) -> None:
        if self._is_failing and self._host.staged.rows() >= COMMIT_ROWS:
            self._stopping.wait(wait_s)  # the store is away: leave the rest in the queue
            return
        limit = 1 if self._isolated else COMMIT_ROWS
        until_s = time.monotonic() + COMMIT_S
        try:
            arrival = self._queue.get(timeout=wait_s) if wait_s else self._queue.get_nowait()
            while True:
                self._bytes_out += len(arrival.payload)
                self._host.receive(arrival, time.monotonic())
                if self._host.staged.rows() >= limit or time.monotonic() >= until_s:
                    return
                arrival = self._queue.get_nowait()
        except queue.Empty:
            return

    def _is_commit_due(self, now_s: float) -> bool:
        staged = self._host.staged
        if staged.is_empty() or (self._is_failing and now_s < self._next_commit_s):
            return False
        return bool(self._isolated) or now_s >= self._next_commit_s or staged.rows() >= COMMIT_ROWS

    def _commit(self) -> None:
        self._next_commit_s = time.monotonic() + COMMIT_S
        if self._host.staged.is_empty():
            return
        commit = self._host.take()
        started = time.monotonic()
        try:
            done = self._store.append(commit)
        except ContentRefused as refused:
            if not self._isolated:
                # Something in it can never be stored: commit one message at a time until it is found.
                self._isolated = ISOLATED_COMMITS
                self._host.rolled_back(commit)
                raise
            commit = self._host.give_up(commit, str(refused))
            done = self._store.append(commit)
        except Exception:
            self._host.rolled_back(commit)
            raise
        self._host.committed()
        self._pulse.beat(commit.batches, done.points, time.monotonic() - started, done.committed_ms)
        self._isolated = max(0, self._isolated - 1)
        if commit.signals:
            self._deriver.wake()
        if self._is_failing:
            self._is_failing = False
            log.info("store_recovered")

    def _failed(self, error: Exception) -> None:
        self._next_commit_s = time.monotonic() + RETRY_S
        self.bad_input.note("commit_refused", self._clock.now_ms(), str(error))
        if not self._is_failing:
            log.error("store_refused", reason=str(error))
        self._is_failing = True

    def _refresh_bindings(self) -> None:
        with self._db.read() as session:
            found = bindings(session)
        if found == self._bindings and self._next_bindings_s:
            return
        meanings = {tag: Meaning(b.role, b.source, b.version) for tag, b in found.items()}
        # The code maps first: copied signals may be derived at once.
        self._bindings = found
        if not self._host.staged.is_empty():
            self._commit()
        copied = self._store.rebind(meanings)
        self._host.book.bind(meanings)
        if copied:
            log.info("points_bound_later", points=copied)
            self._deriver.wake()
