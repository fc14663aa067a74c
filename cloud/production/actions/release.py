"""Releases order lines to the floor."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.errors import Conflict, Invalid, NotFound
from cloud.identity.access import User
from cloud.identity.actions import audit
from cloud.orders import queries as orders
from cloud.orders.queries import Line
from cloud.outbox import announce
from cloud.plant import queries as plant
from cloud.plant.queries import Product
from cloud.production.events import WORK_ORDER_RELEASED
from cloud.production.schemas import WorkOrderIn
from cloud.production.tables import Operation, WorkOrder

JOB_STEP = 100  # job number = work order x 100 + operation sequence

_Release = tuple[WorkOrder, list[Operation]]


@dataclass(slots=True)
class Releases:
    """What became of many releases; a refused one stands with its place among them, from 0."""

    released: list[int] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)
    refused: list[tuple[int, Conflict | Invalid | NotFound]] = field(default_factory=list)


def release_work_order(session: Session, order: WorkOrderIn, user: User | str, now_ms: int) -> WorkOrder:
    """The work order as recorded; releasing the same again is the same answer.

    Parameters
    ----------
    session
        One write transaction.
    order
        Which order line, under which number, how many.
    user
        Who releases it, for the audit log.
    now_ms
        Plant time, ms.

    Raises
    ------
    Conflict
        When the number is taken by a work order for something else.
    Invalid
        When the product's routing cannot be told apart in the job register.
    NotFound
        When the order line does not exist.
    """
    line = orders.find_line(session, order.order, order.line)
    known = session.get(WorkOrder, order.number)
    if known is not None:
        _expect_same(known, line, order)
        return known
    released = _checked(line, plant.product(session, line.product), order, now_ms)
    _release(session, [released], user)
    return released[0]


def release_work_orders(
    session: Session, wanted: Sequence[WorkOrderIn], user: User | str, now_ms: int
) -> Releases:
    """What became of each release: each is released, known already, or refused, whatever the others are.

    Parameters are those of `release_work_order`. A work order that comes twice in `wanted` is released once.
    """
    lines = orders.lines_of(session, (order.order for order in wanted))
    products = plant.products(session, (line.product for line in lines.values()))
    query = select(WorkOrder).where(WorkOrder.number.in_({order.number for order in wanted}))
    known = {order.number: order for order in session.scalars(query)}
    releases, fresh = Releases(), []
    for index, order in enumerate(wanted):
        try:
            line = lines.get((order.order, order.line))
            if line is None:
                raise orders.no_such_line(order.order, order.line)
            if order.number in known:
                _expect_same(known[order.number], line, order)
                releases.unchanged.append(order.number)
                continue
            checked = _checked(line, products[line.product], order, now_ms)
        except (Conflict, Invalid, NotFound) as refused:
            releases.refused.append((index, refused))
            continue
        known[order.number] = checked[0]
        fresh.append(checked)
    _release(session, fresh, user)
    releases.released += [order.number for order, _ in fresh]
    return releases


def _expect_same(known: WorkOrder, line: Line, order: WorkOrderIn) -> None:
    if (known.order_line_id, known.quantity, known.rework) != (line.id, order.quantity, order.rework):
        raise Conflict(
            f"Work order {order.number} exists for {known.quantity:f} pieces of order "
            f"{known.order_number} line {known.line}{', as rework' if known.rework else ''}.",
            code="work_order_differs",
        )


def _checked(line: Line, product: Product, order: WorkOrderIn, now_ms: int) -> _Release:
    routing = product.routing
    if not routing or any(not 0 < step.operation < JOB_STEP for step in routing):
        raise Invalid(
            f"The routing of {line.product} needs operations numbered 1 to {JOB_STEP - 1}.",
            code="routing_unusable",
        )
    released = WorkOrder(
        number=order.number,
        order_line_id=line.id,
        order_number=line.order,
        line=line.line,
        customer=line.customer,
        product=line.product,
        quantity=order.quantity,
        released_ms=now_ms,
        rework=order.rework,
    )
    operations = [
        Operation(
            job=order.number * JOB_STEP + step.operation,
            work_order=order.number,
            sequence=step.operation,
            machine=step.machine,
            ideal_cycle_s=step.ideal_cycle_s,
            target=_pieces(order.quantity),
        )
        for step in routing
    ]
    return released, operations


def _release(session: Session, releases: Sequence[_Release], user: User | str) -> None:
    session.add_all(order for order, _ in releases)
    session.flush()
    session.add_all(operation for _, operations in releases for operation in operations)
    for order, _ in releases:
        audit(
            session, user, "work_orders.release", f"work_order/{order.number}", {"order": order.order_number}
        )
    session.flush()
    for order, _ in releases:
        announce(session, WORK_ORDER_RELEASED, {"work_order": order.number})


def flag_rework(session: Session, number: int, user: User, *, is_rework: bool) -> WorkOrder:
    """The work order whose jobs are rework from now on, or no longer, also those that ran already.

    Raises
    ------
    NotFound
        When there is no such work order.
    """
    order = session.get(WorkOrder, number)
    if order is None:
        raise NotFound(f"There is no work order {number}.", code="no_such_work_order")
    if order.rework != is_rework:
        before, order.rework = order.rework, is_rework
        session.flush()
        detail = {"before": {"rework": before}, "after": {"rework": is_rework}}
        audit(session, user, "work_orders.rework", f"work_order/{number}", detail)
        # Whoever reckoned with its jobs hears that they are known anew.
        announce(session, WORK_ORDER_RELEASED, {"work_order": number})
    return order


def _pieces(quantity: Decimal) -> int:
    """Whole pieces that cover a quantity."""
    return int(quantity.to_integral_value(ROUND_CEILING))
