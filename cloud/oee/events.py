"""What OEE hears and says through the outbox, and why figures change."""

from typing import Final

from cloud.plant.events import CALENDAR_CHANGED, COUNTER_DECLARED, MINOR_STOP_SET
from cloud.production.events import IDEAL_CYCLE_CORRECTED

SHIFT_TOTALS_CHANGED: Final = "ShiftTotalsChanged"
SCRAP_CHARGED: Final = "ScrapCharged"
WORK_ORDER_RELEASED: Final = "WorkOrderReleased"
# {"scope", "at", "shift": its start or 0 without one, "verdict": "off", "met" or null, "oee", "target"}:
# what is said of the running shift; times are plant ms.
OEE_WATCHED: Final = "OeeWatched"

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
