"""A machine's morning for tests of its stops: facts written by hand, asked for through the API."""

from datetime import UTC, datetime
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import insert, select

from cloud.db import Database
from cloud.ingest.tables import SignalFact
from cloud.outbox import OutboxEvent
from cloud.plant.schemas import iso

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)  # 14:00 local, in the early shift
START_MS = int(datetime(2026, 3, 2, 0, 0, tzinfo=UTC).timestamp() * 1000)
MINUTE = 60_000
M = "L1-OP10"
WINDOW = {"start": iso(START_MS), "end": iso(START_MS + 360 * MINUTE)}
# Minutes after 08:00 local; 11:30 to 12:00 is lunch.
STATES = [
    (0, "running"),
    (60, "breakdown"),
    (80, "running"),
    (81, "jammed"),
    (82, "running"),
    (120, "idle"),
    (130, "setup"),
    (150, "running"),
    (200, "breakdown"),
    (230, "running"),
    (350, "idle"),
]


def at(minute: float) -> str:
    return iso(START_MS + round(minute * MINUTE))


def stop(start: float, end: float) -> dict[str, str]:
    return {"machine": M, "start": at(start), "end": at(end)}


def tell(db: Database, rows: list[tuple[str, int, str | float]], stream: str = "0" * 32) -> None:
    with db.write() as session:
        session.execute(
            insert(SignalFact),
            [
                {
                    "kind": kind,
                    "source": M,
                    "stream": stream,
                    "position": place,
                    "ord": 0,
                    "ts_ms": START_MS + minute * MINUTE,
                    "value": None if isinstance(said, str) else said,
                    "text": said if isinstance(said, str) else None,
                    "quality": 192,
                }
                for place, (kind, minute, said) in enumerate(rows, 1)
            ],
        )


def listed(client: TestClient, **asked: Any) -> dict[str, Any]:
    answer = client.get("/api/v1/downtime", params={"scope": f"machine:{M}", **WINDOW, **asked})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def announced(db: Database) -> list[int]:
    """The window that was announced last, minutes after `START_MS`."""
    with db.read() as session:
        query = select(OutboxEvent).where(OutboxEvent.kind == "DowntimeCorrected").order_by(OutboxEvent.id)
        payload = session.scalars(query).all()[-1].payload
    return [(ms - START_MS) // MINUTE for ms in payload["windows"][M]]
