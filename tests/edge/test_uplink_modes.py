"""The uplink with several brokers, MQTT 5, hosts that give no receipts, and commands over a real broker."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
import pytest
from uplink_world import MOSQUITTO, StoringHost, Wiretap, free_port, mosquitto, until

from edge.gateway import GatewayIdentity, SpoolSettings, UplinkSettings, WindowSettings
from edge.reading import DeviceSpec, Reading, Scan
from edge.spool import Spool
from edge.spool_reader import read_all_points
from edge.uplink import Uplink
from edge.write_rules import CommandSettings, WriteRule, Writing
from edge.writes import Writes
from wire.clock import REAL_TIME, real_ms
from wire.commands import COMMAND_RESULT, CommandHeader, CommandResult, Outcome, write_command
from wire.host_state import HostState
from wire.quality import GOOD
from wire.receipts import STORED_THROUGH, rebirth_command
from wire.session_events import DeviceBorn, NodeBorn, NodeDied, PointsCame
from wire.sparkplug import DataType, Metric, MetricsWriter, Payload, encode, framed
from wire.topics import Kind, StateTopic

pytestmark = pytest.mark.slow

Require = Callable[[object, str], None]
PRESS = DeviceSpec("press", {"good": DataType.INT64, "speed": DataType.INT32})
RULES = {("press", "speed"): WriteRule("Int32", 0, 100)}


class Gateway:
    """A spool with its uplink and a driver that writes whatever it is told."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.path = folder / "gw.spool"
        self.spool = Spool(SpoolSettings(self.path, commit_s=0.02), GatewayIdentity("plant", "gw"), [PRESS])
        self.writes = Writes()
        self.writes.open()
        window = WindowSettings(silence_s=0.5, max_silence_s=2.0, go_back_s=0.1)
        given = UplinkSettings(
            **{"window": window, "max_reconnect_s": 0.3, "keepalive_s": 1, "host_wait_s": 0.3} | settings
        )
        writing = Writing(
            lambda: RULES, {"press": self.writes}.get, CommandSettings(plain=True, per_minute=6000)
        )
        self.uplink = Uplink(given, [PRESS], self.spool, REAL_TIME, writing)
        self.written: list[object] = []
        self._numbers = itertools.count(1)
        self._ending = threading.Event()
        self._driver = threading.Thread(target=self._drive, daemon=True)

    def __enter__(self) -> Self:
        self.uplink.start()
        self._driver.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self._ending.set()
        self._driver.join()
        self.uplink.stop()
        self.spool.close()

    def _drive(self) -> None:
        while not self._ending.wait(0.002):
            if (write := self.writes.take()) is not None:
                self.written.append(write.value)
                write.done(write.value)

    def make(self, batches: int) -> None:
        for _ in range(batches):
            n = next(self._numbers)
            assert self.spool.put(Scan("press", (Reading("press", "good", 1000 * n, n),), (0, 1000 * n)))
            self.spool.flush()

    def is_online(self) -> bool:
        return self.uplink.status().state == "online"

    def waiting(self) -> int:
        self.spool.flush()
        return self.spool.status().counts.waiting_batches


@pytest.fixture
def port(tmp_path: Path, require: Require) -> Iterator[int]:
    require(MOSQUITTO.exists(), "Mosquitto")
    number = free_port()
    with mosquitto(tmp_path / "broker", number):
        yield number


@pytest.fixture
def ports(tmp_path: Path, require: Require) -> Iterator[list[int]]:
    require(MOSQUITTO.exists(), "Mosquitto")
    numbers = [free_port(), free_port()]
    with ExitStack() as brokers:
        for number in numbers:
            brokers.enter_context(mosquitto(tmp_path / f"broker{number}", number))
        yield numbers


def servers(ports: list[int]) -> list[str]:
    return [f"127.0.0.1:{port}" for port in ports]


# ---- several brokers ----


def test_the_node_walks_to_the_broker_where_its_host_is(tmp_path: Path, ports: list[int]) -> None:
    with (
        StoringHost(ports[1]) as host,
        Gateway(tmp_path, servers=servers(ports)) as gateway,
    ):
        gateway.make(3)
        assert gateway.uplink.drain(20)
        assert gateway.uplink.broker == servers(ports)[1]
        assert len(host.points) == 6


