"""What the API says about OEE; ratios 0-1 or null where planned time is zero."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from cloud.downtime.schemas import CorrectionOut
from cloud.plant.schemas import Name
from models.oee.indicators import Indicators


class Losses(BaseModel):
    """Seconds lost by category under the policy of the answer; see the architecture page for the definitions.

    Together they are the time that the policy's availability divides by × (1 − OEE): observed planned time,
    for `point85` with the observed breaks (`planned_downtime`). `rework` is zero for `iso22400`.
    """

    planned_downtime: float
    breakdown: float
    setup: float
    waiting: float
    minor_stops: float
    reduced_speed: float
    startup_rejects: float
    production_rejects: float
    rework: float


class Figure(BaseModel):
    """One OEE figure with everything it was computed from; times in seconds."""

    availability: float | None
    effectiveness: float | None
    quality: float | None
    oee: float | None
    quality_plain: float | None
    coverage: float | None
    planned_s: float  # planned operation time of the calendar
    observed_planned_s: float  # PBT: planned and observed
    production_s: float  # APT
    unobserved_s: float
    break_s: float  # observed breaks of the shifts and planned stops; lost availability for `point85`
    good: int
    rejected: int
    reworked: int
    losses: Losses
    losses_parts: Losses | None  # the same in parts at the mean ideal cycle
    indicators: Indicators
    flags: list[str]  # e.g. "effectiveness_above_1"


class StateSegment(BaseModel):
    """One unbroken run of a state, `unobserved` among them; `planned`: the calendar planned this time."""

    start: str
    end: str
    state: str
    category: str  # production, a loss category, unplanned or unobserved
    planned: bool
    stop_s: float | None  # length of the whole stop that this is part of, which decides whether it is minor


class JobSegment(BaseModel):
    """What ran on the machine, with what it made in the window."""

    start: str
    end: str
    job: int
    order: str | None
    customer: str | None
    product: str | None
    customer_name: Name | None
    ideal_cycle_s: float | None
    good: int
    rejected: int


class ChangeoverOut(BaseModel):
    """A change of product: from its last good part to the first good part of the next one."""

    start: str
    end: str
    from_product: str
    to_product: str
    length_s: float
    setup_s: float  # in state `setup` meanwhile
    done: bool  # false while no good part of the next product was made


class MachineOee(BaseModel):
    """A machine's figure; segments only when the scope is one machine."""

    machine: str
    figure: Figure
    states: list[StateSegment]
    jobs: list[JobSegment]
    changeovers: list[ChangeoverOut]
    off_target: list[str]  # e.g. "oee": what is below the target of the machine, its line or the site


class OeeTrendPoint(BaseModel):
    """The figure of one hour."""

    start: str
    end: str
    availability: float | None
    effectiveness: float | None
    quality: float | None
    oee: float | None
    coverage: float | None


Ratio = Annotated[float, Field(ge=0, le=1)]


class TargetIn(BaseModel):
    """What a scope aims at: ratios 0-1, `takt_s` seconds of planned time per part; null = no target."""

    model_config = ConfigDict(extra="forbid")

    oee: Ratio | None = None
    availability: Ratio | None = None
    effectiveness: Ratio | None = None
    quality: Ratio | None = None
    takt_s: Annotated[float, Field(gt=0, le=86_400)] | None = None


class TargetOut(TargetIn):
    """The target of a scope."""

    scope: str


class LineFlowIn(BaseModel):
    """How a line flows: machines of one station work in parallel; the constraint is a station.

    `stations` maps machine to station; a machine that is not named is a station of its own id.
    """

    model_config = ConfigDict(extra="forbid")

    stations: dict[str, str] = {}
    constraint: str | None = None


class LineFlowOut(LineFlowIn):
    """How a line flows; without a constraint the station with the most ideal time per machine decides."""

    line: str


class ConstraintFigure(BaseModel):
    """The figure of the station that decides what a line makes; beside the sum over all its machines."""

    station: str
    machines: list[str]
    named: bool  # by a person; else the station with the most ideal time per machine
    figure: Figure


