"""Says whether the OEE of a shift that still runs misses its target."""

from typing import Final, Literal

from models.oee.policies import ISO22400, Policy
from models.oee.score import Tally

Verdict = Literal["off", "met"]

LEAST_OBSERVED_MS: Final = 30 * 60_000  # before this one stop decides everything
LEAST_COVERAGE: Final = 0.8
RETURN: Final = 0.02


def verdict(tally: Tally, target: float, policy: Policy = ISO22400, *, machines: int = 1) -> Verdict | None:
    """`off` below the target, `met` from two points above it on (at most 1), None in between or without data.

    Between the two whatever was said before holds, so that a figure about its target does not chatter. A data
    gap is no miss: nothing is said before half an hour of planned time was watched of each machine, in the
    mean of them, or while less than 80 % of it was. Example: target .60: .59 is off, .61 says nothing, .62 is
    met.

    Parameters
    ----------
    tally
        Of the running shift so far, of a machine or of many.
    target
        OEE aimed at, 0-1.
    policy
        How the tally scores.
    machines
        Of how many machines the tally is the sum.
    """
    score = policy.score(tally)
    is_early = tally.observed_ms < LEAST_OBSERVED_MS * machines
    if is_early or (score.coverage or 0) < LEAST_COVERAGE or score.oee is None:
        return None
    if score.oee < target:
        return "off"
    return "met" if score.oee >= min(target + RETURN, 1.0) else None
