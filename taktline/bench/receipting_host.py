"""A small Sparkplug host for benchmarks: receipts every batch at once, hands its points on."""

import queue
import time
from collections.abc import Callable, Sequence

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from wire.clock import real_ms
from wire.host_state import HostState
from wire.receipts import Receipt, rebirth_command, receipt_command
from wire.session import HostSessions
from wire.session_events import NodeBorn, Point, PointsCame, RebirthWanted
from wire.sparkplug import Payload, decode, encode
from wire.topics import StateTopic, parse

HOST = "taktline"

# Device, its points, and the real time (ms) at which the message came.
Take = Callable[[str, Sequence[Point], int], None]


# As the cloud does it: a few receipts a second, whatever comes.
RECEIPTS_S = 0.2


class ReceiptingHost:
    """The host that a gateway under measurement obeys; it stores nothing.

    Parameters
    ----------
    port
        The broker's port on 127.0.0.1.
    take
        Called for each batch in the client's thread.
    """

    def __init__(self, port: int, take: Take) -> None:
        self._take = take
        self._sessions = HostSessions()
        self._aliases: dict[str, int | None] = {}
        self._due: dict[tuple[str, str, bytes], int] = {}
        self._receipted_s = 0.0
        self.faults: queue.SimpleQueue[Exception] = queue.SimpleQueue()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = lambda _client, _user, message: self._receive(message)
        self._client.connect("127.0.0.1", port)
        self._client.subscribe("spBv1.0/#", 1)
        state = HostState(True, real_ms()).to_bytes()
        self._client.publish(str(StateTopic(HOST)), state, 1, retain=True)
        self._client.loop_start()

    def close(self) -> None:
        """Leave the broker."""
        self._client.loop_stop()
        self._client.disconnect()

    def _receive(self, message: mqtt.MQTTMessage) -> None:
        came_ms = real_ms()
        topic = parse(message.topic)
        if isinstance(topic, StateTopic) or topic.kind.name.endswith("CMD"):
            return
        for event in self._sessions.receive(topic, decode(bytes(message.payload)), time.monotonic()):
            match event:
                case NodeBorn(receipt_alias=alias):
                    self._aliases[event.id.node] = alias
                case RebirthWanted():
                    self._command(event.id.group, event.id.node, rebirth_command(real_ms()))
                case PointsCame(device=device, points=points, header=header):
                    self._take(device, points, came_ms)
                    if header is not None:
                        self._due[event.id.group, event.id.node, header.stream] = header.position
                case _:
                    pass
        if time.monotonic() - self._receipted_s >= RECEIPTS_S:
            self._receipted_s = time.monotonic()
            self._say_receipts()

    def _say_receipts(self) -> None:
        due, self._due = self._due, {}
        for (group, node, stream), position in due.items():
            receipt = Receipt(HOST, 1, stream, position)
            self._command(group, node, receipt_command(receipt, real_ms(), self._aliases[node]))

    def _command(self, group: str, node: str, payload: Payload) -> None:
        self._client.publish(f"spBv1.0/{group}/NCMD/{node}", encode(payload), 0)
