"""Corrects ideal cycles, in the routing and in jobs that were released with the old one."""

from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cloud.identity.access import User
from cloud.identity.actions import audit
from cloud.outbox import announce
from cloud.plant.actions import set_routing_cycle
from cloud.production.events import IDEAL_CYCLE_CORRECTED
from cloud.production.schemas import IdealCycleIn
from cloud.production.tables import WAITING, Operation, WorkOrder

AT_ONCE: Final = 200  # work orders of one event


def set_ideal_cycle(session: Session, wanted: IdealCycleIn, user: User) -> None:
    """Nothing comes back; the routing and the jobs that `wanted` names have the ideal cycle.

    Raises
    ------
    NotFound
        When the product has no such operation.
    """
    before = set_routing_cycle(session, wanted.product, wanted.operation, wanted.ideal_cycle_s)
    of_product = select(WorkOrder.number).where(WorkOrder.product == wanted.product)
    jobs = [
        Operation.work_order.in_(of_product),
        Operation.sequence == wanted.operation,
        Operation.ideal_cycle_s != wanted.ideal_cycle_s,
    ]
    if wanted.holds_for == "waiting":
        jobs.append(Operation.status == WAITING)
    ran = session.scalars(select(Operation.work_order).where(*jobs, Operation.status != WAITING)).all()
    session.execute(update(Operation).where(*jobs).values(ideal_cycle_s=wanted.ideal_cycle_s))
    audit(
        session,
        user,
        "production.ideal_cycle",
        f"product/{wanted.product}/{wanted.operation}",
        {"before": before, "after": wanted.ideal_cycle_s, "holds_for": wanted.holds_for, "ran": len(ran)},
    )
    session.flush()
    numbers = sorted(ran)
    for start in range(0, len(numbers), AT_ONCE):
        announce(session, IDEAL_CYCLE_CORRECTED, {"work_orders": numbers[start : start + AT_ONCE]})
