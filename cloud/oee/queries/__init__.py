"""What others ask of OEE: figures of scopes and windows, and what they are made of."""

from cloud.oee.queries.aims import Targets, line_flows
from cloud.oee.queries.asked import (
    LONGEST_DAYS,
    LONGEST_DAYS_OF_TOTALS,
    PERIODS,
    hours,
    policy_named,
    window_between,
    window_of_period,
)
from cloud.oee.queries.explain import explain
from cloud.oee.queries.figures import ShiftFigures, oee, reckon, shift_figures
from cloud.oee.queries.groups import BY, oee_by
from cloud.oee.queries.scrap import charges
from cloud.oee.queries.shared import Moments
from cloud.oee.queries.shown import figure
from cloud.oee.queries.takt import LastStations
from cloud.plant.queries import calendar

__all__ = [
    "BY",
    "LONGEST_DAYS",
    "LONGEST_DAYS_OF_TOTALS",
    "PERIODS",
    "LastStations",
    "Moments",
    "ShiftFigures",
    "Targets",
    "calendar",
    "charges",
    "explain",
    "figure",
    "hours",
    "line_flows",
    "oee",
    "oee_by",
    "policy_named",
    "reckon",
    "shift_figures",
    "window_between",
    "window_of_period",
]
