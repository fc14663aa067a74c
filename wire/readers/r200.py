"""R200 and M100 modules: `BB Type Command Length(16) Parameters Checksum 7E`.

The checksum is the sum of all bytes between `BB` and itself, modulo 256. Commands have type 0, answers 1,
notices 2. After a multi-poll (0x27) the module sends a notice (0x22) for each tag it reads, `RSSI PC(16) EPC
CRC(16)`, and an error answer (0xFF with 0x15) for each round that found none. The protocol tells no time, and
one antenna only.
"""

from binascii import crc_hqx
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

HEAD, TAIL = 0xBB, 0x7E
# BB, type, command, length; checksum, 7E.
BEFORE, AFTER = 5, 2
LONGEST = 512
ROUND_FOUND_NONE, COMMAND_WRONG = 0x15, 0x17
# RSSI, PC, CRC around the code.
BEFORE_EPC, AFTER_EPC = 3, 2
WORDS_SHIFT, WORDS_MASK = 11, 0x1F


class Type(IntEnum):
    """Who speaks."""

    COMMAND = 0
    ANSWER = 1
    NOTICE = 2


class Command(IntEnum):
    """What our driver asks for."""

    MODULE = 0x03
    POLL = 0x22
    MULTI_POLL = 0x27
    STOP = 0x28
    POWER = 0xB6
    ERROR = 0xFF


class FrameWrong(ValueError):
    """A frame whose checksum holds but whose content is none."""


class Frame(NamedTuple):
    """One frame."""

    type: int
    command: int
    parameters: bytes = b""

    def encode(self) -> bytes:
        """The frame as it stands on the wire, e.g. a stop is `bb 00 28 00 00 28 7e`."""
        body = bytes([self.type, self.command]) + len(self.parameters).to_bytes(2, "big") + self.parameters
        return bytes([HEAD]) + body + bytes([sum(body) & 0xFF, TAIL])


class FrameStream:
    """Frames out of chunks of bytes; after rubbish it finds the next frame whose checksum holds.

    Attributes
    ----------
    bad : int
        Stretches of bytes that belonged to no frame.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._is_lost = False
        self.bad = 0

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """Every frame that `chunk` completes. At most one frame of 519 bytes is kept for the next chunk."""
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
                end = _end(rest, start)
                if end is None and not is_final:
                    break
                if end:
                    self._is_lost = False
                    frame = Frame(rest[start + 1], rest[start + 2], bytes(rest[start + BEFORE : end - AFTER]))
                    start = end
                    yield frame
                    continue
                if not self._is_lost:
                    self._is_lost = True
                    self.bad += 1
                following = rest.find(HEAD, start + 1)
                start = len(rest) if following < 0 else following
        finally:
            del rest[:start]


def _end(raw: bytearray, start: int) -> int | None:
    """Where the frame at `start` ends; 0 when there is none, None when it has not arrived whole."""
    if raw[start] != HEAD or (len(raw) > start + 1 and raw[start + 1] not in set(Type)):
        return 0
    if len(raw) < start + BEFORE:
        return None
    length = int.from_bytes(raw[start + 3 : start + BEFORE], "big")
    if length > LONGEST:
        return 0
    end = start + BEFORE + length + AFTER
    if len(raw) < end:
        return None
    is_whole = raw[end - 1] == TAIL and sum(raw[start + 1 : end - AFTER]) & 0xFF == raw[end - AFTER]
    return end if is_whole else 0


def encode_tag(code: bytes, rssi_dbm: int) -> bytes:
    """The parameters of a notice: a code of whole 16-bit words with its signal strength."""
    words = len(code) // 2 << WORDS_SHIFT
    pc_and_code = words.to_bytes(2, "big") + code
    return rssi_dbm.to_bytes(1, "big", signed=True) + pc_and_code + gen2_crc(pc_and_code).to_bytes(2, "big")


def decode_tag(parameters: bytes) -> tuple[str, int]:
    """Code (hex digits in capitals) and signal strength (dBm) in a notice.

    Raises
    ------
    FrameWrong
        When PC and length contradict each other, or the tag's own CRC does not hold.
    """
    code = parameters[BEFORE_EPC:-AFTER_EPC]
    words = int.from_bytes(parameters[1:BEFORE_EPC], "big") >> WORDS_SHIFT & WORDS_MASK
    if not code or words * 2 != len(code):
        raise FrameWrong(f"a tag notice of {len(parameters)} bytes does not hold {words} words of EPC")
    if gen2_crc(parameters[1:-AFTER_EPC]) != int.from_bytes(parameters[-AFTER_EPC:], "big"):
        raise FrameWrong("a tag notice whose tag CRC does not hold")
    return code.hex().upper(), int.from_bytes(parameters[:1], "big", signed=True)


def gen2_crc(raw: bytes) -> int:
    """CRC-16/GENIBUS, with which a Gen2 tag secures its PC and EPC, e.g. of `123456789` 0xD64E."""
    return crc_hqx(raw, 0xFFFF) ^ 0xFFFF
