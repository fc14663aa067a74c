"""Scores production from times and quantities that add up, one function for each named policy.

A `Tally` holds only sums, so figures of machines, hours and shifts aggregate by adding tallies and
scoring the sum; ratios are never averaged.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

# Above 1 by more than rounding means that the ideal cycle is wrong.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Tally:
    """Times (ms) and quantities of one machine or of many over one window.

    `observed_ms` is the planned busy time PBT: planned by the calendar and observed. It is made of
    `running_ms`, `minor_ms`, `breakdown_ms`, `setup_ms` and `waiting_ms`. `break_ms` are the observed
    breaks of the shifts and planned stops, which lie outside the planned time. `ideal_…_s` are sums of ideal
    cycle (s) × parts; parts whose ideal cycle nobody knows count in `good` and `rejected` and in
    `parts_without_ideal`, and add nothing to the ideal sums. `failures` and `setups` are stops that began in
    planned, observed time as a breakdown or a setup; `reworked` parts are among the good ones.
    """

    planned_ms: int = 0
    observed_ms: int = 0
    running_ms: int = 0
    minor_ms: int = 0
    breakdown_ms: int = 0
    setup_ms: int = 0
    waiting_ms: int = 0
    break_ms: int = 0
    good: int = 0
    rejected: int = 0
    ideal_all_s: float = 0.0
    ideal_good_s: float = 0.0
    ideal_startup_s: float = 0.0
    parts_without_ideal: int = 0
    resets: int = 0
    unknown_state_ms: int = 0
    failures: int = 0
    setups: int = 0
    reworked: int = 0

    @property
    def production_ms(self) -> int:
        """Actual production time APT: running and minor stops (ms)."""
        return self.running_ms + self.minor_ms

    @property
    def unobserved_ms(self) -> int:
        """Planned time that nobody observed, or whose state nobody knows (ms)."""
        return self.planned_ms - self.observed_ms


@dataclass(frozen=True, slots=True)
class Score:
    """Ratios of one tally; None where the denominator is zero."""

    availability: float | None
    effectiveness: float | None
    quality: float | None
    oee: float | None
    quality_plain: float | None
    coverage: float | None
    flags: tuple[str, ...]


def total(tallies: Iterable[Tally]) -> Tally:
    """The sum of the tallies: the only way to aggregate over machines or over time."""
    summed = list(tallies)
    if len(summed) == 1:
        return summed[0]
    rows = [_values_of(tally) for tally in summed]
    return Tally(*map(sum, zip(*rows, strict=True))) if rows else Tally()


def score_iso22400(tally: Tally) -> Score:
    """Availability, effectiveness, quality, OEE and coverage of a tally.

    Notes
    -----
    ISO 22400-2 (as quoted in OPC 40001-1): availability = APT/PBT, effectiveness = PRI·PQ/APT,
    quality = GQ/PQ, OEE = their product; a reworked part is a good one, its rework shows in the first pass
    yield. With several products, effectiveness = Σ(PRI·PQ)/APT and
    quality = Σ(PRI·GQ)/Σ(PRI·PQ). OEE is reckoned as Σ(PRI·GQ)/PBT, which is the product wherever all three
    factors exist, and 0 where planned time passed without a part.

    Example: PBT 420 min, APT 373 min, 19,271 parts of 1 s, 423 rejected (Vorne, Fast Guide to OEE):
    .888095 · .861081 · .978050 = .747937.

    Planned time zero gives None, not 0 or 1. Effectiveness above 1 is shown and flagged, never capped.
    """
    return Score(
        availability=_ratio(tally.production_ms, tally.observed_ms),
        effectiveness=_ratio(tally.ideal_all_s, tally.production_ms / 1000),
        quality=_ratio(tally.ideal_good_s, tally.ideal_all_s),
        oee=_ratio(tally.ideal_good_s, tally.observed_ms / 1000),
        quality_plain=_ratio(tally.good, tally.good + tally.rejected),
        coverage=_ratio(tally.observed_ms, tally.planned_ms),
        flags=_flags(tally),
    )


def score_vorne(tally: Tally) -> Score:
    """Availability, performance (as `effectiveness`), quality, OEE and coverage of a tally.

    Notes
    -----
    Quality is that of the first pass: a part that was good only after rework counts like a rejected one.
    Vorne, Fast Guide to OEE: availability = run time / planned production time (shift minus breaks),
    performance = ideal cycle × total count / run time, quality = good count / total count by plain counts,
    OEE = their product. It differs from ISO 22400 only when products of different ideal cycles are added up:
    a reject of a quick part then weighs as much as one of a slow part. The guide's example:
    .888095 · .861081 · .978050 = .747937.
    """
    return _by_plain_counts(tally, tally.observed_ms)


def score_point85(tally: Tally) -> Score:
    """Availability, performance (as `effectiveness`), quality, OEE and coverage of a tally.

    Notes
    -----
    Point85 counts planned downtime as a loss of availability, so breaks and planned stops stay in the
    denominator: with 480 min
    of shift, 60 min of breaks and 47 min down, availability = 373/480 = .777083. Quality is by plain counts,
    reworked parts left out of the good ones.
    """
    return _by_plain_counts(tally, tally.observed_ms + tally.break_ms)


def _by_plain_counts(tally: Tally, available_ms: int) -> Score:
    availability = _ratio(tally.production_ms, available_ms)
    performance = _ratio(tally.ideal_all_s, tally.production_ms / 1000)
    quality = _ratio(tally.good - tally.reworked, tally.good + tally.rejected)
    if availability is None:
        oee = None
    else:
        # Planned time that passed without a part has lost everything, whatever factor is undefined.
        oee = availability * performance * quality if performance is not None and quality is not None else 0.0
    return Score(
        availability=availability,
        effectiveness=performance,
        quality=quality,
        oee=oee,
        quality_plain=_ratio(tally.good, tally.good + tally.rejected),
        coverage=_ratio(tally.observed_ms, tally.planned_ms),
        flags=_flags(tally),
    )


def _flags(tally: Tally) -> tuple[str, ...]:
    effectiveness = _ratio(tally.ideal_all_s, tally.production_ms / 1000)
    parts = tally.good + tally.rejected
    flags = {
        "effectiveness_above_1": effectiveness is not None and effectiveness > 1 + _ROUNDING,
        "parts_without_production_time": parts > 0 and tally.production_ms == 0,
        "ideal_cycle_unknown": tally.parts_without_ideal > 0,
        "counter_reset": tally.resets > 0,
        "state_unknown": tally.unknown_state_ms > 0,
    }
    return tuple(name for name, raised in flags.items() if raised)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


_values_of: Callable[[Tally], tuple[Any, ...]] = attrgetter(*(field.name for field in fields(Tally)))
