"""What the API says about stops and their reasons; times are plant time, ISO 8601."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from cloud.plant.schemas import Identifier, LossCategory, MachineState, Name, WallClock, Weekday

Scope = Annotated[str, Field(pattern=r"^(machine|line):\S{1,60}$", max_length=80)]
Text = Annotated[str, Field(max_length=1000)]


class ReasonOut(BaseModel):
    """A node of the reason tree; leaves have a category. `machines`: where it may be used, null = all."""

    id: str
    parent: str | None
    name: Name
    category: LossCategory | None
    active: bool
    scopes: list[str]
    machines: list[str] | None


class ReasonNameIn(BaseModel):
    """A name in both languages."""

    zh: str = Field(min_length=1, max_length=200)
    en: str = Field(min_length=1, max_length=200)


class ReasonIn(BaseModel):
    """What a reason is to be; without a category it is a group. `place` orders it among its neighbours."""

    parent: str | None = None
    name: ReasonNameIn
    category: LossCategory | None = None
    active: bool = True
    scopes: list[Scope] = Field(default=[], max_length=100)
    place: int | None = Field(default=None, ge=0, lt=1 << 31)


class NewReasonIn(ReasonIn):
    """A new reason; its id never changes."""

    id: Identifier


class NoteOut(BaseModel):
    """What somebody wrote about a stop."""

    number: int
    text: str
    by: str
    at: str


class StopOut(BaseModel):
    """One stop. `end` is as far as it has been seen while it is `ongoing`.

    `duration_s` is its length, `lost_s` the planned and watched part of it. `source`: who gave the reason;
    `correction` the number by which a person did. `category` is the loss it counts as, by its reason
    or else by its state. `joins_before`, `joins_after`: a stop touches it there, so that they can be merged;
    it began at `joins_from` or ends at `joins_to`.
    """

    machine: str
    start: str
    end: str
    ongoing: bool
    state: str
    duration_s: float
    lost_s: float
    category: str
    reason: str | None
    source: Literal["operator", "plc", "rule"] | None
    correction: int | None
    by: str | None
    notes: list[NoteOut]
    joins_before: bool
    joins_after: bool
    joins_from: str | None
    joins_to: str | None
    job: int
    order: str | None
    customer_name: Name | None
    product: str | None


class MinorGroup(BaseModel):
    """Minor stops of one machine, state and PLC reason in the window; they are not corrected one by one."""

    machine: str
    state: str
    reason: str | None
    count: int
    seconds: float


class DowntimePage(BaseModel):
    """Stops that overlap the window, newest first; `total` and the sums count all the filter lets through.

    `unassigned` and `unassigned_s` (lost seconds) count those of them that lost time and have no reason.
    """

    start: str
    end: str
    items: list[StopOut]
    minor: list[MinorGroup]
    total: int
    lost_s: float
    unassigned: int
    unassigned_s: float
    next: str | None


class StopRef(BaseModel):
    """A stop by its machine and interval as the list gives them.

    `seen` is the `correction` that the sender saw on it, 0 when nobody had given a reason: who explains what
    somebody else has explained meanwhile is told so. Null is not compared.
    """

    machine: str
    start: str
    end: str
    seen: int | None = Field(default=None, ge=0)


class AssignIn(BaseModel):
    """Gives stops a reason; null takes back what operators said. `note` is kept with each of them."""

    stops: list[StopRef] = Field(min_length=1, max_length=500)
    reason: str | None
    note: Text = ""


class SplitIn(BaseModel):
    """Cuts the stop of `machine` that goes over `at`."""

    machine: str
    at: str


class MergeIn(BaseModel):
    """Joins the stops of `machine` between start and end, which must follow each other without production."""

    machine: str
    start: str
    end: str


class NoteIn(BaseModel):
    """A note about a stop."""

    stop: StopRef
    text: Annotated[str, Field(min_length=1, max_length=1000)]


class CorrectionOut(BaseModel):
    """Something said about stops and what became of it.

    `fate`: active, superseded by a later one, unmatched (the readings show no stop there) or withdrawn.
    """

    number: int
    machine: str
    kind: Literal["assign", "split", "merge", "note"]
    start: str
    end: str
    reason: str | None
    text: str
    by: str
    at: str
    fate: Literal["active", "superseded", "unmatched", "withdrawn"]
    withdrawn_by: str | None


class StopShape(BaseModel):
    """A stop at a moment of its history: its interval, and the reason that held."""

    start: str
    end: str
    state: str
    reason: str | None
    source: Literal["operator", "plc", "rule"] | None


class ChangeOut(BaseModel):
    """A change of stops: who, when, and what stood there before and after, by the readings of today.

    `kind` withdraw takes correction `number` back. `may_withdraw`: it still counts.
    """

    number: int
    kind: Literal["assign", "split", "merge", "note", "withdraw"]
    by: str
    at: str
    text: str
    before: list[StopShape]
    after: list[StopShape]
    may_withdraw: bool


class CorrectionsOut(BaseModel):
    """The numbers of the corrections that were written."""

    numbers: list[int]


class RuleIn(BaseModel):
    """A stop that fulfils all that is named gets the reason; what is empty or null is not asked.

    `from_time` and `to_time` are local wall-clock times of the stop's beginning; over midnight when the end
    is not later. `min_s <= length < max_s`.
    """

    reason: str
    active: bool = True
    scopes: list[Scope] = Field(default=[], max_length=100)
    states: list[MachineState] = Field(default=[], max_length=20)
    products: list[str] = Field(default=[], max_length=100)
    weekdays: list[Weekday] = Field(default=[], max_length=7)
    min_s: float | None = Field(default=None, ge=0, le=1e7)
    max_s: float | None = Field(default=None, gt=0, le=1e7)
    from_time: WallClock | None = None
    to_time: WallClock | None = None
    valid_from: str | None = None


class RuleOut(RuleIn):
    """A rule; they are asked in the order of the list, and the first that fits holds."""

    id: int


class ReasonOrderIn(BaseModel):
    """All reasons below `parent` (null: at the top) in the order in which they are to be shown."""

    parent: str | None
    reasons: list[str] = Field(max_length=1000)


class RuleOrderIn(BaseModel):
    """All rules in the order in which they are to be asked."""

    rules: list[int] = Field(max_length=1000)


class PreviewIn(BaseModel):
    """A rule to try on the stops of a window; in place of rule `replaces`, or asked after all others."""

    rule: RuleIn
    replaces: int | None = None
    start: str
    end: str


class PreviewOut(BaseModel):
    """What a rule would do to the stops of a window, minor ones left out.

    Of `fitting` stops it would explain `explains` (`lost_s` seconds of them lost): `unexplained` that have no
    reason now and `changed` that have another rule's. `said` stops keep what a person or the PLC said, and
    `earlier` are taken by a rule asked before it. `stops`: the newest of those it would explain.
    """

    start: str
    end: str
    fitting: int
    explains: int
    lost_s: float
    unexplained: int
    changed: int
    said: int
    earlier: int
    stops: list[StopOut]


class UnknownCode(BaseModel):
    """A code that came and has no meaning."""

    code: str
    count: int
    last: str


class CodesOut(BaseModel):
    """What the reason codes of a machine's PLC mean: a reason's id, or `none` while it has nothing to say."""

    machine: str
    tag: str
    version: int
    valid_from: str | None
    codes: dict[str, str]
    unknown: list[UnknownCode]


class CodesIn(BaseModel):
    """What the codes of a bound reason signal are to mean from `valid_from` on; null = since ever."""

    tag: str = Field(max_length=300)
    codes: dict[str, str]
    valid_from: str | None = None
    replaces: int = Field(ge=1)


class HeldOrder(BaseModel):
    """An order that was held up: its job stood in the machine's register or came next; `hours` of stops."""

    order: str
    line: int
    customer: str
    customer_name: Name
    hours: float
    value_minor: int


class ParetoBar(BaseModel):
    """One bar: a reason, a machine or a loss category; `key` null: stops without a reason.

    `impact` is the sum over its stops of hours lost × value of the order line that was held up (quantity ×
    agreed price), in currency units × hours; stops whose order nobody knows add nothing. `orders` are those
    held longest, `orders_total` counts them all. `share` and `cumulative` are of the measure asked for.
    """

    key: str | None
    name: Name | None
    minutes: float
    count: int
    impact: float
    orders: list[HeldOrder]
    orders_total: int
    customers_total: int
    share: float | None
    cumulative: float | None


class ParetoOut(BaseModel):
    """Stops summed up, greatest first by the measure.

    Minutes are planned, watched time inside the window, so they are the losses of OEE. Minor stops are a bar
    `minor_stops` of their own by category and reason. `unassigned_share` is the part of the minutes of
    other stops without a reason.
    """

    start: str
    end: str
    by: str
    measure: str
    currency: str
    bars: list[ParetoBar]
    minutes: float
    count: int
    impact: float
    unassigned_share: float | None
    without_order_minutes: float
