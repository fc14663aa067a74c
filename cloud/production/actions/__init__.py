"""The verbs of production: release, recount, link, bind, refresh, correct ideal cycles."""

from cloud.production.actions.bind import bind_tags, forget_reads, note_reads
from cloud.production.actions.cycles import set_ideal_cycle
from cloud.production.actions.link import link_work_order
from cloud.production.actions.recount import Recounted, forget_jobs, note_jobs, recount
from cloud.production.actions.refresh import refresh_operations, running_on
from cloud.production.actions.release import flag_rework, release_work_order, release_work_orders

__all__ = [
    "Recounted",
    "bind_tags",
    "flag_rework",
    "forget_jobs",
    "forget_reads",
    "link_work_order",
    "note_jobs",
    "note_reads",
    "recount",
    "refresh_operations",
    "release_work_order",
    "release_work_orders",
    "running_on",
    "set_ideal_cycle",
]
