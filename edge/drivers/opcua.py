"""OPC UA: one subscription per device, values with the server's own timestamps."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError

from edge.device_clock import DeviceClock
from edge.devices import OpcUaDevice
from edge.errors import DeviceRefused, DeviceUnreachable
from edge.intake import Intake, Sample
from wire.quality import BAD, GOOD, STALE

# The library logs connection trouble with stack traces; the agent already says once what failed.
logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
HALF = timedelta(microseconds=500)
# Publishes that may wait for the intake; beyond that we ask for no more and the server queues instead.
HAND_OVER = 64
KEEPALIVE_S = 1.0
# Status bits "limit/overflow" of a data value (OPC 10000-4, 7.39): the server's queue has dropped values.
OVERFLOW = 0x0480
CLOCK_HANDLE = 0
LARGEST_SEQUENCE = 2**32 - 1
ANSWERS_NO = (
    StatusCodes.BadUserAccessDenied,
    StatusCodes.BadIdentityTokenInvalid,
    StatusCodes.BadIdentityTokenRejected,
    StatusCodes.BadSecurityPolicyRejected,
)


def to_ms(moment: datetime) -> int:
    """Milliseconds since the Unix epoch, rounded; a naive time is UTC, as OPC UA has it."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - EPOCH + HALF) // MILLISECOND


@dataclass(slots=True)
class _Batch:
    """What one publish cycle of the server said."""

    values: list[tuple[int, ua.DataValue]] = field(default_factory=list)
    clock_ms: int | None = None


async def watch(device: OpcUaDevice, intake: Intake) -> None:
    """Follow `device` until its session breaks; never returns.

    Every session is built from nothing: connection, subscription, items, history. The library's own
    reconnecting is not used, because it goes on as if nothing had been missed.

    Raises
    ------
    DeviceUnreachable
        No connection, silence, a lost publish, an overflowed queue, or a clock that went back.
    DeviceRefused
        The server denies access, or gives none of the nodes.
    """
    client = Client(device.endpoint, timeout=device.timeout_s, watchdog_intervall=device.timeout_s)
    if device.username is not None:
        client.set_user(device.username)
        client.set_password(device.password or "")
    try:
        async with asyncio.timeout(3 * device.timeout_s):
            await client.connect()
            session = _Session(device, intake, client)
            await session.subscribe()
        await session.run()
    except UaError as error:
        refused = getattr(error, "code", None) in ANSWERS_NO
        raise (DeviceRefused if refused else DeviceUnreachable)(
            f"{device.endpoint}: {_reason(error)}"
        ) from error
    except (OSError, TimeoutError, ValueError) as error:
        raise DeviceUnreachable(f"{device.endpoint}: {_reason(error)}") from error
    finally:
        await _leave(client)


async def _leave(client: Client) -> None:
    """Close politely within a second; a server that is gone must not hold us up."""
    with contextlib.suppress(UaError, OSError, TimeoutError):
        async with asyncio.timeout(1.0):
            await client.disconnect()
    client.disconnect_socket()


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


