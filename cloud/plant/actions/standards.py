"""Changes what machines are measured against: ideal cycles of routings, lengths of minor stops."""

from sqlalchemy.orm import Session

from cloud.errors import NotFound
from cloud.identity.access import User
from cloud.identity.actions import audit
from cloud.outbox import announce
from cloud.plant import queries
from cloud.plant.events import MINOR_STOP_SET
from cloud.plant.tables import Machine, RoutingStep


def set_routing_cycle(session: Session, product: str, operation: int, ideal_cycle_s: float) -> float:
    """The ideal cycle (s per part) that the routing had until now; what is released later has the new one.

    Raises
    ------
    NotFound
        When the product has no such operation.
    """
    step = session.get(RoutingStep, (product, operation))
    if step is None:
        raise NotFound(f"There is no operation {operation} of product {product!r}.", code="no_such_operation")
    before, step.ideal_cycle_s = step.ideal_cycle_s, ideal_cycle_s
    session.flush()
    return before


def set_minor_stop(session: Session, machine: str, minor_stop_s: int, user: User) -> queries.Machine:
    """The machine; its stops shorter than `minor_stop_s` seconds are minor ones, also those of the past.

    Raises
    ------
    NotFound
        When there is no such machine.
    """
    known = queries.machine(session, machine)
    if known.minor_stop_s == minor_stop_s:
        return known
    row = session.get_one(Machine, machine)
    row.minor_stop_s = minor_stop_s
    session.flush()
    audit(
        session,
        user,
        "plant.minor_stop",
        f"machine/{machine}",
        {"before": known.minor_stop_s, "after": minor_stop_s},
    )
    announce(session, MINOR_STOP_SET, {"windows": {machine: [0, queries.EVER_MS]}})
    return queries.machine(session, machine)
