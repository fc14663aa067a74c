"""What changes in OEE: totals that are marked and reckoned anew."""

from cloud.oee.actions.aims import set_line_flow, set_target
from cloud.oee.actions.mark import mark_all, mark_jobs, mark_windows
from cloud.oee.actions.refresh import TotalsKeeper
from cloud.oee.actions.scrap import charge_scrap, withdraw_scrap
from cloud.oee.actions.watch import TargetWatch

__all__ = [
    "TargetWatch",
    "TotalsKeeper",
    "charge_scrap",
    "mark_all",
    "mark_jobs",
    "mark_windows",
    "set_line_flow",
    "set_target",
    "withdraw_scrap",
]
