"""Values that came as columns and that nobody has looked at yet: the newest of each tag."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_NEVER: Final = -(1 << 62)


class ToldColumns(NamedTuple):
    """Points by column: index of the tag, plant time, value, datatype."""

    tag: Ints
    ts_ms: Ints
    value: NDArray[np.float64]
    datatype: NDArray[np.uint8]


class LiveColumns:
    """Keeps the newest point of each tag until it is taken out; of one time, the one told last.

    Tags are indexes, times plant milliseconds.
    """

    def __init__(self) -> None:
        self._ts_ms: Ints = np.full(1024, _NEVER)
        self._value = np.zeros(1024)
        self._datatype = np.zeros(1024, np.uint8)

    def put(self, told: ToldColumns) -> None:
        """Take points in the order in which they were told."""
        tag, ts_ms, value, datatype = told
        missing = int(tag.max(initial=-1)) + 1 - len(self._ts_ms)
        if missing > 0:
            more = max(missing, len(self._ts_ms))
            self._ts_ms = np.append(self._ts_ms, np.full(more, _NEVER))
            self._value = np.append(self._value, np.zeros(more))
            self._datatype = np.append(self._datatype, np.zeros(more, np.uint8))
        np.maximum.at(self._ts_ms, tag, ts_ms)
        newest = np.flatnonzero(ts_ms == self._ts_ms[tag])
        tags = tag[newest]
        self._value[tags] = value[newest]  # of several of one tag the last one stays
        self._datatype[tags] = datatype[newest]

    def take(self, tags: Ints) -> ToldColumns:
        """Return what is new of some tags, and forget it."""
        known = tags[tags < len(self._ts_ms)]
        known = known[self._ts_ms[known] != _NEVER]
        taken = ToldColumns(known, self._ts_ms[known], self._value[known], self._datatype[known])
        self._ts_ms[known] = _NEVER
        return taken
