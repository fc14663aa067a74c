"""Says whether a figure of a shift that still runs misses its target."""

from typing import Final, Literal

from models.oee.score import Tally

Verdict = Literal["off", "met"]

LEAST_MS: Final = 30 * 60_000  # before this one stop decides everything
LEAST_COVERAGE: Final = 0.8
LEAST_REJECTS: Final = 2  # one part alone is no trend
RETURN: Final = 0.02


def verdict(
    figure: str, value: float | None, target: float, tally: Tally, *, machines: int = 1
) -> Verdict | None:
    """`off` below the target, `met` once it is left behind by the deadband, None in between or without data.

    Between the two whatever was said before holds, so that a figure about its target does not chatter. The
    deadband is two points, or half the way to 1 where that is less. A data gap is no miss: nothing is said
    before half an hour of planned time was watched of each machine (of production time for effectiveness),
    in the mean of them, or while less than 80 % of it was; nor does one reject alone miss a target of quality
    below 1. Example: target .60: .59 is off, .61 says nothing, .62 is met; target .98: .99 is met.

    Parameters
    ----------
    figure
        `oee`, `availability`, `effectiveness`, `quality` or `takt_adherence`.
    value
        What it is over the running shift so far, 0-1 (takt adherence and effectiveness may be above);
        None = undefined.
    target
        What is aimed at, 0-1.
    tally
        What the value was reckoned from, of a machine or of many.
    machines
        Of how many machines the tally is the sum.
    """
    basis_ms = tally.production_ms if figure == "effectiveness" else tally.observed_ms
    is_watched = tally.observed_ms >= LEAST_COVERAGE * tally.planned_ms
    if value is None or basis_ms < LEAST_MS * machines or not is_watched:
        return None
    if value < target:
        is_one_part = figure == "quality" and target < 1 and tally.rejected < LEAST_REJECTS
        return None if is_one_part else "off"
    deadband = RETURN if figure == "takt_adherence" else min(RETURN, (1 - target) / 2)
    # Rounding must not keep a figure from reaching its deadband.
    return "met" if value >= target + deadband - 1e-9 else None
