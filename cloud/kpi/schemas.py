"""What the live plant page shows: one tile for each machine."""

from pydantic import BaseModel

from cloud.plant.schemas import Name


class TileOrder(BaseModel):
    """What runs on the machine and for whom."""

    order: str
    line: int
    customer: Name
    product: str
    product_name: Name
    work_order: int
    operation: int
    good: int
    rejected: int
    target: int
    customer_due: str


class TileAlarm(BaseModel):
    """The most severe active alarm of a machine."""

    id: int
    severity: str
    state: str


class Tile(BaseModel):
    """A machine now: figures are of the running shift; `fresh` is false when nobody watches the machine."""

    machine: str
    line: str
    name: Name
    state: str
    state_since: str | None
    observed_through: str | None
    fresh: bool
    running: TileOrder | None
    shift_good: int
    shift_rejected: int
    availability: float | None
    effectiveness: float | None
    quality: float | None
    oee: float | None
    coverage: float | None
    alarm: TileAlarm | None


class LivePlant(BaseModel):
    """All machines at plant time `plant_now`."""

    plant_now: str
    speed: float
    shift: str | None
    shift_name: Name | None
    shift_start: str | None
    shift_end: str | None
    in_break: bool
    tiles: list[Tile]
