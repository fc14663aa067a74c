"""Third parties that went on over a restart of the host: asked for births, a few at a time, not for ever."""

from collections.abc import Callable

from edge_player import EdgePlayer, wait_for

from cloud.db import Database
from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.host import Host
from cloud.ingest.runtime import IngestRuntime
from cloud.ingest.silent_nodes import AGAIN_S, AT_ONCE, GRACE_S, TIMES, SilentNodes
from cloud.settings import Settings
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import BatchColumns, BatchRow, Commit, StreamKey
from wire.clock import REAL_TIME
from wire.session import HostSessions
from wire.session_events import NodeId, RebirthWanted
from wire.sparkplug import DataType, Metric, Payload, decode
from wire.sparkplug_arrays import pack_array


def test_silent_nodes_are_asked_a_few_at_a_time_and_three_times_at_most() -> None:
    names = [f"g/n{number:02}" for number in range(12)]
    silent, sessions = SilentNodes([*names, "g/telemetry"]), HostSessions()
    heard = {NodeId("g", "n00")}
    asked: list[list[str]] = []
    for quarter in range(int(4 * (GRACE_S + 4 * AGAIN_S))):
        events = silent.tick(sessions, heard, 100.0 + quarter / 4)
        assert all(isinstance(event, RebirthWanted) for event in events)
        assert quarter >= 4 * GRACE_S or not events
        asked += [[event.id.node for event in events]] if events else []
        if len(asked) == 3:
            heard.add(NodeId("g", "n01"))  # it answered
    flat = [node for some in asked for node in some]
    assert max(map(len, asked)) == AT_ONCE
    assert flat.count("n00") == 0
    assert flat.count("n01") == 1
    assert {flat.count(f"n{number:02}") for number in range(2, 12)} == {TIMES}
    assert "telemetry" not in flat


def test_a_host_that_starts_asks_the_nodes_of_its_store(store: DuckDBStore) -> None:
    key = StreamKey("suzhou/pumps", "0" * 32)
    store.append(Commit(batches=BatchColumns([BatchRow(key.stream, 1, key.node, 1, 1)]), watermarks={key: 1}))
    host = Host("taktline", store, REAL_TIME, BadInputLog())
    host.tick(50.0)
    assert host.commands() == []
    host.tick(60.0, is_connected=False)  # it would be lost
    assert host.commands() == []
    host.tick(60.25)
    (command,) = host.commands()
    assert command.topic == "spBv1.0/suzhou/NCMD/pumps"
    assert decode(command.payload).metrics[0].name == "Node Control/Rebirth"


def test_a_node_that_went_on_over_a_restart_is_online_again_and_its_arrays_are_stored(
    settings: Settings, plant: Database, player: Callable[..., EdgePlayer], store: DuckDBStore
) -> None:
    other = player("other", is_ours=False)
    rooms = DataType.FLOAT_ARRAY
    lives = [IngestRuntime(settings, plant, REAL_TIME, store) for _ in range(1)]
    lives[0].start()
    wait_for(lambda: lives[0].snapshot().is_connected, "connected")
    other.birth({"pump": {"speed": DataType.DOUBLE, "rooms": rooms, "table": DataType.DATASET}})

    def data(*metrics: Metric) -> None:
        other.publish("DDATA", "pump", Payload(10, other.next_seq(), metrics))

    data(other.metric("pump", "speed", 10, 1.5))
    data(Metric("rooms", None, 11, rooms, raw=pack_array(rooms, (20.5, 21.5))))
    data(Metric("table", None, 12, DataType.DATASET, raw=b""))
    wait_for(lambda: store.counts().points == 4, "stored")
    stored = {row.tag.rsplit("/")[-1]: (row.value, row.quality) for row in store.audit(0, 9).rows}
    assert stored == {
        "speed": (1.5, 192),
        "rooms[0]": (20.5, 192),
        "rooms[1]": (21.5, 192),
        "table": (None, 0),
    }
    tally = lives[0].bad_input.snapshot()["unusable_value"]
    assert (tally.count, "table: a DATASET is not stored" in str(tally.example)) == (1, True)
    lives[0].stop()
    lives.append(IngestRuntime(settings, plant, REAL_TIME, store))
    lives[1].start()
    # It says nothing by itself: it does not heed STATE.
    wait_for(
        lambda: any(n.node == "other" and n.is_online for n in lives[1].snapshot().nodes), "asked and born"
    )
    assert other.rebirths == 1
    lives[1].stop()
