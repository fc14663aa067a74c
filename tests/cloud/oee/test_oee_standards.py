"""What machines are measured against is changed by managers: kept figures follow, and say why."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from oee_floor import DAY, HOUR_MS, cover, settle, store

from cloud.db import Database
from cloud.outbox import announce
from simulators.ledger import Ledger
from simulators.plant_file import Plant

pytestmark = [pytest.mark.slow, pytest.mark.every_database]

Floor = Callable[..., tuple[Plant, Ledger]]
MACHINE, START = "L1-OP10", 1_772_409_600_000
ASKED = {**DAY, "scope": f"machine:{MACHINE}", "by": "shift"}


def shifts(client: TestClient) -> Any:
    answer = client.get("/api/v1/oee", params=ASKED)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_corrected_ideal_cycle_changes_the_jobs_that_ran_and_says_so(
    plant_db: Database, manager: TestClient, floor: Floor
) -> None:
    _, ledger = floor(3)
    settle(plant_db, ledger)
    before = shifts(manager)["figure"]
    machine = manager.get("/api/v1/oee", params={**DAY, "scope": f"machine:{MACHINE}"}).json()["machines"][0]
    product = next(each["product"] for each in machine["jobs"] if each["good"])
    cycles = manager.get("/api/v1/production/ideal-cycles").json()
    step = next(each for each in cycles if (each["product"], each["machine"]) == (product, MACHINE))
    wanted = {
        "product": product,
        "operation": step["operation"],
        "ideal_cycle_s": step["ideal_cycle_s"] / 2,
        "holds_for": "all",
    }
    put = manager.put("/api/v1/production/ideal-cycles", json=wanted)
    assert put.status_code == 200
    assert next(each for each in put.json() if each["product"] == product and each["machine"] == MACHINE)[
        "ideal_cycle_s"
    ] == pytest.approx(step["ideal_cycle_s"] / 2)
    settle(plant_db)
    after = shifts(manager)
    of_product = [
        (each["figure"]["good"] + each["figure"]["rejected"]) * step["ideal_cycle_s"] / 2
        for each in manager.get("/api/v1/oee", params={**ASKED, "by": "product"}).json()["groups"]
        if each["key"] == product
    ]
    lost_s = after["figure"]["losses"]["reduced_speed"] - before["losses"]["reduced_speed"]
    assert lost_s == pytest.approx(sum(of_product))
    assert lost_s > 0
    assert (after["provenance"]["why"], after["provenance"]["reckoned"]) == ("ideal_cycle", 0)
    manager.put("/api/v1/production/ideal-cycles", json={**wanted, "ideal_cycle_s": step["ideal_cycle_s"]})
    settle(plant_db)
    assert shifts(manager)["figure"] == before


def test_a_new_ideal_cycle_leaves_the_past_alone_unless_it_is_asked_for(
    plant_db: Database, manager: TestClient, floor: Floor
) -> None:
    _, ledger = floor(3)
    settle(plant_db, ledger)
    before = shifts(manager)
    for step in manager.get("/api/v1/production/ideal-cycles").json():
        wanted = {name: step[name] for name in ("product", "operation")} | {"ideal_cycle_s": 1.5}
        assert manager.put("/api/v1/production/ideal-cycles", json=wanted).status_code == 200
    settle(plant_db)
    after = shifts(manager)
    assert after["figure"] == before["figure"]
    assert after["provenance"]["why"] == before["provenance"]["why"]


def test_another_length_of_minor_stops_moves_time_between_losses(
    plant_db: Database, manager: TestClient
) -> None:
    rows: list[tuple[str, str, int, float | str]] = [
        ("state", MACHINE, START + at, said)
        for at, said in ((0, "running"), (HOUR_MS, "breakdown"), (HOUR_MS + 200_000, "running"))
    ]
    with plant_db.write() as session:
        store(session, rows)
        cover(session, MACHINE, [(START, START + 8 * HOUR_MS)])
        announce(session, "StateChanged", {"windows": {MACHINE: [START, START + 8 * HOUR_MS]}})
    settle(plant_db)
    before = shifts(manager)["figure"]["losses"]
    assert (before["breakdown"], before["minor_stops"]) == (200, 0)
    put = manager.put(f"/api/v1/machines/{MACHINE}/minor-stop", json={"minor_stop_s": 201})
    assert (put.status_code, put.json()["minor_stop_s"]) == (200, 201)
    settle(plant_db)
    after = shifts(manager)
    assert (after["figure"]["losses"]["breakdown"], after["figure"]["losses"]["minor_stops"]) == (0, 200)
    assert (after["provenance"]["why"], after["provenance"]["reckoned"]) == ("minor_stop", 0)


@pytest.mark.parametrize(
    ("call", "body", "status"),
    [
        ("production/ideal-cycles", {"product": "SK-L", "operation": 11, "ideal_cycle_s": 5}, 404),
        ("production/ideal-cycles", {"product": "SK-L", "operation": 10, "ideal_cycle_s": 0}, 422),
        ("machines/L9/minor-stop", {"minor_stop_s": 5}, 404),
        ("machines/L1-OP10/minor-stop", {"minor_stop_s": 4000}, 422),
    ],
)
def test_standards_that_cannot_be_are_refused(
    manager: TestClient, call: str, body: dict[str, object], status: int
) -> None:
    assert manager.put(f"/api/v1/{call}", json=body).status_code == status


def test_who_may_only_look_sets_no_standard(people: Callable[[str], TestClient]) -> None:
    planner = people("planner")
    for call, body in (
        ("production/ideal-cycles", {"product": "SK-L", "operation": 10, "ideal_cycle_s": 5}),
        ("machines/L1-OP10/minor-stop", {"minor_stop_s": 5}),
        ("oee/targets/site", {"oee": 0.5}),
        ("oee/lines/L1", {"stations": {}}),
    ):
        assert planner.put(f"/api/v1/{call}", json=body).status_code == 403
    assert planner.post("/api/v1/calendar/exceptions", json={}).status_code == 403
    assert {"L1", "L2"} <= {each["line"] for each in planner.get("/api/v1/oee/lines").json()}


def test_a_manager_sets_targets_line_flow_and_days(manager: TestClient) -> None:
    assert manager.put("/api/v1/oee/targets/site", json={"oee": 0.7}).status_code == 200
    flow = {"stations": {"L1-OP10": "turning", "L1-OP20": "turning"}, "constraint": "turning"}
    assert manager.put("/api/v1/oee/lines/L1", json=flow).status_code == 200
    assert manager.get("/api/v1/oee/lines").json()[0] == {"line": "L1", **flow}
    day = {"day": "2026-03-04", "kind": "closed"}
    assert manager.post("/api/v1/calendar/exceptions", json=day).status_code == 201


EARLY = {"start": "08:00", "end": "16:00", "days": ["mon", "tue", "wed", "thu", "fri"], "breaks": []}


def test_a_shift_changes_from_a_day_on_and_back_again(
    plant_db: Database, manager: TestClient, floor: Floor
) -> None:
    _, ledger = floor(3)
    settle(plant_db, ledger)
    asked = {**DAY, "by": "shift"}
    before = manager.get("/api/v1/oee", params=asked).json()
    patterns = manager.get("/api/v1/calendar/patterns").json()
    late = next(each for each in patterns if each["id"] == "late")
    assert (late["valid_from"], late["until"], late["username"]) == (None, None, None)
    changed = {**{name: late[name] for name in EARLY}, "valid_from": "2026-03-02", "end": "20:00"}
    put = manager.put("/api/v1/calendar/patterns/late", json=changed)
    assert put.status_code == 200, put.text
    versions = [each for each in put.json() if each["id"] == "late"]
    assert [(each["valid_from"], each["until"], each["end"]) for each in versions] == [
        (None, "2026-03-02", late["end"]),
        ("2026-03-02", None, "20:00"),
    ]
    settle(plant_db)
    after = manager.get("/api/v1/oee", params=asked).json()
    early, shorter = after["groups"]
    assert early["figure"] == before["groups"][0]["figure"]
    assert shorter["end"] == "2026-03-02T12:00:00.000Z"
    assert shorter["figure"]["planned_s"] < before["groups"][1]["figure"]["planned_s"]
    assert (shorter["provenance"]["why"], after["provenance"]["reckoned"]) == ("calendar", 0)
    assert manager.delete("/api/v1/calendar/patterns/late/2026-03-02").status_code == 200
    settle(plant_db)
    again = manager.get("/api/v1/oee", params=asked).json()
    assert (again["figure"], again["provenance"]["reckoned"]) == (before["figure"], 0)
    assert manager.delete("/api/v1/calendar/patterns/late/2026-03-02").status_code == 404


def test_a_new_shift_needs_a_name_and_one_without_days_is_no_more(manager: TestClient) -> None:
    weekend = {**EARLY, "days": ["sat"], "valid_from": "2026-03-07"}
    assert manager.put("/api/v1/calendar/patterns/weekend", json=weekend).status_code == 404
    named = {**weekend, "name": {"zh": "周末班", "en": "Weekend"}}
    assert manager.put("/api/v1/calendar/patterns/weekend", json=named).status_code == 200
    ended = {**weekend, "days": [], "valid_from": "2026-03-14"}
    assert manager.put("/api/v1/calendar/patterns/weekend", json=ended).status_code == 200
    window = {"start": "2026-03-06T00:00:00Z", "end": "2026-03-25T00:00:00Z"}
    taken = manager.get("/api/v1/calendar/shifts", params=window).json()
    assert [each["start"] for each in taken if each["id"] == "weekend"] == ["2026-03-07T00:00:00.000Z"]
    too_old = manager.put("/api/v1/calendar/patterns/early", json={**EARLY, "valid_from": "2025-12-01"})
    assert (too_old.status_code, too_old.json()["errors"][0]["where"]) == (422, "valid_from")
