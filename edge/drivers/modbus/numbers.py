"""What stands in registers: the values of one answer in one step, and one value as registers."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from edge.devices.modbus import Place
from edge.drivers.modbus.plan import BIT_TABLES, Span
from edge.scaling import Unfit

Raw = bool | int | float | str | Unfit

CODES: Final = {
    "uint16": "H",
    "int16": "h",
    "uint32": "I",
    "int32": "i",
    "uint64": "Q",
    "int64": "q",
    "float32": "f",
    "float64": "d",
    "bcd16": "H",
    "bcd32": "I",
    "bcd64": "Q",
    "bit": "H",
}
_BITS_OF_BCD: Final = {"bcd16": 16, "bcd32": 32, "bcd64": 64}


class ValueUnfit(ValueError):
    """A value that these registers cannot hold."""


def byte_order(place: Place) -> list[int]:
    """Offsets of a place's bytes on the wire in the order from its highest byte to its lowest.

    A big-endian 32-bit number is [0, 1, 2, 3]; word order little makes it [2, 3, 0, 1], byte order little
    [1, 0, 3, 2], both [3, 2, 1, 0].
    """
    words = range(place.registers)
    ordered = words if place.word_order == "big" else reversed(words)
    pair = (0, 1) if place.byte_order == "big" else (1, 0)
    return [2 * word + byte for word in ordered for byte in pair]


def _code(place: Place) -> str:
    return f"{2 * place.registers}s" if place.type == "string" else CODES[place.type]


def from_bcd(number: int) -> int | Unfit:
    """The number whose decimal digits are the half bytes, 0x1234 → 1234; `bad_bcd` for a digit above 9."""
    text = f"{number:x}"
    return int(text) if text.isdecimal() else Unfit("bad_bcd")


def from_text(raw: bytes, encoding: str) -> str | Unfit:
    """The text up to its first NUL, without blanks at its end; `bad_text` when it is not in the encoding."""
    try:
        return raw.split(b"\0", 1)[0].decode(encoding).rstrip()
    except UnicodeDecodeError:
        return Unfit("bad_text")


def _finish(place: Place) -> Callable[[Any], Raw] | None:
    """What turns the unpacked number or bytes into the value, if anything."""
    match place.type:
        case "bit":
            shift = place.bit or 0
            return lambda word: bool(word >> shift & 1)
        case "string":
            encoding = place.encoding
            return lambda raw: from_text(raw, encoding)
        case "bcd16" | "bcd32" | "bcd64":
            return from_bcd
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Decoder:
    """All wanted values of one request, unpacked together.

    Attributes
    ----------
    values : callable
        Payload of the answer (the bytes after the byte count) → the places' values in their given order.
    """

    values: Callable[[bytes], Sequence[Raw]]


def decoder(request: Span, places: Sequence[Place]) -> Decoder:
    """The decoder for `places`, which all lie inside `request`, each whole.

    One `struct` unpacks the whole answer; bytes are put in order first where a place asks for it.
    """
    if request.table in BIT_TABLES:
        return Decoder(_bits([place.address - request.address for place in places]))
    cells: dict[tuple[int, str, tuple[int, ...]], int] = {}
    keys = [(place.address, _code(place), tuple(byte_order(place))) for place in places]
    for key in sorted(set(keys)):
        cells[key] = len(cells)
    unpack = _unpacker(request, list(cells))
    slots = [cells[key] for key in keys]
    finishes = [(i, finish) for i, place in enumerate(places) if (finish := _finish(place))]
    in_order = slots == list(range(len(cells)))
    pick = _pick(slots)

    def values(payload: bytes) -> Sequence[Raw]:
        found = unpack(payload)
        if not in_order:
            found = pick(found)
        if finishes:
            finished = list(found)
            for i, finish in finishes:
                finished[i] = finish(finished[i])
            return finished
        return found

    return Decoder(values)


def _pick(slots: list[int]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    if len(slots) == 1:
        only = slots[0]
        return lambda found: (found[only],)
    return itemgetter(*slots) if slots else lambda _: ()


def _bits(offsets: list[int]) -> Callable[[bytes], list[Raw]]:
    def values(payload: bytes) -> list[Raw]:
        bits = int.from_bytes(payload, "little")
        return [bool(bits >> offset & 1) for offset in offsets]

    return values


def _unpacker(
    request: Span, cells: list[tuple[int, str, tuple[int, ...]]]
) -> Callable[[bytes], tuple[Any, ...]]:
    """What unpacks cells (address, struct code, byte order) sorted by address, from a request's payload."""
    is_plain = all(order == tuple(range(len(order))) for _, _, order in cells)
    at, form = 2 * request.address, ">"
    for address, code, order in cells:
        if 2 * address < at:
            is_plain = False  # the same registers under two types
            break
        form += f"{2 * address - at}x{code}"
        at = 2 * address + len(order)
    if is_plain:
        return struct.Struct(f"{form}{2 * request.end - at}x").unpack
    indices = [2 * (address - request.address) + i for address, _, order in cells for i in order]
    unpack = struct.Struct(">" + "".join(code for _, code, _ in cells)).unpack
    pick = itemgetter(*indices)
    return lambda payload: unpack(bytes(pick(payload)))


# ---- values to registers ----


def encoded(place: Place, raw: float | str) -> bytes:
    """The registers that hold `raw`, as bytes in wire order; not for single bits.

    Raises
    ------
    ValueUnfit
        When the registers cannot hold it: too large, a fraction, a text too long or not in the encoding.
    """
    try:
        plain = struct.pack(f">{_code(place)}", _packable(place, raw))
    except (struct.error, OverflowError, UnicodeEncodeError, TypeError) as wrong:
        raise ValueUnfit(f"{raw!r} does not fit {place.type} in {place.registers} registers") from wrong
    wire = bytearray(len(plain))
    for offset, byte in zip(byte_order(place), plain, strict=True):
        wire[offset] = byte
    return bytes(wire)


def _packable(place: Place, raw: float | str) -> float | bytes:
    if place.type == "string":
        if not isinstance(raw, str):
            raise ValueUnfit(f"{raw!r} is no text")
        text = raw.encode(place.encoding)
        if len(text) > 2 * place.registers or b"\0" in text:
            raise ValueUnfit(f"{raw!r} does not fit {2 * place.registers} bytes without NUL")
        return text
    if isinstance(raw, str):
        raise ValueUnfit(f"{raw!r} is no number")
    if place.type.startswith("float"):
        return raw
    if raw != int(raw):
        raise ValueUnfit(f"{raw!r} is no whole number")
    number = int(raw)
    if place.type not in _BITS_OF_BCD:
        return number
    digits = str(number)
    if number < 0 or len(digits) > _BITS_OF_BCD[place.type] // 4:
        raise ValueUnfit(f"{number} does not fit {place.type}")
    return int(digits, 16)
