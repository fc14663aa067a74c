"""Simulated Modbus units whose registers tell when they were read, and the faults of their values."""

import math
import struct
from dataclasses import dataclass
from typing import Final

from pymodbus.constants import ExcCodes
from pymodbus.simulator import DataType, SimData, SimDevice

from simulators.faults import Fault, FaultKind, Faults
from wire.clock import real_ms

# A time that any float32 holds exactly: milliseconds since the epoch, modulo this.
WRAP_MS: Final = 10_000_000
HEADER_REGISTERS: Final = 10
SETPOINT: Final = 8
REGISTERS_EACH: Final = {"float32": 2, "uint32": 2, "float64": 4}
_CODES: Final = {"float32": "f", "uint32": "I", "float64": "d"}
_HEADER: Final = struct.Struct(">QIHH")
_NAN: Final = {"float32": b"\x7f\xc0\0\0", "uint32": b"\xff\xff\xff\xff", "float64": b"\x7f\xf8" + bytes(6)}
_COUNTS: Final = 1 << 32
_WRITES: Final = frozenset((5, 6, 15, 16))

# Unit 0 is all of them; `through` makes it a range.
UNIT_KEYS: Final = {"unit": 0.0, "through": 0.0}
VALUE_FAULTS: Final = {
    "freeze": FaultKind("every register stands still; unit 0 is all of them", UNIT_KEYS),
    "nan": FaultKind("values are no numbers (0xffffffff for uint32)", UNIT_KEYS),
    "exception": FaultKind("requests are answered by an exception", {**UNIT_KEYS, "code": 4.0}),
    "counter_reset": FaultKind("the counter begins at 0 again", UNIT_KEYS, is_event=True),
    "rollover": FaultKind(
        "the counter passes 2^32 after so many counts", {**UNIT_KEYS, "counts": 5.0}, is_event=True
    ),
}


def concerns(fault: Fault | None, number: int) -> bool:
    """Whether a fault is in force for the unit with this number, counted from 1 over all endpoints."""
    if fault is None:
        return False
    first = fault["unit"]
    return first == 0 or first <= number <= max(first, fault["through"])


@dataclass(frozen=True, slots=True)
class Size:
    """How large each unit is, and how often its registers change.

    Attributes
    ----------
    tags : int
        Values of each unit.
    type : str
        `float32`, `uint32` or `float64`.
    period_s : float
        Real seconds between two changes of the registers; 0 makes them new at each read.
    """

    tags: int = 100
    type: str = "float32"
    period_s: float = 0.0

    @property
    def registers(self) -> int:
        """Registers of one unit."""
        return HEADER_REGISTERS + self.tags * REGISTERS_EACH[self.type]


class Unit:
    """One unit.

    Holding registers, big-endian: 0–3 `clock_ms` uint64 (Unix) · 4–5 `count` uint32, one each second · 6
    `state` uint16 (1) · 7 spare · 8 `setpoint` uint16, writable · 9 spare · from 10 the tags: each is the
    time at which it was true, Unix milliseconds modulo 10,000,000. Input registers are the same.
    """

    def __init__(self, number: int, size: Size, faults: Faults) -> None:
        self.number = number
        self._size = size
        self._faults = faults
        self._zero_ms = real_ms()
        self._made_ms = -1
        self._is_frozen = False
        values = struct.Struct(f">{size.tags}{_CODES[size.type]}")
        self._values = values
        faults.when("counter_reset", self._reset)
        faults.when("rollover", self._roll)

    def device(self, address: int) -> SimDevice:
        """The unit as a server of pymodbus wants it, under a unit address on its line."""
        registers = SimData(address=0, values=[0] * self._size.registers, datatype=DataType.REGISTERS)
        return SimDevice(id=address, simdata=[registers], action=self._touched)

    def _reset(self, fault: Fault) -> None:
        if concerns(fault, self.number):
            self._zero_ms = real_ms()

    def _roll(self, fault: Fault) -> None:
        if concerns(fault, self.number):
            self._zero_ms = real_ms() - (_COUNTS - int(fault["counts"])) * 1000

    async def _touched(
        self,
        function_code: int,
        _start: int,
        address: int,
        count: int,
        registers: list[int],
        _values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        fault = self._faults.now("exception")
        if fault is not None and concerns(fault, self.number):
            return ExcCodes(int(fault["code"]))
        if function_code in _WRITES:
            return None if (address, count) == (SETPOINT, 1) else ExcCodes.ILLEGAL_ADDRESS
        now_ms = real_ms()
        if self._is_due(now_ms):
            self._made_ms = now_ms
            self._fill(registers, now_ms)
        return None

    def _is_due(self, now_ms: int) -> bool:
        if concerns(self._faults.now("freeze"), self.number):
            return self._made_ms < 0
        return now_ms - self._made_ms >= self._size.period_s * 1000

    def _fill(self, registers: list[int], now_ms: int) -> None:
        counted = (now_ms - self._zero_ms) // 1000 % _COUNTS
        head = _words(_HEADER.pack(now_ms, counted, 1, 0))
        registers[: len(head)] = head
        size = self._size
        if concerns(self._faults.now("nan"), self.number):
            raw = _NAN[size.type] * size.tags
        else:
            raw = self._values.pack(*[now_ms % WRAP_MS] * size.tags)
        registers[HEADER_REGISTERS:] = _words(raw)


def _words(raw: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(raw) // 2}H", raw)


def age_ms(value: float, now_ms: int) -> float:
    """How old a tag's value is, ms, when read at `now_ms` (Unix): right up to 2.7 hours."""
    return math.fmod(now_ms - value, WRAP_MS) % WRAP_MS
