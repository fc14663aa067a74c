"""Charges scrap found downstream or days later back to the machine and the time it arose."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud.errors import Conflict, Invalid, NotFound
from cloud.identity.access import User
from cloud.identity.actions import audit
from cloud.oee.events import SCRAP_CHARGED
from cloud.oee.queries.scrap import shown
from cloud.oee.schemas import ScrapIn, ScrapOut
from cloud.oee.tables import ScrapCharge
from cloud.outbox import announce
from cloud.plant import queries as plant
from cloud.plant.schemas import iso, ms_from_iso
from cloud.production import queries as production


def charge_scrap(session: Session, wanted: ScrapIn, user: User, now_ms: int) -> ScrapOut:
    """The charge, which from now on is in the figures of the window in which the parts were made.

    Raises
    ------
    Invalid
        When it names neither a serial nor a job, or a time after plant now.
    NotFound
        When there is no such unit or machine, or the machine counted no such good part by then.
    Conflict
        When the request is known with other content, the serial was charged before, or more is charged than
        was counted as good.
    """
    known = session.scalars(select(ScrapCharge).where(ScrapCharge.request == wanted.request)).first()
    if known is not None:
        if _differs(known, wanted):
            raise Conflict(
                f"The request {wanted.request!r} is known with other content.", code="other_content"
            )
        return shown(known)
    machine, job, at_ms = _arose(session, wanted, now_ms)
    counted = production.good_counted_at(session, machine, job, at_ms)
    if counted is None:
        raise NotFound(
            f"{machine} counted no good part{f' of job {job}' if job else ''} by {iso(at_ms)}.",
            code="no_such_part",
        )
    made_ms, of_job = counted
    _check_room(session, wanted, machine, of_job)
    row = ScrapCharge(
        request=wanted.request,
        machine=machine,
        at_ms=made_ms,
        job=of_job,
        quantity=wanted.quantity,
        serial=wanted.serial,
        found_at=wanted.found_at,
        reason=wanted.reason,
        username=user.username,
        said_ms=now_ms,
    )
    session.add(row)
    session.flush()
    detail = wanted.model_dump() | {"machine": machine, "at": iso(made_ms), "job": of_job}
    audit(session, user, "oee.scrap", f"scrap/{row.id}", detail)
    announce(session, SCRAP_CHARGED, {"windows": {machine: [made_ms, made_ms + 1]}})
    return shown(row)


def _differs(known: ScrapCharge, wanted: ScrapIn) -> bool:
    """Whether a request says something else than the charge it was answered with before."""
    return (
        any(
            getattr(known, name) != getattr(wanted, name)
            for name in ("serial", "quantity", "reason", "found_at")
        )
        or wanted.machine not in {None, known.machine}
        or wanted.job not in {None, known.job}
    )


def withdraw_scrap(session: Session, number: int, user: User, now_ms: int) -> ScrapOut:
    """The charge after it was withdrawn: its parts are good again; a second time changes nothing.

    Raises
    ------
    NotFound
        When there is no such charge.
    """
    row = session.get(ScrapCharge, number)
    if row is None:
        raise NotFound(f"There is no scrap charge {number}.", code="no_such_charge")
    if row.withdrawn_ms is None:
        row.withdrawn_by, row.withdrawn_ms = user.username, now_ms
        session.flush()
        audit(session, user, "oee.scrap_withdraw", f"scrap/{number}")
        announce(session, SCRAP_CHARGED, {"windows": {row.machine: [row.at_ms, row.at_ms + 1]}})
    return shown(row)


def _arose(session: Session, wanted: ScrapIn, now_ms: int) -> tuple[str, int | None, int]:
    """Machine, job and time of what is charged; the time is of the fault, not yet of the count."""
    at_ms = ms_from_iso(wanted.at, "at") if wanted.at is not None else None
    if at_ms is not None and at_ms > now_ms:
        raise _invalid("at", f"{wanted.at} lies after plant now, {iso(now_ms)}")
    if (wanted.serial is None) == (wanted.job is None):
        raise _invalid("serial", "name either a serial or a job with a quantity")
    if wanted.serial is None:
        if wanted.machine is None:
            raise _invalid("machine", "a quantity of a job needs the machine where it arose")
        return plant.machine(session, wanted.machine).id, wanted.job, now_ms if at_ms is None else at_ms
    if wanted.quantity != 1:
        raise _invalid("quantity", "a serial is one part")
    unit = production.unit_by_serial(session, wanted.serial)
    if unit is None:
        raise NotFound(f"There is no unit {wanted.serial!r}.", code="no_such_unit")
    machine = plant.machine(session, wanted.machine or unit.machine).id
    jobs = production.jobs_of_order(session, unit.work_order)
    # A unit passes its machines before the last one counts it: a fault cannot have arisen after that.
    made_ms = unit.made_ms if at_ms is None else min(at_ms, unit.made_ms)
    return machine, jobs.get(machine), made_ms


def _check_room(session: Session, wanted: ScrapIn, machine: str, job: int) -> None:
    standing = ScrapCharge.withdrawn_ms.is_(None)
    if wanted.serial is not None:
        of_serial = select(ScrapCharge.id).where(ScrapCharge.serial == wanted.serial, standing)
        if session.scalar(of_serial.limit(1)) is not None:
            raise Conflict(f"The unit {wanted.serial!r} was charged already.", code="charged_before")
    of_job = (ScrapCharge.machine == machine, ScrapCharge.job == job, standing)
    charged = int(session.scalar(select(func.sum(ScrapCharge.quantity)).where(*of_job)) or 0)
    good = production.good_of_job(session, machine, job)
    if charged + wanted.quantity > good:
        raise Conflict(
            f"{machine} counted {good} good parts of job {job} and {charged} are charged already: "
            f"{wanted.quantity} more cannot have been among them.",
            code="more_than_made",
        )


def _invalid(where: str, message: str) -> Invalid:
    return Invalid(f"{where}: {message}", errors=[{"where": where, "message": message}])
