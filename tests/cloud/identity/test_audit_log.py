"""Who did what can be read: by whom, page by page, filtered, and every kind of write is in it."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from cloud.app import API, create_app
from cloud.db import Database
from cloud.identity.actions import DEMO_PASSWORD, audit
from cloud.identity.queries import CSV_PAGE, AuditFilter, audit_csv, audit_page
from cloud.identity.tables import AuditEntry
from cloud.settings import Settings

PLANT_FILE = Path(__file__).parents[3] / "simulators" / "plants" / "demo.toml"
ORDER_DUE = "2030-03-02T00:00:00Z"
ORDER_LINE = {"line": 1, "product": "BD-280", "quantity": "10", "due": ORDER_DUE}
GROUP = {"name": {"zh": "夹具", "en": "Fixture"}, "parent": "equipment", "category": "breakdown"}
RULE = {"reason": "eq-mechanical", "states": ["breakdown"]}
CODES = "suzhou/gw-l1/L1-OP10/reason"

# Who writes what, and how the audit log calls it.
WRITES: list[tuple[str, str, str, dict[str, Any], str, str]] = [
    (
        "manager",
        "POST",
        "/downtime/reasons",
        {"id": "eq-fixture", **GROUP},
        "downtime.reason.add",
        "reason/eq-fixture",
    ),
    (
        "manager",
        "PUT",
        "/downtime/reasons/eq-fixture",
        GROUP | {"category": "setup"},
        "downtime.reason.change",
        "reason/eq-fixture",
    ),
    ("manager", "POST", "/downtime/rules", RULE, "downtime.rule.add", "rule/1"),
    ("manager", "PUT", "/downtime/rules/1", RULE | {"min_s": 60}, "downtime.rule.change", "rule/1"),
    ("manager", "PUT", "/downtime/rules/order", {"rules": [1]}, "downtime.rule.order", "rules"),
    (
        "manager",
        "PUT",
        "/downtime/codes",
        {"tag": CODES, "codes": {"0": "none"}, "replaces": 1},
        "bindings.change",
        f"tag/{CODES}",
    ),
    ("manager", "PUT", "/oee/targets/line:L1", {"oee": 0.8}, "oee.target", "oee_target/line:L1"),
    ("manager", "PUT", "/oee/lines/L1", {"stations": {}, "constraint": "L1-OP20"}, "oee.flow", "line/L1"),
    (
        "manager",
        "PUT",
        "/machines/L1-OP10/minor-stop",
        {"minor_stop_s": 90},
        "plant.minor_stop",
        "machine/L1-OP10",
    ),
    (
        "manager",
        "POST",
        "/calendar/exceptions",
        {"day": "2030-05-01", "kind": "closed"},
        "calendar.add",
        "calendar/1",
    ),
    ("manager", "DELETE", "/calendar/exceptions/1", {}, "calendar.remove", "calendar/1"),
    (
        "planner",
        "POST",
        "/orders",
        {"number": "SO-9", "customer": "hangzhou-ev", "lines": [ORDER_LINE]},
        "orders.enter",
        "order/SO-9",
    ),
    (
        "planner",
        "POST",
        "/work-orders",
        {"number": 9001, "order": "SO-9", "line": 1, "quantity": "10"},
        "work_orders.release",
        "work_order/9001",
    ),
    ("planner", "PUT", "/work-orders/9001/rework", {"rework": True}, "work_orders.rework", "work_order/9001"),
    (
        "operator",
        "POST",
        "/tokens",
        {"name": "Grafana", "role": "operator", "days": 7},
        "tokens.make",
        "token/1",
    ),
    ("operator", "POST", "/tokens/1/revoke", {}, "tokens.revoke", "token/1"),
    ("operator", "DELETE", "/session", {}, "session.close", "user/operator"),
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("audit")
    app = create_app(Settings(data=folder, plant_file=PLANT_FILE, demo_users=True), takes_in=False)
    with TestClient(app, base_url=f"https://test{API}") as opened:
        yield opened


def log_in(client: TestClient, name: str) -> None:
    assert client.post("/session", json={"username": name, "password": DEMO_PASSWORD}).is_success


@pytest.fixture(scope="module")
def written(client: TestClient) -> TestClient:
    """The product after one write of each kind, read by a planner."""
    for user, method, path, body, *_ in WRITES:
        log_in(client, user)
        answer = client.request(method, path, json=body)
        assert answer.is_success, (path, answer.text)
    log_in(client, "planner")
    return client


def listed(client: TestClient, **asked: str | int) -> list[dict[str, Any]]:
    answer = client.get("/audit/log", params=asked)
    assert answer.is_success, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_each_kind_of_write_stands_in_the_log_newest_first_with_who_did_it(written: TestClient) -> None:
    entries = [each for each in listed(written, limit=500) if each["action"] != "session.open"]
    found = [(each["username"], each["action"], each["object"]) for each in reversed(entries)]
    assert found == [(user, action, object_) for user, _, _, _, action, object_ in WRITES]
    assert [each["at"] for each in entries] == sorted((each["at"] for each in entries), reverse=True)


def test_a_change_says_what_was_before_and_after(written: TestClient) -> None:
    [change, _added] = listed(written, object="reason/eq-fixture")
    assert {name: change["detail"][name]["category"] for name in ("before", "after")} == {
        "before": "breakdown",
        "after": "setup",
    }
    [rule] = [
        each["detail"] for each in listed(written, kind="rule") if each["action"] == "downtime.rule.change"
    ]
    assert (rule["before"]["min_s"], rule["after"]["min_s"]) == (None, 60)
    [codes] = [each["detail"] for each in listed(written, kind="tag")]
    assert codes["before"]["code_map"] != codes["after"]["code_map"] == {"0": "none"}


def test_entries_are_found_by_kind_object_person_and_time(written: TestClient) -> None:
    assert {each["object"] for each in listed(written, kind="work_order")} == {"work_order/9001"}
    assert {each["object"] for each in listed(written, kind="rules")} == {"rules"}
    assert [each["object"] for each in listed(written, kind="order")] == ["order/SO-9"], (
        "no other kind begins so"
    )
    assert {each["username"] for each in listed(written, username="operator")} == {"operator"}
    assert [each["object"] for each in listed(written, action="oee.flow")] == ["line/L1"]
    newest = listed(written, limit=1)[0]["at"]
    assert all(each["at"] < newest for each in listed(written, to=newest, limit=500))
    assert {each["at"] for each in listed(written, **{"from": newest})} == {newest}
    assert not listed(written, kind="%"), "a sign of patterns is a sign"


def test_pages_follow_one_another_without_a_gap(written: TestClient) -> None:
    whole = [each["id"] for each in listed(written, limit=500)]
    paged: list[int] = []
    after: int | None = None
    while True:
        page = written.get(
            "/audit/log", params={"limit": 4} | ({} if after is None else {"after": after})
        ).json()
        paged += [each["id"] for each in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert paged == whole


def test_only_those_who_may_audit_read_it(written: TestClient) -> None:
    written.cookies.clear()
    assert written.get("/audit/log").status_code == 401
    statuses = {}
    for user in ("operator", "planner", "manager", "admin"):
        log_in(written, user)
        statuses[user] = written.get("/audit/log").status_code
    assert statuses == {"operator": 403, "planner": 200, "manager": 200, "admin": 200}


@pytest.mark.parametrize(
    "wrong",
    [{"from": "yesterday"}, {"to": "2026-03-02T00:00:00"}, {"after": 0}, {"limit": 501}, {"format": "xml"}],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(
    written: TestClient, wrong: dict[str, str | int]
) -> None:
    log_in(written, "planner")
    answer = written.get("/audit/log", params=wrong)
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_the_log_is_also_a_spreadsheet(written: TestClient) -> None:
    log_in(written, "planner")
    answer = written.get("/audit/log", params={"format": "csv", "kind": "reason"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["action"] for row in rows] == ["downtime.reason.change", "downtime.reason.add"]


def test_a_long_log_is_a_whole_spreadsheet_that_runs_nothing(any_db: Database) -> None:
    with any_db.write() as session:
        for number in range(CSV_PAGE + 2):
            audit(session, "=1+1", "orders.enter", f"order/{number}")
    lines = b"".join(audit_csv(any_db, AuditFilter(kind="order"))).decode()
    rows = list(csv.DictReader(io.StringIO(lines)))
    assert [row["object"] for row in rows] == [f"order/{number}" for number in reversed(range(CSV_PAGE + 2))]
    assert {row["username"] for row in rows} == {"'=1+1"}


def test_entries_of_one_instant_are_paged_by_their_commit(any_db: Database) -> None:
    with any_db.write() as session:
        for number in range(5):
            session.add(AuditEntry(at_ms=1, username="x", action="a", object=f"order/{number}", detail={}))
            session.flush()
    with any_db.read() as session:
        first = audit_page(session, AuditFilter(), None, 3)
        last = audit_page(session, AuditFilter(), first.next, 3)
    assert [each.object for each in first.items + last.items] == [f"order/{n}" for n in (4, 3, 2, 1, 0)]
    assert last.next is None
