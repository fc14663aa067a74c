"""What a gateway file may say about one device, per driver."""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from edge.filters import Deadband
from edge.scaling import DATATYPES, FLOATS, INTEGER_RANGES, NUMERIC, TEXTS, Scaling

Datatype = Literal[
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "UInt8",
    "UInt16",
    "UInt32",
    "UInt64",
    "Float",
    "Double",
    "Boolean",
    "String",
    "Text",
    "UUID",
    "DateTime",
]
assert set(DATATYPES) == set(Datatype.__args__)  # type: ignore[attr-defined]  # noqa: S101 - one list, two forms

RegisterType = Literal["uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64", "bit"]
REGISTERS: dict[str, int] = {
    "uint16": 1,
    "int16": 1,
    "uint32": 2,
    "int32": 2,
    "uint64": 4,
    "int64": 4,
    "float32": 2,
    "float64": 4,
    "bit": 1,
}
Table = Literal["holding", "input", "coil", "discrete"]
BIT_TABLES = frozenset({"coil", "discrete"})
LAST_ADDRESS = 65_535
HISTORY_REQUIRED = ("seq", "ts_ms")
RESERVED_TAGS = ("observed_since", "bad_input", "bdSeq")


def _sparkplug_id(text: str) -> str:
    if not text or any(sign in text for sign in "+/#") or not text.isprintable():
        raise ValueError("accepted: printable text without + / #")
    return text