class _Session:
    """One subscription from its creation to its end."""

    def __init__(self, device: OpcUaDevice, intake: Intake, client: Client) -> None:
        self._device = device
        self._intake = intake
        self._client = client
        self._publishes: asyncio.Queue[ua.PublishResult] = asyncio.Queue(HAND_OVER)
        # Client handles: 0 is the clock, then the tags in the order of the configuration.
        self._names = {handle: tag.name for handle, tag in enumerate(device.tag, start=CLOCK_HANDLE + 1)}
        self._dead_tags: list[str] = []
        self._sequence: int | None = None
        self._since_ms: int | None = None
        self._clock = DeviceClock(intake)
        self._replayed: set[tuple[str, int, object]] = set()

    async def subscribe(self) -> None:
        """Create subscription and items; items that the server does not have are flagged, others go on."""
        period_ms = self._device.publishing_ms
        parameters = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=float(period_ms),
            RequestedLifetimeCount=max(100, round(60_000 / period_ms)),
            RequestedMaxKeepAliveCount=max(1, round(KEEPALIVE_S * 1000 / period_ms)),
            MaxNotificationsPerPublish=0,
            PublishingEnabled=True,
            Priority=0,
        )
        created = await self._client.uaclient.create_subscription(parameters, self._publishes.put)
        await self._create_items(created.SubscriptionId)

    async def _create_items(self, subscription: int) -> None:
        tags = self._device.tag
        requests = [
            _item(tag.node, handle, tag.queue) for handle, tag in enumerate(tags, start=CLOCK_HANDLE + 1)
        ]
        if self._device.clock:
            # Last, so that everything up to the first clock value is either in an initial value or notified.
            requests.append(_item(self._device.clock.node, CLOCK_HANDLE, 1))
        wanted = ua.CreateMonitoredItemsParameters(
            SubscriptionId=subscription, TimestampsToReturn=ua.TimestampsToReturn.Both, ItemsToCreate=requests
        )
        results = await self._client.uaclient.create_monitored_items(wanted)
        good = [result.StatusCode.is_good() for result in results]
        self._dead_tags = [tag.name for tag, is_good in zip(tags, good, strict=False) if not is_good]
        if len(self._dead_tags) == len(tags):
            raise DeviceRefused(f"{self._device.endpoint}: none of its {len(tags)} nodes exists")
        if self._device.clock and not good[-1]:
            raise DeviceRefused(
                f"{self._device.endpoint}: its clock {self._device.clock.node} does not exist"
            )

    async def run(self) -> None:
        """Hand on publish after publish."""
        initial = await self._cycle()
        while self._device.clock and initial.clock_ms is None:
            following = await self._cycle()
            initial.values += following.values
            initial.clock_ms = following.clock_ms
        self._since_ms = self._clock_of(initial)
        if self._since_ms is not None:
            self._clock.advance(self._since_ms)
        now_ms = self._intake.clock.now_ms()
        flagged = [Sample(name, now_ms, None, BAD) for name in self._dead_tags]
        self._intake.flag("bad_node", len(flagged)) if flagged else None
        history = await self._history()
        self._intake.take(sorted([*history, *self._samples(initial), *flagged], key=_time), None)
        while True:
            batch = await self._cycle()
            # The clock value of an earlier cycle: all that the server knew up to it has arrived by now.
            through_ms = self._clock.now_ms
            observed = None if through_ms is None or self._since_ms is None else (self._since_ms, through_ms)
            clock_ms = self._clock_of(batch)
            if clock_ms is not None and not self._clock.advance(clock_ms):
                self._since_ms = clock_ms
            self._intake.take(sorted(self._samples(batch), key=_time), observed)

    def _clock_of(self, batch: _Batch) -> int | None:
        return batch.clock_ms if self._device.clock else self._intake.clock.now_ms()

    async def _cycle(self) -> _Batch:
        """Everything of one publish cycle; a keepalive is an empty one."""
        batch = _Batch()
        while True:
            silent_s = KEEPALIVE_S * 2 + self._device.timeout_s
            try:
                async with asyncio.timeout(silent_s):
                    result = await self._publishes.get()
            except TimeoutError as error:
                raise DeviceUnreachable(f"{self._device.endpoint} is silent for {silent_s:g} s") from error
            message = result.NotificationMessage
            self._check_sequence(message)
            for part in message.NotificationData or ():
                if isinstance(part, ua.StatusChangeNotification):
                    raise DeviceUnreachable(
                        f"{self._device.endpoint}: subscription ended ({part.Status.name})"
                    )
                if isinstance(part, ua.DataChangeNotification):
                    self._collect(batch, part.MonitoredItems)
            if not result.MoreNotifications:
                self._intake.health.polls += 1
                return batch

    def _check_sequence(self, message: ua.NotificationMessage) -> None:
        """Notice a publish that was lost on the way or could not be decoded."""
        if not message.NotificationData or any(
            isinstance(part, ua.StatusChangeNotification) for part in message.NotificationData
        ):
            return
        number = int(message.SequenceNumber)
        if self._sequence is not None and number != self._sequence % LARGEST_SEQUENCE + 1:
            self._intake.flag("publish_lost")
            raise DeviceUnreachable(f"publish {self._sequence + 1} never came, {number} did")
        self._sequence = number

    def _collect(self, batch: _Batch, items: Sequence[ua.MonitoredItemNotification]) -> None:
        for item in items:
            handle, value = int(item.ClientHandle), item.Value
            if value.StatusCode is not None and value.StatusCode.value & OVERFLOW == OVERFLOW and handle:
                self._intake.flag("queue_overflow")
                raise DeviceUnreachable(f"the server dropped values of {self._names.get(handle, handle)}")
            if handle != CLOCK_HANDLE:
                batch.values.append((handle, value))
            elif isinstance(raw := _raw(value), int) and _quality(value) == GOOD:
                batch.clock_ms = raw
            else:
                self._intake.flag("bad_clock")

    def _samples(self, batch: _Batch) -> list[Sample]:
        samples = []
        for handle, value in batch.values:
            name = self._names.get(handle)
            if name is None:
                continue
            moment = value.SourceTimestamp or value.ServerTimestamp
            ts_ms = to_ms(moment) if moment else self._clock.now_ms or self._intake.clock.now_ms()
            quality = _quality(value)
            raw = None if quality == BAD else _raw(value)
            if (name, ts_ms, raw) not in self._replayed:
                samples.append(Sample(name, ts_ms, raw, quality))
        return samples

    async def _history(self) -> list[Sample]:
        """What the device's own list of changes knows of the time since it was last observed."""
        history = self._device.history
        if history is None:
            return []
        try:
            async with asyncio.timeout(self._device.timeout_s):
                cells = await self._client.get_node(history.node).read_value()
        except UaError as error:
            self._intake.flag("bad_history")
            raise DeviceRefused(
                f"{self._device.endpoint}: history {history.node}: {_reason(error)}"
            ) from error
        width = len(history.columns)
        cells = [] if cells is None else cells
        if not isinstance(cells, list) or len(cells) % width:
            self._intake.flag("bad_history")
            return []
        rows = [
            dict(zip(history.columns, cells[at : at + width], strict=True))
            for at in range(0, len(cells), width)
        ]
        mark = self._intake.mark()
        if mark is not None and rows and rows[0]["seq"] > 1 and rows[0]["ts_ms"] > mark:
            self._intake.flag("ring_overrun")
        samples = []
        for row in rows:
            ts_ms = int(row.pop("ts_ms"))
            del row["seq"]
            if mark is None or ts_ms > mark:
                samples += [Sample(tag, ts_ms, raw, kept=True) for tag, raw in row.items()]
        # The subscription may tell the newest of them again.
        self._replayed = {(sample.tag, sample.ts_ms, sample.raw) for sample in samples}
        return samples


def _time(sample: Sample) -> int:
    return sample.ts_ms


def _item(node: str, handle: int, queue: int) -> ua.MonitoredItemCreateRequest:
    return ua.MonitoredItemCreateRequest(
        ItemToMonitor=ua.ReadValueId(NodeId=ua.NodeId.from_string(node), AttributeId=AttributeIds.Value),
        MonitoringMode=ua.MonitoringMode.Reporting,
        RequestedParameters=ua.MonitoringParameters(
            ClientHandle=handle, SamplingInterval=0.0, QueueSize=queue, DiscardOldest=True
        ),
    )


def _raw(value: ua.DataValue) -> object:
    return None if value.Value is None else value.Value.Value


def _quality(value: ua.DataValue) -> int:
    status = value.StatusCode
    if status is None or status.is_good():
        return GOOD
    return STALE if status.is_uncertain() else BAD
