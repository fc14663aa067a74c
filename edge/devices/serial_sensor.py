"""What a gateway file may say about a sensor that writes lines or frames on a serial port."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from edge.checksums import CHECKSUMS, Checksum
from edge.devices.device import DeviceKeys, SerialKeys
from edge.devices.tag import Strict, Tag, host_and_port, refuse_doubled
from edge.patterns import PatternWrong, checked
from edge.scaling import TEXTS

ByteType = Literal[
    "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"
]
SIZES: dict[str, int] = {
    "uint8": 1,
    "int8": 1,
    "uint16": 2,
    "int16": 2,
    "uint32": 4,
    "int32": 4,
    "uint64": 8,
    "int64": 8,
    "float32": 4,
    "float64": 8,
}
LONGEST_FRAME = 1024


def _hex(text: str) -> str:
    try:
        given = bytes.fromhex(text)
    except ValueError:
        given = b""
    if not given:
        raise ValueError("accepted: bytes in hexadecimal, e.g. AA 55")
    return text


def stream_endpoint(text: str) -> str:
    """An endpoint that is a serial port (begins with `/`) or `host:port` of a serial server."""
    if not text.startswith("/"):
        try:
            host_and_port(text)
        except ValueError as wrong:
            raise ValueError("accepted: a port such as /dev/ttyUSB0, or host:port") from wrong
    return text


Hex = Annotated[str, AfterValidator(_hex)]
StreamEndpoint = Annotated[str, AfterValidator(stream_endpoint)]
TimeForm = Literal["iso", "unix_s", "unix_ms"]


class TimeKeys(Strict):
    """The field with the sensor's own time; without it the gateway's clock counts."""

    field: str = Field(min_length=1)
    form: TimeForm = "iso"


class DelimitedKeys(Strict):
    """Lines of cells; a column named "" is skipped."""

    type: Literal["delimited"]
    separator: str = Field(default=";", min_length=1, max_length=8)
    columns: list[str] = Field(min_length=1, max_length=200)
    decimal: Literal[".", ","] = "."

    @property
    def fields(self) -> list[str]:
        """Names that tags may use."""
        return [name for name in self.columns if name]

    @model_validator(mode="after")
    def _whole(self) -> "DelimitedKeys":
        refuse_doubled(self.fields)
        if not self.fields:
            raise ValueError("columns names nothing; accepted: at least one name")
        if self.separator == self.decimal:
            raise ValueError("separator and decimal are the same sign; accepted: two different ones")
        return self


class RegexKeys(Strict):
    """Lines that match a regular expression as a whole; its named groups are the fields."""

    type: Literal["regex"]
    pattern: str = Field(min_length=1)
    decimal: Literal[".", ","] = "."


class BinaryField(Strict):
    """A number inside the frame, its offset counted from the first sync byte."""

    offset: int = Field(ge=0, lt=LONGEST_FRAME)
    type: ByteType


class LengthKeys(Strict):
    """The frame's own length byte or word: its value plus `plus` is the size of the whole frame."""

    offset: int = Field(ge=1, lt=LONGEST_FRAME)
    type: Literal["uint8", "uint16"] = "uint8"
    plus: int = Field(default=0, ge=-LONGEST_FRAME, le=LONGEST_FRAME)


class ChecksumKeys(Strict):
    """The checksum in the last bytes of the frame, over everything from offset `start` up to it."""

    type: Checksum
    start: int = Field(default=0, ge=0, lt=LONGEST_FRAME)
    byte_order: Literal["big", "little"] | None = None


