"""Modbus TCP: one unit, polled on a steady schedule, its ring of changes read whenever it has moved."""

import asyncio
import logging
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from edge.device_clock import DeviceClock
from edge.devices import REGISTERS, Field16, ModbusDevice, ModbusHistory, Register, host_and_port
from edge.drivers.modbus_plan import Limits, Ring, Span, clock_first, plan
from edge.errors import DeviceRefused, DeviceUnreachable
from edge.intake import Intake, Sample

# The library logs each lost frame with its bytes; the agent already says once what failed.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL + 1)

FORMATS = {
    "uint16": ">H",
    "int16": ">h",
    "uint32": ">I",
    "int32": ">i",
    "uint64": ">Q",
    "int64": ">q",
    "float32": ">f",
    "float64": ">d",
}
# Exception codes by which a device says that the question itself is wrong.
WRONG_QUESTION = {1: "illegal function", 2: "illegal address", 3: "illegal value"}

Number = int | float
Image = dict[str, dict[int, int]]


def requests_of(device: ModbusDevice) -> list[Span]:
    """The requests of one poll of `device`, without its ring; the clock's comes first."""
    wanted = [_span(tag) for tag in device.tag]
    clock = _span(device.clock) if device.clock else None
    if clock:
        wanted.append(clock)
    if device.history:
        wanted.append(_span(device.history.head))
    return clock_first(plan(wanted, limits_of(device)), clock)


def limits_of(device: ModbusDevice) -> Limits:
    """What one request to `device` may hold."""
    return Limits(device.gap, device.max_registers, tuple(device.forbidden))


def ring_of(history: ModbusHistory) -> Ring:
    """The place of a device's ring of changes."""
    return Ring(history.table, history.address, history.entries, history.size)


def _span(register: Register) -> Span:
    return Span(register.table, register.address, register.registers)


@dataclass(frozen=True, slots=True)
class Entry:
    """One change from a device's ring."""

    seq: int
    ts_ms: int
    values: dict[str, Number]


@dataclass(slots=True)
class _Session:
    """What is known since this connection was opened, in the device's time."""

    since_ms: int | None = None
    taken: int | None = None


@dataclass(slots=True)
class _Found:
    """New entries of the ring, and what is wrong with them."""

    entries: list[Entry] = field(default_factory=list)
    lost: int = 0
    is_torn: bool = False


async def watch(device: ModbusDevice, intake: Intake) -> None:
    """Poll `device` until it fails; never returns.

    Raises
    ------
    DeviceUnreachable
        No connection, no answer in time, a mismatched answer, or a clock or ring that started again.
    DeviceRefused
        The unit says that a function or an address does not exist.
    """
    host, port = host_and_port(device.endpoint)
    client = AsyncModbusTcpClient(host, port=port, timeout=device.timeout_s, retries=0, reconnect_delay=0)
    try:
        async with asyncio.timeout(device.timeout_s):
            if not await client.connect():
                raise DeviceUnreachable(f"{device.endpoint} does not accept a connection")
        await _Poller(device, intake, client).run()
    except TimeoutError as error:
        raise DeviceUnreachable(f"{device.endpoint} does not answer within {device.timeout_s:g} s") from error
    finally:
        client.close()


