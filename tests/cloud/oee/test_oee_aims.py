"""Targets, line flow, scrap charged back and the explanation, through the HTTP routes."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from oee_floor import DAY, HOUR_MS, cover, settle, store

from cloud.db import Database
from cloud.outbox import announce
from simulators.ledger import Ledger
from simulators.plant_file import Plant

pytestmark = pytest.mark.slow

Floor = Callable[..., tuple[Plant, Ledger]]


def opened(client: TestClient, machine: str) -> Any:
    return client.get("/api/v1/oee", params={**DAY, "scope": f"machine:{machine}"}).json()["machines"][0]


def test_a_figure_below_its_target_is_named(client: TestClient, floor: Floor) -> None:
    floor(3)
    assert client.get("/api/v1/oee", params=DAY).json()["target"] is None
    put = client.put("/api/v1/oee/targets/site", json={"oee": 0.99, "quality": 0.5})
    assert put.status_code == 200
    client.put("/api/v1/oee/targets/machine:L1-OP10", json={"oee": 0.01, "takt_s": 30})
    body = client.get("/api/v1/oee", params=DAY).json()
    assert (body["target"]["oee"], body["off_target"]) == (0.99, ["oee"])
    off = {each["machine"]: each["off_target"] for each in body["machines"]}
    assert (off["L1-OP10"], off["L1-OP20"]) == ([], ["oee"])
    machines = client.get("/api/v1/oee", params={**DAY, "by": "machine"}).json()["groups"]
    assert machines[0]["figure"]["indicators"]["takt_adherence"] > 0
    assert [each["off_target"] for each in machines[:2]] == [[], ["oee"]]
    client.put("/api/v1/oee/targets/site", json={})
    assert [each["scope"] for each in client.get("/api/v1/oee/targets").json()] == ["machine:L1-OP10"]
    assert client.put("/api/v1/oee/targets/site", json={"oee": 1.2}).status_code == 422


def test_a_line_is_also_its_constraint(client: TestClient, floor: Floor) -> None:
    floor(3)
    asked = {**DAY, "scope": "line:L1"}
    computed = client.get("/api/v1/oee", params=asked).json()["constraint"]
    assert computed["named"] is False
    loads = {
        each["machine"]: each["figure"]["oee"]
        for each in client.get("/api/v1/oee", params=asked).json()["machines"]
    }
    assert computed["figure"]["oee"] == pytest.approx(loads[computed["machines"][0]])
    flow = {"stations": {"L1-OP10": "turning", "L1-OP20": "turning"}, "constraint": "turning"}
    assert client.put("/api/v1/oee/lines/L1", json=flow).status_code == 200
    named = client.get("/api/v1/oee", params=asked).json()["constraint"]
    assert (named["station"], named["machines"], named["named"]) == ("turning", ["L1-OP10", "L1-OP20"], True)
    wrong = client.put("/api/v1/oee/lines/L1", json={"stations": {"L2-OP10": "x"}})
    assert wrong.status_code == 422
    assert "L1-OP40" in wrong.json()["detail"]
    assert client.put("/api/v1/oee/lines/L1", json={"constraint": "washing"}).status_code == 422


def test_scrap_found_later_changes_the_shift_in_which_it_arose(
    plant_db: Database, client: TestClient, floor: Floor
) -> None:
    _, ledger = floor(3)
    settle(plant_db, ledger)
    asked = {**DAY, "scope": "machine:L1-OP10", "by": "shift"}
    before = client.get("/api/v1/oee", params=asked).json()
    assert before["provenance"]["reckoned"] == 0
    job = client.get("/api/v1/oee", params={**DAY, "scope": "machine:L1-OP10"}).json()["machines"][0]["jobs"][
        0
    ]
    charge = {
        "request": "r1", "machine": "L1-OP10", "job": job["job"], "quantity": 4, "reason": "cracked at test",
        "at": job["end"], "found_at": "L1-OP40",
    }  # fmt: skip
    made = client.post("/api/v1/oee/scrap", json=charge)
    assert made.status_code == 201
    assert client.post("/api/v1/oee/scrap", json=charge).json() == made.json()
    for other in (
        {"quantity": 5},
        {"machine": "L1-OP20"},
        {"job": job["job"] + 100},
        {"found_at": "customer"},
    ):
        assert client.post("/api/v1/oee/scrap", json={**charge, **other}).json()["code"] == "other_content"
    settle(plant_db)
    after = client.get("/api/v1/oee", params=asked).json()
    assert after["provenance"]["reckoned"] == 0
    assert after["figure"]["good"] == before["figure"]["good"] - 4
    assert after["figure"]["rejected"] == before["figure"]["rejected"] + 4
    assert [group["provenance"]["why"] for group in after["groups"]] == ["scrap", "first"]
    told = client.get("/api/v1/oee/scrap", params={**DAY, "scope": "line:L1"}).json()
    assert [(each["quantity"], each["username"]) for each in told] == [(4, "w")]
    client.post(f"/api/v1/oee/scrap/{made.json()['id']}/withdraw")
    settle(plant_db)
    assert client.get("/api/v1/oee", params=asked).json()["figure"] == before["figure"]


def test_a_unit_is_charged_once_by_its_serial(plant_db: Database, client: TestClient, floor: Floor) -> None:
    _, ledger = floor(3)
    settle(plant_db, ledger)
    spans = client.get("/api/v1/oee", params={**DAY, "scope": "machine:L1-OP40"}).json()["machines"][0][
        "jobs"
    ]
    serial = f"{spans[0]['job'] // 100}-1"
    wanted = {"request": "s1", "serial": serial, "machine": "L1-OP20", "reason": "bore out of tolerance"}
    made = client.post("/api/v1/oee/scrap", json=wanted).json()
    assert (made["machine"], made["job"] // 100, made["quantity"]) == ("L1-OP20", spans[0]["job"] // 100, 1)
    again = client.post("/api/v1/oee/scrap", json={**wanted, "request": "s2"})
    assert (again.status_code, again.json()["code"]) == (409, "charged_before")


@pytest.mark.parametrize(
    ("wrong", "status", "said"),
    [
        ({"serial": "1-1", "job": 1}, 422, "either a serial or a job"),
        ({"serial": "99999-1"}, 404, "99999-1"),
        ({"job": 101}, 422, "needs the machine"),
        ({"job": 101, "machine": "L1-OP10", "at": "2030-01-01T00:00:00Z"}, 422, "after plant now"),
        ({"job": 101, "machine": "L1-OP10"}, 404, "counted no good part of job 101"),
    ],
)
def test_scrap_that_cannot_have_been_is_refused_with_the_reason(
    client: TestClient, wrong: dict[str, object], status: int, said: str
) -> None:
    answer = client.post("/api/v1/oee/scrap", json={"request": "x", "reason": "y", **wrong})
    assert answer.status_code == status
    assert said in answer.json()["detail"]


def test_a_figure_opens_to_its_readings_and_agrees_with_what_was_kept(
    plant_db: Database, client: TestClient, floor: Floor
) -> None:
    floor(3)
    settle(plant_db)
    body = client.get(
        "/api/v1/oee/explain", params={**DAY, "scope": "machine:L1-OP10", "events": 10**5}
    ).json()
    figure = client.get("/api/v1/oee", params={**DAY, "scope": "machine:L1-OP10"}).json()["figure"]
    assert body["figure"] == figure
    assert sum(part["good"] for part in body["parts"]) == figure["good"]
    assert [(kept["shift"], kept["agrees"]) for kept in body["shifts"]] == [("early", True), ("late", True)]
    assert {event["kind"] for event in body["events"]} == {"state", "job", "good", "reject"}
    assert body["events"][0]["stream"] == "0" * 32
    assert client.get("/api/v1/oee/explain", params={**DAY, "scope": "line:L1"}).status_code == 422
    with plant_db.write() as session:  # a reading that nobody announced: the kept total no longer agrees
        store(session, [("good", "L1-OP10", 1_772_409_600_000 + HOUR_MS, 10**6)], 10**6)
    body = client.get("/api/v1/oee/explain", params={**DAY, "scope": "machine:L1-OP10"}).json()
    assert False in [kept["agrees"] for kept in body["shifts"]]


def test_a_holiday_takes_its_shift_out_and_back_again(
    plant_db: Database, client: TestClient, floor: Floor
) -> None:
    floor(3)
    settle(plant_db)
    asked = {**DAY, "by": "shift"}
    before = client.get("/api/v1/oee", params=asked).json()
    holiday = {"day": "2026-03-02", "kind": "closed", "shift": "late", "note": "inventory"}
    made = client.post("/api/v1/calendar/exceptions", json=holiday)
    assert made.status_code == 201
    assert client.post("/api/v1/calendar/exceptions", json=holiday).status_code == 409
    settle(plant_db)
    after = client.get("/api/v1/oee", params=asked).json()
    assert [group["key"][25:] for group in after["groups"]] == ["early"]
    assert after["figure"] == before["groups"][0]["figure"] | {
        "indicators": after["figure"]["indicators"]  # its calendar time is that of the whole window
    }
    number = made.json()["id"]
    assert client.delete(f"/api/v1/calendar/exceptions/{number}").status_code == 204
    settle(plant_db)
    again = client.get("/api/v1/oee", params=asked).json()
    assert again["figure"] == before["figure"]
    assert again["provenance"]["reckoned"] == 0
    # The totals of the early shift said the same all the time; those of the late one came anew.
    assert [group["provenance"]["why"] for group in again["groups"]] == ["first", "calendar"]
    assert client.get("/api/v1/calendar/exceptions").json() == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": "closed", "shift": "night", "day": "2026-03-02"}, "accepted: early, late"),
        ({"kind": "extra", "day": "2026-03-01"}, "start and end"),
        ({"kind": "changed", "shift": "early", "day": "2026-03-02"}, "new start or end"),
    ],
)
def test_an_exception_that_cannot_be_is_refused(client: TestClient, wrong: dict[str, str], said: str) -> None:
    answer = client.post("/api/v1/calendar/exceptions", json=wrong)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_a_counter_of_reworked_parts_can_be_bound_and_lowers_the_first_pass_yield(
    plant_db: Database, client: TestClient, floor: Floor
) -> None:
    _, ledger = floor(3)
    bound = {"tag": "suzhou/gw-l1/L1-OP10/rework", "role": "rework", "machine": "L1-OP10"}
    assert client.put("/api/v1/bindings", json=bound).status_code == 200
    before = opened(client, "L1-OP10")["figure"]
    start = ledger.start_ms
    read = [("rework", "L1-OP10", start, 0), ("rework", "L1-OP10", start + HOUR_MS, 7)]
    with plant_db.write() as session:
        store(session, read, 10**6)
    after = opened(client, "L1-OP10")["figure"]
    assert (after["good"], after["reworked"]) == (before["good"], 7)
    parts = after["good"] + after["rejected"]
    assert after["indicators"]["first_pass_yield"] == pytest.approx((after["good"] - 7) / parts)


def test_a_work_order_flagged_as_rework_counts_as_the_policy_says(
    plant_db: Database, client: TestClient, floor: Floor
) -> None:
    _, ledger = floor(3)
    settle(plant_db, ledger)
    job = next(each["job"] for each in opened(client, "L1-OP10")["jobs"] if each["good"])
    asked = {**DAY, "scope": "machine:L1-OP10", "by": "shift"}
    before = client.get("/api/v1/oee", params=asked).json()["figure"]
    flagged = client.put(f"/api/v1/work-orders/{job // 100}/rework", json={"rework": True})
    assert (flagged.status_code, flagged.json()["rework"]) == (200, True)
    settle(plant_db)
    answer = client.get("/api/v1/oee", params=asked).json()
    after, vorne = answer["figure"], client.get("/api/v1/oee", params={**asked, "policy": "vorne"}).json()
    assert answer["provenance"]["why"] == "work_order"
    assert after["reworked"] > 0 == before["reworked"]
    assert (after["oee"], after["quality"]) == (before["oee"], before["quality"])
    parts = after["good"] + after["rejected"]
    assert vorne["figure"]["quality"] == pytest.approx((after["good"] - after["reworked"]) / parts)
    assert client.put("/api/v1/work-orders/1/rework", json={"rework": True}).status_code == 404


@pytest.mark.every_database
def test_a_declared_range_changes_counts_and_kept_totals(plant_db: Database, client: TestClient) -> None:
    machine, start = "L1-OP10", 1_772_409_600_000
    read = [(0, 9_996), (1, 9_999), (2, 2), (3, 9_999), (4, 4)]  # hour and value
    rows: list[tuple[str, str, int, float | str]] = [("state", machine, start, "running")]
    rows += [("good", machine, start + hour * HOUR_MS + 7, value) for hour, value in read]
    with plant_db.write() as session:
        store(session, rows)
        cover(session, machine, [(start, start + 8 * HOUR_MS)])
        announce(session, "PartsCounted", {"windows": {machine: [start, start + 8 * HOUR_MS]}})
    settle(plant_db)
    asked = {**DAY, "scope": f"machine:{machine}", "by": "shift"}
    assert client.get("/api/v1/oee", params=asked).json()["figure"]["good"] == 3 + 2 + 9_997 + 4
    said = {"tag": f"suzhou/gw-l1/{machine}/good", "role": "good", "machine": machine, "replaces": 1}
    wrong = client.put("/api/v1/bindings", json={**said, "modulus": 10, "jitter": 9})
    assert (wrong.status_code, wrong.json()["errors"][0]["where"]) == (422, "jitter")
    put = client.put("/api/v1/bindings", json={**said, "modulus": 10_000, "jitter": 3})
    assert (put.status_code, put.json()["modulus"], put.json()["jitter"]) == (200, 10_000, 3)
    settle(plant_db)
    body = client.get("/api/v1/oee", params=asked).json()
    assert (body["figure"]["good"], body["provenance"]["why"]) == (3 + 3 + 2, "binding")
    assert body["provenance"]["reckoned"] == 0
    counted = client.get(
        "/api/v1/production/counts-by-job", params={"start": DAY["from"], "end": DAY["to"]}
    ).json()
    assert [each["good"] for each in counted] == [8]