class ScrapIn(BaseModel):
    """Parts counted as good that turned out to be scrap: charged to the machine and the time they arose.

    Either `serial`, or `job` and `quantity`. `machine` is where the fault arose, by default the machine that
    counted the unit; `at` is when, by default when the unit was counted. `request` is the sender's own
    number: the same request sent twice is one charge.
    """

    model_config = ConfigDict(extra="forbid")

    request: Annotated[str, Field(min_length=1, max_length=64)]
    serial: Annotated[str, Field(max_length=80)] | None = None
    job: Annotated[int, Field(gt=0, lt=1 << 53)] | None = None
    quantity: Annotated[int, Field(gt=0, le=1_000_000)] = 1
    machine: str | None = None
    at: str | None = None
    found_at: Annotated[str, Field(max_length=80)] = ""
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class ScrapOut(BaseModel):
    """A charge as it stands; `at` is the reading in which the parts were counted as good."""

    id: int
    machine: str
    at: str
    job: int
    quantity: int
    serial: str | None
    found_at: str
    reason: str
    username: str
    said: str
    withdrawn_by: str | None
    withdrawn: str | None


class Provenance(BaseModel):
    """Where a figure comes from: machine shifts added up from totals, and those reckoned for this answer.

    `changed` is when a total in it last said something else than before, and `why`: `first`, `late_data`,
    `coverage`, `binding`, `correction`, `calendar`, `scrap`, `work_order`, `ideal_cycle` or `minor_stop`;
    null when it was reckoned now.
    """

    from_totals: int
    reckoned: int
    computed: str | None
    changed: str | None
    why: str | None


class OeeGroup(BaseModel):
    """The figure of one hour, shift, day, week, machine, line or product; `key` is its id, ISO start or week.

    A day's shifts are those that began on it, so a night shift is never cut at midnight. `name` is of the
    shift, machine, line or product, and null for hours, days and time without a known product.
    """

    key: str
    name: Name | None
    start: str
    end: str
    figure: Figure
    off_target: list[str]
    provenance: Provenance


class OeeOut(BaseModel):
    """OEE of a scope over [from, to), with its machines and an hourly trend.

    Asked with `by`, it has `groups` instead of machines, segments and trend.
    """

    scope: str
    start: str
    end: str
    policy: str
    policy_version: int
    figure: Figure
    machines: list[MachineOee]
    trend: list[OeeTrendPoint]
    by: str | None
    groups: list[OeeGroup]
    target: TargetOut | None
    off_target: list[str]
    constraint: ConstraintFigure | None  # of a line
    provenance: Provenance


class Span(BaseModel):
    """A stretch of time."""

    start: str
    end: str


class RawEvent(BaseModel):
    """A reading that the figure depends on, by its identity in the store."""

    kind: str
    at: str
    value: float | None
    text: str | None
    stream: str
    position: int
    ord: int


class PartsRead(BaseModel):
    """Parts that count in the figure, by the reading that told of them."""

    at: str
    good: int
    rejected: int
    job: int
    ideal_cycle_s: float | None
    startup: bool


class ShiftKept(BaseModel):
    """The kept total of a shift in the window; `agrees`: reckoned anew it says the same, null when stale."""

    shift: str
    start: str
    end: str
    stale: bool
    computed: str | None
    changed: str | None
    why: str | None
    revision: int
    agrees: bool | None


class OeeExplained(BaseModel):
    """Everything that one machine's figure was made of: policy, plan, coverage, segments, parts, readings."""

    machine: str
    start: str
    end: str
    policy: str
    policy_version: int
    figure: Figure
    planned: list[Span]
    breaks: list[Span]
    planned_stops: list[Span]  # shift time outside breaks in which it was planned to stand
    watched: list[Span]
    states: list[StateSegment]
    jobs: list[JobSegment]
    parts: list[PartsRead]
    charges: list[ScrapOut]
    corrections: list[CorrectionOut]  # what people said about its stops, the newest first
    shifts: list[ShiftKept]
    events: list[RawEvent]
    events_left_out: int