def test_a_host_that_goes_offline_sends_the_node_to_the_next_broker(tmp_path: Path, ports: list[int]) -> None:
    with (
        Wiretap(ports[0]) as first,
        Wiretap(ports[1]) as second,
        StoringHost(ports[0]) as host,
        StoringHost(ports[1]) as other,
        Gateway(tmp_path, servers=servers(ports)) as gateway,
    ):
        gateway.make(2)
        assert gateway.uplink.drain(20)
        host.say_state(is_online=False)
        until(lambda: other.of(NodeBorn))
        assert first.of(Kind.NDEATH), "the death comes before the node is born elsewhere"
        gateway.make(2)
        assert gateway.uplink.drain(20)
        # Never at two brokers at once: the last word on the first one is the death.
        assert [kind for kind in first.kinds() if kind[0] == "N" and kind != "NCMD"][-1] == "NDEATH"
        assert [event.bd_seq for event in host.of(NodeBorn) + other.of(NodeBorn)] == [0, 1]
        assert "NDEATH" not in second.kinds()
        assert {*host.points, *other.points} == set(read_all_points(gateway.path))


def test_a_broker_that_is_gone_is_passed_over(tmp_path: Path, port: int) -> None:
    with (
        StoringHost(port) as host,
        Gateway(tmp_path, servers=[f"127.0.0.1:{free_port()}", f"127.0.0.1:{port}"]) as gateway,
    ):
        gateway.make(1)
        assert gateway.uplink.drain(20)
        assert host.of(NodeBorn)


# ---- the primary host's STATE ----


def test_an_older_offline_does_not_end_the_session(tmp_path: Path, port: int) -> None:
    with StoringHost(port) as host, Gateway(tmp_path, port=port) as gateway:
        until(gateway.is_online)
        old = HostState(is_online=False, timestamp_ms=host._state_ms - 1).to_bytes()
        host._client.publish(str(StateTopic("taktline")), old, 1).wait_for_publish(5)
        host.command("plant", "gw", encode(rebirth_command(real_ms())))
        until(lambda: len(host.of(NodeBorn)) == 2)
        assert host.of(NodeDied) == []
        assert {event.bd_seq for event in host.of(NodeBorn)} == {0}


def test_another_host_s_state_is_not_our_host_s(tmp_path: Path, port: int) -> None:
    with StoringHost(port, host_id="stranger"), Wiretap(port) as tap, Gateway(tmp_path, port=port) as gateway:
        until(lambda: gateway.uplink.status().state == "waiting_for_host")
        with StoringHost(port) as host:
            until(lambda: host.of(NodeBorn))
        assert tap.kinds().count("NBIRTH") == 1


def test_a_host_whose_clock_was_set_back_is_believed_on_a_new_connection(tmp_path: Path, port: int) -> None:
    with StoringHost(port) as host, Gateway(tmp_path, port=port) as gateway:
        until(gateway.is_online)
        host.say_state(is_online=False)
        until(lambda: gateway.uplink.status().state == "waiting_for_host")
        host._state_ms -= 3_600_000
        host.say_state(is_online=True)
        until(lambda: len(host.of(NodeBorn)) == 2)


# ---- without receipts ----


def test_without_receipts_a_batch_is_released_when_it_was_published(tmp_path: Path, port: int) -> None:
    with Gateway(tmp_path, port=port, receipts=False) as gateway:
        gateway.make(3)  # before the host is there
        with Wiretap(port) as tap, StoringHost(port) as host:
            host.is_mute = True
            until(gateway.is_online)
            gateway.make(2)
            assert gateway.uplink.drain(20)
            until(lambda: len(host.of(PointsCame)) == 5)
            assert gateway.waiting() == 0
            events = host.of(PointsCame)
            assert all(event.header is None for event in events)
            goods = [point.value for event in events for point in event.points if point.name == "good"]
            assert sorted(goods) == [1, 2, 3, 4, 5]  # type: ignore[type-var]
            ((_, birth),) = tap.of(Kind.NBIRTH)
            assert STORED_THROUGH not in {metric.name for metric in birth.metrics}
            assert gateway.uplink.status().rewinds == 0


def test_at_qos_1_a_batch_is_released_when_the_broker_has_it(tmp_path: Path, port: int) -> None:
    qualities: list[int] = []
    listener = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    listener.on_message = lambda _c, _u, message: qualities.append(message.qos)
    listener.connect("127.0.0.1", port)
    listener.subscribe("spBv1.0/+/DDATA/#", 1)
    listener.loop_start()
    with (
        StoringHost(port) as host,
        Gateway(tmp_path, port=port, receipts=False, qos=1) as gateway,
    ):
        host.is_mute = True
        until(gateway.is_online)
        gateway.make(30)
        assert gateway.uplink.drain(20)
        until(lambda: len(qualities) == 30)
        assert set(qualities) == {1}
        until(lambda: len(host.of(PointsCame)) == 30)
        assert gateway.waiting() == 0
    listener.disconnect()
    listener.loop_stop()


