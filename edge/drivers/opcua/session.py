"""One OPC UA session from its first request to its end: subscription, publishes, the device's clock."""

import asyncio
import logging
from collections import deque
from operator import itemgetter
from typing import Final

import structlog
from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary
from asyncua.ua.uaerrors import UaError

from edge.device_clock import DeviceClock
from edge.devices.opcua import OpcUaDevice
from edge.drivers.opcua.connection import as_edge_error, connect, leave, reason
from edge.drivers.opcua.history import replay
from edge.drivers.opcua.items import Item, Limits, Subscription, items_of, limits_of, ranges_of
from edge.drivers.opcua.outlets import CLOCK_HANDLE, Cycle, Outlets
from edge.drivers.opcua.publishes import Publish, read_publish
from edge.drivers.opcua.tending import tend
from edge.drivers.opcua.writing import serve_writes
from edge.errors import DeviceRefused, DeviceUnreachable
from edge.filters import Deadband
from edge.intake import Intake, Sample
from wire.quality import BAD

# The library logs connection trouble with stack traces; the agent already says once what failed.
logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)

# Publish requests on their way at once: the server answers at once while we work on the answer before. More
# is never held here: when we fall behind, the server queues, and says so when it must drop.
IN_FLIGHT: Final = 3
KEEPALIVE_S: Final = 1.0
LARGEST_SEQUENCE: Final = 2**32 - 1
TIME: Final = itemgetter(1)
# Just below the deadband that the server applies: what it let through, rounding must not stop here.
NEARLY: Final = 1 - 1e-6

log = structlog.get_logger(__name__)


async def watch(device: OpcUaDevice, intake: Intake) -> None:
    """Follow `device` until its session breaks; never returns.

    Every session is built from nothing: connection, subscription, items, history. The library's own
    reconnecting is not used, because it goes on as if nothing had been missed.

    Raises
    ------
    DeviceUnreachable
        No connection, silence, a lost publish, or a clock that went back.
    DeviceRefused
        The server denies access, is not trusted, or gives none of the nodes.
    """
    client = await connect(device)
    try:
        session = _Session(device, intake, client)
        async with asyncio.timeout(3 * device.timeout_s + len(device.tag) / 200):
            await session.subscribe()
        await session.run()
    except (UaError, OSError, TimeoutError, ValueError) as error:
        raise as_edge_error(error, device.endpoint) from error
    finally:
        await leave(client)


