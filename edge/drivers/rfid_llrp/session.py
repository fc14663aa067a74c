"""One LLRP session: greeting, set-up, inventory, and the proof that nothing was missed."""

import asyncio
from time import monotonic

from edge.devices.rfid_llrp import LlrpDevice
from edge.drivers.rfid_llrp.link import Link, first_to_end
from edge.drivers.rfid_llrp.reader_time import ReaderTime
from edge.errors import DeviceRefused, DeviceUnreachable
from edge.intake import Intake
from edge.presence import Sight
from edge.sightings import Sightings
from wire.readers.llrp import Fields, LlrpWrong, Message, Type, parameters
from wire.readers.llrp_device import (
    ALL,
    ONLY_HOLD,
    WANTED_EVENTS,
    Announcement,
    Attempt,
    Capabilities,
    Settings,
)
from wire.readers.llrp_reports import decode_report
from wire.readers.llrp_rospec import ROSPEC, AntennaPlan, RoSpec, State

FLUSH_S = 0.25
# How long after a read its report may be made, real seconds.
REPORT_DELAY_S = 0.25
# So many keepalives may be missing before the reader counts as gone.
MISSED_KEEPALIVES = 3
EVERY_ROSPEC = 0
# GET_READER_CONFIG: what, all antennas, no general-purpose ports.
CONFIG_OF_ALL_PORTS = b"\0\0\0\0\0\0"
REFUSALS = {
    Attempt.ANOTHER_CLIENT_IS_CONNECTED: "it serves another client",
    Attempt.READER_ALREADY_CONNECTED_ITSELF: "it is connected to a host of its own choice",
    Attempt.FAILED: "it accepts no connection",
}


