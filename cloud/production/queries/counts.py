"""Parts by job and how many found their order."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from cloud.production.tables import Operation, PartCount, WorkOrder
from models.production.counts import AMBIGUOUS


@dataclass(frozen=True, slots=True)
class JobCount:
    """Parts of one machine under one job number; order and line are None while the job is unknown."""

    machine: str
    job: int
    order: str | None
    line: int | None
    good: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Links:
    """Parts with an operation, without one, and those whose reading spanned a change of the job."""

    linked: int
    unlinked: int
    ambiguous: int


def counts_by_job(session: Session, start_ms: int, end_ms: int) -> list[JobCount]:
    """Parts counted in [start, end) by machine and job number, in that order."""
    rows = session.execute(
        select(
            PartCount.machine,
            PartCount.job,
            func.max(WorkOrder.order_number),
            func.max(WorkOrder.line),
            func.sum(PartCount.good),
            func.sum(PartCount.rejected),
        )
        .outerjoin(Operation, Operation.job == PartCount.operation)
        .outerjoin(WorkOrder, WorkOrder.number == Operation.work_order)
        .where(PartCount.at_ms >= start_ms, PartCount.at_ms < end_ms)
        .group_by(PartCount.machine, PartCount.job)
        .having(func.sum(PartCount.good + PartCount.rejected) > 0)
        .order_by(PartCount.machine, PartCount.job)
    )
    return [
        JobCount(machine, job, order, line, int(good), int(rejected))
        for machine, job, order, line, good, rejected in rows
    ]


def counts_by_machine(session: Session, start_ms: int, end_ms: int) -> dict[str, tuple[int, int]]:
    """Good and rejected parts counted in [start, end) by machine; machines without any are left out."""
    rows = session.execute(
        select(PartCount.machine, func.sum(PartCount.good), func.sum(PartCount.rejected))
        .where(PartCount.at_ms >= start_ms, PartCount.at_ms < end_ms)
        .group_by(PartCount.machine)
    )
    return {machine: (int(good), int(rejected)) for machine, good, rejected in rows}


def link_counts(session: Session, start_ms: int, end_ms: int) -> Links:
    """Parts counted in [start, end), good and rejected, with and without an operation."""
    parts = PartCount.good + PartCount.rejected
    within = (PartCount.at_ms >= start_ms) & (PartCount.at_ms < end_ms)

    def total(condition: ColumnElement[bool]) -> int:
        return int(session.scalar(select(func.sum(parts)).where(within, condition)) or 0)

    return Links(
        linked=total(PartCount.operation.is_not(None)),
        unlinked=total(PartCount.operation.is_(None)),
        ambiguous=total(PartCount.flags.contains(AMBIGUOUS)),
    )
