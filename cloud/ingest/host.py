"""The host of all edge nodes: messages in, one commit and commands out; no network, no threads."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from cloud.ingest.arrival import Arrival, Block, Command, Replayed
from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.foreign import ForeignNodes
from cloud.ingest.groups import DataGroups, Doors
from cloud.ingest.live_values import LiveValues, birth_points
from cloud.ingest.quarantine import Quarantine, replay_stream
from cloud.ingest.receipts import ReceiptBook
from cloud.ingest.replay_marks import is_in_gap, is_replayed
from cloud.ingest.rows import MAX_POINTS, CommitRows, TagBook
from cloud.ingest.runs import OrderedRuns
from cloud.ingest.silent_nodes import Seen, SilentNodes
from cloud.ingest.streams import Streams
from cloud.ingest.telemetry_door import TelemetryDoor
from cloud.timeseries.store import GOOD, BatchRow, Commit, GapRow, SignalRow, Store, StreamKey
from wire.clock import PlantClock, real_ms
from wire.receipts import BatchHeader, Receipt, rebirth_command, receipt_command
from wire.session import HostSessions
from wire.session_events import (
    DeviceBorn,
    DeviceDied,
    LetGo,
    MessagesMissed,
    NodeBorn,
    NodeDied,
    NodeId,
    Point,
    PointsCame,
    RebirthWanted,
    SessionEvent,
    ValueUnusable,
)
from wire.sparkplug import MalformedPayload, Payload, decode, encode
from wire.stream_gate import Accepted
from wire.telemetry import NODE, PREFIX, MalformedTelemetry
from wire.topics import Kind, StateTopic, Topic, TopicWrong, parse

GAP_ROLE: Final = "gap"
_DATA_KINDS: Final = frozenset({Kind.NDATA, Kind.DDATA})


class Host:
    """What a Sparkplug host does with each message, over a store.

    Feed it with `receive` and `tick`; take the `commit`, store it, and say `committed` or `rolled_back`; then
    `say_receipts` and publish the `commands`. Not for use from several threads.

    Parameters
    ----------
    host_id
        Sparkplug host id, named in receipts.
    store
        Gives the watermarks and the generation.
    clock
        Plant clock.
    bad_input
        Counters of refused or flagged input.
    """

    def __init__(self, host_id: str, store: Store, clock: PlantClock, bad_input: BadInputLog) -> None:
        self.book = TagBook()
        self.sessions = HostSessions()
        self.seen: dict[NodeId, Seen] = {}
        self.live = LiveValues(self.book)
        self._host_id = host_id
        self._store = store
        self._clock = clock
        self._bad_input = bad_input
        self._rows = CommitRows(self.book, bad_input)
        self._receipts = ReceiptBook()
        self._streams = Streams(store, self._receipts)
        runs = OrderedRuns(self._streams, self._rows, self.live, self.seen)
        self.groups = DataGroups(self.book, self.sessions, Doors(self.receive, self._take, runs))
        self._commands: list[Command] = []
        self._foreign = ForeignNodes(self._rows, self.book, store, clock)
        self.telemetry = TelemetryDoor(self._rows, self._foreign, self.live, store, clock)
        self._refused = Quarantine(clock, bad_input)
        self._silent = SilentNodes(store.by_node())
        self._replayed: list[tuple[Arrival, Replayed]] = []

    # What comes in.

    def receive_all(self, arrivals: deque[Arrival | Block], now_s: float, *, is_single: bool = False) -> None:
        """Take messages as `receive` does, data in groups; with `is_single` only the first one."""
        self.groups.feed(arrivals, (self._clock.now_ms(), now_s), is_single=is_single)

    def read_ahead(self, arrivals: deque[Arrival | Block], is_enough: Callable[[], bool]) -> None:
        """Read data that will be taken next, which stay where they are; nothing of the host changes."""
        self.groups.read_ahead(arrivals, self._clock.now_ms(), is_enough)

    def receive(self, arrival: Arrival, now_s: float) -> None:
        """Take a message; what it leads to stands in `commit` and `commands`. `now_s` is monotonic."""
        if arrival.replay is not None:
            self._replayed.append((arrival, self._replay(arrival)))
            return
        if arrival.topic.startswith(PREFIX):
            self._telemetry(arrival)
            return
        try:
            topic = parse(arrival.topic)
        except TopicWrong as wrong:
            self._quarantine(arrival, "wrong_topic", str(wrong))
            return
        if isinstance(topic, StateTopic) or topic.kind in (Kind.NCMD, Kind.DCMD):
            return
        try:
            payload = decode(arrival.payload)
        except MalformedPayload as wrong:
            self._quarantine(arrival, "malformed_payload", str(wrong))
            return
        self._take(arrival, now_s, topic, payload)

    def _take(self, arrival: Arrival, now_s: float, topic: Topic, payload: Payload) -> None:
        self._saw(NodeId(topic.group, topic.node), topic.device, is_birth=topic.kind is Kind.DBIRTH)
        self._follow(self.sessions.receive(topic, payload, now_s), arrival, now_s)

    def _saw(self, node: NodeId, device: str | None, *, is_birth: bool) -> None:
        now_ms = self._clock.now_ms()
        seen = self.seen.setdefault(node, Seen(0, {}))
        seen.last_ms = now_ms
        if device and (is_birth or device in seen.devices):
            seen.devices[device] = now_ms

    def _telemetry(self, arrival: Arrival) -> None:
        try:
            said = self.telemetry.receive(arrival, self._bad_input)
        except MalformedTelemetry as wrong:
            self._quarantine(arrival, "malformed_telemetry", str(wrong))
            self.telemetry.settle(arrival)
            return
        if said is not None:
            self._saw(NodeId(said.site, NODE), said.device, is_birth=True)

    def tick(self, now_s: float, *, is_connected: bool = True) -> None:
        """Let time pass: holes in sequences and streams are given up, silent nodes asked for births."""
        if is_connected:
            self._follow(self._silent.tick(self.sessions, self.seen, now_s), None, now_s)
        self._follow(self.sessions.tick(now_s), None, now_s)
        self._streams.tick(now_s)

    def _follow(self, events: list[SessionEvent], arrival: Arrival | None, now_s: float) -> None:
        for event in events:
            if isinstance(event, PointsCame):
                self._points(event, arrival, now_s)
            elif isinstance(event, NodeBorn | DeviceBorn):
                self._birth(event)
            elif isinstance(event, NodeDied):
                self._foreign.unwatched(event.id)
                self.live.node_died(event.id, self._clock.now_ms())
            elif isinstance(event, DeviceDied):
                now_ms = self._clock.now_ms()
                self._foreign.unwatched(event.id, event.device)
                self.live.device_died(
                    event.id, event.device, now_ms if event.timestamp_ms is None else event.timestamp_ms
                )
            elif isinstance(event, RebirthWanted):
                self._command(event.id, encode(rebirth_command(self._clock.now_ms())))
            elif isinstance(event, MessagesMissed):
                self._missed(event)
            elif isinstance(event, ValueUnusable):
                self._unusable(event)
            elif isinstance(event, LetGo):
                self._let_go(event, arrival)

    def _unusable(self, event: ValueUnusable) -> None:
        where = f"{event.id}/{event.device}/{event.reason}"
        self._bad_input.note("unusable_value", self._clock.now_ms(), where)

    def _let_go(self, event: LetGo, arrival: Arrival | None) -> None:
        reason = f"{event.topic}: {event.reason}"
        comes_again = self.sessions.of(*event.id).keeps_receipts or not event.awaits_birth
        if arrival is None or comes_again or event.topic.kind not in _DATA_KINDS:
            self._bad_input.note("let_go", self._clock.now_ms(), reason)
        else:  # a third party does not send it again: kept until a birth explains it
            self._quarantine(arrival, "let_go", event.reason)

    # Batches of our own gateways.

    def _points(self, event: PointsCame, arrival: Arrival | None, now_s: float) -> None:
        received = arrival or Arrival("", b"", real_ms())
        self.live.heard(event.id, event.device, event.points, self._clock.now_ms())
        if event.header is None:
            self._foreign_points(event, received)
            return
        key = StreamKey(f"{event.id.group}/{event.id.node}", event.header.stream.hex())
        verdict = self._streams.gate(key).offer(event.header, (event, received), now_s)
        for accepted in verdict.accepted:
            self._accept(key, accepted)
        if verdict.repeat_receipt:
            self._receipts.is_due(key)
            self._bad_input.note(
                "already_stored", self._clock.now_ms(), f"{key.node} {event.header.position}"
            )

    def _accept(self, key: StreamKey, accepted: Accepted[tuple[PointsCame, Arrival]]) -> None:
        header, (event, arrival) = accepted.header, accepted.item
        commit = self._rows.commit
        commit.watermarks[key] = header.position
        self._streams.touched.add(key)
        if header.is_gap:
            self._gap(key, accepted.first, header)
        elif len(event.points) > MAX_POINTS:
            self._quarantine(arrival, "unstorable", f"{len(event.points)} metrics in one payload")
            self._gap(key, header.position, header)
        else:
            self._add(key, header.position, event.device, event.points, event.timestamp_ms, arrival)

    def _gap(self, key: StreamKey, first: int, header: BatchHeader) -> None:
        reason = header.reason.name.lower() if header.reason is not None else "unstorable"
        commit = self._rows.commit
        commit.gaps.append(GapRow(*key, first, header.position, reason))
        commit.signals.append(
            SignalRow(key.stream, header.position, 0, "", GAP_ROLE, key.node, 0, float(first), reason, GOOD)
        )
        self._bad_input.note(
            f"gap_{reason}", self._clock.now_ms(), f"{key.node} {first} to {header.position}"
        )

    def _add(  # noqa: PLR0917  the parts of a batch
        self,
        key: StreamKey,
        position: int,
        device: str,
        points: Sequence[Point],
        sent_ms: int | None,
        arrival: Arrival,
    ) -> None:
        now_ms = self._clock.now_ms()
        sent = now_ms if sent_ms is None else min(sent_ms, 1 << 62)
        batch = BatchRow(key.stream, position, key.node, sent, arrival.received_ms)
        self._rows.add(batch, f"{key.node}/{device}/", points, now_ms)

    # Nodes of third parties: at most once, under a stream that the host makes up.

    def _foreign_points(self, event: PointsCame, arrival: Arrival) -> None:
        if len(event.points) > MAX_POINTS:
            self._quarantine(arrival, "unstorable", f"{len(event.points)} metrics in one payload")
            return
        self._foreign.take(event.id, event.device, event.points, arrival, sent_ms=event.timestamp_ms)

    def _missed(self, event: MessagesMissed) -> None:
        self._bad_input.note(
            "messages_missed", self._clock.now_ms(), f"{event.id}: {event.count}", event.count
        )
        if not self.sessions.of(*event.id).keeps_receipts:
            self._foreign.missed(event.id, event.count)
        # Batches of ours will come again; the gate of their stream knows.

    def _birth(self, event: NodeBorn | DeviceBorn) -> None:
        now_ms = self._clock.now_ms()
        device = event.device if isinstance(event, DeviceBorn) else ""
        if isinstance(event, NodeBorn):
            self.live.node_born(event.id, now_ms)
            self.seen[event.id].born_real_ms = real_ms()
            if not event.is_rebirth:
                self._foreign.unwatched(event.id)
        points, unusable = birth_points(event.metrics, event.timestamp_ms, now_ms)
        for reason in unusable:
            self._unusable(ValueUnusable(event.id, device, reason))
        self.live.born(event.id, device, points, now_ms)
        if self.sessions.of(*event.id).keeps_receipts:
            return  # our own births are never appended: first readings are spooled like any other
        fresh = tuple(self._foreign.not_stored_yet(event.id, device, points))
        if fresh:
            came = PointsCame(event.id, device, fresh, None, event.timestamp_ms)
            self._foreign_points(came, Arrival("", b"", real_ms()))

    # What cannot be read, now or later.

    def _quarantine(self, arrival: Arrival, kind: str, reason: str) -> None:
        row = self._refused.row(arrival, kind, reason)
        if row is not None:
            self._rows.commit.quarantine.append(row)

    def _replay(self, arrival: Arrival) -> Replayed:
        if is_replayed(replay_stream(arrival), self._store, self._rows.commit.watermarks):
            return Replayed("stored_before")
        return self._read_again(arrival)

    def _read_again(self, arrival: Arrival) -> Replayed:
        """Return what becomes of a quarantined payload now, with its points staged when it is understood."""
        try:
            if arrival.topic.startswith(PREFIX):
                said = self.telemetry.receive(arrival, self._bad_input)
                return Replayed("stored", points=len(said.points)) if said else Replayed("stored_before")
            topic, payload = parse(arrival.topic), decode(arrival.payload)
            if isinstance(topic, StateTopic) or topic.kind not in _DATA_KINDS:
                return Replayed("refused", "only data are replayed; for births ask the node for a rebirth")
            node, device = NodeId(topic.group, topic.node), topic.device or ""
            header = BatchHeader.from_body(payload.body)
            if header is not None and not is_in_gap(node, header, self._store):
                return Replayed("refused", "the gateway still holds this batch and sends it again by itself")
            points = self.sessions.of(*node).explained(device, payload)
        except (ValueError, TopicWrong) as wrong:
            return Replayed("not_understood", str(wrong))
        if len(points) > MAX_POINTS:
            return Replayed("refused", f"{len(points)} metrics in one payload; at most {MAX_POINTS}")
        self._foreign.take(node, device, points, arrival, sent_ms=payload.timestamp_ms)
        return Replayed("stored", points=len(points))

    # What goes out.

    @property
    def staged(self) -> Commit:
        """Return the commit collected so far."""
        return self._rows.commit

    def take(self) -> Commit:
        """Return the commit to store now; `committed` or `rolled_back` must follow."""
        return self._rows.renew()

    def committed(self) -> None:
        """Note that the commit taken last is durable: its receipts are due."""
        self._streams.committed()
        self.telemetry.committed()
        self._answer_replays()

    def _answer_replays(self, refusal: str | None = None) -> None:
        replayed, self._replayed = self._replayed, []
        for arrival, outcome in replayed:
            if arrival.replay is not None:
                arrival.replay.set_result(outcome if refusal is None else Replayed("refused", refusal))

    def settle(self) -> None:
        """Answer who waits although nothing of theirs had to be stored."""
        if self.staged.is_empty():
            self.telemetry.committed()
            self._answer_replays()

    def rolled_back(self, commit: Commit) -> list[Arrival]:
        """Return the telemetry to be received again of the commit taken last, and forget the rest.

        Our gateways send theirs again, a third party's points become a gap.
        """
        self._streams.rolled_back()
        self._rows.commit.quarantine += commit.quarantine
        again = self.telemetry.rolled_back(commit)
        sites = {NodeId(arrival.topic.split("/")[2], NODE) for arrival in again if arrival.replay is None}
        self._foreign.rolled_back(commit, sites)
        self._answer_replays("the store did not take it; try again later")
        return [arrival for arrival in again if arrival.replay is None]

    def give_up(self, commit: Commit, reason: str) -> Commit:
        """Return a commit that records as gaps what the store can never hold; the watermarks move on."""
        self._bad_input.note("unstorable", self._clock.now_ms(), reason)
        given_up = Commit(tags=self.book.names, gaps=list(commit.gaps))
        given_up.telemetry += commit.telemetry
        given_up.quarantine += commit.quarantine
        for arrival in self.telemetry.waiting():
            refused = self._refused.row(arrival, "unstorable", reason)
            if refused is not None:
                given_up.quarantine.append(refused)
        replays = {replay_stream(arrival) for arrival, _ in self._replayed}
        self._answer_replays(f"the store cannot hold it: {reason}")
        given_up.watermarks = {
            key: position for key, position in commit.watermarks.items() if key.stream not in replays
        }
        for batch in commit.batches:
            if batch.stream in replays:
                continue  # it stays in quarantine
            key = StreamKey(batch.node, batch.stream)
            given_up.gaps.append(GapRow(*key, batch.position, batch.position, "unstorable"))
            row = (batch.position, 0, "", GAP_ROLE, key.node, 0, float(batch.position), "unstorable", GOOD)
            given_up.signals.append(SignalRow(key.stream, *row))
        return given_up

    def say_receipts(self, now_s: float, *, may_repeat: bool) -> int:
        """Add the receipts that are due to `commands`; return how many.

        `may_repeat` is that of `ReceiptBook.take`.
        """
        streams = self._streams
        due = self._receipts.take(now_s, streams.stored_through, streams.touched, may_repeat=may_repeat)
        for key, position in due:
            self._receipt(key, position)
        return len(due)

    def commands(self) -> list[Command]:
        """Return what is to be published now."""
        commands, self._commands = self._commands, []
        return commands

    def _receipt(self, key: StreamKey, stored: int) -> None:
        group, _, node = key.node.partition("/")
        receipt = Receipt(self._host_id, self._store.generation, bytes.fromhex(key.stream), stored)
        alias = self.sessions.of(group, node).receipt_alias
        self._command(NodeId(group, node), encode(receipt_command(receipt, self._clock.now_ms(), alias)))

    def _command(self, node: NodeId, payload: bytes) -> None:
        self._commands.append(Command(str(Topic(node.group, Kind.NCMD, node.node)), payload))
