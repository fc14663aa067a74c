"""Splits what planned time lost into categories that add up to planned time × (1 − OEE)."""

from dataclasses import dataclass

from models.oee.score import Tally


@dataclass(frozen=True, slots=True)
class Losses:
    """Seconds lost by category over one tally.

    Their sum is observed planned time × (1 − OEE). `reduced_speed` is negative when parts came faster
    than the ideal cycle allows; the score is flagged then.
    """

    breakdown_s: float
    setup_s: float
    waiting_s: float
    minor_stops_s: float
    reduced_speed_s: float
    startup_rejects_s: float
    production_rejects_s: float


def losses_of(tally: Tally) -> Losses:
    """The losses of a tally in seconds.

    Stops are availability losses, minor stops and reduced speed lose effectiveness, rejects lose
    quality (ideal cycle × rejected parts). Example: 480 min planned, 80 min down of which 30 min setup, cycle
    0.5 min, 700 made, 100 rejected of which 40 at start-up: 50, 30, speed 50, rejects 30, start-up 20 min.
    """
    rejects_s = tally.ideal_all_s - tally.ideal_good_s
    return Losses(
        breakdown_s=tally.breakdown_ms / 1000,
        setup_s=tally.setup_ms / 1000,
        waiting_s=tally.waiting_ms / 1000,
        minor_stops_s=tally.minor_ms / 1000,
        reduced_speed_s=tally.running_ms / 1000 - tally.ideal_all_s,
        startup_rejects_s=tally.ideal_startup_s,
        production_rejects_s=rejects_s - tally.ideal_startup_s,
    )


def sum_s(losses: Losses) -> float:
    """All losses together in seconds."""
    return (
        losses.breakdown_s
        + losses.setup_s
        + losses.waiting_s
        + losses.minor_stops_s
        + losses.reduced_speed_s
        + losses.startup_rejects_s
        + losses.production_rejects_s
    )
