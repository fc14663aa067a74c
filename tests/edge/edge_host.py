"""A small Sparkplug host for the tests of the gateway: a real client that receipts whatever it was sent."""

import queue
import time

import paho.mqtt.client as mqtt

from wire.host_state import HostState
from wire.receipts import Receipt, rebirth_command, receipt_command
from wire.session import HostSessions
from wire.session_events import DeviceBorn, DeviceDied, NodeBorn, NodeDied, Point, PointsCame, RebirthWanted
from wire.sparkplug import Payload, decode, encode
from wire.topics import StateTopic, parse

STATE = "spBv1.0/STATE/taktline"


class Host:
    """Keeps points and births of every node; receipts each batch at once, unless told to be silent."""

    def __init__(self, port: int) -> None:
        self.points: list[tuple[str, Point]] = []
        self.events: list[str] = []
        self.is_silent = False
        self._sessions = HostSessions()
        self._inbox: queue.SimpleQueue[mqtt.MQTTMessage] = queue.SimpleQueue()
        self._aliases: dict[str, int | None] = {}
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self._client.on_message = lambda _c, _u, message: self._take(message)
        self._client.connect("127.0.0.1", port)
        self._client.subscribe("spBv1.0/#", 1)
        self._client.publish(STATE, HostState(True, int(time.time() * 1000)).to_bytes(), 1, retain=True)
        self._client.loop_start()

    def close(self) -> None:
        self._client.loop_stop()
        self._client.disconnect()

    def values(self, tag: str) -> list[tuple[int, object]]:
        return [(point.ts_ms, point.value) for _, point in self.points if point.name == tag]

    def _take(self, message: mqtt.MQTTMessage) -> None:
        topic = parse(message.topic)
        if isinstance(topic, StateTopic) or topic.kind.name.endswith("CMD"):
            return
        for event in self._sessions.receive(topic, decode(message.payload), time.monotonic()):
            match event:
                case NodeBorn(receipt_alias=alias):
                    self._aliases[event.id.node] = alias
                    self.events.append("NBIRTH")
                case DeviceBorn(device=device):
                    self.events.append(f"DBIRTH {device}")
                case DeviceDied(device=device):
                    self.events.append(f"DDEATH {device}")
                case NodeDied():
                    self.events.append("NDEATH")
                case RebirthWanted():
                    self._command(event.id.group, event.id.node, rebirth_command(int(time.time() * 1000)))
                case PointsCame(device=device, points=points, header=header):
                    self.points += [(device, point) for point in points]
                    if header is not None and not self.is_silent:
                        self._receipt(event.id.group, event.id.node, header.stream, header.position)

    def _command(self, group: str, node: str, payload: Payload) -> None:
        self._client.publish(f"spBv1.0/{group}/NCMD/{node}", encode(payload), 0)

    def _receipt(self, group: str, node: str, stream: bytes, position: int) -> None:
        receipt = Receipt("taktline", 1, stream, position)
        self._command(group, node, receipt_command(receipt, int(time.time() * 1000), self._aliases[node]))