class _Poller:
    """One session with one unit."""

    def __init__(self, device: ModbusDevice, intake: Intake, client: AsyncModbusTcpClient) -> None:
        self._device = device
        self._intake = intake
        self._session = _Session()
        self._clock = DeviceClock(intake)
        self._requests = requests_of(device)
        self._ring = ring_of(device.history) if device.history else None
        self._reads: dict[str, Callable[..., object]] = {
            "holding": client.read_holding_registers,
            "input": client.read_input_registers,
            "coil": client.read_coils,
            "discrete": client.read_discrete_inputs,
        }

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        period_s = self._device.period_s
        # Devices of one gateway start at different phases, so that their polls do not come in bursts.
        due = loop.time() + zlib.crc32(self._device.id.encode()) % 997 / 997 * min(period_s, 1.0)
        await self._poll()
        while True:
            late_s = loop.time() - due
            if late_s > 0:
                missed = int(late_s / period_s) + 1
                # The phase of the first poll makes less than a period late; a whole period is an overrun.
                self._intake.health.overruns += missed - 1
                due += missed * period_s
            await asyncio.sleep(due - loop.time())
            await self._poll()
            due += period_s

    async def _poll(self) -> None:
        before_ms = self._intake.clock.now_ms()
        image: Image = {}
        for request in self._requests:
            image.setdefault(request.table, {}).update(
                zip(range(request.address, request.end), await self._read(request), strict=True)
            )
        clock = self._device.clock
        # Without a clock of its own the device has been seen up to the moment at which it was asked.
        clock_ms = int(self._number(image, clock)) if clock else before_ms
        if not self._clock.advance(clock_ms):
            self._session.since_ms = None
        found = await self._changes(image)
        samples = self._of_entries(found.entries)
        samples += [Sample(tag.name, clock_ms, self._number(image, tag)) for tag in self._device.tag]
        self._intake.health.polls += 1
        self._intake.take(samples, self._observed(clock_ms, found))

    def _observed(self, clock_ms: int, found: _Found) -> tuple[int, int] | None:
        session = self._session
        if found.lost:
            # What happened in between is gone: this session's coverage starts anew at this poll.
            self._intake.flag("ring_overrun", found.lost)
            session.since_ms = None
        if found.is_torn:
            return None
        if session.since_ms is None:
            session.since_ms = clock_ms
        return session.since_ms, clock_ms

    async def _changes(self, image: Image) -> _Found:
        history, ring, session = self._device.history, self._ring, self._session
        if history is None or ring is None:
            return _Found()
        head = int(self._number(image, history.head))
        oldest = max(1, head - ring.entries + 1)
        if session.taken is None:
            return await self._replay(ring, oldest, head)
        if head < session.taken:
            self._intake.flag("ring_restarted")
            raise DeviceUnreachable(f"its history restarted: entry {head} after {session.taken}")
        forgotten = max(0, oldest - session.taken - 1)
        found = await self._entries(ring, max(oldest, session.taken + 1), head)
        found.lost += forgotten
        return found

    async def _replay(self, ring: Ring, oldest: int, head: int) -> _Found:
        """What the ring still knows of the time before this session and after the last one."""
        mark = self._intake.mark()
        found = await self._entries(ring, oldest, head)
        if mark is not None and oldest > 1 and (not found.entries or found.entries[0].ts_ms > mark):
            self._intake.flag("ring_overrun")
        # Nothing is lost to this session: it only begins here.
        found.lost = 0
        found.entries = [entry for entry in found.entries if mark is None or entry.ts_ms > mark]
        return found

    async def _entries(self, ring: Ring, first: int, last: int) -> _Found:
        found = _Found()
        session = self._session
        session.taken = first - 1
        for start, request in ring.requests(first, last, limits_of(self._device)):
            words = await self._read(request)
            for number in range(start, start + request.count // ring.size):
                offset = (number - start) * ring.size
                entry = self._entry(words[offset : offset + ring.size])
                if entry.seq < number:
                    # The head moved before the entry was written: it is there at the next poll.
                    found.is_torn = True
                    return found
                session.taken = number
                if entry.seq > number:
                    found.lost += 1
                else:
                    found.entries.append(entry)
        return found

    def _entry(self, words: list[int]) -> Entry:
        assert self._device.history is not None  # noqa: S101 - only called for a device with a ring
        fields = self._device.history.fields
        values = {name: self._decode(words[f.offset :], f) for name, f in fields.items()}
        return Entry(int(values.pop("seq")), int(values.pop("ts_ms")), values)

    @staticmethod
    def _of_entries(entries: list[Entry]) -> list[Sample]:
        # Kept even if unchanged: a counter that stood still up to a change of job says whose parts come next.
        return [
            Sample(tag, entry.ts_ms, raw, kept=True) for entry in entries for tag, raw in entry.values.items()
        ]

    def _number(self, image: Image, register: Register) -> Number | bool:
        cells = image[register.table]
        if register.type == "bit":
            return bool(cells[register.address])
        words = [cells[register.address + i] for i in range(register.registers)]
        return self._decode(words, register)

    def _decode(self, words: list[int], place: Register | Field16) -> Number:
        count = REGISTERS[place.type]
        chosen = words[:count]
        if self._device.word_order == "little":
            chosen.reverse()
        number: Number = struct.unpack(FORMATS[place.type], struct.pack(f">{count}H", *chosen))[0]
        return number

    async def _read(self, request: Span) -> list[int]:
        read = self._reads[request.table]
        try:
            answer: ModbusPDU = await read(  # type: ignore[misc]
                request.address, count=request.count, device_id=self._device.unit
            )
        except (ModbusException, OSError) as error:
            raise DeviceUnreachable(f"{self._device.endpoint} unit {self._device.unit}: no answer") from error
        if answer.isError():
            self._raise_refusal(request, getattr(answer, "exception_code", 0))
        cells: list[int] = list(answer.bits if request.table in {"coil", "discrete"} else answer.registers)
        if len(cells) < request.count:
            raise DeviceUnreachable(f"{len(cells)} instead of {request.count} registers at {request.address}")
        return cells[: request.count]

    def _raise_refusal(self, request: Span, code: int) -> None:
        where = f"unit {self._device.unit}, {request.table} {request.address}-{request.end - 1}"
        if code in WRONG_QUESTION:
            raise DeviceRefused(f"{where}: {WRONG_QUESTION[code]}")
        raise DeviceUnreachable(f"{where}: exception code {code}")
