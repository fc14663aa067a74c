"""Checksums of serial frames."""

import binascii
from collections.abc import Callable, Mapping
from typing import Final, Literal

Checksum = Literal["sum8", "xor8", "crc16-modbus", "crc16-ccitt"]

_MODBUS_POLYNOMIAL: Final = 0xA001


def _modbus_row(low: int) -> int:
    for _ in range(8):
        low = low >> 1 ^ (_MODBUS_POLYNOMIAL if low & 1 else 0)
    return low


_MODBUS_TABLE: Final = tuple(_modbus_row(low) for low in range(256))


def sum8(covered: bytes) -> int:
    """Sum of all bytes modulo 256, e.g. of `123456789` it is 0xDD."""
    return sum(covered) & 0xFF


def xor8(covered: bytes) -> int:
    """All bytes exclusive-ored, as NMEA 0183 does, e.g. of `123456789` it is 0x31."""
    found = 0
    for byte in covered:
        found ^= byte
    return found


def crc16_modbus(covered: bytes) -> int:
    """CRC-16/MODBUS (polynomial 0x8005 reflected, start 0xFFFF): 0x4B37 for `123456789`.

    Check value of the catalogue of parametrised CRC algorithms (Greg Cook).
    """
    crc = 0xFFFF
    for byte in covered:
        crc = crc >> 8 ^ _MODBUS_TABLE[(crc ^ byte) & 0xFF]
    return crc


def crc16_ccitt(covered: bytes) -> int:
    """CRC-16/CCITT-FALSE (polynomial 0x1021, start 0xFFFF): 0x29B1 for `123456789` (same catalogue)."""
    return binascii.crc_hqx(covered, 0xFFFF)


# Name: bytes it takes on the line, how it is computed.
CHECKSUMS: Final[Mapping[str, tuple[int, Callable[[bytes], int]]]] = {
    "sum8": (1, sum8),
    "xor8": (1, xor8),
    "crc16-modbus": (2, crc16_modbus),
    "crc16-ccitt": (2, crc16_ccitt),
}
