"""The host's view of edge nodes: births, deaths, sequence numbers, aliases; pure, without I/O or a clock."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from wire.metric_points import MOST_POINTS, STRUCTURED, points_of
from wire.quality import BAD
from wire.receipts import STORED_THROUGH, BatchHeader, MalformedReceipt
from wire.session_events import (
    DeviceBorn,
    DeviceDied,
    ExplainedPayload,
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
from wire.sparkplug import MAX_SEQ, Metric, Payload, typed
from wire.topics import Kind, Topic

BD_SEQ: Final = "bdSeq"
REORDER_S: Final = 2.0
REBIRTH_EVERY_S: Final = 5.0
_SEQS: Final = MAX_SEQ + 1


class UnexplainedMetric(ValueError):
    """A metric of a data message stands in no birth that was seen."""


class KnownTag(NamedTuple):
    """What a birth said about a metric: its device (empty for the node), name and datatype."""

    device: str
    name: str
    datatype: int


@dataclass(slots=True)
class _Waiting:
    topic: Topic
    payload: Payload
    since_s: float
    is_done: bool = False


@dataclass(slots=True)
class NodeSession:
    """Session of one edge node as its host sees it.

    Feed it every message with `receive` and call `tick` a few times a second; both give the events that
    follow, in order. Times are monotonic real seconds of the caller.
    """

    id: NodeId
    reorder_s: float = REORDER_S
    rebirth_every_s: float = REBIRTH_EVERY_S
    is_online: bool = False
    keeps_receipts: bool = False
    receipt_alias: int | None = None
    bd_seq: int | None = None
    learned: int = 0  # counts births: what `aliases_of` told holds until it changes
    devices: set[str] = field(default_factory=set)
    _expected: int = 0
    _waiting: dict[int, _Waiting] = field(default_factory=dict)
    _by_alias: dict[int, KnownTag] = field(default_factory=dict)
    _by_name: dict[tuple[str, str], KnownTag] = field(default_factory=dict)
    _last_ms: int | None = None
    _asked_at_s: float | None = None
    _rebirth_reason: str | None = None
    _events: list[SessionEvent] = field(default_factory=list)

    def receive(self, topic: Topic, payload: Payload, now_s: float) -> list[SessionEvent]:
        """Events that `payload` on `topic` leads to, those of messages it releases included."""
        if topic.kind is Kind.NBIRTH:
            self._node_birth(payload)
        elif topic.kind is Kind.NDEATH:
            self._node_death(topic, payload)
        elif topic.kind in _BY_KIND:
            self._sequenced(topic, payload, now_s)
        return self._flush(now_s)

    def tick(self, now_s: float) -> list[SessionEvent]:
        """Events that the passing of time leads to: holes given up, rebirths that may be asked for now."""
        while self._waiting and self._oldest_wait_s() <= now_s - self.reorder_s:
            self._give_up_hole()
        return self._flush(now_s)

    @property
    def next_seq(self) -> int | None:
        """Number of the message that comes next; None while offline or while later ones wait for it."""
        return self._expected if self.is_online and not self._waiting else None

    def took(self, count: int, last_ms: int) -> None:
        """Note `count` data messages from `next_seq` on that `aliases_of` explained; the last one's time."""
        self._expected = (self._expected + count) % _SEQS
        self._last_ms = last_ms

    def want_rebirth(self, reason: str, now_s: float) -> list[SessionEvent]:
        """Events of the host's own wish for births, for instance after a payload that it could not read."""
        self._rebirth_reason = self._rebirth_reason or reason
        return self._flush(now_s)

    # ---- births and deaths ----

    def _node_birth(self, payload: Payload) -> None:
        self._end_waiting()
        stored_through = next((m for m in payload.metrics if m.name == STORED_THROUGH), None)
        bd_seq = _bd_seq(payload)
        self._events.append(
            NodeBorn(
                self.id,
                bd_seq,
                payload.timestamp_ms,
                payload.metrics,
                keeps_receipts=stored_through is not None,
                receipt_alias=stored_through.alias if stored_through else None,
                is_rebirth=self.is_online and bd_seq == self.bd_seq,
            )
        )
        self.is_online, self.bd_seq = True, bd_seq
        self.keeps_receipts = stored_through is not None
        self.receipt_alias = stored_through.alias if stored_through else None
        self.devices.clear()
        self._waiting.clear()
        self._by_alias.clear()
        self._by_name.clear()
        self._rebirth_reason = None
        self._learn("", payload)
        self._expected = ((payload.seq or 0) + 1) % _SEQS
        self._last_ms = payload.timestamp_ms

    def _node_death(self, topic: Topic, payload: Payload) -> None:
        bd_seq = _bd_seq(payload)
        if not self.is_online or (bd_seq is not None and self.bd_seq is not None and bd_seq != self.bd_seq):
            self._events.append(LetGo(self.id, topic, "this death belongs to no session that is alive"))
            return
        self._end_waiting()
        self.is_online = False
        self.devices.clear()
        self._rebirth_reason = None  # nobody is there to be asked
        self._events.append(NodeDied(self.id))

    def _device_birth(self, topic: Topic, payload: Payload) -> None:
        device = topic.device or ""
        self.devices.add(device)
        self._learn(device, payload)
        self._events.append(DeviceBorn(self.id, device, payload.timestamp_ms, payload.metrics))

    def _device_death(self, topic: Topic, payload: Payload) -> None:
        device = topic.device or ""
        if device in self.devices:
            self.devices.discard(device)
            self._events.append(DeviceDied(self.id, device, payload.timestamp_ms))

    def _learn(self, device: str, payload: Payload) -> None:
        self.learned += 1
        for m in payload.metrics:
            if m.name is None:
                continue
            tag = KnownTag(device, m.name, m.datatype)
            self._by_name[device, m.name] = tag
            if m.alias is not None:
                self._by_alias[m.alias] = tag

    # ---- order ----

    def _sequenced(self, topic: Topic, payload: Payload, now_s: float) -> None:
        if not self.is_online:
            self._let_go(topic, "no birth of this node was seen")
            return
        seq = payload.seq
        if seq is None:  # not Sparkplug, but readable: taken as it comes
            self._apply(topic, payload)
            return
        ahead = (seq - self._expected) % _SEQS
        if ahead == 0:
            self._apply(topic, payload)
            self._expected = (seq + 1) % _SEQS
            self._apply_waiting()
        elif ahead < _SEQS // 2:
            waiting = _Waiting(topic, payload, now_s)
            waiting.is_done = self._is_gated(topic, payload)
            if waiting.is_done:
                self._apply(topic, payload)
            self._waiting.setdefault(seq, waiting)
        elif self._is_gated(topic, payload):
            self._apply(topic, payload)  # late or doubled: its stream's gate knows
        else:
            self._events.append(LetGo(self.id, topic, f"seq {seq} came again or too late"))

    def _is_gated(self, topic: Topic, payload: Payload) -> bool:
        """Whether a batch of ours can be used out of order: its stream has an order of its own."""
        if payload.body is None or topic.kind not in (Kind.DDATA, Kind.NDATA):
            return False
        known = topic.kind is Kind.NDATA or topic.device in self.devices
        return known and all(m.alias in self._by_alias for m in payload.metrics)

    def _apply_waiting(self) -> None:
        while (waiting := self._waiting.pop(self._expected, None)) is not None:
            if not waiting.is_done:
                self._apply(waiting.topic, waiting.payload)
            self._expected = (self._expected + 1) % _SEQS

    def _oldest_wait_s(self) -> float:
        return min(waiting.since_s for waiting in self._waiting.values())

    def _end_waiting(self) -> None:
        """Use what waits behind holes that nothing can fill any more: its session ends here."""
        while self._waiting:
            self._give_up_hole()

    def _give_up_hole(self) -> None:
        ahead = min((seq - self._expected) % _SEQS for seq in self._waiting)
        first = (self._expected + ahead) % _SEQS
        until_ms = self._waiting[first].payload.timestamp_ms
        self._events.append(MessagesMissed(self.id, ahead, self._last_ms, until_ms))
        self._rebirth_reason = self._rebirth_reason or f"{ahead} message(s) before seq {first} never came"
        self._expected = first
        self._apply_waiting()

    def _apply(self, topic: Topic, payload: Payload) -> None:
        self._last_ms = payload.timestamp_ms
        _BY_KIND[topic.kind](self, topic, payload)

    # ---- data ----

    def _data(self, topic: Topic, payload: Payload) -> None:
        device = topic.device or ""
        if device and device not in self.devices:
            self._let_go(topic, f"no birth of device {device!r} was seen")
            return
        try:
            header = BatchHeader.from_body(payload.body)
        except MalformedReceipt as wrong:
            self._events.append(LetGo(self.id, topic, str(wrong)))
            return
        try:
            points: Sequence[Point] = (
                payload.points if isinstance(payload, ExplainedPayload) else self.explained(device, payload)
            )
        except UnexplainedMetric as unknown:
            self._let_go(topic, str(unknown))
            return
        except ValueError as wrong:
            self._events.append(LetGo(self.id, topic, str(wrong)))
            return
        self._events.append(PointsCame(self.id, device, points, header, payload.timestamp_ms))

    def explained(self, device: str, payload: Payload) -> tuple[Point, ...]:
        """Points of a data payload, by what the births said; an array gives one for each element.

        Raises
        ------
        UnexplainedMetric
            When a metric stands in no birth of the device (empty: of the node).
        ValueError
            When a metric has no time, or arrays make more than 65,536 points.
        """
        points = []
        for m in payload.metrics:
            tag = (
                self._by_name.get((device, m.name))
                if m.name is not None
                else self._by_alias.get(-1 if m.alias is None else m.alias)
            )
            if tag is None or tag.device != device:
                name = m.name or m.alias
                raise UnexplainedMetric(f"metric {name!r} is not in the birth of {device or 'the node'!r}")
            ts_ms = m.timestamp_ms if m.timestamp_ms is not None else payload.timestamp_ms
            if ts_ms is None:
                raise ValueError(f"metric {tag.name!r} has no time")
            if m.raw is None and tag.datatype not in STRUCTURED:
                points.append(_resolved(m, tag, ts_ms))
                continue
            several, wrong = points_of(m, tag.name, tag.datatype, ts_ms)
            points += several
            if len(points) > MOST_POINTS:
                raise ValueError(f"its arrays make more than {MOST_POINTS} points")
            if wrong:
                self._events.append(ValueUnusable(self.id, device, wrong))
        return tuple(points)

    def known(self, device: str, metric: str) -> KnownTag | None:
        """What the births said about a metric; None when they did not name it."""
        return self._by_name.get((device, metric))

    def aliases_of(self, device: str) -> dict[int, KnownTag]:
        """What the aliases of a device (empty: of the node) stand for."""
        return {alias: tag for alias, tag in self._by_alias.items() if tag.device == device}

    def alias_of(self, tag: KnownTag) -> int | None:
        """Alias that the birth gave a metric; None when it gave none."""
        return next((alias for alias, known in self._by_alias.items() if known == tag), None)

    def _let_go(self, topic: Topic, reason: str) -> None:
        self._events.append(LetGo(self.id, topic, reason, awaits_birth=True))
        self._rebirth_reason = self._rebirth_reason or reason

    def _flush(self, now_s: float) -> list[SessionEvent]:
        may_ask = self._asked_at_s is None or now_s - self._asked_at_s >= self.rebirth_every_s
        if self._rebirth_reason is not None and may_ask:
            self._events.append(RebirthWanted(self.id, self._rebirth_reason))
            self._rebirth_reason, self._asked_at_s = None, now_s
        events, self._events = self._events, []
        return events


