"""The andon board and the shift report, asked of the real application over a simulated shift."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from cloud.app import create_app
from cloud.db import Database
from cloud.identity import access, actions
from cloud.ingest.tables import Coverage, SignalFact
from cloud.maintenance.tables import Alarm, AlarmEvent
from cloud.orders.actions import enter_order
from cloud.orders.schemas import OrderIn, OrderLineIn
from cloud.outbox import Consumer, announce, dispatch
from cloud.production.actions import release_work_order
from cloud.production.events import HEARD
from cloud.production.reactions import react
from cloud.production.schemas import WorkOrderIn
from cloud.settings import Settings
from wire.clock import PlantClock

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)  # two hours into the late shift, which has its break later
NOW_MS = int(NOW.timestamp() * 1000)
MINUTE_MS = 60_000
MACHINE = "L1-OP40"  # the last one of its line


def _fact(kind: str, ago_min: float, value: float | str, source: str = MACHINE) -> dict[str, Any]:
    ts_ms = NOW_MS - round(ago_min * MINUTE_MS)
    is_text = isinstance(value, str)
    return {
        "kind": kind,
        "source": source,
        "stream": source[-2:] * 16,
        "position": ts_ms,
        "ord": 0,
        "ts_ms": ts_ms,
        "value": None if is_text else value,
        "text": value if is_text else None,
        "quality": 192,
    }


def _shift_so_far(session: Session) -> None:
    """Since 08:00 UTC: 100 good parts and 2 rejects while running, a breakdown for the last 15 minutes."""
    line = OrderLineIn(line=1, product="BD-280", quantity=Decimal(400), due="2026-03-04T08:00:00Z")
    enter_order(session, OrderIn(number="SO-9", customer="ningbo-axle", lines=[line]), "test", NOW_MS)
    wanted = WorkOrderIn(number=6001, order="SO-9", line=1, quantity=Decimal(400))
    release_work_order(session, wanted, "test", NOW_MS)
    facts = [_fact("job", 121, 600140), _fact("good", 121, 0), _fact("reject", 121, 0)]
    facts += [_fact("state", 121, "running"), _fact("state", 15, "breakdown")]
    facts += [_fact("good", 119 - n, n + 1) for n in range(100)]
    facts += [_fact("reject", 40, 1), _fact("reject", 30, 2)]
    session.execute(insert(SignalFact), facts)
    session.add(Coverage(source=MACHINE, since_ms=NOW_MS - 121 * MINUTE_MS, through_ms=NOW_MS))
    announce(session, "PartsCounted", {"windows": {MACHINE: [NOW_MS - 121 * MINUTE_MS, NOW_MS + 1]}})
    announce(session, "JobChanged", {"windows": {MACHINE: [NOW_MS - 121 * MINUTE_MS, NOW_MS + 1]}})
    alarm = Alarm(
        machine=MACHINE,
        kind="condition_drift",
        severity="warning",
        active=True,
        acknowledged=False,
        raised_ms=NOW_MS - 60 * MINUTE_MS,
        cleared_ms=None,
        value=4.2,
        limit=4.0,
        unit="mm/s",
        affected={"orders": []},
    )
    session.add(alarm)
    session.flush()
    note = {"kind": "note", "username": "w", "note": "Spindle sounds rough."}
    session.add(AlarmEvent(alarm_id=alarm.id, at_ms=NOW_MS - 50 * MINUTE_MS, **note))


@pytest.fixture
def client(plant_db: Database, tmp_path: Path) -> Iterator[TestClient]:
    """An operator's session of the application, its clock standing at `NOW`."""
    app = _application(plant_db, tmp_path, NOW)
    with plant_db.write() as session:
        actions.ensure_roles(session)
        user = actions.add_user(session, "w", "W", "operator", "a-long-password")
        token = actions.open_session(session, user)
        _shift_so_far(session)
    while dispatch(plant_db, (Consumer("production", HEARD, react),)):
        pass
    return TestClient(app, cookies={access.COOKIE: token}, raise_server_exceptions=False)


