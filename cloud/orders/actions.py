"""What changes orders: one is entered, its production makes progress."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.customers import queries as customers
from cloud.errors import Conflict, Invalid, NotFound
from cloud.identity.access import User
from cloud.identity.actions import audit
from cloud.orders import events, tables
from cloud.orders.schemas import OrderIn
from cloud.outbox import announce
from cloud.plant import queries as plant
from cloud.plant.schemas import ms_from_iso

OPEN, IN_PRODUCTION, COMPLETED = "open", "in_production", "completed"


def enter_order(session: Session, order: OrderIn, user: User | str, now_ms: int) -> tables.CustomerOrder:
    """The order as recorded; the same order under the same number again is the same answer.

    Parameters
    ----------
    session
        One write transaction.
    order
        The order; without `entered` it is entered now.
    user
        Who enters it, for the audit log.
    now_ms
        Plant time, ms.

    Raises
    ------
    Conflict
        When the number is taken by an order with another content.
    Invalid
        When it names an unknown customer or product, a line twice, or a time without zone.
    """
    wanted = _checked(session, order, now_ms)
    known = session.get(tables.CustomerOrder, order.number)
    if known is not None:
        if _content(known) != _content(wanted) or (order.entered and known.entered_ms != wanted.entered_ms):
            raise Conflict(f"Order {order.number} exists with another content.", code="order_differs")
        return known
    session.add(wanted)
    session.flush()
    audit(session, user, "orders.enter", f"order/{order.number}", {"lines": len(order.lines)})
    announce(session, events.ORDER_ENTERED, {"order": order.number})
    return wanted


def record_progress(
    session: Session, order: str, line: int, good: int, at_ms: int | None, *, has_begun: bool = True
) -> tables.OrderLine:
    """The order line after it was counted; other figures later correct it.

    Parameters
    ----------
    session
        The session of the count.
    order, line
        Number of the order and of its line.
    good
        Good parts of the last operations of the line's work orders so far, all together.
    at_ms
        Plant time (ms) of the newest of these counts. It becomes the actual date when the ordered quantity is
        reached; a surplus does not move that date.
    has_begun
        Whether any of its work orders has: corrected signals may take a beginning back.

    Raises
    ------
    NotFound
        When there is no such line.
    """
    wanted = (tables.OrderLine.order_number == order) & (tables.OrderLine.line == line)
    row = session.scalars(select(tables.OrderLine).where(wanted)).first()
    if row is None:
        raise NotFound(f"There is no line {line} of an order {order!r}.", code="no_such_order_line")
    complete = good >= row.quantity
    if not complete:
        row.actual_ms = None
    elif row.actual_ms is None or good == row.quantity:
        row.actual_ms = at_ms
    row.good_quantity = good
    row.status = COMPLETED if complete else IN_PRODUCTION if has_begun else OPEN
    states = {other.status for other in row.order.lines}
    row.order.status = states.pop() if len(states) == 1 else IN_PRODUCTION
    session.flush()
    return row


def _checked(session: Session, order: OrderIn, now_ms: int) -> tables.CustomerOrder:
    wrong: list[dict[str, str]] = []
    if not customers.customers(session, [order.customer]):
        accepted = ", ".join(customers.customers(session))
        wrong.append(
            {"where": "customer", "message": f"no customer {order.customer!r}; there are {accepted}"}
        )
    products = plant.products(session)
    numbers = [line.line for line in order.lines]
    lines = []
    for index, line in enumerate(order.lines):
        if numbers.count(line.line) > 1:
            wrong.append({"where": f"lines.{index}.line", "message": f"line {line.line} is used twice"})
        product = products.get(line.product)
        if product is None:
            message = f"no product {line.product!r}; there are {', '.join(products)}"
            wrong.append({"where": f"lines.{index}.product", "message": message})
            continue
        lines.append(
            tables.OrderLine(
                order_number=order.number,
                line=line.line,
                product_id=product.id,
                quantity=line.quantity,
                price_minor=product.price_minor,
                customer_due_ms=ms_from_iso(line.due, f"lines.{index}.due"),
                good_quantity=0,
                status=OPEN,
            )
        )
    if wrong:
        detail = "; ".join(f"{error['where']}: {error['message']}" for error in wrong)
        raise Invalid(detail, code="order_invalid", errors=wrong)
    entered_ms = now_ms if order.entered is None else ms_from_iso(order.entered, "entered")
    return tables.CustomerOrder(
        number=order.number,
        customer_id=order.customer,
        entered_ms=entered_ms,
        currency=plant.site(session).currency,
        status=OPEN,
        lines=lines,
    )


def _content(order: tables.CustomerOrder) -> tuple[object, ...]:
    lines = sorted((line.line, line.product_id, line.quantity, line.customer_due_ms) for line in order.lines)
    return (order.customer_id, *lines)
