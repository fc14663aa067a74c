"""What others ask of production: who ran where, what was counted, the thread of an order."""

from cloud.production.queries.counters import (
    Rules,
    counted_from,
    counter_rules,
    next_parts_ms,
    settled_ms,
)
from cloud.production.queries.counts import (
    JobCount,
    Links,
    counts_by_job,
    counts_by_machine,
    link_counts,
)
from cloud.production.queries.made import (
    MadeUnit,
    good_counted_at,
    good_of_job,
    jobs_of_order,
    unit_by_serial,
)
from cloud.production.queries.operations import (
    OperationInfo,
    RunsFor,
    ideal_cycles,
    operations_at,
    operations_by_job,
    running_and_next,
)
from cloud.production.queries.thread import MachineRun, order_thread, runs_for, serial, work_orders_out

__all__ = [
    "JobCount",
    "Links",
    "MachineRun",
    "MadeUnit",
    "OperationInfo",
    "Rules",
    "RunsFor",
    "counted_from",
    "counter_rules",
    "counts_by_job",
    "counts_by_machine",
    "good_counted_at",
    "good_of_job",
    "ideal_cycles",
    "jobs_of_order",
    "link_counts",
    "next_parts_ms",
    "operations_at",
    "operations_by_job",
    "order_thread",
    "running_and_next",
    "runs_for",
    "serial",
    "settled_ms",
    "unit_by_serial",
    "work_orders_out",
]
