"""Points to columns of a commit, with the quality flag that each value deserves."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.column_points import ColumnPoints
from cloud.plant.queries import Binding
from cloud.timeseries.batch_columns import BatchArrays
from cloud.timeseries.point_columns import GoodRun
from cloud.timeseries.store import BAD, FUTURE, GOOD, BatchRow, Commit, Meaning, SignalRow
from wire.commands import COMMAND_RESULT
from wire.node_metrics import PREFIX
from wire.session_events import Point
from wire.sparkplug import Value

COMMAND_ROLE: Final = "command"
_RESULT: Final = f"//{COMMAND_RESULT}"
DAY_MS: Final = 86_400_000
EXACT: Final = 2**53
# The greatest time that fits 64 bits in microseconds; later ones are stored as this one, flagged.
MAX_TS_MS: Final = 9_000_000_000_000_000
MAX_POINTS: Final = 1 << 16
_OF_GATEWAY: Final = f"//{PREFIX}"
# What each kind of flagged value should have been.
_ACCEPTED: Final = {
    "bad_quality": f"quality {GOOD} (good)",
    "null_value": "a value, or null with the quality that says why",
    "not_finite": "a finite number",
    "future_time": "a time at most a day after plant time now",
}
_SHOWN: Final = 60  # characters of a value in an example
_QUALITIES: Final = range(-(1 << 15), 1 << 15)
_PLAIN: Final = frozenset({float, int, bool})


def meanings_of(bindings: Mapping[str, Sequence[Binding]]) -> dict[str, Meaning]:
    """Return what tells the store which tags are bound: those of which any version means something."""
    found = {}
    for tag, versions in bindings.items():
        means = next((version for version in versions if not version.retired), None)
        if means is not None:
            found[tag] = Meaning(means.role, means.source, versions[0].version)
    return found


class TagBook:
    """Index of every tag heard since the start, with what it means."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.meanings: list[Meaning | None] = []
        self._index: dict[str, int] = {}
        self._bound: Mapping[str, Meaning] = {}
        self._by_device: dict[str, dict[str, int]] = {}
        self._is_bound: NDArray[np.bool_] = np.empty(0, np.bool_)

    def of_device(self, prefix: str, metrics: Iterable[str]) -> list[int]:
        """Return the indexes of metrics below `group/node/device/`."""
        known = self._by_device.setdefault(prefix, {})
        try:
            return [known[metric] for metric in metrics]
        except KeyError:
            for metric in metrics:
                if metric not in known:
                    known[metric] = self.index(prefix + metric)
            return [known[metric] for metric in metrics]

    def tags_of(self, prefix: str) -> NDArray[np.int64]:
        """Return the indexes of all metrics below `group/node/device/` heard so far; from any thread."""
        return np.array(list(self._by_device.get(prefix, {}).values()), np.int64)

    def index(self, tag: str) -> int:
        """Return the index of a tag, a new one for a new tag."""
        found = self._index.get(tag)
        if found is None:
            found = self._index[tag] = len(self.names)
            self.names.append(tag)
            self.meanings.append(self._meaning(tag))
        return found

    def bind(self, meanings: Mapping[str, Meaning]) -> None:
        """Take over what the tags mean from now on."""
        self._bound = meanings
        self._is_bound = np.empty(0, np.bool_)
        self.meanings[:] = [self._meaning(tag) for tag in self.names]

    def bound_places(self, tags: NDArray[np.int64]) -> list[int]:
        """Return the places of those tags that mean something."""
        if len(self._is_bound) != len(self.meanings):
            self._is_bound = np.array([meaning is not None for meaning in self.meanings], np.bool_)
        places: list[int] = np.flatnonzero(self._is_bound[tags]).tolist()
        return places

    def _meaning(self, tag: str) -> Meaning | None:
        if tag.endswith(_RESULT):  # of a node itself; nobody has to bind it
            return Meaning(COMMAND_ROLE, tag.removesuffix(_RESULT), 1)
        return self._bound.get(tag)


