"""The named readings of OEE, chosen by table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from models.oee.losses import Losses, losses_iso22400, losses_point85, losses_vorne
from models.oee.score import Score, Tally, score_iso22400, score_point85, score_vorne

Category = Literal["production", "breakdown", "setup", "waiting", "minor_stops", "unplanned", "unobserved"]

RUNNING = "running"
SETUP = "setup"
UNOBSERVED = "unobserved"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Policy:
    """One reading of the standard: what a state means, which stop is minor, how a tally scores, what it lost.

    `is_minor(stop_s, threshold_s)` takes the length of the whole stop. A state that `category_of` does
    not name is unknown: its time counts as unobserved.
    """

    name: str
    category_of: Mapping[str, Category]
    is_minor: Callable[[float, float], bool]
    score: Callable[[Tally], Score]
    losses: Callable[[Tally], Losses]
    version: int = 1  # raised when the same readings would score otherwise


def _shorter(stop_s: float, threshold_s: float) -> bool:
    return stop_s < threshold_s


ISO22400 = Policy(
    name="iso22400",
    category_of={
        RUNNING: "production",
        "breakdown": "breakdown",
        "jammed": "breakdown",
        SETUP: "setup",
        "starved": "waiting",
        "blocked": "waiting",
        "idle": "waiting",
        # A machine that reports a planned stop plans nothing: only the calendar takes time out of the plan.
        "planned_stop": "waiting",
    },
    is_minor=_shorter,
    score=score_iso22400,
    losses=losses_iso22400,
)

# They part at the denominators and at what a reject weighs; what a state means is the same to all three.
VORNE = replace(ISO22400, name="vorne", score=score_vorne, losses=losses_vorne, version=2)
POINT85 = replace(ISO22400, name="point85", score=score_point85, losses=losses_point85, version=2)

POLICIES: Mapping[str, Policy] = {policy.name: policy for policy in (ISO22400, VORNE, POINT85)}
