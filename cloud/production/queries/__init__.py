"""What others ask of production: who ran where, what was counted, the thread of an order."""

from cloud.production.queries.counts import (
    JobCount,
    Links,
    counts_by_job,
    counts_by_machine,
    link_counts,
)
from cloud.production.queries.operations import (
    OperationInfo,
    RunsFor,
    operations_by_job,
    running_and_next,
)
from cloud.production.queries.thread import order_thread, serial, work_orders_out

__all__ = [
    "JobCount",
    "Links",
    "OperationInfo",
    "RunsFor",
    "counts_by_job",
    "counts_by_machine",
    "link_counts",
    "operations_by_job",
    "order_thread",
    "running_and_next",
    "serial",
    "work_orders_out",
]
