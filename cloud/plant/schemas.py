"""What the API says about the plant: where things stand, what a signal means."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from cloud.errors import Invalid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_YEAR, LAST_YEAR = 1900, 9000
ISO_FORM = "an ISO 8601 time with a zone, for example 2026-03-02T08:00:00.000Z"


@lru_cache(maxsize=1 << 14)
def iso(ms: int) -> str:
    """The time `ms` milliseconds after the Unix epoch as the API writes it: `2026-03-02T08:00:00.000Z`."""
    # An answer bears hundreds of times, and strftime takes ten times as long.
    return (EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")[:23] + "Z"


def iso_or_none(ms: int | None) -> str | None:
    """The time as the API writes it; null stays null."""
    return None if ms is None else iso(ms)


def ms_from_iso(text: str, where: str) -> int:
    """Milliseconds since the Unix epoch of an ISO time with zone; fractions of a millisecond are cut off.

    Raises
    ------
    Invalid
        Naming the field `where` and the accepted form.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        message = f"{text!r} is not {ISO_FORM}"
        raise Invalid(f"{where}: {message}", code="bad_time", errors=[{"where": where, "message": message}])
    if not FIRST_YEAR <= moment.year < LAST_YEAR:  # no shift is far from a year that `datetime` has not
        message = f"{text!r} lies outside the years {FIRST_YEAR} to {LAST_YEAR}"
        raise Invalid(f"{where}: {message}", code="bad_time", errors=[{"where": where, "message": message}])
    return (moment - EPOCH) // timedelta(milliseconds=1)


class Name(BaseModel):
    """A name in both languages."""

    zh: str
    en: str


class MachineOut(BaseModel):
    """One machine of a line."""

    id: str
    line: str
    sequence: int
    name: Name
    gateway: str
    protocol: str
    minor_stop_s: int


class MinorStopIn(BaseModel):
    """Stops shorter than this many seconds are minor ones."""

    model_config = ConfigDict(extra="forbid")

    minor_stop_s: int = Field(ge=0, le=3600)


class ShiftOut(BaseModel):
    """A shift that takes place; `name` is null for an extra shift without one."""

    id: str
    name: Name | None
    start: str
    end: str


class ReaderOut(BaseModel):
    """One tag reader at the end of a line."""

    id: str
    line: str
    name: Name
    gateway: str


class LineOut(BaseModel):
    """One production line with its machines in the order of the flow."""

    id: str
    area: str
    name: Name
    machines: list[MachineOut]
    readers: list[ReaderOut]


class AreaOut(BaseModel):
    """One area of the site."""

    id: str
    name: Name
    lines: list[LineOut]


class PlantOut(BaseModel):
    """The site with its areas, lines, machines and readers.

    `speed` is plant seconds per real second now: 0 while plant time stands still before its start.
    """

    id: str
    name: Name
    timezone: str
    currency: str
    plant_now: str
    speed: float
    areas: list[AreaOut]


class BindingOut(BaseModel):
    """What one tag means: which machine or reader, which role, since when."""

    id: int
    tag: str
    role: str
    machine: str | None
    reader: str | None
    code_map: dict[str, str] | None
    version: int
    valid_from: str | None
    retired: bool = False
    modulus: int | None = None
    jitter: int | None = None


class BindingIn(BaseModel):
    """What a tag is to mean from `valid_from` on; null means since ever.

    `replaces` is the version that the writer has seen, 0 for a tag that was never bound: who changes what
    somebody else has changed meanwhile is told so. Of a counter (`good`, `reject`, `rework`) `modulus` is how
    many values it has (65536 of 16 bits, 10000 of four digits; after the last one comes 0; null: it never
    comes to its end) and `jitter` by how many parts it may step back without having restarted (0: by none;
    null: by a hundredth of what it stands at, 50 at most).
    """

    tag: str = Field(max_length=300)
    role: str
    machine: str | None = None
    reader: str | None = None
    code_map: dict[str, str] | None = None
    valid_from: str | None = None
    replaces: int = Field(default=0, ge=0)
    modulus: int | None = Field(default=None, ge=2, le=1 << 53)
    jitter: int | None = Field(default=None, ge=0, le=1_000_000)


class BindingEnd(BaseModel):
    """The tag means nothing from `valid_from` on; null means that it never meant anything."""

    tag: str = Field(max_length=300)
    valid_from: str | None = None
    replaces: int = Field(ge=1)


# ---- the plant file: one model per table, in the file's own words


class _Entry(BaseModel):
    """An entry of the plant file: unknown keys are refused, so that a misspelt one is found."""

    model_config = ConfigDict(extra="forbid", frozen=True)


WallClock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="HH:MM")]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,59}$")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
MachineState = Literal[
    "running", "setup", "starved", "blocked", "jammed", "breakdown", "planned_stop", "idle"
]


class NameEntry(_Entry):
    """A name in both languages."""

    zh: str = Field(min_length=1, max_length=200)
    en: str = Field(min_length=1, max_length=200)


class PlantEntry(_Entry):
    """`[plant]`."""

    id: Identifier
    name: NameEntry
    timezone: str
    origin: AwareDatetime
    currency: str = Field(pattern=r"^[A-Z]{3}$")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError("should be an IANA time zone, for example Asia/Shanghai")
        return zone


class BreakEntry(_Entry):
    """A break inside a `[[shift]]`."""

    start: WallClock
    end: WallClock
    name: NameEntry


