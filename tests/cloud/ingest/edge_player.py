"""An edge node played by hand: every message of its session is the test's own choice."""

import contextlib
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from wire.commands import COMMAND_RESULT
from wire.host_state import HostState, MalformedState
from wire.receipts import REBIRTH, STORED_THROUGH, BatchHeader, GapReason, Receipt
from wire.sparkplug import DataType, Metric, Payload, Value, decode, encode

TYPES = {
    "state": DataType.INT32,
    "job": DataType.INT64,
    "good": DataType.INT64,
    "reject": DataType.INT64,
    "run_s": DataType.DOUBLE,
    "condition": DataType.DOUBLE,
    "tag": DataType.STRING,
    "observed_since": DataType.DATETIME,
}
MACHINE, READER = "L1-OP10", "L1-RFID"
DEVICES = {
    MACHINE: {name: TYPES[name] for name in TYPES if name != "tag"},
    READER: {name: TYPES[name] for name in ("tag", "observed_since")},
}


def wait_for(condition: Callable[[], object], what: str, deadline_s: float = 60.0) -> None:
    """Wait until something holds; fail naming it when it does not in time."""
    until = time.monotonic() + deadline_s
    tick = threading.Event()
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"not within {deadline_s} s: {what}")
        tick.wait(0.02)


@dataclass
class Stream:
    """A stream with the batches that were made in it."""

    id: bytes = field(default_factory=lambda: uuid.uuid4().bytes)
    position: int = 0

    @property
    def hex(self) -> str:
        return self.id.hex()


