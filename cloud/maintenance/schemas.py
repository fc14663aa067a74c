"""What the API says about alarms (ISA-18.2 states)."""

from pydantic import BaseModel, Field


class AlarmEvent(BaseModel):
    """One entry of an alarm's history."""

    at: str
    kind: str  # raised, acknowledged, cleared, note
    user: str | None
    note: str | None


class AffectedOrder(BaseModel):
    """The order whose operation is running or next on the alarm's machine."""

    order: str
    customer_id: str
    customer_name_zh: str
    customer_name_en: str
    product: str
    work_order: int
    operation: int
    when: str  # running, next


class AlarmOut(BaseModel):
    """One alarm; `state` is unacknowledged, acknowledged, cleared_unacknowledged or normal.

    `machine` is `line:ID` or `site` for an alarm about more than one machine.
    """

    id: int
    machine: str
    kind: str  # condition_drift, or oee, availability, effectiveness, quality, takt_adherence + _off_target
    severity: str  # warning, critical
    state: str
    raised: str
    cleared: str | None
    value: float
    limit: float
    unit: str
    affected: list[AffectedOrder]
    history: list[AlarmEvent]


class AlarmPage(BaseModel):
    """One page of alarms, active first, newest first."""

    items: list[AlarmOut]
    total: int
    active: int
    next: str | None


class NoteIn(BaseModel):
    """A note on an alarm."""

    note: str = Field(min_length=1, max_length=1000)


class ConditionPoint(BaseModel):
    """A sample of the condition signal and its smoothed value."""

    at: str
    value: float
    ewma: float | None


class ConditionOut(BaseModel):
    """The condition signal of a machine with baseline and alarm limit."""

    machine: str
    unit: str
    baseline: float | None
    limit: float | None
    points: list[ConditionPoint]
