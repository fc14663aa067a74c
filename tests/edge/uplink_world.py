"""Brokers and a small host for the tests of the uplink: real servers on free ports of 127.0.0.1."""

import asyncio
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import paho.mqtt.client as mqtt
from amqtt.broker import Broker
from paho.mqtt.enums import CallbackAPIVersion

from edge.spool_reader import SpooledPoint
from wire.clock import real_ms
from wire.host_state import HostState
from wire.receipts import Receipt, rebirth_command, receipt_command
from wire.session import HostSessions
from wire.session_events import NodeBorn, PointsCame, RebirthWanted, SessionEvent
from wire.sparkplug import Payload, decode, encode
from wire.stream_gate import StreamGate
from wire.topics import Kind, StateTopic, Topic, parse, tag_address

E = TypeVar("E")
MOSQUITTO = Path("/usr/sbin/mosquitto")


def until(claim: Callable[[], object], deadline_s: float = 60.0) -> None:
    """Wait until `claim` holds; fail after the deadline."""
    end_s = time.monotonic() + deadline_s
    wait = threading.Event()
    while not claim():
        assert time.monotonic() < end_s, "deadline passed"
        wait.wait(0.01)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def mosquitto(folder: Path, port: int, *, anonymous: bool = True) -> Iterator[subprocess.Popen[bytes]]:
    """A mosquitto of its own."""
    folder.mkdir(exist_ok=True)
    conf = folder / "mosquitto.conf"
    conf.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous {str(anonymous).lower()}\npersistence false\nuser root\n"
    )
    process = subprocess.Popen([MOSQUITTO, "-c", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: listens(port))
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def amqtt(port: int) -> Iterator[None]:
    """An amqtt broker in a thread with a loop of its own."""
    loop = asyncio.new_event_loop()
    anonymous = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    config = {"listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}}, "plugins": anonymous}
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def started() -> Broker:
        broker = Broker(config)
        await broker.start()
        return broker

    broker = asyncio.run_coroutine_threadsafe(started(), loop).result(60)
    try:
        until(lambda: listens(port))
        yield
    finally:
        asyncio.run_coroutine_threadsafe(broker.shutdown(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()


class Wiretap:
    """Every Sparkplug message that the broker passes on, in order."""

    def __init__(self, port: int) -> None:
        self.messages: list[tuple[str, bytes]] = []
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"tap-{time.monotonic_ns()}")
        self._ready = threading.Event()
        client.on_connect = lambda c, *_: c.subscribe("spBv1.0/#", qos=1)
        client.on_subscribe = lambda *_: self._ready.set()
        client.on_message = lambda _c, _u, m: self.messages.append((m.topic, bytes(m.payload)))
        client.connect("127.0.0.1", port)
        client.loop_start()
        assert self._ready.wait(60)
        self._client = client

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def of(self, *kinds: Kind) -> list[tuple[Topic, Payload]]:
        found = []
        for text, raw in list(self.messages):
            topic = parse(text)
            if isinstance(topic, Topic) and topic.kind in kinds:
                found.append((topic, decode(raw)))
        return found

    def kinds(self) -> list[str]:
        return [text.split("/")[2] for text, _ in list(self.messages)]


class StoringHost:
    """A host that keeps what it is sent in memory and receipts it; `is_deaf` makes it drop all data."""

    def __init__(self, port: int, *, host_id: str = "taktline", generation: int = 1) -> None:
        self.host_id, self.generation = host_id, generation
        self.is_deaf = self.is_mute = False
        self.points: list[SpooledPoint] = []
        self.gaps: list[tuple[str, int, int]] = []
        self.gates: dict[bytes, StreamGate[PointsCame]] = {}
        self.events: list[SessionEvent] = []
        self.unreadable: Callable[[PointsCame], bool] = lambda _: False
        self._sessions = HostSessions(rebirth_every_s=0.5, reorder_s=0.3)
        self._state_ms = real_ms()
        self._lock = threading.Lock()
        self._ready, self._ending = threading.Event(), threading.Event()
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"host-{time.monotonic_ns()}")
        client.will_set(str(StateTopic(host_id)), HostState(False, self._state_ms).to_bytes(), 1, retain=True)
        client.on_connect = lambda c, *_: c.subscribe("spBv1.0/#", qos=1)
        client.on_subscribe = lambda *_: self._ready.set()
        client.on_message = self._came
        client.connect("127.0.0.1", port)
        client.loop_start()
        assert self._ready.wait(60)
        self._client = client
        self.say_state(is_online=True)
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._ticker.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self._ending.set()
        self._ticker.join()
        self._client.disconnect()
        self._client.loop_stop()

    def say_state(self, *, is_online: bool) -> None:
        state = HostState(is_online, self._state_ms).to_bytes()
        self._client.publish(str(StateTopic(self.host_id)), state, 1, retain=True).wait_for_publish(5)

    def command(self, group: str, node: str, payload: bytes) -> None:
        self._client.publish(str(Topic(group, Kind.NCMD, node)), payload, 1)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in list(self.events) if isinstance(event, kind)]

    def _came(self, _client: mqtt.Client, _user: object, message: mqtt.MQTTMessage) -> None:
        topic = parse(message.topic)
        if not isinstance(topic, Topic) or topic.kind in (Kind.NCMD, Kind.DCMD):
            return
        if self.is_deaf and topic.kind in (Kind.DDATA, Kind.NDATA):
            return
        with self._lock:
            payload = decode(bytes(message.payload))
            self._take(self._sessions.receive(topic, payload, time.monotonic()))

    def _tick(self) -> None:
        while not self._ending.wait(0.1):
            with self._lock:
                self._take(self._sessions.tick(time.monotonic()))
                for stream, gate in self.gates.items():
                    if gate.expired(time.monotonic()):
                        self._receipt(stream)

    def _take(self, events: list[SessionEvent]) -> None:
        self.events += events
        for event in events:
            if isinstance(event, RebirthWanted):
                self.command(event.id.group, event.id.node, encode(rebirth_command(real_ms())))
            elif isinstance(event, PointsCame) and event.header is not None and not self.unreadable(event):
                self._store(event)

    def _store(self, event: PointsCame) -> None:
        assert event.header is not None
        stream = event.header.stream
        gate = self.gates.setdefault(stream, StreamGate(hold_s=0.3))
        verdict = gate.offer(event.header, event, time.monotonic())
        for entry in verdict.accepted:
            came, header = entry.item, entry.header
            if header.is_gap:
                self.gaps.append((stream.hex(), entry.first, header.position))
            for index, point in enumerate(came.points):
                tag = tag_address(came.id.group, came.id.node, came.device, point.name)
                self.points.append(
                    SpooledPoint(
                        stream.hex(), header.position, index, tag, point.ts_ms, point.value, point.quality
                    )
                )
        gate.committed()
        if verdict.accepted or verdict.repeat_receipt:
            self._receipt(stream)

    def _receipt(self, stream: bytes) -> None:
        if self.is_mute:
            return
        receipt = Receipt(self.host_id, self.generation, stream, self.gates[stream].stored_through)
        births = [event for event in self.events if isinstance(event, NodeBorn)]
        last = births[-1]
        command = receipt_command(receipt, real_ms(), last.receipt_alias)
        self.command(last.id.group, last.id.node, encode(command))
