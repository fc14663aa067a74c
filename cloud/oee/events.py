"""What OEE hears and says through the outbox, and why figures change."""

from typing import Any, Final, NamedTuple

from cloud.plant.events import CALENDAR_CHANGED, COUNTER_DECLARED, MINOR_STOP_SET
from cloud.production.events import IDEAL_CYCLE_CORRECTED
from models.oee.aim import Verdict

SHIFT_TOTALS_CHANGED: Final = "ShiftTotalsChanged"
SCRAP_CHARGED: Final = "ScrapCharged"
WORK_ORDER_RELEASED: Final = "WorkOrderReleased"
TARGET_WATCHED: Final = "TargetWatched"  # see `watched`

FIRST: Final = "first"
LATE: Final = "late_data"
BINDING: Final = "binding"
CORRECTION: Final = "correction"
CALENDAR: Final = "calendar"
SCRAP: Final = "scrap"
WORK_ORDER: Final = "work_order"
GAP: Final = "coverage"
IDEAL_CYCLE: Final = "ideal_cycle"
MINOR_STOP: Final = "minor_stop"

# Windows of machines that events announce, with the kinds of facts that changed in them and why that is.
WINDOW_KINDS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "StateChanged": (("state", "reason"), LATE),
    "PartsCounted": (("good", "reject", "rework"), LATE),
    "JobChanged": (("job",), LATE),
    "CoverageGrew": ((), GAP),
    "DowntimeCorrected": ((), CORRECTION),
    SCRAP_CHARGED: ((), SCRAP),
}
# What people say of a machine that changes all its figures in a window, and why that is.
DECLARED: Final = {COUNTER_DECLARED: BINDING, MINOR_STOP_SET: MINOR_STOP}
HEARD: Final = frozenset(
    {*WINDOW_KINDS, WORK_ORDER_RELEASED, CALENDAR_CHANGED, IDEAL_CYCLE_CORRECTED, *DECLARED}
)


class Said(NamedTuple):
    """What is said of one figure of a scope in a shift (its start in plant ms, 0 = none), 0-1.

    A verdict of None says nothing new: what was said before in the shift holds.
    """

    shift: int = 0
    verdict: Verdict | None = None
    value: float | None = None
    target: float | None = None


def watched(scope: str, figure: str, at_ms: int, said: Said | None = None) -> dict[str, Any]:
    """The payload of `TARGET_WATCHED`; with nothing said what was said before is over."""
    return {"scope": scope, "figure": figure, "at": at_ms, **(said or Said())._asdict()}
