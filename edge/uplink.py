"""The uplink: keeps this node connected and sends what the spool holds until it is receipted."""

import queue
import random
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from edge.births import node_death
from edge.commands import CommandCounts, CommandDesk
from edge.gateway import UplinkSettings
from edge.mqtt_link import LinkEvent, LinkKind, MqttLink
from edge.node_session import Node, NodeSession, Traffic
from edge.reading import DeviceSpec
from edge.sending import Sending
from edge.spool import Spool
from edge.spool_opening import SpoolWrong
from edge.write_rules import Writing
from wire.clock import PlantClock
from wire.topics import Kind, StateTopic, Topic

log = structlog.get_logger(__name__)

_READY_S: Final = 10.0
_TURN_S: Final = 0.5
_FIRST_WAIT_S: Final = 0.2
_STOP_S: Final = 15.0
_INBOX: Final = 2000


@dataclass(frozen=True, slots=True)
class UplinkStatus:
    """How the uplink is: `state` is connecting, waiting_for_host, online or stopped."""

    state: str
    connects: int
    last_error: str | None
    batches_sent: int
    bytes_sent: int
    births: int
    receipts: int
    rewinds: int
    bad_commands: int
    receipt_age_s: float | None
    clock_skew_s: float | None
    commands: CommandCounts


