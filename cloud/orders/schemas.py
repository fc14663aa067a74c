"""What the API says about customer orders."""

from decimal import Decimal

from pydantic import BaseModel, Field

from cloud.plant.schemas import Name

MOST_AT_ONCE = 500  # orders or releases of one call: one transaction, and who else writes waits for it


class OrderLineIn(BaseModel):
    """One line of a new order."""

    line: int = Field(ge=1, lt=1 << 31)
    product: str
    quantity: Decimal = Field(gt=0, max_digits=18, decimal_places=6)
    due: str


class OrderIn(BaseModel):
    """A new customer order; `number` is the caller's own and makes the call idempotent."""

    number: str = Field(min_length=1, max_length=40)
    customer: str
    entered: str | None = None
    lines: list[OrderLineIn] = Field(min_length=1)


class OrdersIn(BaseModel):
    """Many new orders; each stands or falls by itself."""

    orders: list[OrderIn] = Field(min_length=1, max_length=MOST_AT_ONCE)


class WrongField(BaseModel):
    """What is wrong with an entry: `where` is the dotted path inside it, as `lines.0.product`."""

    where: str
    message: str


class OrderRefused(BaseModel):
    """An order that was not entered: its place in the request from 0, and why, as for one order."""

    index: int
    number: str
    code: str
    detail: str
    errors: list[WrongField]


class OrdersEntered(BaseModel):
    """What became of many orders: numbers entered now, numbers that were there already, refused ones."""

    entered: list[str]
    unchanged: list[str]
    refused: list[OrderRefused]


class CustomerOut(BaseModel):
    """A customer as orders show it."""

    id: str
    name: Name


class OrderLineOut(BaseModel):
    """One order line with the four dates that stay apart (promised and forecast are null until planned)."""

    line: int
    product: str
    product_name: Name
    quantity: Decimal
    customer_due: str
    promised: str | None
    forecast: str | None
    actual: str | None
    good: int
    status: str


class OrderOut(BaseModel):
    """A customer order; `value_minor` in minor units of `currency`."""

    number: str
    customer: CustomerOut
    entered: str
    status: str
    value_minor: int
    currency: str
    lines: list[OrderLineOut]


class OrderPage(BaseModel):
    """One page of orders, newest first; `next` continues."""

    items: list[OrderOut]
    total: int
    next: str | None
