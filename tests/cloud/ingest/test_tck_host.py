"""The host against Sparkplug 3.0, by tck-id: the real ingest recorded, judged packet by packet."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from conformance.mqtt_recorder import CONNECT, DISCONNECT, PUBLISH, SUBSCRIBE, Packet, Recorder
from edge_player import EdgePlayer, Stream, wait_for

from cloud.db import Database
from cloud.ingest.arrival import Command
from cloud.ingest.broker import BrokerLink
from cloud.ingest.runtime import IngestRuntime
from cloud.settings import Settings
from cloud.timeseries.duckdb import DuckDBStore
from wire.clock import REAL_TIME, real_ms
from wire.commands import CommandHeader, write_command
from wire.host_state import HostState
from wire.session import HostSessions, NodeSession
from wire.session_events import DeviceDied, MessagesMissed, NodeDied, NodeId, RebirthWanted
from wire.sparkplug import DataType, Metric, Payload, encode
from wire.topics import Kind, Topic

STATE = "spBv1.0/STATE/taktline"
PRESS = {"L1-OP10": {"good": DataType.INT64}}


@dataclass
class Run:
    """An ingest behind a recorder, and when it began to connect (real ms)."""

    recorder: Recorder
    runtime: IngestRuntime
    began_ms: int

    def states(self, connection: int = 0) -> list[tuple[Packet, dict[str, object]]]:
        sent = self.recorder.sent(connection=connection)
        return [(packet, json.loads(packet.raw)) for packet in sent if packet.topic == STATE]

    def will(self, connection: int = 0) -> Packet:
        found = self.recorder.of(CONNECT)[connection].will
        assert found is not None
        return found


@pytest.fixture
def run(settings: Settings, plant: Database, store: DuckDBStore) -> Iterator[Run]:
    with Recorder(settings.mqtt_port, ignoring="-telemetry") as recorder:
        behind = settings.model_copy(update={"mqtt_port": recorder.port})
        began_ms = real_ms()
        runtime = IngestRuntime(behind, plant, REAL_TIME, store)
        runtime.start()
        wait_for(recorder.sent, "the host has said that it is online")
        yield Run(recorder, runtime, began_ms)
        runtime.stop()


@pytest.mark.tck(
    "tck-id-message-flow-phid-sparkplug-clean-session-311",
    "tck-id-host-topic-phid-death-required",
    "tck-id-host-topic-phid-death-qos",
    "tck-id-host-topic-phid-death-retain",
    "tck-id-host-topic-phid-death-topic",
    "tck-id-host-topic-phid-death-payload",
    "tck-id-host-topic-phid-death-payload-timestamp-connect",
    "tck-id-operational-behavior-host-application-connect-will",
    "tck-id-operational-behavior-host-application-connect-will-topic",
    "tck-id-operational-behavior-host-application-connect-will-payload",
    "tck-id-operational-behavior-host-application-connect-will-qos",
    "tck-id-operational-behavior-host-application-connect-will-retained",
    "tck-id-payloads-state-will-message",
    "tck-id-payloads-state-will-message-qos",
    "tck-id-payloads-state-will-message-retain",
    "tck-id-payloads-state-will-message-payload",
)
def test_the_host_connects_clean_with_its_death_as_will(run: Run) -> None:
    (connect,) = run.recorder.of(CONNECT)
    assert (connect.level, connect.is_clean) == (4, True)
    will = run.will()
    assert (will.topic, will.qos, will.retain) == (STATE, 1, True)
    said = json.loads(will.raw)
    assert set(said) == {"online", "timestamp"}
    assert said["online"] is False
    assert run.began_ms <= said["timestamp"] <= real_ms()


@pytest.mark.tck(
    "tck-id-intro-sparkplug-host-state",
    "tck-id-components-ph-state",
    "tck-id-conformance-primary-host",
    "tck-id-principles-birth-certificates-order",
    "tck-id-host-topic-phid-birth-message",
    "tck-id-host-topic-phid-birth-qos",
    "tck-id-host-topic-phid-birth-retain",
    "tck-id-host-topic-phid-birth-topic",
    "tck-id-host-topic-phid-birth-sub-required",
    "tck-id-host-topic-phid-birth-required",
    "tck-id-host-topic-phid-birth-payload",
    "tck-id-host-topic-phid-birth-payload-timestamp",
    "tck-id-message-flow-phid-sparkplug-subscription",
    "tck-id-message-flow-phid-sparkplug-state-publish",
    "tck-id-message-flow-phid-sparkplug-state-publish-payload",
    "tck-id-message-flow-phid-sparkplug-state-publish-payload-timestamp",
    "tck-id-operational-behavior-primary-application-state-with-multiple-servers-state",
    "tck-id-operational-behavior-host-application-connect-birth",
    "tck-id-operational-behavior-host-application-connect-birth-topic",
    "tck-id-operational-behavior-host-application-connect-birth-payload",
    "tck-id-operational-behavior-host-application-connect-birth-qos",
    "tck-id-operational-behavior-host-application-connect-birth-retained",
    "tck-id-payloads-state-subscribe",
    "tck-id-payloads-state-birth",
    "tck-id-payloads-state-birth-payload",
)
def test_the_host_subscribes_and_then_says_online_with_the_will_s_time(run: Run) -> None:
    own = [packet.kind for packet in run.recorder.packets if packet.from_client]
    assert own[:3] == [CONNECT, SUBSCRIBE, PUBLISH]
    (subscribe,) = run.recorder.of(SUBSCRIBE)
    assert subscribe.filters == (("spBv1.0/#", 1),)  # its own STATE among all
    first = run.recorder.sent()[0]
    assert (first.topic, first.qos, first.retain) == (STATE, 1, True)
    said = json.loads(first.raw)
    assert said == {"online": True, "timestamp": json.loads(run.will().raw)["timestamp"]}


@pytest.mark.tck("tck-id-message-flow-hid-sparkplug-state-message-delivered")
def test_a_host_called_offline_says_online_again_with_the_same_time(
    run: Run, player: Callable[..., EdgePlayer]
) -> None:
    wrong = HostState(is_online=False, timestamp_ms=real_ms())
    player().raw(STATE, wrong.to_bytes(), 1)
    wait_for(lambda: len(run.states()) == 2, "online is said again")
    assert run.states()[0][1] == run.states()[1][1]


@pytest.mark.tck(
    "tck-id-host-topic-phid-death-payload-timestamp-disconnect-clean",
    "tck-id-host-topic-phid-death-payload-timestamp-disconnect-with-no-disconnect-packet",
    "tck-id-operational-behavior-host-application-termination",
    "tck-id-operational-behavior-host-application-death-topic",
    "tck-id-operational-behavior-host-application-death-payload",
    "tck-id-operational-behavior-host-application-death-qos",
    "tck-id-operational-behavior-host-application-death-retained",
    "tck-id-operational-behavior-host-application-disconnect-intentional",
)
def test_a_host_that_leaves_says_offline_with_the_present_time(run: Run) -> None:
    left_ms = real_ms()
    run.runtime.stop()
    packet, said = run.states()[-1]
    assert (packet.topic, packet.qos, packet.retain) == (STATE, 1, True)
    assert said["online"] is False
    assert left_ms <= int(str(said["timestamp"])) <= real_ms()
    assert [p.kind for p in run.recorder.packets if p.from_client][-1] == DISCONNECT


@pytest.mark.tck(
    "tck-id-host-topic-phid-birth-payload-timestamp",
    "tck-id-host-topic-phid-death-payload-timestamp-connect",
)
def test_every_connection_has_a_new_time_in_will_and_birth(run: Run) -> None:
    run.recorder.cut()
    wait_for(lambda: run.states(1), "the host is back")
    times = [json.loads(run.will(number).raw)["timestamp"] for number in (0, 1)]
    assert times[0] < times[1]
    assert run.states(1)[0][1] == {"online": True, "timestamp": times[1]}


@pytest.mark.tck(
    "tck-id-topics-ncmd-topic",
    "tck-id-topics-ncmd-mqtt",
    "tck-id-topics-ncmd-timestamp",
    "tck-id-topics-ncmd-payload",
    "tck-id-payloads-ncmd-timestamp",
    "tck-id-payloads-ncmd-seq",
    "tck-id-payloads-ncmd-qos",
    "tck-id-payloads-ncmd-retain",
    "tck-id-operational-behavior-data-commands-ncmd-rebirth-verb",
    "tck-id-operational-behavior-data-commands-ncmd-rebirth-name",
    "tck-id-operational-behavior-data-commands-ncmd-rebirth-value",
    "tck-id-operational-behavior-data-commands-ncmd-verb",
    "tck-id-operational-behavior-data-commands-ncmd-metric-name",
)
def test_a_rebirth_is_asked_for_by_a_command_to_the_node(run: Run, player: Callable[..., EdgePlayer]) -> None:
    edge = player("gw-third", is_ours=False)
    edge.publish("NDATA", None, Payload(1_000, 5, (Metric("x", None, 1_000, DataType.INT32, 1),)))
    wait_for(lambda: edge.rebirths, "a rebirth is asked for")
    command = run.recorder.sent("NCMD")[0]
    assert (command.topic, command.qos, command.retain) == ("spBv1.0/suzhou/NCMD/gw-third", 0, False)
    assert command.payload.seq is None
    assert command.payload.timestamp_ms is not None
    assert [(m.name, m.datatype, m.value) for m in command.payload.metrics] == [
        ("Node Control/Rebirth", DataType.BOOLEAN, True)
    ]


@pytest.mark.tck(
    "tck-id-topics-dcmd-topic",
    "tck-id-topics-dcmd-mqtt",
    "tck-id-topics-dcmd-timestamp",
    "tck-id-topics-dcmd-payload",
    "tck-id-payloads-dcmd-timestamp",
    "tck-id-payloads-dcmd-seq",
    "tck-id-payloads-dcmd-qos",
    "tck-id-payloads-dcmd-retain",
    "tck-id-payloads-name-cmd-requirement",
    "tck-id-payloads-alias-data-cmd-requirement",
    "tck-id-operational-behavior-data-commands-dcmd-verb",
    "tck-id-operational-behavior-data-commands-dcmd-metric-name",
)
def test_a_write_is_a_command_to_the_device(settings: Settings) -> None:
    with Recorder(settings.mqtt_port) as recorder:
        link = BrokerLink(settings.model_copy(update={"mqtt_port": recorder.port}), lambda _arrival: None)
        link.start()
        wait_for(lambda: link.is_connected, "connected")
        metric = Metric(alias=7, datatype=DataType.INT32, value=40)
        payload = write_command(metric, CommandHeader("c1", real_ms() + 1000), real_ms())
        topic = str(Topic("suzhou", Kind.DCMD, "gw-l1", "L1-OP10"))
        link.publish([Command(topic, encode(payload))])
        wait_for(lambda: recorder.sent("DCMD"), "the command is out")
        link.stop()
    (command,) = recorder.sent("DCMD")
    assert (command.topic, command.qos, command.retain) == (topic, 0, False)
    assert command.payload.seq is None
    assert command.payload.timestamp_ms is not None
    assert [(m.name, m.alias, m.value) for m in command.payload.metrics] == [(None, 7, 40)]
    assert all(m.timestamp_ms for m in command.payload.metrics)


@pytest.mark.tck(
    "tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-offline",
    "tck-id-operational-behavior-edge-node-termination-host-action-ndeath-devices-offline",
)
def test_a_node_s_death_takes_it_and_its_devices_offline(run: Run, player: Callable[..., EdgePlayer]) -> None:
    edge = player()
    edge.birth(PRESS)
    edge.send(Stream(), "L1-OP10", [edge.metric("L1-OP10", "good", 2_000, 1)])

    def states() -> list[tuple[bool, int]]:
        return [(node.is_online, node.devices_online) for node in run.runtime.snapshot().nodes]

    wait_for(lambda: states() == [(True, 1)], "node and device are online")
    edge.publish("NDEATH", None, edge._death())
    wait_for(lambda: states() == [(False, 0)], "node and device are offline")


def session() -> NodeSession:
    return HostSessions().of("g", "n")


def say(node: NodeSession, kind: Kind, payload: Payload, now_s: float = 0.0) -> list[object]:
    topic = Topic("g", kind, "n", "d" if kind.is_of_device else None)
    return list(node.receive(topic, payload, now_s))


def born(node: NodeSession) -> None:
    say(node, Kind.NBIRTH, Payload(1, 0, (Metric("bdSeq", None, 1, DataType.INT64, 0),)))
    say(node, Kind.DBIRTH, Payload(1, 1, (Metric("x", 1, 1, DataType.INT32, 1),)))


@pytest.mark.tck("tck-id-operational-behavior-edge-node-termination-host-action-ddeath-devices-offline")
def test_a_device_s_death_takes_it_offline_at_the_payload_s_time() -> None:
    node = session()
    born(node)
    assert node.devices == {"d"}
    events = say(node, Kind.DDEATH, Payload(777, 2))
    assert events == [DeviceDied(NodeId("g", "n"), "d", 777)]
    assert node.devices == set()


@pytest.mark.tck("tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-offline")
def test_a_death_of_another_session_changes_nothing() -> None:
    node = session()
    born(node)
    other = Payload(metrics=(Metric("bdSeq", None, 1, DataType.INT64, 9),))
    assert not any(isinstance(event, NodeDied) for event in say(node, Kind.NDEATH, other))
    assert node.is_online


def point(seq: int) -> Payload:
    return Payload(10 + seq, seq, (Metric(None, 1, 10 + seq, 0, 0),))


@pytest.mark.tck(
    "tck-id-operational-behavior-host-reordering-param",
    "tck-id-operational-behavior-host-reordering-start",
    "tck-id-operational-behavior-host-reordering-rebirth",
)
@pytest.mark.parametrize("reorder_s", [0.5, 4.0])
def test_a_hole_that_is_not_filled_in_time_asks_for_births(reorder_s: float) -> None:
    node = replace(session(), reorder_s=reorder_s)
    born(node)
    assert say(node, Kind.DDATA, point(3), 10.0) == []
    assert node.tick(10.0 + reorder_s - 0.01) == []
    events = node.tick(10.0 + reorder_s)
    assert [type(event) for event in events if not hasattr(event, "points")] == [
        MessagesMissed,
        RebirthWanted,
    ]


@pytest.mark.tck("tck-id-operational-behavior-host-reordering-success")
def test_a_hole_that_is_filled_in_time_asks_for_nothing() -> None:
    node = session()
    born(node)
    now_s = time.monotonic()
    say(node, Kind.DDATA, point(3), now_s)
    assert len(say(node, Kind.DDATA, point(2), now_s + 0.5)) == 2
    assert node.tick(now_s + 60.0) == []
