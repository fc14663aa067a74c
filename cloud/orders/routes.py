"""Orders over HTTP."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from cloud.db import Read, Tx
from cloud.identity.access import User, may
from cloud.orders import actions, queries
from cloud.orders.schemas import (
    OrderIn,
    OrderOut,
    OrderPage,
    OrderRefused,
    OrdersEntered,
    OrdersIn,
    WrongField,
)
from cloud.plant.access import Clock

router = APIRouter(tags=["orders"])


@router.get("/orders")
def list_orders(
    session: Read,
    _user: Annotated[User, Depends(may("orders.read"))],
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(max_length=80)] = None,
    status: Literal["open", "in_production", "completed"] | None = None,
    q: Annotated[str | None, Query(max_length=100)] = None,
) -> OrderPage:
    """A page of orders, newest first; `q` searches number, customer and product."""
    return queries.orders_page(session, limit, after, status, q)


@router.post("/orders", status_code=201)
def enter_order(
    order: OrderIn, session: Tx, user: Annotated[User, Depends(may("orders.write"))], clock: Clock
) -> OrderOut:
    """The order as recorded; the same again is the same answer, other content under its number a conflict."""
    return queries.shown(session, [actions.enter_order(session, order, user, clock.now_ms())])[0]


@router.post("/orders/bulk")
def enter_orders(
    wanted: OrdersIn, session: Tx, user: Annotated[User, Depends(may("orders.write"))], clock: Clock
) -> OrdersEntered:
    """What became of each of up to 500 orders; the same again is no error."""
    found = actions.enter_orders(session, wanted.orders, user, clock.now_ms())
    return OrdersEntered(
        entered=found.entered,
        unchanged=found.unchanged,
        refused=[
            OrderRefused(
                index=index,
                number=wanted.orders[index].number,
                code=refused.code,
                detail=refused.detail,
                errors=[
                    WrongField(where=error["where"], message=error["message"]) for error in refused.errors
                ],
            )
            for index, refused in found.refused
        ],
    )
