"""The air of a simulated hall, and the faults that every sensor of it can show."""

import math
import random
from collections.abc import Mapping
from typing import Final, NamedTuple

from simulators.faults import FaultKind, Faults
from wire.clock import PlantClock

SENSOR_FAULTS: Final[Mapping[str, FaultKind]] = {
    "nan": FaultKind("the temperature is no number"),
    "freeze": FaultKind("the values stand still"),
    "garbage": FaultKind("so many random bytes come before each message", {"bytes": 16.0}),
    "truncate": FaultKind("messages are cut after so many bytes (0: in half)", {"bytes": 0.0}),
    "black_hole": FaultKind("nothing is said"),
    "clock_skew": FaultKind("the sensor's clock is ahead by so many seconds", {"s": 3600.0}),
}


class Air(NamedTuple):
    """What a sensor measures: its own time (plant ms), temperature in °C, relative humidity in percent."""

    ts_ms: int
    temp_c: float
    humidity: float


class Hall:
    """Air that warms and cools with a period of ten minutes, with noise; seeded.

    Parameters
    ----------
    clock : PlantClock
        Plant time.
    faults : Faults
        With the kinds of `SENSOR_FAULTS`.
    seed : int
        Chooses the noise.
    """

    def __init__(self, clock: PlantClock, faults: Faults, seed: int) -> None:
        self._clock = clock
        self._faults = faults
        self._random = random.Random(seed)
        self._frozen: Air | None = None

    def measure(self) -> Air:
        """What a sensor says now, as the faults leave it."""
        now_ms = self._clock.now_ms()
        temp_c = 22 + 3 * math.sin(2 * math.pi * now_ms / 600_000) + self._random.gauss(0, 0.05)
        air = Air(now_ms, round(temp_c, 2), round(45 + self._random.gauss(0, 0.5), 1))
        if self._faults.now("freeze"):
            self._frozen = self._frozen or air
            air = self._frozen._replace(ts_ms=now_ms)
        else:
            self._frozen = None
        if self._faults.now("nan"):
            air = air._replace(temp_c=math.nan)
        if skew := self._faults.now("clock_skew"):
            air = air._replace(ts_ms=now_ms + round(skew["s"] * 1000))
        return air

    def spoiled(self, message: bytes) -> bytes:
        """A message as it leaves the sensor; empty when it does not."""
        if self._faults.now("black_hole"):
            return b""
        if cut := self._faults.now("truncate"):
            message = message[: int(cut["bytes"]) or len(message) // 2]
        if rubbish := self._faults.now("garbage"):
            message = self._random.randbytes(int(rubbish["bytes"])) + message
        return message