def _application(plant_db: Database, folder: Path, now: datetime) -> FastAPI:
    """The application on that database, its clock standing."""
    clock = PlantClock(now, datetime.now(UTC) + timedelta(days=1), 60)
    app = create_app(Settings(data=folder, clock=str(clock)), takes_in=False)
    app.state.db = plant_db  # its lifespan would open a database of its own; it is not entered
    return app


def test_the_board_compares_counts_with_targets_and_says_why_a_machine_stands(
    client: TestClient, plant_db: Database
) -> None:
    board = client.get("/api/v1/live/andon").json()
    line = next(each for each in board["lines"] if each["line"] == "L1")
    shown = line["machines"][-1]
    ideal_s = _ideal_s(client)
    assert (line["good"], shown["tile"]["shift_good"], shown["tile"]["shift_rejected"]) == (100, 100, 2)
    assert shown["target"] == {"parts": round(7200 / ideal_s), "by": "ideal"}
    assert shown["stop"] == {
        "start": "2026-03-02T09:45:00.000Z",
        "state": "breakdown",
        "reason": None,
        "category": "breakdown",
        "lost_s": 900.0,
    }
    assert shown["tile"]["alarm"]["kind"] == "condition_drift"
    assert (shown["tile"]["running"]["order"], line["machines"][0]["stop"]) == ("SO-9", None)
    said = {"stops": [{"machine": MACHINE, "start": shown["stop"]["start"], "end": NOW.isoformat()}]}
    reason = next(each for each in client.get("/api/v1/downtime/reasons").json() if each["category"])
    assert client.post("/api/v1/downtime/assign", json={**said, "reason": reason["id"]}).status_code == 200
    with plant_db.write() as session:
        role = actions.add_user(session, "a", "A", "admin", "a-long-password")
        admin = {access.COOKIE: actions.open_session(session, role)}
    app = TestClient(client.app, cookies=admin)
    for scope, target in ((f"machine:{MACHINE}", {"oee": 0.5}), ("line:L1", {"takt_s": 60})):
        assert app.put(f"/api/v1/oee/targets/{scope}", json=target).status_code == 200
    line = client.get("/api/v1/live/andon").json()["lines"][0]
    assert line["machines"][-1]["target"] == {"parts": round(7200 / ideal_s * 0.5), "by": "oee"}
    assert line["target"] == {"parts": 120, "by": "takt"}
    assert line["machines"][-1]["stop"]["reason"] == reason["name"]


def test_what_parallel_machines_finish_is_the_output_of_their_line(
    client: TestClient, plant_db: Database
) -> None:
    """Beside OP40 with its 100 good parts OP30 makes 60 and rejects 3; OP20 rejects 4."""
    beside, before = "L1-OP30", "L1-OP20"
    since = [NOW_MS - 121 * MINUTE_MS, NOW_MS + 1]
    with plant_db.write() as session:
        facts = [
            _fact(kind, 121, value, beside) for kind, value in (("job", 600130), ("good", 0), ("reject", 0))
        ]
        facts += [_fact("good", 118 - n, n + 1, beside) for n in range(60)]
        facts += [_fact("state", 121, "running", beside), _fact("reject", 20, 3, beside)]
        facts += [_fact("reject", 121, 0, before), _fact("reject", 20, 4, before)]
        session.execute(insert(SignalFact), facts)
        session.add(Coverage(source=beside, since_ms=since[0], through_ms=NOW_MS))
        announce(session, "PartsCounted", {"windows": {beside: since, before: since}})
        announce(session, "JobChanged", {"windows": {beside: since}})
        user = actions.add_user(session, "a", "A", "admin", "a-long-password")
        admin = {access.COOKIE: actions.open_session(session, user)}
    while dispatch(plant_db, (Consumer("production", HEARD, react),)):
        pass
    app = TestClient(client.app, cookies=admin)

    def seen() -> tuple[Any, Any, set[str]]:
        [live] = [each for each in app.get("/api/v1/live").json()["lines"] if each["line"] == "L1"]
        [board] = [each for each in app.get("/api/v1/live/andon").json()["lines"] if each["line"] == "L1"]
        counts = app.get("/api/v1/report/shift", params={"scope": "line:L1"}).json()["counts"]
        return live, board, {each["machine"] for each in counts if each["last"]}

    live, board, finishing = seen()
    assert live == {"line": "L1", "good": 100, "rejected": 9}
    assert (board["good"], board["rejected"], finishing) == (100, 9, {MACHINE})
    flow = {"stations": {beside: "finishing", MACHINE: "finishing"}}
    assert app.put("/api/v1/oee/lines/L1", json=flow).status_code == 200
    live, board, finishing = seen()
    assert live == {"line": "L1", "good": 160, "rejected": 9}
    assert (board["good"], board["rejected"], finishing) == (160, 9, {beside, MACHINE})
    able = 7200 / _ideal_s(client) + 7200 / _ideal_s(client, beside)  # two planned hours of each
    assert board["target"] == {"parts": round(able), "by": "ideal"}
    for target, expected in (
        ({"oee": 0.5}, {"parts": round(able * 0.5), "by": "oee"}),
        ({"takt_s": 45}, {"parts": 160, "by": "takt"}),
    ):
        assert app.put("/api/v1/oee/targets/line:L1", json=target).status_code == 200
        assert seen()[1]["target"] == expected
    asked = {"scope": "line:L1", "from": "2026-03-02T08:00:00Z", "to": NOW.isoformat()}
    indicators = app.get("/api/v1/oee", params=asked).json()["figure"]["indicators"]
    assert indicators["takt_adherence"] == pytest.approx(160 / 160, rel=1e-4)


