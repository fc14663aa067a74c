"""What the API says about sheets that people fill in; times are plant time, ISO 8601."""

from typing import Annotated

from pydantic import BaseModel, Field

from cloud.plant.schemas import MachineState, Name

Parts = Annotated[int, Field(ge=0, le=10_000_000)]


class Period(BaseModel):
    """A machine was in a state over `[start, end)`."""

    start: str
    end: str
    state: MachineState


class RunIn(BaseModel):
    """Parts made over `[start, end)` for a job (work order × 100 + operation sequence; 0 = for none)."""

    start: str
    end: str
    job: int = Field(default=0, ge=0, lt=1 << 53)
    good: Parts = 0
    reject: Parts = 0


class SheetIn(BaseModel):
    """What a machine did over `[start, end)`, at most 24 hours; time without a period was not observed.

    `replaces` is the version that the writer has seen, 0 for a sheet that nobody filled in yet.
    """

    machine: str = Field(max_length=60)
    start: str
    end: str
    periods: list[Period] = Field(max_length=500)
    runs: list[RunIn] = Field(default=[], max_length=200)
    note: str = Field(default="", max_length=1000)
    replaces: int = Field(default=0, ge=0)


class SheetRef(BaseModel):
    """A sheet by machine and start, and the version that was seen of it."""

    machine: str
    start: str
    replaces: int = Field(ge=1)


class SheetOut(BaseModel):
    """A version of a sheet: who said it, when."""

    machine: str
    start: str
    end: str
    periods: list[Period]
    runs: list[RunIn]
    note: str
    version: int
    withdrawn: bool
    by: str
    at: str


class JobChoice(BaseModel):
    """An operation that may run on a machine."""

    job: int
    work_order: int
    sequence: int
    order: str
    customer_name: Name
    product: str
    target: int
    good: int
    status: str


class ManualMachine(BaseModel):
    """A machine whose state no signal tells, with the operations that may run on it, the newest first.

    `signals` are those that tell its `job`, `good` or `reject` all the same, by what they tell: that is not
    entered by hand.
    """

    machine: str
    jobs: list[JobChoice]
    signals: dict[str, str]
