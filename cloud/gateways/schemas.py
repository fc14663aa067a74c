"""What the API says about gateways and their commands."""

from typing import Annotated

from pydantic import BaseModel, Field

Value = bool | int | float | str | None
Reason = Annotated[str, Field(min_length=3, max_length=200)]


class DeviceOut(BaseModel):
    """A device of a gateway; times are plant time, what only our gateways tell may be null."""

    id: str
    online: bool
    last_seen: str | None
    stale_since: str | None
    state: str | None
    errors: int | None
    last_error: str | None
    overruns: int | None
    bad_input: int | None
    clock_skew_s: float | None


class SpoolOut(BaseModel):
    """The spool of a gateway of ours: what waits for its receipt, its bound, what it had to drop."""

    waiting_batches: int
    waiting_bytes: int
    oldest_s: float | None
    held_bytes: int | None
    max_bytes: int | None
    dropped: int
    trouble: str | None


class FleetGateway(BaseModel):
    """One gateway; `kind` is `own` (keeps receipts), `third_party` or `json` (devices without a gateway)."""

    group: str
    node: str
    kind: str
    online: bool
    last_seen: str | None
    points: int
    gaps: int
    lag_s: float | None
    software_version: str | None
    config_version: str | None
    config_error: str | None
    uptime_s: float | None
    cpu: float | None
    memory_bytes: int | None
    clock_skew_s: float | None
    errors: int | None
    overruns: int | None
    bad_input: int | None
    spool: SpoolOut | None
    devices: list[DeviceOut]


class TagNow(BaseModel):
    """The newest value of a tag; quality 192 good, 500 stale, others bad; `at` plant time."""

    tag: str
    datatype: str
    value: Value
    quality: int
    at: str


class RebirthIn(BaseModel):
    """Why a gateway is asked for all its births."""

    reason: Reason


class WriteIn(BaseModel):
    """What to write and why; the command is not begun any more after `expires_s` real seconds."""

    value: Value
    reason: Reason
    expires_s: int = Field(default=60, ge=5, le=3600)


class CommandOut(BaseModel):
    """A command; `state` is pending, sent, done, refused, failed, unknown or expired; times plant time."""

    id: str
    kind: str
    group: str
    node: str
    device: str
    tag: str
    value: Value
    value_before: Value
    value_after: Value
    state: str
    requester: str
    reason: str
    outcome: str
    asked_at: str
    settled_at: str | None
