"""The uplink against real brokers: births come first, nothing is lost or doubled, receipts rule."""

import itertools
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from uplink_world import MOSQUITTO, StoringHost, Wiretap, amqtt, free_port, mosquitto, until

from edge.gateway import GatewayIdentity, SpoolSettings, UplinkSettings, WindowSettings
from edge.reading import DeviceSpec, Reading, Scan
from edge.spool import Spool
from edge.spool_reader import read_all_points
from edge.uplink import Uplink
from wire.clock import REAL_TIME, real_ms
from wire.quality import STALE
from wire.receipts import STORED_THROUGH, BatchHeader, Receipt, rebirth_command, receipt_command
from wire.session_events import DeviceBorn, DeviceDied, NodeBorn, NodeDied, PointsCame
from wire.sparkplug import DataType, encode
from wire.topics import Kind

pytestmark = pytest.mark.slow

Require = Callable[[object, str], None]
PRESS = DeviceSpec("press", {"state": DataType.INT32, "good": DataType.INT64, "run_s": DataType.DOUBLE})
READER = DeviceSpec("reader", {"tag": DataType.STRING})
QUICK = WindowSettings(silence_s=0.5, max_silence_s=2.0, go_back_s=0.1)


class Gateway:
    """A spool with its uplink."""

    def __init__(self, folder: Path, port: int, *devices: DeviceSpec, window: WindowSettings = QUICK) -> None:
        self.path = folder / "gw.spool"
        self.devices = devices or (PRESS, READER)
        self.spool = Spool(
            SpoolSettings(self.path, commit_s=0.02), GatewayIdentity("plant", "gw"), self.devices
        )
        settings = UplinkSettings(port=port, window=window, max_reconnect_s=0.5, keepalive_s=1)
        self.uplink = Uplink(settings, self.devices, self.spool, REAL_TIME)
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        self.uplink.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self.uplink.stop()
        self.spool.close()

    def make(self, batches: int) -> None:
        """So many commits of the press, with negative states and the reader now and then."""
        for _ in range(batches):
            n = next(self._numbers)
            readings = (
                Reading("press", "state", 1000 * n, -n),
                Reading("press", "good", 1000 * n, n),
                Reading("press", "run_s", 1000 * n, n / 3),
            )
            assert self.spool.put(Scan("press", readings, (0, 1000 * n)))
            if n % 3 == 0 and READER in self.devices:
                assert self.spool.put(Scan("reader", (Reading("reader", "tag", 1000 * n, f"{n:024X}"),)))
            self.spool.flush()

    def is_online(self) -> bool:
        return self.uplink.status().state == "online"


@pytest.fixture(params=["mosquitto", pytest.param("amqtt", marks=pytest.mark.slow)])
def port(request: pytest.FixtureRequest, tmp_path: Path, require: Require) -> Iterator[int]:
    """A broker's port."""
    number = free_port()
    if request.param == "amqtt":
        with amqtt(number):
            yield number
    else:
        require(MOSQUITTO.exists(), "Mosquitto")
        with mosquitto(tmp_path / "broker", number):
            yield number


@pytest.fixture
def plain_port(tmp_path: Path, require: Require) -> Iterator[int]:
    """A mosquitto's port."""
    require(MOSQUITTO.exists(), "Mosquitto")
    number = free_port()
    with mosquitto(tmp_path / "broker", number):
        yield number


def assert_all_stored_once(gateway: Gateway, host: StoringHost) -> None:
    produced = list(read_all_points(gateway.path))
    assert len(set(host.points)) == len(host.points), "stored twice"
    assert set(host.points) == set(produced)
    assert produced


def test_every_point_is_stored_once_on_a_good_link(tmp_path: Path, port: int) -> None:
    with StoringHost(port) as host, Gateway(tmp_path, port) as gateway:
        until(gateway.is_online)
        gateway.make(40)
        assert gateway.uplink.drain(20)
        assert_all_stored_once(gateway, host)
        assert host.gaps == []


