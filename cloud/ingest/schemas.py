"""What the API says about gateways, throughput and refused input."""

from typing import Any

from pydantic import BaseModel


class GatewayOut(BaseModel):
    """One edge node as the host sees it; `last_seen` plant time, lag in real seconds from send to commit.

    `watermark` is the position through which its stream is stored; its age real seconds since then.
    """

    group: str
    node: str
    online: bool
    receipts: bool
    last_seen: str | None
    devices: int
    devices_online: int
    points: int
    gaps: int
    lag_s: float | None
    watermark: int | None
    watermark_age_s: float | None


class BadInput(BaseModel):
    """A counter of refused or flagged input with its newest example; `last_at` plant time."""

    kind: str
    count: int
    last_at: str | None
    example: str | None


class QuarantineOut(BaseModel):
    """One quarantined payload; `at` plant time, `head_hex` its first bytes, `replay` how a replay ended."""

    id: int
    at: str
    topic: str
    reason: str
    size: int
    head_hex: str
    replay: "ReplayOut | None"


class ReplayOut(BaseModel):
    """How reading a quarantined payload again ended.

    `outcome` is stored, stored_before, not_understood or refused; `at` plant time.
    """

    outcome: str
    detail: str
    points: int
    at: str
    by: str


class MomentOut(BaseModel):
    """Five real seconds of ingestion, which began `age_s` ago: points, slowest commit, greatest lag.

    `commit_ms`, `lag_s` and `batch_points` (mean points in a batch) are null when nothing was committed;
    `queued` is the most messages that waited.
    """

    age_s: float
    points_per_s: float
    commit_ms: float | None
    lag_s: float | None
    batch_points: float | None
    queued: int


class QueueOut(BaseModel):
    """What waits for ingestion, and how much may; beyond it data are not taken in.

    `left_with_gateways` counts those messages: our gateways send theirs again, a third party's become a gap.
    """

    messages: int
    bytes: int
    most_messages: int
    most_bytes: int
    left_with_gateways: int


class MonthOut(BaseModel):
    """One file of closed hours."""

    month: str
    points: int
    size_bytes: int


class HoldingsOut(BaseModel):
    """What the historian holds; a store that keeps no hours of its own says 0 and names no months.

    `recent_bytes` is what is not in files of months; `upkeep_at` real time of the last upkeep.
    """

    size_bytes: int
    recent_bytes: int
    open_hours: int
    closed_hours: int
    late_points: int
    months: list[MonthOut]
    upkeep_at: str | None


class SystemOut(BaseModel):
    """The state of ingestion: rates over the last ten real seconds; `trend` the last minutes."""

    points_total: int
    points_per_s: float
    batches_per_s: float
    commit_ms_p99: float | None
    batch_points: float | None
    trend: list[MomentOut]
    queue: QueueOut
    holdings: HoldingsOut
    deriver_lag: int
    outbox_pending: int
    quarantined: int
    gateways: list[GatewayOut]
    bad_input: list[BadInput]
    store: dict[str, Any]


class AuditPage(BaseModel):
    """Points as stored, in commit order; `next` continues, null at the end.

    A row is [stream, position, ord, tag, ts_ms, value, quality, committed_ms, sent_ms, received_ms]. The time
    of the reading `ts_ms` and `sent_ms`, when its sender says it sent it, are plant time; `received_ms`
    and `committed_ms` are real time. A value that is not finite is null.
    """

    columns: list[str]
    rows: list[list[Any]]
    next: int | None
