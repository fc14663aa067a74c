"""The batches of a commit: collected one by one or in runs, read as arrays."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class StreamKey(NamedTuple):
    """One stream of one edge node; `node` is `group/node`, `stream` 32 hex digits."""

    node: str
    stream: str


class BatchRow(NamedTuple):
    """One stored batch: identity, origin, plant time of sending, real time of receiving."""

    stream: str
    position: int
    node: str
    sent_ms: int
    received_ms: int


class BatchArrays(NamedTuple):
    """Batches as arrays of one length: `key` is the place of a batch's stream in `keys`, all different."""

    keys: Sequence[StreamKey]
    key: Ints
    position: Ints
    sent_ms: Ints
    received_ms: Ints

    def row(self, place: int) -> BatchRow:
        """Return one of the batches."""
        key = self.keys[int(self.key[place])]
        times = int(self.sent_ms[place]), int(self.received_ms[place])
        return BatchRow(key.stream, int(self.position[place]), key.node, *times)


class BatchColumns(Sequence[BatchRow]):
    """Batches in the order of their arrival; a number is a batch's place."""

    __slots__ = ("_firsts", "_parts", "_size")

    def __init__(self, rows: Iterable[BatchRow] = ()) -> None:
        self._parts: list[list[BatchRow] | BatchArrays] = []
        self._firsts: list[int] = []
        self._size = 0
        for row in rows:
            self.append(row)

    def append(self, row: BatchRow) -> None:
        """Add a batch."""
        if not self._parts or isinstance(self._parts[-1], BatchArrays):
            self._parts.append([])
            self._firsts.append(self._size)
        last = self._parts[-1]
        assert isinstance(last, list)  # noqa: S101 -- the lines above made it one
        last.append(row)
        self._size += 1

    def add_run(self, run: BatchArrays) -> None:
        """Add batches that came as arrays."""
        self._parts.append(run)
        self._firsts.append(self._size)
        self._size += len(run.key)

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, place: int) -> BatchRow: ...
    @overload
    def __getitem__(self, place: slice) -> list[BatchRow]: ...
    def __getitem__(self, place: int | slice) -> BatchRow | list[BatchRow]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(self._size))]
        at = place + self._size if place < 0 else place
        if not 0 <= at < self._size:
            raise IndexError(place)
        number = bisect_right(self._firsts, at) - 1
        part, inside = self._parts[number], at - self._firsts[number]
        return part.row(inside) if isinstance(part, BatchArrays) else part[inside]

    def __iter__(self) -> Iterator[BatchRow]:
        for part in self._parts:
            yield from map(part.row, range(len(part.key))) if isinstance(part, BatchArrays) else part

    def arrays(self) -> BatchArrays:
        """Return all batches as arrays; raises OverflowError for a number that 64 bits do not hold."""
        known: dict[StreamKey, int] = {}
        runs = [self._run(part, known) for part in self._parts]
        key, position, sent_ms, received_ms = (
            np.concatenate([run[column] for run in runs] or [np.empty(0, np.int64)]) for column in range(4)
        )
        return BatchArrays(list(known), key, position, sent_ms, received_ms)

    @staticmethod
    def _run(
        part: "list[BatchRow] | BatchArrays", known: dict[StreamKey, int]
    ) -> tuple[Ints, Ints, Ints, Ints]:
        if isinstance(part, BatchArrays):
            places = np.array([known.setdefault(key, len(known)) for key in part.keys], np.int64)
            return places[part.key], part.position, part.sent_ms, part.received_ms
        streams, position, nodes, sent_ms, received_ms = zip(*part, strict=True)
        key = [
            known.setdefault(StreamKey(node, stream), len(known))
            for node, stream in zip(nodes, streams, strict=True)
        ]
        one, two, three, four = (
            np.asarray(column, np.int64) for column in (key, position, sent_ms, received_ms)
        )
        return one, two, three, four
