"""Splits what was lost into categories that add up to the time OEE is of × (1 − OEE), by each policy."""

from dataclasses import dataclass, fields

from models.oee.score import Tally


@dataclass(frozen=True, slots=True)
class Losses:
    """Seconds lost by category over one tally under one policy.

    Their sum is the time that the policy's availability divides by × (1 − OEE): observed planned time, for
    Point85 with the observed breaks. `reduced_speed_s` is negative when parts came faster than the ideal
    cycle allows; the score is flagged then. `planned_downtime_s` is zero but for Point85, `rework_s` for ISO
    22400, to which a reworked part is a good one.
    """

    planned_downtime_s: float
    breakdown_s: float
    setup_s: float
    waiting_s: float
    minor_stops_s: float
    reduced_speed_s: float
    startup_rejects_s: float
    production_rejects_s: float
    rework_s: float


def losses_iso22400(tally: Tally) -> Losses:
    """The losses of a tally in seconds, as `score_iso22400` scores it.

    Stops are availability losses, minor stops and reduced speed lose effectiveness, rejects lose
    quality (ideal cycle × rejected parts). Example: 480 min planned, 80 min down of which 30 min setup, cycle
    0.5 min, 700 made, 100 rejected of which 40 at start-up: 50, 30, speed 50, rejects 30, start-up 20 min.
    """
    rejects_s = tally.ideal_all_s - tally.ideal_good_s
    return _losses(
        tally,
        ideal_s=tally.ideal_all_s,
        startup_s=tally.ideal_startup_s,
        production_rejects_s=rejects_s - tally.ideal_startup_s,
    )


def losses_vorne(tally: Tally) -> Losses:
    """The losses of a tally in seconds, as `score_vorne` scores it.

    Quality goes by plain counts of the first pass, so a rejected part and one that was reworked each cost the
    mean ideal time of all parts. Rejects of start-up have that share of the rejects that they have by ideal
    time; where no reject's ideal cycle is known, none. Example: 480 min planned, 400 min running, cycle
    0.5 min, 700 made, 100 rejected, 70 reworked: OEE = 350/480 × 530/700, rejects 50, rework 35 min.
    """
    return _by_plain_counts(tally, planned_downtime_ms=0)


def losses_point85(tally: Tally) -> Losses:
    """The losses of a tally in seconds, as `score_point85` scores it.

    As `losses_vorne`; the observed breaks, planned downtime, are lost, too. Example: 480 min of shift, of
    them 60 min of breaks and 47 min down, no part made: planned downtime 60, breakdown 47, speed 373 min.
    """
    return _by_plain_counts(tally, planned_downtime_ms=tally.break_ms)


def _by_plain_counts(tally: Tally, planned_downtime_ms: int) -> Losses:
    parts = tally.good + tally.rejected
    # Without production time or parts OEE is 0: no ideal time comes out of it, so none is lost to quality.
    ideal_s = tally.ideal_all_s if parts > 0 and tally.production_ms > 0 else 0.0
    each_s = ideal_s / parts if parts > 0 else 0.0
    rejects_s = tally.ideal_all_s - tally.ideal_good_s
    startup_s = tally.rejected * each_s * (tally.ideal_startup_s / rejects_s if rejects_s > 0 else 0.0)
    return _losses(
        tally,
        ideal_s=ideal_s,
        startup_s=startup_s,
        production_rejects_s=tally.rejected * each_s - startup_s,
        rework_s=tally.reworked * each_s,
        planned_downtime_ms=planned_downtime_ms,
    )


def _losses(
    tally: Tally,
    *,
    ideal_s: float,
    startup_s: float,
    production_rejects_s: float,
    rework_s: float = 0.0,
    planned_downtime_ms: int = 0,
) -> Losses:
    return Losses(
        planned_downtime_s=planned_downtime_ms / 1000,
        breakdown_s=tally.breakdown_ms / 1000,
        setup_s=tally.setup_ms / 1000,
        waiting_s=tally.waiting_ms / 1000,
        minor_stops_s=tally.minor_ms / 1000,
        reduced_speed_s=tally.running_ms / 1000 - ideal_s,
        startup_rejects_s=startup_s,
        production_rejects_s=production_rejects_s,
        rework_s=rework_s,
    )


def sum_s(losses: Losses) -> float:
    """All losses together in seconds."""
    return float(sum(getattr(losses, each.name) for each in fields(losses)))


def in_parts(losses: Losses, tally: Tally) -> Losses | None:
    """What each loss cost in parts: its time divided by the mean ideal cycle of the parts that were made.

    None while no part with an ideal cycle was made. The fields of `Losses` are parts here. Example: a
    breakdown of 50 min with an ideal cycle of 0.5 min cost 100 parts.
    """
    known = tally.good + tally.rejected - tally.parts_without_ideal
    if known <= 0 or tally.ideal_all_s <= 0:
        return None
    ideal_s = tally.ideal_all_s / known
    return Losses(*(getattr(losses, each.name) / ideal_s for each in fields(losses)))
