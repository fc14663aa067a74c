"""A simulated LLRP reader: one client at a time, an inventory, reports that wait while nobody takes them."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from time import monotonic
from types import MappingProxyType

import structlog

from simulators.control import LOOPBACK
from simulators.faults import FaultKind, Faults
from simulators.llrp_client import Client
from simulators.tag_field import Field
from wire.readers import TagRead
from wire.readers.llrp import Fields, LlrpWrong, Message, Status, Type, parameters
from wire.readers.llrp_device import Announcement, Attempt, Capabilities, Settings
from wire.readers.llrp_reports import encode_report
from wire.readers.llrp_rospec import ROSPEC, RoSpec, State

log = structlog.get_logger()

TICK_S = 0.02
# Tags in one report; a real reader bounds its messages as well.
TAGS_PER_REPORT = 100
# How long connections may take to end when the reader stops.
GOODBYE_S = 2.0
# A client that acknowledges nothing for so many periods is gone.
MISSED_ACKS = 3
FIELD_ERROR, UNSUPPORTED_MESSAGE, PARAMETER_ERROR = 101, 109, 100
EVERY_ROSPEC = 0
# Number of the event that an antenna was connected or disconnected.
ANTENNA_EVENTS = 8

READER_FAULTS: Mapping[str, FaultKind] = {
    "antenna_off": FaultKind("an antenna is unplugged", {"port": 1.0}),
    "ghost_reads": FaultKind("single weak reads of tags that lie elsewhere", {"per_s": 5.0}),
    "missed_keepalives": FaultKind("no keepalive is sent"),
    "refuse_clients": FaultKind("every client is told that another one is connected"),
    "restart": FaultKind("it restarts and forgets settings, inventory and held reports", is_event=True),
}


@dataclass(slots=True)
class Counts:
    """What became of the reads: made = reported + waiting + dropped."""

    made: int = 0
    reported: int = 0
    dropped: int = 0
    clients: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Nature:
    """What kind of reader it is: its abilities, how many reads it can hold, how plant time runs for it."""

    capabilities: Capabilities = field(default_factory=Capabilities)
    holds: int = 100_000


class LlrpReader:
    """The reader; use `serve` and `stop`.

    Parameters
    ----------
    tags : Field
        What is in front of its antennas.
    now_ms : callable
        Plant time.
    faults : Faults
        With `READER_FAULTS`.
    nature : Nature
        What it can do.
    """

    def __init__(
        self, tags: Field, now_ms: Callable[[], int], faults: Faults, nature: Nature | None = None
    ) -> None:
        self.nature = nature or Nature()
        self.counts = Counts()
        self.port = 0
        self._tags = tags
        self._now_ms = now_ms
        self._faults = faults
        self._started_s = monotonic()
        self._unplugged = 0
        self._server: asyncio.Server | None = None
        self._client: Client | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._forget()
        faults.when("restart", lambda _fault: self.restart())

    def _forget(self) -> None:
        self.settings = Settings(keepalive_ms=0, is_held=False, events=frozenset())
        self.rospecs: dict[int, RoSpec] = {}
        self.waiting: deque[TagRead] = deque()
        self._has_overflown = False

    async def serve(self, port: int = 0) -> int:
        """The port on 127.0.0.1 at which it listens now."""
        self._server = await asyncio.start_server(self._accept, LOOPBACK, port)
        self.port = self._server.sockets[0].getsockname()[1]
        self._ticking = asyncio.create_task(self._tick())
        return self.port

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        if self._ticking is not None:
            self._ticking.cancel()
        if self._client is not None:
            self._client.close()
        # A closed connection ends its task by itself, which streams like better than being cancelled.
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GOODBYE_S)

    def restart(self) -> None:
        """Power off and on: the connection ends, nothing is remembered."""
        if self._client is not None:
            self._client.close()
        self.counts.dropped += len(self.waiting)
        self._forget()
        self._started_s = monotonic()

    @property
    def active(self) -> RoSpec | None:
        """The inventory that runs, if one does."""
        return next((spec for spec in self.rospecs.values() if spec.state == State.ACTIVE), None)

    def announce(self, **keys: object) -> Announcement:
        """An event of this moment, by the reader's clock or, without one, since its start."""
        said = replace(Announcement(), **keys)  # type: ignore[arg-type]  # keys of Announcement
        if self.nature.capabilities.has_clock:
            return replace(said, utc_us=self._now_ms() * 1000)
        return replace(said, uptime_us=self._uptime_us())

    def _uptime_us(self) -> int:
        return round((monotonic() - self._started_s) * 1e6)

    # ---- what it reads ----

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            due_s += TICK_S
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            self._read()
            client = self._client
            if client is not None:
                self._keep_alive(client)
                self._report(client)

    def _read(self) -> None:
        now_ms, uptime_us = self._now_ms(), self._uptime_us()
        reads = self._tags.advance(now_ms)
        self._notice_antennas()
        spec = self.active
        if spec is None:
            return
        ports = {plan.port for plan in spec.antennas} or set(range(1, self.nature.capabilities.antennas + 1))
        is_taken = self._client is not None or self.settings.is_held
        for read in reads:
            if read.antenna not in ports or read.antenna == self._unplugged:
                continue
            self.counts.made += 1
            if not is_taken:
                self.counts.dropped += 1
                continue
            has_clock = self.nature.capabilities.has_clock
            # Without a clock all it knows is how long ago that was.
            at_us = read.at_ms * 1000 if has_clock else max(0, uptime_us - (now_ms - read.at_ms) * 1000)
            self.waiting.append(TagRead(read.epc, read.antenna, read.rssi_dbm, at_us, at_us, 1))
        while len(self.waiting) > self.nature.holds:
            self.waiting.popleft()
            self.counts.dropped += 1
            self._has_overflown = True

    def _notice_antennas(self) -> None:
        """Announce an antenna that was unplugged or plugged in again."""
        fault = self._faults.now("antenna_off")
        unplugged = int(fault["port"]) if fault else 0
        if unplugged == self._unplugged:
            return
        changes = {port: port == self._unplugged for port in (self._unplugged, unplugged) if port}
        self._unplugged = unplugged
        client = self._client
        if client is not None and not client.is_holding and ANTENNA_EVENTS in (self.settings.events or ()):
            client.announce(self.announce(antennas=MappingProxyType(changes)))

    def _keep_alive(self, client: Client) -> None:
        period_s = (self.settings.keepalive_ms or 0) / 1000
        if not period_s:
            return
        now_s = monotonic()
        if now_s - client.kept_alive_s >= period_s and not self._faults.now("missed_keepalives"):
            client.kept_alive_s = now_s
            client.say(Type.KEEPALIVE)
        if now_s - client.heard_s > MISSED_ACKS * period_s and not self._faults.now("missed_keepalives"):
            log.info("client_is_silent", seconds=round(now_s - client.heard_s, 1))
            client.close()

    def _report(self, client: Client, *, is_asked: bool = False) -> None:
        """Send what waits: whole reports, or all of it when the client asked or nothing runs any longer."""
        if client.is_holding or not client.is_open:
            return
        if self._has_overflown:
            self._has_overflown = False
            client.announce(self.announce(is_overflown=True))
        spec = self.active
        size = spec.report_tags if spec else 1
        while self.waiting and (is_asked or (size and len(self.waiting) >= size)):
            number = min(len(self.waiting), max(size, TAGS_PER_REPORT) if is_asked else max(1, size))
            reads = [self.waiting.popleft() for _ in range(number)]
            is_uptime = not self.nature.capabilities.has_clock
            client.say(Type.RO_ACCESS_REPORT, encode_report(reads, is_uptime=is_uptime))
            self.counts.reported += number
            is_asked = is_asked and bool(self.waiting)

    # ---- whom it talks to ----

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        client = Client(reader, writer)
        if self._client is not None or self._faults.now("refuse_clients"):
            self.counts.refused += 1
            client.announce(self.announce(attempt=Attempt.ANOTHER_CLIENT_IS_CONNECTED))
            if self._client is not None:
                self._client.announce(self.announce(attempt=Attempt.ANOTHER_CLIENT_TRIED))
            client.close()
            return
        self._client = client
        self.counts.clients += 1
        client.is_holding = bool(self.settings.is_held)
        client.announce(self.announce(attempt=Attempt.SUCCESS))
        try:
            with contextlib.suppress(OSError):
                async for message in client.messages():
                    self._answer(client, message)
        except LlrpWrong as wrong:
            log.info("client_says_no_llrp", wrong=str(wrong))
        finally:
            self._client = None
            client.close()

    def _answer(self, client: Client, message: Message) -> None:
        act = ANSWERS.get(message.type)
        if act is None:
            if message.type != Type.KEEPALIVE_ACK:
                status = Status(UNSUPPORTED_MESSAGE, f"{message.name} is not supported")
                client.answer(message, Type.ERROR_MESSAGE, status.encode())
            return
        try:
            act(self, client, message)
        except LlrpWrong as wrong:
            code = FIELD_ERROR if isinstance(wrong, NoSuchSpec) else PARAMETER_ERROR
            kind = message.type + RESPONSE_AFTER.get(message.type, 0)
            client.answer(message, kind, Status(code, str(wrong)).encode())

    def ask_for_reports(self, client: Client, _message: Message) -> None:
        """GET_REPORT: all that waits, or an empty report."""
        if not self.waiting:
            client.say(Type.RO_ACCESS_REPORT)
        self._report(client, is_asked=True)

    def enable_reports(self, client: Client, _message: Message) -> None:
        """ENABLE_EVENTS_AND_REPORTS: what was held goes out before anything else."""
        client.is_holding = False
        self._report(client, is_asked=True)


