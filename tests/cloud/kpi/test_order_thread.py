"""The thread of an order: alarms stand among the machine events of the orders they concerned."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert
from sqlalchemy.orm import Session

from cloud.app import create_app
from cloud.customers.actions import load_customers
from cloud.db import Database
from cloud.identity.actions import DEMO_PASSWORD
from cloud.ingest.tables import SignalFact
from cloud.kpi.queries import thread_with_alarms
from cloud.maintenance.actions import affected
from cloud.maintenance.tables import Alarm
from cloud.orders.actions import enter_order
from cloud.orders.schemas import OrderIn, OrderLineIn
from cloud.outbox import Event
from cloud.plant.actions import load_plant_file
from cloud.production.actions import release_work_order
from cloud.production.reactions import react
from cloud.production.schemas import WorkOrderIn
from cloud.settings import Settings

pytestmark = pytest.mark.slow

PLANT_FILE = Path(__file__).parents[3] / "simulators" / "plants" / "demo.toml"
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
T0 = int(START.timestamp() * 1000)
MINUTE_MS = 60_000
NOW_MS = T0 + 60 * MINUTE_MS
FIRST, OTHER = "L1-OP10", "L2-OP10"


def floor(session: Session) -> None:
    """Two orders on line 1: the first machine works for 5001 from minute 0 to 20, then for 5002."""
    for number, work_order in (("SO-1", 5001), ("SO-2", 5002)):
        line = OrderLineIn(line=1, product="BD-280", quantity=Decimal(40), due="2026-03-04T08:00:00Z")
        enter_order(
            session, OrderIn(number=number, customer="ningbo-axle", lines=[line]), "test", T0 - 10 * MINUTE_MS
        )
        wanted = WorkOrderIn(number=work_order, order=number, line=1, quantity=Decimal(40))
        release_work_order(session, wanted, "test", T0 - 9 * MINUTE_MS)
        react(session, [Event(0, "WorkOrderReleased", {"work_order": work_order}, 0)])
    jobs = [(0, 500110), (20, 500210), (40, 0)]
    rows: list[dict[str, Any]] = [
        {
            "kind": kind,
            "source": FIRST,
            "stream": "c" * 32,
            "position": position,
            "ord": 0,
            "ts_ms": T0 + minute * MINUTE_MS,
            "value": value,
            "text": text,
            "quality": 192,
        }
        for position, (kind, minute, value, text) in enumerate(
            [*(("job", minute, float(job), None) for minute, job in jobs), ("state", 5, None, "running")],
            start=1,
        )
    ]
    session.execute(insert(SignalFact), rows)
    react(session, [Event(0, "JobChanged", {"windows": {FIRST: [T0, NOW_MS]}}, 0)])


def raise_alarm(session: Session, machine: str, minute: int, *, is_active: bool = False) -> int:
    raised_ms = T0 + minute * MINUTE_MS
    alarm = Alarm(
        machine=machine,
        kind="condition_drift",
        severity="warning",
        active=is_active,
        acknowledged=False,
        raised_ms=raised_ms,
        cleared_ms=None if is_active else raised_ms + 2 * MINUTE_MS,
        value=4.0,
        limit=3.0,
        unit="mm/s",
        affected=affected(session, machine, raised_ms),
    )
    session.add(alarm)
    session.flush()
    return alarm.id


def alarms_of(session: Session, order: str) -> list[int | None]:
    thread = thread_with_alarms(session, order, NOW_MS, events=100, units=10)
    return [event.alarm for work in thread.work_orders for event in work.events if event.kind == "alarm"]


def test_an_alarm_stands_in_the_thread_of_the_order_that_ran_or_was_next(any_db: Database) -> None:
    with any_db.write() as session:
        load_customers(session, load_plant_file(session, PLANT_FILE).customer)
        floor(session)
        before = raise_alarm(session, FIRST, -1)  # 5001 is next
        during = raise_alarm(session, FIRST, 7)
        following = raise_alarm(session, FIRST, 25)
        raise_alarm(session, OTHER, 8)
        long_after = raise_alarm(session, FIRST, 50)
    with any_db.read() as session:
        assert alarms_of(session, "SO-1") == [during, before]
        assert alarms_of(session, "SO-2") == [following]
        assert long_after not in (*alarms_of(session, "SO-1"), *alarms_of(session, "SO-2"))


def test_an_active_alarm_stands_in_the_thread_of_the_order_it_names_now(plant_db: Database) -> None:
    with plant_db.write() as session:
        floor(session)
        # Raised while 5001 ran there; the second machine of the line has not begun: it names the first order.
        raised = raise_alarm(session, FIRST, 7, is_active=True)
        waiting = raise_alarm(session, "L1-OP20", 10, is_active=True)
        assert alarms_of(session, "SO-1") == [waiting, raised]
        assert alarms_of(session, "SO-2") == []


def test_alarms_count_among_the_newest_events(plant_db: Database) -> None:
    with plant_db.write() as session:
        floor(session)
        raise_alarm(session, FIRST, 7)
        whole = thread_with_alarms(session, "SO-1", NOW_MS, events=100, units=0).work_orders[0]
        told = [(event.kind, event.detail) for event in whole.events]
        assert told == [("alarm", "condition_drift"), ("state", "running"), ("job", "500110")]
        assert (whole.events_total, whole.events[0].severity) == (3, "warning")
        cut = thread_with_alarms(session, "SO-1", NOW_MS, events=2, units=0).work_orders[0]
        assert (cut.events, cut.events_total) == (whole.events[:2], 3)


@pytest.mark.parametrize(("path", "status"), [("SO-1", 200), ("SO-404", 404)])
def test_the_thread_is_answered_over_http(tmp_path: Path, path: str, status: int) -> None:
    anchor = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    clock = f"{(START + timedelta(minutes=60)).isoformat()}@{anchor}x60"
    settings = Settings(data=tmp_path, plant_file=PLANT_FILE, demo_users=True, clock=clock)
    app = create_app(settings, takes_in=False)
    with TestClient(app, base_url="https://test") as client:
        with app.state.db.write() as session:
            floor(session)
            raise_alarm(session, FIRST, 7)
        client.post("/api/v1/session", json={"username": "operator", "password": DEMO_PASSWORD})
        answer = client.get(f"/api/v1/orders/{path}/thread", params={"events": 1})
        assert answer.status_code == status
        if status == 200:
            (event,) = answer.json()["work_orders"][0]["events"]
            assert (event["kind"], event["at"]) == ("alarm", "2026-03-02T08:07:00.000Z")
            assert event["until"] == "2026-03-02T08:09:00.000Z"
