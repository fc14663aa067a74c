"""The host of all edge nodes: messages in, one commit and commands out; no network, no threads."""

import hashlib
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.receipts import ReceiptBook
from cloud.ingest.rows import MAX_POINTS, CommitRows, TagBook, stored_form
from cloud.timeseries.store import (
    BAD,
    GOOD,
    BatchRow,
    Commit,
    GapRow,
    QuarantineRow,
    Sample,
    SignalRow,
    Store,
    StreamKey,
)
from wire.clock import PlantClock, real_ms
from wire.receipts import BatchHeader, Receipt, rebirth_command, receipt_command
from wire.session import HostSessions
from wire.session_events import (
    DeviceBorn,
    LetGo,
    MessagesMissed,
    NodeBorn,
    NodeId,
    Point,
    PointsCame,
    RebirthWanted,
    SessionEvent,
)
from wire.sparkplug import MalformedPayload, Metric, decode, encode
from wire.stream_gate import Accepted, StreamGate
from wire.topics import Kind, StateTopic, Topic, TopicWrong, parse

GAP_ROLE: Final = "gap"
HEAD_BYTES: Final = 256
DIGESTS_KEPT: Final = 1000
_CONTROL: Final = ("bdSeq", "Node Control/", "Device Control/")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as the broker gave it; `received_ms` is real time."""

    topic: str
    payload: bytes
    received_ms: int


@dataclass(frozen=True, slots=True)
class Command:
    """A message to publish."""

    topic: str
    payload: bytes


@dataclass(slots=True)
class Seen:
    """What was last heard of a node: plant time, and its devices."""

    last_ms: int
    devices: set[str]


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
        self.born: dict[str, Sample] = {}
        self._host_id = host_id
        self._store = store
        self._clock = clock
        self._bad_input = bad_input
        self._rows = CommitRows(self.book, bad_input)
        self._stored_at_start = dict(store.watermarks())
        self._gates: dict[StreamKey, StreamGate[tuple[PointsCame, Arrival]]] = {}
        self._touched: set[StreamKey] = set()
        self._receipts = ReceiptBook()
        self._commands: list[Command] = []
        self._foreign: dict[NodeId, StreamKey] = {}
        self._foreign_position: dict[StreamKey, int] = {}
        self._foreign_last: dict[int, tuple[int, object]] = {}
        self._digests: OrderedDict[str, None] = OrderedDict()

    # What comes in.

    def receive(self, arrival: Arrival, now_s: float) -> None:
        """Take a message; what it leads to stands in `commit` and `commands`. `now_s` is monotonic."""
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
        seen = self.seen.setdefault(NodeId(topic.group, topic.node), Seen(0, set()))
        seen.last_ms = self._clock.now_ms()
        if topic.kind is Kind.DBIRTH and topic.device:
            seen.devices.add(topic.device)
        self._follow(self.sessions.receive(topic, payload, now_s), arrival, now_s)

    def tick(self, now_s: float) -> None:
        """Let time pass: holes in sequences and streams are given up."""
        self._follow(self.sessions.tick(now_s), None, now_s)
        for key, gate in self._gates.items():
            if gate.held and gate.expired(now_s):
                self._receipts.is_due(key)

    def _follow(self, events: list[SessionEvent], arrival: Arrival | None, now_s: float) -> None:
        for event in events:
            if isinstance(event, PointsCame):
                self._points(event, arrival, now_s)
            elif isinstance(event, NodeBorn):
                self._birth(event.id, "", event.metrics, event.timestamp_ms)
            elif isinstance(event, DeviceBorn):
                self._birth(event.id, event.device, event.metrics, event.timestamp_ms)
            elif isinstance(event, RebirthWanted):
                self._command(event.id, encode(rebirth_command(self._clock.now_ms())))
            elif isinstance(event, MessagesMissed):
                self._missed(event)
            elif isinstance(event, LetGo):
                self._bad_input.note("let_go", self._clock.now_ms(), f"{event.topic}: {event.reason}")

    # Batches of our own gateways.

    def _points(self, event: PointsCame, arrival: Arrival | None, now_s: float) -> None:
        received = arrival or Arrival("", b"", real_ms())
        if event.header is None:
            self._foreign_points(event.id, event.device, event.points, event.timestamp_ms, received)
            return
        key = StreamKey(f"{event.id.group}/{event.id.node}", event.header.stream.hex())
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = StreamGate(self._stored_at_start.get(key, 0))
        verdict = gate.offer(event.header, (event, received), now_s)
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
        self._touched.add(key)
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
        points: tuple[Point, ...],
        sent_ms: int | None,
        arrival: Arrival,
    ) -> None:
        now_ms = self._clock.now_ms()
        sent = now_ms if sent_ms is None else min(sent_ms, 1 << 62)
        batch = BatchRow(key.stream, position, key.node, sent, arrival.received_ms)
        self._rows.add(batch, f"{key.node}/{device}/", points, now_ms)

    # Nodes of third parties: at most once, under a stream that the host makes up.

    def _foreign_key(self, node: NodeId) -> StreamKey:
        key = self._foreign.get(node)
        if key is None:
            key = self._foreign[node] = StreamKey(f"{node.group}/{node.node}", uuid.uuid4().hex)
            self._foreign_position[key] = 0
        return key

    def _foreign_points(
        self, node: NodeId, device: str, points: tuple[Point, ...], sent_ms: int | None, arrival: Arrival
    ) -> None:
        key = self._foreign_key(node)
        if len(points) > MAX_POINTS:
            self._quarantine(arrival, "unstorable", f"{len(points)} metrics in one payload")
            return
        position = self._foreign_position[key] = self._foreign_position[key] + 1
        self._rows.commit.watermarks[key] = position
        tags = self.book.of_device(f"{key.node}/{device}/", [point.name for point in points])
        for tag, point in zip(tags, points, strict=True):
            self._foreign_last[tag] = (point.ts_ms, point.value)
        self._add(key, position, device, points, sent_ms, arrival)

    def _missed(self, event: MessagesMissed) -> None:
        self._bad_input.note(
            "messages_missed", self._clock.now_ms(), f"{event.id}: {event.count}", event.count
        )
        if self.sessions.of(*event.id).keeps_receipts:
            return  # the batches will come again; the gate of their stream knows
        key = self._foreign_key(event.id)
        first = self._foreign_position[key] + 1
        last = self._foreign_position[key] = self._foreign_position[key] + event.count
        commit = self._rows.commit
        commit.watermarks[key] = last
        commit.gaps.append(GapRow(*key, first, last, "missed"))

    def _birth(self, node: NodeId, device: str, metrics: tuple[Metric, ...], sent_ms: int | None) -> None:
        prefix = f"{node.group}/{node.node}/{device}/"
        now_ms = self._clock.now_ms()
        points = []
        for m in metrics:
            if m.name is None or m.name.startswith(_CONTROL):
                continue
            ts_ms = next((t for t in (m.timestamp_ms, sent_ms) if t is not None), now_ms)
            quality = BAD if m.value is None and not m.is_null else m.quality
            points.append(Point(m.name, ts_ms, m.value, quality, m.datatype, m.is_historical))
        for point in points:
            value, text, is_number = stored_form(point.value)
            shown = value if text is None else (int(text) if is_number else text)
            self.born[prefix + point.name] = Sample(point.ts_ms, shown, point.quality)
        if self.sessions.of(*node).keeps_receipts:
            return  # our own births are never appended: first readings are spooled like any other
        fresh = self._not_stored_yet(prefix, points)
        if fresh:
            received = Arrival("", b"", real_ms())
            self._foreign_points(node, device, tuple(fresh), sent_ms, received)

    def _not_stored_yet(self, prefix: str, points: list[Point]) -> list[Point]:
        """Return the points of a birth that repeat no stored (time, value) of their tag."""
        tags = self.book.of_device(prefix, [point.name for point in points])
        unheard = [self.book.names[tag] for tag in tags if tag not in self._foreign_last]
        stored = self._store.latest(unheard) if unheard else {}
        fresh = []
        for tag, point in zip(tags, points, strict=True):
            last = self._foreign_last.get(tag)
            if last is None and (sample := stored.get(self.book.names[tag])) is not None:
                last = (sample.ts_ms, sample.value)
            if last != (point.ts_ms, point.value) and point.value is not None:
                fresh.append(point)
        return fresh

    # What cannot be read.

    def _quarantine(self, arrival: Arrival, kind: str, reason: str) -> None:
        now_ms = self._clock.now_ms()
        self._bad_input.note(kind, now_ms, f"{arrival.topic}: {reason}")
        digest = hashlib.sha256(arrival.topic.encode(errors="replace") + b"\0" + arrival.payload).hexdigest()
        if digest in self._digests:
            return  # the same bytes again: counted above, kept once
        self._digests[digest] = None
        if len(self._digests) > DIGESTS_KEPT:
            self._digests.popitem(last=False)
        topic = arrival.topic[:1000].encode(errors="replace").decode()
        head = arrival.payload[:HEAD_BYTES]
        row = QuarantineRow(now_ms, topic, f"{kind}: {reason}"[:1000], len(arrival.payload), digest, head)
        self._rows.commit.quarantine.append(row)

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
        for key in self._touched:
            self._gates[key].committed()
        for key in self._touched:
            self._receipts.is_due(key)
        self._touched.clear()

    def rolled_back(self, commit: Commit) -> None:
        """Forget the commit taken last; our gateways send it again, a third party's points become a gap."""
        for key in self._touched:
            self._gates[key].rolled_back()
        self._touched.clear()
        self._rows.commit.quarantine += commit.quarantine
        for batch in commit.batches:
            key = StreamKey(batch.node, batch.stream)
            if key in self._foreign_position:
                self._rows.commit.gaps.append(GapRow(*key, batch.position, batch.position, "refused"))
                self._rows.commit.watermarks[key] = self._foreign_position[key]

    def give_up(self, commit: Commit, reason: str) -> Commit:
        """Return a commit that records as gaps what the store can never hold; the watermarks move on."""
        self._bad_input.note("unstorable", self._clock.now_ms(), reason)
        given_up = Commit(tags=self.book.names, watermarks=commit.watermarks, gaps=list(commit.gaps))
        for batch in commit.batches:
            key = StreamKey(batch.node, batch.stream)
            given_up.gaps.append(GapRow(*key, batch.position, batch.position, "unstorable"))
            row = (batch.position, 0, "", GAP_ROLE, key.node, 0, float(batch.position), "unstorable", GOOD)
            given_up.signals.append(SignalRow(key.stream, *row))
        return given_up

    def say_receipts(self, now_s: float, *, may_repeat: bool) -> None:
        """Add the receipts that are due to `commands`; `may_repeat` as in `ReceiptBook.take`."""
        due = self._receipts.take(now_s, self._stored_through, self._touched, may_repeat=may_repeat)
        for key, position in due:
            self._receipt(key, position)

    def _stored_through(self, key: StreamKey) -> int:
        return self._gates[key].stored_through

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
