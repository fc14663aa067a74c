"""Work orders and the thread of an order, asked of the real application."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from production_floor import Fact, deliver, enter, store

from cloud.app import create_app
from cloud.db import Database
from cloud.identity import access, actions
from cloud.settings import Settings
from wire.clock import PlantClock

WO = 5001
LAST = "L1-OP40"
NOW = datetime(2026, 3, 2, 8, 10, tzinfo=UTC)  # ten minutes after the floor's T0
RELEASE = {"number": WO, "order": "SO-1", "line": 1, "quantity": "3"}


def client(db: Database, folder: Path, role: str) -> TestClient:
    clock = PlantClock(NOW, datetime.now(UTC) + timedelta(days=1), 60)
    app = create_app(Settings(data=folder, clock=str(clock)), takes_in=False)
    app.state.db = db
    with db.write() as session:
        actions.ensure_roles(session)
        user = actions.add_user(session, role, role, role, "a-long-password")
        token = actions.open_session(session, user)
    return TestClient(app, cookies={access.COOKIE: token}, raise_server_exceptions=False)


@pytest.fixture
def planner(plant_db: Database, tmp_path: Path) -> TestClient:
    with plant_db.write() as session:
        enter(session, "SO-1", 3)
    return client(plant_db, tmp_path, "planner")


def test_a_released_work_order_has_one_operation_for_each_routing_step(planner: TestClient) -> None:
    answer = planner.post("/api/v1/work-orders", json=RELEASE)
    assert answer.status_code == 201
    body = answer.json()
    assert (body["number"], body["order"], body["product"], body["status"]) == (
        WO,
        "SO-1",
        "BD-280",
        "waiting",
    )
    assert [operation["job"] for operation in body["operations"]] == [500110, 500120, 500130, 500140]
    assert {operation["target"] for operation in body["operations"]} == {3}
    assert body["operations"][0]["machine_name"]["en"] == "CNC lathe"


def test_releasing_again_is_the_same_answer_and_something_else_a_conflict(planner: TestClient) -> None:
    first = planner.post("/api/v1/work-orders", json=RELEASE)
    assert planner.post("/api/v1/work-orders", json=RELEASE).json() == first.json()
    other = planner.post("/api/v1/work-orders", json=RELEASE | {"quantity": "4"})
    assert (other.status_code, other.json()["code"]) == (409, "work_order_differs")


@pytest.mark.parametrize(
    ("change", "status"),
    [({"order": "SO-9"}, 404), ({"line": 2}, 404), ({"number": 20_000_000}, 422), ({"quantity": "0"}, 422)],
)
def test_a_wrong_release_is_refused_with_a_problem(
    planner: TestClient, change: dict[str, Any], status: int
) -> None:
    answer = planner.post("/api/v1/work-orders", json=RELEASE | change)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_an_operator_may_not_release(plant_db: Database, tmp_path: Path) -> None:
    operator = client(plant_db, tmp_path, "operator")
    assert operator.post("/api/v1/work-orders", json=RELEASE).status_code == 403


@pytest.fixture
def produced(planner: TestClient, plant_db: Database) -> TestClient:
    """One hundred seconds of the last machine under the work order, with one of two tags read."""
    planner.post("/api/v1/work-orders", json=RELEASE)
    job = WO * 100 + 40
    facts = [
        Fact("good", LAST, 0, 10, 1),
        Fact("job", LAST, 0, job, 2),
        Fact("good", LAST, 40, 11, 3),
        Fact("tag", "L1-RFID", 46, "E1", 4),
        Fact("tag", "L1-RFID", 46.5, "E1", 5),
        Fact("good", LAST, 80, 12, 6),
        Fact("reject", LAST, 80, 0, 7),
        Fact("reject", LAST, 95, 1, 8),
        Fact("job", LAST, 100, 0, 9),
        Fact("good", LAST, 100, 12, 10),
    ]
    states = [
        (-60, "idle"),
        (-10, "setup"),
        (20, "running"),
        (50, "running"),
        (60, "jammed"),
        (70, "running"),
    ]
    with plant_db.write() as session:
        store(session, [Fact("state", LAST, at, state, 20 + n) for n, (at, state) in enumerate(states)])
        deliver(session, facts)
    return planner


def test_the_thread_leads_from_the_order_to_events_and_units(produced: TestClient) -> None:
    thread = produced.get("/api/v1/orders/SO-1/thread").json()
    assert thread["order"]["lines"][0]["good"] == 2
    (work,) = thread["work_orders"]
    last = work["work_order"]["operations"][-1]
    assert (last["good"], last["rejected"], last["status"]) == (2, 1, "done")
    assert (last["started"], last["last_count"]) == ("2026-03-02T08:00:00.000Z", "2026-03-02T08:01:35.000Z")
    told = [(event["at"][14:19], event["kind"], event["detail"]) for event in work["events"]]
    assert told == [
        ("01:10", "state", "running"),
        ("01:00", "state", "jammed"),
        ("00:20", "state", "running"),
        ("00:00", "job", "500140"),
        ("00:00", "state", "setup"),
    ]
    assert work["events"][0]["until"] == "2026-03-02T08:01:40.000Z"
    assert [(unit["serial"], unit["epc"]) for unit in work["units"]] == [("5001-2", None), ("5001-1", "E1")]
    assert work["units"][1]["tagged"] == "2026-03-02T08:00:46.000Z"


def test_the_thread_is_cut_as_asked_and_counted_whole(produced: TestClient) -> None:
    asked = {"events": 2, "units": 1}
    (work,) = produced.get("/api/v1/orders/SO-1/thread", params=asked).json()["work_orders"]
    assert (len(work["events"]), work["events_total"]) == (2, 5)
    assert (len(work["units"]), work["units_total"]) == (1, 2)


def test_an_unknown_order_has_no_thread(planner: TestClient) -> None:
    assert planner.get("/api/v1/orders/SO-404/thread").status_code == 404


def test_counts_are_answered_by_job_and_by_link(produced: TestClient) -> None:
    window = {"start": "2026-03-02T08:00:00Z", "end": "2026-03-02T09:00:00Z"}
    assert produced.get("/api/v1/production/counts-by-job", params=window).json() == [
        {"machine": LAST, "job": 500140, "order": "SO-1", "line": 1, "good": 2, "rejected": 1}
    ]
    links = produced.get("/api/v1/production/link-counts", params=window).json()
    assert links == {"linked": 3, "unlinked": 0, "ambiguous": 0}


def test_a_window_without_zone_or_with_its_ends_swapped_is_refused(planner: TestClient) -> None:
    path = "/api/v1/production/link-counts"
    naive = {"start": "2026-03-02T08:00:00", "end": "2026-03-02T09:00:00"}
    swapped = {"start": "2026-03-02T09:00:00Z", "end": "2026-03-02T08:00:00Z"}
    assert planner.get(path, params=naive).json()["code"] == "bad_time"
    assert planner.get(path, params=swapped).json()["code"] == "bad_window"
