"""Stops, corrections, reasons and rules through the API, over facts written by hand."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from downtime_floor import MINUTE, START_MS, WINDOW, M, at, listed, stop, tell
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from cloud.db import Database
from cloud.identity.tables import AuditEntry
from cloud.orders.actions import enter_order
from cloud.orders.schemas import OrderIn, OrderLineIn
from cloud.outbox import OutboxEvent
from cloud.plant.actions import Meaning, bind
from cloud.plant.schemas import iso
from cloud.plant.tables import Site
from cloud.production.actions import release_work_order
from cloud.production.schemas import WorkOrderIn

pytestmark = pytest.mark.every_database


def breakdown_s(client: TestClient) -> float:
    body = client.get("/api/v1/oee", params={"scope": f"machine:{M}", **WINDOW}).json()
    seconds: float = body["figure"]["losses"]["breakdown"]
    return seconds


def test_stops_are_listed_newest_first_with_minor_ones_in_groups(
    people: Callable[[str], TestClient],
) -> None:
    page = listed(people("operator"))
    shown = [(each["start"], each["state"], each["lost_s"], each["ongoing"]) for each in page["items"]]
    assert shown == [
        (at(350), "idle", 600.0, True),
        (at(200), "breakdown", 600.0, False),  # 11:20 to 11:50, the break begins at 11:30
        (at(130), "setup", 1200.0, False),
        (at(120), "idle", 600.0, False),
        (at(60), "breakdown", 1200.0, False),
    ]
    assert (page["total"], page["unassigned"]) == (5, 5)
    assert page["minor"] == [{"machine": M, "state": "jammed", "reason": None, "count": 1, "seconds": 60.0}]
    assert [each["joins_after"] for each in page["items"]] == [False, False, False, True, False]


def test_a_page_follows_the_other(people: Callable[[str], TestClient]) -> None:
    client = people("operator")
    first = listed(client, limit=2)
    second = listed(client, limit=10, after=first["next"])
    assert [each["start"] for each in second["items"]] == [at(130), at(120), at(60)]
    assert listed(client, state="setup")["total"] == 1
    assert listed(client, min_s=1500)["total"] == 1
    assert client.get("/api/v1/downtime", params={**WINDOW, "after": "x"}).status_code == 422


def test_an_operators_reason_moves_the_time_between_losses_and_is_audited(
    people: Callable[[str], TestClient], plant_db: Database
) -> None:
    client = people("operator")
    before = breakdown_s(client)
    asked = {"stops": [stop(120, 130), stop(130, 150)], "reason": "eq-mechanical", "note": "belt"}
    numbers = client.post("/api/v1/downtime/assign", json=asked).json()["numbers"]
    assert len(numbers) == 4
    assert breakdown_s(client) == before + 1800
    found = {each["start"]: each for each in listed(client, reason="equipment")["items"]}
    assert set(found) == {at(120), at(130)}
    assert (found[at(120)]["source"], found[at(120)]["by"]) == ("operator", "operator")
    assert found[at(120)]["notes"][0]["text"] == "belt"
    with plant_db.read() as session:
        said = session.scalars(select(AuditEntry).where(AuditEntry.action == "downtime.assign")).all()
        events = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == "DowntimeCorrected")).all()
    assert len(said) == 2
    assert events[-1].payload == {"windows": {M: [START_MS + 120 * MINUTE, START_MS + 150 * MINUTE + 1]}}
    taken_back = {"stops": [stop(120, 130), stop(130, 150)], "reason": None}
    assert client.post("/api/v1/downtime/assign", json=taken_back).status_code == 200
    assert breakdown_s(client) == before


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("assign", {"stops": [stop(61, 80)], "reason": "eq-mechanical"}, 409, "no_such_stop"),
        ("assign", {"stops": [stop(81, 82)], "reason": "eq-mechanical"}, 409, "no_such_stop"),
        ("assign", {"stops": [stop(60, 80)], "reason": "equipment"}, 422, "reason_not_usable"),
        ("assign", {"stops": [stop(60, 80)], "reason": "die-change"}, 422, "reason_not_usable"),
        ("split", {"machine": M, "at": at(60)}, 409, "no_such_stop"),
        ("merge", stop(60, 150), 409, "not_neighbours"),
    ],
)
def test_what_cannot_be_said_of_a_stop_is_refused(
    people: Callable[[str], TestClient], path: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = people("operator").post(f"/api/v1/downtime/{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_plc_explains_a_stop_until_an_operator_does_and_rules_come_last(
    people: Callable[[str], TestClient], plant_db: Database
) -> None:
    client = people("manager")
    tell(plant_db, [("reason", 60, "eq-control"), ("reason", 80, "none")], stream="b" * 32)
    rule = {"reason": "pe-no-operator", "states": ["idle", "breakdown"], "min_s": 600}
    assert client.post("/api/v1/downtime/rules", json=rule).status_code == 200
    found = {each["start"]: (each["reason"], each["source"]) for each in listed(client)["items"]}
    assert found[at(60)] == ("eq-control", "plc")
    assert found[at(200)] == ("pe-no-operator", "rule")
    assert found[at(130)] == (None, None)
    client.post("/api/v1/downtime/assign", json={"stops": [stop(60, 80)], "reason": "jam-feed"})
    assert listed(client)["items"][-1]["source"] == "operator"
    later = rule | {"valid_from": at(201)}
    number = client.get("/api/v1/downtime/rules").json()[0]["id"]
    assert client.put(f"/api/v1/downtime/rules/{number}", json=later).status_code == 200
    assert listed(client, reason="pe-no-operator")["total"] == 1
    wrong = client.post("/api/v1/downtime/rules", json={"reason": "equipment", "products": ["X"]})
    assert [each["where"] for each in wrong.json()["errors"]] == ["reason", "products"]


def test_pareto_prices_stops_in_the_orders_they_held_up(
    people: Callable[[str], TestClient], plant_db: Database
) -> None:
    client = people("operator")
    with plant_db.write() as session:
        due = iso(START_MS + 3_000 * MINUTE)
        line = OrderLineIn(line=1, product="BD-280", quantity=Decimal(100), due=due)
        order = OrderIn(number="SO-1", customer="hangzhou-ev", lines=[line])
        enter_order(session, order, "test", START_MS)
        wanted = WorkOrderIn(number=5001, order="SO-1", line=1, quantity=Decimal(100))
        release_work_order(session, wanted, "test", START_MS)
    # The register is empty from minute 240 on: nobody knows which order the last stop held up.
    tell(plant_db, [("job", 0, 500110), ("job", 240, 0)], stream="c" * 32)
    client.post("/api/v1/downtime/assign", json={"stops": [stop(60, 80)], "reason": "eq-mechanical"})
    asked = {"scope": f"machine:{M}", **WINDOW, "by": "reason", "measure": "customer_impact"}
    body = client.get("/api/v1/downtime/pareto", params=asked).json()
    bars = {each["key"]: each for each in body["bars"]}
    assert set(bars) == {None, "eq-mechanical", "minor_stops"}
    # 20 min × 100 discs at 98.00 CNY.
    assert bars["eq-mechanical"]["impact"] == pytest.approx(9800 / 3)
    assert bars["eq-mechanical"]["orders"][0]["order"] == "SO-1"
    assert bars["eq-mechanical"]["name"] == {"zh": "机械故障", "en": "Mechanical fault"}
    assert body["minutes"] == pytest.approx(20 + 1 + 10 + 20 + 10 + 10)
    assert body["unassigned_share"] == pytest.approx(50 / 70)
    assert body["without_order_minutes"] == pytest.approx(10)
    assert body["bars"][-1]["cumulative"] == pytest.approx(1)
    losses = client.get("/api/v1/oee", params={"scope": f"machine:{M}", **WINDOW}).json()["figure"]["losses"]
    with plant_db.write() as session:
        session.execute(update(Site).values(currency="JPY"))
    in_yen = client.get("/api/v1/downtime/pareto", params=asked).json()["bars"]
    [fault] = [bar for bar in in_yen if bar["key"] == "eq-mechanical"]
    assert fault["impact"] == pytest.approx(980_000 / 3), "a yen has no minor unit"
    by_category = client.get("/api/v1/downtime/pareto", params=asked | {"by": "category"}).json()["bars"]
    assert {each["key"]: each["minutes"] * 60 for each in by_category} == pytest.approx(
        {key: losses[key] for key in ("breakdown", "setup", "waiting", "minor_stops")}
    )


def test_only_a_manager_edits_the_tree(people: Callable[[str], TestClient]) -> None:
    new = {
        "id": "eq-laser",
        "parent": "equipment",
        "name": {"zh": "激光故障", "en": "Laser fault"},
        "category": "breakdown",
        "scopes": ["line:L2"],
    }
    assert people("operator").post("/api/v1/downtime/reasons", json=new).status_code == 403
    client = people("manager")
    assert client.post("/api/v1/downtime/reasons", json=new).json()["machines"] == [
        "L2-OP10",
        "L2-OP20",
        "L2-OP30",
        "L2-OP40",
    ]
    assert client.post("/api/v1/downtime/reasons", json=new).status_code == 409
    below_leaf = new | {"id": "x", "parent": "eq-laser", "scopes": ["line:L9"]}
    wrong = client.post("/api/v1/downtime/reasons", json=below_leaf).json()
    assert [each["where"] for each in wrong["errors"]] == ["parent", "scopes"]
    change = {"parent": "tooling", "name": new["name"], "category": "setup", "active": False}
    assert client.put("/api/v1/downtime/reasons/eq-laser", json=change).json()["active"] is False
    listed_ids = [each["id"] for each in client.get("/api/v1/downtime/reasons").json()]
    assert listed_ids.index("tooling") < listed_ids.index("eq-laser")
    below = [row["id"] for row in client.get("/api/v1/downtime/reasons").json() if row["parent"] == "tooling"]
    turned = {"parent": "tooling", "reasons": below[::-1]}
    rows = client.put("/api/v1/downtime/reasons/order", json=turned).json()
    assert [row["id"] for row in rows if row["parent"] == "tooling"] == below[::-1]
    missing = client.put("/api/v1/downtime/reasons/order", json=turned | {"reasons": below[1:]})
    assert missing.json()["code"] == "reasons_changed"
    assert client.put("/api/v1/downtime/reasons/nothing", json=change).status_code == 404


def test_a_planner_reads_stops_and_says_nothing(people: Callable[[str], TestClient]) -> None:
    client = people("planner")
    assert listed(client)["total"] == 5
    asked = {"stops": [stop(60, 80)], "reason": "eq-mechanical"}
    assert client.post("/api/v1/downtime/assign", json=asked).status_code == 403


def test_who_explains_what_somebody_else_explained_meanwhile_is_told(
    people: Callable[[str], TestClient],
) -> None:
    mine, yours = people("operator"), people("maintainer")
    asked = {"stops": [stop(60, 80) | {"seen": 0}], "reason": "eq-mechanical"}
    [number] = mine.post("/api/v1/downtime/assign", json=asked).json()["numbers"]
    late = yours.post("/api/v1/downtime/assign", json=asked | {"reason": "tool-broken"})
    assert (late.status_code, late.json()["code"]) == (409, "stop_changed")
    seen = {"stops": [stop(60, 80) | {"seen": number}], "reason": "tool-broken"}
    assert yours.post("/api/v1/downtime/assign", json=seen).status_code == 200
    assert mine.get("/api/v1/downtime/reasons/recent", params={"machine": M}).json() == [
        "tool-broken",
        "eq-mechanical",
    ]
    assert [each["start"] for each in listed(mine, reason="assigned")["items"]] == [at(60)]
    assert [each["start"] for each in listed(mine, category="breakdown")["items"]] == [at(200), at(60)]


def test_the_history_of_a_stop_tells_who_when_before_and_after(people: Callable[[str], TestClient]) -> None:
    client = people("operator")
    client.post("/api/v1/downtime/assign", json={"stops": [stop(60, 80)], "reason": "eq-mechanical"})
    client.post("/api/v1/downtime/split", json={"machine": M, "at": at(70)})
    client.post("/api/v1/downtime/assign", json={"stops": [stop(70, 80)], "reason": "tool-broken"})
    split = client.get("/api/v1/downtime/corrections", params=WINDOW).json()[1]["number"]
    client.post(f"/api/v1/downtime/corrections/{split}/withdraw")
    asked = {"machine": M, "start": at(60), "end": at(80)}
    changes = client.get("/api/v1/downtime/history", params=asked).json()
    told = [
        (
            each["kind"],
            [(shape["start"], shape["reason"]) for shape in each["before"]],
            [(shape["start"], shape["reason"]) for shape in each["after"]],
        )
        for each in changes
    ]
    first, second, whole = (at(60), "eq-mechanical"), (at(70), "eq-mechanical"), at(60)
    assert told == [
        ("withdraw", [first, (at(70), "tool-broken")], [(whole, "tool-broken")]),
        ("assign", [second], [(at(70), "tool-broken")]),
        ("split", [first], [first, second]),
        ("assign", [(whole, None)], [first]),
    ]
    assert {each["by"] for each in changes} == {"operator"}
    assert [each["may_withdraw"] for each in changes] == [False, True, False, True]


def test_a_rule_is_tried_before_it_holds_and_rules_change_places(
    people: Callable[[str], TestClient],
) -> None:
    client = people("manager")
    client.post("/api/v1/downtime/assign", json={"stops": [stop(60, 80)], "reason": "eq-mechanical"})
    first = {"reason": "pe-no-operator", "states": ["idle"]}
    [kept] = [client.post("/api/v1/downtime/rules", json=first).json()["id"]]
    draft = {"rule": {"reason": "eq-control", "states": ["idle", "breakdown"]}, **WINDOW}
    tried = client.post("/api/v1/downtime/rules/preview", json=draft).json()
    counts = ("fitting", "explains", "unexplained", "changed", "said", "earlier")
    assert [tried[name] for name in counts] == [4, 1, 1, 0, 1, 2]
    assert [each["start"] for each in tried["stops"]] == [at(200)]
    instead = client.post("/api/v1/downtime/rules/preview", json=draft | {"replaces": kept}).json()
    assert [instead[name] for name in counts] == [4, 3, 1, 2, 1, 0]
    last = client.post("/api/v1/downtime/rules", json=draft["rule"]).json()["id"]
    ordered = client.put("/api/v1/downtime/rules/order", json={"rules": [last, kept]}).json()
    assert [each["id"] for each in ordered] == [last, kept]
    assert listed(client, reason="eq-control")["total"] == 3
    wrong = client.put("/api/v1/downtime/rules/order", json={"rules": [kept]})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "rules_changed")
    assert people("planner").post("/api/v1/downtime/rules/preview", json=draft).status_code == 403


def test_a_manager_says_what_plc_codes_mean_and_sees_those_without_a_meaning(
    people: Callable[[str], TestClient], plant_db: Database
) -> None:
    tag = f"suzhou/gw-l1/{M}/reason"
    with plant_db.write() as session:
        codes = {"0": "none", "11": "eq-mechanical"}
        bind(session, [Meaning(tag=tag, role="reason", machine=M, code_map=codes)])
    tell(plant_db, [("reason", 60, "unknown:99"), ("reason", 61, "eq-mechanical")], stream="d" * 32)
    client = people("manager")
    shown = {each["machine"]: each for each in client.get("/api/v1/downtime/codes").json()}[M]
    assert shown["unknown"] == [{"code": "99", "count": 1, "last": at(60)}]
    wanted = {"tag": tag, "codes": {"0": "none", "99": "jam-feed"}, "replaces": shown["version"]}
    changed = client.put("/api/v1/downtime/codes", json=wanted)
    assert (changed.status_code, changed.json()["version"]) == (200, shown["version"] + 1)
    assert client.put("/api/v1/downtime/codes", json=wanted).json()["code"] == "binding_changed"
    assert people("operator").put("/api/v1/downtime/codes", json=wanted).status_code == 403
    missing = wanted | {"tag": f"suzhou/gw-l1/{M}/state"}
    assert client.put("/api/v1/downtime/codes", json=missing).json()["code"] == "no_such_binding"


def test_shifts_that_take_place_are_told(people: Callable[[str], TestClient]) -> None:
    asked = {"start": at(0), "end": at(481)}  # a minute into the late shift
    found = people("operator").get("/api/v1/calendar/shifts", params=asked).json()
    assert [(each["id"], each["start"], each["end"], each["name"]["en"]) for each in found] == [
        ("late", at(480), at(960), "Late shift"),
        ("early", at(0), at(480), "Early shift"),
    ]
