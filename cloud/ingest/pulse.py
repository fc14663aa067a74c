"""How ingestion is doing: rates and commit times over the last seconds, lag per node."""

import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from cloud.timeseries.store import BatchColumns
from wire.clock import PlantClock

WINDOW_S: Final = 10.0
COMMITS_KEPT: Final = 1000
MOMENT_S: Final = 5.0
MOMENTS_KEPT: Final = 72


class Beat(NamedTuple):
    """One commit: when (monotonic), how much, how long it took."""

    at_s: float
    points: int
    batches: int
    took_ms: float


class Moment(NamedTuple):
    """Five real seconds: points, the slowest commit, the greatest lag; `age_s` since they began."""

    age_s: float
    points_per_s: float
    commit_ms: float
    lag_s: float | None


class Rates(NamedTuple):
    """Means over the last ten real seconds; the 99th percentile of the last thousand commits.

    `batch_points` is the mean number of points in a batch, None when none came; `moments` the last minutes,
    the oldest first, without those in which nothing was committed.
    """

    points_per_s: float
    batches_per_s: float
    commit_ms_p99: float | None
    batch_points: float | None = None
    moments: tuple[Moment, ...] = ()


class Pulse:
    """Counts commits from the ingest thread, answers from any other."""

    def __init__(self, clock: PlantClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._beats: deque[Beat] = deque(maxlen=COMMITS_KEPT)
        self._lag_s: dict[str, float] = {}
        self._position: dict[str, int] = {}
        self._moments: deque[list[float]] = deque(maxlen=MOMENTS_KEPT)  # turn, points, commit ms, lag

    def beat(self, batches: BatchColumns, points: int, took_s: float, committed_ms: int) -> None:
        """Count a commit that took `took_s` real seconds and was durable at real time `committed_ms`."""
        came = batches.arrays()
        sent, last = np.zeros(len(came.keys), np.int64), np.full(len(came.keys), -1)
        np.maximum.at(sent, came.key, came.sent_ms)
        last[came.key] = np.arange(len(came.key))  # of several the last one stays
        newest: dict[str, int] = {}
        positions: dict[str, int] = {}
        for place in np.argsort(last).tolist():
            if last[place] < 0:
                continue  # a stream may be named without a batch
            node = came.keys[place].node
            positions[node] = int(came.position[last[place]])
            newest[node] = max(int(sent[place]), newest.get(node, 0))
        lags = {node: self._lag(sent_ms, committed_ms) for node, sent_ms in newest.items()}
        with self._lock:
            now = time.monotonic()
            self._beats.append(Beat(now, points, len(batches), took_s * 1000))
            self._lag_s.update((node, lag) for node, lag in lags.items() if lag is not None)
            self._position.update(positions)
            self._note(now // MOMENT_S, points, took_s * 1000, lags.values())

    def _note(self, turn: float, points: int, took_ms: float, lags: Iterable[float | None]) -> None:
        if not self._moments or self._moments[-1][0] != turn:
            self._moments.append([turn, 0, 0.0, -1.0])
        moment = self._moments[-1]
        moment[1] += points
        moment[2] = max(moment[2], took_ms)
        moment[3] = max(moment[3], *(lag for lag in lags if lag is not None), -1.0)

    def _lag(self, sent_ms: int, committed_ms: int) -> float | None:
        try:
            sent_s = self._clock.to_real(sent_ms).timestamp()
        except (OverflowError, ValueError, OSError):  # a third party's idea of the time
            return None
        return max(0.0, committed_ms / 1000 - sent_s)

    def rates(self) -> Rates:
        """Return the rates now."""
        now = time.monotonic()
        with self._lock:
            recent = [beat for beat in self._beats if beat.at_s > now - WINDOW_S]
            took = sorted(beat.took_ms for beat in self._beats)
            moments = [tuple(moment) for moment in self._moments]
        points, batches = sum(beat.points for beat in recent), sum(beat.batches for beat in recent)
        return Rates(
            points / WINDOW_S,
            batches / WINDOW_S,
            took[min(len(took) - 1, int(len(took) * 0.99))] if took else None,
            points / batches if batches else None,
            tuple(
                Moment(now - turn * MOMENT_S, points / MOMENT_S, took_ms, None if lag < 0 else lag)
                for turn, points, took_ms, lag in moments
            ),
        )

    def position(self, node: str) -> int | None:
        """Return the position of a node's newest stored batch in its stream, None before the first."""
        with self._lock:
            return self._position.get(node)

    def lag_s(self, node: str) -> float | None:
        """Return real seconds from sending to commit of a node's newest batch, None before the first."""
        with self._lock:
            return self._lag_s.get(node)