_BY_KIND: Final[dict[Kind, Callable[[NodeSession, Topic, Payload], None]]] = {
    Kind.DBIRTH: NodeSession._device_birth,  # noqa: SLF001 - the session's own table
    Kind.DDEATH: NodeSession._device_death,  # noqa: SLF001 - the same
    Kind.DDATA: NodeSession._data,  # noqa: SLF001 - the same
    Kind.NDATA: NodeSession._data,  # noqa: SLF001 - the same
}


def _resolved(m: Metric, tag: KnownTag, ts_ms: int) -> Point:
    datatype = m.datatype or tag.datatype
    value = m.value if m.datatype else typed(m.value, datatype)
    quality = BAD if value is None and not m.is_null else m.quality
    return Point(tag.name, ts_ms, value, quality, datatype, m.is_historical)


def _bd_seq(payload: Payload) -> int | None:
    for m in payload.metrics:
        if m.name == BD_SEQ and isinstance(m.value, int):
            return m.value
    return None


class HostSessions:
    """Sessions of all edge nodes that a host hears, made as they speak."""

    def __init__(self, *, reorder_s: float = REORDER_S, rebirth_every_s: float = REBIRTH_EVERY_S) -> None:
        self._reorder_s = reorder_s
        self._rebirth_every_s = rebirth_every_s
        self.nodes: dict[NodeId, NodeSession] = {}

    def of(self, group: str, node: str) -> NodeSession:
        """Session of that node, a new one when it was never heard."""
        identity = NodeId(group, node)
        session = self.nodes.get(identity)
        if session is None:
            session = self.nodes[identity] = NodeSession(identity, self._reorder_s, self._rebirth_every_s)
        return session

    def receive(self, topic: Topic, payload: Payload, now_s: float) -> list[SessionEvent]:
        """Events that a message leads to; commands (which hosts send) lead to none."""
        if topic.kind in (Kind.NCMD, Kind.DCMD):
            return []
        return self.of(topic.group, topic.node).receive(topic, payload, now_s)

    def tick(self, now_s: float) -> list[SessionEvent]:
        """Events that the passing of time leads to, over all nodes."""
        return [event for session in self.nodes.values() for event in session.tick(now_s)]
