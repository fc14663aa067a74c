"""LLRP 1.0.1 and 1.1: messages cut out of a byte stream, parameters cut out of messages.

Source: EPCglobal Low Level Reader Protocol 1.1, chapters 16 and 17. A message is `reserved(3) version(3)
type(10) length(32) id(32) body`. A parameter is either TLV, `reserved(6) type(10) length(16) value`, or TV,
`1 type(7) value`, whose length only its type tells: an unknown TLV can be passed over, an unknown TV cannot.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple, Self

HEADER = struct.Struct(">HII")
TLV_HEADER = struct.Struct(">HH")
VERSIONS = (1, 2)
LONGEST_MESSAGE = 4 << 20
LONGEST_TLV = 0xFFFF
TYPE_MASK = 0x3FF
STATUS = 287
TV_BIT = 0x80


class Type(IntEnum):
    """The messages that our driver and our simulated reader exchange."""

    GET_READER_CAPABILITIES = 1
    GET_READER_CONFIG = 2
    SET_READER_CONFIG = 3
    CLOSE_CONNECTION_RESPONSE = 4
    GET_READER_CAPABILITIES_RESPONSE = 11
    GET_READER_CONFIG_RESPONSE = 12
    SET_READER_CONFIG_RESPONSE = 13
    CLOSE_CONNECTION = 14
    ADD_ROSPEC = 20
    DELETE_ROSPEC = 21
    START_ROSPEC = 22
    STOP_ROSPEC = 23
    ENABLE_ROSPEC = 24
    DISABLE_ROSPEC = 25
    GET_ROSPECS = 26
    ADD_ROSPEC_RESPONSE = 30
    DELETE_ROSPEC_RESPONSE = 31
    START_ROSPEC_RESPONSE = 32
    STOP_ROSPEC_RESPONSE = 33
    ENABLE_ROSPEC_RESPONSE = 34
    DISABLE_ROSPEC_RESPONSE = 35
    GET_ROSPECS_RESPONSE = 36
    DELETE_ACCESSSPEC = 41
    DELETE_ACCESSSPEC_RESPONSE = 51
    GET_REPORT = 60
    RO_ACCESS_REPORT = 61
    KEEPALIVE = 62
    READER_EVENT_NOTIFICATION = 63
    ENABLE_EVENTS_AND_REPORTS = 64
    KEEPALIVE_ACK = 72
    ERROR_MESSAGE = 100


# Value length of every TV parameter there is, in bytes.
TV_LENGTHS = {
    1: 2,  # AntennaID
    2: 8,  # FirstSeenTimestampUTC
    3: 8,  # FirstSeenTimestampUptime
    4: 8,  # LastSeenTimestampUTC
    5: 8,  # LastSeenTimestampUptime
    6: 1,  # PeakRSSI
    7: 2,  # ChannelIndex
    8: 2,  # TagSeenCount
    9: 4,  # ROSpecID
    10: 2,  # InventoryParameterSpecID
    11: 2,  # C1G2CRC
    12: 2,  # C1G2PC
    13: 12,  # EPC-96
    14: 2,  # SpecIndex
    15: 2,  # ClientRequestOpSpecResult
    16: 4,  # AccessSpecID
    17: 2,  # OpSpecID
    18: 4,  # C1G2SingulationDetails
    19: 2,  # C1G2XPCW1
    20: 2,  # C1G2XPCW2
}


class LlrpWrong(ValueError):
    """Bytes that are no LLRP; the stream they came from cannot be read further."""


class Message(NamedTuple):
    """One LLRP message; `body` is everything behind the ten bytes of its header."""

    type: int
    id: int
    body: bytes = b""
    version: int = 1

    def encode(self) -> bytes:
        """The message as it stands on the wire, e.g. KEEPALIVE 7 is `043e 0000000a 00000007`."""
        return HEADER.pack(self.version << 10 | self.type, HEADER.size + len(self.body), self.id) + self.body

    @property
    def name(self) -> str:
        """Its name in the standard, or its number."""
        return Type(self.type).name if self.type in set(Type) else f"message type {self.type}"


class MessageStream:
    """Messages out of chunks of bytes, wherever they were cut.

    Parameters
    ----------
    longest : int
        Bytes; a header that announces more is refused at once, so no more than this is ever kept.
    """

    def __init__(self, longest: int = LONGEST_MESSAGE) -> None:
        self._longest = longest
        self._rest = bytearray()

    @property
    def waiting(self) -> int:
        """Bytes of a message that has begun and not ended."""
        return len(self._rest)

    def feed(self, chunk: bytes) -> Iterator[Message]:
        """Every message that `chunk` completes.

        Raises
        ------
        LlrpWrong
            After the messages in front of it: when a header is none. LLRP has no mark to find the next
            message by, so the connection must be given up.
        """
        rest = self._rest
        rest += chunk
        start = 0
        try:
            while len(rest) - start >= HEADER.size:
                head, length, number = HEADER.unpack_from(rest, start)
                version = head >> 10
                if version not in VERSIONS:
                    raise LlrpWrong(
                        f"message header 0x{head:04x} is not LLRP; accepted: versions 1.0.1 and 1.1"
                    )
                if not HEADER.size <= length <= self._longest:
                    raise LlrpWrong(
                        f"a message of {length} bytes; accepted: {HEADER.size} to {self._longest}"
                    )
                if len(rest) - start < length:
                    break
                body = bytes(rest[start + HEADER.size : start + length])
                start += length
                yield Message(head & TYPE_MASK, number, body, version)
        finally:
            del rest[:start]


class Parameter(NamedTuple):
    """One parameter: its type and its value without the header; a TLV's value may hold further parameters."""

    type: int
    value: bytes


