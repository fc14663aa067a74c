"""Many data payloads of our own gateways at once to columns: the layout is read with numpy, not by protobuf.

What a gateway sends is regular: timestamp, seq, batch header, then metrics of alias, time and value. Payloads
that hold anything else (texts, nulls, qualities, other fields or orders) are not plain and left to
`wire.sparkplug.decode`, which reads the plain ones too, to the same values.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Truths = NDArray[np.bool_]

PAD: Final = bytes(64)  # behind the last payload, so that eight bytes can be read at every place
_TIMESTAMP, _SEQ, _METRIC, _ALIAS, _TIME, _HISTORICAL = 0x08, 0x18, 0x12, 0x10, 0x18, 0x28
_INT, _LONG, _FLOAT, _DOUBLE, _BOOLEAN = 0x50, 0x58, 0x65, 0x69, 0x70
_MAX_SEQ: Final = 255
_BATCH_HEADER: Final = np.uint64(int.from_bytes(b"\x2a\x26TL\x01\x00\x00\x00", "little"))
_NOT_FLAGS: Final = np.uint64(0x00FF_FFFF_FFFF_FFFF)
BODY_BYTES: Final = 38
_HEADER_BYTES: Final = 2 + BODY_BYTES
_CONTINUED: Final = np.uint64(0x8080_8080_8080_8080)
_BYTE, _ONE, _EIGHT = np.uint64(0xFF), np.uint64(1), np.uint64(8)
_SQUEEZES: Final = tuple(
    (np.uint64(low), np.uint64(high), np.uint64(shift))
    for low, high, shift in (
        (0x007F_007F_007F_007F, 0x7F00_7F00_7F00_7F00, 1),
        (0x0000_3FFF_0000_3FFF, 0x3FFF_0000_3FFF_0000, 2),
        (0x0000_0000_0FFF_FFFF, 0x0FFF_FFFF_0000_0000, 4),
    )
)
_UP_TO_BYTES: Final = (np.uint64(1 << 16), np.uint64(1 << 32))
_RARE: Final = 8
# By the bytes of a number: the bits that say whether it goes on, as they stand then, and those that count.
_STOPS: Final = tuple(np.uint64(int("80" * digits or "0", 16)) for digits in range(9))
_GOES_ON: Final = tuple(np.uint64(int("80" * max(digits - 1, 0) or "0", 16)) for digits in range(9))
_SEVENS: Final = tuple(np.uint64(int("7f" * digits or "0", 16)) for digits in range(9))


class Heads(NamedTuple):
    """What stands before the metrics, one row for each payload; only those with `is_plain` mean something."""

    is_plain: Truths
    sent_ms: Ints
    seq: Ints
    position: Ints
    stream: tuple[Words, Words]  # its 16 bytes as two words
    metrics: Ints  # where the first metric begins, behind the batch header


class Points(NamedTuple):
    """Metrics of plain payloads, in their order; `first[i]` to `first[i + 1]` are those of payload i.

    `field` is the byte before the value. `bits` is the value as it stands: of a double or float its bits, of
    everything else the number.
    """

    first: Ints
    alias: Words
    ts_ms: Ints
    field: NDArray[np.uint8]
    bits: Words


class Raw:
    """The bytes of a group of payloads, to be read eight at a time from any place.

    Parameters
    ----------
    text
        The bytes, PAD at the end.
    """

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.bytes = np.frombuffer(text, np.uint8)
        size = len(text) - 7
        self.words: Words = np.ndarray((size,), "<u8", text, strides=(1,))
        self.pairs: NDArray[np.uint16] = np.ndarray((size,), "<u2", text, strides=(1,))
        self.last = size - 1

    def at(self, places: Ints) -> Words:
        """Return eight bytes from each place; a place beyond the end gives the end."""
        return self.words[np.minimum(places, self.last)]


def numbers(words: Words) -> tuple[Words, Ints]:
    """Return the base-128 numbers at the beginning of words, and how many bytes each takes; 9: too many."""
    digits = _digits(int(words[0])) if len(words) else 9
    if digits <= 8 and ((words & _STOPS[digits]) == _GOES_ON[digits]).all():  # noqa: PLR2004  a word's bytes
        return _squeezed(words & _SEVENS[digits]), np.full(len(words), digits)
    stop = ~words & _CONTINUED
    below = (stop & (~stop + _ONE)) - _ONE  # the bits up to the last byte's own seven
    size = (np.bitwise_count(below).astype(np.int64) + 1) >> 3
    size[stop == 0] = 9
    return _squeezed(words & below & ~_CONTINUED), size


def _digits(word: int) -> int:
    """Return how many bytes the number at the beginning of a word takes; 9: more than it has."""
    return next((digit + 1 for digit in range(8) if not word >> 8 * digit & 0x80), 9)


def _squeezed(found: Words) -> Words:
    """Return the numbers of which each byte holds seven bits."""
    most = found.max(initial=_ONE)
    if most >= _UP_TO_BYTES[-1]:
        # Long ones are times, and the metrics of a scan have the same: each is worked out once.
        begins = np.flatnonzero(found[1:] != found[:-1]) + 1
        if len(begins) * _RARE < len(found):
            ends = np.append(begins, len(found))
            begins = np.append(0, begins)
            return np.repeat(_squeezed_each(found[begins], most), ends - begins)
    return _squeezed_each(found, most)


def _squeezed_each(found: Words, most: np.uint64) -> Words:
    for squeeze, (low, high, shift) in enumerate(_SQUEEZES):
        if squeeze and most < _UP_TO_BYTES[squeeze - 1]:
            break
        found = (found & low) | ((found & high) >> shift)
    return found


def heads(raw: Raw, starts: Ints, ends: Ints) -> Heads:
    """Return what stands before the metrics of each payload `starts[i]` to `ends[i]`."""
    sent, size = numbers(raw.at(starts + 1))
    is_plain = ((raw.at(starts) & _BYTE) == _TIMESTAMP) & (size <= 8)  # noqa: PLR2004  a word's bytes
    place = starts + 1 + size
    word = raw.at(place)
    seq, size = numbers(word >> _EIGHT)
    is_plain &= ((word & _BYTE) == _SEQ) & (seq <= _MAX_SEQ) & (size <= 2)  # noqa: PLR2004  digits of 255
    place += 1 + size
    is_plain &= (raw.at(place) & _NOT_FLAGS) == _BATCH_HEADER
    one, two, previous, position = (raw.at(place + offset) for offset in (8, 16, 24, 32))
    previous, position = previous.byteswap(), position.byteswap()
    place += _HEADER_BYTES
    is_plain &= (position - previous == 1) & (position < 1 << 63) & (position > 0) & (place <= ends)
    return Heads(
        is_plain, sent.astype(np.int64), seq.astype(np.int64), position.astype(np.int64), (one, two), place
    )


def points(raw: Raw, found: Heads, ends: Ints) -> tuple[Points, Truths]:
    """Return the metrics of the plain payloads, and which payloads are plain with their metrics too."""
    is_plain = found.is_plain.copy()
    return _metrics(raw, *_places(raw, found.metrics, ends, is_plain), is_plain)


def _places(raw: Raw, starts: Ints, ends: Ints, is_plain: Truths) -> tuple[Ints, Ints]:
    """Return where each metric begins: all that looks like one, proved by leading from one to the next.

    Where the bytes of a value look like a metric too, that payload is walked through.
    """
    text = raw.bytes
    seen = np.flatnonzero((text[:-2] == _METRIC) & (text[2:] == _ALIAS))
    low, high = np.searchsorted(seen, starts), np.searchsorted(seen, ends)
    first, found = _ranges(seen, low, np.where(is_plain, high, low))
    length = text[found + 1]
    follows = np.empty_like(found)
    follows[:-1] = found[1:]
    has_some = first[1:] > first[:-1]
    follows[first[1:][has_some] - 1] = ends[has_some]
    leads = (found + 2 + length == follows) & (length < 0x80)  # noqa: PLR2004  a length of one byte
    begins = is_plain & (starts == ends)
    begins[has_some] = found[first[:-1][has_some]] == starts[has_some]
    if leads.all() and begins.all():
        return first, found
    of = np.repeat(np.arange(len(starts)), np.diff(first))
    begins[of[~leads]] = False
    kept = begins[of]
    for index in np.flatnonzero(is_plain & ~begins).tolist():
        places = _walked(raw.text, int(starts[index]), int(ends[index]))
        own = slice(int(first[index]), int(first[index + 1]))
        is_metric = [place in (places or ()) for place in found[own].tolist()]
        is_plain[index] = places is not None and sum(is_metric) == len(places)
        if is_plain[index]:
            kept[own] = is_metric
    np.cumsum(np.bincount(of[kept], minlength=len(starts)), out=first[1:])
    return first, found[kept]


def _ranges(seen: Ints, low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """Return the elements `low[i]` to `high[i]` of all ranges after one another, and where each begins."""
    first = np.zeros(len(low) + 1, dtype=np.int64)
    np.cumsum(high - low, out=first[1:])
    return first, seen[np.arange(first[-1]) + np.repeat(low - first[:-1], high - low)]


def _walked(text: bytes, place: int, end: int) -> set[int] | None:
    """Return where metrics begin that follow one another from a place to the end, if they do."""
    found: set[int] = set()
    while place < end:
        if text[place] != _METRIC or text[place + 1] >= 0x80:  # noqa: PLR2004  a length of one byte
            return None
        found.add(place)
        place += 2 + text[place + 1]
    return found if place == end else None


def _metrics(raw: Raw, first: Ints, places: Ints, is_plain: Truths) -> tuple[Points, Truths]:
    end = places + 2 + raw.bytes[places + 1]
    word = raw.words[places + 2]
    good = (word & _BYTE) == _ALIAS
    alias, size = numbers(word >> _EIGHT)
    place = places + 3 + size
    word = raw.words[place]
    good &= ((word & _BYTE) == _TIME) & (size <= 7)  # noqa: PLR2004  what one word holds behind its field
    ts_ms, size = numbers(word >> _EIGHT)
    good &= size <= 7  # noqa: PLR2004  the same
    place += 1 + size
    word = raw.words[place]
    is_flagged = (word & _BYTE) == _HISTORICAL
    if is_flagged.any():
        good &= ~is_flagged | ((word >> _EIGHT & _BYTE) <= 1)
        place[is_flagged] += 2
        word = raw.words[place]
    field = (word & _BYTE).astype(np.uint8)
    bits = raw.words[place + 1]
    size = _SIZES[field]
    is_number = np.flatnonzero(size < 0)
    if len(is_number):
        bits[is_number], size[is_number] = _whole(raw, place[is_number] + 1, bits[is_number])
    good &= place + 1 + size == end
    bits[field == _FLOAT] &= np.uint64(0xFFFF_FFFF)
    told = Points(first, alias, ts_ms.astype(np.int64), field, bits)
    return drop(told, good, is_plain), is_plain


# Bytes of a value behind its field; -1 for a base-128 number, a size that fits nothing for other fields.
_SIZES: Final = np.full(256, -2000, dtype=np.int64)
_SIZES[[_FLOAT, _DOUBLE]] = 4, 8
_SIZES[[_INT, _LONG, _BOOLEAN]] = -1


def _whole(raw: Raw, places: Ints, words: Words) -> tuple[Words, Ints]:
    """Return base-128 numbers of up to ten bytes: negative ones take all ten."""
    found, size = numbers(words)
    long = np.flatnonzero(size > 8)  # noqa: PLR2004  a word's bytes
    if len(long):
        tail = raw.pairs[np.minimum(places[long] + 8, raw.last)].astype(np.uint64)
        ninth, tenth = tail & _BYTE, tail >> _EIGHT
        found[long] |= (ninth & np.uint64(0x7F)) << np.uint64(56)
        is_tenth = ninth >= 0x80  # noqa: PLR2004  the bit that says another byte follows
        found[long[is_tenth]] |= tenth[is_tenth] << np.uint64(63)
        size[long] = np.where(is_tenth, np.where(tenth == 1, 10, -2000), 9)
    return found, size


def drop(told: Points, good: Truths, is_plain: Truths) -> Points:
    """Return only the metrics of payloads that are good as a whole; the others are marked as not plain."""
    if good.all():
        return told
    counts = np.diff(told.first)
    of = np.repeat(np.arange(len(counts)), counts)
    is_plain[of[~good]] = False
    kept = is_plain[of]
    first = np.zeros_like(told.first)
    np.cumsum(np.where(is_plain, counts, 0), out=first[1:])
    alias, ts_ms, field, bits = told.alias, told.ts_ms, told.field, told.bits
    return Points(first, alias[kept], ts_ms[kept], field[kept], bits[kept])