def test_births_come_before_data_and_list_every_tag(tmp_path: Path, port: int) -> None:
    with Wiretap(port) as tap, StoringHost(port), Gateway(tmp_path, port) as gateway:
        until(gateway.is_online)
        gateway.make(2)
        assert gateway.uplink.drain(20)
        until(lambda: tap.kinds().count("DDATA") >= 2)
        kinds = [kind for kind in tap.kinds() if kind[0] in "ND" and kind != "NCMD"]
        assert kinds[:3] == ["NBIRTH", "DBIRTH", "DBIRTH"]
        assert set(kinds[3:]) == {"DDATA"}
        ((_, birth),) = tap.of(Kind.NBIRTH)
        assert birth.seq == 0
        assert {m.name: m.value for m in birth.metrics} == {
            "bdSeq": 0,
            "Node Control/Rebirth": False,
            STORED_THROUGH: None,
            "Node Control/Command Result": None,
        }
        births = {topic.device: payload for topic, payload in tap.of(Kind.DBIRTH)}
        assert {m.name for m in births["press"].metrics} == {"state", "good", "run_s", "observed_since"}
        assert all(m.is_null and m.quality == STALE for m in births["press"].metrics)
        seqs = [payload.seq for _, payload in tap.of(Kind.NBIRTH, Kind.DBIRTH, Kind.DDATA)]
        assert seqs == list(range(len(seqs)))
        data = [m for _, payload in tap.of(Kind.DDATA) for m in payload.metrics]
        assert all(m.name is None and m.alias is not None and m.datatype == 0 for m in data)
        aliases = [m.alias for b in (birth, *births.values()) for m in b.metrics if m.alias is not None]
        assert len(set(aliases)) == len(aliases)


def test_nothing_is_born_before_the_primary_host_is_online(tmp_path: Path, plain_port: int) -> None:
    with Wiretap(plain_port) as tap, Gateway(tmp_path, plain_port) as gateway:
        gateway.make(3)
        until(lambda: gateway.uplink.status().state == "waiting_for_host")
        assert tap.of(Kind.NBIRTH, Kind.DDATA) == []
        with StoringHost(plain_port) as host:
            assert gateway.uplink.drain(20)
            assert_all_stored_once(gateway, host)
            host.say_state(is_online=False)
            until(lambda: tap.of(Kind.NDEATH))
            until(lambda: gateway.uplink.status().state == "waiting_for_host")
            host.say_state(is_online=True)
            gateway.make(3)
            assert gateway.uplink.drain(20)
            assert_all_stored_once(gateway, host)
            assert [e.bd_seq for e in host.of(NodeBorn)] == [0, 1]


def test_a_clean_stop_says_death_with_the_birth_s_number(tmp_path: Path, port: int) -> None:
    with Wiretap(port) as tap, StoringHost(port) as host:
        with Gateway(tmp_path, port) as gateway:
            gateway.make(3)
            assert gateway.uplink.stop(drain_s=20)
        until(lambda: host.of(NodeDied) and tap.of(Kind.NDEATH))
        ((_, death),) = tap.of(Kind.NDEATH)[:1]
        ((_, birth),) = tap.of(Kind.NBIRTH)
        assert [(m.name, m.value) for m in death.metrics] == [("bdSeq", 0)]
        assert birth.metrics[0].value == 0
        assert death.seq is None
        with Gateway(tmp_path, port) as again:
            again.make(1)
            assert again.uplink.drain(20)
        assert [e.bd_seq for e in host.of(NodeBorn)] == [0, 1]


def test_each_connect_has_a_stream_of_its_own_and_the_backlog_follows_as_history(
    tmp_path: Path, plain_port: int
) -> None:
    with Gateway(tmp_path, plain_port) as gateway:
        gateway.make(30)
        until(lambda: gateway.uplink.status().state == "waiting_for_host")
        with Wiretap(plain_port) as tap, StoringHost(plain_port) as host:
            until(gateway.is_online)
            gateway.make(5)
            assert gateway.uplink.drain(20)
            assert_all_stored_once(gateway, host)
            until(lambda: len({p.body for _, p in tap.of(Kind.DDATA)}) >= 46)
            headers = [(BatchHeader.from_body(p.body), p) for _, p in tap.of(Kind.DDATA)]
            assert len({h.stream for h, _ in headers if h}) == 2
            for header, payload in headers:
                assert header is not None
                assert {m.is_historical for m in payload.metrics} == {header.is_historical}
            assert {h.is_historical for h, _ in headers if h} == {True, False}