def test_a_stop_in_the_break_costs_nothing_that_somebody_had_to_explain(
    client: TestClient, plant_db: Database, tmp_path: Path
) -> None:
    """The late shift of the demo has its break from 11:30 to 12:00 UTC."""
    with plant_db.write() as session:
        session.execute(
            insert(SignalFact), [_fact("state", 0, "running"), _fact("state", -90, "planned_stop")]
        )
        session.execute(update(Coverage).values(through_ms=NOW_MS + 100 * MINUTE_MS))
    app = _application(plant_db, tmp_path, NOW + timedelta(minutes=100))
    board = TestClient(app, cookies=dict(client.cookies)).get("/api/v1/live/andon").json()
    stop = board["lines"][0]["machines"][-1]["stop"]
    assert (board["in_break"], stop["start"], stop["state"]) == (
        True,
        "2026-03-02T11:30:00.000Z",
        "planned_stop",
    )
    assert (stop["reason"], stop["lost_s"]) == (None, 0.0)


def test_a_report_gathers_the_shift_and_leads_to_its_neighbours(client: TestClient) -> None:
    report = client.get("/api/v1/report/shift", params={"scope": f"machine:{MACHINE}"}).json()
    assert (report["shift"]["id"], report["shift"]["running"], report["next"]) == ("late", True, None)
    assert report["shift"]["start"] == "2026-03-02T08:00:00.000Z"
    assert report["previous"]["id"] == "early"
    assert (report["oee"]["figure"]["good"], report["oee"]["figure"]["rejected"]) == (100, 2)
    [count] = report["counts"]
    assert (count["order"], count["good"], count["rejected"], count["last"]) == ("SO-9", 100, 2, True)
    assert (count["order_good"], count["order_target"], report["counted_outside"]) == (100, 400, 0)
    [stop] = report["stops"]["items"]
    assert (stop["state"], stop["lost_s"], stop["ongoing"]) == ("breakdown", 900.0, True)
    assert report["pareto"]["bars"][0]["minutes"] == 15
    assert [alarm["kind"] for alarm in report["alarms"]] == ["condition_drift"]
    assert [(note["about"], note["text"]) for note in report["notes"]] == [("alarm", "Spindle sounds rough.")]
    before = client.get("/api/v1/report/shift", params={"at": report["previous"]["start"]}).json()
    assert (before["scope"], before["shift"]["id"], before["next"]["id"]) == ("site", "early", "late")
    assert before["oee"]["figure"]["good"] == 0


