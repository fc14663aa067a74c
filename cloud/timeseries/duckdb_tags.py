"""The ids of tags, by name for those that are new and by place for those that every commit names again."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cloud.timeseries.duckdb_arrow import arrow

TagArray = NDArray[np.int32]


class TagPlaces:
    """The ids of the tags that commits name at the same places again and again; 0 where none is known yet.

    Ids never change, so what one commit found out serves the next.
    """

    def __init__(self) -> None:
        self._names: list[str] = []
        self._ids: TagArray = np.empty(0, np.int32)

    def of(self, names: Sequence[str]) -> TagArray:
        """Return what is known of the tags of a commit, as an array of its own."""
        wanted = list(names)  # once: ingestion may learn more while the store writes
        if wanted != self._names:
            ids = np.zeros(len(wanted), np.int32)
            same = min(len(wanted), len(self._names))
            if wanted[:same] == self._names[:same]:  # tags were added, as usual
                ids[:same] = self._ids[:same]
            self._names, self._ids = wanted, ids
        return self._ids.copy()

    def keep(self, ids: TagArray) -> None:
        """Remember the ids of the tags that were asked for last: they are stored now."""
        self._ids = ids


class TagIds:
    """The tag ids that a commit needs; `new` collects the tags that no earlier commit had."""

    def __init__(self, known: Mapping[str, int], names: Sequence[str], ids: NDArray[np.int32]) -> None:
        self._known = known
        self._names = names
        self.ids = ids
        self.new: dict[str, int] = {}

    def of(self, tag: str) -> int:
        """Return the id of a tag, a new one for a new tag."""
        found = self._known.get(tag) or self.new.get(tag)
        if found is None:
            found = self.new[tag] = len(self._known) + len(self.new) + 1
        return found

    def take(self, indexes: Sequence[int] | NDArray[np.int64]) -> pa.Array:
        """Return the ids for a column of indexes into the commit's tags."""
        column = np.asarray(indexes, dtype=np.int64)
        found = self.ids[column]
        if not found.all():
            for index in np.unique(column[found == 0]).tolist():
                self.ids[index] = self.of(self._names[index])
            found = self.ids[column]
        return arrow(found, pa.int32())
