"""Sheets of machines without a PLC: what people enter, and the figures that follow, on both stores."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from cloud.app import create_app
from cloud.customers.actions import load_customers
from cloud.db import Database
from cloud.identity import access, actions
from cloud.ingest.tables import SignalFact
from cloud.manual.tables import ManualSheet
from cloud.orders.actions import enter_order
from cloud.orders.schemas import OrderIn, OrderLineIn
from cloud.outbox import Event, OutboxEvent
from cloud.plant.actions import Meaning, bind, load_plant_file
from cloud.plant.schemas import iso
from cloud.plant.tables import SignalBinding
from cloud.production.actions import release_work_order
from cloud.production.reactions import react
from cloud.production.schemas import WorkOrderIn
from cloud.settings import Settings
from wire.clock import PlantClock

START_MS = int(datetime(2026, 3, 2, 0, 0, tzinfo=UTC).timestamp() * 1000)  # 08:00 local
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
MINUTE = 60_000
M = "L1-OP10"
JOB = 500110


def at(minute: float) -> str:
    return iso(START_MS + round(minute * MINUTE))


def period(start: float, end: float, state: str) -> dict[str, Any]:
    return {"start": at(start), "end": at(end), "state": state}


def run(start: float, end: float, job: int, good: int, reject: int) -> dict[str, Any]:
    return {"start": at(start), "end": at(end), "job": job, "good": good, "reject": reject}


SHEET: dict[str, Any] = {
    "machine": M,
    "start": at(0),
    "end": at(180),
    "periods": [
        period(0, 60, "running"),
        period(60, 90, "breakdown"),
        period(90, 150, "running"),
        # nobody watched the last half hour
    ],
    "runs": [run(0, 150, JOB, 100, 4)],
}


@pytest.fixture
def people(any_db: Database, root: Path, tmp_path: Path) -> Callable[[str], TestClient]:
    """A function that logs somebody in to a plant whose first machine has no signals."""
    with any_db.write() as session:
        plant = load_plant_file(session, root / "simulators/plants/demo.toml")
        load_customers(session, plant.customer)
        session.query(SignalBinding).filter(SignalBinding.machine_id == M).delete()
        actions.ensure_roles(session)
        line = OrderLineIn(line=1, product="BD-280", quantity=Decimal(500), due=at(3_000))
        enter_order(session, OrderIn(number="SO-1", customer="hangzhou-ev", lines=[line]), "test", START_MS)
        wanted = WorkOrderIn(number=5001, order="SO-1", line=1, quantity=Decimal(500))
        release_work_order(session, wanted, "test", START_MS)
    clock = PlantClock(NOW, datetime.now(UTC) + timedelta(days=1), 60)
    app = create_app(Settings(data=tmp_path, clock=str(clock)), takes_in=False)
    app.state.db = any_db

    def log_in(role: str) -> TestClient:
        with any_db.write() as session:
            user = actions.add_user(session, role, role, role, "a-long-password")
            token = actions.open_session(session, user)
        return TestClient(app, cookies={access.COOKIE: token}, raise_server_exceptions=False)

    return log_in


def fill_in(client: TestClient, sheet: dict[str, Any], **changes: Any) -> dict[str, Any]:
    answer = client.put("/api/v1/manual/sheets", json=sheet | changes)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def figure(client: TestClient, start: float = 0, end: float = 180) -> dict[str, Any]:
    asked = {"scope": f"machine:{M}", "start": at(start), "end": at(end)}
    found: dict[str, Any] = client.get("/api/v1/oee", params=asked).json()
    return found


def test_a_sheet_makes_the_same_figures_as_a_machine(people: Callable[[str], TestClient]) -> None:
    client = people("operator")
    machine, _bench = client.get("/api/v1/manual/machines").json()
    assert (machine["machine"], machine["jobs"][0]["job"]) == (M, JOB)
    assert fill_in(client, SHEET)["version"] == 1
    oee = figure(client)
    assert oee["figure"]["coverage"] == pytest.approx(150 / 180)
    assert oee["figure"]["losses"]["breakdown"] == 1800
    assert oee["figure"]["availability"] == pytest.approx(120 / 150)
    jobs = [
        (each["job"], each["good"], each["rejected"]) for each in oee["machines"][0]["jobs"] if each["job"]
    ]
    assert jobs == [(JOB, 100, 4)]
    stops = client.get(
        "/api/v1/downtime", params={"scope": f"machine:{M}", "start": at(0), "end": at(180)}
    ).json()
    assert [(each["start"], each["end"], each["order"]) for each in stops["items"]] == [
        (at(60), at(90), "SO-1")
    ]


def test_a_corrected_sheet_leaves_nothing_of_the_one_before_and_moves_later_counters(
    people: Callable[[str], TestClient], any_db: Database
) -> None:
    client = people("operator")
    fill_in(client, SHEET)
    later = {
        "machine": M,
        "start": at(180),
        "end": at(210),
        "periods": [period(180, 210, "running")],
        "runs": [run(180, 210, JOB, 30, 0)],
    }
    fill_in(client, later)
    shorter = {"periods": [period(0, 150, "running")], "runs": [run(0, 150, JOB, 120, 0)]}
    assert fill_in(client, SHEET, **shorter, replaces=1)["version"] == 2
    oee = figure(client, 0, 210)
    assert oee["figure"]["losses"]["breakdown"] == 0
    assert sum(each["good"] for each in oee["machines"][0]["jobs"]) == 150
    assert sum(each["rejected"] for each in oee["machines"][0]["jobs"]) == 0
    assert "counter_reset" not in oee["figure"]["flags"]
    assert oee["figure"]["coverage"] == pytest.approx(180 / 210)
    versions = client.get("/api/v1/manual/sheets/versions", params={"machine": M, "start": at(0)}).json()
    assert [(each["version"], each["by"]) for each in versions] == [(2, "operator"), (1, "operator")]
    gone = {"machine": M, "start": at(0), "replaces": 2}
    assert client.post("/api/v1/manual/sheets/withdraw", json=gone).json()["withdrawn"] is True
    left = figure(client, 0, 210)
    assert sum(each["good"] for each in left["machines"][0]["jobs"]) == 30
    assert figure(client, 0, 180)["figure"]["coverage"] == 0
    with any_db.read() as session:
        kinds = [row.kind for row in session.query(SignalFact).filter(SignalFact.source == M)]
        events = {row.kind for row in session.query(OutboxEvent)}
    assert sorted(kinds).count("state") == 3  # one of the withdrawn sheet, two of the later one
    assert {"StateChanged", "JobChanged", "PartsCounted", "CoverageGrew"} <= events


def test_a_sheet_of_long_ago_stays_as_it_is(people: Callable[[str], TestClient], any_db: Database) -> None:
    client = people("operator")
    began = START_MS - 40 * 24 * 60 * MINUTE
    told = {"periods": [], "runs": [], "note": "", "username": "w", "said_ms": began, "withdrawn": False}
    with any_db.write() as session:
        session.add(ManualSheet(machine=M, start_ms=began, end_ms=began + MINUTE, version=1, **told))
    gone = {"machine": M, "start": iso(began), "replaces": 1}
    answer = client.post("/api/v1/manual/sheets/withdraw", json=gone)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_sheet")
    assert "31 days" in answer.json()["detail"]


def running(start: float, end: float, job: int | None = JOB) -> dict[str, Any]:
    """A sheet of a machine that ran all the time, with 30 parts of a job if one is named."""
    runs = [] if job is None else [run(start, end, job, 30, 0)]
    periods = [period(start, end, "running")]
    return {"machine": M, "start": at(start), "end": at(end), "periods": periods, "runs": runs}


def test_a_sheet_over_the_time_of_a_withdrawn_one_is_not_cut_by_it(
    people: Callable[[str], TestClient],
) -> None:
    client = people("operator")
    fill_in(client, running(60, 180))
    gone = {"machine": M, "start": at(60), "replaces": 1}
    assert client.post("/api/v1/manual/sheets/withdraw", json=gone).status_code == 200
    assert figure(client)["figure"]["coverage"] == 0
    fill_in(client, running(0, 120))
    oee = figure(client, 0, 120)
    assert oee["figure"]["coverage"] == 1
    assert [(each["start"], each["end"], each["job"]) for each in oee["machines"][0]["jobs"]] == [
        (at(0), at(120), JOB)
    ]
    assert figure(client, 120, 180)["figure"]["coverage"] == 0
    gone = {"machine": M, "start": at(0), "replaces": 1}
    assert client.post("/api/v1/manual/sheets/withdraw", json=gone).status_code == 200
    assert figure(client)["figure"]["coverage"] == 0


def test_a_sheet_leaves_nothing_of_the_one_it_follows(people: Callable[[str], TestClient]) -> None:
    client = people("operator")
    fill_in(client, running(0, 180))
    fill_in(client, running(180, 210, None))
    assert [each["job"] for each in figure(client, 0, 210)["machines"][0]["jobs"]] == [JOB]
    assert figure(client, 180, 210)["machines"][0]["jobs"] == []
    assert figure(client, 180, 210)["figure"]["coverage"] == 1
    fill_in(client, running(180, 210, None), periods=[], replaces=1)
    assert figure(client, 180, 210)["figure"]["coverage"] == 0
    assert figure(client, 0, 180)["figure"]["coverage"] == 1


def test_sheets_are_listed_by_the_window_in_which_they_begin(people: Callable[[str], TestClient]) -> None:
    client = people("operator")
    for start, end in ((0, 60), (60, 120), (120, 180)):
        fill_in(client, running(start, end))
    fill_in(client, running(60, 120), note="seen twice", replaces=1)
    asked = {"machine": M, "start": at(60), "end": at(120)}
    listed = client.get("/api/v1/manual/sheets", params=asked).json()
    assert [(each["start"], each["version"], each["note"]) for each in listed] == [(at(60), 2, "seen twice")]


def test_an_order_counts_what_was_entered(people: Callable[[str], TestClient], any_db: Database) -> None:
    client = people("operator")
    fill_in(client, SHEET)
    with any_db.write() as session:
        told = session.query(OutboxEvent).order_by(OutboxEvent.id).all()
        react(session, [Event(row.id, row.kind, row.payload, 0) for row in told])
    counts = client.get("/api/v1/production/counts-by-job", params={"start": at(0), "end": at(180)}).json()
    assert [(each["job"], each["good"]) for each in counts if each["good"]] == [(JOB, 100)]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"end": at(660)}, 422, "bad_sheet"),  # after plant now
        ({"periods": [period(0, 60, "running"), period(50, 90, "idle")]}, 422, "bad_sheet"),
        ({"periods": [period(0, 200, "running")]}, 422, "bad_sheet"),
        ({"runs": [run(0, 150, 999910, 1, 0)]}, 422, "bad_sheet"),
        ({"replaces": 3}, 409, "sheet_changed"),
        ({"machine": "L1-OP20"}, 409, "machine_speaks"),
        ({"machine": "X"}, 404, "no_such_machine"),
        ({"start": at(30), "periods": [], "runs": []}, 409, "sheet_overlaps"),
    ],
)
def test_what_cannot_have_been_is_refused(
    people: Callable[[str], TestClient], changes: dict[str, Any], status: int, code: str
) -> None:
    client = people("operator")
    if code == "sheet_overlaps":
        fill_in(client, SHEET)
    answer = client.put("/api/v1/manual/sheets", json=SHEET | changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def counted_by_a_signal(db: Database, role: str, since: float | None = None) -> str:
    """The tag that is bound as a role of the machine, from a minute on or since ever."""
    tag = f"suzhou/gw-l1/{M}/{role}"
    valid_from_ms = None if since is None else START_MS + round(since * MINUTE)
    with db.write() as session:
        bind(session, [Meaning(tag, role, machine=M, valid_from_ms=valid_from_ms)])
    return tag


def test_what_a_signal_counts_is_not_entered_by_hand_too(
    people: Callable[[str], TestClient], any_db: Database
) -> None:
    client = people("operator")
    tag = counted_by_a_signal(any_db, "good", since=180)
    fill_in(client, SHEET)  # before the signal was bound nobody else counted
    answer = client.put("/api/v1/manual/sheets", json=running(180, 210))
    assert (answer.status_code, answer.json()["code"]) == (409, "signal_tells_it")
    assert f"{tag} tells the good parts of {M}" in answer.json()["detail"]
    machine, _bench = client.get("/api/v1/manual/machines").json()
    assert machine["signals"] == {"good": tag}
    fill_in(client, running(180, 210), runs=[run(180, 210, JOB, 0, 2)])
    with any_db.read() as session:
        facts = session.query(SignalFact).filter(SignalFact.source == M)
        later = {row.kind for row in facts if row.ts_ms >= START_MS + 180 * MINUTE}
    assert later == {"state", "job", "reject"}, "not even that the signal's counter stood at nothing"
    parts = figure(client, 0, 210)["machines"][0]["jobs"]
    assert [(each["good"], each["rejected"]) for each in parts] == [(100, 4), (0, 2)]


def test_a_job_that_a_signal_tells_is_not_entered_by_hand_too(
    people: Callable[[str], TestClient], any_db: Database
) -> None:
    client = people("operator")
    counted_by_a_signal(any_db, "job")
    answer = client.put("/api/v1/manual/sheets", json=SHEET)
    assert (answer.status_code, answer.json()["code"]) == (409, "signal_tells_it")
    fill_in(client, SHEET, runs=[])
    with any_db.read() as session:
        told = {row.kind for row in session.query(SignalFact).filter(SignalFact.source == M)}
    assert told == {"state"}


def test_a_planner_enters_nothing(people: Callable[[str], TestClient]) -> None:
    assert people("planner").put("/api/v1/manual/sheets", json=SHEET).status_code == 403
