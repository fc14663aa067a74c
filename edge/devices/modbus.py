"""What a gateway file may say about a Modbus unit, over TCP or on a serial line."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from edge.devices.device import DeviceKeys, SerialKeys
from edge.devices.tag import (
    HISTORY_REQUIRED,
    Strict,
    Tag,
    host_and_port,
    refuse_doubled,
    refuse_strangers,
)
from edge.scaling import FLOATS, TEXTS

RegisterType = Literal[
    "uint16",
    "int16",
    "uint32",
    "int32",
    "uint64",
    "int64",
    "float32",
    "float64",
    "bcd16",
    "bcd32",
    "bcd64",
    "string",
    "bit",
]
REGISTERS: dict[str, int] = {
    "uint16": 1,
    "int16": 1,
    "uint32": 2,
    "int32": 2,
    "uint64": 4,
    "int64": 4,
    "float32": 2,
    "float64": 4,
    "bcd16": 1,
    "bcd32": 2,
    "bcd64": 4,
    "bit": 1,
}
Table = Literal["holding", "input", "coil", "discrete"]
Order = Literal["big", "little"]
BIT_TABLES = frozenset({"coil", "discrete"})
WRITABLE_TABLES = frozenset({"holding", "coil"})
LAST_ADDRESS = 65_535
CLOCK_TYPES = ("uint32", "int32", "uint64", "int64")


def _modbus_endpoint(text: str) -> str:
    if not text.startswith("/"):
        try:
            host_and_port(text)
        except ValueError as wrong:
            raise ValueError(f"{wrong}, or a serial port such as /dev/ttyUSB0") from wrong
    return text


Address = Annotated[int, Field(ge=0, le=LAST_ADDRESS)]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one value stands and how it is written there, every default filled in.

    `byte_order` is that inside a register, `word_order` that of registers; `bit` counts from the lowest, 0.
    """

    table: str
    address: int
    type: str
    registers: int
    byte_order: str = "big"
    word_order: str = "big"
    bit: int | None = None
    encoding: str = "ascii"


class Field16(Strict):
    """A number in registers, at an offset inside a history entry."""

    offset: int = Field(ge=0, le=LAST_ADDRESS)
    type: RegisterType


class Register(Strict):
    """A value in registers or a bit, by its first address counted from 0.

    `length` is the size of a string in registers, two characters each; `bit` picks one of a register's.
    `byte_order` and `word_order` are the device's unless they are given.
    """

    address: Address
    type: RegisterType
    table: Table = "holding"
    byte_order: Order | None = None
    word_order: Order | None = None
    length: int | None = Field(default=None, ge=1, le=125)
    bit: int | None = Field(default=None, ge=0, le=15)
    encoding: Literal["ascii", "utf-8", "latin-1"] = "ascii"

    @property
    def registers(self) -> int:
        """How many addresses it takes."""
        return self.length or REGISTERS[self.type]

    @model_validator(mode="after")
    def _exists(self) -> "Register":
        if (self.type == "string") != (self.length is not None):
            raise ValueError('length is for strings; accepted: type = "string" with length in registers')
        if self.address + self.registers - 1 > LAST_ADDRESS:
            raise ValueError(f"{self.type} at {self.address} ends behind the last address {LAST_ADDRESS}")
        if self.type != "bit" and self.table in BIT_TABLES:
            raise ValueError(
                f"a {self.type} does not stand in table {self.table}; accepted: bit in coil or discrete, "
                "any type in holding or input"
            )
        if (self.bit is not None) != (self.type == "bit" and self.table not in BIT_TABLES):
            raise ValueError(
                'bit says which bit of a register; accepted: bit = 0 to 15 with type = "bit" in holding or '
                "input, and only there"
            )
        return self


class ModbusTag(Tag, Register):
    """A tag in Modbus registers; `scan` names a scan class of its device."""

    scan: str | None = None

    @model_validator(mode="after")
    def _carries(self) -> "ModbusTag":
        if (self.datatype in TEXTS) != (self.type == "string"):
            raise ValueError(
                f"{self.type} does not fit {self.datatype}; accepted: string as String, Text or UUID, "
                "others as a numeric datatype or Boolean"
            )
        if self.type.startswith("float") and self.datatype not in FLOATS:
            raise ValueError(f"{self.type} does not fit {self.datatype}; accepted datatypes: Float, Double")
        if self.writable:
            self._refuse_unwritable()
        return self

    def _refuse_unwritable(self) -> None:
        if self.table not in WRITABLE_TABLES or self.bit is not None:
            raise ValueError(
                f"{self.type} in table {self.table} cannot be written alone; accepted: writable tags in "
                "holding (no single bit of a register) or coil"
            )


class ModbusHistory(Strict):
    """The ring in which a PLC keeps its last changes.

    `head` is the number of the newest entry (0 = none).
    Entry s stands at address + ((s − 1) mod entries) × size.
    `fields` are `seq` and `ts_ms` (Unix milliseconds) and any tags of the device.
    """

    head: Register
    address: Address
    entries: int = Field(ge=1, le=4096)
    size: int = Field(ge=1, le=125)
    table: Literal["holding", "input"] = "holding"
    fields: dict[str, Field16]

    @model_validator(mode="after")
    def _whole(self) -> "ModbusHistory":
        missing = [name for name in HISTORY_REQUIRED if name not in self.fields]
        if missing:
            raise ValueError(
                f"fields lacks {', '.join(missing)}; accepted: seq, ts_ms and tags of the device"
            )
        for name, field in self.fields.items():
            if field.type in {"bit", "string"} or field.offset + REGISTERS[field.type] > self.size:
                raise ValueError(f"field {name} does not fit into an entry of {self.size} registers")
        if self.address + self.entries * self.size - 1 > LAST_ADDRESS:
            raise ValueError(f"the ring ends behind the last address {LAST_ADDRESS}")
        return self


