"""What people say about stops: corrections, what becomes of them, what is announced."""

from collections.abc import Callable

import pytest
from downtime_floor import MINUTE, START_MS, WINDOW, M, announced, at, listed, stop, tell
from fastapi.testclient import TestClient

from cloud.db import Database
from cloud.downtime.tables import DowntimeCorrection
from cloud.oee.schemas import OeeExplained
from taktline.oee_command import lines

pytestmark = pytest.mark.every_database


def test_a_correction_survives_late_readings_and_one_without_a_stop_is_told(
    people: Callable[[str], TestClient], plant_db: Database
) -> None:
    client = people("operator")
    client.post("/api/v1/downtime/assign", json={"stops": [stop(60, 80)], "reason": "eq-electrical"})
    client.post("/api/v1/downtime/split", json={"machine": M, "at": at(68)})
    tell(plant_db, [("state", 65, "running"), ("state", 72, "idle")], stream="a" * 32)
    reasons = {each["start"]: each["reason"] for each in listed(client)["items"]}
    assert (reasons[at(60)], reasons[at(72)]) == ("eq-electrical", "eq-electrical")
    fates = client.get("/api/v1/downtime/corrections", params=WINDOW).json()
    assert {each["kind"]: each["fate"] for each in fates} == {"assign": "active", "split": "unmatched"}


def test_an_explained_figure_tells_what_plc_and_people_said_about_its_stops(
    people: Callable[[str], TestClient], plant_db: Database
) -> None:
    client = people("operator")
    tell(plant_db, [("reason", 62, "eq-mechanical")], stream="b" * 32)
    client.post("/api/v1/downtime/assign", json={"stops": [stop(60, 80)], "reason": "eq-electrical"})
    asked = {"scope": f"machine:{M}", "from": WINDOW["start"], "to": WINDOW["end"]}
    body = client.get("/api/v1/oee/explain", params=asked).json()
    assert [each["text"] for each in body["events"] if each["kind"] == "reason"] == ["eq-mechanical"]
    [said] = body["corrections"]
    assert (said["kind"], said["reason"], said["fate"], said["by"]) == (
        "assign",
        "eq-electrical",
        "active",
        "operator",
    )
    printed = "\n".join(lines(OeeExplained.model_validate(body)))
    assert f"assign  {at(60)}  {at(80)}  eq-electrical  operator  active" in printed


def test_a_stop_is_split_its_parts_explained_and_merged_again(people: Callable[[str], TestClient]) -> None:
    client = people("operator")
    assert client.post("/api/v1/downtime/split", json={"machine": M, "at": at(70)}).status_code == 200
    # A window that one of the parts alone lies in knows the other one beside it.
    [part] = client.get(
        "/api/v1/downtime", params={"scope": f"machine:{M}", "start": at(60), "end": at(61)}
    ).json()["items"]
    assert (part["joins_from"], part["joins_to"]) == (None, at(80))
    client.post("/api/v1/downtime/assign", json={"stops": [stop(70, 80)], "reason": "tool-broken"})
    found = {each["start"]: each["reason"] for each in listed(client)["items"]}
    assert (found[at(60)], found[at(70)]) == (None, "tool-broken")
    assert client.post("/api/v1/downtime/merge", json=stop(60, 80)).status_code == 200
    assert at(70) not in {each["start"] for each in listed(client)["items"]}
    fates = client.get("/api/v1/downtime/corrections", params=WINDOW).json()
    assert [(each["kind"], each["fate"]) for each in fates] == [
        ("merge", "active"),
        ("assign", "active"),
        ("split", "superseded"),
    ]
    merge = fates[0]["number"]
    assert client.post(f"/api/v1/downtime/corrections/{merge}/withdraw").status_code == 204
    assert at(70) in {each["start"] for each in listed(client)["items"]}
    assert client.post(f"/api/v1/downtime/corrections/{merge}/withdraw").status_code == 409


