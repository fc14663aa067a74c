"""A device's ring of changes: which entries are new, and what is wrong with them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from edge.devices.modbus import REGISTERS, ModbusDevice, Place
from edge.drivers.modbus.numbers import Raw, decoder
from edge.drivers.modbus.plan import Ring, Span
from edge.drivers.modbus.scans import limits_of, ring_of
from edge.errors import DeviceUnreachable
from edge.intake import Intake, Sample


@dataclass(frozen=True, slots=True)
class Entry:
    """One change from a device's ring."""

    seq: int
    ts_ms: int
    values: dict[str, Raw]


@dataclass(slots=True)
class Found:
    """New entries of the ring, and what is wrong with them."""

    entries: list[Entry] = field(default_factory=list)
    lost: int = 0
    is_torn: bool = False

    def samples(self) -> list[Sample]:
        """The entries as samples, in order.

        Kept even if unchanged: a counter that stood still up to a change of job says whose parts come next.
        """
        return [
            Sample(tag, entry.ts_ms, raw, kept=True)
            for entry in self.entries
            for tag, raw in entry.values.items()
        ]


class History:
    """The ring of one device during one session.

    Parameters
    ----------
    device : ModbusDevice
        A device with a history.
    intake : Intake
        Where bad input is counted, and up to when the device was observed before.
    read : callable
        Reads a span; gives the bytes of its registers.
    """

    def __init__(
        self, device: ModbusDevice, intake: Intake, read: Callable[[Span], Awaitable[bytes]]
    ) -> None:
        if device.history is None:
            raise ValueError(f"device {device.id} has no history")
        self._intake = intake
        self._read = read
        self._limits = limits_of(device)
        self._ring: Ring = ring_of(device.history)
        self._taken: int | None = None
        fields = device.history.fields
        self._names = list(fields)
        entry = Span(device.history.table, 0, device.history.size)
        places = [
            Place(
                device.history.table,
                found.offset,
                found.type,
                REGISTERS[found.type],
                device.byte_order,
                device.word_order,
            )
            for found in fields.values()
        ]
        self._values = decoder(entry, places).values

    async def changes(self, head: int) -> Found:
        """What is new, when the newest entry has the number `head`.

        Raises
        ------
        DeviceUnreachable
            When the ring started again, or does not answer.
        """
        oldest = max(1, head - self._ring.entries + 1)
        if self._taken is None:
            return await self._replay(oldest, head)
        if head < self._taken:
            self._intake.flag("ring_restarted")
            raise DeviceUnreachable(f"its history restarted: entry {head} after {self._taken}")
        forgotten = max(0, oldest - self._taken - 1)
        found = await self._entries(max(oldest, self._taken + 1), head)
        found.lost += forgotten
        return found

    async def _replay(self, oldest: int, head: int) -> Found:
        """What the ring still knows of the time before this session and after the last one."""
        mark = self._intake.mark()
        found = await self._entries(oldest, head)
        if mark is not None and oldest > 1 and (not found.entries or found.entries[0].ts_ms > mark):
            self._intake.flag("ring_overrun")
        # Nothing is lost to this session: it only begins here.
        found.lost = 0
        found.entries = [entry for entry in found.entries if mark is None or entry.ts_ms > mark]
        return found

    async def _entries(self, first: int, last: int) -> Found:
        found = Found()
        self._taken = first - 1
        size = self._ring.size
        for start, request in self._ring.requests(first, last, self._limits):
            payload = await self._read(request)
            for number in range(start, start + request.count // size):
                offset = (number - start) * size * 2
                entry = self._entry(payload[offset : offset + size * 2])
                if entry.seq < number:
                    # The head moved before the entry was written: it is there at the next poll.
                    found.is_torn = True
                    return found
                self._taken = number
                if entry.seq > number:
                    found.lost += 1
                else:
                    found.entries.append(entry)
        return found

    def _entry(self, payload: bytes) -> Entry:
        values = dict(zip(self._names, self._values(payload), strict=True))
        seq, ts_ms = values.pop("seq"), values.pop("ts_ms")
        if not isinstance(seq, int | float) or not isinstance(ts_ms, int | float):
            raise DeviceUnreachable("its history holds an entry whose number or time cannot be read")
        return Entry(int(seq), int(ts_ms), values)
