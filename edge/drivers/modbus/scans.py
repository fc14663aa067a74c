"""What a device's scan classes read: requests, and how each answer becomes values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge.devices.modbus import ModbusDevice, ModbusHistory, ModbusTag, Place, Register
from edge.drivers.modbus.frames import Question, read
from edge.drivers.modbus.numbers import Raw, decoder
from edge.drivers.modbus.plan import Limits, Ring, Span, clock_first, plan


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a scan class.

    Attributes
    ----------
    span : Span
        What is read.
    question : Question
        The same as bytes.
    values : callable
        Payload of the answer → values: those of tags first, then the clock's and the head's if they are here.
    tags : int
        How many of the values are those of tags.
    clock, head : int or None
        Where in the values the device's clock and its ring's head stand.
    """

    span: Span
    question: Question
    values: Callable[[bytes], Sequence[Raw]]
    tags: int
    clock: int | None
    head: int | None


@dataclass(frozen=True, slots=True)
class ScanClass:
    """Tags that are read together: `tags` stand in the order in which the requests give their values."""

    name: str
    period_s: float
    tags: tuple[ModbusTag, ...]
    requests: tuple[Request, ...]

    @property
    def registers(self) -> int:
        """Addresses read each time, those that nobody wants included."""
        return sum(request.span.count for request in self.requests)


def limits_of(device: ModbusDevice) -> Limits:
    """What one request to `device` may hold."""
    return Limits(device.gap, device.max_registers, tuple(device.forbidden), device.max_bits)


def ring_of(history: ModbusHistory) -> Ring:
    """The place of a device's ring of changes."""
    return Ring(history.table, history.address, history.entries, history.size)


def span_of(register: Register | Place) -> Span:
    """The addresses of one value."""
    return Span(register.table, register.address, register.registers)


def scans_of(device: ModbusDevice) -> list[ScanClass]:
    """The scan classes of `device`, the fastest first.

    Each reads the device's clock too, before anything else; the first one alone reads the head of the ring.
    """
    tags: dict[str, list[ModbusTag]] = {}
    for tag in device.tag:
        tags.setdefault(tag.scan or "", []).append(tag)
    periods = {"": device.period_s, **device.scan}
    ordered = sorted(tags, key=lambda name: periods[name])
    return [
        _scan(device, name, periods[name], tags[name], is_first=position == 0)
        for position, name in enumerate(ordered)
    ]


def _scan(
    device: ModbusDevice, name: str, period_s: float, tags: list[ModbusTag], *, is_first: bool
) -> ScanClass:
    clock = device.clock
    head = device.history.head if device.history and is_first else None
    wanted = [span_of(register) for register in (*tags, clock, head) if register is not None]
    spans = clock_first(plan(wanted, limits_of(device)), span_of(clock) if clock else None)
    left = list(tags)
    ordered: list[ModbusTag] = []
    requests = []
    for span in spans:
        here = [tag for tag in left if span.covers(span_of(tag))]
        # By address, so that one `struct` gives the values in the order of the tags.
        here.sort(key=lambda tag: tag.address)
        left = [tag for tag in left if not span.covers(span_of(tag))]
        ordered += here
        extras: list[Register | None] = [
            register if register is not None and span.covers(span_of(register)) else None
            for register in (clock, head)
        ]
        clock, head = (
            None if extra is not None else old for extra, old in zip(extras, (clock, head), strict=True)
        )
        requests.append(_request(device, span, here, extras))
    return ScanClass(name, period_s, tuple(ordered), tuple(requests))


def _request(
    device: ModbusDevice, span: Span, tags: Sequence[ModbusTag], extras: Sequence[Register | None]
) -> Request:
    registers: list[Register] = list(tags)
    at: list[int | None] = []
    for extra in extras:
        at.append(None if extra is None else len(registers))
        if extra is not None:
            registers.append(extra)
    values = decoder(span, [device.place(register) for register in registers]).values
    return Request(span, read(span.table, span.address, span.count), values, len(tags), at[0], at[1])
