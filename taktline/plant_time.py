"""Plant times as text, and the clock setting of a run."""

import time
from datetime import UTC, datetime, timedelta

from wire.clock import PlantClock, real_ms

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PROBE_S = 0.2


def iso(ts_ms: int) -> str:
    """Return a plant time as the API writes it, e.g. 0 → `1970-01-01T00:00:00.000Z`."""
    moment = EPOCH + timedelta(milliseconds=ts_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_ms(text: str) -> int:
    """Return an ISO time with zone as milliseconds since the epoch."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(milliseconds=1)


def clock_starting(origin_ms: int, anchor_ms: int, speed: float) -> PlantClock:
    """Return the clock that stands at the origin until the real time `anchor_ms`, then runs at `speed`."""
    return PlantClock(
        origin=EPOCH + timedelta(milliseconds=origin_ms),
        anchor=EPOCH + timedelta(milliseconds=anchor_ms),
        speed=speed,
    )


def anchor_in(quiet_s: float) -> int:
    """Return the real time, ms since the epoch, at which a run's plant time may begin.

    Parameters
    ----------
    quiet_s
        Real seconds in which all programs are up on a quiet machine; up to four times as long on one whose
        cores are shared. Time in which the plant runs before its gateways would be `unobserved`.
    """
    return real_ms() + round(1000 * quiet_s * min(4.0, max(1.0, _crowding())))


def _crowding() -> float:
    """Return how many times longer work takes now than on a core of its own, from doing some.

    The load average would also tell of what ended a minute ago, and not of what has just begun.
    """
    began_s, worked_s = time.monotonic(), time.thread_time()
    while time.thread_time() - worked_s < _PROBE_S:
        pass
    return (time.monotonic() - began_s) / _PROBE_S
