"""The MQTT client of the telemetry door: a session that outlives it, each message acknowledged by hand."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion

from cloud.ingest.arrival import Arrival
from cloud.ingest.broker import KEEPALIVE_S, log_in
from cloud.settings import Settings
from wire.clock import real_ms
from wire.telemetry import SUBSCRIPTION

log = structlog.get_logger("cloud.ingest")

_AT_LEAST_ONCE: Final = 1


class TelemetryLink:
    """Subscribes to telemetry at QoS 1; a message is acknowledged when its `Arrival.acknowledge` is called.

    The client id is the same at every start, so the broker keeps what comes while this process is away.

    Parameters
    ----------
    settings
        Broker address, credentials, host id.
    on_arrival
        Called on the network thread with each message; must return at once and never raise.
    group
        The only site to listen to; all sites when None.
    """

    def __init__(
        self, settings: Settings, on_arrival: Callable[[Arrival], None], group: str | None = None
    ) -> None:
        self._topic = SUBSCRIPTION if group is None else SUBSCRIPTION.replace("+", group, 1)
        self._settings = settings
        self._on_arrival = on_arrival
        self._connection = 0
        self.is_subscribed = False
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{settings.host_id}-telemetry",
            clean_session=False,
            manual_ack=True,
        )
        log_in(self._client, settings)
        self._client.reconnect_delay_set(min_delay=1, max_delay=5)
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._subscribed
        self._client.on_disconnect = self._disconnected
        self._client.on_message = self._message

    def start(self) -> None:
        """Begin to connect; an absent broker is tried again every few seconds."""
        self._client.connect_async(self._settings.mqtt_host, self._settings.mqtt_port, keepalive=KEEPALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Leave; what is not acknowledged comes again at the next start."""
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(
        self, client: mqtt.Client, _userdata: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        if reason.is_failure:
            return  # the link of the host says so in the log
        self._connection += 1
        client.subscribe(self._topic, qos=_AT_LEAST_ONCE)

    def _subscribed(self, *_arguments: Any) -> None:
        self.is_subscribed = True

    def _disconnected(self, *_arguments: Any) -> None:
        self.is_subscribed = False

    def _message(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "taktline/v1/not UTF-8"
        acknowledge = partial(self._acknowledge, self._connection, message.mid, message.qos)
        payload = bytes(message.payload)
        self._on_arrival(Arrival(topic, payload, real_ms(), acknowledge=acknowledge))

    def _acknowledge(self, connection: int, mid: int, qos: int) -> None:
        # After a reconnection the broker sends it again under the new connection's numbers.
        if connection == self._connection and qos:
            self._client.ack(mid, qos)
