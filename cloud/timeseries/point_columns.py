"""The numeric points of a commit: collected one by one or as arrays, read as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from wire.quality import GOOD

_Number = TypeVar("_Number", np.int64, np.float64)


class PointArrays(NamedTuple):
    """Numeric points of a commit as arrays of one length; a null has NaN as value and stands in `is_null`."""

    batch: NDArray[np.int64]
    ord: NDArray[np.uint16]
    tag: NDArray[np.int64]
    ts_ms: NDArray[np.int64]
    value: NDArray[np.float64]
    is_null: NDArray[np.bool_]
    quality: NDArray[np.int16]


class GoodRun(NamedTuple):
    """All points of batches that follow one another, all good and finite; `ord` is their place in the batch.

    `first` is the number of the first batch, `sizes` how many points each has.
    """

    first: int
    sizes: NDArray[np.int64]
    tag: NDArray[np.int64]
    ts_ms: NDArray[np.int64]
    value: NDArray[np.float64]


@dataclass(slots=True)
class PointColumns:
    """Numeric points, column by column; `batch` and `tag` index the commit's batches and tags.

    Whole batches may come as arrays instead, by `add_good`.
    """

    batch: list[int] = field(default_factory=list)
    ord: list[int] = field(default_factory=list)
    tag: list[int] = field(default_factory=list)
    ts_ms: list[int] = field(default_factory=list)
    value: list[float | None] = field(default_factory=list)
    quality: list[int] = field(default_factory=list)
    _good: list[GoodRun] = field(default_factory=list)
    _in_good: int = 0

    def __len__(self) -> int:
        return len(self.batch) + self._in_good

    def add_good(self, good: GoodRun) -> None:
        """Add batches of good points."""
        self._good.append(good)
        self._in_good += len(good.tag)

    def arrays(self) -> PointArrays:
        """Return the columns as arrays, by batch: the only way in which stores read them."""
        if not self._good:
            return self._singles()
        if not self.batch:
            return _joined(self._good)
        one, many = self._singles(), _joined(self._good)
        order = np.argsort(np.concatenate([one.batch, many.batch]), kind="stable")
        return PointArrays(
            np.concatenate([one.batch, many.batch])[order],
            np.concatenate([one.ord, many.ord])[order],
            np.concatenate([one.tag, many.tag])[order],
            np.concatenate([one.ts_ms, many.ts_ms])[order],
            np.concatenate([one.value, many.value])[order],
            np.concatenate([one.is_null, many.is_null])[order],
            np.concatenate([one.quality, many.quality])[order],
        )

    def _singles(self) -> PointArrays:
        value = np.asarray(self.value, dtype=np.float64)
        return PointArrays(
            np.asarray(self.batch, dtype=np.int64),
            np.asarray(self.ord, dtype=np.uint16),
            np.asarray(self.tag, dtype=np.int64),
            np.asarray(self.ts_ms, dtype=np.int64),
            value,
            np.asarray([each is None for each in self.value], dtype=np.bool_),
            np.asarray(self.quality, dtype=np.int16),
        )


def _joined(good: Sequence[GoodRun]) -> PointArrays:
    sizes = _end_to_end([run.sizes for run in good])
    batch = _end_to_end([np.arange(run.first, run.first + len(run.sizes)) for run in good])
    first = np.cumsum(sizes) - sizes
    total = int(sizes.sum())
    return PointArrays(
        np.repeat(batch, sizes),
        (np.arange(total) - np.repeat(first, sizes)).astype(np.uint16),
        _end_to_end([each.tag for each in good]),
        _end_to_end([each.ts_ms for each in good]),
        _end_to_end([each.value for each in good]),
        np.zeros(total, dtype=np.bool_),
        np.full(total, GOOD, dtype=np.int16),
    )


def _end_to_end(parts: Sequence[NDArray[_Number]]) -> NDArray[_Number]:
    """Return arrays after one another; a single one as it is."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