class _Session:
    """One subscription from its creation to its end."""

    def __init__(self, device: OpcUaDevice, intake: Intake, client: Client) -> None:
        self._device = device
        self._intake = intake
        self._client = client
        self._items = items_of(device)
        self._outlets = Outlets(device, intake, self._items)
        self._flying: deque[asyncio.Task[bytes]] = deque()
        self._acks: list[ua.SubscriptionAcknowledgement] = []
        self._subscription: Subscription
        self._number = 0
        self._sequence: int | None = None
        self._since_ms: int | None = None
        self._clock = DeviceClock(intake)

    async def subscribe(self) -> None:
        """Create subscription and items; items that the server does not have are flagged, others go on."""
        limits = await limits_of(self._client)
        self._number = await self._create()
        self._subscription = Subscription(self._client, self._number, self._device, limits)
        if any(tag.field for tag in self._device.tag):
            # Structures can be read only after the server has described their types.
            await self._client.load_data_type_definitions()
        await self._settle_deadbands(limits)
        await self._subscription.monitor(self._items)
        if all(item.fault for item in self._items):
            raise DeviceRefused(
                f"{self._device.endpoint}: none of its {len(self._items)} nodes exists, "
                f"the first says {self._items[0].fault}"
            )
        if self._device.clock:
            # Last, so that everything up to the first clock value is either in an initial value or notified.
            clock = Item(CLOCK_HANDLE, self._device.clock.node)
            await self._subscription.monitor([clock])
            if clock.fault:
                raise DeviceRefused(
                    f"{self._device.endpoint}: its clock {clock.node} does not exist ({clock.fault})"
                )
        self._say_what_came()

    async def _create(self) -> int:
        """The number of a new subscription.

        Asked for below the library's session, whose own publishing has one request on its way at a time and
        an endless patience with a server that has ended the session.
        """
        period_ms = self._device.publishing_ms
        request = ua.CreateSubscriptionRequest()
        request.Parameters = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=float(period_ms),
            RequestedLifetimeCount=max(100, round(60_000 / period_ms)),
            RequestedMaxKeepAliveCount=max(1, round(KEEPALIVE_S * 1000 / period_ms)),
            MaxNotificationsPerPublish=0,
            PublishingEnabled=True,
            Priority=0,
        )
        answer = await self._send(request)
        response = struct_from_binary(ua.CreateSubscriptionResponse, answer)
        response.ResponseHeader.ServiceResult.check()
        return int(response.Parameters.SubscriptionId)

    async def _settle_deadbands(self, limits: Limits) -> None:
        """Decide what the server filters; whatever it lets through is filtered here besides."""
        wish = self._device.deadband_at
        is_at_server = wish == "server" or (wish == "auto" and limits.sees_drift)
        items = [item for item in self._items if item.is_plain and item.tags[0].deadband]
        unknown = [
            item.node
            for item in items
            if (keys := item.tags[0].deadband) and keys.percent and item.tags[0].range is None
        ]
        ranges = await ranges_of(self._client, unknown, limits) if unknown else {}
        for item in items:
            tag = item.tags[0]
            item.band = tag.deadband_over(tag.range or ranges.get(item.node))
            # A percentage without a range refers to the value reported last: no server has such a filter.
            if is_at_server and item.band and item.band.absolute and not item.band.percent:
                item.deadband = item.band.absolute / abs(tag.scale)

    def _say_what_came(self) -> None:
        """Flag what the server does not have; note who applies deadbands."""
        banded = [item for item in self._items if item.band]
        for item in banded:
            band = item.band
            if band and item.deadband:
                band = Deadband(band.absolute * NEARLY)
            self._intake.set_deadband(item.tags[0].name, band)
        missing = [item for item in self._items if item.fault]
        if missing:
            self._intake.flag("bad_node", len(missing), f"{missing[-1].node}: {missing[-1].fault}")
        self._outlets.lose(missing)
        at_server = sum(1 for item in banded if item.deadband)
        log.info(
            "opcua_subscribed",
            device=self._device.id,
            nodes=len(self._items),
            missing=len(missing),
            deadbands_at_server=at_server,
            deadbands_here=len(banded) - at_server,
            queues_shortened_by_server=self._subscription.shortened_queues,
        )

    async def run(self) -> None:
        """Hand on publish after publish; writes and the care for nodes go on beside it."""
        initial = await self._cycle()
        while self._device.clock and initial.clock_ms is None:
            following = await self._cycle()
            initial.samples += following.samples
            initial.clock_ms = following.clock_ms
        self._since_ms = self._clock_of(initial)
        if self._since_ms is not None:
            self._clock.advance(self._since_ms)
        history = await replay(self._device, self._intake, self._client)
        # The subscription may tell the newest of them again.
        told = {(sample.tag, sample.ts_ms, sample.raw) for sample in history}
        initial.samples = [sample for sample in initial.samples if sample[:3] not in told]
        now_ms = self._intake.clock.now_ms()
        lost = [Sample(name, now_ms, None, BAD) for name in self._outlets.lost()]
        self._intake.take(sorted([*history, *initial.samples, *lost], key=TIME), None)
        beside: list[asyncio.Task[None]] = [
            asyncio.create_task(tend(self._subscription, self._outlets, self._device, self._intake)),
            asyncio.create_task(serve_writes(self._device, self._intake, self._client)),
        ]
        try:
            while True:
                self._hand_on(await self._cycle(), told)
                for task in beside:
                    if task.done():
                        task.result()
        finally:
            running: list[asyncio.Task[None] | asyncio.Task[bytes]] = [*beside, *self._flying]
            for one in running:
                one.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def _hand_on(self, cycle: Cycle, told: set[tuple[str, int, object]]) -> None:
        # The clock value of an earlier cycle: all that the server knew up to it has arrived by now.
        through_ms = self._clock.now_ms
        observed = None if through_ms is None or self._since_ms is None else (self._since_ms, through_ms)
        clock_ms = self._clock_of(cycle)
        if clock_ms is not None and not self._clock.advance(clock_ms):
            self._since_ms = clock_ms
        if cycle.has_overflowed:
            # The server has dropped values: nobody saw this device from the cycle before to this one.
            observed, self._since_ms = None, self._clock.now_ms
        if told:
            cycle.samples = [sample for sample in cycle.samples if sample[:3] not in told]
        cycle.samples.sort(key=TIME)
        self._intake.take(cycle.samples, observed)

    def _clock_of(self, cycle: Cycle) -> int | None:
        return cycle.clock_ms if self._device.clock else self._intake.clock.now_ms()

    async def _cycle(self) -> Cycle:
        """Everything of one publish cycle; a keepalive is an empty one."""
        cycle = Cycle()
        while True:
            publish = await self._publish()
            self._check_sequence(publish)
            if publish.ended is not None:
                raise DeviceUnreachable(f"{self._device.endpoint}: subscription ended ({publish.ended.name})")
            self._outlets.collect(publish.changes, cycle, self._clock.now_ms)
            if not publish.has_more:
                self._intake.health.polls += 1
                return cycle

    async def _publish(self) -> Publish:
        while len(self._flying) < IN_FLIGHT:
            self._flying.append(asyncio.create_task(self._ask()))
        silent_s = KEEPALIVE_S * 2 + self._device.timeout_s
        task = self._flying.popleft()
        try:
            async with asyncio.timeout(silent_s):
                body = await task
        except TimeoutError as error:
            raise DeviceUnreachable(f"{self._device.endpoint} is silent for {silent_s:g} s") from error
        try:
            publish = read_publish(body)
        except ValueError as error:
            self._intake.flag("bad_publish")
            raise DeviceUnreachable(
                f"{self._device.endpoint}: a publish cannot be read ({reason(error)})"
            ) from error
        if publish.has_data:
            self._acks.append(ua.SubscriptionAcknowledgement(self._number, publish.sequence))
        return publish

    async def _ask(self) -> bytes:
        request = ua.PublishRequest()
        request.Parameters.SubscriptionAcknowledgements, self._acks = self._acks, []
        answer = await self._send(request, timeout_s=0)
        return answer.read(len(answer))

    async def _send(self, request: object, timeout_s: float | None = None) -> Buffer:
        """The bytes of an answer; without the library's session, a timeout of 0 waits for ever."""
        protocol = self._client.uaclient.protocol
        if protocol is None:
            raise ConnectionError("the connection is closed")
        return await protocol.send_request(request, timeout_s)

    def _check_sequence(self, publish: Publish) -> None:
        """Notice a publish that was lost on the way; keepalives and endings carry no number of their own."""
        if not publish.has_data or publish.ended is not None:
            return
        if self._sequence is not None and publish.sequence != self._sequence % LARGEST_SEQUENCE + 1:
            self._intake.flag("publish_lost")
            raise DeviceUnreachable(f"publish {self._sequence + 1} never came, {publish.sequence} did")
        self._sequence = publish.sequence
