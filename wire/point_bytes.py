"""Bytes of a plain data metric, written without protobuf: what a gateway sends a thousand times a second."""

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from wire.sparkplug_values import MASK_32, DataType

_FLOAT_MAX: Final = float.fromhex("0x1.fffffep+127")
_DOUBLE_MAX: Final = float.fromhex("0x1.fffffffffffffp+1023")
_MASK_64: Final = 0xFFFF_FFFF_FFFF_FFFF
# Field numbers and wire types of Sparkplug B: metrics, then alias, timestamp and the values of a metric.
_METRICS, _ALIAS, _TIMESTAMP = b"\x12", b"\x10", b"\x18"
_INT, _LONG, _FLOAT, _DOUBLE = 0x50, 0x58, 0x65, 0x69
_FALSE, _TRUE = b"\x70\x00", b"\x70\x01"
_ONE_BYTE: Final = 128
_LENGTHS: Final = tuple(bytes((size,)) for size in range(_ONE_BYTE))

_float = struct.Struct("<Bf").pack
_double = struct.Struct("<Bd").pack


def varint(number: int) -> bytes:
    """A number from 0 in protobuf's base 128, lowest digits first, e.g. 300 → `ac 02`."""
    if number < _ONE_BYTE:
        return _LENGTHS[number]
    out = bytearray()
    while number >= _ONE_BYTE:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


@lru_cache(maxsize=1 << 17)
def _alias(alias: int) -> bytes:
    return _ALIAS + varint(alias)


@lru_cache(maxsize=64)
def _timestamp(ts_ms: int) -> bytes:
    return _TIMESTAMP + varint(ts_ms)


def _single(value: Any) -> bytes | None:
    return _float(_FLOAT, value) if type(value) is float and -_FLOAT_MAX <= value <= _FLOAT_MAX else None


def _real(value: Any) -> bytes | None:
    return _double(_DOUBLE, value) if type(value) is float and -_DOUBLE_MAX <= value <= _DOUBLE_MAX else None


def _truth(value: Any) -> bytes | None:
    return _TRUE if value is True else _FALSE if value is False else None


def _whole(low: int, high: int, field: int, mask: int) -> Callable[[Any], bytes | None]:
    head = bytes((field,))

    def encoded(value: Any) -> bytes | None:
        return head + varint(value & mask) if type(value) is int and low <= value <= high else None

    return encoded


_VALUES: Final[dict[int, Callable[[Any], bytes | None]]] = {
    DataType.INT8: _whole(-(2**7), 2**7 - 1, _INT, MASK_32),
    DataType.INT16: _whole(-(2**15), 2**15 - 1, _INT, MASK_32),
    DataType.INT32: _whole(-(2**31), 2**31 - 1, _INT, MASK_32),
    DataType.INT64: _whole(-(2**63), 2**63 - 1, _LONG, _MASK_64),
    DataType.UINT8: _whole(0, 2**8 - 1, _INT, MASK_32),
    DataType.UINT16: _whole(0, 2**16 - 1, _INT, MASK_32),
    DataType.UINT32: _whole(0, 2**32 - 1, _INT, MASK_32),
    DataType.UINT64: _whole(0, 2**64 - 1, _LONG, _MASK_64),
    DataType.DATETIME: _whole(0, 2**64 - 1, _LONG, _MASK_64),
    DataType.FLOAT: _single,
    DataType.DOUBLE: _real,
    DataType.BOOLEAN: _truth,
}


def point_bytes(alias: int, ts_ms: int, datatype: int, value: Any) -> bytes | None:
    """The metric as it stands in a payload: alias, time, value, good quality; None when it is not so plain.

    What gets None (nulls, texts, a value of another type than its datatype's, any mistake) is for protobuf,
    which also says what is wrong with it.
    """
    encode = _VALUES.get(datatype)
    if encode is None or type(ts_ms) is not int or not 0 <= ts_ms <= _MASK_64:
        return None
    field = encode(value)
    if field is None or not 0 <= alias <= _MASK_64:
        return None
    content = _alias(alias) + _timestamp(ts_ms) + field
    return _METRICS + _LENGTHS[len(content)] + content
