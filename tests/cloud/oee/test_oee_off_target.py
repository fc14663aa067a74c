"""A shift below a target raises one alarm a figure, which clears when the figure has risen or it is over."""

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
from simulators.figures import Figures, machine_figures
from simulators.ledger import Ledger
from simulators.plant_file import Plant
from wire.clock import PlantClock

pytestmark = pytest.mark.slow

Floor = Callable[..., tuple[Plant, Ledger]]
EARLY = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # four hours into the early shift
LATE = EARLY + timedelta(hours=8)
SHIFT = (round((EARLY - timedelta(hours=4)).timestamp() * 1000), round(EARLY.timestamp() * 1000))
RATIOS = ("oee", "availability", "effectiveness", "quality")


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


def aim(client: TestClient, scope: str, oee: float | None = None, **others: float | None) -> None:
    answer = client.put(f"/api/v1/oee/targets/{scope}", json={"oee": oee, **others})
    assert answer.status_code == 200, answer.text


def kinds(alarms: list[Any]) -> dict[tuple[str, str], str]:
    """By place and kind the state of its newest alarm."""
    return {(each["machine"], each["kind"]): each["state"] for each in reversed(alarms)}


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


def of_ledger(plant: Plant, ledger: Ledger, machine: str) -> Figures:
    """The simulator's own figures of the shift so far; it knows nothing of the product's."""
    covered = None if machine in ledger.states else []
    return machine_figures(ledger, plant, machine, SHIFT, covered)


def places(plant: Plant, scope: str) -> list[str]:
    return [
        machine.id
        for line in plant.lines
        for machine in line.machines
        if scope in {"site", f"line:{line.id}", f"machine:{machine.id}"}
    ]


def test_the_demos_targets_raise_what_the_ledger_says_and_nothing_else(
    plant_db: Database, client: TestClient, floor: Floor
) -> None:
    plant, ledger = floor(11)
    expected = {}
    for scope, aims in plant.targets.items():
        assert client.put(f"/api/v1/oee/targets/{scope}", json=dict(aims)).status_code == 200
        figures = [of_ledger(plant, ledger, machine) for machine in places(plant, scope)]
        observed_s = sum(each["observed_planned_s"] for each in figures)
        if not figures or observed_s < 0.8 * sum(each["planned_s"] for each in figures):
            continue
        for figure in aims.keys() & set(RATIOS):
            if len(figures) == 1:
                value = figures[0][figure]  # type: ignore[literal-required]
                is_off = value < aims[figure] and (figure != "quality" or figures[0]["rejected"] > 1)
            else:
                assert figure == "oee"
                value = sum((each["oee"] or 0) * each["observed_planned_s"] for each in figures) / observed_s
                is_off = value < aims[figure]
            if is_off:
                expected[scope.removeprefix("machine:"), f"{figure}_off_target"] = (
                    pytest.approx(100 * value, abs=1e-6),
                    pytest.approx(100 * aims[figure]),
                )
        if "takt_s" in aims and len(figures) > 1:  # what leaves the line's last machine, in its own time
            made = figures[-1]
            adherence = made["good"] * aims["takt_s"] / made["observed_planned_s"]
            if adherence < 1:
                expected[scope, "takt_adherence_off_target"] = (pytest.approx(100 * adherence), 100)
    alarms = looked(plant_db, TargetWatch(plant_db, clock(EARLY)), client)
    said = {(each["machine"], each["kind"]): (each["value"], each["limit"]) for each in alarms}
    assert said == expected
    assert {kind for _, kind in said} >= {"oee_off_target", "quality_off_target"}


def test_each_figure_that_a_scope_aims_at_has_an_alarm_of_its_own(
    plant_db: Database, client: TestClient, floor: Floor
) -> None:
    plant, ledger = floor(3)
    theirs = of_ledger(plant, ledger, "L1-OP20")
    shares = {name: theirs[name] for name in RATIOS}  # type: ignore[literal-required]
    assert all(0.05 < share < 1 for share in shares.values()), shares
    watch = TargetWatch(plant_db, clock(EARLY))
    above = {name: share + (1 - share) / 2 for name, share in shares.items()}
    aim(client, "machine:L1-OP20", **above)
    alarms = looked(plant_db, watch, client)
    assert {each["kind"].removesuffix("_off_target"): each["value"] for each in alarms} == {
        name: pytest.approx(100 * share) for name, share in shares.items()
    }
    assert {each["kind"].removesuffix("_off_target"): each["limit"] for each in alarms} == {
        name: pytest.approx(100 * target) for name, target in above.items()
    }
    # A target that is just reached says nothing new; one that is left behind clears its own alarm alone.
    aim(client, "machine:L1-OP20", **{**above, "quality": shares["quality"] - 1e-6, "availability": 0.01})
    assert kinds(looked(plant_db, watch, client)) == {
        ("L1-OP20", "oee_off_target"): "unacknowledged",
        ("L1-OP20", "availability_off_target"): "cleared_unacknowledged",
        ("L1-OP20", "effectiveness_off_target"): "unacknowledged",
        ("L1-OP20", "quality_off_target"): "unacknowledged",
    }
    aim(client, "machine:L1-OP20", **above)
    assert len(looked(plant_db, watch, client)) == 4  # once per shift and figure


def test_a_target_taken_away_ends_its_alarm_though_the_watch_has_started_anew(
    plant_db: Database, client: TestClient, floor: Floor
) -> None:
    floor(3)
    aim(client, "machine:L1-OP20", 0.99, quality=1.0)
    assert len(looked(plant_db, TargetWatch(plant_db, clock(EARLY)), client)) == 2
    aim(client, "machine:L1-OP20", 0.99)
    after = kinds(looked(plant_db, TargetWatch(plant_db, clock(EARLY)), client))
    assert after == {
        ("L1-OP20", "oee_off_target"): "unacknowledged",
        ("L1-OP20", "quality_off_target"): "cleared_unacknowledged",
    }


def test_output_behind_the_takt_raises_an_alarm_that_a_slower_takt_clears(
    plant_db: Database, client: TestClient, floor: Floor
) -> None:
    plant, ledger = floor(3)
    last = places(plant, "line:L1")[-1]
    made = of_ledger(plant, ledger, last)
    pace_s = made["observed_planned_s"] / made["good"]
    watch = TargetWatch(plant_db, clock(EARLY))
    for scope in ("line:L1", f"machine:{last}"):
        aim(client, scope, takt_s=pace_s * 0.9)
    alarms = looked(plant_db, watch, client)
    assert {(each["machine"], each["kind"], each["limit"]) for each in alarms} == {
        ("line:L1", "takt_adherence_off_target", 100),
        (last, "takt_adherence_off_target", 100),
    }
    assert [each["value"] for each in alarms] == pytest.approx([90, 90])
    aim(client, "line:L1", takt_s=pace_s * 1.01)  # kept, but not left behind
    aim(client, f"machine:{last}", takt_s=pace_s * 1.03)
    assert kinds(looked(plant_db, watch, client)) == {
        ("line:L1", "takt_adherence_off_target"): "unacknowledged",
        (last, "takt_adherence_off_target"): "cleared_unacknowledged",
    }