def test_merged_stops_count_the_same_in_pareto_and_waterfall(
    people: Callable[[str], TestClient], plant_db: Database
) -> None:
    client = people("operator")
    # Three minutes in three states, each shorter than a minor stop of this machine, and a long pair.
    brief = [("state", 40, "jammed"), ("state", 41, "starved"), ("state", 42, "breakdown")]
    tell(plant_db, [*brief, ("state", 43, "running")], stream="d" * 32)

    def both() -> tuple[dict[str, float], dict[str, float]]:
        asked = {"scope": f"machine:{M}", **WINDOW}
        bars = client.get("/api/v1/downtime/pareto", params={**asked, "by": "category"}).json()["bars"]
        lost = client.get("/api/v1/oee", params=asked).json()["figure"]["losses"]
        names = ("breakdown", "setup", "waiting", "minor_stops")
        return {bar["key"]: bar["minutes"] * 60 for bar in bars}, {name: lost[name] for name in names}

    apart = {"breakdown": 1800.0, "setup": 1200.0, "waiting": 1200.0, "minor_stops": 240.0}
    assert both() == (apart, apart)
    numbers = [
        client.post("/api/v1/downtime/merge", json=stop(*pair)).json()["numbers"][0]
        for pair in ((40, 43), (120, 150))
    ]
    merged = {"breakdown": 1980.0, "setup": 1800.0, "waiting": 600.0, "minor_stops": 60.0}
    assert both() == (merged, merged)
    for number in numbers:
        assert client.post(f"/api/v1/downtime/corrections/{number}/withdraw").status_code == 204
    assert both() == (apart, apart)


def test_whoever_takes_a_reason_back_announces_all_of_the_stop_that_had_gone_on(
    people: Callable[[str], TestClient], plant_db: Database
) -> None:
    client = people("operator")
    said = {"reason_id": "eq-mechanical", "text": "", "username": "operator"}
    with plant_db.write() as session:  # at minute 205, of a stop that lasted until minute 230
        times = {"start_ms": START_MS + 200 * MINUTE, "end_ms": START_MS + 205 * MINUTE}
        row = DowntimeCorrection(machine=M, kind="assign", said_ms=times["end_ms"], **times, **said)
        session.add(row)
        session.flush()
        number = row.id
    assert listed(client, reason="eq-mechanical")["items"][0]["end"] == at(230)
    assert client.post(f"/api/v1/downtime/corrections/{number}/withdraw").status_code == 204
    assert announced(plant_db) == [200, 230]


def test_a_split_and_its_withdrawal_announce_all_of_the_stop(
    people: Callable[[str], TestClient], plant_db: Database
) -> None:
    client = people("operator")
    made = client.post("/api/v1/downtime/split", json={"machine": M, "at": at(215)}).json()
    assert announced(plant_db) == [200, 230]
    client.post("/api/v1/downtime/assign", json={"stops": [stop(215, 230)], "reason": "tool-broken"})
    assert announced(plant_db) == [215, 230]
    [number] = made["numbers"]
    assert client.post(f"/api/v1/downtime/corrections/{number}/withdraw").status_code == 204
    assert announced(plant_db) == [200, 230]
    assert listed(client, reason="tool-broken")["items"][0]["start"] == at(200)  # now of the whole stop


def test_what_was_said_of_a_stop_before_the_window_is_not_told_as_unmatched(
    people: Callable[[str], TestClient],
) -> None:
    client = people("operator")
    client.post("/api/v1/downtime/assign", json={"stops": [stop(60, 80)], "reason": "eq-electrical"})
    client.post("/api/v1/downtime/split", json={"machine": M, "at": at(70)})

    def fates(start: float) -> list[tuple[str, str]]:
        told = client.get("/api/v1/downtime/corrections", params=WINDOW | {"start": at(start)}).json()
        return [(each["kind"], each["fate"]) for each in told]

    assert fates(79) == [("assign", "active")]
    assert fates(80) == []
    assert fates(70) == [("split", "active"), ("assign", "active")]


def test_a_note_that_no_database_can_hold_is_refused_in_words(
    people: Callable[[str], TestClient], plant_db: Database
) -> None:
    client = people("operator")
    answer = client.post("/api/v1/downtime/notes", json={"stop": stop(60, 80), "text": "belt\x00"})
    if plant_db.dialect == "postgresql":
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_value")
        assert listed(client)["items"][-1]["notes"] == []
    else:  # SQLite keeps it
        assert answer.status_code == 200
        assert listed(client)["items"][-1]["notes"][0]["text"] == "belt\x00"