class ModbusDevice(DeviceKeys):
    """One unit behind a Modbus TCP server or on a serial line; units of one endpoint share its connection.

    An endpoint that begins with `/` is a serial port and speaks RTU; `host:port` speaks TCP unless `framing`
    says that a serial server passes RTU frames on.
    """

    driver: Literal["modbus"]
    endpoint: Annotated[str, AfterValidator(_modbus_endpoint)]
    framing: Literal["tcp", "rtu"] | None = None
    serial: SerialKeys | None = None
    unit: int = Field(default=1, ge=0, le=255)
    period_s: float = Field(default=1.0, ge=0.01, le=3600)
    scan: dict[str, Annotated[float, Field(ge=0.01, le=86_400)]] = Field(default_factory=dict)
    timeout_s: float = Field(default=1.0, ge=0.05, le=60)
    retries: int | None = Field(default=None, ge=0, le=5)
    pause_ms: float = Field(default=0.0, ge=0, le=10_000)
    gap: int = Field(default=8, ge=0, le=124)
    max_registers: int = Field(default=125, ge=4, le=125)
    max_bits: int = Field(default=2000, ge=8, le=2000)
    byte_order: Order = "big"
    word_order: Order = "big"
    forbidden: list[Annotated[tuple[Address, Address], Field(strict=False)]] = Field(default_factory=list)
    clock: Register | None = None
    history: ModbusHistory | None = None
    tag: list[ModbusTag] = Field(min_length=1)

    @property
    def is_serial(self) -> bool:
        """Whether the endpoint is a serial port."""
        return self.endpoint.startswith("/")

    @property
    def is_rtu(self) -> bool:
        """Whether frames carry checksums instead of transaction numbers."""
        return self.framing == "rtu" if self.framing else self.is_serial

    @property
    def bus(self) -> tuple[object, ...]:
        """What devices of one endpoint must agree on."""
        return self.is_rtu, self.serial or SerialKeys()

    def place(self, register: Register) -> Place:
        """Where `register` stands, with this device's orders filled in."""
        return Place(
            register.table,
            register.address,
            register.type,
            register.registers,
            register.byte_order or self.byte_order,
            register.word_order or self.word_order,
            register.bit,
            register.encoding,
        )

    @model_validator(mode="after")
    def _consistent(self) -> "ModbusDevice":
        refuse_doubled(tag.name for tag in self.tag)
        self._refuse_line()
        strangers = sorted({tag.scan for tag in self.tag if tag.scan} - set(self.scan))
        if strangers:
            raise ValueError(
                f"tags name scan {', '.join(strangers)}; accepted: {', '.join(self.scan) or 'none'}"
            )
        if self.clock and self.clock.type not in CLOCK_TYPES:
            raise ValueError("clock.type must count milliseconds; accepted: uint32, int32, uint64, int64")
        if self.history:
            if self.clock is None:
                raise ValueError("a history needs the device's clock; accepted: a [device.clock] table")
            refuse_strangers(self.history.fields, [tag.name for tag in self.tag])
            if self.history.size > self.max_registers:
                raise ValueError(
                    "history.size is larger than max_registers: an entry must fit into one request"
                )
        self._refuse_overlaps()
        self._refuse_forbidden()
        return self

    def _refuse_line(self) -> None:
        if self.serial and not self.is_serial:
            raise ValueError("serial is for a serial port; accepted: an endpoint such as /dev/ttyUSB0")
        if self.is_serial and self.framing == "tcp":
            raise ValueError("framing tcp does not go over a serial port; accepted: rtu")

    def _ranges(self) -> list[tuple[str, str, int, int]]:
        """Every range that is read: (what, table, first, last)."""
        ranges: list[tuple[str, str, int, int]] = [
            (f"tag {t.name}", t.table, t.address, t.address + t.registers - 1) for t in self.tag
        ]
        extras = {"clock": self.clock, "history.head": self.history.head if self.history else None}
        for what, register in extras.items():
            if register:
                last = register.address + register.registers - 1
                ranges.append((what, register.table, register.address, last))
        if ring := self.history:
            ranges.append(("history", ring.table, ring.address, ring.address + ring.entries * ring.size - 1))
        return ranges

    def _refuse_overlaps(self) -> None:
        ordered = sorted(self._ranges(), key=lambda r: (r[1], r[2], r[3]))
        for (what, table, first, last), (other, other_table, low, high) in pairwise(ordered):
            # The same registers may be read twice, as a number and as a flag word; half of a number may not.
            if table == other_table and low <= last and (first, last) != (low, high):
                raise ValueError(
                    f"{other} ({table} {low}-{high}) overlaps {what} ({first}-{last}); "
                    "accepted: ranges that are equal or apart"
                )

    def _refuse_forbidden(self) -> None:
        for low, high in self.forbidden:
            if low > high:
                raise ValueError(f"forbidden [{low}, {high}] is empty; accepted: [first, last]")
            for what, _table, first, last in self._ranges():
                if first <= high and low <= last:
                    raise ValueError(f"{what} ({first}-{last}) lies in forbidden [{low}, {high}]")


def refuse_quarrels(devices: Iterable[ModbusDevice]) -> None:
    """Raise ValueError when two devices of one endpoint want its line to speak differently."""
    first: dict[str, ModbusDevice] = {}
    for device in devices:
        other = first.setdefault(device.endpoint, device)
        if other.bus != device.bus:
            raise ValueError(
                f"device {device.id} and device {other.id} share {device.endpoint}; "
                "accepted: the same framing and serial keys in both"
            )