class EdgePlayer:
    """A gateway with devices; `ours` nodes speak receipts, others are third parties."""

    def __init__(self, port: int, node: str = "gw-l1", *, is_ours: bool = True) -> None:
        self.group, self.node, self.is_ours = "suzhou", node, is_ours
        self.receipts: list[Receipt] = []
        self.through: dict[bytes, int] = {}
        self.rebirths = 0
        self.host_states: list[HostState] = []
        self.seq = 0
        self.bd_seq = 0
        self.aliases: dict[tuple[str, str], int] = {}
        self.answers_rebirth = True
        self.speaking = threading.RLock()
        self._devices: dict[str, dict[str, DataType]] = {}
        self._subscribed = threading.Event()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"{node}-{uuid.uuid4().hex[:6]}")
        self.client.will_set(self.topic("NDEATH"), encode(self._death()), qos=1)
        self.client.on_message = self._heard
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.client.subscribe([(self.topic("NCMD"), 1), ("spBv1.0/STATE/#", 1)])
        assert self._subscribed.wait(60)

    def topic(self, kind: str, device: str | None = None) -> str:
        return f"spBv1.0/{self.group}/{kind}/{self.node}" + (f"/{device}" if device else "")

    def _death(self) -> Payload:
        return Payload(metrics=(Metric(name="bdSeq", datatype=DataType.INT64, value=self.bd_seq),))

    def _heard(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        if "/STATE/" in message.topic:
            with contextlib.suppress(MalformedState):  # a test may publish rubbish there
                self.host_states.append(HostState.parse(bytes(message.payload)))
            return
        for metric in decode(bytes(message.payload)).metrics:
            if metric.name == REBIRTH:
                self.rebirths += 1
                if self.answers_rebirth:
                    self.birth(self._devices)
            else:
                assert metric.name == STORED_THROUGH or metric.alias == 0
                receipt = Receipt.parse(str(metric.value))
                self.receipts.append(receipt)
                self.through[receipt.stream] = max(receipt.position, self.through.get(receipt.stream, 0))

    def stored_through(self, stream: Stream) -> int:
        return self.through.get(stream.id, 0)

    def publish(self, kind: str, device: str | None, payload: Payload) -> None:
        self.raw(self.topic(kind, device), encode(payload))

    def raw(self, topic: str, payload: bytes, qos: int = 0) -> None:
        self.client.publish(topic, payload, qos=qos)

    def next_seq(self) -> int:
        self.seq = (self.seq + 1) % 256
        return self.seq

    def birth(self, devices: dict[str, dict[str, DataType]], ts_ms: int = 1_000) -> None:
        """NBIRTH, then a DBIRTH with nulls for every device."""
        with self.speaking:
            self._birth(devices, ts_ms)

    def _birth(self, devices: dict[str, dict[str, DataType]], ts_ms: int) -> None:
        self._devices = devices
        self.seq = 0
        metrics = [Metric(name="bdSeq", timestamp_ms=ts_ms, datatype=DataType.INT64, value=self.bd_seq)]
        metrics.append(Metric(name=REBIRTH, timestamp_ms=ts_ms, datatype=DataType.BOOLEAN, value=False))
        if self.is_ours:
            stored = Metric(STORED_THROUGH, 0, ts_ms, DataType.STRING, "")
            metrics += [stored, Metric(COMMAND_RESULT, None, ts_ms, DataType.STRING, "")]
        self.publish("NBIRTH", None, Payload(ts_ms, 0, tuple(metrics)))
        for device, tags in devices.items():
            born = []
            for name, datatype in tags.items():
                alias = self.aliases.setdefault((device, name), len(self.aliases) + 1)
                born.append(Metric(name, alias, ts_ms, datatype, None, is_null=True))
            self.publish("DBIRTH", device, Payload(ts_ms, self.next_seq(), tuple(born)))

    def metric(self, device: str, name: str, ts_ms: int, value: Value, quality: int = 192) -> Metric:
        datatype = TYPES.get(name, DataType.DOUBLE)
        is_null = value is None
        return Metric(None, self.aliases[device, name], ts_ms, datatype, value, is_null, quality=quality)

    def batch(
        self, stream: Stream, metrics: list[Metric], position: int | None = None, sent_ms: int = 5_000
    ) -> bytes:
        """The next batch of a stream as bytes, sent or not; its seq is taken when it is sent."""
        if position is None:
            stream.position += 1
            position = stream.position
        header = BatchHeader(stream.id, position - 1, position)
        return encode(Payload(sent_ms, self.next_seq(), tuple(metrics), header.to_bytes()))

    def send(self, stream: Stream, device: str, metrics: list[Metric], position: int | None = None) -> None:
        with self.speaking:
            self.raw(self.topic("DDATA", device), self.batch(stream, metrics, position))

    def send_gap(self, stream: Stream, device: str, first: int, last: int) -> None:
        header = BatchHeader(stream.id, first - 1, last, GapReason.DROPPED)
        stream.position = max(stream.position, last)
        self.publish("DDATA", device, Payload(5_000, self.next_seq(), (), header.to_bytes()))

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Sender:
    """Sends batches of a stream as a gateway does: a window, and back to the first unreceipted after silence.

    Parameters
    ----------
    edge
        The node.
    batches
        Per batch its device and points (metric, time, value); batch n has position n + 1.
    window
        Batches in flight at most.
    """

    def __init__(
        self, edge: EdgePlayer, batches: list[tuple[str, list[tuple[str, int, Value]]]], window: int = 300
    ) -> None:
        self.edge, self.stream, self.batches, self.window = edge, Stream(), batches, window
        self.sent_messages = 0
        self._next = 1

    def run_until(self, done: Callable[[], object], silence_s: float = 1.5, deadline_s: float = 60.0) -> None:
        """Send and send again until `done()`."""
        heard, heard_at = -1, time.monotonic()
        until = time.monotonic() + deadline_s
        tick = threading.Event()
        while not done():
            now = time.monotonic()
            if now > until:
                raise AssertionError(f"not sent in {deadline_s} s: {heard} of {len(self.batches)}")
            through = self.edge.stored_through(self.stream)
            if through != heard:
                heard, heard_at = through, now
            elif now - heard_at > silence_s:
                heard_at, self._next = now, through + 1
            self._next = max(self._next, through + 1)
            if self._next > min(len(self.batches), through + self.window):
                tick.wait(0.005)
                continue
            device, points = self.batches[self._next - 1]
            metrics = [self.edge.metric(device, *point) for point in points]
            self.edge.send(self.stream, device, metrics, self._next)
            self._next += 1
            self.sent_messages += 1

    def is_done(self) -> bool:
        """Whether everything is receipted."""
        return self.edge.stored_through(self.stream) == len(self.batches)

    def produced(self) -> set[tuple[object, ...]]:
        """Every point as it must be stored."""
        prefix = f"{self.edge.group}/{self.edge.node}"
        return {
            (self.stream.hex, number, place, f"{prefix}/{device}/{metric}", ts_ms, value)
            for number, (device, points) in enumerate(self.batches, 1)
            for place, (metric, ts_ms, value) in enumerate(points)
        }
