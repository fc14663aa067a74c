"""What the API says about OEE; ratios 0-1 or null where planned time is zero."""

from pydantic import BaseModel

from cloud.plant.schemas import Name


class Losses(BaseModel):
    """Seconds lost by category; see the architecture page for the definitions."""

    breakdown: float
    setup: float
    waiting: float
    minor_stops: float
    reduced_speed: float
    startup_rejects: float
    production_rejects: float


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
    good: int
    rejected: int
    losses: Losses
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


class MachineOee(BaseModel):
    """A machine's figure; segments only when the scope is one machine."""

    machine: str
    figure: Figure
    states: list[StateSegment]
    jobs: list[JobSegment]


class OeeTrendPoint(BaseModel):
    """The figure of one hour."""

    start: str
    end: str
    availability: float | None
    effectiveness: float | None
    quality: float | None
    oee: float | None
    coverage: float | None


class OeeOut(BaseModel):
    """OEE of a scope over [from, to), with its machines and an hourly trend."""

    scope: str
    start: str
    end: str
    policy: str
    figure: Figure
    machines: list[MachineOee]
    trend: list[OeeTrendPoint]
