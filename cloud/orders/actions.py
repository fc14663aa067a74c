"""What changes orders: one or many are entered, their production makes progress."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from cloud.customers import queries as customers
from cloud.customers.queries import Customer
from cloud.errors import Conflict, Invalid, NotFound
from cloud.identity.access import User
from cloud.identity.actions import audit
from cloud.orders import events, tables
from cloud.orders.schemas import OrderIn
from cloud.outbox import announce
from cloud.plant import queries as plant
from cloud.plant.queries import Product
from cloud.plant.schemas import ms_from_iso

OPEN, IN_PRODUCTION, COMPLETED = "open", "in_production", "completed"


@dataclass(slots=True)
class Entries:
    """What became of many orders; a refused one stands with its place among them, from 0."""

    entered: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    refused: list[tuple[int, Conflict | Invalid]] = field(default_factory=list)


class _Catalogue(NamedTuple):
    """What orders are checked against."""

    customers: Mapping[str, Customer]
    products: Mapping[str, Product]
    currency: str


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
    wanted = _checked(_catalogue(session), order, now_ms)
    known = session.get(tables.CustomerOrder, order.number)
    if known is not None:
        _expect_same(known, wanted, order)
        return known
    _enter(session, [wanted], user)
    return wanted


def enter_orders(session: Session, orders: Sequence[OrderIn], user: User | str, now_ms: int) -> Entries:
    """What became of each order: each is entered, known already, or refused, whatever the others are.

    Parameters are those of `enter_order`. An order that comes twice in `orders` is entered once.
    """
    catalogue = _catalogue(session)
    numbers = {order.number for order in orders}
    query = select(tables.CustomerOrder).where(tables.CustomerOrder.number.in_(numbers))
    query = query.options(selectinload(tables.CustomerOrder.lines))
    known = {order.number: order for order in session.scalars(query)}
    entries, fresh = Entries(), []
    for index, order in enumerate(orders):
        try:
            wanted = _checked(catalogue, order, now_ms)
            if order.number in known:
                _expect_same(known[order.number], wanted, order)
                entries.unchanged.append(order.number)
                continue
        except (Conflict, Invalid) as refused:
            entries.refused.append((index, refused))
            continue
        known[order.number] = wanted
        fresh.append(wanted)
    _enter(session, fresh, user)
    entries.entered += [order.number for order in fresh]
    return entries


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


def _enter(session: Session, orders: Sequence[tables.CustomerOrder], user: User | str) -> None:
    session.add_all(orders)
    session.flush()
    for order in orders:
        audit(session, user, "orders.enter", f"order/{order.number}", {"lines": len(order.lines)})
    for order in orders:
        announce(session, events.ORDER_ENTERED, {"order": order.number})


def _catalogue(session: Session) -> _Catalogue:
    return _Catalogue(customers.customers(session), plant.products(session), plant.site(session).currency)


def _expect_same(known: tables.CustomerOrder, wanted: tables.CustomerOrder, order: OrderIn) -> None:
    if _content(known) != _content(wanted) or (order.entered and known.entered_ms != wanted.entered_ms):
        raise Conflict(f"Order {order.number} exists with another content.", code="order_differs")


def _checked(catalogue: _Catalogue, order: OrderIn, now_ms: int) -> tables.CustomerOrder:
    wrong: list[dict[str, str]] = []
    if order.customer not in catalogue.customers:
        accepted = ", ".join(catalogue.customers)
        wrong.append(
            {"where": "customer", "message": f"no customer {order.customer!r}; there are {accepted}"}
        )
    products = catalogue.products
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
        currency=catalogue.currency,
        status=OPEN,
        lines=lines,
    )


def _content(order: tables.CustomerOrder) -> tuple[object, ...]:
    lines = sorted((line.line, line.product_id, line.quantity, line.customer_due_ms) for line in order.lines)
    return (order.customer_id, *lines)
