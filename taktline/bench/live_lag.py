"""How long after it was made a part stands on the live page: the page against the world's own events."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from simulators.events import PartMade
from simulators.world import World
from taktline.bench.process_use import percentile
from taktline.client import Api, ApiRefused
from taktline.plant_time import epoch_ms

_EVERY_S: Final = 0.5
_LAST_S: Final = 10.0


class Shown:
    """The good parts of a world beside the counts of the running shift that a page shows of them.

    Parameters
    ----------
    world
        The same world as that of the plant, at the plant time from which parts are waited for.
    speed
        Plant seconds per real second.
    """

    def __init__(self, world: World, speed: float) -> None:
        self._world = world
        self._speed = speed
        self._made: dict[str, list[int]] = {machine.id: [] for machine in world.plant.machines}
        self._seen: dict[str, int] = {}
        self._shift_ms = 0
        self.lags_s: list[float] = []

    def look(self, shift_ms: int, counts: Mapping[str, int], now_ms: int) -> None:
        """Nothing comes back; parts that are shown now for the first time waited until now.

        Parameters
        ----------
        shift_ms
            When the running shift began, plant ms.
        counts
            Its good parts by machine, as they are shown.
        now_ms
            Plant time at which they were seen.
        """
        for event in self._world.advance(max(now_ms, self._world.now_ms)):
            if isinstance(event, PartMade) and event.good:
                self._made[event.source].append(event.ts_ms)
        if shift_ms != self._shift_ms:
            self._shift_ms, self._seen = shift_ms, {}
            for machine, times in self._made.items():
                self._made[machine] = [ts_ms for ts_ms in times if ts_ms > shift_ms]
        for machine, times in self._made.items():
            seen = self._seen.get(machine, 0)
            now = min(counts.get(machine, 0), len(times))
            self.lags_s += [(now_ms - ts_ms) / 1000 / self._speed for ts_ms in times[seen:now]]
            self._seen[machine] = max(seen, now)

    def waiting_s(self, now_ms: int) -> list[float]:
        """Return how long those that were never shown have been waiting, real seconds."""
        waiting = [ts for machine, times in self._made.items() for ts in times[self._seen.get(machine, 0) :]]
        return [(now_ms - ts_ms) / 1000 / self._speed for ts_ms in waiting]


class LiveLag:
    """A page that is looked at twice a second in a thread of its own, from `start` to `stop`."""

    def __init__(self, shown: Shown, api: Api, now_ms: Callable[[], int]) -> None:
        self._shown, self._api, self._now_ms = shown, api, now_ms
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live-lag", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; returns when the thread has ended."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=_LAST_S)

    def so_far(self) -> list[float]:
        """Return the lags of all parts since the last call, real seconds."""
        lags, self._shown.lags_s = self._shown.lags_s, []
        return lags + self._shown.waiting_s(self._now_ms())

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_S):
            try:
                live: Mapping[str, Any] = self._api.get("/live")
            except ApiRefused:
                continue  # what it would have shown is seen by the next look
            if live["shift_start"] is not None:
                counts = {tile["machine"]: int(tile["shift_good"]) for tile in live["tiles"]}
                self._shown.look(epoch_ms(live["shift_start"]), counts, self._now_ms())


def lag_keys(prefix: str, lags_s: Sequence[float]) -> dict[str, float | None]:
    """Return p50, p99 and the worst of lags in seconds as figures of a benchmark."""
    values = list(lags_s)
    shares = {"p50": percentile(values, 0.5), "p99": percentile(values, 0.99)}
    whole = shares | {"worst": max(values, default=None)}
    return {f"{prefix}_{name}_s": None if value is None else round(value, 2) for name, value in whole.items()}
