"""What pages above all slices ask: live plant, andon board, shift report, thread of an order."""

from cloud.kpi.queries.andon import andon
from cloud.kpi.queries.around import around
from cloud.kpi.queries.handover import shown as handover_shown
from cloud.kpi.queries.handover import versions_of
from cloud.kpi.queries.live import live_plant
from cloud.kpi.queries.report import shift_report
from cloud.kpi.queries.thread import thread_with_alarms

__all__ = [
    "andon",
    "around",
    "handover_shown",
    "live_plant",
    "shift_report",
    "thread_with_alarms",
    "versions_of",
]
