"""Store receipts: the header of a batch on its way up, and the receipt on its way down."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from wire.sparkplug import DataType, Metric, Payload
from wire.topics import TopicWrong, checked_id

STORED_THROUGH: Final = "Node Control/Stored Through"
REBIRTH: Final = "Node Control/Rebirth"
STREAM_BYTES: Final = 16
_MAGIC: Final = b"TL"
_VERSION: Final = 1
_HEADER: Final = struct.Struct(">2sBBBB16sQQ")  # magic, version, kind, reason, flags, stream, prev, position
_HISTORICAL: Final = 1
_RECEIPT_PARTS: Final = 4


class MalformedReceipt(ValueError):
    """A header or receipt of ours that breaks its own form."""


class GapReason(IntEnum):
    """Why the positions of a gap hold no batch any more."""

    DROPPED = 1  # by a full spool, before any receipt
    UNSTORABLE = 2  # the host could not read it, again and again
    FORGOTTEN = 3  # long after its receipt


@dataclass(frozen=True, slots=True)
class BatchHeader:
    """What `Payload.body` says about a spool entry: a batch, or a gap when it has a `reason`.

    A batch covers `position` alone, so its `prev` is `position - 1`; a gap covers `prev + 1 … position`.
    `is_historical` marks entries of another stream than the live one.

    Raises
    ------
    MalformedReceipt
        When the stream is not 16 bytes or the positions do not fit the kind of entry.
    """

    stream: bytes
    prev: int
    position: int
    reason: GapReason | None = None
    is_historical: bool = False

    def __post_init__(self) -> None:
        if len(self.stream) != STREAM_BYTES:
            raise MalformedReceipt(f"a stream id has {STREAM_BYTES} bytes, not {len(self.stream)}")
        if not 0 <= self.prev < self.position < 1 << 63:
            raise MalformedReceipt(f"positions {self.prev} … {self.position} cover nothing")
        if self.reason is None and self.prev != self.position - 1:
            raise MalformedReceipt(f"a batch covers one position, not {self.prev + 1} … {self.position}")

    @property
    def is_gap(self) -> bool:
        """Whether the entry says what is missing instead of carrying points."""
        return self.reason is not None

    def to_bytes(self) -> bytes:
        """The header as it stands in `Payload.body`: 38 bytes, always."""
        return _HEADER.pack(
            _MAGIC,
            _VERSION,
            0 if self.reason is None else 1,
            self.reason or 0,
            _HISTORICAL if self.is_historical else 0,
            self.stream,
            self.prev,
            self.position,
        )

    @classmethod
    def from_body(cls, body: bytes | None) -> Self | None:
        """Header in a payload's body; None when the body is absent or somebody else's.

        Raises
        ------
        MalformedReceipt
            When the body is ours by its first two bytes but broken, or of a version unknown here.
        """
        if body is None or body[:2] != _MAGIC:
            return None
        if len(body) != _HEADER.size:
            raise MalformedReceipt(f"a batch header has {_HEADER.size} bytes, not {len(body)}")
        _, version, kind, reason, flags, stream, prev, position = _HEADER.unpack(body)
        if version != _VERSION:
            raise MalformedReceipt(f"batch header of version {version}; known is {_VERSION}")
        try:
            why = GapReason(reason) if kind else None
        except ValueError as wrong:
            raise MalformedReceipt(f"unknown gap reason {reason}") from wrong
        return cls(stream, prev, position, why, bool(flags & _HISTORICAL))


@dataclass(frozen=True, slots=True)
class Receipt:
    """A host's word that it has stored a stream through `position`; `str(receipt)` is the text on the wire.

    A `generation` is the count of a host's restores, from 1; position 0 says "nothing of it yet".
    """

    host: str
    generation: int
    stream: bytes
    position: int

    def __str__(self) -> str:
        return f"{self.host}|{self.generation}|{self.stream.hex()}|{self.position}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Receipt that `text` says, `host|generation|stream|position`.

        Raises
        ------
        MalformedReceipt
            When it says none.
        """
        parts = text.split("|")
        if len(parts) != _RECEIPT_PARTS:
            raise MalformedReceipt(f"{text!r} is no receipt host|generation|stream|position")
        host, generation, stream, position = parts
        if not all(number.isascii() and number.isdigit() for number in (generation, position)):
            raise MalformedReceipt(f"{text!r} has a generation or position that is no number")
        try:
            checked_id(host)
            receipt = cls(host, int(generation), bytes.fromhex(stream), int(position))
        except (TopicWrong, ValueError) as wrong:
            raise MalformedReceipt(f"{text!r} is no receipt: {wrong}") from wrong
        if len(receipt.stream) != STREAM_BYTES or receipt.generation < 1:
            raise MalformedReceipt(
                f"{text!r} is no receipt: a stream has 32 hex digits, a generation is at least 1"
            )
        return receipt


def receipt_command(receipt: Receipt, timestamp_ms: int, alias: int | None = None) -> Payload:
    """NCMD payload that carries `receipt`, by the alias of the node's birth where it gave one."""
    metric = Metric(
        name=STORED_THROUGH if alias is None else None,
        alias=alias,
        timestamp_ms=timestamp_ms,
        datatype=DataType.STRING,
        value=str(receipt),
    )
    return Payload(timestamp_ms=timestamp_ms, metrics=(metric,))


def rebirth_command(timestamp_ms: int) -> Payload:
    """NCMD payload that asks a node for all its births (`Node Control/Rebirth`, which never has an alias)."""
    metric = Metric(name=REBIRTH, timestamp_ms=timestamp_ms, datatype=DataType.BOOLEAN, value=True)
    return Payload(timestamp_ms=timestamp_ms, metrics=(metric,))
