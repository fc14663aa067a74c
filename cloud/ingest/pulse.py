"""How ingestion is doing: rates and commit times over the last seconds, lag per node."""

import threading
import time
from collections import deque
from dataclasses import dataclass
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
    """Five real seconds: points, the slowest commit, the greatest lag; `age_s` since they began.

    `commit_ms`, `lag_s` and `batch_points` (mean points in a batch) are None when nothing was committed;
    `queued` is the most messages that waited.
    """

    age_s: float
    points_per_s: float
    commit_ms: float | None
    lag_s: float | None
    batch_points: float | None
    queued: int


class Rates(NamedTuple):
    """Means over the last ten real seconds; the 99th percentile of the last thousand commits.

    `batch_points` is the mean number of points in a batch, None when none came; `moments` the last minutes,
    the oldest first.
    """

    points_per_s: float
    batches_per_s: float
    commit_ms_p99: float | None
    batch_points: float | None = None
    moments: tuple[Moment, ...] = ()


@dataclass(slots=True)
class _Turn:
    """A moment while it lasts; `number` counts them since the machine's start."""

    number: float
    points: int = 0
    batches: int = 0
    took_ms: float | None = None
    lag_s: float | None = None
    queued: int = 0

    def moment(self, now_s: float) -> Moment:
        return Moment(
            now_s - self.number * MOMENT_S,
            self.points / MOMENT_S,
            self.took_ms,
            self.lag_s,
            self.points / self.batches if self.batches else None,
            self.queued,
        )


class Pulse:
    """Counts commits from the ingest thread, answers from any other."""

    def __init__(self, clock: PlantClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._beats: deque[Beat] = deque(maxlen=COMMITS_KEPT)
        self._lag_s: dict[str, float] = {}
        self._position: dict[str, int] = {}
        self._turns: deque[_Turn] = deque(maxlen=MOMENTS_KEPT)

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
            turn = self._turn(now)
            turn.points += points
            turn.batches += len(batches)
            turn.took_ms = max(took_s * 1000, turn.took_ms or 0.0)
            turn.lag_s = max((lag for lag in (turn.lag_s, *lags.values()) if lag is not None), default=None)

    def waits(self, messages: int) -> None:
        """Note how many messages wait to be taken in."""
        with self._lock:
            turn = self._turn(time.monotonic())
            turn.queued = max(turn.queued, messages)

    def _turn(self, now_s: float) -> _Turn:
        number = now_s // MOMENT_S
        if not self._turns or self._turns[-1].number != number:
            self._turns.append(_Turn(number))
        return self._turns[-1]

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
            moments = tuple(turn.moment(now) for turn in self._turns)
        points, batches = sum(beat.points for beat in recent), sum(beat.batches for beat in recent)
        return Rates(
            points / WINDOW_S,
            batches / WINDOW_S,
            took[min(len(took) - 1, int(len(took) * 0.99))] if took else None,
            points / batches if batches else None,
            moments,
        )

    def position(self, node: str) -> int | None:
        """Return the position of a node's newest stored batch in its stream, None before the first."""
        with self._lock:
            return self._position.get(node)

    def lag_s(self, node: str) -> float | None:
        """Return real seconds from sending to commit of a node's newest batch, None before the first."""
        with self._lock:
            return self._lag_s.get(node)
