"""The edge node's sessions against Sparkplug 3.0, by tck-id, packet by packet."""

from collections.abc import Callable
from pathlib import Path

import pytest
from conformance.mqtt_recorder import CONNECT, DISCONNECT, PUBLISH, SUBSCRIBE, Recorder
from tck_life import DATA, DEVICES, Life, bd_seq
from uplink_world import MOSQUITTO, free_port, mosquitto, until

from edge.config import GatewayConfig
from edge.gateway import GatewayIdentity, SpoolSettings, UplinkSettings
from edge.spool import Spool
from edge.uplink import Uplink
from wire.clock import REAL_TIME
from wire.host_state import HostState
from wire.session_events import NodeBorn

pytestmark = pytest.mark.slow

Require = Callable[[object, str], None]


@pytest.mark.tck(
    "tck-id-topics-nbirth-bdseq-included",
    "tck-id-topics-nbirth-bdseq-matching",
    "tck-id-topics-nbirth-bdseq-increment",
    "tck-id-topics-ndeath-payload",
    "tck-id-topics-ndeath-seq",
    "tck-id-message-flow-edge-node-birth-publish-will-message",
    "tck-id-message-flow-edge-node-birth-publish-will-message-topic",
    "tck-id-message-flow-edge-node-birth-publish-will-message-payload",
    "tck-id-message-flow-edge-node-birth-publish-will-message-payload-bdSeq",
    "tck-id-message-flow-edge-node-birth-publish-will-message-qos",
    "tck-id-message-flow-edge-node-birth-publish-will-message-will-retained",
    "tck-id-message-flow-edge-node-birth-publish-nbirth-payload-bdSeq",
    "tck-id-operational-behavior-data-commands-rebirth-action-3",
    "tck-id-payloads-nbirth-bdseq",
    "tck-id-payloads-nbirth-bdseq-repeat",
    "tck-id-payloads-ndeath-seq",
    "tck-id-payloads-ndeath-will-message",
    "tck-id-payloads-ndeath-will-message-qos",
    "tck-id-payloads-ndeath-will-message-retain",
    "tck-id-payloads-ndeath-bdseq",
)
def test_will_births_and_death_of_a_connection_share_one_bd_seq(life: Life) -> None:
    for recorder, number in ((life.one, 0), (life.two, 1)):
        (connect,) = recorder.of(CONNECT)
        will = connect.will
        assert will is not None
        assert (will.topic, will.qos, will.retain) == ("spBv1.0/plant/NDEATH/gw", 1, False)
        deaths = [will, *recorder.sent("NDEATH")]
        assert len(deaths) == 2
        for death in deaths:
            assert bd_seq(death) == number
            assert len(death.payload.metrics) == 1
            assert death.payload.seq is None
        assert {bd_seq(birth) for birth in recorder.sent("NBIRTH")} == {number}
    assert len(life.one.sent("NBIRTH")) == 3


@pytest.mark.tck("tck-id-topics-nbirth-bdseq-increment")
def test_bd_seq_wraps_after_255_and_survives_restarts(tmp_path: Path) -> None:
    settings, identity = SpoolSettings(tmp_path / "gw.spool"), GatewayIdentity("plant", "gw")
    spool = Spool(settings, identity, DEVICES)
    numbers = [spool.next_bd_seq() for _ in range(255)]
    spool.close()
    spool = Spool(settings, identity, DEVICES)
    numbers += [spool.next_bd_seq() for _ in range(2)]
    spool.close()
    assert numbers == [*range(256), 0]


@pytest.mark.tck(
    "tck-id-principles-birth-certificates-order",
    "tck-id-message-flow-edge-node-birth-publish-connect",
    "tck-id-message-flow-device-birth-publish-nbirth-wait",
    "tck-id-payloads-dbirth-order",
    "tck-id-payloads-ndata-order",
    "tck-id-payloads-ddata-order",
    "tck-id-operational-behavior-data-commands-rebirth-action-1",
    "tck-id-operational-behavior-data-commands-rebirth-action-2",
)
def test_births_come_first_all_of_them_and_again_when_asked(life: Life) -> None:
    for recorder in (life.one, life.two):
        assert recorder.packets[0].kind == CONNECT
        assert recorder.sent()[0].message_type == "NBIRTH"
    for run in life.births():
        assert [packet.topic.split("/", 2)[2] for packet in run[:3]] == [
            "NBIRTH/gw",
            "DBIRTH/gw/press",
            "DBIRTH/gw/reader",
        ]


@pytest.mark.tck("tck-id-operational-behavior-data-commands-rebirth-action-1")
def test_after_a_rebirth_was_asked_for_no_data_come_before_the_births(life: Life) -> None:
    asked = False
    for packet in list(life.one.packets):
        if packet.kind != PUBLISH:
            continue
        is_rebirth = packet.message_type == "NCMD" and any(
            m.name == "Node Control/Rebirth" for m in packet.payload.metrics
        )
        if not packet.from_client and is_rebirth:
            asked = True
        elif packet.message_type == "NBIRTH":
            asked = False
        elif packet.message_type in DATA:
            assert not asked


