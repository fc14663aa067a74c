from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import thread_time

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from cloud.app import create_app
from cloud.db import Database
from cloud.identity import access, actions
from cloud.ingest import queries as facts
from cloud.oee import queries
from cloud.settings import Settings
from simulators.ledger import Ledger
from simulators.plant_file import Plant
from wire.clock import PlantClock

pytestmark = pytest.mark.slow

Floor = Callable[..., tuple[Plant, Ledger]]
NOW = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)


@pytest.fixture
def client(plant_db: Database, tmp_path: Path) -> TestClient:
    """The application half an hour before the late shift's end, where its clock stands."""
    clock = PlantClock(NOW, datetime.now(UTC) + timedelta(days=1), 60)
    app = create_app(Settings(data=tmp_path, clock=str(clock)), takes_in=False)
    # Its lifespan would open a database of its own; it is not entered.
    app.state.db = plant_db
    with plant_db.write() as session:
        actions.ensure_roles(session)
        user = actions.add_user(session, "w", "W", "operator", "a-long-password")
        token = actions.open_session(session, user)
    return TestClient(app, cookies={access.COOKIE: token}, raise_server_exceptions=False)


def test_the_default_is_the_site_over_the_running_shift(client: TestClient) -> None:
    answer = client.get("/api/v1/oee")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["scope"], body["policy"]) == ("site", "iso22400")
    assert (body["start"], body["end"]) == ("2026-03-02T08:00:00.000Z", "2026-03-02T15:30:00.000Z")
    assert body["figure"]["oee"] is None
    assert len(body["trend"]) == 8


def test_a_machine_is_answered_with_its_segments(client: TestClient, floor: Floor) -> None:
    floor(3)
    asked = {"scope": "machine:L1-OP10", "period": "shift"}
    body = client.get("/api/v1/oee", params=asked).json()
    assert 0 < body["figure"]["oee"] < 1
    assert {"running", "planned_stop"} <= {segment["state"] for segment in body["machines"][0]["states"]}
    job = body["machines"][0]["jobs"][0]
    assert set(job["customer_name"]) == {"zh", "en"}
    assert job["order"]


def test_breaks_cost_availability_under_point85_alone(client: TestClient, floor: Floor) -> None:
    floor(3)
    figures = {
        policy: client.get("/api/v1/oee", params={"policy": policy}).json()["figure"]
        for policy in ("iso22400", "vorne", "point85")
    }
    pbt, pause = figures["point85"]["observed_planned_s"], figures["point85"]["break_s"]
    assert pause > 0
    assert figures["vorne"]["availability"] == figures["iso22400"]["availability"]
    expected = figures["iso22400"]["availability"] * pbt / (pbt + pause)
    assert figures["point85"]["availability"] == pytest.approx(expected)


def test_start_and_end_are_taken_as_they_are(client: TestClient) -> None:
    asked = {"start": "2026-03-02T16:00:00+08:00", "end": "2026-03-02T17:00:00+08:00"}
    body = client.get("/api/v1/oee", params=asked).json()
    assert (body["start"], body["end"]) == ("2026-03-02T08:00:00.000Z", "2026-03-02T09:00:00.000Z")


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"period": "week"}, 422, "previous_shift"),
        ({"policy": "mine"}, 422, "iso22400, vorne, point85"),
        ({"scope": "hall"}, 422, "machine:ID"),
        ({"scope": "line:L7"}, 404, "L7"),
        ({"start": "2026-03-02T08:00:00Z"}, 422, "both start and end"),
        ({"period": "shift", "start": "2026-03-02T08:00:00Z", "end": "2026-03-02T09:00:00Z"}, 422, "mixture"),
        ({"start": "x", "end": "2026-03-02T09:00:00Z"}, 422, "ISO 8601"),
        ({"start": "0001-01-01T00:00:00+14:00", "end": "0001-01-02T00:00:00Z"}, 422, "years 1900 to 9000"),
        ({"start": "9999-12-31T23:59:59-14:00", "end": "9999-12-31T23:59:59-15:00"}, 422, "1900 to 9000"),
        ({"start": "1969-12-31T23:00:00Z", "end": "1970-01-01T23:00:00Z"}, 422, "before 1970"),
        ({"start": "2999-12-31T23:00:00Z", "end": "3000-01-01T23:00:00Z"}, 422, "plant now"),
    ],
)
def test_wrong_questions_are_refused_with_what_is_accepted(
    client: TestClient, asked: dict[str, str], status: int, said: str
) -> None:
    answer = client.get("/api/v1/oee", params=asked)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]


def test_nobody_sees_figures_without_logging_in(client: TestClient) -> None:
    client.cookies.clear()
    assert client.get("/api/v1/oee").status_code == 401


@pytest.mark.alone
@pytest.mark.timed
def test_reckoning_a_shift_of_eight_machines_costs_little_more_than_reading_it(
    plant_db: Database, floor: Floor
) -> None:
    # Measured: 25 ms to read the facts of eight machines over eight hours, 69 ms for their figures. Times
    # move with other load, so the bound is a multiple of the reading, taken in turns with it.
    plant, ledger = floor(3)
    now_ms = ledger.through_ms - 1

    def read(session: Session) -> None:
        for machine in ledger.states:
            for kind in ("state", "job", "good", "reject"):
                facts.points(session, kind, machine, plant.origin_ms, now_ms)

    def reckon(session: Session) -> None:
        assert len(queries.shift_figures(session, now_ms).figures) == 9

    best = {read: float("inf"), reckon: float("inf")}
    with plant_db.read() as session:
        for _ in range(8):
            for work, fastest in best.items():
                begun = thread_time()
                work(session)
                best[work] = min(fastest, thread_time() - begun)
    assert best[reckon] < 8 * best[read]
