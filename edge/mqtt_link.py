"""One MQTT connection from CONNECT to its end, its events handed to a queue."""

import contextlib
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge.gateway import UplinkSettings
from wire.broker_tls import client_context, secret

_CONNECT_S = 5.0
_FAREWELL_S = 2.0
_MAX_INFLIGHT = 256


class LinkKind(Enum):
    """What happened on a link."""

    READY = auto()  # connected and subscribed
    DOWN = auto()
    SENT = auto()  # a message published at QoS 1 was acknowledged
    MESSAGE = auto()


@dataclass(frozen=True, slots=True)
class LinkEvent:
    """Something that happened on `link`; `text` is a topic, or the reason of an end.

    `mid` is the number that `MqttLink.publish` gave a message.
    """

    link: "MqttLink"
    kind: LinkKind
    text: str = ""
    payload: bytes = b""
    mid: int = 0


class MqttLink:
    """A connection with its will; it never reconnects, because every CONNECT needs a will of its own.

    Parameters
    ----------
    settings : UplinkSettings
        Login and protocol.
    broker : (str, int)
        Host and port.
    client_id : str
        The same for every connection of a node: the broker then ends one that is only half open.
    will : tuple of str and bytes
        Topic and payload that the broker publishes, QoS 1, when the connection breaks.
    topics : sequence of str
        Subscribed at QoS 1 once connected; the link is ready when the broker has granted them.
    post : callable
        Takes the events, in the network thread; must not block.

    Raises
    ------
    LoginWrong
        When a certificate, key or password cannot be used; they are read anew for every connection.
    """

    def __init__(
        self,
        settings: UplinkSettings,
        broker: tuple[str, int],
        *,
        client_id: str,
        will: tuple[str, bytes],
        topics: Sequence[str],
        post: Callable[[LinkEvent], None],
    ) -> None:
        self._settings = settings
        self._broker = broker
        self._is_mqtt5 = settings.mqtt == "5"
        self._topics = topics
        self._post = post
        self._down = threading.Event()
        self._is_open = False
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if self._is_mqtt5 else True,
            protocol=mqtt.MQTTv5 if self._is_mqtt5 else mqtt.MQTTv311,
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(_MAX_INFLIGHT)
        client.connect_timeout = _CONNECT_S
        client.will_set(will[0], will[1], qos=1, retain=False)
        if settings.username is not None:
            password = secret(settings.password, settings.password_file, settings.password_env)
            client.username_pw_set(settings.username, password)
        if settings.tls or settings.ca_file is not None:
            client.tls_set_context(client_context(settings.ca_file, settings.cert_file, settings.key_file))
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._came
        client.on_publish = self._sent
        client.on_disconnect = self._ended
        client.on_socket_open = _without_delay
        self._client = client

    def open(self) -> None:
        """Connect and start the network thread; READY or DOWN follows.

        Raises
        ------
        OSError
            When the broker cannot be reached.
        """
        host, port = self._broker
        if self._is_mqtt5:
            session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            session.SessionExpiryInterval = 0
            self._client.connect(host, port, self._settings.keepalive_s, clean_start=True, properties=session)
        else:
            self._client.connect(host, port, self._settings.keepalive_s)
        self._client.loop_start()
        self._is_open = True

    @property
    def is_down(self) -> bool:
        """Whether the connection has ended, or never was."""
        return self._down.is_set() or not self._is_open

    def publish(self, topic: str, payload: bytes, qos: int = 0) -> int:
        """Number of the message, which a SENT event bears later when `qos` is 1; 0 when the link is gone."""
        message = self._client.publish(topic, payload, qos=qos)
        return message.mid if message.rc == mqtt.MQTT_ERR_SUCCESS else 0

    def subscribe(self, topics: Sequence[str]) -> None:
        """Subscribe at QoS 1 to more topics."""
        if self._is_mqtt5:
            self._client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in topics])
        else:
            self._client.subscribe([(topic, 1) for topic in topics])

    def farewell(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 1 as the last message and wait a moment for its acknowledgement."""
        message = self._client.publish(topic, payload, qos=1)
        try:
            message.wait_for_publish(_FAREWELL_S)
        except (RuntimeError, ValueError):
            return  # the link is gone: the broker publishes the will, which says the same

    def close(self) -> None:
        """End the connection on purpose, so that the broker forgets the will, and the network thread."""
        if not self._is_open:
            return
        if self._is_mqtt5:
            self._client.disconnect(ReasonCode(PacketTypes.DISCONNECT, "Disconnect with will message"))
        else:
            self._client.disconnect()
        opened = self._client.socket()
        if not self._down.wait(_FAREWELL_S) and isinstance(opened, socket.socket):
            with contextlib.suppress(OSError):  # a half-open link takes no farewell: cut it
                opened.shutdown(socket.SHUT_RDWR)
        self._client.loop_stop()

    def _connected(
        self, _client: mqtt.Client, _user: Any, _flags: Any, reason: ReasonCode, _props: Properties | None
    ) -> None:
        if reason.is_failure:
            self._post(LinkEvent(self, LinkKind.DOWN, f"the broker refuses: {reason}"))
        else:
            self.subscribe(self._topics)

    def _subscribed(
        self,
        _client: mqtt.Client,
        _user: Any,
        _mid: int,
        reasons: list[ReasonCode],
        _props: Properties | None,
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._post(LinkEvent(self, LinkKind.DOWN, "the broker refuses a subscription"))
        else:
            self._post(LinkEvent(self, LinkKind.READY))

    def _came(self, _client: mqtt.Client, _user: Any, message: mqtt.MQTTMessage) -> None:
        self._post(LinkEvent(self, LinkKind.MESSAGE, message.topic, bytes(message.payload)))

    def _sent(
        self, _client: mqtt.Client, _user: Any, mid: int, _reason: ReasonCode, _props: Properties
    ) -> None:
        self._post(LinkEvent(self, LinkKind.SENT, mid=mid))

    def _ended(
        self, _client: mqtt.Client, _user: Any, _flags: Any, reason: ReasonCode, _props: Properties | None
    ) -> None:
        self._down.set()
        self._post(LinkEvent(self, LinkKind.DOWN, str(reason)))


def _without_delay(_client: mqtt.Client, _user: Any, opened: Any) -> None:
    """Send small messages at once: a batch must not wait for the acknowledgement of the one before it."""
    if isinstance(opened, socket.socket):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
