"""Links counts that came before their work order was known."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from cloud.production.actions.recount import GOOD, JUMP
from cloud.production.actions.units import number_units
from cloud.production.tables import Operation, PartCount, Unit


def link_work_order(session: Session, number: int) -> set[int]:
    """Operations of a work order, after the counts and units of its job numbers were linked to them."""
    operations = list(session.scalars(select(Operation).where(Operation.work_order == number)))
    for operation in operations:
        session.execute(
            update(PartCount)
            .where(
                PartCount.job == operation.job,
                PartCount.machine == operation.machine,
                PartCount.operation.is_(None),
            )
            .values(operation=operation.job)
        )
        _link_units(session, operation)
    return {operation.job for operation in operations}


def _link_units(session: Session, operation: Operation) -> None:
    counts = session.execute(
        select(PartCount.epoch, PartCount.first_value, PartCount.last_value)
        .where(
            PartCount.operation == operation.job,
            PartCount.counter == GOOD,
            PartCount.good > 0,
            ~PartCount.flags.contains(JUMP),
        )
        .order_by(PartCount.at_ms)
    ).all()
    for epoch, first_value, last_value in _ranges(counts):
        session.execute(
            update(Unit)
            .where(
                Unit.machine == operation.machine,
                Unit.epoch == epoch,
                Unit.ordinal.between(first_value, last_value),
                Unit.work_order.is_(None),
            )
            .values(work_order=operation.work_order)
        )
    first = session.execute(
        select(Unit.epoch, func.min(Unit.ordinal))
        .where(Unit.machine == operation.machine, Unit.work_order == operation.work_order)
        .group_by(Unit.epoch)
        .order_by(Unit.epoch)
        .limit(1)
    ).first()
    if first is not None:
        number_units(session, operation.machine, operation.work_order, (first[0], first[1]))


def _ranges(counts: Iterable[Any]) -> list[tuple[int, int, int]]:
    """Counts as (epoch, first, last), joined where they follow each other: mostly one range for a job."""
    ranges: list[tuple[int, int, int]] = []
    for epoch, first, last in counts:
        if ranges and ranges[-1][0] == epoch and ranges[-1][2] + 1 == first:
            ranges[-1] = (epoch, ranges[-1][1], last)
        else:
            ranges.append((epoch, first, last))
    return ranges