class NoSuchSpec(LlrpWrong):
    """A ROSpec that is not there, or is there already."""


def _succeed(client: Client, message: Message, body: bytes = b"") -> None:
    client.answer(message, message.type + RESPONSE_AFTER[message.type], Status().encode() + body)


def _capabilities(reader: LlrpReader, client: Client, message: Message) -> None:
    client.answer(message, Type.GET_READER_CAPABILITIES_RESPONSE, reader.nature.capabilities.encode())


def _configuration(reader: LlrpReader, client: Client, message: Message) -> None:
    _succeed(client, message, reader.settings.parameters())


def _configure(reader: LlrpReader, client: Client, message: Message) -> None:
    wanted = Settings.decode(message.body)
    if wanted.is_reset:
        reader.settings = Settings(keepalive_ms=0, is_held=False, events=frozenset())
    if wanted.keepalive_ms is not None:
        reader.settings = replace(reader.settings, keepalive_ms=wanted.keepalive_ms)
    if wanted.is_held is not None:
        reader.settings = replace(reader.settings, is_held=wanted.is_held)
    if wanted.events is not None:
        reader.settings = replace(reader.settings, events=wanted.events)
    client.kept_alive_s = client.heard_s = monotonic()
    _succeed(client, message)


def _rospecs(reader: LlrpReader, client: Client, message: Message) -> None:
    _succeed(client, message, b"".join(spec.encode() for spec in reader.rospecs.values()))


