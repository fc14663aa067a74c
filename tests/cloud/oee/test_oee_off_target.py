"""A shift below its OEE target raises one alarm, which clears when the figure has risen or it is over."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from cloud.app import REACTIONS, create_app
from cloud.db import Database
from cloud.identity import access, actions
from cloud.oee.actions import TargetWatch
from cloud.outbox import dispatch
from cloud.settings import Settings
from simulators.ledger import Ledger
from simulators.plant_file import Plant
from wire.clock import PlantClock

pytestmark = pytest.mark.slow

Floor = Callable[..., tuple[Plant, Ledger]]
EARLY = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # four hours into the early shift
LATE = EARLY + timedelta(hours=8)


def clock(at: datetime) -> PlantClock:
    """A clock that stands still."""
    return PlantClock(at, datetime.now(UTC) + timedelta(days=1), 60)


@pytest.fixture
def client(plant_db: Database, tmp_path: Path) -> TestClient:
    app = create_app(Settings(data=tmp_path, clock=str(clock(EARLY))), takes_in=False)
    app.state.db = plant_db
    with plant_db.write() as session:
        actions.ensure_roles(session)
        user = actions.add_user(session, "w", "W", "admin", "a-long-password")
        token = actions.open_session(session, user)
    return TestClient(app, cookies={access.COOKIE: token}, raise_server_exceptions=False)


def looked(db: Database, watch: TargetWatch, client: TestClient) -> list[Any]:
    """The alarms after one round of the watch."""
    watch.round()
    while dispatch(db, REACTIONS):
        pass
    items: list[Any] = client.get("/api/v1/alarms", params={"state": "all"}).json()["items"]
    return items


def aim(client: TestClient, scope: str, oee: float | None) -> None:
    assert client.put(f"/api/v1/oee/targets/{scope}", json={"oee": oee}).status_code == 200


def test_a_shift_below_its_target_raises_one_alarm(
    plant_db: Database, client: TestClient, floor: Floor
) -> None:
    floor(3)
    watch = TargetWatch(plant_db, clock(EARLY))
    assert looked(plant_db, watch, client) == []
    aim(client, "site", 0.99)
    aim(client, "line:L2", 0.99)
    alarms = looked(plant_db, watch, client)
    assert {each["machine"] for each in alarms} == {"site", "line:L2"}
    for alarm in alarms:
        assert (alarm["kind"], alarm["severity"], alarm["state"]) == (
            "oee_off_target",
            "warning",
            "unacknowledged",
        )
        assert 0 < alarm["value"] < alarm["limit"] == 99
        assert (alarm["unit"], bool(alarm["affected"])) == ("%", True)
    again = TargetWatch(plant_db, clock(EARLY))  # as after a restart
    assert len(looked(plant_db, watch, client)) == len(looked(plant_db, again, client)) == 2
    number = next(each["id"] for each in alarms if each["machine"] == "site")
    assert client.post(f"/api/v1/alarms/{number}/acknowledge").json()["state"] == "acknowledged"
    aim(client, "site", 0.01)
    aim(client, "line:L2", None)  # without a target there is nothing to miss
    after = {each["machine"]: each["state"] for each in looked(plant_db, watch, client)}
    assert after == {"site": "normal", "line:L2": "cleared_unacknowledged"}
    aim(client, "site", 0.99)
    states = [each["state"] for each in looked(plant_db, watch, client)]
    assert sorted(states) == ["cleared_unacknowledged", "normal"]  # once per shift


def test_the_next_shift_has_an_alarm_of_its_own_and_clears_the_old_one(
    plant_db: Database, client: TestClient, floor: Floor
) -> None:
    floor(3)
    aim(client, "machine:L1-OP10", 0.99)
    [first] = looked(plant_db, TargetWatch(plant_db, clock(EARLY)), client)
    assert (first["machine"], first["state"]) == ("L1-OP10", "unacknowledged")
    second, old = looked(plant_db, TargetWatch(plant_db, clock(LATE)), client)
    assert (second["state"], old["id"]) == ("unacknowledged", first["id"])
    assert (old["state"], [each["kind"] for each in old["history"]]) == (
        "cleared_unacknowledged",
        ["raised", "cleared"],
    )


def test_a_machine_that_nobody_watched_raises_none(
    plant_db: Database, client: TestClient, floor: Floor
) -> None:
    start = round(datetime(2026, 3, 2, tzinfo=UTC).timestamp() * 1000)
    floor(3, {"L1-OP10": [(start, start + 3_600_000)]})
    aim(client, "machine:L1-OP10", 0.99)
    assert looked(plant_db, TargetWatch(plant_db, clock(EARLY)), client) == []