def test_without_receipts_what_waits_while_the_broker_is_away_is_kept(
    tmp_path: Path, require: Require
) -> None:
    require(MOSQUITTO.exists(), "Mosquitto")
    number = free_port()
    with Gateway(tmp_path, port=number, receipts=False, qos=1, waits_for_host=False) as gateway:
        gateway.make(4)
        assert gateway.waiting() == 4
        with mosquitto(tmp_path / "broker", number), StoringHost(number) as host:
            assert gateway.uplink.drain(20)
            assert gateway.waiting() == 0
            assert not host.gaps


# ---- MQTT 5 ----


def test_mqtt_5_carries_the_same_session(tmp_path: Path, port: int) -> None:
    with Wiretap(port) as tap, StoringHost(port) as host:
        with Gateway(tmp_path, port=port, mqtt="5") as gateway:
            until(gateway.is_online)
            gateway.make(3)
            assert gateway.uplink.drain(20)
            assert len(host.points) == 6
        # The farewell, and the will that MQTT 5's DISCONNECT asks for: the host takes the second for nothing.
        until(lambda: tap.kinds().count("NDEATH") == 2 and host.of(NodeDied))
        assert len(host.of(NodeDied)) == 1


# ---- commands ----


def results(host: StoringHost) -> list[CommandResult]:
    suffix = f"plant/gw//{COMMAND_RESULT}"
    return [CommandResult.parse(str(point.value)) for point in host.points if point.tag == suffix]


def ask(host: StoringHost, identity: str, value: int, *, times: int = 1) -> None:
    metric = Metric(name="speed", datatype=DataType.INT32, value=value)
    header = CommandHeader(identity, real_ms() + 60_000, "anna")
    for _ in range(times):
        raw = encode(write_command(metric, header, real_ms()))
        host._client.publish("spBv1.0/plant/DCMD/gw/press", raw, 1)


def test_a_command_over_the_broker_is_done_once_and_its_result_stored_once(tmp_path: Path, port: int) -> None:
    with StoringHost(port) as host, Gateway(tmp_path, port=port) as gateway:
        until(lambda: host.of(DeviceBorn))  # it hears commands from then on
        ask(host, "c1", 40, times=3)
        until(lambda: gateway.uplink.status().commands.repeated == 2)
        until(lambda: results(host))
        host.command("plant", "gw", encode(rebirth_command(real_ms())))
        until(lambda: len(host.of(NodeBorn)) == 2)
        assert gateway.uplink.drain(20)
        assert results(host) == [CommandResult("c1", "press", "speed", Outcome.DONE, 40, "", "anna")]
        assert gateway.written == [40]
        born = {metric.name: metric for metric in host.of(NodeBorn)[-1].metrics}[COMMAND_RESULT]
        assert (CommandResult.parse(str(born.value)).id, born.quality) == ("c1", GOOD)


def test_a_plain_sparkplug_command_is_written_too(tmp_path: Path, port: int) -> None:
    with StoringHost(port) as host, Gateway(tmp_path, port=port) as gateway:
        until(lambda: host.of(DeviceBorn))  # it hears commands from then on
        alias = gateway.spool.tags.of("press")["speed"].alias
        writer = MetricsWriter()
        writer.point(alias, real_ms(), DataType.INT32, 12)  # alias and value alone, as Sparkplug wants it
        raw = framed(writer.section(), timestamp_ms=real_ms())
        host._client.publish("spBv1.0/plant/DCMD/gw/press", raw, 0)
        until(lambda: results(host))
        (result,) = results(host)
        assert (result.id, result.metric, result.value) == ("", "speed", 12)
        assert gateway.written == [12]


def test_a_command_to_the_node_that_is_none_of_its_own_is_refused_and_reported(
    tmp_path: Path, port: int
) -> None:
    with StoringHost(port) as host, Gateway(tmp_path, port=port) as gateway:
        until(lambda: host.of(DeviceBorn))  # it hears commands from then on
        header = CommandHeader("n1", real_ms() + 60_000)
        metric = Metric(name="Node Control/Next Server", datatype=DataType.BOOLEAN, value=True)
        host.command("plant", "gw", encode(write_command(metric, header, real_ms())))
        broken = Payload(real_ms(), metrics=(metric,), body=b"TC\x01{}")
        host.command("plant", "gw", encode(broken))
        until(lambda: results(host) and gateway.uplink.status().bad_commands == 1)
        (result,) = results(host)
        assert (result.device, result.outcome) == ("", Outcome.REFUSED)
        assert "not writable" in result.reason
