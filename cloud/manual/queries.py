"""What is asked about sheets."""

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud.manual import schemas
from cloud.manual.tables import ManualSheet
from cloud.plant import queries as plant
from cloud.plant.schemas import Name, iso
from cloud.production.queries import operations_at

JOBS_SHOWN = 40
# What people may enter of a machine, each of it where no signal tells it.
ENTERED_ROLES = ("state", "job", "good", "reject")


def manual_machines(session: Session) -> list[schemas.ManualMachine]:
    """The machines that people speak for, in the order of the flow."""
    told: dict[str, dict[str, str]] = {}
    for row in plant.current_bindings(session):
        if row.machine_id is not None and row.role in ENTERED_ROLES:
            told.setdefault(row.machine_id, {})[row.role] = row.tag
    return [
        schemas.ManualMachine(
            machine=machine.id, jobs=_jobs(session, machine.id), signals=told.get(machine.id, {})
        )
        for machine in plant.machines(session)
        if "state" not in told.get(machine.id, {})
    ]


def signals_of(
    bound: Mapping[str, Sequence[plant.Binding]], machine: str, since_ms: int, until_ms: int
) -> dict[str, str]:
    """By what people may enter of a machine the signal that tells it at some time of [since, until).

    `bound` are the versions of each tag's binding, the newest first.
    """
    found: dict[str, str] = {}
    for tag, versions in bound.items():
        end_ms = plant.EVER_MS
        for version in versions:
            begin_ms = 0 if version.valid_from_ms is None else version.valid_from_ms
            holds_then = begin_ms < until_ms and since_ms < end_ms and not version.retired
            if holds_then and version.source == machine and version.role in ENTERED_ROLES:
                found[version.role] = tag
            end_ms = begin_ms
    return found


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
