"""Values of Sparkplug's datatypes, as they stand in a payload's fields."""

import math
from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final

Value = bool | int | float | str | bytes | None


class Unencodable(ValueError):
    """A value does not fit the datatype it is to be sent as."""


class DataType(IntEnum):
    """Datatypes of Sparkplug B.

    The scalar ones (1-15, 17, 18) are a metric's `value`; the others pass as `raw`, which
    `wire.sparkplug_arrays` (22-34) and `wire.sparkplug_structures` (16, 19-21) read and write.
    """

    UNKNOWN = 0
    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATETIME = 13
    TEXT = 14
    UUID = 15
    DATASET = 16
    BYTES = 17
    FILE = 18
    TEMPLATE = 19
    PROPERTY_SET = 20
    PROPERTY_SET_LIST = 21
    INT8_ARRAY = 22
    INT16_ARRAY = 23
    INT32_ARRAY = 24
    INT64_ARRAY = 25
    UINT8_ARRAY = 26
    UINT16_ARRAY = 27
    UINT32_ARRAY = 28
    UINT64_ARRAY = 29
    FLOAT_ARRAY = 30
    DOUBLE_ARRAY = 31
    BOOLEAN_ARRAY = 32
    STRING_ARRAY = 33
    DATETIME_ARRAY = 34


MASK_32, _64 = 0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF


def _integer(low: int, high: int, mask: int) -> Callable[[Any], int]:
    def convert(value: Any) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or not low <= value <= high:
            raise Unencodable(f"{value!r} is not an integer in [{low}, {high}]")
        return value & mask

    return convert


def _of(kinds: type | tuple[type, ...], convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, kinds):
            raise Unencodable(f"{value!r} is a {type(value).__name__}")
        return convert(value)

    return check


def _number(value: Any) -> float:
    if not isinstance(value, int | float):
        raise Unencodable(f"{value!r} is a {type(value).__name__}")
    try:
        return float(value)
    except OverflowError as wrong:
        raise Unencodable(f"an integer of {value.bit_length()} bits is beyond a float") from wrong  # type: ignore[union-attr]


_FLOAT_MAX = float.fromhex("0x1.fffffep+127")
_TEXT = _of(str, str)
_OCTETS = _of(bytes, bytes)


def _single(value: Any) -> float:
    number = _number(value)
    if math.isfinite(number) and abs(number) > _FLOAT_MAX:
        raise Unencodable(f"{number!r} is beyond a 32-bit float")
    return number


# Signed integers travel as two's complement in an unsigned field of 32 or 64 bits (Sparkplug 3.0, 6.4.16).
_ENCODERS: Final[dict[int, tuple[str, Callable[[Any], Any]]]] = {
    DataType.INT8: ("int_value", _integer(-(2**7), 2**7 - 1, MASK_32)),
    DataType.INT16: ("int_value", _integer(-(2**15), 2**15 - 1, MASK_32)),
    DataType.INT32: ("int_value", _integer(-(2**31), 2**31 - 1, MASK_32)),
    DataType.INT64: ("long_value", _integer(-(2**63), 2**63 - 1, _64)),
    DataType.UINT8: ("int_value", _integer(0, 2**8 - 1, MASK_32)),
    DataType.UINT16: ("int_value", _integer(0, 2**16 - 1, MASK_32)),
    DataType.UINT32: ("int_value", _integer(0, 2**32 - 1, MASK_32)),
    DataType.UINT64: ("long_value", _integer(0, 2**64 - 1, _64)),
    DataType.FLOAT: ("float_value", _single),
    DataType.DOUBLE: ("double_value", _number),
    DataType.BOOLEAN: ("boolean_value", _of(bool, bool)),
    DataType.STRING: ("string_value", _TEXT),
    DataType.DATETIME: ("long_value", _integer(0, 2**64 - 1, _64)),
    DataType.TEXT: ("string_value", _TEXT),
    DataType.UUID: ("string_value", _TEXT),
    DataType.BYTES: ("bytes_value", _OCTETS),
    DataType.FILE: ("bytes_value", _OCTETS),
}
_SIGNED_BITS: Final[dict[int, int]] = {1: 8, 2: 16, 3: 32, 4: 64}
_UNSIGNED_LIMIT: Final[dict[int, int]] = {5: 2**8, 6: 2**16, 7: 2**32, 8: 2**64, 13: 2**64}
_REAL: Final = frozenset((DataType.FLOAT, DataType.DOUBLE))
_PLAIN: Final[dict[int, type]] = {11: bool, 12: str, 14: str, 15: str, 17: bytes, 18: bytes}


def _signed(value: int, bits: int) -> int | None:
    """Two's complement of `bits` bits, written in that width or sign-extended to 32 bits."""
    if value < 1 << bits:
        return value - (1 << bits) if value >> (bits - 1) else value
    if bits < 32 and (1 << 32) - (1 << (bits - 1)) <= value <= MASK_32:  # noqa: PLR2004 - the field's own width
        return value - (1 << 32)
    return None


def typed(value: Value, datatype: int) -> Value:
    """Value under `datatype` of what stood on the wire without one; None when the two do not go together.

    `typed(0xFFFF_FFFF, DataType.INT32)` is -1. Integers become floats where the datatype is one, never the
    other way round.
    """
    if value is None or datatype == DataType.UNKNOWN:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        if datatype in _SIGNED_BITS:
            return _signed(value, _SIGNED_BITS[datatype])
        if datatype in _UNSIGNED_LIMIT:
            return value if value < _UNSIGNED_LIMIT[datatype] else None
        return float(value) if datatype in _REAL else None
    if isinstance(value, float):
        return value if datatype in _REAL else None
    kind = _PLAIN.get(datatype)
    return value if kind is not None and isinstance(value, kind) else None


def encoder(datatype: int) -> tuple[str, Callable[[Any], Any]]:
    """Field that carries a value of `datatype`, and what turns the value into what stands there.

    Raises
    ------
    Unencodable
        When the datatype has no scalar form; the converter raises it for a value that does not fit.
    """
    try:
        return _ENCODERS[datatype]
    except KeyError:
        raise Unencodable(f"datatype {datatype} has no scalar form here") from None
