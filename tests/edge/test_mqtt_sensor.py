"""MQTT sensors: a kept session loses nothing, payloads are taken apart, rubbish is counted."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from edge_plcs import T0, Sink, config, intake_of, until
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion
from uplink_world import MOSQUITTO, amqtt, free_port, listens, mosquitto
from uplink_world import until as wait_until

from edge.drivers.mqtt_sensor import watch
from edge.drivers.mqtt_sensor.messages import Message, Messages, Pattern, PayloadWrong
from edge.errors import DeviceRefused, DeviceUnreachable, SpoolRefused
from edge.intake import Intake
from edge.json_path import PathWrong, parsed, picked
from edge.reading import Scan
from taktline.certs import Wanted, make
from wire.clock import real_ms
from wire.quality import GOOD, STALE

CLIMATE = {"name": "{room}_temp", "datatype": "Double", "topic": "hall/{room}/climate", "path": "values.t"}


@pytest.fixture
def broker(tmp_path: Path, require: Callable[[object, str], None]) -> Iterator[int]:
    require(MOSQUITTO.exists(), "Mosquitto")
    port = free_port()
    with mosquitto(tmp_path / "broker", port):
        yield port


def device(port: int, **keys: object) -> object:
    tree = {
        "id": "HALL",
        "driver": "mqtt_sensor",
        "endpoint": f"127.0.0.1:{port}",
        "levels": {"room": ["oven", "press"]},
        "tag": [CLIMATE],
        **keys,
    }
    return config(tree).device[0]


@asynccontextmanager
async def session(watched: object, intake: Intake) -> AsyncIterator[asyncio.Task[None]]:
    intake.open_session()
    task = asyncio.create_task(watch(watched, intake))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def publisher(port: int) -> AsyncIterator[Callable[..., Awaitable[None]]]:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()

    async def publish(topic: str, payload: object, *, qos: int = 1, retain: bool = False) -> None:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        sent = client.publish(topic, body, qos=qos, retain=retain)
        await until(sent.is_published)

    yield publish
    client.disconnect()
    client.loop_stop()


@contextmanager
def broker_with_tls(folder: Path, port: int, name: str) -> Iterator[Path]:
    """A mosquitto that speaks TLS alone, its certificate made out to `name`; the file of its authority."""
    make(Wanted(folder / "pki", broker_names=[name], gateways=[], cloud="cloud"), real_ms())
    pki = folder / "pki"
    (folder / "tls.conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nuser root\n"
        f"cafile {pki}/ca/ca.pem\ncertfile {pki}/broker/broker.pem\nkeyfile {pki}/broker/broker.key\n"
    )
    process = subprocess.Popen([MOSQUITTO, "-c", folder / "tls.conf"], stderr=subprocess.DEVNULL)
    try:
        yield pki / "ca" / "ca.pem"
    finally:
        process.kill()
        process.wait()


def test_a_sensor_is_heard_over_tls_and_another_s_certificate_is_not_believed(
    tmp_path: Path, require: Callable[[object, str], None]
) -> None:
    require(MOSQUITTO.exists(), "Mosquitto")

    async def heard(authority: Path, port: int) -> list[object]:
        sink = Sink()
        watched = device(port, ca_file=str(authority))
        intake = intake_of(watched, sink)
        async with session(watched, intake) as task:
            await until(lambda: intake.health.state == "up" or task.done())
            if task.done():
                raise task.exception() or AssertionError("ended")
            client = mqtt.Client(CallbackAPIVersion.VERSION2)
            client.tls_set(str(authority))
            client.connect("127.0.0.1", port)
            client.loop_start()
            client.publish("hall/oven/climate", b'{"values": {"t": 181.5}}', 1)
            await until(lambda: sink.values("oven_temp"))
            client.disconnect()
            client.loop_stop()
        return numbers(sink, "oven_temp")

    ports = free_port(), free_port()
    for folder in ("right", "wrong"):
        (tmp_path / folder).mkdir()
    with broker_with_tls(tmp_path / "right", ports[0], "127.0.0.1") as authority:
        wait_until(lambda: listens(ports[0]))
        assert asyncio.run(heard(authority, ports[0])) == [181.5]
    with broker_with_tls(tmp_path / "wrong", ports[1], "another.plant") as authority:
        wait_until(lambda: listens(ports[1]))
        with pytest.raises(DeviceUnreachable, match="certificate"):
            asyncio.run(heard(authority, ports[1]))


def numbers(sink: Sink, tag: str) -> list[object]:
    return [value for _, value in sink.values(tag)]


def test_messages_become_readings_by_topic_and_path_and_rubbish_is_counted(broker: int) -> None:
    async def main() -> None:
        sink = Sink()
        watched = device(
            broker,
            tag=[
                CLIMATE,
                {"name": "count", "datatype": "Int64", "topic": "plain/+/n"},
                {"name": "badge", "datatype": "String", "topic": "gate/{gate}/read", "path": "id"},
                {"name": "gate", "datatype": "String", "topic": "gate/{gate}/read", "capture": "gate"},
            ],
        )
        intake = intake_of(watched, sink)
        async with session(watched, intake) as task, publisher(broker) as publish:
            await until(lambda: intake.health.state == "up" or task.done())
            await publish("hall/oven/climate", {"values": {"t": 181.5}})
            await publish("hall/press/climate", {"values": {"t": "22.5"}})
            await publish("hall/office/climate", {"values": {"t": 1}})
            await publish("plain/a/n", b" 42 ")
            await publish("gate/north/read", {"id": "A1"}, qos=0)
            for rubbish in (b"\xff", b"{", b"[1]", b'{"values": {}}', b"[" * 50_000):
                await publish("hall/oven/climate", rubbish)
            await publish("hall/oven/climate", b'{"values": {"t": NaN}}')
            await publish("hall/oven/climate", {"values": {"t": [1]}})
            await publish("hall/press/climate", {"values": {"t": None}})
            await publish("plain/a/n", b"43")
            await until(lambda: numbers(sink, "count") == [42, 43])
        assert numbers(sink, "oven_temp") == [181.5, None]
        assert numbers(sink, "press_temp") == [22.5, None]
        assert (numbers(sink, "badge"), numbers(sink, "gate")) == (["A1"], ["north"])
        assert dict(intake.health.bad) == {"bad_payload": 5, "not_a_number": 1, "bad_field": 1}
        assert intake.health.examples["bad_field"] == "hall/oven/climate oven_temp: [1]"
        assert intake.health.examples["bad_payload"].startswith("hall/oven/climate: b'[[")

    asyncio.run(main())


def test_what_came_while_the_gateway_was_away_comes_later_with_its_own_time(broker: int) -> None:
    async def main() -> None:
        sink = Sink()
        keys = {"time": {"path": "at", "form": "unix_ms"}}
        watched = device(broker, **keys)
        intake = intake_of(watched, sink)
        async with session(watched, intake):
            await until(lambda: intake.health.state == "up")
        async with publisher(broker) as publish:
            for i in range(30):
                await publish("hall/oven/climate", {"at": T0 + i, "values": {"t": i}})
        async with session(watched, intake):
            await until(lambda: len(sink.values("oven_temp")) == 30)
        assert sink.values("oven_temp") == [(T0 + i, i) for i in range(30)]
        assert intake.health.bad["clock_skew"] == 1

    asyncio.run(main())


def test_a_message_is_acknowledged_only_when_the_spool_took_it(broker: int) -> None:
    async def main() -> None:
        sink = Sink()
        is_full = True

        def hand(scan: Scan) -> bool:
            return not (is_full and any(r.tag == "oven_temp" for r in scan.readings)) and sink.hand(scan)

        watched = device(broker)
        intake = intake_of(watched, sink)
        intake._hand = hand
        async with publisher(broker) as publish:
            async with session(watched, intake) as task:
                await until(lambda: intake.health.state == "up")
                await publish("hall/oven/climate", {"values": {"t": 7}})
                await until(task.done)
                assert isinstance(task.exception(), SpoolRefused)
            is_full = False
            async with session(watched, intake):
                await until(lambda: numbers(sink, "oven_temp") == [7])
                await publish("hall/oven/climate", {"values": {"t": 8}})
                await until(lambda: numbers(sink, "oven_temp") == [7, 8])
            async with session(watched, intake):
                await publish("hall/oven/climate", {"values": {"t": 9}})
                await until(lambda: len(sink.values("oven_temp")) == 3)
        assert numbers(sink, "oven_temp") == [7, 8, 9]
        assert "repeated_message" not in intake.health.bad

    asyncio.run(main())


def test_a_message_sent_again_because_its_acknowledgement_was_lost_is_no_second_reading(
    broker: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        sink = Sink()
        watched = device(broker, every=True)
        intake = intake_of(watched, sink)
        async with publisher(broker) as publish:
            with monkeypatch.context() as cut:
                cut.setattr(mqtt.Client, "ack", lambda *_: mqtt.MQTT_ERR_SUCCESS)
                async with session(watched, intake):
                    await until(lambda: intake.health.state == "up")
                    await publish("hall/oven/climate", {"values": {"t": 7}})
                    await until(lambda: numbers(sink, "oven_temp") == [7])
            async with session(watched, intake):
                await until(lambda: intake.health.bad["repeated_message"] == 1)
                await publish("hall/oven/climate", {"values": {"t": 8}})
                await until(lambda: len(sink.values("oven_temp")) == 2)
        assert numbers(sink, "oven_temp") == [7, 8]

    asyncio.run(main())


@pytest.mark.parametrize(("keys", "quality"), [({}, STALE), ({"retained": "good"}, GOOD)])
def test_a_retained_value_is_as_old_as_nobody_knows(
    broker: int, keys: dict[str, object], quality: int
) -> None:
    async def main() -> None:
        sink = Sink()
        watched = device(broker, **keys)
        async with publisher(broker) as publish:
            await publish("hall/oven/climate", {"values": {"t": 7}}, retain=True)
        async with session(watched, intake_of(watched, sink)):
            await until(lambda: sink.values("oven_temp"))
        assert [r.quality for scan in sink.scans for r in scan.readings] == [quality]

    asyncio.run(main())


def test_a_broker_that_is_gone_or_silent_ends_the_session(broker: int) -> None:
    async def ending(watched: object) -> BaseException | None:
        async with session(watched, intake_of(watched, Sink())) as task:
            await until(task.done)
            return task.exception()

    assert "brought nothing of use for 0.3 s" in str(asyncio.run(ending(device(broker, silence_s=0.3))))
    error = asyncio.run(ending(device(free_port())))
    assert isinstance(error, DeviceUnreachable)
    assert "cannot be reached" in str(error)


def test_a_refused_login_is_a_refusal(tmp_path: Path, broker: int) -> None:
    async def main(port: int) -> BaseException | None:
        watched = device(port)
        async with session(watched, intake_of(watched, Sink())) as task:
            await until(task.done)
            return task.exception()

    closed = free_port()
    folder = tmp_path / "closed"
    folder.mkdir()
    with mosquitto(folder, closed, anonymous=False):
        assert isinstance(asyncio.run(main(closed)), DeviceRefused)
    assert broker


@pytest.mark.slow
def test_the_driver_works_with_the_embedded_broker_too() -> None:
    async def main(port: int) -> None:
        sink = Sink()
        watched = device(port)
        intake = intake_of(watched, sink)
        async with session(watched, intake), publisher(port) as publish:
            await until(lambda: intake.health.state == "up")
            await publish("hall/oven/climate", {"values": {"t": 5}})
            await until(lambda: numbers(sink, "oven_temp") == [5])

    port = free_port()
    with amqtt(port):
        asyncio.run(main(port))


# ---- without a broker ----

LEVEL = st.text("ab{}+#/$\u6e29", max_size=3)


@given(st.text(max_size=40), st.binary(max_size=200), st.booleans())
def test_any_message_is_samples_or_counted(topic: str, payload: bytes, is_retained: bool) -> None:  # noqa: FBT001 - drawn
    messages = Messages(
        device(1, tag=[CLIMATE, {"name": "all", "datatype": "Double", "topic": "#", "path": "v"}])
    )
    try:
        taken = messages.taken(Message(topic, payload, is_retained), T0)
    except PayloadWrong:
        return
    assert taken.samples


def test_topics_fit_as_mqtt_says() -> None:
    assert Pattern("a/{x}/#").captured("a/b/c/d") == {"x": "b"}
    assert Pattern("a/#").captured("a") == {}
    assert Pattern("a/+").captured("a") is None
    assert Pattern("a/+").captured("a/") == {}
    assert Pattern("+/b").captured("a/b/c") is None
    assert Pattern("#").captured("$SYS/x") is None
    assert Pattern("a/{x}").filter == "a/+"


def test_a_path_finds_what_it_names() -> None:
    document = {"list": [{"a.b": 3}], "x": {"y": 4}}
    assert picked(document, parsed('list[0]["a.b"]')) == 3
    assert picked(document, parsed("x.y")) == 4
    for missing in ("x[0]", "list.a", "list[9]", "z"):
        with pytest.raises(LookupError):
            picked(document, parsed(missing))
    for wrong in ("", ".", "x..y", "x[", "x[-1]", "a." * 20 + "a", ".x"):
        with pytest.raises(PathWrong, match="accepted"):
            parsed(wrong)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"levels": {}}, "what {room} stands for must be known; accepted: levels.room"),
        ({"levels": {"room": ["a/b"]}}, "levels.room: 'a/b' is no level"),
        ({"tag": [{**CLIMATE, "name": "{hall}_t"}]}, "{hall} is no level of its topic"),
        ({"tag": [{**CLIMATE, "topic": "a/b+/c"}]}, "accepted: levels between /"),
        ({"tag": [{**CLIMATE, "path": "a..b"}]}, "at character 2; accepted: a path"),
        ({"tag": [{**CLIMATE, "capture": "room"}]}, "accepted: path or capture"),
        ({"password": "x"}, "accepted: both or neither"),
        ({"endpoint": "broker"}, "accepted: host:port"),
    ],
)
def test_a_mistake_in_the_file_is_named(
    keys: dict[str, object], expected: str, findings: Callable[[dict[str, object]], list[str]]
) -> None:
    tree = {
        "id": "H",
        "driver": "mqtt_sensor",
        "endpoint": "h:1883",
        "levels": {"room": ["a"]},
        "tag": [CLIMATE],
    }
    found = findings({**tree, **keys})
    assert any(expected in finding for finding in found), found
