"""The verbs of production: release, recount, link, bind, refresh."""

from cloud.production.actions.bind import bind_tags, note_reads
from cloud.production.actions.link import link_work_order
from cloud.production.actions.recount import Recounted, note_jobs, recount
from cloud.production.actions.refresh import refresh_operations, running_on
from cloud.production.actions.release import release_work_order

__all__ = [
    "Recounted",
    "bind_tags",
    "link_work_order",
    "note_jobs",
    "note_reads",
    "recount",
    "refresh_operations",
    "release_work_order",
    "running_on",
]
