"""Finds data messages in what a broker sent, many at once: where each begins is proved, never guessed."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cloud.ingest.arrival import TopicNames, data_topic, is_command
from wire.topics import NAMESPACE

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

_WORD: Final = 8
_BEGINS: Final = np.uint64(int.from_bytes(f"{NAMESPACE}/".encode(), "little"))  # a word's bytes exactly
_FIRST: Final = NAMESPACE.encode()[0]
PUBLISH: Final = 0x30  # at QoS 0, neither retained nor repeated: nobody waits for an answer
_CONTINUES: Final = 0x80
_SEVEN: Final = 0x7F
_BEFORE: Final = 4  # of a topic's text at least: kind, a digit of the length, two of the topic's own
_MIX: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
READERS: Final = -1  # no topic of data
NOBODYS: Final = -2  # a command: this host's own, or another's


class Found(NamedTuple):
    """Data messages with nothing but commands between them: number of the topic, payload; end of them all."""

    name: Ints
    starts: Ints
    ends: Ints
    end: int


def number_of(topic: bytes, names: TopicNames) -> int:
    """Return the number of a topic of data, READERS or NOBODYS for another."""
    if topic in names or data_topic(topic) is not None:
        return names.number(topic)
    return NOBODYS if is_command(topic) else READERS


class Frames:
    """The places of one buffer at which a PUBLISH of Sparkplug may begin.

    Parameters
    ----------
    buffer
        The bytes; all places are counted in it.
    """

    def __init__(self, buffer: bytes) -> None:
        self._size = len(buffer)
        self._buffer = buffer
        self._bytes = np.frombuffer(buffer, np.uint8)
        count = max(len(buffer) - _WORD + 1, 0)
        self._words: Words = np.ndarray((count,), "<u8", buffer, strides=(1,))
        text = np.flatnonzero(self._bytes[:count] == _FIRST)
        text = text[self._words[text] == _BEGINS]
        self._text = text[text >= _BEFORE]

    def data(self, begin: int, names: TopicNames) -> Found:
        """Return the data messages from a place on, as far as they and commands follow one another.

        What is left out may still be one: it is for who looks at single frames.
        """
        text = self._text[np.searchsorted(self._text, begin) :]
        at = self._bytes
        last, one, two = (at[text - back].astype(np.int64) for back in (3, 4, 5))
        has_two = one >= _CONTINUES
        has_three = has_two & (two >= _CONTINUES)
        length = np.where(
            has_three,
            last << 14 | (one & _SEVEN) << 7 | two & _SEVEN,
            np.where(has_two, last << 7 | one & _SEVEN, last),
        )
        first = text - 4 - has_two - has_three
        ends = text - 2 + length
        size = at[text - 2].astype(np.int64) << 8 | at[text - 1]
        follows = np.empty_like(first)
        follows[:1] = begin
        follows[1:] = ends[:-1]
        good = (first == follows) & (at[first] == PUBLISH) & (last < _CONTINUES)
        good &= (size >= _WORD) & (text + size <= ends) & (ends <= self._size)
        whole = _leading(good)
        name = self._names(text[:whole], size[:whole], names)
        whole = _leading(name != READERS)
        kept = np.flatnonzero(name[:whole] >= 0)
        end = int(ends[whole - 1]) if whole else begin
        return Found(name[kept], (text + size)[kept], ends[kept], end)

    def _names(self, text: Ints, size: Ints, names: TopicNames) -> Ints:
        """Return the number of each topic, as of `number_of`; READERS where it could not be told at once."""
        name = np.full(len(text), READERS)
        for length in np.flatnonzero(np.bincount(size)).tolist() if len(size) else ():
            own = np.flatnonzero(size == length)
            places = text[own]
            offsets = [*range(0, length - _WORD, _WORD), length - _WORD]
            parts = [self._words[places + offset] for offset in offsets]
            mixed = parts[0]
            for part in parts[1:]:
                mixed = (mixed ^ mixed >> np.uint64(29)) * _MIX ^ part
            _, chosen, kind = np.unique(mixed, return_index=True, return_inverse=True)
            numbers = np.array(
                [number_of(self._buffer[at : at + length], names) for at in places[chosen].tolist()]
            )
            # Two topics that look alike by their mixture are told apart here, never taken for each other.
            same = np.ones(len(own), np.bool_)
            for part in parts:
                same &= part == part[chosen][kind]
            name[own] = np.where(same, numbers[kind], READERS)
        return name


def _leading(good: NDArray[np.bool_]) -> int:
    """Return how many from the first on are good."""
    return len(good) if good.all() else int(np.argmin(good))