def parameters(body: bytes, start: int = 0) -> Iterator[Parameter]:
    """The parameters of one level of `body` from byte `start`, unknown TLV types included.

    Does not descend: nested ones are read by calling it again on a value, so no input makes it recurse.

    Raises
    ------
    LlrpWrong
        When a length leads out of the body or a TV type is unknown.
    """
    end = len(body)
    while start < end:
        first = body[start]
        if first & TV_BIT:
            kind, begin = first & 0x7F, start + 1
            if kind not in TV_LENGTHS:
                raise LlrpWrong(f"unknown TV parameter {kind}; accepted: 1 to {max(TV_LENGTHS)}")
            stop = begin + TV_LENGTHS[kind]
        else:
            begin = start + TLV_HEADER.size
            if begin > end:
                raise LlrpWrong(f"{end - start} bytes behind the last parameter")
            kind, length = TLV_HEADER.unpack_from(body, start)
            if length < TLV_HEADER.size:
                raise LlrpWrong(f"parameter {kind} of {length} bytes; accepted: 4 and more")
            kind &= TYPE_MASK
            stop = start + length
        if stop > end:
            raise LlrpWrong(f"parameter {kind} ends {stop - end} bytes behind its message")
        yield Parameter(kind, body[begin:stop])
        start = stop


def tlv(kind: int, *parts: bytes) -> bytes:
    """A TLV parameter with `parts` as its value.

    Raises
    ------
    LlrpWrong
        When it would be longer than its length field can say.
    """
    value = b"".join(parts)
    length = TLV_HEADER.size + len(value)
    if length > LONGEST_TLV:
        raise LlrpWrong(f"parameter {kind} of {length} bytes; accepted: {LONGEST_TLV}")
    return TLV_HEADER.pack(kind, length) + value


def tv(kind: int, number: int, *, signed: bool = False) -> bytes:
    """A TV parameter with a number as its value, e.g. `tv(1, 3)` is AntennaID 3: `81 0003`."""
    return bytes([TV_BIT | kind]) + number.to_bytes(TV_LENGTHS[kind], "big", signed=signed)


class Fields:
    """Fixed fields at the beginning of a value, read one after the other.

    Raises
    ------
    LlrpWrong
        From `take`, when the value is too short.
    """

    def __init__(self, where: str, value: bytes) -> None:
        self._where = where
        self._value = value
        self._at = 0

    def take(self, form: str) -> tuple[int, ...]:
        """The next numbers by a `struct` form without its byte order, e.g. `"HB"`."""
        size = struct.calcsize(f">{form}")
        if self._at + size > len(self._value):
            raise LlrpWrong(f"{self._where} of {len(self._value)} bytes is too short")
        numbers: tuple[int, ...] = struct.unpack_from(f">{form}", self._value, self._at)
        self._at += size
        return numbers

    def text(self) -> str:
        """A UTF-8 text with its length in front of it."""
        (length,) = self.take("H")
        if self._at + length > len(self._value):
            raise LlrpWrong(f"{self._where}: a text of {length} bytes ends behind it")
        raw = self._value[self._at : self._at + length]
        self._at += length
        return raw.decode("utf-8", "replace")

    def rest(self) -> dict[int, list[bytes]]:
        """The parameters behind the fields: values by type, in order."""
        found: dict[int, list[bytes]] = {}
        for kind, value in parameters(self._value, self._at):
            found.setdefault(kind, []).append(value)
        return found


class Status(NamedTuple):
    """LLRPStatus: code 0 is success; `text` is the reader's own description."""

    code: int = 0
    text: str = ""

    def encode(self) -> bytes:
        """The parameter as it stands in a response."""
        raw = self.text.encode()
        return tlv(STATUS, struct.pack(">HH", self.code, len(raw)), raw)

    @classmethod
    def of(cls, message: Message) -> Self:
        """The status that a response carries.

        Raises
        ------
        LlrpWrong
            When it carries none.
        """
        for kind, value in parameters(message.body):
            if kind == STATUS:
                fields = Fields("LLRPStatus", value)
                (code,) = fields.take("H")
                return cls(code, fields.text())
        raise LlrpWrong(f"{message.name} carries no LLRPStatus")
