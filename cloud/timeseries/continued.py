"""Reads a tag through the addresses it had before: renamed, moved, retyped, or of a replaced gateway.

Points stay where they were stored. A `Join` says that from a time on a new address goes on with what an old
one told; reading the new address gives the old one's points before that time, and its own from it on.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from cloud.timeseries.converted import AS_IT_IS, Conversion
from cloud.timeseries.spans import Spans, chain, windows
from cloud.timeseries.store import FUTURE, GOOD, Sample, Window
from cloud.timeseries.tag_search import tags_with

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MINUTE_MS = 60_000
# What is looked for beside a join is mostly near it: a longer stretch is asked only when a shorter is empty.
_REACHES = ((HOUR_MS, MINUTE_MS), (DAY_MS, HOUR_MS), (40 * DAY_MS, DAY_MS))
_ALL_MS = 1000 * DAY_MS
# Two reads of a chain this long are quick; nobody renames a signal more often.
MOST_PIECES = 50


class Readings(Protocol):
    """What readers of history ask a store, by method; see `Store`."""

    def latest(self, tags: Sequence[str]) -> Mapping[str, Sample]:
        """Return the value with the greatest time per tag."""
        ...

    def raw(self, tag: str, since_ms: int, until_ms: int) -> list[Sample]:
        """Return the points of a tag sorted by time."""
        ...

    def aggregate(self, tag: str, since_ms: int, until_ms: int, window_ms: int) -> list[Window]:
        """Return windows over the good values of a tag."""
        ...

    def state_durations(self, tag: str, since_ms: int, until_ms: int) -> Mapping[float, int]:
        """Return milliseconds per good value."""
        ...

    def tags(self, contains: str, after: str | None, limit: int) -> list[str]:
        """Return tags in the order of their names."""
        ...


class Join(NamedTuple):
    """From plant time `at_ms` on `new` goes on with what `old` told; `conversion` reads old values."""

    old: str
    new: str
    at_ms: int
    conversion: Conversion = AS_IT_IS


class Piece(NamedTuple):
    """The points of one address in [since, until), as they read today."""

    tag: str
    since_ms: int | None  # None: from the first
    until_ms: int | None  # None: to the newest
    conversion: Conversion

    def clipped(self, since_ms: int, until_ms: int) -> tuple[int, int]:
        """Return the part of [since_ms, until_ms) that this piece tells; empty when the end is not after."""
        a = since_ms if self.since_ms is None else max(since_ms, self.since_ms)
        b = until_ms if self.until_ms is None else min(until_ms, self.until_ms)
        return a, b


def lineage(tag: str, joins: Mapping[str, Sequence[Join]]) -> list[Piece]:
    """Return the addresses that told a tag, the oldest first; one that was never joined has one piece.

    `joins` holds them by their new address. Times fall strictly on the way back, so a tag that went elsewhere
    and came back is read as it was.
    """
    pieces: list[Piece] = []
    until_ms: int | None = None
    conversion = AS_IT_IS
    while len(pieces) < MOST_PIECES:
        before = [j for j in joins.get(tag, ()) if until_ms is None or j.at_ms < until_ms]
        if not before:
            break
        join = max(before, key=lambda j: j.at_ms)
        pieces.append(Piece(tag, join.at_ms, until_ms, conversion))
        tag, until_ms, conversion = join.old, join.at_ms, join.conversion.then(conversion)
    pieces.append(Piece(tag, None, until_ms, conversion))
    return pieces[::-1]


class Continued:
    """A store whose tags go on where others ended; for reading alone.

    Parameters
    ----------
    store
        Where points stand by the address under which they came.
    joins
        Which address goes on with which.
    """

    def __init__(self, store: Readings, joins: Sequence[Join]) -> None:
        self._store = store
        self._joins: dict[str, list[Join]] = {}
        for join in joins:
            self._joins.setdefault(join.new, []).append(join)

    def pieces(self, tag: str) -> list[Piece]:
        """Return the addresses that told a tag, the oldest first."""
        return lineage(tag, self._joins)

    def tags(self, contains: str, after: str | None, limit: int) -> list[str]:
        """Return tags with stored points, those included that have points of an earlier address alone."""
        found = self._store.tags(contains, after, limit)
        more = tags_with(self._joins, contains, after, limit)
        told = [tag for tag in more if tag not in found and self.latest([tag])]
        return sorted({*found, *told})[:limit]

    def latest(self, tags: Sequence[str]) -> Mapping[str, Sample]:
        """Return the value with the greatest time per tag, an earlier address's while it has none yet."""
        found = dict(self._store.latest(tags))
        for tag in tags:
            if tag in self._joins:
                found.pop(tag, None)
                newest = self._newest(self.pieces(tag))
                if newest is not None:
                    found[tag] = newest
        return found

    def _newest(self, pieces: list[Piece]) -> Sample | None:
        for piece in reversed(pieces):
            sample = self._store.latest([piece.tag]).get(piece.tag)
            if sample is None or (piece.since_ms is not None and sample.ts_ms < piece.since_ms):
                continue
            if piece.until_ms is not None and sample.ts_ms >= piece.until_ms:
                # The old address went on speaking: what it said last before the join.
                sample = self._newest_raw(piece, piece.until_ms)
            if sample is not None:
                return piece.conversion.sample(sample)
        return None

    def _newest_raw(self, piece: Piece, until_ms: int) -> Sample | None:
        for reach_ms, _ in _REACHES:
            since_ms = max(piece.since_ms or 0, until_ms - reach_ms)
            told = [p for p in self._store.raw(piece.tag, since_ms, until_ms) if p.quality != FUTURE]
            if told:
                return told[-1]
        return None

    def raw(self, tag: str, since_ms: int, until_ms: int) -> list[Sample]:
        """Return the points of a tag sorted by time, each in the form of the newest address."""
        if tag not in self._joins:
            return self._store.raw(tag, since_ms, until_ms)
        return [point for piece in self.pieces(tag) for point in self._raw(piece, since_ms, until_ms)]

    def _raw(self, piece: Piece, since_ms: int, until_ms: int) -> list[Sample]:
        a, b = piece.clipped(since_ms, until_ms)
        found = self._store.raw(piece.tag, a, b) if a < b else []
        if piece.conversion == AS_IT_IS:
            return found
        return [piece.conversion.sample(point) for point in found]

    def aggregate(self, tag: str, since_ms: int, until_ms: int, window_ms: int) -> list[Window]:
        """Return windows aligned to the epoch as if all points had come under one address.

        Windows that a join cuts, and the first with a value after one, are put together here; all others are
        the store's own answer.
        """
        pieces = self.pieces(tag)
        if len(pieces) == 1:
            return self._store.aggregate(tag, since_ms, until_ms, window_ms)
        found: dict[int, Window] = {}
        again: set[int] = set()
        for piece in pieces:
            a, b = piece.clipped(since_ms, until_ms)
            if a >= b:
                continue
            again |= {edge // window_ms * window_ms for edge in (a, b) if since_ms < edge < until_ms}
            told = self._windows(piece, a, b, window_ms)
            # What stood before the piece was told elsewhere; a table of values does not look before.
            if told and (piece.since_ms is not None or piece.conversion.values is not None):
                again.add(told[0].start_ms)
            found |= {window.start_ms: window for window in told}
        for start_ms in again & found.keys():
            a, b = max(start_ms, since_ms), min(start_ms + window_ms, until_ms)
            spans = chain([self._spans(piece, a, b, window_ms) for piece in pieces])
            (found[start_ms],) = windows(spans, self._standing(pieces, a), a, b, window_ms)
        return [found[start_ms] for start_ms in sorted(found)]

    def state_durations(self, tag: str, since_ms: int, until_ms: int) -> Mapping[float, int]:
        """Return milliseconds per good value, each holding until the next one, also across a join."""
        pieces = self.pieces(tag)
        if len(pieces) == 1:
            return self._store.state_durations(tag, since_ms, until_ms)
        found: dict[float, int] = {}
        held = self._standing(pieces, since_ms)
        for piece in pieces:
            a, b = piece.clipped(since_ms, until_ms)
            if a >= b:
                continue
            first_ms = self._first_good(piece, a, b)
            if held is not None:
                found[held] = found.get(held, 0) + (b if first_ms is None else first_ms) - a
            if first_ms is not None:
                for value, length in self._durations(piece, first_ms, b).items():
                    found[value] = found.get(value, 0) + length
                held = self._last_good(piece, first_ms, b)
        return {value: length for value, length in found.items() if length > 0}

    # One piece.

    def _windows(self, piece: Piece, since_ms: int, until_ms: int, window_ms: int) -> list[Window]:
        if piece.conversion.values is None:
            told = self._store.aggregate(piece.tag, since_ms, until_ms, window_ms)
            return [piece.conversion.window(window) for window in told]
        return windows(self._points(piece, since_ms, until_ms), None, since_ms, until_ms, window_ms)

    def _durations(self, piece: Piece, since_ms: int, until_ms: int) -> Mapping[float, int]:
        if piece.conversion.values is None:
            told = self._store.state_durations(piece.tag, since_ms, until_ms)
            return {piece.conversion.number(value): length for value, length in told.items()}
        points = self._points(piece, since_ms, until_ms)
        ends = np.append(points.first_ms[1:], until_ms)
        found: dict[float, int] = {}
        for value, start, end in zip(
            points.last.tolist(), points.first_ms.tolist(), ends.tolist(), strict=True
        ):
            found[value] = found.get(value, 0) + end - start
        return found

    def _points(self, piece: Piece, since_ms: int, until_ms: int) -> Spans:
        """Return the good numbers of a piece, each a stretch of its own."""
        told = [(p.ts_ms, p.value) for p in self._raw(piece, since_ms, until_ms) if is_good_number(p)]
        return Spans.of_points(
            np.array([ts for ts, _ in told], np.int64), np.array([float(v or 0) for _, v in told], np.float64)
        )

    def _spans(self, piece: Piece, since_ms: int, until_ms: int, window_ms: int) -> Spans:
        """Return what a piece tells inside one window as one stretch, which ends where the piece does."""
        a, b = piece.clipped(since_ms, until_ms)
        first_ms = self._first_good(piece, a, b) if a < b else None
        if first_ms is None:
            return Spans.none()
        # From a good value on nothing that stood before it has any weight.
        (w,) = self._windows(piece, first_ms, b, window_ms)
        total, area = w.mean * w.good, w.time_weighted * (b - first_ms)
        columns = (first_ms, b, w.good, w.minimum, w.maximum, total, w.first, w.last, area)
        return Spans._make(np.array([value]) for value in columns)

    def _standing(self, pieces: Sequence[Piece], at_ms: int) -> float | None:
        """Return the good value that held when `at_ms` came, None when there was none."""
        for piece in reversed(pieces):
            a, b = piece.clipped(0, at_ms)
            found = self._last_good(piece, a, b) if a < b else None
            if found is not None:
                return found
        return None

    def _last_good(self, piece: Piece, since_ms: int, until_ms: int) -> float | None:
        for reach_ms, width_ms in (*_REACHES, (until_ms - since_ms, _ALL_MS)):
            told = self._windows(piece, max(since_ms, until_ms - reach_ms), until_ms, width_ms)
            if told:
                return told[-1].last
        return None

    def _first_good(self, piece: Piece, since_ms: int, until_ms: int) -> int | None:
        """Return the time of the first good number in [since, until)."""
        for reach_ms, width_ms in (*_REACHES, (until_ms - since_ms, DAY_MS)):
            told = self._windows(piece, since_ms, min(until_ms, since_ms + reach_ms), width_ms)
            if told:
                return self._first_in(piece, (max(since_ms, told[0].start_ms), until_ms), width_ms)
        return None

    def _first_in(self, piece: Piece, stretch: tuple[int, int], width_ms: int) -> int | None:
        """Return the time of the first good number in the window that begins the stretch."""
        since_ms, until_ms = stretch
        until_ms = min(until_ms, since_ms // width_ms * width_ms + width_ms)
        while width_ms > MINUTE_MS:
            width_ms //= 60 if width_ms <= HOUR_MS else 24
            first = self._windows(piece, since_ms, until_ms, width_ms)[0]
            since_ms = max(since_ms, first.start_ms)
            until_ms = min(until_ms, first.start_ms + width_ms)
        return next(p.ts_ms for p in self._raw(piece, since_ms, until_ms) if is_good_number(p))


def is_good_number(point: Sample) -> bool:
    """Return whether a point stands in windows: good, finite, a number that a double holds."""
    return point.quality == GOOD and isinstance(point.value, float) and bool(np.isfinite(point.value))
