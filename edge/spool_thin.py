"""Chooses what a full spool may drop without leaving a long hole: every second batch, old ones more often."""

from collections.abc import Callable
from typing import Final

from edge.spool_file import Batch, SpoolFile
from wire.sparkplug import decode

_AT_ONCE: Final = 512
# The time that waits is cut into its older half, the older half of the rest, and so on.
_SEGMENTS: Final = 7
# A segment with so few batches of a device is left as it is.
_LEAST: Final = 16


class Thinning:
    """Goes over what waits, pass after pass, and names every second batch of each device.

    The time between the oldest batch and now is cut into its older half, the older half of the rest, and so
    on. A pass goes over one segment: the oldest that still has more than a few batches of a device. So recent
    time keeps its full resolution, old time keeps ever fewer points, and no long stretch is empty. Passes
    first take batches of samples alone (floating-point tags, coverage, what the gateway says of itself),
    which loses resolution only; when no segment has enough of these, batches with states, counters and events
    go too. The newest value of every tag is safe whatever is chosen: see `edge.spool_latest`.

    Parameters
    ----------
    is_sample : callable
        Whether an alias stands for a tag whose values may be thinned freely.
    """

    def __init__(self, is_sample: Callable[[int], bool]) -> None:
        self._is_sample = is_sample
        self._takes_events = False
        self._segment = self._found = self._after = 0

    def choose(self, file: SpoolFile, now_ms: int) -> list[Batch] | None:
        """Batches that may go now, in order, possibly none; None when no pass has found anything.

        Parameters
        ----------
        file : SpoolFile
            Inside the caller's transaction; it drops what is named here.
        now_ms : int
            Real time, ms since the Unix epoch.
        """
        oldest = file.oldest_waiting(1)
        if not oldest:
            return None
        waited_ms = now_ms - oldest[0].written_ms
        span = [now_ms - (waited_ms >> (self._segment + part)) for part in (0, 1)]
        candidates = file.waiting_after(self._after, (span[0], span[1]), _AT_ONCE)
        if not candidates:
            return self._end_pass()
        by_device: dict[int, list[Batch]] = {}
        for _, batch, device, content in candidates:
            if self._takes_events or self._has_samples_alone(content):
                by_device.setdefault(device, []).append(batch)
        least = 0 if self._found else _LEAST  # a pass that has begun goes on to the end of its segment
        chosen = sorted(
            batch for batches in by_device.values() if len(batches) > least for batch in batches[1:-1:2]
        )
        if not chosen:
            self._after = candidates[-1][0]
        return chosen

    def went(self, key: int) -> None:
        """Note that the batch of this key was dropped: the pass goes on behind it."""
        self._after = key
        self._found += 1

    def _end_pass(self) -> list[Batch] | None:
        is_fruitless, self._found, self._after = self._found == 0, 0, 0
        if not is_fruitless:
            self._segment, self._takes_events = 0, False
            return []
        self._segment += 1
        if self._segment < _SEGMENTS:
            return []
        self._segment, self._takes_events = 0, not self._takes_events
        return [] if self._takes_events else None

    def _has_samples_alone(self, content: bytes) -> bool:
        return all(self._is_sample(metric.alias or 0) for metric in decode(content).metrics)
