"""What the API says about work orders, operations, counts and units."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cloud.orders.schemas import MOST_AT_ONCE, OrderOut
from cloud.plant.schemas import Name


class WorkOrderIn(BaseModel):
    """Release one order line to the floor; the job register bears number x 100 + sequence.

    `rework`: parts that failed before go through the routing once more. What is good of its jobs counts as
    reworked: a good part for `iso22400`, none of the first pass for `vorne` and `point85`.
    """

    number: int = Field(gt=0, lt=20_000_000)
    order: str
    line: int = Field(ge=1, lt=1 << 31)
    quantity: Decimal = Field(gt=0, max_digits=18, decimal_places=6)
    rework: bool = False


class WorkOrdersIn(BaseModel):
    """Many releases; each stands or falls by itself."""

    work_orders: list[WorkOrderIn] = Field(min_length=1, max_length=MOST_AT_ONCE)


class ReleaseRefused(BaseModel):
    """A work order that was not released: its place in the request from 0, and why."""

    index: int
    number: int
    code: str
    detail: str


class WorkOrdersReleased(BaseModel):
    """What became of many releases: numbers released now, numbers that were there already, refused ones."""

    released: list[int]
    unchanged: list[int]
    refused: list[ReleaseRefused]


class IdealCycleIn(BaseModel):
    """The ideal cycle of a product's operation, seconds per part.

    `holds_for` says of which jobs besides those that are released from now on: `waiting`, those that have not
    begun; `all`, also those that ran, whose figures were reckoned with a wrong one.
    """

    model_config = ConfigDict(extra="forbid")

    product: str = Field(max_length=60)
    operation: int = Field(ge=1, le=99)
    ideal_cycle_s: float = Field(gt=0, le=86_400, allow_inf_nan=False)
    holds_for: Literal["waiting", "all"] = "waiting"


class IdealCycleOut(BaseModel):
    """The ideal cycle of a product on a machine, as its routing has it."""

    product: str
    product_name: Name
    operation: int
    machine: str
    ideal_cycle_s: float


class ReworkIn(BaseModel):
    """Whether the jobs of a work order are rework."""

    rework: bool


class OperationOut(BaseModel):
    """One operation of a work order on its machine."""

    sequence: int
    job: int
    machine: str
    machine_name: Name
    ideal_cycle_s: float
    target: int
    good: int
    rejected: int
    status: str
    started: str | None
    last_count: str | None


class WorkOrderOut(BaseModel):
    """A work order with its operations."""

    number: int
    order: str
    line: int
    product: str
    product_name: Name
    quantity: Decimal
    status: str
    rework: bool
    operations: list[OperationOut]


class UnitOut(BaseModel):
    """One good part of a line's last machine; `epc` is null until a tag read binds it.

    `serial` is `<work order>-<n>`; while the work order is unknown, `<machine>-<counter value>`.
    """

    serial: str
    made: str
    machine: str
    work_order: int | None
    epc: str | None
    tagged: str | None


class ThreadEvent(BaseModel):
    """One thing that happened on a machine while it worked for the order.

    `alarm` and `severity` are null but for alarms: the number under which the alarm is found.
    """

    at: str
    until: str | None
    machine: str
    kind: str  # state, job, alarm
    detail: str
    alarm: int | None = None
    severity: str | None = None


class WorkOrderThread(BaseModel):
    """A work order with what happened while it ran and the units it made, both newest first."""

    work_order: WorkOrderOut
    events: list[ThreadEvent]
    events_total: int
    units: list[UnitOut]
    units_total: int


class OrderThread(BaseModel):
    """A customer order followed down to machine events and units."""

    order: OrderOut
    work_orders: list[WorkOrderThread]


class LinkCounts(BaseModel):
    """Parts (good and rejected) with and without an operation.

    `ambiguous` ones, linked or not, were first read after the job had changed: they went to the later job.
    """

    linked: int
    unlinked: int
    ambiguous: int


class CountByJob(BaseModel):
    """Parts of one machine under one job number, with the order it was linked to."""

    machine: str
    job: int
    order: str | None
    line: int | None
    good: int
    rejected: int
