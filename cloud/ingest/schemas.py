"""What the API says about gateways, throughput and refused input."""

from typing import Any

from pydantic import BaseModel


class GatewayOut(BaseModel):
    """One edge node as the host sees it; `last_seen` plant time, lag in real seconds from send to commit."""

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


class BadInput(BaseModel):
    """A counter of refused or flagged input with its newest example; `last_at` plant time."""

    kind: str
    count: int
    last_at: str | None
    example: str | None


class QuarantineOut(BaseModel):
    """One quarantined payload; `at` plant time, `head_hex` its first bytes."""

    id: int
    at: str
    topic: str
    reason: str
    size: int
    head_hex: str


class SystemOut(BaseModel):
    """The state of ingestion: rates over the last ten real seconds."""

    points_total: int
    points_per_s: float
    batches_per_s: float
    commit_ms_p99: float | None
    deriver_lag: int
    outbox_pending: int
    quarantined: int
    gateways: list[GatewayOut]
    bad_input: list[BadInput]
    store: dict[str, Any]


class AuditPage(BaseModel):
    """Points as stored, in commit order; `next` continues, null at the end.

    A row is [stream, position, ord, tag, ts_ms, value, quality, committed_ms]; `committed_ms` is real time,
    a value that is not finite is null.
    """

    columns: list[str]
    rows: list[list[Any]]
    next: int | None
