"""The Sparkplug session of this node on one connection: births, data, commands, deaths."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from edge.births import Births, device_death, node_death
from edge.gateway import UplinkSettings
from edge.mqtt_link import MqttLink
from edge.sending import Outgoing, Sending
from edge.spool import Spool
from wire.clock import PlantClock
from wire.host_state import HostState, MalformedState
from wire.receipts import REBIRTH, MalformedReceipt, Receipt
from wire.sparkplug import MAX_SEQ, MalformedPayload, Metric, decode, framed, remarked
from wire.topics import Kind, StateTopic, Topic

log = structlog.get_logger(__name__)

_REBIRTH_EVERY_S: Final = 1.0


@dataclass(slots=True)
class Traffic:
    """What went up and came down since the process started; `last_receipt_s` is monotonic real time."""

    batches: int = 0
    bytes: int = 0
    births: int = 0
    receipts: int = 0
    rewinds: int = 0
    bad_commands: int = 0
    last_receipt_s: float | None = None


class NodeSession:
    """Everything between the births and the death of the node on one connection.

    Parameters
    ----------
    link : MqttLink
        The connection.
    bd_seq : int
        Number of its CONNECT, as in its will.
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
    """

    def __init__(
        self,
        link: MqttLink,
        bd_seq: int,
        *,
        settings: UplinkSettings,
        spool: Spool,
        sending: Sending,
        clock: PlantClock,
        present: Callable[[], frozenset[str]],
        traffic: Traffic,
    ) -> None:
        self._link = link
        self._bd_seq = bd_seq
        self._settings = settings
        self._spool = spool
        self._sending = sending
        self._clock = clock
        self._present = present
        self._traffic = traffic
        self._births = Births(spool.tags, spool.latest)
        self._seq = 0
        self._born: set[str] = set()
        self._topics: dict[tuple[Kind, str], str] = {}
        self._host_ms = 0
        self._wants_births = False
        self._births_at_s: float | None = None
        self.is_born = False
        self.was_born = False
        self.is_host_online = not settings.waits_for_host
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
        if take is None:
            return
        try:
            take(payload)
        except (MalformedPayload, MalformedReceipt, MalformedState) as wrong:
            self._traffic.bad_commands += 1
            log.warning("command_malformed", topic=topic, reason=str(wrong))

    def _host_state(self, payload: bytes) -> None:
        state = HostState.parse(payload)
        if not self._settings.waits_for_host or state.timestamp_ms < self._host_ms:
            return
        self._host_ms = state.timestamp_ms
        self.is_host_online = state.is_online

    def _command(self, payload: bytes) -> None:
        receipts = self._spool.stored_through
        for metric in decode(payload).metrics:
            if metric.name == REBIRTH and metric.value is True:
                self._wants_births = True
            elif metric.name == receipts.name or metric.alias == receipts.alias:
                self._receipt(metric)

    def _receipt(self, metric: Metric) -> None:
        receipt = Receipt.parse(metric.value if isinstance(metric.value, str) else repr(metric.value))
        if receipt.host != self._settings.primary_host:
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

    def begin(self) -> None:
        """Open a stream for this connection and publish all births."""
        self._sending.connected(self._spool.open_stream())
        self._be_born()

    def advance(self) -> None:
        """Publish what is due now: births asked for or needed after silence, then data within the window."""
        now_s = time.monotonic()
        if self._wants_births and self._may_be_born(now_s):
            self._sending.reborn()
            self._be_born()
        elif self._sending.went_silent(now_s):
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
        self._publish(Kind.NBIRTH, "", self._births.node(self._bd_seq, self._clock.now_ms()))
        for device in sorted(self._present()):
            self._device_birth(device)
        self._traffic.births += 1
        self.is_born = self.was_born = True

    def _device_birth(self, device: str) -> None:
        is_present = device in self._present()
        birth = self._births.device(device, self._next_seq(), self._clock.now_ms(), is_present=is_present)
        self._publish(Kind.DBIRTH, device, birth)
        self._born.add(device)

    def _send(self, outgoing: Outgoing) -> None:
        entry, header = outgoing
        device = "" if header.is_gap else entry.device
        if device and device not in self._born:
            self._device_birth(device)
        section = entry.content
        renamed = self._spool.tags.renamed
        if section and (header.is_historical or renamed):
            section = remarked(section, historical=header.is_historical, renamed=renamed)
        payload = framed(
            section, timestamp_ms=self._clock.now_ms(), seq=self._next_seq(), body=header.to_bytes()
        )
        self._publish(Kind.DDATA if device else Kind.NDATA, device, payload)
        self._traffic.batches += 1
        self._traffic.bytes += len(payload)

    def _next_seq(self) -> int:
        self._seq = (self._seq + 1) % (MAX_SEQ + 1)
        return self._seq

    def _publish(self, kind: Kind, device: str, payload: bytes) -> None:
        self._link.publish(self.topic(kind, device), payload)
