"""Machines, lines and the site are planned to stand: their figures follow, others do not; it is audited."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from oee_floor import DAY, HOUR_MS, settle
from sqlalchemy import select

from cloud.app import REACTIONS
from cloud.db import Database
from cloud.identity.tables import AuditEntry
from cloud.kpi.queries import andon, live_plant
from cloud.oee.tables import ShiftFigure
from cloud.outbox import dispatch
from simulators.ledger import Ledger
from simulators.plant_file import Plant

pytestmark = [pytest.mark.slow, pytest.mark.every_database]

Floor = Callable[..., tuple[Plant, Ledger]]
MACHINE, BESIDE = "L1-OP10", "L1-OP20"
# Two hours of the early shift, 08:00-16:00 local; the plant is eight hours ahead of UTC.
STOP = {"day": "2026-03-02", "kind": "planned_stop", "start": "13:00", "end": "15:00", "note": "spindle"}
STOP_START_MS = int(datetime(2026, 3, 2, 5, tzinfo=UTC).timestamp() * 1000)
CALENDAR = "/api/v1/calendar/exceptions"


def figures(client: TestClient, scope: str, **asked: str) -> Any:
    answer = client.get("/api/v1/oee", params={**DAY, "scope": scope, **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


def add(client: TestClient, **said: str) -> int:
    made = client.post(CALENDAR, json={**STOP, **said})
    assert made.status_code == 201, made.text
    number: int = made.json()["id"]
    return number


@pytest.mark.parametrize(
    ("scope", "machines"), [(f"machine:{MACHINE}", {MACHINE}), ("line:L1", None), ("site", None)]
)
def test_a_planned_stop_takes_time_from_the_machines_of_its_scope_and_gives_it_back(
    plant_db: Database, manager: TestClient, floor: Floor, scope: str, machines: set[str] | None
) -> None:
    floor(3)
    settle(plant_db)
    everywhere = ("site", "line:L1", "line:L2", f"machine:{MACHINE}", f"machine:{BESIDE}")
    by_shift = {each: figures(manager, each, by="shift") for each in everywhere}
    before = {each: figures(manager, each) for each in everywhere}
    hit = machines or {each["machine"] for each in before[scope]["machines"]}
    number = add(manager, scope=scope)
    while dispatch(plant_db, REACTIONS):
        pass
    with plant_db.read() as session:
        stale = session.scalars(select(ShiftFigure).where(ShiftFigure.stale)).all()
        assert {(row.machine, row.shift) for row in stale} == {(name, "early") for name in hit}
        assert {row.stale_why for row in stale if row.computed_ms is not None} == {"calendar"}
    settle(plant_db)
    for each in everywhere:
        was, now = before[each]["figure"], figures(manager, each)
        reached = [name["machine"] for name in before[each]["machines"] if name["machine"] in hit]
        assert was["planned_s"] - now["figure"]["planned_s"] == pytest.approx(7200 * len(reached))
        watched = [m for m in now["machines"] if m["machine"] in hit and m["figure"]["observed_planned_s"]]
        assert now["figure"]["break_s"] - was["break_s"] == pytest.approx(7200 * len(watched))
        kept = figures(manager, each, by="shift")
        # A machine that was never watched has no totals.
        assert kept["provenance"]["reckoned"] <= by_shift[each]["provenance"]["reckoned"]
        for name in ("good", "rejected", "planned_s", "oee", "availability"):
            assert kept["figure"][name] == pytest.approx(now["figure"][name])
        whys = [group["provenance"]["why"] for group in kept["groups"]]
        assert whys[1] == by_shift[each]["groups"][1]["provenance"]["why"]
        assert (whys[0] == "calendar") is bool(reached)
        # Of the shift without the stop nothing changed.
        assert kept["groups"][1]["figure"] == by_shift[each]["groups"][1]["figure"]
    assert manager.delete(f"{CALENDAR}/{number}").status_code == 204
    settle(plant_db)
    for each in everywhere:
        assert figures(manager, each)["figure"] == before[each]["figure"]
        assert figures(manager, each, by="shift")["figure"] == by_shift[each]["figure"]


def test_what_was_made_in_a_planned_stop_counts_as_parts_and_in_no_figure(
    plant_db: Database, manager: TestClient, floor: Floor
) -> None:
    _, ledger = floor(3)
    settle(plant_db, ledger)
    made = [
        part
        for part in ledger.parts[MACHINE]
        if STOP_START_MS < part.ts_ms <= STOP_START_MS + 2 * HOUR_MS and part.good
    ]
    assert made  # it runs: a trial, say
    scope = f"machine:{MACHINE}"
    at = {"scope": scope, "at": "2026-03-02T04:00:00Z"}
    before, report = figures(manager, scope)["figure"], manager.get("/api/v1/report/shift", params=at).json()
    add(manager, scope=scope)
    after, again = figures(manager, scope)["figure"], manager.get("/api/v1/report/shift", params=at).json()
    assert before["good"] - after["good"] == len(made)
    assert again["counts"] == report["counts"]
    assert again["counted_outside"] - report["counted_outside"] >= len(made)


def test_each_policy_sees_the_stop_as_its_source_says(manager: TestClient, floor: Floor) -> None:
    floor(3)
    scope = f"machine:{MACHINE}"
    add(manager, scope=scope)
    shown = {
        policy: figures(manager, scope, policy=policy)["figure"]
        for policy in ("iso22400", "vorne", "point85")
    }
    pbt, kept = shown["iso22400"]["observed_planned_s"], shown["iso22400"]["break_s"]
    assert kept >= 7200
    assert shown["vorne"]["availability"] == shown["iso22400"]["availability"]
    expected = shown["iso22400"]["availability"] * pbt / (pbt + kept)
    assert shown["point85"]["availability"] == pytest.approx(expected)
    explained = manager.get("/api/v1/oee/explain", params={**DAY, "scope": scope}).json()
    assert explained["planned_stops"] == [
        {"start": "2026-03-02T05:00:00.000Z", "end": "2026-03-02T07:00:00.000Z"}
    ]
    assert not any(span["start"] < "2026-03-02T06:00" < span["end"] for span in explained["planned"])
    within = [each for each in explained["states"] if "2026-03-02T05:" <= each["start"] < "2026-03-02T07:"]
    assert {each["planned"] for each in within} == {False}


def test_the_live_page_and_the_board_know_of_it(
    plant_db: Database, manager: TestClient, floor: Floor
) -> None:
    floor(3)
    at_ms = STOP_START_MS + HOUR_MS

    def seen() -> tuple[Any, Any]:
        with plant_db.read() as session:
            page, board = live_plant(session, at_ms, 60), andon(session, at_ms, 60)
        tiles = {tile.machine: tile.planned_stop_until for tile in page.tiles}
        targets = {each.tile.machine: each.target for line in board.lines for each in line.machines}
        return tiles, targets

    tiles, aims = seen()
    assert set(tiles.values()) == {None}
    number = add(manager, scope=f"machine:{MACHINE}")
    told, less = seen()
    assert told[MACHINE] == "2026-03-02T07:00:00.000Z"
    assert {machine: until for machine, until in told.items() if machine != MACHINE} == {
        machine: None for machine in tiles if machine != MACHINE
    }
    assert less[MACHINE].parts < aims[MACHINE].parts
    assert less[BESIDE] == aims[BESIDE]
    assert manager.delete(f"{CALENDAR}/{number}").status_code == 204
    assert seen() == (tiles, aims)


def test_what_stands_in_a_planned_stop_loses_no_time(manager: TestClient, floor: Floor) -> None:
    floor(3)
    asked = {"scope": "site", "start": "2026-03-02T05:00:00Z", "end": "2026-03-02T07:00:00Z"}

    def lost() -> list[float]:
        answer = manager.get("/api/v1/downtime", params=asked)
        assert answer.status_code == 200, answer.text
        within = ("2026-03-02T05:00:00.000Z", "2026-03-02T07:00:00.000Z")
        return [
            each["lost_s"]
            for each in answer.json()["items"]
            if within[0] <= each["start"] and each["end"] <= within[1]
        ]

    before = lost()
    assert sum(before) > 0
    number = add(manager, scope="site")
    assert lost() == [0] * len(before)
    assert manager.delete(f"{CALENDAR}/{number}").status_code == 204
    assert lost() == before


def test_a_stop_of_days_is_said_once_listed_and_written_down(
    plant_db: Database, people: Callable[[str], TestClient]
) -> None:
    manager, planner = people("manager"), people("planner")
    long = {
        "scope": "line:L2",
        "day": "2026-03-02",
        "start": "22:00",
        "end": "06:00",
        "end_day": "2026-03-09",
    }
    number = add(manager, **long)
    assert manager.post(CALENDAR, json={**STOP, **long}).status_code == 409
    other = add(manager, **{**long, "scope": "line:L1"})
    [shown] = [each for each in planner.get(CALENDAR).json() if each["id"] == number]
    assert shown == {**STOP, **long, "id": number, "shift": None, "username": "manager"}
    assert planner.post(CALENDAR, json={**STOP, **long, "note": "x"}).status_code == 403
    assert planner.delete(f"{CALENDAR}/{number}").status_code == 403
    for each in (number, other):
        assert manager.delete(f"{CALENDAR}/{each}").status_code == 204
    with plant_db.read() as session:
        rows = session.scalars(select(AuditEntry).where(AuditEntry.object == f"calendar/{number}")).all()
        assert [(row.username, row.action) for row in rows] == [
            ("manager", "calendar.add"),
            ("manager", "calendar.remove"),
        ]
        assert all(row.detail["scope"] == "line:L2" for row in rows)


@pytest.mark.parametrize(
    ("wrong", "status", "said"),
    [
        ({"scope": None}, 422, "scope, start and end"),
        ({"scope": "site", "end": None}, 422, "scope, start and end"),
        ({"scope": "site", "shift": "early"}, 422, "not of a shift"),
        ({"scope": "machine:L9"}, 404, "L9"),
        ({"scope": "line:L9"}, 404, "L9"),
        ({"scope": "site", "end_day": "2026-03-01"}, 422, "after its start"),
        ({"scope": "site", "end_day": "2028-03-01"}, 422, "366 days"),
        ({"kind": "closed", "scope": "site", "start": None, "end": None}, 422, "only a planned stop"),
        ({"kind": "extra", "end_day": "2026-03-03"}, 422, "only a planned stop"),
    ],
)
def test_a_planned_stop_that_cannot_be_is_refused(
    manager: TestClient, wrong: dict[str, str | None], status: int, said: str
) -> None:
    answer = manager.post(CALENDAR, json={**STOP, **wrong})
    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail"]
    assert manager.get(CALENDAR).json() == []
