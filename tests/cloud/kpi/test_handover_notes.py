"""Notes that a shift leaves to the next one: written, changed, withdrawn, by whom, on both stores."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from cloud.app import create_app
from cloud.db import Database
from cloud.identity import access, actions
from cloud.identity.tables import AuditEntry
from cloud.kpi.tables import HandoverNote
from cloud.outbox import OutboxEvent
from cloud.settings import Settings
from wire.clock import PlantClock

pytestmark = pytest.mark.every_database

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)  # two hours into the late shift
LATE, EARLY = "2026-03-02T08:00:00.000Z", "2026-03-02T00:00:00.000Z"

Visit = Callable[[str, str], TestClient]


@pytest.fixture
def visit(plant_db: Database, tmp_path: Path) -> Visit:
    """Somebody by name and role at the application, whose clock stands at `NOW`."""
    clock = PlantClock(NOW, datetime.now(UTC) + timedelta(days=1), 60)
    app = create_app(Settings(data=tmp_path, clock=str(clock)), takes_in=False)
    app.state.db = plant_db  # its lifespan would open a database of its own; it is not entered
    with plant_db.write() as session:
        actions.ensure_roles(session)

    def arrive(username: str, role: str) -> TestClient:
        with plant_db.write() as session:
            user = actions.add_user(session, username, username, role, "a-long-password")
            token = actions.open_session(session, user)
        return TestClient(app, cookies={access.COOKIE: token}, raise_server_exceptions=False)

    return arrive


def write(client: TestClient, text: str, scope: str = "line:L1", at: str = LATE) -> dict[str, Any]:
    answer = client.post("/api/v1/report/handover", json={"scope": scope, "at": at, "text": text})
    assert answer.status_code == 200, answer.text
    note: dict[str, Any] = answer.json()
    return note


def read(client: TestClient, scope: str = "line:L1", at: str = LATE) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/report/shift", params={"scope": scope, "at": at})
    notes: list[dict[str, Any]] = answer.json()["handover"]
    return notes


def test_a_note_stands_in_the_report_of_its_shift_with_author_and_time(visit: Visit) -> None:
    li = visit("li", "operator")
    write(li, "  OP30 夹具松动\n已临时紧固。  ")
    [note] = read(li)
    assert (note["text"], note["by"], note["at"]) == (
        "OP30 夹具松动\n已临时紧固。",
        "li",
        "2026-03-02T10:00:00.000Z",
    )
    assert (note["version"], note["withdrawn"], note["scope"]) == (1, False, "line:L1")
    assert read(li, at=EARLY) == []
    write(li, "Oil ordered.", at="2026-03-02T07:59:59Z")  # any instant of a shift names it
    assert [each["text"] for each in read(li, at=EARLY)] == ["Oil ordered."]


def test_a_note_is_read_wherever_it_concerns(visit: Visit) -> None:
    li = visit("li", "operator")
    for scope in ("site", "line:L1", "machine:L1-OP10", "line:L2"):
        write(li, scope, scope)

    def texts(scope: str) -> list[str]:
        return [each["text"] for each in read(li, scope)]

    assert texts("site") == ["site", "line:L1", "machine:L1-OP10", "line:L2"]
    assert texts("line:L1") == ["site", "line:L1", "machine:L1-OP10"]
    assert texts("machine:L1-OP10") == ["site", "line:L1", "machine:L1-OP10"]
    assert texts("machine:L1-OP20") == ["site", "line:L1"]
    assert texts("line:L2") == ["site", "line:L2"]


def test_an_author_changes_a_note_and_every_version_is_kept(visit: Visit, plant_db: Database) -> None:
    li = visit("li", "operator")
    number = write(li, "Coolant low.")["number"]
    changed = li.put(f"/api/v1/report/handover/{number}", json={"text": "Coolant filled up.", "replaces": 1})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    late = li.put(f"/api/v1/report/handover/{number}", json={"text": "Coolant gone.", "replaces": 1})
    assert (late.status_code, late.json()["code"]) == (409, "note_changed")
    [note] = read(li)
    assert (note["text"], [each["text"] for each in note["versions"]]) == (
        "Coolant filled up.",
        ["Coolant low.", "Coolant filled up."],
    )
    with plant_db.read() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.object == f"note/{number}")).all()
    said = [(each.username, each.action, each.detail["text"]) for each in entries]
    assert said == [("li", "handover.note", "Coolant low."), ("li", "handover.note", "Coolant filled up.")]


def test_only_the_author_or_a_manager_changes_a_note(visit: Visit) -> None:
    li, wang, boss = visit("li", "operator"), visit("wang", "maintainer"), visit("boss", "manager")
    number = write(li, "Door alarm is off.")["number"]
    path = f"/api/v1/report/handover/{number}"
    refused = wang.put(path, json={"text": "All well.", "replaces": 1})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_your_note")
    assert wang.post(f"{path}/withdraw", json={"replaces": 1}).status_code == 403
    assert boss.put(path, json={"text": "Door alarm is on again.", "replaces": 1}).status_code == 200
    gone = boss.post(f"{path}/withdraw", json={"replaces": 2})
    assert (gone.status_code, gone.json()["withdrawn"]) == (200, True)
    [note] = read(wang)
    assert (note["by"], note["withdrawn"], note["versions"][-1]["by"]) == ("li", True, "boss")
    again = li.put(path, json={"text": "Back.", "replaces": 3})
    assert (again.status_code, again.json()["code"]) == (404, "no_such_note")


def test_who_only_reads_writes_no_note(visit: Visit, plant_db: Database) -> None:
    planner = visit("plan", "planner")
    answer = planner.post("/api/v1/report/handover", json={"scope": "site", "at": LATE, "text": "Hello."})
    assert answer.status_code == 403
    with plant_db.read() as session:
        assert session.scalars(select(HandoverNote)).all() == []
    assert read(planner) == []


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({"text": "   "}, 422),
        ({"text": "x" * 4001}, 422),
        ({"at": "2026-03-02T10:00:01Z"}, 422),
        ({"at": "tomorrow"}, 422),
        ({"scope": "line:L9"}, 404),
        ({"scope": "hall"}, 422),
    ],
)
def test_a_note_of_nothing_is_refused(visit: Visit, wanted: dict[str, str], status: int) -> None:
    body = {"scope": "site", "at": LATE, "text": "Hello."} | wanted
    assert visit("li", "operator").post("/api/v1/report/handover", json=body).status_code == status


def test_open_pages_hear_of_a_note(visit: Visit, plant_db: Database) -> None:
    write(visit("li", "operator"), "Look at OP20.")
    with plant_db.read() as session:
        kinds = [(each.kind, each.payload) for each in session.scalars(select(OutboxEvent))]
    assert ("HandoverNoted", {"shift": LATE, "scope": "line:L1"}) in kinds
