"""Arrays of Sparkplug's datatypes 22 to 34, as they stand in a metric's bytes."""

import struct
from collections.abc import Sequence
from typing import Final

from wire.sparkplug_values import DataType, Unencodable, encoder

ArrayValue = tuple[bool | int | float | str, ...]

# Little-endian, packed. (The examples of Sparkplug 3.0 for Float and Double show the other order; its text
# and the implementations do not.)
_FORMATS: Final[dict[int, str]] = {
    DataType.INT8_ARRAY: "b",
    DataType.INT16_ARRAY: "h",
    DataType.INT32_ARRAY: "i",
    DataType.INT64_ARRAY: "q",
    DataType.UINT8_ARRAY: "B",
    DataType.UINT16_ARRAY: "H",
    DataType.UINT32_ARRAY: "I",
    DataType.UINT64_ARRAY: "Q",
    DataType.FLOAT_ARRAY: "f",
    DataType.DOUBLE_ARRAY: "d",
    DataType.DATETIME_ARRAY: "Q",
}
ELEMENTS: Final[dict[int, DataType]] = {
    DataType.INT8_ARRAY: DataType.INT8,
    DataType.INT16_ARRAY: DataType.INT16,
    DataType.INT32_ARRAY: DataType.INT32,
    DataType.INT64_ARRAY: DataType.INT64,
    DataType.UINT8_ARRAY: DataType.UINT8,
    DataType.UINT16_ARRAY: DataType.UINT16,
    DataType.UINT32_ARRAY: DataType.UINT32,
    DataType.UINT64_ARRAY: DataType.UINT64,
    DataType.FLOAT_ARRAY: DataType.FLOAT,
    DataType.DOUBLE_ARRAY: DataType.DOUBLE,
    DataType.BOOLEAN_ARRAY: DataType.BOOLEAN,
    DataType.STRING_ARRAY: DataType.STRING,
    DataType.DATETIME_ARRAY: DataType.DATETIME,
}
_COUNT: Final = struct.Struct("<I")
_BITS: Final = 8


class MalformedArray(ValueError):
    """These bytes are no array of that datatype."""


def pack_array(datatype: int, values: Sequence[bool | int | float | str]) -> bytes:
    """Bytes of an array of `datatype` (22 to 34), e.g. Int16Array of [-30000, 30000] → d0 8a 30 75.

    Raises
    ------
    Unencodable
        When the datatype is no array, an element does not fit it, or a text holds a NUL.
    """
    element = ELEMENTS.get(datatype)
    if element is None:
        raise Unencodable(f"datatype {datatype} is no array")
    _, convert = encoder(element)
    for value in values:
        if isinstance(value, bool) and element is not DataType.BOOLEAN:
            raise Unencodable(f"{value!r} is no element of an array of {element.name}")
        convert(value)
    if element is DataType.STRING:
        return _packed_texts(values)
    if element is DataType.BOOLEAN:
        return _packed_bits(values)
    try:
        return struct.pack(f"<{len(values)}{_FORMATS[datatype]}", *_whole(element, values))
    except struct.error as wrong:
        raise Unencodable(f"no array of {element.name}: {wrong}") from wrong


def _whole(element: DataType, values: Sequence[bool | int | float | str]) -> Sequence[object]:
    return values if element in (DataType.FLOAT, DataType.DOUBLE) else [int(value) for value in values]


def _packed_texts(values: Sequence[object]) -> bytes:
    try:
        texts = [str(value).encode() for value in values]
    except UnicodeEncodeError as wrong:
        raise Unencodable(f"a text is not valid Unicode: {wrong}") from wrong
    if any(b"\0" in text for text in texts):
        raise Unencodable("a text in an array of texts holds a NUL, which ends it on the wire")
    return b"".join(text + b"\0" for text in texts)


def _packed_bits(values: Sequence[object]) -> bytes:
    packed = bytearray(-(-len(values) // _BITS))
    for index, value in enumerate(values):
        if value:
            packed[index // _BITS] |= 0x80 >> index % _BITS
    return _COUNT.pack(len(values)) + bytes(packed)


def unpack_array(datatype: int, raw: bytes) -> ArrayValue:
    """Elements of an array of `datatype` (22 to 34); there are never more than eight for each byte of `raw`.

    Raises
    ------
    MalformedArray
        When the datatype is no array or the bytes do not hold whole elements of it.
    """
    if datatype == DataType.BOOLEAN_ARRAY:
        return _bits(raw)
    if datatype == DataType.STRING_ARRAY:
        return _texts(raw)
    form = _FORMATS.get(datatype)
    if form is None:
        raise MalformedArray(f"datatype {datatype} is no array")
    size = struct.calcsize(f"<{form}")
    if len(raw) % size:
        raise MalformedArray(f"{len(raw)} bytes hold no whole elements of {size} bytes")
    return struct.unpack(f"<{len(raw) // size}{form}", raw)


def _bits(raw: bytes) -> ArrayValue:
    if len(raw) < _COUNT.size:
        raise MalformedArray("an array of Booleans begins with its length in 4 bytes")
    (count,) = _COUNT.unpack_from(raw)
    packed = raw[_COUNT.size :]
    # Checked before anything is made: the length is the sender's word.
    if len(packed) != -(-count // _BITS):
        raise MalformedArray(f"{count} Booleans do not stand in {len(packed)} bytes")
    return tuple(bool(packed[index // _BITS] & (0x80 >> index % _BITS)) for index in range(count))


def _texts(raw: bytes) -> ArrayValue:
    if not raw:
        return ()
    if raw[-1:] != b"\0":
        raise MalformedArray("an array of texts ends with a NUL")
    try:
        return tuple(text.decode() for text in raw[:-1].split(b"\0"))
    except UnicodeDecodeError as wrong:
        raise MalformedArray(f"a text is not UTF-8: {wrong}") from wrong
