"""Brings operations, work orders and order lines up to what has been counted."""

from collections.abc import Collection, Iterable
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud.orders import queries as orders
from cloud.orders.actions import record_progress
from cloud.production.tables import DONE, RUNNING, WAITING, JobSeen, Operation, PartCount, WorkOrder


def running_on(session: Session, machines: Collection[str]) -> set[int]:
    """Operations that are recorded as running on some machines."""
    query = select(Operation.job).where(Operation.machine.in_(machines), Operation.status == RUNNING)
    return set(session.scalars(query))


def refresh_operations(session: Session, jobs: Collection[int], moved: Collection[int]) -> None:
    """Nothing comes back; some operations follow the counts and the job register.

    An operation is `running` while the register bears its job and `done` when it has left the register;
    one that returns to the register runs again. A work order is done when all its operations are.

    Parameters
    ----------
    session
        A writing session.
    jobs
        Operations whose counts changed.
    moved
        Operations that may have entered or left the register.
    """
    counted, jobs = frozenset(jobs), {*jobs, *moved}
    operations = list(session.scalars(select(Operation).where(Operation.job.in_(jobs)))) if jobs else []
    if not operations:
        return
    before = {operation.job: (operation.good, operation.status) for operation in operations}
    totals = _totals(session, [operation.job for operation in operations])
    for operation in operations:
        good, rejected, last_ms = totals.get(operation.job, (0, 0, None))
        operation.good, operation.rejected, operation.last_count_ms = good, rejected, last_ms
    _follow_register(session, [operation for operation in operations if operation.job in moved])
    session.flush()
    # The same total may have been reached at another time: whatever was counted again is looked at again.
    stirred = [row for row in operations if row.job in counted or before[row.job] != (row.good, row.status)]
    if stirred:
        _refresh_work_orders(session, {row.work_order for row in stirred}, {row.job for row in stirred})


def _follow_register(session: Session, operations: list[Operation]) -> None:
    if not operations:
        return
    first_seen = _first_seen(session, operations)
    standing = _standing(session, {operation.machine for operation in operations})
    for operation in operations:
        operation.started_ms = first_seen.get(operation.job)
        operation.status = _status(operation, standing)


def _totals(session: Session, jobs: list[int]) -> dict[int, tuple[int, int, int]]:
    rows = session.execute(
        select(
            func.coalesce(PartCount.operation, 0),
            func.sum(PartCount.good),
            func.sum(PartCount.rejected),
            func.max(PartCount.at_ms),
        )
        .where(PartCount.operation.in_(jobs), PartCount.good + PartCount.rejected > 0)
        .group_by(PartCount.operation)
    )
    return {row[0]: (int(row[1]), int(row[2]), row[3]) for row in rows}


def _first_seen(session: Session, operations: Iterable[Operation]) -> dict[int, int]:
    machines = {operation.job: operation.machine for operation in operations}
    rows = session.execute(
        select(JobSeen.machine, JobSeen.job, JobSeen.first_ms).where(JobSeen.job.in_(machines))
    )
    return {row.job: row.first_ms for row in rows if machines[row.job] == row.machine}


def _standing(session: Session, machines: set[str]) -> dict[str, int]:
    """The job in each machine's register: the one seen last."""
    standing = {}
    for machine in machines:
        job = session.scalar(
            select(JobSeen.job)
            .where(JobSeen.machine == machine)
            .order_by(JobSeen.last_ms.desc(), JobSeen.job.desc())
            .limit(1)
        )
        if job is not None:
            standing[machine] = job
    return standing


def _status(operation: Operation, standing: dict[str, int]) -> str:
    if standing.get(operation.machine) == operation.job:
        return RUNNING
    return WAITING if operation.started_ms is None else DONE


def _refresh_work_orders(session: Session, numbers: set[int], stirred: set[int]) -> None:
    routes: dict[int, list[Operation]] = {}
    for operation in session.scalars(
        select(Operation).where(Operation.work_order.in_(numbers)).order_by(Operation.sequence)
    ):
        routes.setdefault(operation.work_order, []).append(operation)
    moved = set()
    for work_order in session.scalars(select(WorkOrder).where(WorkOrder.number.in_(numbers))):
        states = {operation.status for operation in routes[work_order.number]}
        status = DONE if states == {DONE} else WAITING if states == {WAITING} else RUNNING
        # Parts of an earlier operation move no order line once it has begun.
        is_news = work_order.status != status or routes[work_order.number][-1].job in stirred
        if is_news and not status == work_order.status == WAITING:
            moved.add((work_order.order_number, work_order.line))
        work_order.status = status
    session.flush()
    for order, line in sorted(moved):
        _report_progress(session, order, line)


def _report_progress(session: Session, order: str, line: int) -> None:
    """An order line is as far as the last operations of its work orders."""
    last = list(
        session.scalars(
            select(func.max(Operation.job))
            .join(WorkOrder, WorkOrder.number == Operation.work_order)
            .where(WorkOrder.order_number == order, WorkOrder.line == line)
            .group_by(Operation.work_order)
        )
    )
    good, at_ms = session.execute(
        select(func.sum(Operation.good), func.max(Operation.last_count_ms)).where(Operation.job.in_(last))
    ).one()
    ordered = orders.find_line(session, order, line).quantity
    if good >= ordered:
        at_ms = _reached_ms(session, last, ordered)
    if good > ordered:
        # The actual date is that of the part that completed the order, whatever was counted first.
        record_progress(session, order, line, int(ordered), at_ms)
    states = select(WorkOrder.status).where(WorkOrder.order_number == order, WorkOrder.line == line)
    has_begun = set(session.scalars(states)) != {WAITING}
    record_progress(session, order, line, int(good), at_ms, has_begun=has_begun)


def _reached_ms(session: Session, jobs: list[int], quantity: Decimal) -> int | None:
    """When the good parts of some operations reached a quantity; None when they did not."""
    counts = session.execute(
        select(PartCount.at_ms, PartCount.good)
        .where(PartCount.operation.in_(jobs), PartCount.good > 0)
        .order_by(PartCount.at_ms)
    )
    good = 0
    for at_ms, made in counts:
        good += made
        if good >= quantity:
            return at_ms
    return None