def _tag_name(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError("accepted: printable text")
    if text in RESERVED_TAGS or text.startswith(("Node Control/", "Device Control/")):
        raise ValueError("this name belongs to the gateway itself; accepted: any other name")
    return text


def _tcp_endpoint(text: str) -> str:
    host_and_port(text)
    return text


def host_and_port(endpoint: str) -> tuple[str, int]:
    """Host and port of a `host:port` endpoint, e.g. `10.0.0.7:502` → ("10.0.0.7", 502).

    Raises
    ------
    ValueError
        Naming the accepted form.
    """
    host, separator, port = endpoint.rpartition(":")
    if not separator or not host or not port.isdigit() or not 1 <= int(port) <= LAST_ADDRESS:
        raise ValueError("accepted: host:port, e.g. 10.0.0.7:502")
    return host.strip("[]"), int(port)


def _node(text: str) -> str:
    if not re.fullmatch(r"(ns=\d+;)?([sgb]=.+|i=\d+)", text):
        raise ValueError("accepted: an OPC UA node id such as ns=2;s=L1-OP10.state or ns=3;i=1001")
    return text


SparkplugId = Annotated[str, AfterValidator(_sparkplug_id)]
TagName = Annotated[str, AfterValidator(_tag_name)]
TcpEndpoint = Annotated[str, AfterValidator(_tcp_endpoint)]
NodeId = Annotated[str, AfterValidator(_node)]
Address = Annotated[int, Field(ge=0, le=LAST_ADDRESS)]


class Strict(BaseModel):
    """A table of the file in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class DeadbandKeys(Strict):
    """`deadband = { absolute = 0.1 }` or `{ percent = 2.0 }`."""

    absolute: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    percent: float = Field(default=0.0, ge=0, le=100, allow_inf_nan=False)


class Tag(Strict):
    """What every tag has, whatever the driver."""

    name: TagName
    datatype: Datatype
    scale: float = Field(default=1.0, allow_inf_nan=False)
    offset: float = Field(default=0.0, allow_inf_nan=False)
    deadband: DeadbandKeys | None = None

    @property
    def scaling(self) -> Scaling:
        """The map from raw number to value."""
        return Scaling(self.datatype, self.scale, self.offset)

    @property
    def change(self) -> Deadband | None:
        """The deadband, or None where every change counts."""
        return Deadband(self.deadband.absolute, self.deadband.percent) if self.deadband else None

    @model_validator(mode="after")
    def _fits(self) -> "Tag":
        mapped = self.scale != 1 or self.offset != 0
        if self.scale == 0:
            raise ValueError("scale = 0 would make every value the same; accepted: any other number")
        if self.datatype not in NUMERIC and (mapped or self.deadband):
            raise ValueError(
                f"{self.datatype} takes no scale, offset or deadband; accepted: a numeric datatype"
            )
        fractional = not (float(self.scale).is_integer() and float(self.offset).is_integer())
        if self.datatype in INTEGER_RANGES and fractional:
            raise ValueError(
                f"{self.datatype} cannot carry a fractional scale or offset; accepted: Float, Double"
            )
        return self


class Field16(Strict):
    """A number in registers, at an offset inside a history entry."""

    offset: int = Field(ge=0, le=LAST_ADDRESS)
    type: RegisterType


class Register(Strict):
    """A number in registers, by its first address counted from 0."""

    address: Address
    type: RegisterType
    table: Table = "holding"

    @property
    def registers(self) -> int:
        """How many addresses it takes."""
        return REGISTERS[self.type]

    @model_validator(mode="after")
    def _exists(self) -> "Register":
        if self.address + self.registers - 1 > LAST_ADDRESS:
            raise ValueError(f"{self.type} at {self.address} ends behind the last address {LAST_ADDRESS}")
        if (self.type == "bit") != (self.table in BIT_TABLES):
            raise ValueError(
                f"a {self.type} does not stand in table {self.table}; accepted: bit in coil or discrete, "
                "any other type in holding or input"
            )
        return self


class ModbusTag(Tag, Register):
    """A tag in Modbus registers."""

    @model_validator(mode="after")
    def _carries(self) -> "ModbusTag":
        if self.datatype in TEXTS:
            raise ValueError(
                f"{self.datatype} cannot come from a register; accepted: a numeric datatype, Boolean"
            )
        if self.type.startswith("float") and self.datatype not in FLOATS:
            raise ValueError(f"{self.type} does not fit {self.datatype}; accepted datatypes: Float, Double")
        return self


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
            if field.type == "bit" or field.offset + REGISTERS[field.type] > self.size:
                raise ValueError(f"field {name} does not fit into an entry of {self.size} registers")
        if self.address + self.entries * self.size - 1 > LAST_ADDRESS:
            raise ValueError(f"the ring ends behind the last address {LAST_ADDRESS}")
        return self


class ModbusDevice(Strict):
    """One unit behind one Modbus TCP connection."""

    id: SparkplugId
    driver: Literal["modbus"]
    endpoint: TcpEndpoint
    unit: int = Field(default=1, ge=0, le=255)
    period_s: float = Field(default=1.0, ge=0.01, le=3600)
    timeout_s: float = Field(default=1.0, ge=0.05, le=60)
    gap: int = Field(default=8, ge=0, le=124)
    max_registers: int = Field(default=125, ge=4, le=125)
    word_order: Literal["big", "little"] = "big"
    forbidden: list[Annotated[tuple[Address, Address], Field(strict=False)]] = []
    clock: Register | None = None
    history: ModbusHistory | None = None
    tag: list[ModbusTag] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> "ModbusDevice":
        _refuse_doubled(tag.name for tag in self.tag)
        if self.clock and (self.clock.type == "bit" or self.clock.type.startswith("float")):
            raise ValueError("clock.type must count milliseconds; accepted: uint32, int32, uint64, int64")
        if self.history:
            if self.clock is None:
                raise ValueError("a history needs the device's clock; accepted: a [device.clock] table")
            _refuse_strangers(self.history.fields, [tag.name for tag in self.tag])
            if self.history.size > self.max_registers:
                raise ValueError(
                    "history.size is larger than max_registers: an entry must fit into one request"
                )
        self._refuse_overlaps()
        self._refuse_forbidden()
        return self

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


class OpcUaTag(Tag):
    """A tag in an OPC UA variable; `queue` is how many changes the server keeps between two publishes."""

    node: NodeId
    queue: int = Field(default=100, ge=1, le=10_000)


class NodeKey(Strict):
    """The variable in which the device's own clock stands, in Unix milliseconds."""

    node: NodeId


class OpcUaHistory(Strict):
    """The array variable with the device's last changes, flattened rows of `columns`, newest row last."""

    node: NodeId
    columns: list[str] = Field(min_length=2)

    @model_validator(mode="after")
    def _whole(self) -> "OpcUaHistory":
        missing = [name for name in HISTORY_REQUIRED if name not in self.columns]
        if missing:
            raise ValueError(
                f"columns lacks {', '.join(missing)}; accepted: seq, ts_ms and tags of the device"
            )
        _refuse_doubled(self.columns)
        return self


class OpcUaDevice(Strict):
    """Variables of one OPC UA server, read by one subscription."""

    id: SparkplugId
    driver: Literal["opcua"]
    endpoint: Annotated[str, Field(pattern=r"^opc\.tcp://[^/\s]+(/\S*)?$")]
    publishing_ms: int = Field(default=200, ge=20, le=60_000)
    timeout_s: float = Field(default=4.0, ge=0.2, le=60)
    username: str | None = None
    password: str | None = None
    clock: NodeKey | None = None
    history: OpcUaHistory | None = None
    tag: list[OpcUaTag] = Field(min_length=1, max_length=1000)

    @model_validator(mode="after")
    def _consistent(self) -> "OpcUaDevice":
        _refuse_doubled(tag.name for tag in self.tag)
        _refuse_doubled(tag.node for tag in self.tag)
        if self.history:
            if self.clock is None:
                raise ValueError("a history needs the device's clock; accepted: a [device.clock] table")
            _refuse_strangers(self.history.columns, [tag.name for tag in self.tag])
        return self


class RfidTag(Tag):
    """A tag fed by one field of the reader's lines."""

    field: Literal["epc", "antenna", "rssi"] = "epc"

    @model_validator(mode="after")
    def _carries(self) -> "RfidTag":
        if (self.field == "epc") != (self.datatype in TEXTS):
            raise ValueError(
                f"field {self.field} does not fit {self.datatype}; accepted: epc as String, others as Int32"
            )
        if self.deadband:
            raise ValueError("every read counts: a reader's tag takes no deadband")
        return self


class RfidDevice(Strict):
    """A reader that writes a line per read on a serial port."""

    id: SparkplugId
    driver: Literal["rfid_serial"]
    endpoint: str = Field(min_length=1)
    baud: Literal[9600, 19200, 38400, 57600, 115200, 230400] = 115200
    tag: list[RfidTag] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> "RfidDevice":
        _refuse_doubled(tag.name for tag in self.tag)
        return self


Device = Annotated[ModbusDevice | OpcUaDevice | RfidDevice, Field(discriminator="driver")]


def _refuse_doubled(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{name!r} stands twice; accepted: each name once")
        seen.add(name)


def _refuse_strangers(columns: Iterable[str], tags: list[str]) -> None:
    strangers = [name for name in columns if name not in (*HISTORY_REQUIRED, *tags)]
    if strangers:
        raise ValueError(f"history names {', '.join(strangers)}; accepted: seq, ts_ms, {', '.join(tags)}")