def test_a_part_counted_as_the_shift_begins_was_made_in_the_one_before(
    client: TestClient, plant_db: Database
) -> None:
    with plant_db.write() as session:
        session.execute(insert(SignalFact), [_fact("reject", 120, 1)])
        announce(session, "PartsCounted", {"windows": {MACHINE: [NOW_MS - 120 * MINUTE_MS] * 2}})
    while dispatch(plant_db, (Consumer("production", HEARD, react),)):
        pass
    live = client.get("/api/v1/live").json()
    [tile] = [each for each in live["tiles"] if each["machine"] == MACHINE]
    assert tile["shift_rejected"] == 1
    asked = {"scope": f"machine:{MACHINE}"}
    for at, rejected in ((NOW.isoformat(), 1), ("2026-03-02T07:00:00Z", 1)):
        report = client.get("/api/v1/report/shift", params={**asked, "at": at}).json()
        assert [count["rejected"] for count in report["counts"]] == [rejected]
        assert report["oee"]["figure"]["rejected"] == rejected
        assert report["counted_outside"] == 0


def test_a_report_of_a_line_tells_of_the_alarms_of_the_line(client: TestClient, plant_db: Database) -> None:
    said = {"kind": "oee_off_target", "severity": "warning", "value": 41.0, "limit": 60.0, "unit": "%"}
    with plant_db.write() as session:
        for place in ("line:L1", "site"):
            session.add(
                Alarm(
                    machine=place,
                    active=True,
                    acknowledged=False,
                    raised_ms=NOW_MS - 30 * MINUTE_MS,
                    cleared_ms=None,
                    affected={"orders": [], "shift": NOW_MS - 120 * MINUTE_MS},
                    **said,
                )
            )

    def places(scope: str) -> list[str]:
        report = client.get("/api/v1/report/shift", params={"scope": scope}).json()
        return [alarm["machine"] for alarm in report["alarms"]]

    assert places(f"machine:{MACHINE}") == [MACHINE]
    assert places("line:L1") == [MACHINE, "line:L1"]
    assert places("line:L2") == []
    assert places("site") == [MACHINE, "line:L1", "site"]


def test_a_report_of_nothing_is_refused_in_words(client: TestClient) -> None:
    answer = client.get("/api/v1/report/shift", params={"at": "1971-01-01T00:00:00Z", "scope": "line:L9"})
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_line")
    assert client.get("/api/v1/report/shift", params={"at": "tomorrow"}).status_code == 422
    stranger = TestClient(client.app)
    assert stranger.get("/api/v1/report/shift").status_code == 401
    assert stranger.get("/api/v1/live/andon").status_code == 401


def test_a_week_adds_up_its_days(client: TestClient) -> None:
    asked = {"scope": f"machine:{MACHINE}", "start": "2026-03-01T00:00:00+08:00", "end": NOW.isoformat()}
    weeks = client.get("/api/v1/oee", params={**asked, "by": "week"}).json()["groups"]
    assert [(week["key"], week["figure"]["good"]) for week in weeks] == [("2026-W09", 0), ("2026-W10", 100)]
    days = client.get("/api/v1/oee", params={**asked, "by": "day"}).json()["groups"]
    assert weeks[-1]["figure"]["oee"] == pytest.approx(days[-1]["figure"]["oee"])
    teep = weeks[-1]["figure"]["indicators"]["teep"]  # from Monday's midnight on, 18 h
    assert teep == pytest.approx(100 * _ideal_s(client) / (18 * 3600))


def test_a_session_that_is_renewed_goes_on_but_not_for_ever(client: TestClient, plant_db: Database) -> None:
    token = client.cookies[access.COOKIE]
    answer = client.post("/api/v1/session/renew")
    assert (answer.status_code, f"{access.COOKIE}={token}" in answer.headers["set-cookie"]) == (200, True)
    with plant_db.write() as session:
        row = session.get(access.tables.UserSession, access.token_hash(token))
        assert row is not None
        row.created_ms -= actions.LONGEST_SESSION_MS
        last_ms = row.expires_ms
        assert actions.renew_session(session, token)
        assert row.expires_ms == last_ms
        row.expires_ms = 0
        assert not actions.renew_session(session, token)
    assert TestClient(client.app).post("/api/v1/session/renew").status_code == 401


def _ideal_s(client: TestClient, machine: str = MACHINE) -> float:
    asked = {"scope": f"machine:{machine}", "from": "2026-03-02T08:00:00Z", "to": NOW.isoformat()}
    jobs = client.get("/api/v1/oee/explain", params=asked).json()["jobs"]
    return float(jobs[-1]["ideal_cycle_s"])
