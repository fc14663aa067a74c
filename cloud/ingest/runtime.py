"""Ingestion as a running thing: broker to store to facts, with receipts after commits."""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cloud.db import Database
from cloud.ingest.arrival import Arrival, Block, Command, Replayed
from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.broker import BrokerLink
from cloud.ingest.derive import CURSOR, Deriver
from cloud.ingest.groups import MOST, MOST_BYTES
from cloud.ingest.host import Host
from cloud.ingest.inbox import QUEUE_MESSAGES, Inbox
from cloud.ingest.ingest_state import IngestState, NodeState, node_states
from cloud.ingest.live_values import LiveValues
from cloud.ingest.pulse import Pulse
from cloud.ingest.rows import meanings_of
from cloud.ingest.telemetry_link import TelemetryLink
from cloud.plant.queries import Binding, binding_versions
from cloud.settings import Settings
from cloud.timeseries.store import Commit, Committed, ContentRefused, Sample, Store, StoreRefused
from wire.clock import PlantClock
from wire.quality import STALE
from wire.session import NodeSession
from wire.session_events import NodeId
from wire.topics import split_tag

log = structlog.get_logger("cloud.ingest")

COMMIT_S: Final = 0.25
ANSWERED_COMMIT_S: Final = 0.03  # somebody waits: a broker for its acknowledgement, a person for a replay
COMMIT_ROWS: Final = 50_000
FULL_WINDOWS_ROWS: Final = 32_000  # when so many have come and nothing more, gateways wait for receipts
COMMIT_BYTES: Final = 8 << 20
AHEAD_MESSAGES: Final = 2 * MOST
AHEAD_BYTES: Final = 4 * MOST_BYTES
RECEIPTS_S: Final = 0.2
RECEIPT_S: Final = 0.005  # the pause that each receipt costs: few gateways hear at once, many less often
TICK_S: Final = 0.25
BINDINGS_S: Final = 2.0
RETRY_S: Final = 1.0
ISOLATED_COMMITS: Final = 2_000
AT_EASE_S: Final = 5.0
AT_EASE_MESSAGES: Final = 100


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
    group, cursor
        The only Sparkplug group to take in, all when None; name of the derivation's place in the log.
    most_messages
        How many messages may wait; data beyond them stay with their gateways.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        clock: PlantClock,
        store: Store,
        *,
        group: str | None = None,
        cursor: str = CURSOR,
        most_messages: int = QUEUE_MESSAGES,
    ) -> None:
        self._db = db
        self._clock = clock
        self._store = store
        self.bad_input = BadInputLog()
        self._bindings: Mapping[str, Sequence[Binding]] = {}
        self._host = Host(settings.host_id, store, clock, self.bad_input)
        self._broker = BrokerLink(settings, self._arrived, group)
        self._telemetry = TelemetryLink(settings, self._arrived, group)
        self._deriver = Deriver(
            db, store, lambda: self._bindings, self.bad_input, cursor=cursor, now_ms=clock.now_ms
        )
        self._pulse = Pulse(clock)
        self._stopping = threading.Event()
        self._inbox = Inbox(most_messages)
        self._isolated = 0
        self._is_failing = False
        self._next_commit_s = self._next_tick_s = self._next_receipts_s = self._next_bindings_s = 0.0
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="ingest-commit")
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
        self._telemetry.start()
        log.info("ingest_started", commit_no=self._store.counts().commit_no)

    def stop(self) -> None:
        """Stop: what has arrived is committed and receipted, STATE says offline, facts are derived."""
        self._stopping.set()
        if self._worker.is_alive():
            self._worker.join()
        self._writer.shutdown()
        self._telemetry.stop()
        self._broker.stop()
        self._deriver.stop()
        log.info("ingest_stopped", commit_no=self._store.counts().commit_no)

    def snapshot(self) -> IngestState:
        """Return the state of ingestion now; from any thread."""
        counts = self._store.counts()
        return IngestState(
            is_connected=self._broker.is_connected and self._telemetry.is_subscribed,
            rates=self._pulse.rates(),
            counts=counts,
            deriver_lag=max(0, counts.signal_commit_no - self._deriver.cursor),
            queued=self._inbox.messages,
            queued_bytes=max(0, self._inbox.bytes),
            dropped=self._inbox.dropped,
            nodes=self._nodes(),
            bad_input=self.bad_input.snapshot(),
        )

    def latest(self, tags: Sequence[str]) -> dict[str, Sample]:
        """Return the live value per tag: the newest stored point, or the value of a later birth."""
        found = dict(self._store.latest(tags))
        for tag in tags:
            group, node, device, metric = split_tag(tag)
            identity = NodeId(group, node)
            live = self.live.sample(identity, device, metric)
            if live is not None and (tag not in found or live.ts_ms >= found[tag].ts_ms):
                found[tag] = live
            elif tag in found and not self._is_alive(identity, device):
                found[tag] = found[tag]._replace(quality=STALE)
        return found

    def _is_alive(self, node: NodeId, device: str) -> bool:
        session = self._host.sessions.nodes.get(node)
        return session is not None and session.is_online and device in {"", *session.devices}

    @property
    def live(self) -> LiveValues:
        """Return the live values of every node and device."""
        return self._host.live

    @property
    def is_connected(self) -> bool:
        """Return whether commands can reach the broker now."""
        return self._broker.is_connected

    def session(self, group: str, node: str) -> NodeSession | None:
        """Return the session of a node that was heard since the start."""
        return self._host.sessions.nodes.get(NodeId(group, node))

    def devices(self, group: str, node: str) -> dict[str, int]:
        """Return the devices of a node with the plant time they were last heard."""
        seen = self._host.seen.get(NodeId(group, node))
        return dict(seen.devices) if seen else {}

    def born_real_ms(self, group: str, node: str) -> int:
        """Return the real time of a node's last birth, 0 when there was none since the start."""
        seen = self._host.seen.get(NodeId(group, node))
        return seen.born_real_ms if seen else 0

    def publish(self, commands: Iterable[Command]) -> None:
        """Send commands to edge nodes; from any thread."""
        self._broker.publish(commands)

    def replay(self, number: int) -> "Future[Replayed]":
        """Return what becomes of a quarantined payload that is read again on the ingest thread.

        Raises
        ------
        LookupError
            When the payload is not kept, or not whole.
        """
        kept = self._store.quarantined_whole(number)
        if kept is None or len(kept.head) < kept.size:
            raise LookupError(f"quarantined payload {number} is not kept whole")
        answer: Future[Replayed] = Future()
        received_ms = round(self._clock.to_real(kept.at_ms).timestamp() * 1000)
        self._inbox.ask(Arrival(kept.topic, kept.head, received_ms, replay=answer))
        return answer

    def _nodes(self) -> list[NodeState]:
        sessions = {"/".join(key): session for key, session in list(self._host.sessions.nodes.items())}
        seen = {"/".join(key): heard for key, heard in list(self._host.seen.items())}
        return node_states(self._store, self._pulse, sessions, seen)

    # The network thread.

    def _arrived(self, arrival: Arrival | Block) -> None:
        if not self._inbox.put(arrival):
            # On purpose: a batch without a receipt stays in our gateway's spool and comes again. A third
            # party keeps nothing: its missing sequence numbers become a gap.
            self.bad_input.note("dropped_by_overload", self._clock.now_ms(), arrival.topic, len(arrival))

    # The ingest thread.

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._round(self._wait_s())
        for _ in range(self._inbox.left):
            if self._inbox.is_empty:
                break
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
            and self._inbox.dropped_since(now_s) > AT_EASE_S
            and self._inbox.messages < AT_EASE_MESSAGES
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
                self._host.tick(now, is_connected=self._broker.is_connected)
                self._pulse.waits(self._inbox.messages)
            if now >= self._next_bindings_s:
                self._next_bindings_s = now + BINDINGS_S
                self._refresh_bindings()
            if self._is_commit_due(now):
                self._commit()
            self._host.settle()
            if now >= self._next_receipts_s:
                said = self._host.say_receipts(now, may_repeat=self._is_at_ease(now))
                self._next_receipts_s = now + min(RECEIPTS_S, max(said, 1) * RECEIPT_S)
            self._broker.publish(self._host.commands())
        except (StoreRefused, SQLAlchemyError) as error:
            self._failed(error)
        except Exception as error:  # task boundary: nothing that one message holds may stop ingestion
            log.exception("ingest_surprised")
            self.bad_input.note("surprise", self._clock.now_ms(), repr(error))

    def _take_messages(self, wait_s: float) -> None:
        if self._is_failing and self._is_commit_full(COMMIT_ROWS):
            self._stopping.wait(wait_s)  # the store is away: leave the rest in the queue
            return
        limit, most = (1, 1) if self._isolated else (COMMIT_ROWS, MOST)
        until_s = time.monotonic() + COMMIT_S
        if self._host.staged.is_empty():
            self._inbox.begin_commit()
        taken = self._inbox.taken
        self._inbox.take_out(most, MOST_BYTES, wait_s)
        while taken:
            is_awaited = any(came.is_awaited for came in taken)
            self._host.receive_all(taken, time.monotonic(), is_single=bool(self._isolated))
            if is_awaited:
                until_s = self._next_commit_s = min(until_s, time.monotonic() + ANSWERED_COMMIT_S)
            if self._is_commit_full(limit) or time.monotonic() >= until_s:
                return
            self._inbox.take_out(most, MOST_BYTES, 0.0)

    def _is_commit_full(self, most_rows: int) -> bool:
        staged = self._host.staged
        is_long = self._inbox.taken_bytes >= COMMIT_BYTES and not staged.is_empty()
        return staged.rows() >= most_rows or is_long

    def _is_commit_due(self, now_s: float) -> bool:
        staged = self._host.staged
        if staged.is_empty() or (self._is_failing and now_s < self._next_commit_s):
            return False
        if self._isolated or now_s >= self._next_commit_s or self._is_commit_full(COMMIT_ROWS):
            return True
        return staged.rows() >= FULL_WINDOWS_ROWS and self._inbox.is_empty

    def _commit(self) -> None:
        self._next_commit_s = time.monotonic() + COMMIT_S
        self._inbox.begin_commit()
        if self._host.staged.is_empty():
            return
        commit = self._host.take()
        started = time.monotonic()
        try:
            done = self._appended(commit)
        except ContentRefused as refused:
            if not self._isolated:
                # Something in it can never be stored: commit one message at a time until it is found.
                self._isolated = ISOLATED_COMMITS
                self._rolled_back(commit)
                raise
            commit = self._host.give_up(commit, str(refused))
            done = self._store.append(commit)
        except Exception:
            self._rolled_back(commit)
            raise
        self._host.committed()
        self._pulse.beat(commit.batches, done.points, time.monotonic() - started, done.committed_ms)
        self._isolated = max(0, self._isolated - 1)
        if commit.signals:
            self._deriver.wake()
        if self._is_failing:
            self._is_failing = False
            log.info("store_recovered")

    def _appended(self, commit: Commit) -> Committed:
        """Store a commit; while the store writes, what waits is read."""
        if self._isolated or self._inbox.bytes < MOST_BYTES:
            return self._store.append(commit)
        writing = self._writer.submit(self._store.append, commit)
        try:
            self._inbox.take_out(AHEAD_MESSAGES, AHEAD_BYTES, 0.0)
            self._host.read_ahead(self._inbox.taken, writing.done)
        except Exception as error:  # task boundary: as in a round; the commit has its own end
            log.exception("ingest_surprised")
            self.bad_input.note("surprise", self._clock.now_ms(), repr(error))
        return writing.result()

    def _rolled_back(self, commit: Commit) -> None:
        for arrival in self._host.rolled_back(commit):
            self._inbox.put_back(arrival)

    def _failed(self, error: Exception) -> None:
        self._next_commit_s = time.monotonic() + RETRY_S
        self.bad_input.note("commit_refused", self._clock.now_ms(), str(error))
        if not self._is_failing:
            log.error("store_refused", reason=str(error))
        self._is_failing = True

    def _refresh_bindings(self) -> None:
        with self._db.read() as session:
            found = binding_versions(session)
        if found == self._bindings and self._next_bindings_s:
            return
        meanings = meanings_of(found)
        # The code maps first: copied signals may be derived at once.
        self._bindings = found
        if not self._host.staged.is_empty():
            self._commit()
        copied = self._store.rebind(meanings)
        self._host.book.bind(meanings)
        if copied:
            log.info("points_bound_later", points=copied)
            self._deriver.wake()
