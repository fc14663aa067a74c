"""Takt adherence of machines, lines and a site of two lines, through the HTTP routes.

Line A is serial: A1, A2, A3 make 150, 140, 120 good parts. B1 makes 130 of line B, whose last station are the
parallel machines B2 with 50 and B3 with 70. Each line so finishes 120 in the two hours from 08:00: a part a
minute. Parts of a machine come evenly.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from oee_floor import cover, store
from sqlalchemy.orm import Session

from cloud.app import create_app
from cloud.db import Database
from cloud.identity import access, actions
from cloud.plant import tables
from cloud.settings import Settings
from wire.clock import PlantClock

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)  # a Monday
START_MS = int(START.timestamp() * 1000)
HOUR_MS = 3_600_000
WINDOW = {"from": "2026-03-02T08:00:00Z", "to": "2026-03-02T10:00:00Z"}
MADE = {"A1": 150, "A2": 140, "A3": 120, "B1": 130, "B2": 50, "B3": 70}


def _two_lines(session: Session) -> None:
    def named(name: str) -> dict[str, str]:
        return {"id": name, "name_zh": name, "name_en": name}

    session.add(tables.Site(**named("S"), timezone="UTC", currency="CNY", origin_ms=START_MS))
    session.flush()
    session.add(tables.Area(**named("hall"), site_id="S", place=0))
    session.add(tables.Shift(**named("day"), place=0, start="08:00", end="16:00", days=["mon"]))
    session.flush()
    session.add_all(tables.Line(**named(line), area_id="hall", place=at) for at, line in enumerate("AB"))
    session.flush()
    how = {"gateway": "gw", "protocol": "modbus", "minor_stop_s": 60}
    session.add_all(
        tables.Machine(**named(machine), line_id=machine[0], sequence=int(machine[1]), **how)
        for machine in MADE
    )
    session.flush()


def _rows() -> list[tuple[str, str, int, float | str]]:
    rows: list[tuple[str, str, int, float | str]] = []
    for machine, good in MADE.items():
        rows += [("state", machine, START_MS - 1, "running"), ("good", machine, START_MS - 1, 0)]
        for k in range(good):
            rows.append(("good", machine, START_MS + round((k + 0.5) * 2 * HOUR_MS / good), k + 1))
    return rows


def _client(db: Database, folder: Path, unwatched: str | None = None) -> TestClient:
    clock = PlantClock(START + timedelta(hours=2), datetime.now(UTC) + timedelta(days=1), 60)
    app = create_app(Settings(data=folder, clock=str(clock)), takes_in=False)
    app.state.db = db
    with db.write() as session:
        _two_lines(session)
        store(session, _rows())
        for machine in MADE:
            until_ms = START_MS + (1 if machine == unwatched else 2) * HOUR_MS
            cover(session, machine, [(START_MS - 1, until_ms)])
        actions.ensure_roles(session)
        user = actions.add_user(session, "w", "W", "admin", "a-long-password")
        token = actions.open_session(session, user)
    return TestClient(app, cookies={access.COOKIE: token}, raise_server_exceptions=False)


@pytest.fixture
def client(db: Database, tmp_path: Path) -> TestClient:
    """An administrator at ten o'clock, line B with its parallel station."""
    return _with_flow(_client(db, tmp_path))


def _with_flow(client: TestClient) -> TestClient:
    flow = {"stations": {"B2": "pack", "B3": "pack"}, "constraint": "pack"}
    assert client.put("/api/v1/oee/lines/B", json=flow).status_code == 200
    return client


def _aim(client: TestClient, **takts: float | None) -> None:
    for place, takt_s in takts.items():
        scope = "site" if place == "site" else f"{'line' if len(place) == 1 else 'machine'}:{place}"
        assert client.put(f"/api/v1/oee/targets/{scope}", json={"takt_s": takt_s}).status_code == 200


def _asked(client: TestClient, scope: str, **more: str) -> Any:
    return client.get("/api/v1/oee", params={**WINDOW, "scope": scope, **more}).json()


def _takt(shown: Any) -> float | None:
    found: float | None = shown["figure"]["indicators"]["takt_adherence"]
    return found


def _by(client: TestClient, scope: str, by: str) -> tuple[float | None, list[float | None]]:
    body = _asked(client, scope, by=by)
    return _takt(body), [_takt(group) for group in body["groups"]]


def test_a_machine_is_held_to_its_own_takt(client: TestClient) -> None:
    _aim(client, A1=60, B2=144)
    body = _asked(client, "machine:A1")
    assert _takt(body) == pytest.approx(150 / 120)  # 7,200 s ÷ 60 s
    assert _takt(body["machines"][0]) == _takt(body)
    assert [_takt(each) for each in _asked(client, "line:B")["machines"]] == [None, pytest.approx(1), None]
    explained = client.get("/api/v1/oee/explain", params={**WINDOW, "scope": "machine:A1"}).json()
    assert explained["figure"] == body["figure"]
    assert explained["policy_version"] == body["policy_version"]


def test_a_serial_line_is_held_to_what_its_last_machine_finished(client: TestClient) -> None:
    _aim(client, A=60)
    assert _takt(_asked(client, "line:A")) == pytest.approx(1)  # 120 of 120, not 410 of 360
    _aim(client, A=50)
    assert _takt(_asked(client, "line:A")) == pytest.approx(120 / 144)
    assert _takt(_asked(client, "line:B")) is None


def test_a_line_is_held_to_all_machines_of_its_last_station(client: TestClient) -> None:
    _aim(client, B=60)
    body = _asked(client, "line:B")
    assert _takt(body) == pytest.approx(1)  # 50 + 70 of 120
    assert _takt(body["constraint"]) == pytest.approx(1)
    client.put("/api/v1/oee/lines/B", json={"constraint": "B1"})
    alone = _asked(client, "line:B")
    assert _takt(alone) == pytest.approx(70 / 120)  # B3 is the last station now
    assert _takt(alone["constraint"]) == pytest.approx(130 / 120)


def test_what_a_machine_was_not_watched_for_is_not_asked_of_its_station(db: Database, tmp_path: Path) -> None:
    client = _with_flow(_client(db, tmp_path, unwatched="B3"))
    _aim(client, B=60)
    # B2 50 in 7,200 s, B3 35 in 3,600 s: 85 in 5,400 s, which ask for 90.
    assert _takt(_asked(client, "line:B")) == pytest.approx(85 / 90)


def test_a_site_is_held_to_what_its_lines_finished_together(client: TestClient) -> None:
    _aim(client, A=60)
    assert _takt(_asked(client, "site")) is None  # nobody says what line B is to make
    _aim(client, B=40)
    assert _takt(_asked(client, "site")) == pytest.approx(240 / 300)  # 120 and 180 asked for
    _aim(client, site=30)
    assert _takt(_asked(client, "site")) == pytest.approx(1)  # 240 asked for
    _aim(client, site=None, B=None)
    assert _takt(_asked(client, "site")) is None


def test_groups_are_held_to_the_takt_of_their_scope(client: TestClient) -> None:
    _aim(client, A=60, B=60, B2=144)
    one = pytest.approx(1)
    for by in ("hour", "shift", "day", "week"):
        whole, groups = _by(client, "line:B", by)
        assert (by, whole, groups) == (by, one, [one] * (2 if by == "hour" else 1))
        assert _by(client, "site", by) == (one, groups)
    assert _by(client, "site", "line") == (one, [one, one])
    assert _by(client, "line:B", "machine") == (one, [None, one, None])
    assert _by(client, "line:B", "product") == (one, [None])  # no product has a takt
