"""What the API and other slices ask about orders."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, selectinload

from cloud.customers import queries as customers
from cloud.customers.tables import Customer
from cloud.errors import Invalid, NotFound
from cloud.orders import schemas, tables
from cloud.plant import queries as plant
from cloud.plant.queries import Names
from cloud.plant.schemas import Name, iso, iso_or_none


@dataclass(frozen=True, slots=True)
class Line:
    """An order line as other slices see it; times in plant ms."""

    id: int
    order: str
    line: int
    customer: str
    customer_name: Names
    product: str
    quantity: Decimal
    price_minor: int
    customer_due_ms: int
    good: int
    status: str


def find_line(session: Session, order: str, line: int) -> Line:
    """The line `line` of order `order`; `NotFound` names it when it does not exist."""
    found = _lines(session, tables.OrderLine.order_number == order, tables.OrderLine.line == line)
    if not found:
        raise no_such_line(order, line)
    return found[0]


def no_such_line(order: str, line: int) -> NotFound:
    """The refusal of a line that does not exist."""
    return NotFound(f"There is no line {line} of an order {order!r}.", code="no_such_order_line")


def lines_of(session: Session, orders: Iterable[str]) -> dict[tuple[str, int], Line]:
    """All lines of some orders, by number of the order and of the line."""
    found = _lines(session, tables.OrderLine.order_number.in_(set(orders)))
    return {(line.order, line.line): line for line in found}


def lines(session: Session, ids: Iterable[int]) -> dict[int, Line]:
    """Order lines by id; ids that do not exist are left out."""
    return {line.id: line for line in _lines(session, tables.OrderLine.id.in_(set(ids)))}


def order_out(session: Session, number: str) -> schemas.OrderOut:
    """The order as the API shows it; `NotFound` names it when it does not exist."""
    order = session.get(tables.CustomerOrder, number)
    if order is None:
        raise NotFound(f"There is no order {number!r}.", code="no_such_order")
    return shown(session, [order])[0]


def orders_page(
    session: Session, limit: int, after: str | None = None, status: str | None = None, q: str | None = None
) -> schemas.OrderPage:
    """A page of orders, newest first.

    Parameters
    ----------
    session
        A session.
    limit
        Most orders on the page.
    after
        `next` of the page before.
    status
        Only orders in this state: open, in_production or completed.
    q
        Only orders whose number, customer's id or name, or a line's product contains this text.
    """
    order = tables.CustomerOrder
    wanted = select(order).join(Customer, Customer.id == order.customer_id)
    if status:
        wanted = wanted.where(order.status == status)
    if q and q.strip():
        wanted = wanted.where(_matches(q.strip()))
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    if after:
        wanted = wanted.where(_comes_after(after))
    wanted = wanted.options(selectinload(order.lines))
    rows = session.scalars(
        wanted.order_by(order.entered_ms.desc(), order.number.desc()).limit(limit + 1)
    ).all()
    following = f"{rows[limit - 1].entered_ms}:{rows[limit - 1].number}" if len(rows) > limit else None
    return schemas.OrderPage(items=shown(session, rows[:limit]), total=total, next=following)


def shown(session: Session, orders: Iterable[tables.CustomerOrder]) -> list[schemas.OrderOut]:
    """The orders as the API shows them, with the names of customers and products."""
    rows = list(orders)
    names = customers.customers(session, (order.customer_id for order in rows))
    products = plant.products(session, (line.product_id for order in rows for line in order.lines))
    return [
        schemas.OrderOut(
            number=order.number,
            customer=schemas.CustomerOut(id=order.customer_id, name=_name(names[order.customer_id].name)),
            entered=iso(order.entered_ms),
            status=order.status,
            value_minor=round(sum((line.quantity * line.price_minor for line in order.lines), Decimal(0))),
            currency=order.currency,
            lines=[_line_out(line, products[line.product_id].name) for line in order.lines],
        )
        for order in rows
    ]


def _lines(session: Session, *conditions: Any) -> list[Line]:
    rows = session.execute(
        select(tables.OrderLine, Customer)
        .join(tables.CustomerOrder, tables.CustomerOrder.number == tables.OrderLine.order_number)
        .join(Customer, Customer.id == tables.CustomerOrder.customer_id)
        .where(*conditions)
        .order_by(tables.OrderLine.id)
    )
    return [
        Line(
            id=line.id,
            order=line.order_number,
            line=line.line,
            customer=customer.id,
            customer_name=plant.names(customer),
            product=line.product_id,
            quantity=line.quantity,
            price_minor=line.price_minor,
            customer_due_ms=line.customer_due_ms,
            good=line.good_quantity,
            status=line.status,
        )
        for line, customer in rows
    ]


def _line_out(line: tables.OrderLine, product_name: Names) -> schemas.OrderLineOut:
    return schemas.OrderLineOut(
        line=line.line,
        product=line.product_id,
        product_name=_name(product_name),
        quantity=line.quantity,
        customer_due=iso(line.customer_due_ms),
        promised=iso_or_none(line.promised_ms),
        forecast=iso_or_none(line.forecast_ms),
        actual=iso_or_none(line.actual_ms),
        good=line.good_quantity,
        status=line.status,
    )


def _name(names: Names) -> Name:
    return Name(zh=names.zh, en=names.en)


def _matches(text: str) -> Any:
    order, line = tables.CustomerOrder, tables.OrderLine
    ordered = select(line.order_number).where(line.product_id.icontains(text, autoescape=True))
    columns = (order.number, Customer.id, Customer.name_zh, Customer.name_en)
    return or_(*(column.icontains(text, autoescape=True) for column in columns), order.number.in_(ordered))


def _comes_after(after: str) -> Any:
    order = tables.CustomerOrder
    entered, _, number = after.partition(":")
    if not entered.lstrip("-").isdigit() or not number:
        raise Invalid(f"after: {after!r} is not the `next` of a page", code="bad_cursor")
    entered_ms = int(entered)
    return or_(order.entered_ms < entered_ms, and_(order.entered_ms == entered_ms, order.number < number))
