"""What the API says about ingestion, to whom."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from edge_player import DEVICES, MACHINE, EdgePlayer, Stream, wait_for
from fastapi.testclient import TestClient

from cloud.app import API, create_app
from cloud.identity.actions import DEMO_PASSWORD
from cloud.settings import Settings

pytestmark = pytest.mark.slow

PLANT_FILE = Path(__file__).parents[3] / "simulators" / "plants" / "demo.toml"


@pytest.fixture
def client(broker: int, tmp_path: Path) -> Iterator[TestClient]:
    """The whole application, taking in data, with an administrator logged in."""
    settings = Settings(data=tmp_path, mqtt_port=broker, plant_file=PLANT_FILE, demo_users=True)
    with TestClient(create_app(settings), base_url=f"https://test{API}") as opened:
        log_in(opened, "admin")
        wait_for(lambda: opened.get("/system").json()["store"]["is_connected"], "connected")
        yield opened


def log_in(client: TestClient, name: str) -> None:
    answer = client.post("/session", json={"username": name, "password": DEMO_PASSWORD})
    assert answer.status_code < 300, answer.text


def test_the_system_page_tells_of_gateways_and_refused_input(
    client: TestClient, player: Callable[..., EdgePlayer]
) -> None:
    edge, stream = player(), Stream()
    edge.birth(DEVICES)
    edge.raw(edge.topic("NDATA"), b"\xff\xff")
    edge.send(
        stream, MACHINE, [edge.metric(MACHINE, "good", 5, 1), edge.metric(MACHINE, "run_s", 5, float("nan"))]
    )
    wait_for(lambda: edge.stored_through(stream) == 1, "receipt")
    wait_for(lambda: client.get("/system").json()["deriver_lag"] == 0, "derived")
    said = client.get("/system").json()
    assert said["points_total"] == 2
    assert said["points_per_s"] > 0
    assert said["commit_ms_p99"] > 0
    assert said["outbox_pending"] >= 0
    gateway = said["gateways"][0]
    shown = {
        key: gateway[key] for key in ("group", "node", "online", "receipts", "devices", "devices_online")
    }
    assert shown == {
        "group": "suzhou",
        "node": "gw-l1",
        "online": True,
        "receipts": True,
        "devices": 2,
        "devices_online": 2,
    }
    assert gateway["points"] == 2
    assert gateway["last_seen"].endswith("Z")
    counted = {entry["kind"]: entry["count"] for entry in said["bad_input"]}
    assert counted == {"malformed_payload": 1, "not_finite": 1}
    kept = client.get("/system/quarantine").json()
    assert (kept[0]["topic"], kept[0]["head_hex"], kept[0]["size"]) == (
        "spBv1.0/suzhou/NDATA/gw-l1",
        "ffff",
        2,
    )


def test_audit_pages_through_every_stored_point(
    client: TestClient, player: Callable[..., EdgePlayer]
) -> None:
    edge, stream = player(), Stream()
    edge.birth(DEVICES)
    for n in range(5):
        metrics = [
            edge.metric(MACHINE, "good", n, 2**60 + n),
            edge.metric(MACHINE, "condition", n, float("inf")),
        ]
        edge.send(stream, MACHINE, metrics)
    wait_for(lambda: edge.stored_through(stream) == 5, "receipts")
    rows: list[list[object]] = []
    after: int | None = 0
    while after is not None:
        page = client.get("/audit/points", params={"after": after, "limit": 3}).json()
        assert page["columns"][:2] == ["stream", "position"]
        rows += page["rows"]
        after = page["next"]
    tags = ("suzhou/gw-l1/L1-OP10/good", "suzhou/gw-l1/L1-OP10/condition")
    assert [row[:7] for row in rows] == [
        [stream.hex, n + 1, k, tags[k], n, (2**60 + n, None)[k], (192, 0)[k]]
        for n in range(5)
        for k in range(2)
    ]
    assert page["columns"][7:] == ["committed_ms", "sent_ms", "received_ms"]
    assert {row[8] for row in rows} == {5000}, "the time that the payloads bear"
    assert all(0 < row[9] <= row[7] for row in rows), "received before it was committed"  # type: ignore[operator]
    assert client.get("/audit/points", params={"limit": 0}).status_code == 422


def test_only_who_may_sees_the_system(client: TestClient) -> None:
    log_in(client, "operator")
    for path in ("/system", "/system/quarantine", "/audit/points"):
        assert client.get(path).status_code == 403, path
    client.cookies.clear()
    assert client.get("/system").status_code == 401
