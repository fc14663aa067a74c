"""What is asked about sheets."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud.manual import schemas
from cloud.manual.tables import ManualSheet
from cloud.plant import queries as plant
from cloud.plant.schemas import Name, iso
from cloud.production.queries import operations_at

JOBS_SHOWN = 40


def manual_machines(session: Session) -> list[schemas.ManualMachine]:
    """The machines that people speak for, in the order of the flow."""
    spoken_for = {row.machine_id for row in plant.current_bindings(session) if row.role == "state"}
    return [
        schemas.ManualMachine(machine=machine.id, jobs=_jobs(session, machine.id))
        for machine in plant.machines(session)
        if machine.id not in spoken_for
    ]


def _jobs(session: Session, machine: str) -> list[schemas.JobChoice]:
    return [
        schemas.JobChoice(
            job=operation.job,
            work_order=operation.work_order,
            sequence=operation.sequence,
            order=operation.order,
            customer_name=Name(zh=operation.customer_name.zh, en=operation.customer_name.en),
            product=operation.product,
            target=operation.target,
            good=operation.good,
            status=operation.status,
        )
        for operation in operations_at(session, machine, JOBS_SHOWN)
    ]


def newest_sheets(
    session: Session, machine: str, since_ms: int = 0, until_ms: int = plant.EVER_MS
) -> list[ManualSheet]:
    """The newest version of each sheet of a machine that begins in [since, until), withdrawn ones too."""
    row = ManualSheet
    newest = (
        select(row.start_ms, func.max(row.version).label("version"))
        .where(row.machine == machine, row.start_ms >= since_ms, row.start_ms < until_ms)
        .group_by(row.start_ms)
        .subquery()
    )
    query = select(row).join(newest, (row.start_ms == newest.c.start_ms) & (row.version == newest.c.version))
    return list(session.scalars(query.where(row.machine == machine).order_by(row.start_ms)))


def versions(session: Session, machine: str, start_ms: int) -> list[ManualSheet]:
    """Every version of a sheet, the newest first."""
    row = ManualSheet
    query = select(row).where(row.machine == machine, row.start_ms == start_ms)
    return list(session.scalars(query.order_by(row.version.desc())))


def sheet_out(row: ManualSheet) -> schemas.SheetOut:
    """A version as the API shows it."""
    return schemas.SheetOut(
        machine=row.machine,
        start=iso(row.start_ms),
        end=iso(row.end_ms),
        periods=[
            schemas.Period(start=iso(each["start_ms"]), end=iso(each["end_ms"]), state=each["state"])
            for each in row.periods
        ],
        runs=[
            schemas.RunIn(
                start=iso(each["start_ms"]),
                end=iso(each["end_ms"]),
                job=each["job"],
                good=each["good"],
                reject=each["reject"],
            )
            for each in row.runs
        ],
        note=row.note,
        version=row.version,
        withdrawn=row.withdrawn,
        by=row.username,
        at=iso(row.said_ms),
    )
