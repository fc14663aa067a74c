"""Modbus on the wire: requests to bytes, answers checked against what was asked; no I/O."""

import struct
from dataclasses import dataclass
from typing import Final

READ: Final = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
BIT_FUNCTIONS: Final = frozenset((1, 2))
WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS = 5, 6, 15, 16
COIL_ON: Final = 0xFF00
EXCEPTION_BIT: Final = 0x80
MBAP: Final = struct.Struct(">HHHB")
_HEAD: Final = struct.Struct(">BHH")
# Unit, function and exception code with a checksum; a normal answer is longer.
RTU_EXCEPTION_BYTES: Final = 5
RTU_EXTRA_BYTES: Final = 3
_SMALLEST_ADU: Final = 3
_LARGEST_ADU: Final = 254


class FrameWrong(Exception):
    """What came is no answer to what was asked; the bytes that follow cannot be trusted either."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request: the bytes after the unit number, and how long the answer to them must be.

    Attributes
    ----------
    pdu : bytes
        Function code and what follows it.
    answer_bytes : int
        Length of the right answer from its function code on.
    echo : bytes
        What a write's answer must repeat from the function code on; empty for reads.
    """

    pdu: bytes
    answer_bytes: int
    echo: bytes = b""

    @property
    def function(self) -> int:
        """The function code."""
        return self.pdu[0]


def read(table: str, address: int, count: int) -> Question:
    """The request for `count` registers or bits of a table, e.g. holding 0, 2 → `03 0000 0002`."""
    function = READ[table]
    size = (count + 7) // 8 if function in BIT_FUNCTIONS else 2 * count
    return Question(_HEAD.pack(function, address, count), 2 + size)


def write_registers(address: int, words: bytes) -> Question:
    """The request that writes whole registers: function 6 for one, 16 for more."""
    if len(words) == 2:  # noqa: PLR2004 - one register
        pdu = struct.pack(">BH", WRITE_REGISTER, address) + words
        return Question(pdu, len(pdu), pdu)
    head = _HEAD.pack(WRITE_REGISTERS, address, len(words) // 2)
    return Question(head + bytes((len(words),)) + words, len(head), head)


def write_coil(address: int, *, is_on: bool) -> Question:
    """The request that sets one coil (function 5)."""
    pdu = _HEAD.pack(WRITE_COIL, address, COIL_ON if is_on else 0)
    return Question(pdu, len(pdu), pdu)


def write_coils(address: int, states: list[bool]) -> Question:
    """The request that sets several coils (function 15)."""
    head = _HEAD.pack(WRITE_COILS, address, len(states))
    packed = sum(1 << i for i, state in enumerate(states) if state).to_bytes((len(states) + 7) // 8, "little")
    return Question(head + bytes((len(packed),)) + packed, len(head), head)


def exception_of(question: Question, pdu: bytes) -> int | None:
    """The exception code of an answer, or None when it is a right one.

    Raises
    ------
    FrameWrong
        When it answers something else: another function, length or echo.
    """
    if len(pdu) == 2 and pdu[0] == question.function | EXCEPTION_BIT:  # noqa: PLR2004 - function and code
        return pdu[1]
    if not pdu or pdu[0] != question.function:
        raise FrameWrong(f"function {pdu[0] if pdu else 'missing'} instead of {question.function}")
    if len(pdu) != question.answer_bytes:
        raise FrameWrong(f"{len(pdu)} bytes instead of {question.answer_bytes}")
    if question.echo:
        if pdu != question.echo:
            raise FrameWrong("the write was not repeated")
    elif pdu[1] != question.answer_bytes - 2:
        raise FrameWrong(f"a byte count of {pdu[1]} instead of {question.answer_bytes - 2}")
    return None


# ---- Modbus TCP ----


def tcp_frame(transaction: int, unit: int, pdu: bytes) -> bytes:
    """A request or answer behind its MBAP header."""
    return MBAP.pack(transaction, 0, len(pdu) + 1, unit) + pdu


def next_tcp_frame(buffer: bytearray) -> tuple[int, int, bytes] | None:
    """Transaction, unit and PDU of the first frame, taken out of `buffer`; None while it is not whole.

    Raises
    ------
    FrameWrong
        When the bytes are no MBAP header: the stream has lost its place for ever.
    """
    if len(buffer) < MBAP.size:
        return None
    transaction, protocol, length, unit = MBAP.unpack_from(buffer)
    if protocol != 0 or not _SMALLEST_ADU <= length <= _LARGEST_ADU:
        raise FrameWrong(f"no MBAP header: {bytes(buffer[: MBAP.size]).hex(' ')}")
    end = 6 + length
    if len(buffer) < end:
        return None
    pdu = bytes(buffer[MBAP.size : end])
    del buffer[:end]
    return transaction, unit, pdu


# ---- Modbus RTU ----


def _crc_row(byte: int) -> int:
    crc = byte
    for _ in range(8):
        crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


_CRC_TABLE: Final = tuple(_crc_row(byte) for byte in range(256))


def crc16(message: bytes | bytearray) -> bytes:
    """The Modbus checksum as it follows on the line, low byte first, e.g. `01 04 02 ff ff` → `b8 80`."""
    crc = 0xFFFF
    for byte in message:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc.to_bytes(2, "little")


def rtu_frame(unit: int, pdu: bytes) -> bytes:
    """A request or answer between its unit number and its checksum."""
    message = bytes((unit,)) + pdu
    return message + crc16(message)


def rtu_answer(unit: int, question: Question, buffer: bytes | bytearray) -> bytes | None:
    """The PDU of the answer that `buffer` begins with; None while it is not whole.

    Raises
    ------
    FrameWrong
        When another unit or function speaks, or the checksum does not fit.
    """
    if len(buffer) < RTU_EXCEPTION_BYTES:
        return None
    if buffer[0] != unit:
        raise FrameWrong(f"unit {buffer[0]} instead of {unit}")
    if buffer[1] == question.function | EXCEPTION_BIT:
        size = RTU_EXCEPTION_BYTES
    elif buffer[1] == question.function:
        size = question.answer_bytes + RTU_EXTRA_BYTES
    else:
        raise FrameWrong(f"function {buffer[1]} instead of {question.function}")
    if not question.echo and size > RTU_EXCEPTION_BYTES and buffer[2] != question.answer_bytes - 2:
        raise FrameWrong(f"a byte count of {buffer[2]} instead of {question.answer_bytes - 2}")
    if len(buffer) < size:
        return None
    if crc16(buffer[: size - 2]) != buffer[size - 2 : size] or len(buffer) > size:
        raise FrameWrong("the checksum does not fit")
    return bytes(buffer[1 : size - 2])
