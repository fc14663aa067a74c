"""The Sparkplug session of this node on one connection: births, data, commands, deaths."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from edge.births import Births, device_death, node_death
from edge.commands import CommandDesk
from edge.deliveries import Deliveries
from edge.gateway import UplinkSettings
from edge.mqtt_link import MqttLink
from edge.sending import Outgoing, Sending
from edge.spool import Spool
from wire.clock import PlantClock
from wire.commands import CommandHeader, MalformedCommand
from wire.host_state import HostState, MalformedState
from wire.receipts import REBIRTH, MalformedReceipt, Receipt
from wire.sparkplug import MAX_SEQ, MalformedPayload, Metric, Payload, decode, framed, remarked
from wire.topics import Kind, StateTopic, Topic

log = structlog.get_logger(__name__)

_REBIRTH_EVERY_S: Final = 1.0
_ANY: Final = "*"
_LAGS: Final = 32
# What a host has to say is short; more is a sender gone wrong.
_MAX_BYTES: Final = 1 << 16
_MAX_WRITES: Final = 100


@dataclass(slots=True)
class Traffic:
    """What went up and came down since the process started; `last_receipt_s` is monotonic real time.

    `lags_ms` holds our plant time minus the host's for its newest receipts: the least is nearest to the skew
    of the two clocks, since the way down only adds to it.
    """

    batches: int = 0
    bytes: int = 0
    births: int = 0
    receipts: int = 0
    rewinds: int = 0
    bad_commands: int = 0
    last_receipt_s: float | None = None
    lags_ms: deque[int] = field(default_factory=lambda: deque(maxlen=_LAGS))

    @property
    def clock_skew_s(self) -> float | None:
        """Our clock minus the host's, seconds; None before the first receipt."""
        lags = tuple(self.lags_ms)
        return round(min(lags) / 1000, 1) if lags else None


@dataclass(frozen=True, slots=True)
class Node:
    """What this node keeps from connection to connection.

    Parameters
    ----------
    settings : UplinkSettings
        Which host is obeyed.
    spool : Spool
        What is sent, and what receipts are noted in.
    sending : Sending
        What goes next.
    clock : PlantClock
        Stamps payloads.
    present : callable
        Gives the devices that are configured and not lost.
    traffic : Traffic
        Counters to keep.
    desk : CommandDesk
        Takes what hosts want written.
    """

    settings: UplinkSettings
    spool: Spool
    sending: Sending
    clock: PlantClock
    present: Callable[[], frozenset[str]]
    traffic: Traffic
    desk: CommandDesk


