"""Sensors on an MQTT broker of their own: subscribed in a kept session, acknowledged once spooled."""

import asyncio
import contextlib
import hashlib
from collections import OrderedDict
from typing import Any, Final
from weakref import WeakKeyDictionary

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge.devices.mqtt_sensor import MqttSensorDevice
from edge.devices.tag import host_and_port
from edge.drivers.mqtt_sensor.messages import Message, Messages, PayloadWrong
from edge.drivers.skew import Skew
from edge.errors import DeviceRefused, DeviceUnreachable
from edge.intake import Intake, Sample

CONNECT_S: Final = 5.0
# How often coverage is asserted while nothing comes, real seconds.
FLUSH_S: Final = 1.0
# Messages at QoS 0 are not held back by acknowledgements; beyond so many waiting they are dropped.
MOST_WAITING: Final = 20_000
MOST_TOPICS: Final = 4096
# Return codes of CONNACK that a person must settle: protocol, client id, login, rights (MQTT 3.1.1, 3.2.2.3).
_REFUSALS: Final = frozenset({"Unsupported protocol version", "Client identifier not valid"}) | {
    "Bad user name or password",
    "Not authorized",
}

# What each topic said last, over the sessions of one device: a message that the broker sends again because
# its acknowledgement was lost must not become a second reading.
_LAST: WeakKeyDictionary[Intake, OrderedDict[str, bytes]] = WeakKeyDictionary()


async def watch(device: MqttSensorDevice, intake: Intake) -> None:
    """Take the messages of `device`'s topics until the connection ends; never returns.

    The broker keeps the session: what it accepted at QoS 1 while the gateway was away comes at the next
    connection. Each message is acknowledged after its reading was handed to the spool, or counted as
    unreadable.

    Raises
    ------
    DeviceUnreachable
        When the broker cannot be reached, ends the connection, or no message came for `silence_s`.
    DeviceRefused
        When the broker refuses login or subscription.
    """
    session = _Session(device, intake)
    try:
        await session.open()
        await session.run()
    finally:
        await session.close()


