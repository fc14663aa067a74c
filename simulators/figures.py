"""The world's own OEE arithmetic, from ledger and plant file alone.

It knows nothing of the product's own: the definitions are those of docs/architecture.md, "OEE terms", after
ISO 22400-2.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from operator import itemgetter
from typing import TypedDict

from simulators.ledger import Ledger, PartEntry
from simulators.plant_file import Plant
from simulators.shift_calendar import Interval, length_ms, merged, overlap, planned

BY_START = itemgetter(0)
LOSS_OF_STATE = {
    "breakdown": "breakdown",
    "jammed": "breakdown",
    "setup": "setup",
    "starved": "waiting",
    "blocked": "waiting",
    "idle": "waiting",
    "planned_stop": "waiting",
}


class Losses(TypedDict):
    """Seconds lost by category."""

    breakdown: float
    setup: float
    waiting: float
    minor_stops: float
    reduced_speed: float
    startup_rejects: float
    production_rejects: float


class Figures(TypedDict):
    """The figures of one machine; ratios None where their denominator is zero, times in seconds."""

    availability: float | None
    effectiveness: float | None
    quality: float | None
    oee: float | None
    coverage: float | None
    good: int
    rejected: int
    planned_s: float
    observed_planned_s: float
    production_s: float
    losses: Losses


@dataclass(frozen=True, slots=True)
class Segment:
    """One unbroken run of a state."""

    start_ms: int
    end_ms: int
    state: str


class Tally(TypedDict):
    """Parts made."""

    good: int
    rejected: int


def segments(ledger: Ledger, machine: str) -> list[Segment]:
    """The machine's states as unbroken runs over the whole record; the last one ends with the record."""
    runs: list[Segment] = []
    for entry in ledger.states.get(machine, []):
        if runs and runs[-1].state == entry.state:
            continue
        if runs:
            runs[-1] = Segment(runs[-1].start_ms, entry.ts_ms, runs[-1].state)
        runs.append(Segment(entry.ts_ms, max(ledger.through_ms, entry.ts_ms), entry.state))
    return runs


def _is_in(intervals: list[Interval], ts_ms: int) -> bool:
    i = bisect_right(intervals, ts_ms, key=BY_START) - 1
    return i >= 0 and ts_ms < intervals[i][1]


def _startup_rejects(ledger: Ledger, machine: str) -> set[int]:
    """Times of the rejects made between the end of a setup and the first good part after it."""
    marks: list[tuple[int, str]] = [
        (run.end_ms, "set up") for run in segments(ledger, machine) if run.state == "setup"
    ]
    marks += [(part.ts_ms, "good" if part.good else "reject") for part in ledger.parts.get(machine, [])]
    found: set[int] = set()
    starting = False
    for ts_ms, what in sorted(marks):
        if what == "reject" and starting:
            found.add(ts_ms)
        starting = what == "set up" or (what == "reject" and starting)
    return found


