"""Who ran where: which operation, order and customer a machine worked for."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from cloud.customers import queries as customers
from cloud.ingest import queries as facts
from cloud.plant import queries as plant
from cloud.plant.queries import Names
from cloud.plant.schemas import Name
from cloud.production.schemas import IdealCycleOut
from cloud.production.tables import WAITING, Operation, WorkOrder

NOBODY = Names("", "")


@dataclass(frozen=True, slots=True)
class OperationInfo:
    """An operation with the order it works for; `ideal_cycle_s` seconds per part."""

    job: int
    work_order: int
    sequence: int
    machine: str
    order_line_id: int
    order: str
    line: int
    customer: str
    customer_name: Names
    product: str
    ideal_cycle_s: float
    target: int
    good: int
    rejected: int
    status: str
    started_ms: int | None
    last_count_ms: int | None
    rework: bool = False


@dataclass(frozen=True, slots=True)
class RunsFor:
    """The order whose operation is running or next on a machine."""

    order: str
    line: int
    customer: str
    customer_name: Names
    product: str
    work_order: int
    operation: int
    job: int
    when: Literal["running", "next"]


def operations_by_job(session: Session, jobs: Collection[int]) -> dict[int, OperationInfo]:
    """Operations by job number; jobs that no released work order has are left out."""
    wanted = [job for job in set(jobs) if job]
    if not wanted:
        return {}
    return {
        found.job: found for found in _operations(session, _with_orders().where(Operation.job.in_(wanted)))
    }


def running_and_next(session: Session, machine: str, at_ms: int) -> list[RunsFor]:
    """The operation running on a machine at plant time `at_ms`, else the next one, if there is one.

    Running is what the job register bore. Next is the first operation of the machine, by work order number,
    that had not begun by then.
    """
    register = facts.points(session, "job", machine, at_ms, at_ms + 1)
    job = 0 if not register or register[-1].value is None else int(register[-1].value)
    running = _operations(session, _with_orders().where(Operation.job == job, Operation.machine == machine))
    if running:
        return [_runs_for(running[0], "running")]
    waiting = _with_orders().where(
        Operation.machine == machine,
        WorkOrder.released_ms <= at_ms,
        (Operation.status == WAITING) | (Operation.started_ms > at_ms),
    )
    following = _operations(session, waiting.order_by(Operation.work_order).limit(1))
    return [_runs_for(operation, "next") for operation in following]


def operations_at(session: Session, machine: str, limit: int) -> list[OperationInfo]:
    """The released operations of a machine, those of the newest work orders first."""
    query = _with_orders().where(Operation.machine == machine)
    return _operations(session, query.order_by(Operation.work_order.desc(), Operation.sequence).limit(limit))


def ideal_cycles(session: Session) -> list[IdealCycleOut]:
    """The ideal cycle of each product on each machine of its routing, by product and operation."""
    return [
        IdealCycleOut(
            product=product.id,
            product_name=Name(zh=product.name.zh, en=product.name.en),
            operation=step.operation,
            machine=step.machine,
            ideal_cycle_s=step.ideal_cycle_s,
        )
        for product in plant.products(session).values()
        for step in product.routing
    ]


def _with_orders() -> Select[Operation, WorkOrder]:
    return select(Operation, WorkOrder).join(WorkOrder, WorkOrder.number == Operation.work_order)


def _operations(session: Session, query: Select[Operation, WorkOrder]) -> list[OperationInfo]:
    rows = session.execute(query).all()
    known = customers.customers(session, {order.customer for _, order in rows}) if rows else {}
    return [
        OperationInfo(
            job=operation.job,
            work_order=operation.work_order,
            sequence=operation.sequence,
            machine=operation.machine,
            order_line_id=order.order_line_id,
            order=order.order_number,
            line=order.line,
            customer=order.customer,
            customer_name=known[order.customer].name if order.customer in known else NOBODY,
            product=order.product,
            ideal_cycle_s=operation.ideal_cycle_s,
            target=operation.target,
            good=operation.good,
            rejected=operation.rejected,
            status=operation.status,
            started_ms=operation.started_ms,
            last_count_ms=operation.last_count_ms,
            rework=order.rework,
        )
        for operation, order in rows
    ]


def _runs_for(found: OperationInfo, when: Literal["running", "next"]) -> RunsFor:
    return RunsFor(
        order=found.order,
        line=found.line,
        customer=found.customer,
        customer_name=found.customer_name,
        product=found.product,
        work_order=found.work_order,
        operation=found.sequence,
        job=found.job,
        when=when,
    )
