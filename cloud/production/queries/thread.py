"""A customer order followed down to machine events and units."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud.ingest import queries as facts
from cloud.orders import queries as orders
from cloud.plant import queries as plant
from cloud.plant.queries import Names
from cloud.plant.schemas import Name, iso, iso_or_none
from cloud.production import schemas
from cloud.production.tables import JobSeen, Operation, Unit, WorkOrder
from models.oee.timeline import Reading, Run, runs_of


class MachineRun(NamedTuple):
    """A machine bore a job of a work order over [start_ms, end_ms), plant time."""

    machine: str
    job: int
    start_ms: int
    end_ms: int


class _Happening(NamedTuple):
    at_ms: int
    until_ms: int | None
    machine: str
    kind: str
    detail: str


def order_thread(
    session: Session, number: str, now_ms: int, *, events: int, units: int
) -> schemas.OrderThread:
    """An order with its work orders, what happened while they ran, and their units, both newest first.

    Parameters
    ----------
    session
        A session.
    number
        Order number.
    now_ms
        Plant time, ms.
    events, units
        Most events and units of each work order; all are counted.

    Raises
    ------
    NotFound
        When there is no such order.
    """
    order = orders.order_out(session, number)
    rows = session.scalars(
        select(WorkOrder).where(WorkOrder.order_number == number).order_by(WorkOrder.number)
    ).all()
    shown = work_orders_out(session, rows)
    threads = []
    for row, work_order in zip(rows, shown, strict=True):
        happened = _happened(session, row.number, now_ms)
        threads.append(
            schemas.WorkOrderThread(
                work_order=work_order,
                events=[_event_out(happening) for happening in happened[:events]],
                events_total=len(happened),
                units=_units_out(session, row.number, units),
                units_total=session.scalar(select(func.count()).where(Unit.work_order == row.number)) or 0,
            )
        )
    return schemas.OrderThread(order=order, work_orders=threads)


def work_orders_out(session: Session, rows: Sequence[WorkOrder]) -> list[schemas.WorkOrderOut]:
    """The work orders as the API shows them, with their operations in the order of the routing."""
    products = plant.products(session, {row.product for row in rows})
    machines = {machine.id: machine.name for machine in plant.machines(session)}
    operations: dict[int, list[schemas.OperationOut]] = {row.number: [] for row in rows}
    wanted = select(Operation).where(Operation.work_order.in_(operations)).order_by(Operation.job)
    for operation in session.scalars(wanted):
        operations[operation.work_order].append(_operation_out(operation, machines[operation.machine]))
    return [
        schemas.WorkOrderOut(
            number=row.number,
            order=row.order_number,
            line=row.line,
            product=row.product,
            product_name=_name(products[row.product].name),
            quantity=row.quantity,
            status=row.status,
            rework=row.rework,
            operations=operations[row.number],
        )
        for row in rows
    ]


def serial(work_order: int | None, number: int | None, machine: str, epoch: int, ordinal: int) -> str:
    """The serial of a unit: `5001-17`, or by machine and counter while its work order is unknown."""
    if work_order is not None:
        return f"{work_order}-{number}"
    return f"{machine}-{ordinal}" if not epoch else f"{machine}-{epoch}-{ordinal}"


def _happened(session: Session, work_order: int, now_ms: int) -> list[_Happening]:
    """Job starts and machine states while a work order's operations ran, newest first."""
    happened: list[_Happening] = []
    for run in runs_for(session, work_order, now_ms):
        happened.append(_Happening(run.start_ms, None, run.machine, "job", str(run.job)))
        happened += _states(session, run, now_ms)
    return sorted(happened, key=lambda happening: (-happening.at_ms, happening.machine, happening.kind))


def runs_for(session: Session, work_order: int, now_ms: int) -> list[MachineRun]:
    """When each machine worked for a work order, as the job registers say; what still runs ends now."""
    begun = session.execute(
        select(JobSeen.machine, JobSeen.job, JobSeen.first_ms, JobSeen.last_ms)
        .join(Operation, (Operation.job == JobSeen.job) & (Operation.machine == JobSeen.machine))
        .where(Operation.work_order == work_order)
    )
    return [
        MachineRun(machine, job, run.start_ms, run.end_ms)
        for machine, job, first_ms, last_ms in begun
        for run in _job_runs(session, machine, job, (first_ms, last_ms), now_ms)
    ]


def _job_runs(
    session: Session, machine: str, job: int, seen: tuple[int, int], now_ms: int
) -> Iterable[Run[int]]:
    after = facts.next_point(session, "job", machine, seen[1])
    end_ms = max(now_ms, seen[1] + 1) if after is None else after.ts_ms
    points = facts.points(session, "job", machine, seen[0], seen[1] + 1, with_previous=False)
    readings = [Reading(point.ts_ms, int(point.value or 0)) for point in points]
    return (run for run in runs_of(readings, end_ms) if run.value == job)


def _states(session: Session, job: MachineRun, now_ms: int) -> Iterable[_Happening]:
    points = facts.points(session, "state", job.machine, job.start_ms, job.end_ms)
    readings = [Reading(point.ts_ms, point.text or "") for point in points]
    for run in runs_of(readings, job.end_ms):
        until_ms = None if run.end_ms >= now_ms else run.end_ms
        yield _Happening(max(run.start_ms, job.start_ms), until_ms, job.machine, "state", run.value)


def _units_out(session: Session, work_order: int, limit: int) -> list[schemas.UnitOut]:
    rows = session.scalars(
        select(Unit)
        .where(Unit.work_order == work_order)
        .order_by(Unit.epoch.desc(), Unit.ordinal.desc())
        .limit(limit)
    )
    return [
        schemas.UnitOut(
            serial=serial(row.work_order, row.number, row.machine, row.epoch, row.ordinal),
            made=iso(row.made_ms),
            machine=row.machine,
            work_order=row.work_order,
            epc=row.epc,
            tagged=iso_or_none(row.tagged_ms),
        )
        for row in rows
    ]


def _operation_out(row: Operation, machine_name: Names) -> schemas.OperationOut:
    return schemas.OperationOut(
        sequence=row.sequence,
        job=row.job,
        machine=row.machine,
        machine_name=_name(machine_name),
        ideal_cycle_s=row.ideal_cycle_s,
        target=row.target,
        good=row.good,
        rejected=row.rejected,
        status=row.status,
        started=iso_or_none(row.started_ms),
        last_count=iso_or_none(row.last_count_ms),
    )


def _event_out(happening: _Happening) -> schemas.ThreadEvent:
    return schemas.ThreadEvent(
        at=iso(happening.at_ms),
        until=iso_or_none(happening.until_ms),
        machine=happening.machine,
        kind=happening.kind,
        detail=happening.detail,
    )


def _name(names: Names) -> Name:
    return Name(zh=names.zh, en=names.en)
