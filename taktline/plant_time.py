"""Plant times as text, and the clock setting of a run."""

from datetime import UTC, datetime, timedelta

from wire.clock import PlantClock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
