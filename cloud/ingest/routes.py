"""Ingestion over HTTP: its state, what it refused, what it stored."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from cloud.db import Read
from cloud.errors import Unavailable
from cloud.identity.access import User, may
from cloud.ingest.runtime import IngestRuntime, NodeState
from cloud.ingest.schemas import AuditPage, BadInput, GatewayOut, QuarantineOut, SystemOut
from cloud.outbox import pending
from cloud.plant.schemas import iso, iso_or_none
from cloud.timeseries.store import Store

router = APIRouter(tags=["system"])

COLUMNS = ["stream", "position", "ord", "tag", "ts_ms", "value", "quality", "committed_ms"]
QUARANTINE_SHOWN = 200
MOST_ROWS = 50_000

MayReadSystem = Annotated[User, Depends(may("system.read"))]
MayAudit = Annotated[User, Depends(may("audit.read"))]


def running_ingest(request: Request) -> IngestRuntime:
    """Return the application's ingestion; `Unavailable` when this process runs none."""
    ingest: IngestRuntime | None = getattr(request.app.state, "ingest", None)
    if ingest is None:
        raise Unavailable("This process takes in no data.", code="no_ingest")
    return ingest


def open_store(request: Request) -> Store:
    """Return the application's time-series store; `Unavailable` when this process has none."""
    store: Store | None = getattr(request.app.state, "store", None)
    if store is None:
        raise Unavailable("This process holds no time series.", code="no_store")
    return store


Ingest = Annotated[IngestRuntime, Depends(running_ingest)]
Points = Annotated[Store, Depends(open_store)]


@router.get("/system")
def show_system(ingest: Ingest, session: Read, _user: MayReadSystem) -> SystemOut:
    """Gateways, rates, lags, counters of refused input."""
    state = ingest.snapshot()
    return SystemOut(
        points_total=state.counts.points,
        points_per_s=round(state.rates.points_per_s, 1),
        batches_per_s=round(state.rates.batches_per_s, 1),
        commit_ms_p99=state.rates.commit_ms_p99,
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
def list_quarantine(store: Points, _user: MayReadSystem) -> list[QuarantineOut]:
    """The newest quarantined payloads first."""
    return [
        QuarantineOut(
            id=row.id,
            at=iso(row.at_ms),
            topic=row.topic,
            reason=row.reason,
            size=row.size,
            head_hex=row.head.hex(),
        )
        for row in store.quarantined(QUARANTINE_SHOWN)
    ]


@router.get("/audit/points", response_model=AuditPage)
def audit_points(
    store: Points,
    _user: MayAudit,
    after: Annotated[int, Query(ge=0, lt=1 << 62)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 10_000,
) -> Response:
    """Stored points in commit order after a cursor."""
    page = store.audit(after, limit)
    # A pydantic model of 50,000 rows would cost more than reading them; NaN and infinities become null.
    body = {"columns": COLUMNS, "rows": [list(row) for row in page.rows], "next": page.next}
    return Response(orjson.dumps(body), media_type="application/json")


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
    )