def _add(reader: LlrpReader, client: Client, message: Message) -> None:
    for kind, value in parameters(message.body):
        if kind != ROSPEC:
            continue
        spec = RoSpec.decode(value)
        if not spec.id or spec.id in reader.rospecs:
            raise NoSuchSpec(f"ROSpec {spec.id} is there already or has no number")
        too_high = [p.port for p in spec.antennas if p.port > reader.nature.capabilities.antennas]
        if too_high:
            raise NoSuchSpec(
                f"no antenna {too_high[0]}; accepted: 1 to {reader.nature.capabilities.antennas}"
            )
        reader.rospecs[spec.id] = replace(spec, state=State.DISABLED)
    _succeed(client, message)


def _delete(reader: LlrpReader, client: Client, message: Message) -> None:
    for number in _numbers(reader, message):
        del reader.rospecs[number]
    reader.counts.dropped += len(reader.waiting)
    reader.waiting.clear()
    _succeed(client, message)


def _move(states: Mapping[State, State]) -> Callable[[LlrpReader, Client, Message], None]:
    """What turns the state of the named ROSpecs into the next one."""

    def act(reader: LlrpReader, client: Client, message: Message) -> None:
        for number in _numbers(reader, message):
            spec = reader.rospecs[number]
            state = states.get(spec.state, spec.state)
            if state == State.INACTIVE and spec.state == State.DISABLED and spec.is_immediate:
                state = State.ACTIVE
            reader.rospecs[number] = replace(spec, state=state)
        _succeed(client, message)

    return act


def _numbers(reader: LlrpReader, message: Message) -> list[int]:
    (number,) = Fields(message.name, message.body).take("I")
    if number == EVERY_ROSPEC:
        return list(reader.rospecs)
    if number not in reader.rospecs:
        raise NoSuchSpec(f"no ROSpec {number}; accepted: {', '.join(map(str, reader.rospecs)) or 'none'}")
    return [number]


def _no_accessspec(_reader: LlrpReader, client: Client, message: Message) -> None:
    _succeed(client, message)


def _goodbye(_reader: LlrpReader, client: Client, message: Message) -> None:
    client.answer(message, Type.CLOSE_CONNECTION_RESPONSE, Status().encode())
    client.close()


# A response's type is its question's plus this.
RESPONSE_AFTER = dict.fromkeys((1, 2, 3, 20, 21, 22, 23, 24, 25, 26, 41), 10)
ANSWERS: Mapping[int, Callable[[LlrpReader, Client, Message], None]] = {
    Type.GET_READER_CAPABILITIES: _capabilities,
    Type.GET_READER_CONFIG: _configuration,
    Type.SET_READER_CONFIG: _configure,
    Type.GET_ROSPECS: _rospecs,
    Type.ADD_ROSPEC: _add,
    Type.DELETE_ROSPEC: _delete,
    Type.ENABLE_ROSPEC: _move({State.DISABLED: State.INACTIVE}),
    Type.START_ROSPEC: _move({State.INACTIVE: State.ACTIVE}),
    Type.STOP_ROSPEC: _move({State.ACTIVE: State.INACTIVE}),
    Type.DISABLE_ROSPEC: _move({State.ACTIVE: State.DISABLED, State.INACTIVE: State.DISABLED}),
    Type.DELETE_ACCESSSPEC: _no_accessspec,
    Type.CLOSE_CONNECTION: _goodbye,
    Type.GET_REPORT: LlrpReader.ask_for_reports,
    Type.ENABLE_EVENTS_AND_REPORTS: LlrpReader.enable_reports,
}
