"""The door for JSON telemetry: stored once, acknowledged after the commit, rubbish kept apart."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from edge_player import EdgePlayer, wait_for
from paho.mqtt.enums import CallbackAPIVersion

from cloud.db import Database
from cloud.ingest.runtime import IngestRuntime
from cloud.settings import Settings
from cloud.timeseries.duckdb import DuckDBStore
from wire.clock import REAL_TIME
from wire.sparkplug import DataType, Payload

TOPIC = "taktline/v1/suzhou/scale-1/telemetry"


@pytest.fixture
def device(broker: int) -> Iterator[mqtt.Client]:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"scale-{uuid.uuid4().hex[:6]}")
    connected = threading.Event()
    client.on_connect = lambda *_: connected.set()
    client.connect("127.0.0.1", broker)
    client.loop_start()
    assert connected.wait(60)
    yield client
    client.disconnect()
    client.loop_stop()


def say(client: mqtt.Client, said: object, topic: str = TOPIC) -> None:
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    client.publish(topic, raw, qos=1).wait_for_publish(60)


def stored(store: DuckDBStore) -> list[tuple[str, int, object]]:
    return [(row.tag.rsplit("/")[-1], row.ts_ms, row.value) for row in store.audit(0, 100).rows]


def test_a_message_is_stored_once_however_often_it_comes(
    ingest: IngestRuntime, device: mqtt.Client, store: DuckDBStore
) -> None:
    for _ in range(3):
        say(
            device, {"ts": 1_000, "metrics": {"mass_kg": 1.5, "ok": True, "lot": "A7", "n": 2**60}, "id": "1"}
        )
    for _ in range(2):
        say(device, {"ts": "1970-01-01T00:00:02Z", "metrics": {"mass_kg": 2.5}})
    wait_for(lambda: len(stored(store)) == 5, "stored")
    wait_for(lambda: ingest.bad_input.snapshot()["already_stored"].count == 3, "repetitions counted")
    assert sorted(stored(store), key=str) == [
        ("lot", 1_000, "A7"),
        ("mass_kg", 1_000, 1.5),
        ("mass_kg", 2_000, 2.5),
        ("n", 1_000, 2**60),
        ("ok", 1_000, 1.0),
    ]
    assert ingest.latest(["suzhou/telemetry/scale-1/mass_kg"]).popitem()[1].value == 2.5
    assert "scale-1" in ingest.devices("suzhou", "telemetry")


def test_what_came_while_the_cloud_was_away_is_stored_after_its_return(
    settings: Settings, plant: Database, store: DuckDBStore, device: mqtt.Client
) -> None:
    first = IngestRuntime(settings, plant, REAL_TIME, store)
    first.start()
    wait_for(lambda: first.snapshot().is_connected, "subscribed")
    say(device, {"ts": 1, "metrics": {"x": 1}, "id": 1})
    wait_for(lambda: len(stored(store)) == 1, "subscribed and stored")
    first.stop()
    say(device, {"ts": 2, "metrics": {"x": 2}, "id": 2})
    say(device, {"ts": 1, "metrics": {"x": 1}, "id": 1})
    second = IngestRuntime(settings, plant, REAL_TIME, store)
    second.start()
    wait_for(lambda: len(stored(store)) == 2, "stored after the return")
    wait_for(lambda: "already_stored" in second.bad_input.snapshot(), "the mark outlived the restart")
    second.stop()
    assert stored(store) == [("x", 1, 1.0), ("x", 2, 2.0)]


def test_rubbish_is_kept_apart_and_does_not_stop_what_follows(
    ingest: IngestRuntime, device: mqtt.Client, store: DuckDBStore
) -> None:
    for raw in (b"", b"{", b"[1]", b'{"ts": 5}', b'{"ts": 5, "metrics": {"a": {}}}', b"\xff" * 50):
        say(device, raw)
    say(device, {"ts": 7, "metrics": {"x": 7}})
    wait_for(lambda: stored(store) == [("x", 7, 7.0)], "stored")
    assert ingest.bad_input.snapshot()["malformed_telemetry"].count == 6
    wait_for(lambda: ingest.snapshot().counts.quarantined == 6, "kept")


def test_a_quarantined_payload_can_be_read_again(
    ingest: IngestRuntime, player: Callable[..., EdgePlayer], store: DuckDBStore
) -> None:
    other = player("other", is_ours=False)
    other.answers_rebirth = False
    tags = {"pump": {"speed": DataType.DOUBLE}}
    other.aliases["pump", "speed"] = 1
    other._devices = tags
    metric = other.metric("pump", "speed", 10, 1.5)
    other.publish("DDATA", "pump", Payload(10, 1, (metric,)))
    wait_for(lambda: ingest.snapshot().counts.quarantined == 1, "kept without a birth")
    assert ingest.replay(1).result(60).outcome == "not_understood"
    other.birth(tags)
    wait_for(lambda: ingest.devices("suzhou", "other"), "born")
    assert ingest.replay(1).result(60).points == 1
    assert stored(store) == [("speed", 10, 1.5)]
    with pytest.raises(LookupError, match="not kept"):
        ingest.replay(99)


def test_a_replay_whose_record_was_lost_with_the_cloud_is_not_stored_twice(
    settings: Settings, plant: Database, player: Callable[..., EdgePlayer], tmp_path: Path
) -> None:
    path = tmp_path / "again.duckdb"
    other = player("other", is_ours=False)
    other.answers_rebirth = False
    tags = {"pump": {"speed": DataType.DOUBLE}}
    other.aliases["pump", "speed"] = 1
    other._devices = tags
    outcomes = []
    for life in range(2):  # nobody wrote down how the first life's replay ended
        store = DuckDBStore(path)
        runtime = IngestRuntime(settings, plant, REAL_TIME, store)
        runtime.start()
        wait_for(lambda: runtime.snapshot().is_connected, "connected")  # noqa: B023  waited for here
        if not life:
            metric = other.metric("pump", "speed", 10, 1.5)
            other.publish("DDATA", "pump", Payload(10, 1, (metric,)))
            wait_for(lambda: runtime.snapshot().counts.quarantined == 1, "kept")  # noqa: B023
        other.birth(tags)
        wait_for(lambda: runtime.devices("suzhou", "other"), "born")  # noqa: B023
        outcomes += [(done.outcome, done.points) for done in (runtime.replay(1).result(60),)]
        runtime.stop()
        kept = stored(store)
        store.close()
    assert outcomes == [("stored", 1), ("stored_before", 0)]
    assert kept == [("speed", 10, 1.5)]