class BinaryKeys(Strict):
    """Frames of a fixed size that begin with sync bytes."""

    type: Literal["binary"]
    sync: Hex
    size: int = Field(ge=2, le=LONGEST_FRAME)
    byte_order: Literal["big", "little"] = "big"
    length: LengthKeys | None = None
    checksum: ChecksumKeys | None = None
    fields: dict[str, BinaryField] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> "BinaryKeys":
        room = self.size - (CHECKSUMS[self.checksum.type][0] if self.checksum else 0)
        for name, field in self.fields.items():
            if field.offset + SIZES[field.type] > room:
                raise ValueError(f"fields.{name} ends behind byte {room}; accepted: inside the frame")
        sync = len(bytes.fromhex(self.sync))
        if sync > room or (self.checksum and self.checksum.start >= room):
            raise ValueError(f"size = {self.size} has no room; accepted: sync, fields and checksum inside it")
        if self.length and self.length.offset + SIZES[self.length.type] > room:
            raise ValueError(f"length ends behind byte {room}; accepted: inside the frame")
        return self


class PollKeys(Strict):
    """A command that the sensor answers; without a poll it is listened to."""

    command: str | None = Field(default=None, min_length=1, max_length=256)
    command_hex: Hex | None = None
    period_s: float = Field(default=1.0, ge=0.02, le=86_400)
    timeout_s: float = Field(default=1.0, ge=0.02, le=60)

    @property
    def frame(self) -> bytes:
        """The bytes to send."""
        return bytes.fromhex(self.command_hex) if self.command_hex else (self.command or "").encode()

    @model_validator(mode="after")
    def _whole(self) -> "PollKeys":
        if (self.command is None) == (self.command_hex is None):
            raise ValueError("a poll has a command; accepted: one of command, command_hex")
        return self


class SerialSensorTag(Tag):
    """A tag fed by one field of the sensor's lines or frames; by default the one of its own name."""

    field: str | None = Field(default=None, min_length=1)

    @property
    def source(self) -> str:
        """The field's name."""
        return self.field or self.name

    @model_validator(mode="after")
    def _only_reads(self) -> "SerialSensorTag":
        if self.writable:
            raise ValueError("a serial sensor only speaks: its tags cannot be writable")
        return self


class SerialSensorDevice(DeviceKeys):
    """A sensor on a serial port, or behind a serial server that passes its bytes on."""

    driver: Literal["serial_sensor"]
    endpoint: StreamEndpoint
    serial: SerialKeys = SerialKeys()
    framing: Annotated[DelimitedKeys | RegexKeys | BinaryKeys, Field(discriminator="type")]
    line_end: str = Field(default="\n", min_length=1, max_length=8)
    longest_line: int = Field(default=256, ge=8, le=1024)
    encoding: Literal["ascii", "utf-8", "latin-1", "gb18030"] = "utf-8"
    time: TimeKeys | None = None
    poll: PollKeys | None = None
    silence_s: float = Field(default=60.0, ge=0, le=86_400)
    every: bool = False
    tag: list[SerialSensorTag] = Field(min_length=1)

    @property
    def fields(self) -> list[str]:
        """What a line or frame holds."""
        if isinstance(self.framing, RegexKeys):
            return list(checked(self.framing.pattern, self.longest_line).groupindex)
        return list(self.framing.fields)

    @model_validator(mode="after")
    def _consistent(self) -> "SerialSensorDevice":
        refuse_doubled(tag.name for tag in self.tag)
        try:
            fields = self.fields
        except PatternWrong as wrong:
            raise ValueError(f"framing.pattern: {wrong}") from wrong
        wanted = [(f"tag {tag.name}", tag.source) for tag in self.tag]
        wanted += [("time", self.time.field)] if self.time else []
        for what, field in wanted:
            if field not in fields:
                raise ValueError(f"{what}: no field {field!r}; accepted: {', '.join(fields)}")
        if isinstance(self.framing, BinaryKeys):
            for tag in self.tag:
                if tag.datatype in TEXTS:
                    raise ValueError(f"tag {tag.name}: a frame holds numbers; accepted: no {tag.datatype}")
            if self.time and self.time.form == "iso":
                raise ValueError("time.form: a frame holds numbers; accepted: unix_s, unix_ms")
        return self
