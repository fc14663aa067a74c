"""Keeps a store in order while the cloud runs: closes hours, merges late points, drops what is too old."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from cloud.settings import Settings
from cloud.timeseries.store import Store, StoreRefused
from wire.clock import PlantClock, real_ms

log = structlog.get_logger("cloud.timeseries")

LOOKS_EVERY_S = 1.0
TRIES_AGAIN_AFTER_S = 30.0
DROPS_AGAIN_AFTER_S = 3600.0


def retention_ms(now_ms: int, months: int) -> int:
    """Return the time before which points go: the beginning (UTC) of the month that is `months` back.

    With 3 months, at any time in March everything before December 1 goes.
    """
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    number = now.year * 12 + now.month - 1 - months
    return int(datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC).timestamp() * 1000)


class Upkeep:
    """A thread that brings closed hours into their final form, in small steps with as much rest between them.

    Parameters
    ----------
    store
        The store; the thread shares it with ingest and readers.
    now_ms
        The plant clock.
    close_after_ms
        Plant time after its end during which an hour still takes points.
    months
        Full months whose points are kept beside the present one; None keeps everything.
    sums_months
        Full months whose sums by hour are kept, where the store has them; None: they go with their points.

    Attributes
    ----------
    stepped_ms
        Real time of the last step that the store took, None before the first.
    """

    def __init__(
        self,
        store: Store,
        now_ms: Callable[[], int],
        close_after_ms: int,
        months: int | None,
        *,
        sums_months: int | None = None,
    ) -> None:
        self._store, self._now_ms = store, now_ms
        self._close_after_ms, self._months, self._sums_months = close_after_ms, months, sums_months
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)
        self._is_refused = False
        self._dropped_until_ms, self._dropped_at_s = 0, 0.0
        self.stepped_ms: int | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step that runs."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        rest_s = 0.0
        while not self._stopping.wait(rest_s):
            try:
                rest_s = self.step()
            except StoreRefused as refused:
                if not self._is_refused:
                    log.error("upkeep_refused", reason=str(refused))  # noqa: TRY400  the reason says it all
                self._is_refused, rest_s = True, TRIES_AGAIN_AFTER_S
                continue
            if self._is_refused:
                log.info("upkeep_goes_on")
                self._is_refused = False

    def step(self) -> float:
        """Return the seconds to rest after one step.

        Raises
        ------
        StoreRefused
            When the store refused it.
        """
        now_ms = self._now_ms()
        self._drop(now_ms)
        began = time.monotonic()
        done = self._store.compact(now_ms - self._close_after_ms)
        took_s = time.monotonic() - began
        self.stepped_ms = real_ms()
        return took_s if done.waiting else LOOKS_EVERY_S

    def _drop(self, now_ms: int) -> None:
        if self._months is None:
            return
        until_ms = retention_ms(now_ms, self._months)
        # Points may come that are older than what was dropped, so now and then it is dropped again.
        is_due = time.monotonic() - self._dropped_at_s >= DROPS_AGAIN_AFTER_S
        if until_ms > self._dropped_until_ms or is_due:
            sums_ms = None if self._sums_months is None else retention_ms(now_ms, self._sums_months)
            dropped = self._store.drop_before(until_ms, None if sums_ms is None else min(sums_ms, until_ms))
            self._dropped_until_ms, self._dropped_at_s = until_ms, time.monotonic()
            if dropped:
                log.info("old_points_dropped", points=dropped, until_ms=until_ms)


def upkeep_of(settings: Settings, store: Store, clock: PlantClock) -> Upkeep:
    """Return who keeps a store in order as the settings say, not started yet."""
    return Upkeep(
        store,
        clock.now_ms,
        int(settings.close_after_min * 60_000),
        settings.keep_months,
        sums_months=settings.keep_sums_months,
    )
