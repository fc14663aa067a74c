"""The newest value of every tag, kept in memory."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cloud.timeseries.duckdb_tables import LATEST
from cloud.timeseries.store import FUTURE, Sample

Row = tuple[int, int, int, int, float | None, str | None, bool, int]
Ints = NDArray[np.int64]
_NEVER = -(1 << 62)


class Newest:
    """The sample with the greatest (time, commit order) per tag id; times flagged as future never count."""

    def __init__(self) -> None:
        self._ts = np.full(1024, _NEVER, dtype=np.int64)
        self._batch = np.zeros(1024, dtype=np.int64)
        self._ord = np.zeros(1024, dtype=np.int64)
        self._value = np.zeros(1024)
        self._is_null = np.zeros(1024, dtype=np.bool_)
        self._quality = np.zeros(1024, dtype=np.int16)
        self._texts: dict[int, tuple[str, bool]] = {}

    def _grow(self, highest: int) -> None:
        missing = highest + 1 - len(self._ts)
        if missing <= 0:
            return
        more = max(missing, len(self._ts))
        self._ts = np.append(self._ts, np.full(more, _NEVER, dtype=np.int64))
        self._batch = np.append(self._batch, np.zeros(more, dtype=np.int64))
        self._ord = np.append(self._ord, np.zeros(more, dtype=np.int64))
        self._value = np.append(self._value, np.zeros(more))
        self._is_null = np.append(self._is_null, np.zeros(more, dtype=np.bool_))
        self._quality = np.append(self._quality, np.zeros(more, dtype=np.int16))

    def take(self, points: pa.Table, texts: pa.Table) -> None:
        """Learn the points of a commit, which come in the order of their batches."""
        if len(points):
            self._take_points(points)
        if len(texts):
            names = ("tag_id", "ts", "batch", "ord", "text", "is_number", "quality")
            for tag, ts, batch, ord_, text, number, quality in zip(
                *(texts.column(name).to_pylist() for name in names), strict=True
            ):
                self.learn([(tag, ts, batch, ord_, None, text, number, quality)])

    def _take_points(self, points: pa.Table) -> None:
        tag, ts = points.column("tag_id").to_numpy(), points.column("ts").to_numpy()
        quality = points.column("quality").to_numpy()
        usual = quality != FUTURE
        if usual.all():
            self._grow(int(tag.max()))
            np.maximum.at(self._ts, tag, ts)
            at = np.flatnonzero(ts == self._ts[tag])
        else:
            rows = np.flatnonzero(usual)
            self._grow(int(tag[rows].max(initial=0)))
            np.maximum.at(self._ts, tag[rows], ts[rows])
            at = rows[ts[rows] == self._ts[tag[rows]]]
        tags = tag[at]  # of rows of one tag the last one stays
        column = points.column("value")
        self._batch[tags] = points.column("batch").to_numpy()[at]
        self._ord[tags] = points.column("ord").to_numpy()[at]
        self._value[tags] = column.to_numpy()[at]
        self._is_null[tags] = column.is_null().to_numpy()[at]
        self._quality[tags] = quality[at]
        for each in self._texts.keys() & set(tags.tolist()) if self._texts else ():
            del self._texts[each]

    def learn(self, rows: Iterable[Row]) -> None:
        """Learn single samples: tag id, time in µs, batch, ord, value, text, is it a number, quality."""
        for tag, ts, batch, ord_, value, text, is_number, quality in rows:
            self._grow(tag)
            known = (int(self._ts[tag]), int(self._batch[tag]), int(self._ord[tag]))
            if quality == FUTURE or (ts, batch, ord_) < known:
                continue
            self._ts[tag], self._batch[tag], self._ord[tag] = ts, batch, ord_
            self._value[tag] = np.nan if value is None else value
            self._is_null[tag], self._quality[tag] = value is None, quality
            if text is None:
                self._texts.pop(tag, None)
            else:
                self._texts[tag] = (text, is_number)

    def _known(self, tags: Sequence[int]) -> Ints:
        asked = np.asarray(tags, dtype=np.int64)
        asked = asked[asked < len(self._ts)]
        known: Ints = asked[self._ts[asked] != _NEVER]
        return known

    def table(self, tags: Sequence[int]) -> pa.Table:
        """Return what is known of some tags, a row each, as the store keeps it."""
        at = self._known(tags)
        texts = [self._texts.get(tag, (None, False)) for tag in at.tolist()]
        columns = [
            pa.array(at.astype(np.int32)),
            pa.array(self._ts[at]),
            pa.array(self._batch[at]),
            pa.array(self._ord[at].astype(np.uint16)),
            pa.array(self._value[at], mask=self._is_null[at]),
            pa.array([text for text, _ in texts], pa.string()),
            pa.array([is_number for _, is_number in texts], pa.bool_()),
            pa.array(self._quality[at]),
        ]
        return pa.table(columns, schema=LATEST)

    def samples(self, ids: Mapping[int, str]) -> dict[str, Sample]:
        """Return the newest sample per tag; unknown tags are left out."""
        at = self._known(list(ids))
        columns = (self._ts[at] // 1000, self._value[at], self._quality[at], self._is_null[at])
        found = {}
        for tag, ts_ms, value, quality, is_null in zip(
            at.tolist(), *(column.tolist() for column in columns), strict=True
        ):
            found[ids[tag]] = Sample(ts_ms, None if is_null else value, quality)
        for tag in self._texts.keys() & ids.keys():
            text, is_number = self._texts[tag]
            ts_ms, _, quality = found[ids[tag]]
            found[ids[tag]] = Sample(ts_ms, int(text) if is_number else text, quality)
        return found

    def forget_before(self, until_us: int) -> None:
        """Forget the samples older than a time: they are not stored any more."""
        for tag in np.flatnonzero((self._ts < until_us) & (self._ts != _NEVER)).tolist():
            self._ts[tag] = _NEVER
            self._texts.pop(tag, None)
