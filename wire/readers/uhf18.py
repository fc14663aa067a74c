"""Chafon UHFReader18: `Len Adr Cmd Data CRC16` to the reader, `Len Adr Cmd Status Data CRC16` back.

`Len` counts the bytes behind it. The CRC is CRC-16/MCRF4XX (polynomial 0x8408 reflected, preset 0xFFFF), low
byte first, over everything in front of it. The reader only speaks when asked; an inventory (0x01) is answered
with one frame or, while more tags wait, several (status 3), each with `Num` and `Num` times `Len EPC`. The
protocol tells no antenna, no signal strength and no time.
"""

from binascii import crc_hqx
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

SHORTEST_COMMAND, SHORTEST_ANSWER = 4, 5
# Length, address, command.
BEFORE_DATA = 3
BROADCAST = 0xFF
# Each byte with its bits in reverse order: the library computes the same CRC over mirrored bits.
MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Command(IntEnum):
    """What our driver asks for."""

    INVENTORY = 0x01
    READER_INFORMATION = 0x21
    SCAN_TIME = 0x25
    POWER = 0x2F


class Answer(IntEnum):
    """Status of an answer."""

    OK = 0x00
    LAST = 0x01
    SCAN_TIME_OVER = 0x02
    MORE = 0x03
    MEMORY_FULL = 0x04
    NO_TAG = 0xFB


TAGS_IN = frozenset({Answer.LAST, Answer.SCAN_TIME_OVER, Answer.MORE, Answer.MEMORY_FULL})


class FrameWrong(ValueError):
    """A frame whose checksum holds but whose content is none."""


class Frame(NamedTuple):
    """One frame; `status` is None in a command."""

    address: int
    command: int
    data: bytes = b""
    status: int | None = None

    def encode(self) -> bytes:
        """The frame as it stands on the wire, e.g. an inventory of reader 0 is `04 00 01 db 4b`."""
        head = [self.address, self.command] + ([] if self.status is None else [self.status])
        raw = bytes([len(head) + len(self.data) + 2, *head]) + self.data
        return raw + crc16(raw).to_bytes(2, "little")


def crc16(raw: bytes | bytearray) -> int:
    """CRC-16/MCRF4XX, e.g. of `123456789` 0x6F91."""
    mirrored = crc_hqx(raw.translate(MIRROR), 0xFFFF)
    return MIRROR[mirrored & 0xFF] << 8 | MIRROR[mirrored >> 8]


class FrameStream:
    """Frames out of chunks of bytes; after rubbish it finds the next frame whose checksum holds.

    Frames of commands that our driver never sends count as rubbish: a stray byte is then rarely taken for the
    length of a frame that one would have to wait for.

    Parameters
    ----------
    is_answer : bool
        True on the driver's side, False on the reader's.

    Attributes
    ----------
    bad : int
        Stretches of bytes that belonged to no frame.
    """

    def __init__(self, *, is_answer: bool) -> None:
        self._shortest = SHORTEST_ANSWER if is_answer else SHORTEST_COMMAND
        self._is_answer = is_answer
        self._rest = bytearray()
        self._is_lost = False
        self.bad = 0

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """Every frame that `chunk` completes. At most 256 bytes are kept for the next chunk."""
        self._rest += chunk
        return self._cut(is_final=False)

    def give_up(self) -> Iterator[Frame]:
        """Every frame behind a beginning that will not end, as silence on the line shows; keeps nothing."""
        return self._cut(is_final=True)

    def _cut(self, *, is_final: bool) -> Iterator[Frame]:
        rest = self._rest
        start = 0
        try:
            while start < len(rest):
                end = start + 1 + rest[start]
                is_plausible = rest[start] >= self._shortest and (
                    len(rest) < start + BEFORE_DATA or rest[start + 2] in set(Command)
                )
                if is_plausible and end > len(rest) and not is_final:
                    break
                if is_plausible and end <= len(rest) and not crc16(rest[start:end]):
                    self._is_lost = False
                    raw = bytes(rest[start:end])
                    start = end
                    yield self._frame(raw)
                    continue
                if not self._is_lost:
                    self._is_lost = True
                    self.bad += 1
                start += 1
        finally:
            del rest[:start]

    def _frame(self, raw: bytes) -> Frame:
        if self._is_answer:
            return Frame(raw[1], raw[2], raw[4:-2], raw[3])
        return Frame(raw[1], raw[2], raw[3:-2])


def encode_tags(codes: list[bytes]) -> bytes:
    """The data of an inventory's answer: how many, then each code behind its length."""
    return bytes([len(codes)]) + b"".join(bytes([len(code)]) + code for code in codes)


def decode_tags(data: bytes) -> list[str]:
    """The codes in an inventory's answer, hex digits in capitals.

    Raises
    ------
    FrameWrong
        When the lengths do not fit the data.
    """
    if not data:
        raise FrameWrong("an inventory answer without its number of tags")
    codes, at = [], 1
    for _ in range(data[0]):
        if at >= len(data) or not data[at] or at + 1 + data[at] > len(data):
            raise FrameWrong(f"an inventory answer of {len(data)} bytes does not hold {data[0]} tags")
        codes.append(data[at + 1 : at + 1 + data[at]].hex().upper())
        at += 1 + data[at]
    return codes
