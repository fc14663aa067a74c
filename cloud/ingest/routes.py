"""Ingestion over HTTP: its state, what it refused, what it stored."""

from typing import Annotated

import orjson
from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.db import Database, Read, database
from cloud.errors import Conflict, NotFound, Unavailable
from cloud.identity.access import User, may
from cloud.identity.actions import audit
from cloud.ingest.arrival import Replayed
from cloud.ingest.inbox import QUEUE_BYTES, QUEUE_MESSAGES
from cloud.ingest.ingest_state import NodeState
from cloud.ingest.runtime import IngestRuntime
from cloud.ingest.schemas import (
    AuditPage,
    BadInput,
    GatewayOut,
    HoldingsOut,
    MomentOut,
    MonthOut,
    QuarantineOut,
    QueueOut,
    ReplayOut,
    SystemOut,
)
from cloud.ingest.tables import QuarantineReplay
from cloud.outbox import pending
from cloud.plant.access import Clock
from cloud.plant.schemas import iso, iso_or_none
from cloud.timeseries.store import AuditRow, Store
from cloud.timeseries.upkeep import Upkeep

router = APIRouter(tags=["system"])

COLUMNS = list(AuditRow._fields)
QUARANTINE_SHOWN = 200
MOST_ROWS = 50_000
REPLAY_S = 10.0

# In a route's signature the permission comes first: FastAPI resolves in order, and a stranger must hear 401
# whatever this process can do.
MayReadSystem = Annotated[User, Depends(may("system.read"))]
MayReplay = Annotated[User, Depends(may("quarantine.replay"))]
MayAudit = Annotated[User, Depends(may("audit.read"))]


def running_ingest(request: Request) -> IngestRuntime:
    """Return the application's ingestion; `Unavailable` when this process runs none."""
    ingest: IngestRuntime | None = getattr(request.app.state, "ingest", None)
    if ingest is None:
        raise _left_to_workers(request) or Unavailable("This process takes in no data.", code="no_ingest")
    return ingest


def open_store(request: Request) -> Store:
    """Return the application's time-series store; `Unavailable` when this process has none."""
    store: Store | None = getattr(request.app.state, "store", None)
    if store is None:
        raise _left_to_workers(request) or Unavailable("This process holds no time series.", code="no_store")
    return store


def _left_to_workers(request: Request) -> Unavailable | None:
    if request.app.state.settings.ingest != "workers":
        return None
    detail = "Workers take in the data: each tells its figures at its own /metrics (docs/cloud/workers.md)."
    return Unavailable(detail, code="left_to_workers")


Ingest = Annotated[IngestRuntime, Depends(running_ingest)]
Points = Annotated[Store, Depends(open_store)]


@router.get("/system")
def show_system(
    request: Request, _user: MayReadSystem, ingest: Ingest, store: Points, session: Read
) -> SystemOut:
    """Gateways, rates, lags, counters of refused input, what the historian holds."""
    state = ingest.snapshot()
    return SystemOut(
        points_total=state.counts.points,
        points_per_s=round(state.rates.points_per_s, 1),
        batches_per_s=round(state.rates.batches_per_s, 1),
        commit_ms_p99=state.rates.commit_ms_p99,
        batch_points=state.rates.batch_points,
        trend=[MomentOut.model_validate(moment._asdict()) for moment in state.rates.moments],
        queue=QueueOut(
            messages=state.queued,
            bytes=state.queued_bytes,
            most_messages=QUEUE_MESSAGES,
            most_bytes=QUEUE_BYTES,
            left_with_gateways=state.dropped,
        ),
        holdings=_holdings(store, state.counts.size_bytes, getattr(request.app.state, "upkeep", None)),
        deriver_lag=state.deriver_lag,
        outbox_pending=sum(waiting.count for waiting in pending(session)),
        quarantined=state.counts.quarantined,
        gateways=[_gateway(node) for node in state.nodes],
        bad_input=[
            BadInput(kind=kind, count=tally.count, last_at=iso_or_none(tally.last_ms), example=tally.example)
            for kind, tally in state.bad_input.items()
        ],
        store={
            "is_connected": state.is_connected,
            "queued": state.queued,
            "dropped": state.dropped,
            "batches": state.counts.batches,
            "gaps": state.counts.gaps,
            "commit_no": state.counts.commit_no,
            "size_bytes": state.counts.size_bytes,
        },
    )


