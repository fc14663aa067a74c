"""How ingestion is doing: rates and commit times over the last seconds, lag per node."""

import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

from cloud.timeseries.store import BatchRow
from wire.clock import PlantClock

WINDOW_S: Final = 10.0
COMMITS_KEPT: Final = 1000


class Beat(NamedTuple):
    """One commit: when (monotonic), how much, how long it took."""

    at_s: float
    points: int
    batches: int
    took_ms: float


class Rates(NamedTuple):
    """Means over the last ten real seconds; the 99th percentile of the last thousand commits."""

    points_per_s: float
    batches_per_s: float
    commit_ms_p99: float | None


class Pulse:
    """Counts commits from the ingest thread, answers from any other."""

    def __init__(self, clock: PlantClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._beats: deque[Beat] = deque(maxlen=COMMITS_KEPT)
        self._lag_s: dict[str, float] = {}

    def beat(self, batches: Iterable[BatchRow], points: int, took_s: float, committed_ms: int) -> None:
        """Count a commit that took `took_s` real seconds and was durable at real time `committed_ms`."""
        newest: dict[str, int] = {}
        number = 0
        for batch in batches:
            number += 1
            newest[batch.node] = max(batch.sent_ms, newest.get(batch.node, 0))
        lags = {node: self._lag(sent_ms, committed_ms) for node, sent_ms in newest.items()}
        with self._lock:
            self._beats.append(Beat(time.monotonic(), points, number, took_s * 1000))
            self._lag_s.update((node, lag) for node, lag in lags.items() if lag is not None)

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
        return Rates(
            sum(beat.points for beat in recent) / WINDOW_S,
            sum(beat.batches for beat in recent) / WINDOW_S,
            took[min(len(took) - 1, int(len(took) * 0.99))] if took else None,
        )

    def lag_s(self, node: str) -> float | None:
        """Return real seconds from sending to commit of a node's newest batch, None before the first."""
        with self._lock:
            return self._lag_s.get(node)
