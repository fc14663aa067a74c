"""Tags on a conveyor past the antennas of a reader: which is read where, when and how strongly."""

import heapq
import random
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from simulators.epc import sgtin96

COMPANY, GTIN = "0614141", "80614141123458"
MINUTE_MS = 60_000
# Signal at the middle of a field, dBm, and how much it falls towards its edge.
PEAK_DBM, FALL_DB, NOISE_DB = -45, 20, 3
GHOST_DBM = (-82, -74)
# A ghost is one of so many tags that lie somewhere in the hall.
STRANGERS = 50
WEAKEST_DBM, STRONGEST_DBM = -128, 127


class FieldRead(NamedTuple):
    """One read; `at_ms` is plant time."""

    at_ms: int
    epc: str
    antenna: int
    rssi_dbm: int


class Field(Protocol):
    """What is in front of a reader."""

    def advance(self, until_ms: int) -> list[FieldRead]:
        """What is read until `until_ms`, in order, from where the last call ended."""


@dataclass(frozen=True, slots=True)
class Conveyor:
    """How a conveyor runs.

    Attributes
    ----------
    antennas : int
        It passes antennas 1, 2 … one after the other.
    tags_per_min : float
        How many tags enter.
    dwell_s : float
        How long a tag is in the field of one antenna.
    reads_per_s : float
        How often a tag is read there.
    ghosts_per_min : float
        Single weak reads of tags that lie elsewhere.
    """

    antennas: int = 2
    tags_per_min: float = 30.0
    dwell_s: float = 2.0
    reads_per_s: float = 10.0
    ghosts_per_min: float = 0.0

    def __post_init__(self) -> None:
        for name in ("antennas", "dwell_s", "reads_per_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}; accepted: above 0")
        for name in ("tags_per_min", "ghosts_per_min"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; accepted: 0 and more")


class MovingTags:
    """The tags of a conveyor; the same seed and start tell the same story.

    Attributes
    ----------
    extra_ghosts_per_s : float
        More ghosts than the conveyor has, while a fault lasts.
    """

    def __init__(self, conveyor: Conveyor, seed: int, start_ms: int) -> None:
        self._conveyor = conveyor
        self._seed = seed
        self._now_ms = start_ms
        self._start_ms = start_ms
        self._entered = 0
        self._coming: list[FieldRead] = []
        self._ghosts = random.Random(f"{seed} ghosts")
        self.extra_ghosts_per_s = 0.0

    def advance(self, until_ms: int) -> list[FieldRead]:
        """What is read until `until_ms`, in order, from where the last call ended."""
        if until_ms <= self._now_ms:
            return []
        interval_ms = MINUTE_MS / self._conveyor.tags_per_min if self._conveyor.tags_per_min else None
        while interval_ms is not None and self._start_ms + self._entered * interval_ms < until_ms:
            for read in self._passage(self._entered, self._start_ms + self._entered * interval_ms):
                heapq.heappush(self._coming, read)
            self._entered += 1
        reads = self._haunt(until_ms)
        while self._coming and self._coming[0].at_ms < until_ms:
            reads.append(heapq.heappop(self._coming))
        self._now_ms = until_ms
        return sorted(reads)

    def _passage(self, number: int, enters_ms: float) -> list[FieldRead]:
        """All reads of one tag on its way past all antennas."""
        chance = random.Random(f"{self._seed} tag {number}")
        epc = sgtin96(GTIN, COMPANY, self._seed % 1000 * 1_000_000 + number)
        step_ms = 1000 / self._conveyor.reads_per_s
        dwell_ms = self._conveyor.dwell_s * 1000
        reads = []
        for antenna in range(1, self._conveyor.antennas + 1):
            offset_ms = chance.uniform(0, step_ms)
            while offset_ms < dwell_ms:
                from_middle = abs(offset_ms / dwell_ms - 0.5) * 2
                rssi = PEAK_DBM - FALL_DB * from_middle**2 + chance.gauss(0, NOISE_DB)
                at_ms = enters_ms + (antenna - 1) * dwell_ms + offset_ms
                reads.append(FieldRead(int(at_ms), epc, antenna, _whole(rssi)))
                offset_ms += step_ms * chance.uniform(0.8, 1.2)
        return reads

    def _haunt(self, until_ms: int) -> list[FieldRead]:
        per_ms = self._conveyor.ghosts_per_min / MINUTE_MS + self.extra_ghosts_per_s / 1000
        reads: list[FieldRead] = []
        if not per_ms:
            return reads
        at_ms = self._now_ms + self._ghosts.expovariate(per_ms)
        while at_ms < until_ms:
            epc = sgtin96(GTIN, COMPANY, 999_000_000 + self._ghosts.randrange(STRANGERS))
            antenna = self._ghosts.randint(1, self._conveyor.antennas)
            reads.append(FieldRead(int(at_ms), epc, antenna, self._ghosts.randint(*GHOST_DBM)))
            at_ms += self._ghosts.expovariate(per_ms)
        return reads


def _whole(dbm: float) -> int:
    return max(WEAKEST_DBM, min(STRONGEST_DBM, round(dbm)))