class NodeSession:
    """Everything between the births and the death of the node on one connection.

    Parameters
    ----------
    link : MqttLink
        The connection.
    bd_seq : int
        Number of its CONNECT, as in its will.
    node : Node
        What outlives the connection.
    """

    def __init__(self, link: MqttLink, bd_seq: int, node: Node) -> None:
        settings, spool = node.settings, node.spool
        self._link = link
        self._bd_seq = bd_seq
        self._settings = settings
        self._spool = spool
        self._sending = node.sending
        self._clock = node.clock
        self._present = node.present
        self._traffic = node.traffic
        self._desk = node.desk
        self._deliveries = Deliveries()
        self._births = Births(spool.tags, spool.latest, keeps_receipts=settings.receipts)
        self._seq = 0
        self._born: set[str] = set()
        self._heard: set[str] = set()
        self._topics: dict[tuple[Kind, str], str] = {}
        self._host_ms = 0
        self._wants_births = False
        self._births_at_s: float | None = None
        self.is_born = False
        self.was_born = False
        self.is_host_online = not settings.waits_for_host
        self.is_host_doubted = False
        self._commands_of = self.topic(Kind.DCMD, _ANY).removesuffix(_ANY)
        self._on_topic: dict[str, Callable[[bytes], None]] = {
            self.topic(Kind.NCMD): self._command,
            str(StateTopic(settings.primary_host)): self._host_state,
        }

    def topic(self, kind: Kind, device: str = "") -> str:
        """Topic of this node, or of one of its devices."""
        found = self._topics.get((kind, device))
        if found is None:
            gateway = self._spool.gateway
            found = str(Topic(gateway.group, kind, gateway.node, device or None))
            self._topics[kind, device] = found
        return found

    # ---- what comes down ----

    def receive(self, topic: str, payload: bytes) -> None:
        """Take a message of the host; what is no command or STATE of Sparkplug is counted only."""
        take = self._on_topic.get(topic)
        if len(payload) > _MAX_BYTES:
            self._traffic.bad_commands += 1
            log.warning("command_too_large", topic=topic[:200], bytes=len(payload), accepted=_MAX_BYTES)
            return
        try:
            if take is not None:
                take(payload)
            elif topic.startswith(self._commands_of):
                self._write(topic.removeprefix(self._commands_of), decode(payload))
        except (MalformedCommand, MalformedPayload, MalformedReceipt, MalformedState) as wrong:
            self._traffic.bad_commands += 1
            log.warning("command_malformed", topic=topic, reason=str(wrong))

    def _host_state(self, payload: bytes) -> None:
        state = HostState.parse(payload)
        if not self._settings.waits_for_host:
            return
        if state.timestamp_ms < self._host_ms:
            # An old message that comes late, or a host whose clock was set back: a new connection will tell.
            self.is_host_doubted = state.is_online and not self.is_host_online
            return
        self._host_ms = state.timestamp_ms
        self.is_host_online = state.is_online

    def _command(self, payload: bytes) -> None:
        receipts = self._spool.stored_through
        command = decode(payload)
        writes = []
        for metric in command.metrics:
            if metric.name == REBIRTH:
                self._wants_births = self._wants_births or metric.value is True
            elif metric.name == receipts.name or (metric.name is None and metric.alias == receipts.alias):
                self._receipt(metric)
                if command.timestamp_ms is not None:
                    self._traffic.lags_ms.append(self._clock.now_ms() - command.timestamp_ms)
            else:
                writes.append(metric)
        if writes:
            self._write("", replace(command, metrics=tuple(writes)))

    def _write(self, device: str, command: Payload) -> None:
        """Hand a command to the desk; before its births a node has no metrics that could be written."""
        if len(command.metrics) > _MAX_WRITES:
            raise MalformedCommand(f"{len(command.metrics)} writes at once; accepted: {_MAX_WRITES}")
        if self.is_born:
            header = CommandHeader.from_body(command.body)
            self._desk.take(device, command.metrics, header, time.monotonic())

    def acknowledged(self, mid: int) -> None:
        """Note that the broker has acknowledged message `mid`, sent at QoS 1."""
        through = self._deliveries.acknowledged(mid)
        if through is not None:
            self._release(*through)

    def _release(self, stream: bytes, position: int) -> None:
        """Let batches go that no host will receipt."""
        effect = self._sending.released(stream, position, time.monotonic())
        if effect.stored is not None:
            self._spool.receipted(*effect.stored)

    def _receipt(self, metric: Metric) -> None:
        receipt = Receipt.parse(metric.value if isinstance(metric.value, str) else repr(metric.value))
        if receipt.host != self._settings.primary_host or not self._settings.receipts:
            return
        now_s = time.monotonic()
        self._traffic.receipts += 1
        self._traffic.last_receipt_s = now_s
        effect = self._sending.receipt(receipt, now_s)
        if effect.renewed is not None:
            log.info("host_generation", generation=effect.renewed)
            self._spool.renewed(effect.renewed)
        if effect.stored is not None:
            self._spool.receipted(*effect.stored)
        if effect.unstorable is not None:
            log.warning("batch_unstorable", stream_no=effect.unstorable[0], position=effect.unstorable[1])
            self._spool.unstorable(*effect.unstorable)

    # ---- what goes up ----

    def want_births(self) -> None:
        """Say all births again soon, because what they list has changed; devices that are gone die first."""
        if self.is_born:
            self._bury(self._born - self._present())
        self._wants_births = True

    def begin(self) -> None:
        """Open a stream for this connection and publish all births."""
        self._sending.connected(self._spool.open_stream())
        self._be_born()

    def advance(self) -> None:
        """Publish what is due now: births asked for or needed after silence, then data within the window."""
        now_s = time.monotonic()
        if self._wants_births:
            if not self._may_be_born(now_s):
                return  # who asks for births wants no data before them
            self._sending.reborn()
            self._be_born()
        elif self._settings.receipts and self._sending.went_silent(now_s):
            self._traffic.rewinds += 1
            log.info("host_silent", unreceipted=self._spool.status().counts.waiting_batches)
            self._be_born()
        self._sending.extended(self._spool.live)
        present = self._present()
        for device in sorted(present - self._born):
            self._device_birth(device)
        for outgoing in self._sending.due(now_s):
            self._send(outgoing)
        absent = self._born - present
        if absent and not self._sending.has_unsent:
            self._bury(absent)

    def _bury(self, absent: set[str]) -> None:
        for device in sorted(absent):
            self._publish(Kind.DDEATH, device, device_death(self._next_seq(), self._clock.now_ms()))
            self._born.discard(device)

    def die(self) -> None:
        """Publish the node's death as the last message of the session."""
        if self.is_born:
            self.is_born = False
            self._link.farewell(self.topic(Kind.NDEATH), node_death(self._bd_seq))

    def _may_be_born(self, now_s: float) -> bool:
        return self._births_at_s is None or now_s - self._births_at_s >= _REBIRTH_EVERY_S

    def _be_born(self) -> None:
        self._wants_births, self._births_at_s = False, time.monotonic()
        self._seq = 0
        self._born.clear()
        self._hear_commands()
        self._publish(Kind.NBIRTH, "", self._births.node(self._bd_seq, self._clock.now_ms()))
        for device in sorted(self._present()):
            self._device_birth(device)
        self._traffic.births += 1
        self.is_born = self.was_born = True

    def _hear_commands(self) -> None:
        """Subscribe to the commands of every configured device, before its birth."""
        wanted = [self.topic(Kind.DCMD, device) for device in sorted(self._present() - self._heard)]
        if wanted:
            self._link.subscribe(wanted)
            self._heard |= self._present()

    def _device_birth(self, device: str) -> None:
        self._hear_commands()
        is_present = device in self._present()
        birth = self._births.device(device, self._next_seq(), self._clock.now_ms(), is_present=is_present)
        self._publish(Kind.DBIRTH, device, birth)
        self._born.add(device)

    def _send(self, outgoing: Outgoing) -> None:
        entry, header = outgoing
        if not self._settings.receipts and header.is_gap:
            self._release(header.stream, header.position)  # without receipts a gap has no reader
            return
        device = "" if header.is_gap else entry.device
        if device and device not in self._born:
            self._device_birth(device)
        section = entry.content
        renamed = self._spool.tags.renamed
        if section and (header.is_historical or renamed):
            section = remarked(section, historical=header.is_historical, renamed=renamed)
        payload = framed(
            section,
            timestamp_ms=self._clock.now_ms(),
            seq=self._next_seq(),
            body=header.to_bytes() if self._settings.receipts else None,
        )
        qos = self._settings.qos
        mid = self._link.publish(self.topic(Kind.DDATA if device else Kind.NDATA, device), payload, qos)
        if not self._settings.receipts:
            if mid == 0:
                raise ConnectionError("the link is gone")
            if qos:
                self._deliveries.sent(mid, header.stream, header.position)
            else:
                self._release(header.stream, header.position)
        self._traffic.batches += 1
        self._traffic.bytes += len(payload)

    def _next_seq(self) -> int:
        self._seq = (self._seq + 1) % (MAX_SEQ + 1)
        return self._seq

    def _publish(self, kind: Kind, device: str, payload: bytes) -> None:
        self._link.publish(self.topic(kind, device), payload)
