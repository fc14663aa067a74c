"""Orders and releases of a whole file in one call each, asked of the real application."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from cloud.app import create_app
from cloud.db import Database
from cloud.identity import access, actions
from cloud.settings import Settings
from wire.clock import PlantClock

NOW = datetime(2026, 3, 2, 8, 10, tzinfo=UTC)
DUE = "2026-03-04T08:00:00.000Z"


def client(db: Database, folder: Path, role: str) -> TestClient:
    clock = PlantClock(NOW, datetime.now(UTC) + timedelta(days=1), 60)
    app = create_app(Settings(data=folder, clock=str(clock)), takes_in=False)
    app.state.db = db
    with db.write() as session:
        actions.ensure_roles(session)
        user = actions.add_user(session, role, role, role, "a-long-password")
        token = actions.open_session(session, user)
    return TestClient(app, cookies={access.COOKIE: token}, raise_server_exceptions=False)


def order(number: int, **changes: Any) -> dict[str, Any]:
    lines = [{"line": line, "product": "BD-280", "quantity": "60", "due": DUE} for line in (1, 2)]
    return {"number": f"SO-{number}", "customer": "yangtze-motor", "lines": lines} | changes


def release(number: int, line: int = 1, **changes: Any) -> dict[str, Any]:
    return {"number": number, "order": "SO-1", "line": line, "quantity": "60"} | changes


@pytest.fixture
def planner(plant_db: Database, tmp_path: Path) -> TestClient:
    return client(plant_db, tmp_path, "planner")


def test_a_file_of_orders_and_its_releases_are_two_calls(planner: TestClient) -> None:
    entered = planner.post("/api/v1/orders/bulk", json={"orders": [order(1), order(2), order(3)]})
    assert entered.status_code == 200
    assert entered.json() == {"entered": ["SO-1", "SO-2", "SO-3"], "unchanged": [], "refused": []}
    wanted = [
        release(7001),
        release(7002, line=2),
        release(7003, line=9),
        release(7001, quantity="50"),
        release(7001),
    ]
    for again in range(2):
        answer = planner.post("/api/v1/work-orders/bulk", json={"work_orders": wanted}).json()
        assert answer["released"] == ([] if again else [7001, 7002])
        assert answer["unchanged"] == ([7001, 7002, 7001] if again else [7001])
        assert [(row["index"], row["number"], row["code"]) for row in answer["refused"]] == [
            (2, 7003, "no_such_order_line"),
            (3, 7001, "work_order_differs"),
        ]
    thread = planner.get("/api/v1/orders/SO-1/thread").json()
    assert [work["work_order"]["number"] for work in thread["work_orders"]] == [7001, 7002]
    assert [operation["job"] for operation in thread["work_orders"][1]["work_order"]["operations"]] == [
        700210,
        700220,
        700230,
        700240,
    ]


def test_a_wrong_line_is_named_and_the_other_orders_are_entered(planner: TestClient) -> None:
    wrong = order(2, lines=[{"line": 1, "product": "X", "quantity": "60", "due": DUE}])
    answer = planner.post("/api/v1/orders/bulk", json={"orders": [order(1), wrong]}).json()
    assert answer["entered"] == ["SO-1"]
    (refused,) = answer["refused"]
    assert (refused["index"], refused["number"], refused["code"]) == (1, "SO-2", "order_invalid")
    assert [error["where"] for error in refused["errors"]] == ["lines.0.product"]
    assert planner.get("/api/v1/orders").json()["total"] == 1


@pytest.mark.parametrize("orders", [[], [order(n) for n in range(501)], [order(1) | {"number": ""}]])
def test_a_request_that_no_order_can_be_read_from_is_refused_as_a_whole(
    planner: TestClient, orders: list[dict[str, Any]]
) -> None:
    answer = planner.post("/api/v1/orders/bulk", json={"orders": orders})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"].startswith("orders")
    assert planner.get("/api/v1/orders").json()["total"] == 0


def test_an_operator_may_neither_enter_nor_release_many(plant_db: Database, tmp_path: Path) -> None:
    operator = client(plant_db, tmp_path, "operator")
    calls = {
        "/api/v1/orders/bulk": {"orders": [order(1)]},
        "/api/v1/work-orders/bulk": {"work_orders": [release(1)]},
    }
    assert [operator.post(path, json=body).status_code for path, body in calls.items()] == [403, 403]