def test_a_broker_that_dies_and_returns_loses_and_doubles_nothing(tmp_path: Path, require: Require) -> None:
    require(MOSQUITTO.exists(), "Mosquitto")
    port = free_port()
    with Gateway(tmp_path, port) as gateway:
        gateway.make(5)
        points: list[object] = []
        gates: dict[bytes, object] = {}
        for life in range(3):
            with mosquitto(tmp_path / f"broker{life}", port), StoringHost(port) as host:
                host.points, host.gates = points, gates  # type: ignore[assignment]
                until(gateway.is_online)
                gateway.make(20)
                if life == 2:
                    assert gateway.uplink.drain(20)
                    assert_all_stored_once(gateway, host)
            gateway.make(5)
        assert gateway.uplink.status().connects >= 3


def test_silence_goes_back_with_births_first(tmp_path: Path, plain_port: int) -> None:
    with (
        Wiretap(plain_port) as tap,
        StoringHost(plain_port) as host,
        Gateway(tmp_path, plain_port) as gateway,
    ):
        until(gateway.is_online)
        host.is_deaf = True
        gateway.make(4)
        until(lambda: len(tap.of(Kind.NBIRTH)) >= 2)
        kinds = tap.kinds()
        again = len(kinds) - 1 - kinds[::-1].index("NBIRTH")
        until(lambda: "DDATA" in tap.kinds()[again:])
        following = [kind for kind in tap.kinds()[again:] if kind != "NCMD"]
        assert following[:3] == ["NBIRTH", "DBIRTH", "DBIRTH"]
        host.is_deaf = False
        assert gateway.uplink.drain(20)
        assert_all_stored_once(gateway, host)
        assert gateway.uplink.status().rewinds >= 1


def test_a_rebirth_is_answered_with_all_births_and_the_same_number(tmp_path: Path, port: int) -> None:
    with StoringHost(port) as host, Gateway(tmp_path, port) as gateway:
        until(gateway.is_online)
        gateway.make(2)
        host.command("plant", "gw", encode(rebirth_command(real_ms())))
        until(lambda: len(host.of(NodeBorn)) == 2)
        births = host.of(NodeBorn)
        assert births[1].is_rebirth
        assert births[1].bd_seq == 0
        gateway.make(2)
        assert gateway.uplink.drain(20)
        assert_all_stored_once(gateway, host)


def test_births_carry_the_newest_durable_values(tmp_path: Path, plain_port: int) -> None:
    with StoringHost(plain_port) as host, Gateway(tmp_path, plain_port) as gateway:
        until(gateway.is_online)
        gateway.make(7)
        host.command("plant", "gw", encode(rebirth_command(real_ms())))
        until(lambda: len(host.of(NodeBorn)) == 2)
        until(lambda: len(host.of(DeviceBorn)) == 4)
        press = [e for e in host.of(DeviceBorn) if e.device == "press"][-1]
        values = {m.name: (m.timestamp_ms, m.value) for m in press.metrics}
        assert values["state"] == (7000, -7)
        assert values["good"] == (7000, 7)


def test_another_host_s_receipt_releases_nothing(tmp_path: Path, plain_port: int) -> None:
    with StoringHost(plain_port) as host, Gateway(tmp_path, plain_port) as gateway:
        until(gateway.is_online)
        host.is_mute = True
        gateway.make(5)
        live = gateway.spool.live
        for wrong in (
            receipt_command(Receipt("stranger", 1, live.id, 5), real_ms(), None),
            receipt_command(Receipt("taktline", 1, bytes(16), 5), real_ms(), None),
        ):
            host.command("plant", "gw", encode(wrong))
        host.command("plant", "gw", b"\xff\xff")
        until(lambda: gateway.uplink.status().bad_commands == 1)
        assert gateway.spool.status().counts.waiting_batches == 6
        host.is_mute = False
        assert gateway.uplink.drain(20)
        assert_all_stored_once(gateway, host)


def test_a_restored_host_is_offered_all_that_is_kept(tmp_path: Path, plain_port: int) -> None:
    with Gateway(tmp_path, plain_port) as gateway:
        with StoringHost(plain_port) as host:
            until(gateway.is_online)
            gateway.make(12)
            assert gateway.uplink.drain(20)
        with StoringHost(plain_port, generation=2) as restored:
            gateway.make(3)
            until(lambda: gateway.spool.generation == 2)
            until(lambda: set(restored.points) == set(read_all_points(gateway.path)))
            assert gateway.uplink.drain(20)
            assert_all_stored_once(gateway, restored)
            assert len(host.points) < len(restored.points)


