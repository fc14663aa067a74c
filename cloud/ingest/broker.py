"""The host's connection to the broker: STATE with its will, subscription, messages in and commands out."""

import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import paho.mqtt.client as mqtt
import structlog

from cloud.ingest.arrival import Arrival, Block, Command
from cloud.ingest.data_socket import DataClient
from cloud.settings import Settings
from wire.broker_tls import LoginWrong, client_context, secret
from wire.clock import real_ms
from wire.host_state import HostState, MalformedState
from wire.topics import NAMESPACE, StateTopic

log = structlog.get_logger("cloud.ingest")

KEEPALIVE_S: Final = 15
FAREWELL_S: Final = 2.0
_AT_LEAST_ONCE: Final = 1


def log_in(client: mqtt.Client, settings: Settings) -> None:
    """Give a client the credentials and certificates of the settings; raises LoginWrong."""

    def path(file: Path | None) -> str | None:
        return None if file is None else str(file)

    if settings.mqtt_username is not None:
        password = secret(settings.mqtt_password, path(settings.mqtt_password_file), None)
        client.username_pw_set(settings.mqtt_username, password)
    ca_file, cert_file = path(settings.mqtt_ca_file), path(settings.mqtt_cert_file)
    if settings.mqtt_tls or ca_file is not None:
        client.tls_set_context(client_context(ca_file, cert_file, path(settings.mqtt_key_file)))
    elif cert_file is not None:
        raise LoginWrong("TAKTLINE_MQTT_CERT_FILE needs TLS; accepted: with TAKTLINE_MQTT_CA_FILE or _TLS=1")


class BrokerLink:
    """A Sparkplug 3.0 host on an MQTT broker; reconnects for ever.

    STATE is real time. The will carries the timestamp of the birth that follows it; a host that finds itself
    called offline says again that it is online.

    Parameters
    ----------
    settings
        Broker address, credentials, host id.
    on_arrival
        Called on the network thread with each message of an edge node, data of devices in blocks; must return
        at once and never raise.
    group
        The only group to listen to; all groups when None.

    Raises
    ------
    LoginWrong
        When a certificate, key or password file cannot be used.
    """

    def __init__(
        self, settings: Settings, on_arrival: Callable[[Arrival | Block], None], group: str | None = None
    ) -> None:
        self._topics = [f"{NAMESPACE}/#"]
        if group is not None:
            self._topics = [f"{NAMESPACE}/{group}/#", str(StateTopic(settings.host_id))]
        self._settings = settings
        self._on_arrival = on_arrival
        self._state_topic = str(StateTopic(settings.host_id))
        self._since_ms = 0
        self.is_connected = False
        self._was_refused = False
        self._is_leaving = False
        name = f"{settings.host_id}-{uuid.uuid4().hex[:8]}"
        self._client = DataClient(on_arrival, client_id=name, clean_session=True)
        log_in(self._client, settings)
        self._client.reconnect_delay_set(min_delay=1, max_delay=5)
        self._client.on_pre_connect = self._prepare
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._subscribed
        self._client.on_message = self._message
        self._client.on_disconnect = self._disconnected

    def start(self) -> None:
        """Begin to connect; an absent broker is tried again every few seconds."""
        # A will must exist before the first attempt; each attempt renews it.
        self._prepare(self._client, None)
        self._client.connect_async(self._settings.mqtt_host, self._settings.mqtt_port, keepalive=KEEPALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Say offline, then leave."""
        self._is_leaving = True
        if self.is_connected:
            farewell = self._say(is_online=False)
            try:
                farewell.wait_for_publish(FAREWELL_S)
            except (ValueError, RuntimeError) as error:
                log.warning("farewell_not_sent", reason=str(error))
        self._client.disconnect()
        self._client.loop_stop()
        self.is_connected = False

    def publish(self, commands: Iterable[Command]) -> None:
        """Send commands to edge nodes, QoS 0; without a connection they are dropped, the need returns."""
        for command in commands:
            self._client.publish(command.topic, command.payload, qos=0)

    def _prepare(self, client: mqtt.Client, _userdata: Any) -> None:
        self._since_ms = max(real_ms(), self._since_ms + 1)
        will = HostState(is_online=False, timestamp_ms=self._since_ms)
        client.will_set(self._state_topic, will.to_bytes(), qos=_AT_LEAST_ONCE, retain=True)

    def _connected(
        self, client: mqtt.Client, _userdata: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        if reason.is_failure:
            if not self._was_refused:
                log.error("broker_refused", reason=str(reason))
            self._was_refused = True
            return
        self._was_refused = False
        self.is_connected = True
        log.info("broker_connected", host=self._settings.mqtt_host, port=self._settings.mqtt_port)
        client.subscribe([(topic, _AT_LEAST_ONCE) for topic in self._topics])

    def _subscribed(self, *_arguments: Any) -> None:
        self._say(is_online=True)

    def _disconnected(self, *_arguments: Any) -> None:
        if self.is_connected:
            log.warning("broker_lost", host=self._settings.mqtt_host, port=self._settings.mqtt_port)
        self.is_connected = False

    def _say(self, *, is_online: bool) -> mqtt.MQTTMessageInfo:
        if not is_online:
            self._since_ms = max(real_ms(), self._since_ms)
        state = HostState(is_online=is_online, timestamp_ms=self._since_ms)
        return self._client.publish(self._state_topic, state.to_bytes(), qos=_AT_LEAST_ONCE, retain=True)

    def _message(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = f"{NAMESPACE}/not UTF-8"
        if topic.startswith(f"{NAMESPACE}/STATE/"):
            if topic == self._state_topic:
                self._hear_of_myself(bytes(message.payload))
            return
        self._on_arrival(Arrival(topic, bytes(message.payload), real_ms()))

    def _hear_of_myself(self, payload: bytes) -> None:
        try:
            state = HostState.parse(payload)
        except MalformedState:
            state = HostState(is_online=False, timestamp_ms=0)
        # The will of a connection before this one, or a copy of it, may come late.
        if not state.is_online and self.is_connected and not self._is_leaving:
            self._say(is_online=True)
