"""Points of a message as columns, each made an object only when somebody asks for it."""

from collections.abc import Iterator, Sequence
from typing import Final, overload

import numpy as np
from numpy.typing import NDArray

from wire.quality import GOOD
from wire.session_events import Point
from wire.sparkplug import DataType, Value

_REAL: Final = frozenset((DataType.FLOAT, DataType.DOUBLE))


class ColumnPoints(Sequence[Point]):
    """Good, finite readings of one device that a double holds exactly, none of them from the future.

    Parameters
    ----------
    names
        Names of all tags.
    prefix
        How many characters of them are `group/node/device/`.
    tag, ts_ms, value, datatype
        The columns; `tag` is the index of the name.
    """

    __slots__ = ("datatype", "names", "prefix", "tag", "ts_ms", "value")

    def __init__(  # noqa: PLR0917  one for each column
        self,
        names: Sequence[str],
        prefix: int,
        tag: NDArray[np.int64],
        ts_ms: NDArray[np.int64],
        value: NDArray[np.float64],
        datatype: NDArray[np.uint8],
    ) -> None:
        self.names = names
        self.prefix = prefix
        self.tag = tag
        self.ts_ms = ts_ms
        self.value = value
        self.datatype = datatype

    def __len__(self) -> int:
        return len(self.tag)

    @overload
    def __getitem__(self, place: int) -> Point: ...
    @overload
    def __getitem__(self, place: slice) -> "ColumnPoints": ...
    def __getitem__(self, place: int | slice) -> "Point | ColumnPoints":
        if isinstance(place, slice):
            return self.chosen(np.arange(len(self))[place])
        kind = int(self.datatype[place])
        return self._point(int(self.tag[place]), int(self.ts_ms[place]), float(self.value[place]), kind)

    def __iter__(self) -> Iterator[Point]:
        columns = (self.tag.tolist(), self.ts_ms.tolist(), self.value.tolist(), self.datatype.tolist())
        return map(self._point, *columns)

    def _point(self, tag: int, ts_ms: int, value: float, kind: int) -> Point:
        told: Value = value
        if kind == DataType.BOOLEAN:
            told = bool(value)
        elif kind not in _REAL:
            told = int(value)
        return Point(self.names[tag][self.prefix :], ts_ms, told, GOOD, kind, is_historical=False)

    def chosen(self, places: NDArray[np.int64]) -> "ColumnPoints":
        """Return the points at some places."""
        return ColumnPoints(
            self.names,
            self.prefix,
            self.tag[places],
            self.ts_ms[places],
            self.value[places],
            self.datatype[places],
        )
