"""What history is asked for and what it answers."""

from typing import Literal

from pydantic import BaseModel, Field

from cloud.plant.schemas import Name

Scalar = float | int | str | None
Measure = Literal["mean", "time_weighted", "min", "max", "first", "last", "count"]


class HistoryTag(BaseModel):
    """A signal with stored values; `role` and `source` are what it means now, if anything."""

    tag: str = Field(description="Its address `group/node/device/metric`.")
    group: str
    node: str
    device: str
    metric: str
    role: str | None
    source: str | None
    source_name: Name | None
    value: Scalar = Field(description="The newest value.")
    at: str | None
    quality: int | None
    earlier: list[str] = Field(
        description="Addresses that told it before, the oldest first, by mappings of renamed signals."
    )


class TagPage(BaseModel):
    """Signals in the order of their addresses; `next` continues after them, null at the end."""

    items: list[HistoryTag]
    next: str | None


class HistoryPoint(BaseModel):
    """A value as it was stored; `quality` 192 is good."""

    at: str
    value: Scalar
    quality: int


class ReadingTimes(BaseModel):
    """When the batch of a reading was sent, received and stored.

    `sent_at` is the sender's plant time, null where it says none that a calendar has; the other two
    are real time.
    """

    sent_at: str | None
    received_at: str
    stored_at: str


class HistoryWindow(BaseModel):
    """The good values of one window, which begins at `at`; `time_weighted` is the mean over time."""

    at: str
    mean: float
    time_weighted: float
    min: float
    max: float
    first: float
    last: float
    count: int


class HistorySpan(BaseModel):
    """A stretch of time, half-open."""

    start: str
    end: str


class HistorySeries(BaseModel):
    """One signal over the time asked for: every point, or windows of `window_s` seconds where there are many.

    `before` is the good value that stood when the window began. `unobserved` is time that nobody watched;
    empty for signals of gateways that do not say what they watched. `bad` is time from a value that was not
    good to the next good one; empty where there are too many values to look at each. Of more texts or bad
    values than a picture shows `points` holds the newest, from `shown_from` on; null when none was left out.
    """

    tag: str
    window_s: float | None
    shown_from: str | None
    before: Scalar
    points: list[HistoryPoint]
    windows: list[HistoryWindow]
    unobserved: list[HistorySpan]
    bad: list[HistorySpan]


class HistoryOut(BaseModel):
    """The series asked for, over one window."""

    start: str
    end: str
    series: list[HistorySeries]


class TagMappingIn(BaseModel):
    """From `valid_from` on `new` goes on with the history of `old`: two gateways, devices or signals.

    Old values read as `value x scale + offset`, or as `values` says (old value as text: value today).
    """

    old: str = Field(max_length=1000, description="`group/gateway`, `group/gateway/device` or a signal.")
    new: str = Field(max_length=1000)
    valid_from: str = Field(max_length=40, description="ISO 8601 with zone; plant time, not in the future.")
    scale: float = Field(default=1.0, allow_inf_nan=False)
    offset: float = Field(default=0.0, allow_inf_nan=False)
    values: dict[str, float | str] | None = Field(default=None, min_length=1, max_length=500)
    note: str = Field(default="", max_length=300)


class MappedSignal(BaseModel):
    """One signal of a mapping: what it means at its old address, and when each address spoke last."""

    old: str
    new: str
    role: str | None
    source: str | None
    old_newest_at: str | None
    new_newest_at: str | None


class TagMappingPlan(BaseModel):
    """What a mapping would do."""

    valid_from: str
    signals: list[MappedSignal]


class TagMappingOut(BaseModel):
    """A mapping; `machines` are those whose gateway it changed; `at` and `undone_at` are real time."""

    id: int
    old: str
    new: str
    valid_from: str
    scale: float
    offset: float
    values: dict[str, float | str] | None
    note: str
    signals: int
    machines: list[str]
    by: str
    at: str
    undone_at: str | None
    undone_by: str | None
