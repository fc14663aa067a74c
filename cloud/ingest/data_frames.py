"""Finds data messages in what a broker sent, many at once: where each begins is proved, never guessed."""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cloud.ingest.arrival import TopicNames
from wire.topics import NAMESPACE

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

_WORD: Final = 8
_BEGINS: Final = np.uint64(int.from_bytes(f"{NAMESPACE}/".encode(), "little"))  # a word's bytes exactly
_FIRST: Final = NAMESPACE.encode()[0]
_PUBLISH: Final = 0x30  # at QoS 0, neither retained nor repeated
_CONTINUES: Final = 0x80
_SEVEN: Final = 0x7F
_BEFORE: Final = 4  # of a topic's text at least: kind, a digit of the length, two of the topic's own
_MIX: Final = np.uint64(0x9E37_79B9_7F4A_7C15)


class Found(NamedTuple):
    """Data messages that follow one another: number of the topic, where the payload begins and ends."""

    name: Ints
    starts: Ints
    ends: Ints


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

    def data(self, begin: int, names: TopicNames, is_data: Callable[[bytes], bool]) -> Found:
        """Return the data messages from a place on, as far as one follows the other.

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
        good = (first == follows) & (at[first] == _PUBLISH) & (last < _CONTINUES)
        good &= (size >= _WORD) & (text + size <= ends) & (ends <= self._size)
        whole = _leading(good)
        name = self._names(text[:whole], size[:whole], names, is_data)
        whole = _leading(name >= 0)
        return Found(name[:whole], (text + size)[:whole], ends[:whole])

    def _names(self, text: Ints, size: Ints, names: TopicNames, is_data: Callable[[bytes], bool]) -> Ints:
        """Return the number of each topic, -1 where it is none of data or could not be told at once."""
        name = np.full(len(text), -1)
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
                [self._number(int(places[each]), length, names, is_data) for each in chosen.tolist()]
            )
            # Two topics that look alike by their mixture are told apart here, never taken for each other.
            same = np.ones(len(own), np.bool_)
            for part in parts:
                same &= part == part[chosen][kind]
            name[own] = np.where(same, numbers[kind], -1)
        return name

    def _number(self, place: int, length: int, names: TopicNames, is_data: Callable[[bytes], bool]) -> int:
        topic = self._buffer[place : place + length]
        return names.number(topic) if topic in names or is_data(topic) else -1


def _leading(good: NDArray[np.bool_]) -> int:
    """Return how many from the first on are good."""
    return len(good) if good.all() else int(np.argmin(good))
