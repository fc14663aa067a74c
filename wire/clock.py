"""Plant time: one clock that every process of a plant reads alike."""

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FORM = re.compile(r"(?P<origin>[^@]+)@(?P<anchor>[^@]+)x(?P<speed>[0-9.]+)")
_ACCEPTED = (
    "<plant origin>@<real anchor>x<speed>, both times ISO 8601 with a zone and the speed in (0, 1000], "
    "for example 2026-03-02T16:00:00+08:00@2026-11-23T09:00:00+00:00x60"
)
MAX_SPEED = 1000.0


class ClockWrong(ValueError):
    """The text of a plant clock cannot be read; the message names the accepted form."""


def real_ms() -> int:
    """Milliseconds since the Unix epoch of the machine's own clock, for sessions, STATE and retention."""
    return time.time_ns() // 1_000_000


def _to_us(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class PlantClock:
    """Plant time as a straight line over real time: `plant = origin + (real - anchor) * speed`.

    Before the anchor plant time stands still at the origin. At speed 60 one real second after the anchor the
    clock shows the origin plus one minute.

    Parameters
    ----------
    origin : datetime
        Aware plant time shown at the anchor.
    anchor : datetime
        Aware real time at which plant time starts to run.
    speed : float
        Plant seconds per real second, in (0, 1000].

    Raises
    ------
    ClockWrong
        When a time has no zone or the speed is out of range.
    """

    origin: datetime
    anchor: datetime
    speed: float = 1.0

    def __post_init__(self) -> None:
        if self.origin.tzinfo is None or self.anchor.tzinfo is None:
            raise ClockWrong(f"a plant clock needs times with a zone; accepted: {_ACCEPTED}")
        if not 0.0 < self.speed <= MAX_SPEED:
            raise ClockWrong(f"a plant clock cannot run at x{self.speed:g}; accepted: {_ACCEPTED}")

    def _plant_us(self, real_us: int) -> int:
        numerator, denominator = self.speed.as_integer_ratio()
        elapsed_us = max(0, real_us - _to_us(self.anchor))
        return _to_us(self.origin) + elapsed_us * numerator // denominator

    def now(self) -> datetime:
        """Plant time of this moment, aware UTC."""
        return _EPOCH + timedelta(microseconds=self._plant_us(time.time_ns() // 1000))

    def now_ms(self) -> int:
        """Plant time of this moment, milliseconds since the Unix epoch."""
        return self._plant_us(time.time_ns() // 1000) // 1000

    def pace(self) -> float:
        """Plant seconds per real second at this moment: 0 before the anchor, the speed after it."""
        return self.speed if time.time_ns() // 1000 >= _to_us(self.anchor) else 0.0

    def to_plant(self, real: datetime) -> datetime:
        """Plant time, aware UTC, at the aware real time `real`; the origin before the anchor."""
        return _EPOCH + timedelta(microseconds=self._plant_us(_to_us(real)))

    def to_real(self, plant_ms: int) -> datetime:
        """First moment after the anchor, aware UTC, at which the clock shows at least `plant_ms`.

        A plant time at or before the origin has been shown ever since: the anchor is returned for it.
        """
        numerator, denominator = self.speed.as_integer_ratio()
        ahead_us = max(0, plant_ms * 1000 - _to_us(self.origin))
        waited_us = -(-ahead_us * denominator // numerator)  # rounded up, so that the time has come
        return _EPOCH + timedelta(microseconds=_to_us(self.anchor) + waited_us)

    def __str__(self) -> str:
        return f"{self.origin.isoformat()}@{self.anchor.isoformat()}x{self.speed!r}"


REAL_TIME = PlantClock(origin=_EPOCH, anchor=_EPOCH, speed=1.0)


def clock_from(text: str | None) -> PlantClock:
    """Plant clock written in `text`; real time at speed 1 when there is none.

    Parameters
    ----------
    text : str or None
        `<plant origin>@<real anchor>x<speed>`; `str(clock)` writes the same form.

    Raises
    ------
    ClockWrong
        Naming the accepted form.
    """
    if text is None or not text.strip():
        return REAL_TIME
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ClockWrong(f"{text!r} is not a plant clock; accepted: {_ACCEPTED}")
    try:
        return PlantClock(
            origin=datetime.fromisoformat(found["origin"].strip()),
            anchor=datetime.fromisoformat(found["anchor"].strip()),
            speed=float(found["speed"]),
        )
    except ValueError as wrong:
        raise ClockWrong(f"{text!r} is not a plant clock ({wrong}); accepted: {_ACCEPTED}") from wrong


def from_environment(environment: Mapping[str, str] | None = None) -> PlantClock:
    """Plant clock of `TAKTLINE_CLOCK`; real time when it is unset.

    Raises
    ------
    ClockWrong
        When the variable is set to something else than a plant clock.
    """
    return clock_from((os.environ if environment is None else environment).get("TAKTLINE_CLOCK"))