class CommitRows:
    """Collects batches into one commit.

    Parameters
    ----------
    book
        The tags.
    bad_input
        Counters of flagged values.
    """

    def __init__(self, book: TagBook, bad_input: BadInputLog) -> None:
        self._book = book
        self._bad_input = bad_input
        self.commit = Commit(tags=book.names)

    def renew(self) -> Commit:
        """Return the commit collected so far and begin an empty one."""
        done, self.commit = self.commit, Commit(tags=self._book.names)
        return done

    def add(self, batch: BatchRow, prefix: str, points: Sequence[Point], now_ms: int) -> None:
        """Add the points of a batch; `ord` is their place in it.

        Parameters
        ----------
        batch
            Identity and origin.
        prefix
            `group/node/device/`.
        points
            At most MAX_POINTS.
        now_ms
            Plant time: points more than a day later are flagged.
        """
        commit = self.commit
        number = len(commit.batches)
        commit.batches.append(batch)
        if not points:
            return
        future = now_ms + DAY_MS
        if isinstance(points, ColumnPoints):  # good and of this time, all of them
            size = np.array([len(points)], np.int64)
            commit.points.add_good(GoodRun(number, size, points.tag, points.ts_ms, points.value))
            places = self._book.bound_places(points.tag)
            self._add_signals(batch, [(place, int(points.tag[place])) for place in places], points, future)
            return
        names, times, values, qualities, _, _ = zip(*points, strict=True)
        tags = self._book.of_device(prefix, names)
        if _are_plain(values, qualities) and max(times) <= future:
            columns = commit.points
            columns.batch += [number] * len(points)
            columns.ord += range(len(points))
            columns.tag += tags
            columns.ts_ms += times
            columns.value += values
            columns.quality += qualities
        else:
            self._add_each(number, tags, points, future)
        self._add_signals(batch, enumerate(tags), points, future)

    def add_run(self, batches: BatchArrays, good: GoodRun) -> None:
        """Add batches of good points from one after the other, none of a time that is to be flagged."""
        commit = self.commit
        commit.batches.add_run(batches)
        commit.points.add_good(good)
        places = self._book.bound_places(good.tag)
        if not places:
            return
        first = np.cumsum(good.sizes) - good.sizes
        numbers = np.searchsorted(first, places, side="right") - 1
        for place, number in zip(places, numbers.tolist(), strict=True):
            tag = int(good.tag[place])
            meaning = self._book.meanings[tag]
            if meaning is None:
                continue
            batch = batches.row(number)
            self.commit.signals.append(
                SignalRow(
                    batch.stream,
                    batch.position,
                    place - int(first[number]),
                    self._book.names[tag],
                    meaning.role,
                    meaning.source,
                    int(good.ts_ms[place]),
                    float(good.value[place]),
                    None,
                    GOOD,
                )
            )

    def _add_each(self, number: int, tags: list[int], points: Sequence[Point], future: int) -> None:
        for ordinal, (tag, point) in enumerate(zip(tags, points, strict=True)):
            quality = self._judged(tag, point, future)
            ts_ms = min(point.ts_ms, MAX_TS_MS)
            value, text, is_number = stored_form(point.value)
            if text is None:
                columns = self.commit.points
                columns.value.append(value)
            else:
                texts = self.commit.texts
                texts.text.append(text)
                texts.is_number.append(is_number)
            place = self.commit.points if text is None else self.commit.texts
            place.batch.append(number)
            place.ord.append(ordinal)
            place.tag.append(tag)
            place.ts_ms.append(ts_ms)
            place.quality.append(quality)

    def _judged(self, tag: int, point: Point, future: int) -> int:
        kind = None
        quality = point.quality if point.quality in _QUALITIES else BAD
        value = point.value
        if quality != GOOD:
            kind = "bad_quality"
        elif value is None:
            kind, quality = "null_value", BAD
        elif isinstance(value, float) and not math.isfinite(value):
            kind, quality = "not_finite", BAD
        elif point.ts_ms > future:
            kind, quality = "future_time", FUTURE
        if kind is not None:
            self._note(kind, self._book.names[tag], point, future - DAY_MS)
        # A future time is flagged as such even when the value is bad too: it must never win `latest`.
        return FUTURE if point.ts_ms > future else quality

    def _note(self, kind: str, name: str, point: Point, now_ms: int) -> None:
        if point.value is None and _OF_GATEWAY in name:
            return  # what a gateway does not know of itself, such as the skew of a device without a clock
        text = repr(point.value)
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        said = f"{name} = {shown}, quality {point.quality}, at {point.ts_ms} ms"
        self._bad_input.note(kind, now_ms, f"{said}; accepted: {_ACCEPTED[kind]}")

    def _add_signals(
        self, batch: BatchRow, tags: Iterable[tuple[int, int]], points: Sequence[Point], future: int
    ) -> None:
        meanings = self._book.meanings
        for ordinal, tag in tags:
            meaning = meanings[tag]
            if meaning is None:
                continue
            point = points[ordinal]
            value, text, _ = stored_form(point.value)
            quality = point.quality if point.quality in _QUALITIES else BAD
            if point.ts_ms > future:
                quality = FUTURE
            elif (value is None and text is None) or (value is not None and not math.isfinite(value)):
                quality = BAD
            self.commit.signals.append(
                SignalRow(
                    batch.stream,
                    batch.position,
                    ordinal,
                    self._book.names[tag],
                    meaning.role,
                    meaning.source,
                    min(point.ts_ms, MAX_TS_MS),
                    value,
                    text,
                    quality,
                )
            )


def stored_form(value: Value) -> tuple[float | None, str | None, bool]:
    """Return a value as (double, text, text is a number): exactly one of the first two unless it is null."""
    if value is None:
        return None, None, False
    if isinstance(value, str):
        return None, value, False
    if isinstance(value, bytes):
        return None, value.hex(), False
    if isinstance(value, int) and abs(value) > EXACT:
        return None, str(value), True
    return float(value), None, False


def _are_plain(values: tuple[Value, ...], qualities: tuple[int, ...]) -> bool:
    """Return whether all values are good, finite numbers that a double holds exactly."""
    if not _PLAIN.issuperset(map(type, values)) or set(qualities) != {GOOD}:
        return False
    numbers: tuple[float, ...] = values  # type: ignore[assignment]  # the line above says so
    return min(numbers) >= -EXACT and max(numbers) <= EXACT and math.isfinite(math.fsum(numbers))