class ShiftEntry(_Entry):
    """`[[shift]]`."""

    id: Identifier
    name: NameEntry
    start: WallClock
    end: WallClock
    days: list[Weekday] = Field(min_length=1)
    breaks: list[BreakEntry] = []


class NamedEntry(_Entry):
    """`[[area]]`, `[[supplier]]`: an id and a name."""

    id: Identifier
    name: NameEntry


class LineEntry(NamedEntry):
    """`[[line]]`."""

    area: str


class MachineEntry(NamedEntry):
    """`[[machine]]`; one without a PLC has the protocol `manual` and no gateway: people tell what it does."""

    line: str
    sequence: int = Field(ge=1)
    gateway: Identifier | Literal[""] = ""
    protocol: Literal["opcua", "modbus", "manual"]
    minor_stop_s: int = Field(ge=0, le=3600)

    @model_validator(mode="after")
    def _has_the_gateway_it_needs(self) -> Self:
        if (self.protocol == "manual") != (self.gateway == ""):
            raise ValueError('a machine has a gateway unless its protocol is "manual"')
        return self


class ReaderEntry(NamedEntry):
    """`[[reader]]`."""

    line: str
    gateway: Identifier
    protocol: Literal["rfid_serial"]
    max_transit_s: int = Field(ge=1, le=3600)


class BomEntry(_Entry):
    """One line of a product's `bom`; the quantity is written as text, so that it is exact."""

    item: str
    quantity: Decimal = Field(gt=0)


class RoutingEntry(_Entry):
    """One step of a product's `routing`; the job register has two digits for `operation`."""

    operation: int = Field(ge=1, le=99)
    machine: str
    ideal_cycle_s: float = Field(gt=0)


class ProductEntry(NamedEntry):
    """`[[product]]`."""

    gtin: str = Field(pattern=r"^\d{14}$")
    line: str
    price: int = Field(ge=0)
    bom: list[BomEntry] = []
    routing: list[RoutingEntry] = Field(min_length=1)


class ItemEntry(NamedEntry):
    """`[[item]]`."""

    unit: str = Field(min_length=1, max_length=20)
    supplier: str


class CustomerEntry(NamedEntry):
    """`[[customer]]`."""

    city: NameEntry


LossCategory = Literal["breakdown", "setup", "waiting", "minor_stops"]


class ReasonEntry(NamedEntry):
    """`[[reason]]`: why a machine may stand; without a `category` it is a group of the tree."""

    parent: str | None = None
    category: LossCategory | None = None
    scopes: list[Annotated[str, Field(pattern=r"^(machine|line):\S{1,60}$")]] = []


class PlantFile(_Entry):
    """The plant file without its world."""

    plant: PlantEntry
    shift: list[ShiftEntry] = Field(min_length=1)
    area: list[NamedEntry] = Field(min_length=1)
    line: list[LineEntry] = Field(min_length=1)
    machine: list[MachineEntry] = Field(min_length=1)
    reader: list[ReaderEntry] = []
    state_codes: dict[Annotated[str, Field(pattern=r"^-?\d+$")], MachineState]
    reason: list[ReasonEntry] = []
    reason_codes: dict[Annotated[str, Field(pattern=r"^-?\d+$")], str] = {}
    supplier: list[NamedEntry] = []
    item: list[ItemEntry] = []
    product: list[ProductEntry] = []
    customer: list[CustomerEntry] = []


class CalendarExceptionIn(BaseModel):
    """A day that is otherwise: a holiday (`closed`), overtime or a short day (`changed`), an `extra` shift.

    `shift` is the shift that is closed (null = all of the day) or changed, or the name of the extra one.
    Times are local; an end at or before the start lies on the next day. A `planned_stop` takes planned time
    from the machines of its `scope` (`site`, `line:ID`, `machine:ID`) from `start` on `day` to `end` on
    `end_day`, at most 366 days later.
    """

    model_config = ConfigDict(extra="forbid")

    day: date = Field(ge=date(1970, 1, 2), lt=date(2200, 1, 1))
    kind: Literal["closed", "changed", "extra", "planned_stop"]
    scope: Annotated[str, Field(pattern=r"^(site|(line|machine):\S{1,60})$")] | None = None
    shift: Annotated[str, Field(max_length=60)] | None = None
    start: WallClock | None = None
    end: WallClock | None = None
    end_day: date | None = Field(default=None, ge=date(1970, 1, 2), lt=date(2201, 1, 2))
    note: Annotated[str, Field(max_length=200)] = ""


class CalendarExceptionOut(CalendarExceptionIn):
    """An exception as it stands."""

    id: int
    username: str


class ShiftPatternIn(BaseModel):
    """How a shift is from a local day on; without `days` it takes place no more. `name` is of a new shift."""

    model_config = ConfigDict(extra="forbid")

    valid_from: date = Field(ge=date(1970, 1, 2), lt=date(2200, 1, 1))
    start: WallClock
    end: WallClock
    days: list[Weekday] = Field(max_length=7)
    breaks: list[BreakEntry] = Field(default=[], max_length=12)
    name: NameEntry | None = None


class ShiftPatternOut(BaseModel):
    """One version of a shift; it holds from `valid_from` (null: since ever) to the day before `until`."""

    id: str
    name: Name
    valid_from: str | None
    until: str | None
    start: str
    end: str
    days: list[str]
    breaks: list[BreakEntry]
    username: str | None
