"""What pages above all slices show: the live plant, the andon board, the report of a shift."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from cloud.downtime.schemas import DowntimePage, ParetoOut
from cloud.maintenance.schemas import AlarmOut
from cloud.oee.schemas import OeeOut, ScrapOut
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
    kind: str


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
    planned_stop_until: str | None  # when the planned stop ends in which it is; null in none


class LiveLine(BaseModel):
    """What a line finished in the running shift.

    `good` are those of all machines of its last station, `rejected` those of all its machines.
    """

    line: str
    good: int
    rejected: int


class LivePlant(BaseModel):
    """All machines and lines at plant time `plant_now`."""

    plant_now: str
    speed: float
    shift: str | None
    shift_name: Name | None
    shift_start: str | None
    shift_end: str | None
    in_break: bool
    lines: list[LiveLine]
    tiles: list[Tile]


class AndonTarget(BaseModel):
    """How many good parts should have been made by now in the running shift, and by what.

    `takt`: planned time so far ÷ takt; `oee`: what the ideal cycle allows × the OEE target; `ideal`: what the
    ideal cycle allows, when nobody set a target. Of a line it is what its last station should have made.
    """

    parts: int
    by: Literal["takt", "oee", "ideal"]


class AndonStop(BaseModel):
    """The stop that a machine stands in; `reason` null: nobody said why.

    `lost_s` is its planned and watched part so far; 0 in a break or without a shift: nobody has to say why.
    """

    start: str
    state: str
    reason: Name | None
    category: str
    lost_s: float


class AndonMachine(BaseModel):
    """A machine on the board: its tile with the target and the stop it stands in."""

    tile: Tile
    target: AndonTarget | None
    stop: AndonStop | None


class AndonLine(BaseModel):
    """A line on the board; `good` are those of its last station, rejects and figures of all its machines."""

    line: str
    name: Name
    area: Name
    oee: float | None
    availability: float | None
    effectiveness: float | None
    quality: float | None
    coverage: float | None
    good: int
    rejected: int
    target: AndonTarget | None
    oee_target: float | None
    machines: list[AndonMachine]


class AndonOut(BaseModel):
    """Everything that a board may show at plant time `plant_now`."""

    plant_now: str
    speed: float
    shift_name: Name | None
    shift_start: str | None
    shift_end: str | None
    in_break: bool
    lines: list[AndonLine]


class ReportShift(BaseModel):
    """A shift that took place or runs; `running`: it has not ended at plant now."""

    id: str
    name: Name | None
    start: str
    end: str
    running: bool


class ReportCount(BaseModel):
    """Parts of one order on one machine that the shift counted, in and outside planned, watched time.

    `last` marks a machine of the last station of its line: its good parts are finished ones. Order, customer
    and product are null while the work order is not known.
    """

    machine: str
    last: bool
    job: int
    order: str | None
    customer: Name | None
    product: str | None
    product_name: Name | None
    good: int
    rejected: int
    order_good: int | None
    order_target: int | None


class ReportNote(BaseModel):
    """What somebody wrote about a stop, an alarm or a charge of scrap in the shift."""

    at: str
    by: str | None
    machine: str
    about: Literal["stop", "alarm", "scrap"]
    text: str


HandoverText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class HandoverRef(BaseModel):
    """The version of a note that the writer has seen."""

    replaces: int = Field(ge=1)


class HandoverTextIn(HandoverRef):
    """Another text for a note."""

    text: HandoverText


class HandoverNoteIn(BaseModel):
    """A note for those who come after the shift that ran at `at`; `scope` is what it speaks of."""

    scope: str = Field(default="site", max_length=80)
    at: str = Field(max_length=40)
    text: HandoverText


class HandoverVersion(BaseModel):
    """What a note said from `at` on, and who wrote that; withdrawn: it held no more."""

    version: int
    text: str
    withdrawn: bool
    by: str
    at: str


class HandoverNoteOut(BaseModel):
    """A note for the next shift: who wrote it first and when, what it says now, and all its versions."""

    number: int
    version: int
    scope: str
    text: str
    by: str
    at: str
    withdrawn: bool
    versions: list[HandoverVersion]


class ShiftReport(BaseModel):
    """The report of one shift of a machine, a line or the site; up to plant now while the shift runs.

    `handover` lists the notes for the next shift: of the scope, of what it holds and of what holds it.
    `stops` lists the longest first; `stops.total` counts all. `counted_outside` are parts counted in
    breaks, in planned stops and in time that nobody watched, which no OEE figure contains.
    """

    scope: str
    shift: ReportShift
    previous: ReportShift | None
    next: ReportShift | None
    oee: OeeOut
    stops: DowntimePage
    pareto: ParetoOut
    counts: list[ReportCount]
    counted_outside: int
    scrap: list[ScrapOut]
    alarms: list[AlarmOut]
    notes: list[ReportNote]
    handover: list[HandoverNoteOut]