@router.get("/system/quarantine")
def list_quarantine(_user: MayReadSystem, store: Points, session: Read) -> list[QuarantineOut]:
    """The newest quarantined payloads first."""
    replays = {row.id: row for row in session.scalars(select(QuarantineReplay))}
    return [
        QuarantineOut(
            id=row.id,
            at=iso(row.at_ms),
            topic=row.topic,
            reason=row.reason,
            size=row.size,
            head_hex=row.head.hex(),
            replay=_replay_out(replays[row.id]) if row.id in replays else None,
        )
        for row in store.quarantined(QUARANTINE_SHOWN)
    ]


@router.post("/system/quarantine/{number}/replay")
async def replay_quarantined(
    user: MayReplay,
    ingest: Ingest,
    db: Annotated[Database, Depends(database)],
    clock: Clock,
    number: Annotated[int, Path(ge=1, lt=1 << 62)],
) -> ReplayOut:
    """What becomes of a quarantined payload that is read again, with the time it was received at first."""
    # Not within one transaction: a ledger in the same database could not write what it waits for.
    done = await to_thread.run_sync(_replay, db, ingest, number)
    async with db.write_for_request() as session:
        return await to_thread.run_sync(_keep_replay, session, user, clock.now_ms(), number, done)


def _replay(db: Database, ingest: IngestRuntime, number: int) -> Replayed:
    with db.read() as session:
        before = session.get(QuarantineReplay, number)
    if before is not None and before.outcome.startswith("stored"):
        raise Conflict(f"Payload {number} has been stored already.", code="replayed_before")
    try:
        return ingest.replay(number).result(REPLAY_S)
    except LookupError as missing:
        raise NotFound(str(missing), code="not_kept") from missing
    except TimeoutError as late:
        raise Unavailable("Ingestion does not answer at the moment.") from late


def _keep_replay(session: Session, user: User, now_ms: int, number: int, done: Replayed) -> ReplayOut:
    row = session.merge(
        QuarantineReplay(
            id=number,
            at_ms=now_ms,
            username=user.username,
            outcome=done.outcome,
            detail=done.detail,
            points=done.points,
        )
    )
    detail = {"outcome": done.outcome, "detail": done.detail[:300], "points": done.points}
    audit(session, user, "quarantine.replay", f"quarantine/{number}", detail)
    return _replay_out(row)


def _replay_out(row: QuarantineReplay) -> ReplayOut:
    return ReplayOut(
        outcome=row.outcome, detail=row.detail, points=row.points, at=iso(row.at_ms), by=row.username
    )


@router.get("/audit/points", response_model=AuditPage)
def audit_points(
    _user: MayAudit,
    store: Points,
    after: Annotated[int, Query(ge=0, lt=1 << 62)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 10_000,
) -> Response:
    """Stored points in commit order after a cursor."""
    page = store.audit(after, limit)
    # A pydantic model of 50,000 rows would cost more than reading them; NaN and infinities become null.
    body = {"columns": COLUMNS, "rows": [list(row) for row in page.rows], "next": page.next}
    return Response(orjson.dumps(body), media_type="application/json")


def _holdings(store: Store, size_bytes: int, upkeep: Upkeep | None) -> HoldingsOut:
    held = store.holdings()
    months = [MonthOut.model_validate(month._asdict()) for month in held.months]
    return HoldingsOut(
        size_bytes=size_bytes,
        recent_bytes=max(0, size_bytes - sum(month.size_bytes for month in months)),
        open_hours=held.open_hours,
        closed_hours=held.closed_hours,
        late_points=held.late_points,
        months=months,
        upkeep_at=iso_or_none(upkeep.stepped_ms if upkeep else None),
    )


def _gateway(node: NodeState) -> GatewayOut:
    return GatewayOut(
        group=node.group,
        node=node.node,
        online=node.is_online,
        receipts=node.keeps_receipts,
        last_seen=iso_or_none(node.last_seen_ms),
        devices=node.devices,
        devices_online=node.devices_online,
        points=node.points,
        gaps=node.gaps,
        lag_s=None if node.lag_s is None else round(node.lag_s, 3),
        watermark=node.watermark,
        watermark_age_s=None if node.watermark_age_s is None else round(node.watermark_age_s, 1),
    )