class Uplink:
    """A Sparkplug B edge node over one spool, in a thread of its own.

    Parameters
    ----------
    settings : UplinkSettings
        Broker, primary host, window.
    devices : sequence of DeviceSpec
        Devices that are configured; each is born with the node. The spool knows their tags.
    spool : Spool
        What is sent, whose node this is; must be open until the uplink has stopped.
    clock : PlantClock
        Plant time of births, deaths and payloads.
    writing : Writing, optional
        Which tags hosts may write, and the way to their drivers; none by default.
    """

    def __init__(
        self,
        settings: UplinkSettings,
        devices: Sequence[DeviceSpec],
        spool: Spool,
        clock: PlantClock,
        writing: Writing | None = None,
    ) -> None:
        self._settings = settings
        self._spool = spool
        self._clock = clock
        self._devices = frozenset(device.id for device in devices)
        self._present = self._devices
        self._traffic = Traffic()
        self._desk = CommandDesk(spool, writing or Writing(), clock, self._wake)
        self._brokers = settings.brokers
        self._broker_no = 0
        self._inbox: queue.SimpleQueue[LinkEvent | None] = queue.SimpleQueue()
        self._is_woken = False
        self._stopping = threading.Event()
        self._births_wanted = threading.Event()
        self._turned = threading.Condition()
        self._drained_at: tuple[int, int] | None = None
        self._state = "stopped"
        self._connects = 0
        self._last_error: str | None = None
        self._sending: Sending | None = None
        self._thread = threading.Thread(target=self._run, name="uplink", daemon=True)

    # ---- what the agent calls ----

    def start(self) -> None:
        """Begin to connect and to send; returns at once."""
        self._spool.listen(self._wake)
        self._thread.start()

    def drain(self, timeout_s: float) -> bool:
        """Whether within `timeout_s` real seconds the host has receipted all that was put before."""
        deadline_s = time.monotonic() + timeout_s
        self._spool.flush(timeout_s)
        live = self._spool.live
        self._wake()

        def is_drained() -> bool:
            return self._drained_at is not None and self._drained_at >= (live.no, live.last)

        with self._turned:
            return self._turned.wait_for(is_drained, max(0.0, deadline_s - time.monotonic()))

    def stop(self, drain_s: float = 0.0) -> bool:
        """Say farewell (NDEATH) and end; the answer is that of `drain`, True when none was asked for.

        What has no receipt stays in the spool and goes out after the next start.
        """
        is_drained = self.drain(drain_s) if drain_s > 0 else True
        self._stopping.set()
        self._wake()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)
        self._spool.listen(lambda: None)
        return is_drained

    def set_online(self, device: str, *, is_online: bool) -> None:
        """Tell whether a configured device answers: a lost one dies by DDEATH, a found one is born again."""
        if device in self._devices:
            present = self._present | {device} if is_online else self._present - {device}
            self._present = present
            self._wake()

    def configure(self, devices: Sequence[DeviceSpec], fresh: Iterable[str]) -> None:
        """Take another list of devices without a new connection: all births are said again.

        Parameters
        ----------
        devices : sequence of DeviceSpec
            All of them; the spool knows their tags already.
        fresh : iterable of str
            Ids of those that count as present until they fail; the others are as they were.
        """
        before, self._devices = self._devices, frozenset(device.id for device in devices)
        self._present = (self._present | frozenset(fresh) | (self._devices - before)) & self._devices
        self._births_wanted.set()
        self._wake()

    def status(self) -> UplinkStatus:
        """How the uplink is, and its counters since the process started."""
        traffic = self._traffic
        heard_s = traffic.last_receipt_s
        return UplinkStatus(
            state=self._state,
            connects=self._connects,
            last_error=self._last_error,
            batches_sent=traffic.batches,
            bytes_sent=traffic.bytes,
            births=traffic.births,
            receipts=traffic.receipts,
            rewinds=traffic.rewinds,
            bad_commands=traffic.bad_commands,
            receipt_age_s=None if heard_s is None else time.monotonic() - heard_s,
            clock_skew_s=traffic.clock_skew_s,
            commands=replace(self._desk.counts),
        )

    # ---- the thread ----

    def _post(self, event: LinkEvent) -> None:
        """Take an event of the network thread; messages beyond all measure are counted only."""
        if event.kind is LinkKind.MESSAGE and self._inbox.qsize() >= _INBOX:
            self._traffic.bad_commands += 1
            return
        self._inbox.put(event)

    def _wake(self) -> None:
        if not self._is_woken:
            self._is_woken = True
            self._inbox.put(None)

    def _run(self) -> None:
        wait_s = _FIRST_WAIT_S
        reader = self._spool.reader()
        sending = Sending(reader, self._settings.sending, self._spool.generation)
        node = Node(
            settings=self._settings,
            spool=self._spool,
            sending=sending,
            clock=self._clock,
            present=lambda: self._present,
            traffic=self._traffic,
            desk=self._desk,
        )
        self._desk.recover()
        while not self._stopping.is_set():
            reason = "the host went offline"
            try:
                if self._connection(node):
                    wait_s = _FIRST_WAIT_S
            except (OSError, SpoolWrong) as wrong:
                reason = str(wrong) or type(wrong).__name__
            except Exception as wrong:  # noqa: BLE001 - the thread's boundary: the spool keeps all, try again
                log.error("uplink_fault", error=repr(wrong))  # noqa: TRY400 - people get no stack traces
                reason = repr(wrong)
            sending.disconnected()
            self._desk.turn(time.monotonic())
            if not self._stopping.is_set():
                self._note_end(reason)
                self._broker_no = (self._broker_no + 1) % len(self._brokers)
                self._stopping.wait(wait_s * random.uniform(0.5, 1.0))  # noqa: S311 - spreads reconnects
                wait_s = min(2 * wait_s, self._settings.max_reconnect_s)
        reader.close()
        self._state = "stopped"

    @property
    def broker(self) -> str:
        """The broker whose turn it is, `host:port`."""
        host, port = self._brokers[self._broker_no]
        return f"{host}:{port}"

    def _note_end(self, reason: str) -> None:
        if self._state == "online" or self._last_error != reason:
            log.warning("uplink_down", broker=self.broker, reason=reason)
        self._state, self._last_error = "connecting", reason

    def _connection(self, node: Node) -> bool:
        """Whether the node was born on a connection that has ended now without an error.

        Raises
        ------
        OSError
            When there is none, or it broke.
        """
        gateway = self._spool.gateway
        bd_seq = self._spool.next_bd_seq()
        link = MqttLink(
            self._settings,
            self._brokers[self._broker_no],
            client_id=f"taktline-{gateway.group}-{gateway.node}",
            will=(str(Topic(gateway.group, Kind.NDEATH, gateway.node)), node_death(bd_seq)),
            topics=(
                str(Topic(gateway.group, Kind.NCMD, gateway.node)),
                str(StateTopic(self._settings.primary_host)),
            ),
            post=self._post,
        )
        session = NodeSession(link, bd_seq, node)
        self._connects += 1
        link.open()
        try:
            self._turns(link, session, node.sending)
        finally:
            if not link.is_down:
                session.die()
            link.close()
        return session.was_born

    def _turns(self, link: MqttLink, session: NodeSession, sending: Sending) -> None:
        """Take what comes and send what is due until the uplink stops or the host goes offline."""
        until_s = time.monotonic() + _READY_S
        host_until_s = time.monotonic() + self._settings.host_wait_s
        is_ready = False
        while not self._stopping.is_set():
            is_ready = self._hear(link, session) or is_ready
            self._desk.turn(time.monotonic())
            if not is_ready:
                if time.monotonic() > until_s:
                    raise TimeoutError("the broker does not answer")
            elif session.is_host_online:
                if not session.is_born:
                    session.begin()
                    self._note_online()
                elif self._births_wanted.is_set():
                    session.want_births()
                self._births_wanted.clear()
                session.advance()
                self._note_turn(sending)
            elif session.is_born:
                return
            else:
                self._state = "waiting_for_host"
                has_alternative = len(self._brokers) > 1 or session.is_host_doubted
                if has_alternative and time.monotonic() > host_until_s:
                    return

    def _hear(self, link: MqttLink, session: NodeSession) -> bool:
        """Whether the link became ready; messages that came go to the session."""
        is_ready = False
        for event in self._events():
            if event.link is not link:
                continue
            if event.kind is LinkKind.DOWN:
                raise ConnectionError(event.text)
            if event.kind is LinkKind.READY:
                is_ready = True
            elif event.kind is LinkKind.SENT:
                session.acknowledged(event.mid)
            else:
                session.receive(event.text, event.payload)
        return is_ready

    def _events(self) -> list[LinkEvent]:
        """What has come, after waiting a moment for the first."""
        events: list[LinkEvent] = []
        wait_s: float | None = _TURN_S
        while True:
            try:
                event = self._inbox.get(timeout=wait_s) if wait_s else self._inbox.get_nowait()
            except queue.Empty:
                return events
            wait_s = None
            if event is None:
                self._is_woken = False
            else:
                events.append(event)

    def _note_online(self) -> None:
        if self._state != "online":
            log.info("uplink_online", broker=self.broker)
        self._state, self._last_error = "online", None

    def _note_turn(self, sending: Sending) -> None:
        with self._turned:
            self._drained_at = sending.drained_at
            self._turned.notify_all()
