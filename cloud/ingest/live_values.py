"""The newest value of every metric told since the start, and since when it is stale."""

import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from cloud.ingest.column_points import ColumnPoints
from cloud.ingest.live_columns import LiveColumns, ToldColumns
from cloud.ingest.rows import DAY_MS, TagBook, stored_form
from cloud.timeseries.store import Sample
from wire.metric_points import points_of
from wire.quality import STALE
from wire.session_events import NodeId, Point
from wire.sparkplug import Metric

# Metrics that carry the session itself and are nobody's reading.
CONTROL: Final = ("bdSeq", "Node Control/", "Device Control/")


class LiveValues:
    """What a page shows as "now": filled on the ingest thread, read from any other.

    A death makes the values of its device (an NDEATH those of the whole node) stale: they stay to be seen,
    with quality 500 and the time of the death, until the next birth.

    Parameters
    ----------
    book
        The tags that columns name by their index.
    """

    def __init__(self, book: TagBook | None = None) -> None:
        self._book = book or TagBook()
        self._values: dict[tuple[NodeId, str], dict[str, Point]] = {}
        self._stale_ms: dict[tuple[NodeId, str], int] = {}
        # Columns are made single values when somebody looks: whoever looks first, so a lock stands before it.
        self._columns = LiveColumns()
        self._unread: set[tuple[NodeId, str]] = set()
        self._reading = threading.Lock()

    def node_born(self, node: NodeId, at_ms: int) -> None:
        """Take note that a node gave birth: its devices are stale until they are born too."""
        self.node_died(node, at_ms)
        self._stale_ms.pop((node, ""), None)

    def born(self, node: NodeId, device: str, points: Sequence[Point], now_ms: int) -> None:
        """Take over a birth, which lists every metric: one it leaves out is gone."""
        known = self._read(node, device)
        values = {point.name: known[point.name] for point in points if point.name in known}
        self._values[node, device] = values
        _update(values, points, now_ms + DAY_MS)
        self._stale_ms.pop((node, device), None)

    def heard(self, node: NodeId, device: str, points: Iterable[Point], now_ms: int) -> None:
        """Take over data; an older value and one from the future never win."""
        if isinstance(points, ColumnPoints):
            told = ToldColumns(points.tag, points.ts_ms, points.value, points.datatype)
            self.heard_columns([(node, device)], told)
            return
        self._read(node, device)
        _update(self._values.setdefault((node, device), {}), points, now_ms + DAY_MS)

    def heard_columns(self, devices: Iterable[tuple[NodeId, str]], told: ToldColumns) -> None:
        """Take over data of some devices that came as columns, none of them from the future."""
        with self._reading:
            for key in devices:
                self._values.setdefault(key, {})
                self._unread.add(key)
            self._columns.put(told)

    def _read(self, node: NodeId, device: str) -> dict[str, Point]:
        """Return the values of a device, with those that were still columns."""
        with self._reading:
            values = self._values.get((node, device), {})
            if (node, device) in self._unread:
                self._unread.discard((node, device))
                prefix = f"{node.group}/{node.node}/{device}/"
                new = self._columns.take(self._book.tags_of(prefix))
                # None of them is from the future: those do not come as columns.
                _update(values, ColumnPoints(self._book.names, len(prefix), *new))
            return values

    def device_died(self, node: NodeId, device: str, at_ms: int) -> None:
        """Make a device's values stale since plant time `at_ms`."""
        self._stale_ms.setdefault((node, device), at_ms)

    def node_died(self, node: NodeId, at_ms: int) -> None:
        """Make the values of a node and all its devices stale; who was stale before stays so since then."""
        for key in list(self._values):
            if key[0] == node:
                self._stale_ms.setdefault(key, at_ms)

    def stale_ms(self, node: NodeId, device: str) -> int | None:
        """Return since when (plant time) a device's values are stale, None while they live."""
        return self._stale_ms.get((node, device))

    def sample(self, node: NodeId, device: str, metric: str) -> Sample | None:
        """Return the value of a metric now, None when it was never told since the start."""
        point = self._read(node, device).get(metric)
        return None if point is None else _sample(point, self._stale_ms.get((node, device)))

    def point(self, node: NodeId, device: str, metric: str) -> Point | None:
        """Return the newest reading of a metric with its datatype, as it was told."""
        return self._read(node, device).get(metric)

    def of_device(self, node: NodeId, device: str) -> Mapping[str, tuple[Point, Sample]]:
        """Return every metric of a device (empty: of the node) as (reading as told, value now)."""
        stale_ms = self._stale_ms.get((node, device))
        values = self._read(node, device)
        return {name: (point, _sample(point, stale_ms)) for name, point in sorted(values.items())}


def birth_points(
    metrics: Iterable[Metric], sent_ms: int | None, now_ms: int
) -> tuple[list[Point], list[str]]:
    """Return the readings in a birth and what cannot be stored; without any time they are as of `now_ms`."""
    points, unusable = [], []
    for m in metrics:
        if m.name is None or m.name.startswith(CONTROL):
            continue
        ts_ms = next((t for t in (m.timestamp_ms, sent_ms) if t is not None), now_ms)
        found, wrong = points_of(m, m.name, m.datatype, ts_ms)
        points += found
        unusable += [wrong] if wrong else []
    return points, unusable


def _update(values: dict[str, Point], points: Iterable[Point], future_ms: float = math.inf) -> None:
    for point in points:
        known = values.get(point.name)
        if point.ts_ms <= future_ms and (known is None or known.ts_ms <= point.ts_ms):
            values[point.name] = point


def _sample(point: Point, stale_ms: int | None) -> Sample:
    value, text, is_number = stored_form(point.value)
    shown = value if text is None else (int(text) if is_number else text)
    if stale_ms is not None:
        return Sample(max(stale_ms, point.ts_ms), shown, STALE)
    return Sample(point.ts_ms, shown, point.quality)
