"""One session with one unit: polls on a steady schedule, its ring of changes, writes in between."""

import asyncio
import math

from edge.columns import Row
from edge.device_clock import DeviceClock
from edge.devices.modbus import ModbusDevice
from edge.drivers.modbus.bus import Seat, bus_of
from edge.drivers.modbus.frames import Question, read
from edge.drivers.modbus.numbers import Raw
from edge.drivers.modbus.plan import Span
from edge.drivers.modbus.ring import Found, History
from edge.drivers.modbus.scans import ScanClass, scans_of
from edge.drivers.modbus.schedule import Schedule, phase_s
from edge.drivers.modbus.writing import serve
from edge.errors import DeviceRefused, DeviceUnreachable
from edge.intake import Intake

# Exception codes by which a device says that the question itself is wrong.
WRONG_QUESTION = {1: "illegal function", 2: "illegal address", 3: "illegal value"}


async def watch(device: ModbusDevice, intake: Intake) -> None:
    """Poll `device` until it fails; never returns.

    Raises
    ------
    DeviceUnreachable
        No connection, no answer in time, a mismatched answer, or a clock or ring that started again.
    DeviceRefused
        The unit says that a function or an address does not exist.
    """
    bus = bus_of(device)
    seat = Seat(device, intake.flag)
    try:
        await bus.join(seat)
        poller = _Poller(device, intake, seat)
        await poller.first()
        await _together(poller, device, intake)
    finally:
        bus.leave(seat)


async def _together(poller: "_Poller", device: ModbusDevice, intake: Intake) -> None:
    """Polls and writes at the same time; the end of one ends the other."""
    if not any(tag.writable for tag in device.tag):
        await poller.run()
        return
    tasks = [
        asyncio.create_task(poller.run(), name=f"poll {device.id}"),
        asyncio.create_task(serve(device, intake, poller.ask), name=f"write {device.id}"),
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end


class _Poller:
    """The polls of one session."""

    def __init__(self, device: ModbusDevice, intake: Intake, seat: Seat) -> None:
        self._device = device
        self._intake = intake
        self._seat = seat
        self._bus = bus_of(device)
        self._clock = DeviceClock(intake)
        self._scans = scans_of(device)
        self._plans = {scan.name: intake.plan([tag.name for tag in scan.tags]) for scan in self._scans}
        self._history = History(device, intake, self._span) if device.history else None
        self._since_ms: int | None = None

    async def first(self) -> None:
        """Read everything once, whatever the schedule says."""
        self._seat.due_s = -math.inf
        for position, scan in enumerate(self._scans):
            await self._poll(scan, is_first=position == 0)

    async def run(self) -> None:
        """Read each scan class whenever it is due."""
        loop = asyncio.get_running_loop()
        fastest_s = self._scans[0].period_s
        schedule = Schedule(
            [scan.period_s for scan in self._scans], loop.time() + phase_s(self._device.id, fastest_s)
        )
        while True:
            self._seat.due_s = schedule.due_s
            wait_s = schedule.due_s - loop.time()
            await asyncio.sleep(max(0.0, wait_s))
            due, missed = schedule.take(loop.time())
            self._intake.health.overruns += missed
            for number in due:
                await self._poll(self._scans[number], is_first=number == 0)

    async def _poll(self, scan: ScanClass, *, is_first: bool) -> None:
        before_ms = self._intake.clock.now_ms()
        clock: object = None
        head: object = None
        raws: list[Raw] = []
        for request in scan.requests:
            values = request.values(await self._payload(request.span, request.question))
            clock = values[request.clock] if request.clock is not None else clock
            head = values[request.head] if request.head is not None else head
            raws += values[: request.tags] if len(values) > request.tags else values
        # Without a clock of its own the device has been seen up to the moment at which it was asked.
        clock_ms = before_ms if clock is None else int(clock)  # type: ignore[call-overload]
        if not self._clock.advance(clock_ms):
            self._since_ms = None
        found = Found()
        if is_first and self._history is not None:
            found = await self._history.changes(int(head))  # type: ignore[call-overload]
        self._intake.health.polls += 1
        observed = self._observed(clock_ms, found) if is_first else None
        self._intake.take(found.samples(), observed, Row(self._plans[scan.name], clock_ms, raws))

    def _observed(self, clock_ms: int, found: Found) -> tuple[int, int] | None:
        if found.lost:
            # What happened in between is gone: this session's coverage starts anew at this poll.
            self._intake.flag("ring_overrun", found.lost)
            self._since_ms = None
        if found.is_torn:
            return None
        if self._since_ms is None:
            self._since_ms = clock_ms
        return self._since_ms, clock_ms

    async def ask(self, question: Question, *, is_write: bool = False) -> tuple[int | None, bytes]:
        """Exception code or None, and the answer; see `Bus.ask`."""
        return await self._bus.ask(self._seat, question, is_write=is_write)

    async def _span(self, span: Span) -> bytes:
        return await self._payload(span, read(span.table, span.address, span.count))

    async def _payload(self, span: Span, question: Question) -> bytes:
        """The bytes of the registers or bits of `span`."""
        code, pdu = await self._bus.ask(self._seat, question)
        if code is None:
            return pdu[2:]
        where = f"unit {self._device.unit}, {span.table} {span.address}-{span.end - 1}"
        if code in WRONG_QUESTION:
            raise DeviceRefused(f"{where}: {WRONG_QUESTION[code]}")
        raise DeviceUnreachable(f"{where}: exception code {code}")
