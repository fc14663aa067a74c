"""What Prometheus is told, and who may ask."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from edge_player import DEVICES, MACHINE, EdgePlayer, Stream, wait_for
from fastapi.testclient import TestClient
from httpx import Response
from prometheus_client.parser import text_string_to_metric_families

from cloud.app import API, create_app
from cloud.identity.actions import DEMO_PASSWORD
from cloud.ingest.bad_input import Tally
from cloud.ingest.ingest_state import IngestState, NodeState
from cloud.ingest.metrics import exposition
from cloud.ingest.pulse import Rates
from cloud.settings import Settings
from cloud.timeseries.store import StoreCounts

HOSTILE = 'gw "1"\n\\evil{} 9'


def state() -> IngestState:
    node = NodeState(
        group="suzhou",
        node=HOSTILE,
        is_online=True,
        keeps_receipts=True,
        last_seen_ms=1_772_409_600_000,
        devices=3,
        devices_online=2,
        points=7,
        gaps=1,
        lag_s=None,
        watermark=3,
        watermark_age_s=1.5,
    )
    counts = StoreCounts(7, 3, 1, 2, 9, 8, 4096)
    bad = {'odd "kind"': Tally(5)}
    return IngestState(
        is_connected=False,
        rates=Rates(12.5, 0.5, None, 25.0),
        counts=counts,
        deriver_lag=4,
        queued=6,
        queued_bytes=600,
        dropped=0,
        nodes=[node],
        bad_input=bad,
    )


def told(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_every_figure_is_told_and_no_name_breaks_the_text() -> None:
    found = told(exposition({"": state()}, outbox=11).decode())
    plain = {name: value for (name, labels), value in found.items() if not labels}
    assert plain["taktline_points_stored_total"] == 7
    assert plain["taktline_points_per_second"] == 12.5
    assert plain["taktline_outbox_pending"] == 11
    assert plain["taktline_broker_connected"] == 0
    assert (plain["taktline_batch_points"], plain["taktline_queue_bytes"]) == (25, 600)
    assert "taktline_commit_p99_milliseconds" not in plain
    assert plain["process_resident_memory_bytes"] > 0
    here = frozenset({("group", "suzhou"), ("node", HOSTILE)})
    assert (found["taktline_gateway_online", here], found["taktline_gateway_devices_online", here]) == (1, 2)
    assert (
        found["taktline_gateway_watermark", here],
        found["taktline_gateway_watermark_age_seconds", here],
    ) == (
        3,
        1.5,
    )
    assert found["taktline_bad_input_total", frozenset({("kind", 'odd "kind"')})] == 5


def test_groups_of_a_worker_stand_apart_and_a_store_that_they_share_is_counted_once() -> None:
    states = {"suzhou": state(), "east": state()}
    claims = {"suzhou": True, "east": True, "west": False}

    def figures(*, is_shared: bool) -> dict[tuple[str, str], float]:
        text = exposition(states, is_shared=is_shared, claims=claims).decode()
        return {(name, dict(labels).get("group", "")): value for (name, labels), value in told(text).items()}

    apart, shared = figures(is_shared=False), figures(is_shared=True)
    for found in (apart, shared):
        assert [found["taktline_group_held", group] for group in claims] == [1, 1, 0]
        assert [found["taktline_points_per_second", group] for group in states] == [12.5, 12.5]
        assert [found["taktline_bad_input_total", group] for group in states] == [5, 5]
        assert "taktline_outbox_pending" not in {name for name, _ in found}, "the server tells it"
    stored, size = "taktline_points_stored_total", "taktline_store_bytes"
    assert [apart[stored, group] for group in states] == [7, 7]
    assert {group for name, group in apart if name in (stored, size)} == set(states)
    assert (shared[stored, ""], shared[size, ""]) == (7, 4096)
    assert {group for name, group in shared if name in (stored, size)} == {""}


@pytest.fixture
def client(broker: int, tmp_path: Path) -> Iterator[TestClient]:
    """The whole cloud, connected to a broker."""
    plant = Path(__file__).parents[3] / "simulators" / "plants" / "demo.toml"
    app = create_app(Settings(data=tmp_path, mqtt_port=broker, plant_file=plant, demo_users=True))
    with TestClient(app, base_url="https://test") as opened:
        yield opened


def scraped(client: TestClient, host: str, **headers: str) -> Response:
    near = TestClient(client.app, base_url="https://test", client=(host, 5000), cookies=client.cookies)
    return near.get("/metrics", headers=headers)


def test_a_scraper_on_this_machine_needs_no_login_and_anybody_else_a_permission(
    client: TestClient, player: Callable[..., EdgePlayer]
) -> None:
    edge, stream = player(), Stream()
    wait_for(
        lambda: told(scraped(client, "127.0.0.1").text)["taktline_broker_connected", frozenset()], "there"
    )
    edge.birth(DEVICES)
    edge.send(stream, MACHINE, [edge.metric(MACHINE, "good", 5, 1), edge.metric(MACHINE, "state", 5, 1)])
    wait_for(lambda: edge.stored_through(stream), "stored")
    found = told(scraped(client, "127.0.0.1").text)
    here = frozenset({("group", "suzhou"), ("node", "gw-l1")})
    assert found["taktline_points_stored_total", frozenset()] == 2
    assert found["taktline_batch_points", frozenset()] == 2
    assert found["taktline_queue_bytes", frozenset()] == 0
    assert found["taktline_gateway_watermark", here] == 1
    assert 0 <= found["taktline_gateway_watermark_age_seconds", here] < 60
    assert scraped(client, "127.0.0.1", **{"x-forwarded-for": "10.0.0.9"}).status_code == 401
    assert scraped(client, "10.0.0.9").status_code == 401
    login = {"username": "operator", "password": DEMO_PASSWORD}
    assert client.post(f"{API}/session", json=login).is_success
    assert scraped(client, "10.0.0.9").status_code == 403
    assert client.post(f"{API}/session", json=login | {"username": "manager"}).is_success
    assert scraped(client, "10.0.0.9").status_code == 200
    system = client.get(f"{API}/system").json()
    assert (system["gateways"][0]["watermark"], system["queue"]["bytes"], system["batch_points"]) == (1, 0, 2)
    assert sum(moment["points_per_s"] for moment in system["trend"]) * 5 == 2
    busy = [moment for moment in system["trend"] if moment["batch_points"] is not None]
    assert [(moment["batch_points"], moment["commit_ms"] > 0) for moment in busy] == [(2, True)]
    held = system["holdings"]
    in_months = sum(month["size_bytes"] for month in held["months"])
    assert held["size_bytes"] == held["recent_bytes"] + in_months > in_months