class _Session:
    """One connection from CONNECT to its end."""

    def __init__(self, device: MqttSensorDevice, intake: Intake) -> None:
        self._device = device
        self._intake = intake
        self._messages = Messages(device)
        self._skew = Skew(intake)
        self._last = _LAST.setdefault(intake, OrderedDict())
        self._loop = asyncio.get_running_loop()
        self._came: asyncio.Queue[mqtt.MQTTMessage] = asyncio.Queue()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._lost = asyncio.Event()
        self._reason = "the connection ended"
        self._since_ms: int | None = None
        self._client = self._made()

    def _made(self) -> mqtt.Client:
        client_id = self._device.client_id or f"taktline-{self._device.id}"
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=False,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_S
        if self._device.username is not None:
            client.username_pw_set(self._device.username, self._device.password)
        if self._device.ca_file is not None:
            client.tls_set(self._device.ca_file)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = lambda _client, _user, message: self._tell(self._arrived, message)
        client.on_disconnect = lambda _c, _u, _f, reason, _p: self._tell(self._ended, str(reason))
        return client

    # ---- in paho's thread ----

    def _tell(self, act: Any, *given: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(act, *given)

    def _connected(self, client: mqtt.Client, _user: Any, _flags: Any, reason: Any, _props: Any) -> None:
        if reason.is_failure:
            said = str(reason)
            kind = DeviceRefused if said in _REFUSALS else DeviceUnreachable
            self._tell(self._settle, kind(f"the broker {self._device.endpoint} refuses: {said}"))
        else:
            client.subscribe([(topic, 1) for topic in self._messages.filters])

    def _subscribed(self, _c: mqtt.Client, _u: Any, _mid: int, reasons: Any, _props: Any) -> None:
        refused = [
            topic for topic, reason in zip(self._messages.filters, reasons, strict=False) if reason.is_failure
        ]
        error = None
        if refused:
            error = DeviceRefused(f"{self._device.endpoint} refuses a subscription: {', '.join(refused)}")
        self._tell(self._settle, error)

    # ---- in the loop ----

    def _settle(self, error: Exception | None) -> None:
        if self._ready.done():
            return
        if error is None:
            self._ready.set_result(None)
        else:
            self._ready.set_exception(error)

    def _ended(self, reason: str) -> None:
        self._reason = reason
        self._lost.set()
        self._settle(DeviceUnreachable(f"{self._device.endpoint} ended the connection: {reason}"))

    def _arrived(self, message: mqtt.MQTTMessage) -> None:
        if message.qos == 0 and self._came.qsize() >= MOST_WAITING:
            self._intake.flag("dropped", example=message.topic)
            return
        self._came.put_nowait(message)

    async def open(self) -> None:
        """Connect and subscribe; what waits in the kept session begins to come."""
        host, port = host_and_port(self._device.endpoint)
        try:
            await asyncio.to_thread(self._client.connect, host, port, self._device.keepalive_s)
        except (OSError, ValueError) as error:
            raise DeviceUnreachable(f"{self._device.endpoint} cannot be reached: {error}") from error
        self._client.loop_start()
        try:
            await asyncio.wait_for(self._ready, CONNECT_S)
        except TimeoutError as error:
            raise DeviceUnreachable(f"{self._device.endpoint} did not answer in {CONNECT_S:g} s") from error

    async def close(self) -> None:
        """Leave; the broker keeps the session and what was not acknowledged."""
        self._client.on_disconnect = None
        self._client.on_message = None
        self._client.disconnect()
        await asyncio.shield(asyncio.to_thread(self._client.loop_stop))

    async def run(self) -> None:
        """Hand on message after message."""
        silence_s = self._device.silence_s
        heard_s = self._loop.time()
        if not silence_s:
            self._since_ms = self._intake.clock.now_ms()
            self._intake.take([], (self._since_ms, self._since_ms))
        while not self._lost.is_set() or not self._came.empty():
            message = await self._next(min(FLUSH_S, silence_s) if silence_s else FLUSH_S)
            if message is not None:
                heard_s = self._loop.time() if self._take(message) else heard_s
            elif not silence_s:
                self._intake.take([], (self._since_ms or 0, self._intake.clock.now_ms()))
            if silence_s and self._loop.time() - heard_s >= silence_s:
                silence = f"brought nothing of use for {silence_s:g} s"
                raise DeviceUnreachable(f"{self._device.endpoint} {silence}")
        raise DeviceUnreachable(f"{self._device.endpoint} ended the connection: {self._reason}")

    async def _next(self, timeout_s: float) -> mqtt.MQTTMessage | None:
        """The next message; None when there is none in time, or the connection is lost."""
        if not self._came.empty():
            return self._came.get_nowait()
        getting = asyncio.ensure_future(self._came.get())
        losing = asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait({getting, losing}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            return getting.result() if getting.done() else None
        finally:
            for task in (getting, losing):
                task.cancel()

    def _take(self, came: mqtt.MQTTMessage) -> bool:
        """Whether the message was of use; it is acknowledged in any case but a full spool."""
        self._intake.health.polls += 1
        message = Message(came.topic, bytes(came.payload), came.retain)
        is_of_use = False
        if self._is_again(message, is_marked=came.dup):
            self._intake.flag("repeated_message", example=came.topic)
        else:
            is_of_use = self._hand_on(message)
            self._remember(message)
        if came.qos:
            self._client.ack(came.mid, came.qos)
        return is_of_use

    def _hand_on(self, message: Message) -> bool:
        now_ms = self._intake.clock.now_ms()
        try:
            taken = self._messages.taken(message, now_ms)
        except PayloadWrong as wrong:
            self._intake.flag(wrong.kind, example=str(wrong))
            return False
        for kind, example in taken.faults:
            self._intake.flag(kind, example=example)
        if taken.has_own_time:
            self._skew.note(taken.ts_ms, now_ms)
        self._spool(taken.samples, taken.ts_ms, now_ms)
        return True

    def _spool(self, samples: list[Sample], ts_ms: int, now_ms: int) -> None:
        if not self._device.silence_s:
            self._intake.take(samples, (self._since_ms or now_ms, now_ms))
            return
        # A sensor that must speak is observed from its first to its newest message.
        if self._since_ms is None or ts_ms < self._since_ms:
            self._since_ms = ts_ms
        self._intake.take(samples, (self._since_ms, ts_ms))

    def _is_again(self, message: Message, *, is_marked: bool) -> bool:
        return is_marked and self._last.get(message.topic) == _digest(message)

    def _remember(self, message: Message) -> None:
        self._last[message.topic] = _digest(message)
        self._last.move_to_end(message.topic)
        if len(self._last) > MOST_TOPICS:
            self._last.popitem(last=False)


def _digest(message: Message) -> bytes:
    return hashlib.blake2b(message.payload, digest_size=16).digest()