def test_a_batch_that_the_host_cannot_read_becomes_a_gap_and_holds_up_nothing(
    tmp_path: Path, plain_port: int
) -> None:
    def is_third(event: PointsCame) -> bool:
        return event.header is not None and event.header.position == 3 and not event.header.is_gap

    with StoringHost(plain_port) as host, Gateway(tmp_path, plain_port, PRESS) as gateway:
        host.unreadable = is_third
        until(gateway.is_online)
        gateway.make(10)
        until(lambda: host.gaps)
        assert gateway.uplink.drain(20)
        ((_, first, last),) = host.gaps
        assert (first, last) == (3, 3)
        assert {point.position for point in host.points} == {1, 2, 4, 5, 6, 7, 8, 9, 10}
        assert gateway.spool.status().counts.unstorable == 1


def test_a_lost_device_dies_and_is_born_again(tmp_path: Path, plain_port: int) -> None:
    with StoringHost(plain_port) as host, Gateway(tmp_path, plain_port) as gateway:
        until(gateway.is_online)
        gateway.uplink.set_online("press", is_online=False)
        until(lambda: host.of(DeviceDied))
        gateway.make(3)  # a backlog of a lost device is still delivered
        assert gateway.uplink.drain(20)
        gateway.uplink.set_online("press", is_online=True)
        gateway.make(1)
        assert gateway.uplink.drain(20)
        assert_all_stored_once(gateway, host)


def test_a_device_no_longer_configured_drains_its_backlog_and_dies(tmp_path: Path, plain_port: int) -> None:
    with Gateway(tmp_path, plain_port) as before:
        before.make(6)
    with StoringHost(plain_port) as host, Gateway(tmp_path, plain_port, PRESS) as gateway:
        assert gateway.uplink.drain(20)
        until(lambda: {e.device for e in host.of(DeviceDied)} == {"reader"})
        assert_all_stored_once(gateway, host)
        assert any(point.tag == "plant/gw/reader/tag" for point in host.points)


def test_a_tag_whose_datatype_changed_keeps_the_backlog_s_values(tmp_path: Path, plain_port: int) -> None:
    wide = DeviceSpec("press", dict(PRESS.tags) | {"state": DataType.DOUBLE})
    with Gateway(tmp_path, plain_port) as before:
        before.make(3)
    with StoringHost(plain_port) as host, Gateway(tmp_path, plain_port, wide) as gateway:
        gateway.make(1)
        assert gateway.uplink.drain(20)
        assert_all_stored_once(gateway, host)
        states = sorted(p.value for p in host.points if p.tag.endswith("/state"))  # type: ignore[type-var]
        assert states == [-3, -2, -1, -1.0]


def test_a_half_open_link_is_left_and_loses_nothing(tmp_path: Path, require: Require) -> None:
    require(MOSQUITTO.exists(), "Mosquitto")
    port = free_port()
    with (
        mosquitto(tmp_path / "broker", port) as broker,
        StoringHost(port) as host,
        Gateway(tmp_path, port) as gateway,
    ):
        until(gateway.is_online)
        gateway.make(5)
        broker.send_signal(signal.SIGSTOP)
        gateway.make(10)
        until(lambda: not gateway.is_online())
        gateway.make(10)
        broker.send_signal(signal.SIGCONT)
        assert gateway.uplink.drain(30)
        assert_all_stored_once(gateway, host)
        assert host.gaps == []


def test_stopping_on_a_half_open_link_takes_seconds_only(tmp_path: Path, require: Require) -> None:
    require(MOSQUITTO.exists(), "Mosquitto")
    port = free_port()
    with (
        mosquitto(tmp_path / "broker", port) as broker,
        StoringHost(port),
        Gateway(tmp_path, port) as gateway,
    ):
        until(gateway.is_online)
        broker.send_signal(signal.SIGSTOP)
        gateway.make(3)
        began_s = time.monotonic()
        gateway.uplink.stop()
        assert time.monotonic() - began_s < 10
        assert gateway.uplink.status().state == "stopped"
        broker.send_signal(signal.SIGCONT)


@contextmanager
def unused_port() -> Iterator[int]:
    yield free_port()


def test_a_broker_that_is_not_there_costs_nothing_but_a_state(tmp_path: Path) -> None:
    with unused_port() as port, Gateway(tmp_path, port) as gateway:
        gateway.make(3)
        until(lambda: gateway.uplink.status().last_error is not None)
        assert gateway.uplink.status().state == "connecting"
        assert not gateway.uplink.drain(0.2)
        assert gateway.spool.status().counts.waiting_batches == 4
