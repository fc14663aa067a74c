"""Scrap charged back to where and when it arose."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.oee.schemas import ScrapOut
from cloud.oee.tables import ScrapCharge
from cloud.plant.schemas import iso, iso_or_none
from models.oee.solve import Charge
from models.oee.timeline import Interval


def charges_of(session: Session, machines: Sequence[str], window: Interval) -> dict[str, list[Charge]]:
    """What was charged to machines in (start, end], as their records take it."""
    rows = session.execute(
        select(ScrapCharge.machine, ScrapCharge.at_ms, ScrapCharge.quantity, ScrapCharge.job)
        .where(
            ScrapCharge.machine.in_(machines),
            ScrapCharge.at_ms > window[0],
            ScrapCharge.at_ms <= window[1],
            ScrapCharge.withdrawn_ms.is_(None),
        )
        .order_by(ScrapCharge.at_ms, ScrapCharge.id)
    )
    found: dict[str, list[Charge]] = {}
    for machine, *charge in rows:
        found.setdefault(machine, []).append(Charge._make(charge))
    return found


def charges(session: Session, machines: list[str], window: Interval) -> list[ScrapOut]:
    """Every charge to the machines in (start, end], withdrawn ones too, by time."""
    rows = session.scalars(
        select(ScrapCharge)
        .where(
            ScrapCharge.machine.in_(machines), ScrapCharge.at_ms > window[0], ScrapCharge.at_ms <= window[1]
        )
        .order_by(ScrapCharge.at_ms, ScrapCharge.id)
    )
    return [shown(row) for row in rows]


def shown(row: ScrapCharge) -> ScrapOut:
    """A charge as the API shows it."""
    return ScrapOut(
        id=row.id,
        machine=row.machine,
        at=iso(row.at_ms),
        job=row.job,
        quantity=row.quantity,
        serial=row.serial,
        found_at=row.found_at,
        reason=row.reason,
        username=row.username,
        said=iso(row.said_ms),
        withdrawn_by=row.withdrawn_by,
        withdrawn=iso_or_none(row.withdrawn_ms),
    )