class Session:
    """The reader from its greeting to the end of the connection."""

    def __init__(self, device: LlrpDevice, intake: Intake, link: Link, sightings: Sightings) -> None:
        self._device = device
        self._intake = intake
        self._link = link
        self._sightings = sightings
        self._greeting = asyncio.Event()
        self._time: ReaderTime | None = None
        self._since_ms: int | None = None
        link.on_event = self._take_event
        link.on_report = self._take_report

    async def run(self) -> None:
        """Watch until the connection ends; what ended it is raised."""
        work = asyncio.create_task(self._watch(), name=f"watch {self._device.endpoint}")
        try:
            await first_to_end(self._link.listen(), work)
        except LlrpWrong as wrong:
            raise DeviceUnreachable(f"{self._device.endpoint}: {wrong}") from wrong
        finally:
            # What came before the end of the connection has happened, whatever became of the connection.
            self._sightings.flush(None)

    async def _watch(self) -> None:
        await self._greet()
        await self._set_up()
        self._since_ms = self._intake.clock.now_ms()
        self._link.alive_s = due_s = monotonic()
        while True:
            if monotonic() >= due_s:
                due_s = monotonic() + self._device.probe_s
                await self._probe()
            else:
                self._sightings.flush(None)
            self._expect_keepalive()
            await asyncio.sleep(min(FLUSH_S, max(0.0, due_s - monotonic())))

    async def _greet(self) -> None:
        """Wait for the reader's first message: it says whether this client is welcome."""
        where = self._device.endpoint
        try:
            async with asyncio.timeout(self._device.timeout_s):
                await self._greeting.wait()
        except TimeoutError as error:
            raise DeviceUnreachable(f"{where}: connected, but no greeting of an LLRP reader") from error

    async def _set_up(self) -> None:
        """Make the reader do what the configuration says, without losing what it held for us."""
        device, ask = self._device, self._link.ask
        capabilities = Capabilities.decode((await ask(Type.GET_READER_CAPABILITIES, bytes([ALL]))).body)
        Settings.decode((await ask(Type.GET_READER_CONFIG, bytes([ALL]) + CONFIG_OF_ALL_PORTS)).body, 0)
        settings = Settings(
            keepalive_ms=round(device.keepalive_s * 1000),
            is_held=device.hold if capabilities.can_hold else None,
            events=frozenset(WANTED_EVENTS),
        )
        await ask(Type.SET_READER_CONFIG, settings.encode())
        wanted = self._inventory(capabilities)
        states = _states(await ask(Type.GET_ROSPECS))
        number = wanted.id.to_bytes(4, "big")
        if states.get(wanted.id) != State.ACTIVE:
            # Held reports of another inventory come first: deleting it would throw them away.
            self._link.order(Type.ENABLE_EVENTS_AND_REPORTS)
            self._link.order(Type.GET_REPORT)
            if wanted.id not in states:
                await ask(Type.DELETE_ROSPEC, EVERY_ROSPEC.to_bytes(4, "big"))
                await ask(Type.ADD_ROSPEC, wanted.encode())
            if states.get(wanted.id, State.DISABLED) == State.DISABLED:
                await ask(Type.ENABLE_ROSPEC, number)
            await ask(Type.START_ROSPEC, number)
        self._link.order(Type.ENABLE_EVENTS_AND_REPORTS)

    def _inventory(self, capabilities: Capabilities) -> RoSpec:
        """What the reader is to do; refused when it has no such antenna, power or mode."""
        device = self._device
        modes = [mode.id for mode in capabilities.modes]
        if device.mode is not None and modes and device.mode not in modes:
            raise DeviceRefused(
                f"{device.endpoint} has no RF mode {device.mode}; accepted: {', '.join(map(str, modes))}"
            )
        mode = (modes[0] if modes else 0) if device.mode is None else device.mode
        plans = []
        for antenna in device.antenna:
            if antenna.port > capabilities.antennas:
                raise DeviceRefused(
                    f"{device.endpoint} has no antenna {antenna.port}; accepted: 1 to {capabilities.antennas}"
                )
            try:
                power = None if antenna.power_dbm is None else capabilities.power_index(antenna.power_dbm)
            except LlrpWrong as wrong:
                raise DeviceRefused(f"{device.endpoint}, antenna {antenna.port}: {wrong}") from wrong
            plans.append(AntennaPlan(antenna.port, power, mode, device.session, device.population))
        # Antenna 0 is every antenna there is.
        plans = plans or [AntennaPlan(0, None, mode, device.session, device.population)]
        return RoSpec(0, tuple(plans), device.report_tags).fingerprinted()

    async def _probe(self) -> None:
        """Ask something small: its answer comes behind every report that was made before the question.

        So everything that was read a little before the question has been seen, which keepalives cannot prove.
        """
        asked_ms = self._intake.clock.now_ms()
        if self._device.report_tags > 1:
            self._link.order(Type.GET_REPORT)
        await self._link.ask(Type.GET_READER_CONFIG, bytes([ONLY_HOLD]) + CONFIG_OF_ALL_PORTS)
        if self._time is None or self._since_ms is None:
            return
        asked_ms -= round(REPORT_DELAY_S * 1000 * self._intake.clock.speed)
        since_ms, through_ms = map(self._time.on_its_clock, (self._since_ms, asked_ms))
        observed = (since_ms, through_ms) if since_ms <= through_ms else None
        self._sightings.flush(observed, through_ms)

    def _expect_keepalive(self) -> None:
        if not self._device.keepalive_s:
            return
        silent_s = monotonic() - self._link.alive_s
        if silent_s > MISSED_KEEPALIVES * self._device.keepalive_s + self._device.timeout_s:
            raise DeviceUnreachable(f"{self._device.endpoint}: no keepalive for {silent_s:.1f} s")

    def _take_event(self, message: Message) -> None:
        said = Announcement.decode(message.body)
        if self._time is None and said.attempt is not None:
            trusted = self._device.time == "reader"
            self._time = ReaderTime(said, self._intake, is_trusted=trusted)
        if said.attempt == Attempt.ANOTHER_CLIENT_TRIED:
            self._intake.flag("second_client")
        elif said.attempt == Attempt.SUCCESS:
            self._greeting.set()
        elif said.attempt is not None:
            raise DeviceRefused(f"{self._device.endpoint}: {REFUSALS[said.attempt]}")
        for port, is_connected in said.antennas.items():
            if not is_connected:
                self._intake.flag("antenna_disconnected", example=f"antenna {port}")
        if said.fault:
            self._intake.flag("reader_fault", example=said.fault)
        if said.is_overflown:
            # The reader threw reads away: nobody may say that this time was watched.
            self._intake.flag("reads_lost")
            self._since_ms = self._intake.clock.now_ms()
        if said.is_closing:
            raise DeviceUnreachable(f"{self._device.endpoint} takes its leave")

    def _take_report(self, message: Message) -> None:
        self._intake.health.polls += 1
        try:
            report = decode_report(message.body)
        except LlrpWrong as wrong:
            # Its frame was whole, so the stream is: only this report cannot be read.
            self._intake.flag("bad_report", example=f"{wrong}: {message.body.hex()}")
            self._since_ms = self._intake.clock.now_ms()
            return
        for read in report.reads:
            first_ms = self._plant_ms(read.first_us, is_uptime=report.is_uptime)
            last_ms = self._plant_ms(read.last_us, is_uptime=report.is_uptime)
            self._sightings.see(
                Sight(read.epc, read.antenna, read.rssi_dbm, first_ms, max(first_ms, last_ms), read.seen)
            )

    def _plant_ms(self, reader_us: int | None, *, is_uptime: bool) -> int:
        if self._time is None:
            return self._intake.clock.now_ms()
        return self._time.plant_ms(reader_us, is_uptime=is_uptime)


def _states(answer: Message) -> dict[int, int]:
    """The ROSpecs that a reader has, by id, with their states."""
    found = {}
    for kind, value in parameters(answer.body):
        if kind == ROSPEC:
            number, _priority, state = Fields("ROSpec", value).take("IBB")
            found[number] = state
    return found