@pytest.mark.tck(
    "tck-id-principles-persistence-clean-session-311",
    "tck-id-message-flow-edge-node-ncmd-subscribe",
    "tck-id-message-flow-device-dcmd-subscribe",
    "tck-id-topics-ncmd-topic",
    "tck-id-topics-dcmd-topic",
)
def test_the_node_connects_clean_and_subscribes_its_commands_at_qos_1(life: Life) -> None:
    for recorder in (life.one, life.two):
        (connect,) = recorder.of(CONNECT)
        assert (connect.level, connect.is_clean) == (4, True)
        filters = {wanted for packet in recorder.of(SUBSCRIBE) for wanted in packet.filters}
        assert filters == {
            ("spBv1.0/plant/NCMD/gw", 1),
            ("spBv1.0/plant/DCMD/gw/press", 1),
            ("spBv1.0/plant/DCMD/gw/reader", 1),
            ("spBv1.0/STATE/taktline", 1),
        }


@pytest.mark.tck(
    "tck-id-message-flow-edge-node-birth-publish-phid-wait",
    "tck-id-message-flow-edge-node-birth-publish-phid-wait-id",
    "tck-id-message-flow-edge-node-birth-publish-phid-wait-online",
    "tck-id-operational-behavior-edge-node-birth-sequence-wait",
)
def test_nothing_is_published_before_the_configured_host_is_online(life: Life) -> None:
    assert life.before_host == []
    states = []
    for packet in list(life.one.packets):
        if packet.message_type == "NBIRTH":
            break
        if packet.kind == PUBLISH and packet.topic.startswith("spBv1.0/STATE/"):
            states.append((packet.topic, HostState.parse(packet.raw).is_online))
    assert states[-1] == ("spBv1.0/STATE/taktline", True)


@pytest.mark.tck(
    "tck-id-message-flow-edge-node-birth-publish-phid-wait-timestamp",
    "tck-id-operational-behavior-edge-node-termination-host-offline-timestamp",
)
def test_an_offline_older_than_the_last_online_ends_nothing(life: Life) -> None:
    assert life.births_after_stale_offline == 3
    assert len(life.one.of(CONNECT)) == 1


@pytest.mark.tck(
    "tck-id-message-flow-edge-node-birth-publish-phid-offline",
    "tck-id-operational-behavior-edge-node-intentional-disconnect-ndeath",
    "tck-id-operational-behavior-edge-node-intentional-disconnect-packet",
    "tck-id-operational-behavior-edge-node-termination-host-offline",
    "tck-id-operational-behavior-edge-node-termination-host-offline-reconnect",
    "tck-id-operational-behavior-primary-application-state-with-multiple-servers-walk",
    "tck-id-operational-behavior-primary-application-state-with-multiple-servers-single-server",
    "tck-id-payloads-ndeath-will-message-publisher",
    "tck-id-payloads-ndeath-will-message-publisher-disconnect-mqtt311",
)
def test_the_node_dies_before_it_leaves_and_goes_on_at_the_next_server(life: Life) -> None:
    for recorder in (life.one, life.two):
        own = [packet for packet in recorder.packets if packet.from_client]
        assert own[-1].kind == DISCONNECT
        assert recorder.sent()[-1].message_type == "NDEATH"
        assert recorder.most_connections == 1
    assert life.other.of(NodeBorn)


@pytest.mark.tck("tck-id-operational-behavior-device-ddeath")
def test_a_lost_device_is_declared_dead(life: Life) -> None:
    (death,) = life.sent("DDEATH")
    assert death.topic == "spBv1.0/plant/DDEATH/gw/reader"


@pytest.mark.tck("tck-id-topic-structure-namespace-unique-device-id")
def test_a_device_id_stands_once_in_a_gateway_s_file() -> None:
    tag = {"name": "x", "datatype": "Int32", "address": 0, "type": "int16"}
    device = {"id": "M1", "driver": "modbus", "endpoint": "127.0.0.1:502", "tag": [tag]}
    keys = {"gateway": {"group": "g", "node": "n"}, "spool": {"path": "s"}, "device": [device, device]}
    with pytest.raises(ValueError, match="already the id"):
        GatewayConfig.model_validate(keys)


@pytest.mark.tck(
    "tck-id-principles-persistence-clean-session-50",
    "tck-id-payloads-ndeath-will-message-publisher-disconnect-mqtt50",
)
def test_an_mqtt_5_node_connects_clean_and_leaves_with_its_will(tmp_path: Path, require: Require) -> None:
    require(MOSQUITTO.exists(), "Mosquitto")
    port = free_port()
    with mosquitto(tmp_path / "broker", port), Recorder(port) as recorder:
        spool = Spool(SpoolSettings(tmp_path / "gw.spool"), GatewayIdentity("plant", "gw"), DEVICES)
        settings = UplinkSettings(port=recorder.port, mqtt="5", waits_for_host=False)
        uplink = Uplink(settings, DEVICES, spool, REAL_TIME)
        uplink.start()
        until(lambda: recorder.sent("DBIRTH"))
        uplink.stop()
        spool.close()
    (connect,) = recorder.of(CONNECT)
    assert (connect.level, connect.is_clean, connect.session_expiry_s) == (5, True, 0)
    (leave,) = recorder.of(DISCONNECT)
    assert leave.reason == 4
    assert recorder.sent()[-1].message_type == "NDEATH"