def _stop_losses(ledger: Ledger, plant: Plant, machine: str, observed: list[Interval]) -> dict[str, int]:
    """Milliseconds of observed planned time by the loss category of the stop that lies there."""
    threshold_ms = plant.machine(machine).minor_stop_s * 1000
    lost: dict[str, int] = defaultdict(int)
    for run in segments(ledger, machine):
        if run.state == "running":
            continue
        within = length_ms(overlap(observed, [(run.start_ms, run.end_ms)]))
        is_minor = run.end_ms - run.start_ms < threshold_ms
        lost["minor_stops" if is_minor else LOSS_OF_STATE[run.state]] += within
    return lost


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def machine_figures(
    ledger: Ledger,
    plant: Plant,
    machine: str,
    window: Interval,
    covered: list[Interval] | None = None,
) -> Figures:
    """The OEE figures of one machine over a window, restricted to the covered part of its planned time.

    Availability = APT/PBT, effectiveness = sum(ideal x PQ)/APT, quality = sum(ideal x GQ)/sum(ideal x PQ)
    after ISO 22400-2. Worked numbers (Vorne): 420 min planned, 47 down, 19,271 parts of 1 s, 423 rejected
    give .888095 x .861081 x .978050.

    Parameters
    ----------
    window
        Half-open, plant time in ms.
    covered
        When the machine was observed, in ms; the whole record if not given.

    Raises
    ------
    KeyError
        If the plant has no such machine.
    """
    record = [(ledger.start_ms, ledger.through_ms)]
    plan = planned(plant, *window)
    observed = overlap(plan, record if covered is None else merged(covered))
    lost = _stop_losses(ledger, plant, machine, observed)
    minor_s = lost.pop("minor_stops", 0) / 1000
    planned_s, observed_s = length_ms(plan) / 1000, length_ms(observed) / 1000
    production_s = observed_s - sum(lost.values()) / 1000
    parts = [part for part in ledger.parts.get(machine, []) if _is_in(observed, part.ts_ms)]
    rejects = [part for part in parts if not part.good]
    all_ideal_s = math.fsum(part.ideal_s for part in parts)
    good_ideal_s = math.fsum(part.ideal_s for part in parts if part.good)
    starting = _startup_rejects(ledger, machine)
    startup_s = math.fsum(part.ideal_s for part in rejects if part.ts_ms in starting)
    availability = _ratio(production_s, observed_s)
    effectiveness = _ratio(all_ideal_s, production_s)
    quality = _ratio(good_ideal_s, all_ideal_s)
    oee = None
    if availability is not None and effectiveness is not None and quality is not None:
        oee = availability * effectiveness * quality
    return Figures(
        availability=availability,
        effectiveness=effectiveness,
        quality=quality,
        oee=oee,
        coverage=_ratio(observed_s, planned_s),
        good=len(parts) - len(rejects),
        rejected=len(rejects),
        planned_s=planned_s,
        observed_planned_s=observed_s,
        production_s=production_s,
        losses=Losses(
            breakdown=lost.get("breakdown", 0) / 1000,
            setup=lost.get("setup", 0) / 1000,
            waiting=lost.get("waiting", 0) / 1000,
            minor_stops=minor_s,
            reduced_speed=production_s - minor_s - all_ideal_s,
            startup_rejects=startup_s,
            production_rejects=math.fsum(part.ideal_s for part in rejects) - startup_s,
        ),
    )


def _within(part: PartEntry, window: Interval, covered: list[Interval] | None) -> bool:
    return window[0] <= part.ts_ms < window[1] and (covered is None or _is_in(covered, part.ts_ms))


def parts_by_job(
    ledger: Ledger, window: Interval, covered: dict[str, list[Interval]] | None = None
) -> dict[tuple[str, int], Tally]:
    """Parts by (machine, job number) in a half-open window, within each machine's coverage if it is given."""
    tallies: dict[tuple[str, int], Tally] = {}
    for machine, parts in ledger.parts.items():
        observed = None if covered is None else merged(covered.get(machine, []))
        for part in parts:
            if _within(part, window, observed):
                tally = tallies.setdefault((machine, part.job), Tally(good=0, rejected=0))
                tally["good" if part.good else "rejected"] += 1
    return tallies


def parts_by_order(
    ledger: Ledger, window: Interval, covered: dict[str, list[Interval]] | None = None
) -> dict[tuple[str, str, int], Tally]:
    """Parts by (machine, order number, order line) in a half-open window, within coverage if it is given."""
    tallies: dict[tuple[str, str, int], Tally] = {}
    for machine, parts in ledger.parts.items():
        observed = None if covered is None else merged(covered.get(machine, []))
        for part in parts:
            if _within(part, window, observed):
                tally = tallies.setdefault((machine, part.order, part.line), Tally(good=0, rejected=0))
                tally["good" if part.good else "rejected"] += 1
    return tallies
