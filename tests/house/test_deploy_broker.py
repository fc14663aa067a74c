"""The broker of docker-compose.yml lets each gateway say its own and nobody else's; all of it by TLS."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import paho.mqtt.client as mqtt
import pytest
from compose_broker import TlsBroker, tls_broker
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from cloud.ingest.arrival import Arrival
from cloud.ingest.broker import BrokerLink
from cloud.settings import Settings
from edge.gateway import GatewayIdentity, SpoolSettings, UplinkSettings
from edge.reading import DeviceSpec, Reading, Scan
from edge.spool import Spool
from edge.uplink import Uplink
from taktline.broker import mosquitto_path
from taktline.certs_command import main as certs
from wire.broker_tls import client_context
from wire.clock import REAL_TIME
from wire.sparkplug import DataType

pytestmark = pytest.mark.slow

PRESS = DeviceSpec("press", {"good": DataType.INT64})


@pytest.fixture(scope="module")
def broker(
    root: Path, tmp_path_factory: pytest.TempPathFactory, require: Callable[[object, str], None]
) -> Iterator[TlsBroker]:
    require(mosquitto_path(), "Mosquitto")
    with tls_broker(root, tmp_path_factory.mktemp("broker")) as running:
        yield running


def until(claim: Callable[[], object], deadline_s: float = 60.0) -> None:
    waited, end_s = threading.Event(), time.monotonic() + deadline_s
    while not claim():
        assert time.monotonic() < end_s, "never came true"
        waited.wait(0.02)


class Cloud:
    """The cloud's own link to the broker under its settings; keeps what arrives."""

    def __init__(self, broker: TlsBroker) -> None:
        own = broker.certs / "cloud"
        self.arrived: list[Arrival] = []
        self.link = BrokerLink(
            Settings(
                mqtt_port=broker.port,
                mqtt_ca_file=own / "ca.pem",
                mqtt_cert_file=own / "cloud.pem",
                mqtt_key_file=own / "cloud.key",
            ),
            self.arrived.append,
        )

    def __enter__(self) -> Self:
        self.link.start()
        until(lambda: self.link.is_connected)
        return self

    def __exit__(self, *_: object) -> None:
        self.link.stop()

    def topics(self) -> set[str]:
        return {arrival.topic for arrival in list(self.arrived)}


def settings(broker: TlsBroker, node: str, **changed: str | None) -> UplinkSettings:
    own = broker.certs / "gateways" / node
    files: dict[str, str | None] = {
        "ca_file": str(own / "ca.pem"),
        "cert_file": str(own / "gateway.pem"),
        "key_file": str(own / "gateway.key"),
    }
    return UplinkSettings(host=str(changed.pop("host", "127.0.0.1")), port=broker.port, **files | changed)  # type: ignore[arg-type]


class Node:
    """A gateway's spool with one reading, and its uplink."""

    def __init__(self, folder: Path, node: str, how: UplinkSettings) -> None:
        self.spool = Spool(
            SpoolSettings(folder / f"{node}.spool", commit_s=0.05), GatewayIdentity("suzhou", node), [PRESS]
        )
        self.uplink = Uplink(how, [PRESS], self.spool, REAL_TIME)

    def __enter__(self) -> Self:
        self.uplink.start()
        self.spool.put(Scan("press", (Reading("press", "good", REAL_TIME.now_ms(), 7),)))
        return self

    def __exit__(self, *_: object) -> None:
        self.uplink.stop()
        self.spool.close()


def test_a_gateway_with_its_certificate_delivers_to_the_cloud(broker: TlsBroker, tmp_path: Path) -> None:
    with Cloud(broker) as cloud, Node(tmp_path, "gw-l1", settings(broker, "gw-l1")):
        until(lambda: "spBv1.0/suzhou/DDATA/gw-l1/press" in cloud.topics())
        assert {"spBv1.0/suzhou/NBIRTH/gw-l1", "spBv1.0/suzhou/DBIRTH/gw-l1/press"} <= cloud.topics()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("stranger", ""),
        ("none", ""),
        ("other authority", "CERTIFICATE_VERIFY_FAILED"),
        ("other name", "CERTIFICATE_VERIFY_FAILED"),
        ("missing", "no usable pair"),
    ],
)
def test_a_wrong_certificate_is_refused_and_the_spool_keeps_all(
    broker: TlsBroker, tmp_path: Path, wrong: str, said: str
) -> None:
    assert certs(["make", "--out", str(tmp_path / "other"), "--broker", "x", "--gateway", "gw-l1"]) == 0
    other = tmp_path / "other" / "gateways" / "gw-l1"
    how = {
        "stranger": settings(
            broker, "gw-l1", cert_file=str(other / "gateway.pem"), key_file=str(other / "gateway.key")
        ),
        "none": settings(broker, "gw-l1", cert_file=None, key_file=None),
        "other authority": settings(broker, "gw-l1", ca_file=str(other / "ca.pem")),
        "other name": settings(broker, "gw-l1", host="localhost"),  # not among the certificate's names
        "missing": settings(broker, "gw-l1", cert_file=str(tmp_path / "nowhere.pem")),
    }[wrong]
    with Node(tmp_path, "gw-l1", how) as node:
        until(lambda: node.uplink.status().last_error)
        status = node.uplink.status()
        assert status.births == 0
        assert status.last_error
        assert said in status.last_error
        node.spool.flush()
        assert node.spool.status().counts.waiting_batches == 1


def test_a_gateway_is_denied_another_node_s_topics(broker: TlsBroker) -> None:
    own = broker.certs / "gateways" / "gw-l2"
    refusals: dict[int, bool] = {}
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    files = [str(own / name) for name in ("ca.pem", "gateway.pem", "gateway.key")]
    client.tls_set_context(client_context(*files))
    client.on_publish = lambda _c, _u, mid, reason, _p: refusals.__setitem__(mid, reason.is_failure)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    tried = {
        "spBv1.0/suzhou/NDATA/gw-l2": False,
        "spBv1.0/suzhou/DDATA/gw-l2/press": False,
        "spBv1.0/suzhou/NDATA/gw-l1": True,
        "spBv1.0/suzhou/DDATA/gw-l1/press": True,
        "spBv1.0/wuxi/NDATA/gw-l2": True,
        "spBv1.0/suzhou/NCMD/gw-l2": True,
        "spBv1.0/suzhou/NCMD/gw-l1": True,
        "spBv1.0/STATE/taktline": True,
        "taktline/v1/suzhou/gw-l1/telemetry": True,
    }
    with Cloud(broker) as cloud:
        mids = {topic: client.publish(topic, b"", qos=1).mid for topic in tried}
        until(lambda: set(mids.values()) <= refusals.keys())
        assert {topic: refusals[mid] for topic, mid in mids.items()} == tried
        until(lambda: {topic for topic, refused in tried.items() if not refused} <= cloud.topics())
        assert not {topic for topic, refused in tried.items() if refused} & cloud.topics()
    client.disconnect()
    client.loop_stop()
