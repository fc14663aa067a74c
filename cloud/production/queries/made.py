"""What was made when: units by their serial, good parts by machine and job."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud.production.tables import Operation, PartCount, Unit

GOOD = "good"


@dataclass(frozen=True, slots=True)
class MadeUnit:
    """A unit of a work order: counted by the line's last machine in (made_from_ms, made_ms]."""

    machine: str
    work_order: int
    number: int
    made_ms: int


def unit_by_serial(session: Session, serial: str) -> MadeUnit | None:
    """The unit with the serial `<work order>-<n>`, None when there is none."""
    order, _, number = serial.partition("-")
    if not (order.isdecimal() and number.isdecimal() and len(order + number) < 18):  # noqa: PLR2004  64 bits
        return None
    row = session.scalars(
        select(Unit).where(Unit.work_order == int(order), Unit.number == int(number)).limit(1)
    ).first()
    return None if row is None else MadeUnit(row.machine, int(order), int(number), row.made_ms)


def good_counted_at(session: Session, machine: str, job: int | None, at_ms: int) -> tuple[int, int] | None:
    """The time and job of the last reading at or before `at_ms` in which a machine counted good parts."""
    counted = select(PartCount.at_ms, PartCount.job).where(
        PartCount.machine == machine,
        PartCount.counter == GOOD,
        PartCount.good > 0,
        PartCount.at_ms <= at_ms,
    )
    if job is not None:
        counted = counted.where(PartCount.job == job)
    row = session.execute(counted.order_by(PartCount.at_ms.desc()).limit(1)).first()
    return None if row is None else (row[0], row[1])


def good_of_job(session: Session, machine: str, job: int) -> int:
    """How many good parts a machine counted under a job."""
    counted = select(func.sum(PartCount.good)).where(
        PartCount.machine == machine, PartCount.counter == GOOD, PartCount.job == job
    )
    return int(session.scalar(counted) or 0)


def jobs_of_order(session: Session, work_order: int) -> dict[str, int]:
    """The job numbers of a work order's operations by machine."""
    rows = session.execute(select(Operation.machine, Operation.job).where(Operation.work_order == work_order))
    return {row[0]: row[1] for row in rows}
