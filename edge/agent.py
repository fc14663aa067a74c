"""A gateway at work: every device watched by a task of its own, what it says spooled, sent, receipted."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from edge.config import GatewayConfig
from edge.devices import Device, RfidDevice
from edge.drivers import Watch, driver
from edge.errors import DeviceRefused, DeviceUnreachable, EdgeError
from edge.gateway import GatewayIdentity, SpoolSettings, UplinkSettings
from edge.health import DeviceHealth, Health
from edge.intake import BAD_INPUT, Intake
from edge.reading import DeviceSpec, Scan
from edge.spool import Spool
from edge.uplink import Uplink
from wire.clock import PlantClock
from wire.sparkplug import DataType

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 5.0
# A device that says no will say no again until a person changes something; it costs one question in so long.
REFUSED_WAIT_S = 15.0
# How long a gateway that is told to stop waits for receipts; the rest goes out after the next start.
DRAIN_S = 8.0

# Device id, and whether it answers.
Announce = Callable[[str, bool], None]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before the next session: doubling to `longest_s`, jittered by half."""

    first_s: float = FIRST_WAIT_S
    longest_s: float = LONGEST_WAIT_S
    refused_s: float = REFUSED_WAIT_S

    def wait_s(self, failures: int, error: Exception) -> float:
        """Seconds to wait after `failures` sessions in a row without an answer, e.g. 0.2–0.4 s after one."""
        if isinstance(error, DeviceRefused):
            return self.refused_s
        longest = min(self.longest_s, self.first_s * 2.0 ** min(failures, 30))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads reconnects, guards nothing


async def supervise(
    device: Device, watch: Watch, intake: Intake, backoff: Backoff, announce: Announce
) -> None:
    """Keep one device watched until cancelled: session after session, with waits in between.

    Says once in the log when the device fails and once when it recovers, whatever number of attempts lies
    between.
    """
    health = intake.health
    failures = 0
    while True:
        sessions = health.sessions
        intake.open_session()
        try:
            await watch(device, intake)
            error: Exception = DeviceUnreachable("the session ended")
        except EdgeError as caught:
            error = caught
        except Exception as caught:  # noqa: BLE001 - a fault in one driver must not stop the other devices
            log.error("driver_fault", device=device.id, error=repr(caught))  # noqa: TRY400 - people get no stack traces
            error = caught
        failures = 0 if health.sessions > sessions else failures + 1
        if _note_failure(device, health, error):
            announce(device.id, False)
        await asyncio.sleep(backoff.wait_s(failures, error))


def _note_failure(device: Device, health: DeviceHealth, error: Exception) -> bool:
    """Whether this failure is news."""
    health.errors += 1
    health.last_error = str(error)
    state = "refused" if isinstance(error, DeviceRefused) else "down"
    if health.state != state:
        log.warning(
            "device_failed", device=device.id, state=state, endpoint=device.endpoint, error=str(error)
        )
    was_present = health.state not in {"refused", "down"}
    health.state = "refused" if state == "refused" else "down"
    return was_present


class Watches:
    """All devices of one gateway, each in a task of its own.

    Parameters
    ----------
    config : GatewayConfig
        The gateway's configuration.
    clock : PlantClock
        Plant time of the gateway.
    hand : callable
        Takes each scan without blocking; False when it could not.
    mark : callable
        Device id → plant time (ms) up to which it was observed before, or None.
    announce : callable
        Device id and whether it answers, called when that changes; every device counts as present at first.
    backoff : Backoff
        Waits between sessions.
    """

    def __init__(
        self,
        config: GatewayConfig,
        clock: PlantClock,
        hand: Callable[[Scan], bool],
        mark: Callable[[str], int | None],
        *,
        announce: Announce = lambda _device, _is_online: None,
        backoff: Backoff | None = None,
    ) -> None:
        self.health = Health([device.id for device in config.device])
        self._backoff = backoff or Backoff()
        self._devices = list(config.device)
        self._clock = clock
        self._hand = hand
        self._mark = mark
        self._announce = announce
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to watch every device; a driver is imported when the first device names it."""
        for device in self._devices:
            work = supervise(
                device, driver(device.driver), self._intake(device), self._backoff, self._announce
            )
            self._tasks.append(asyncio.create_task(work, name=f"watch {device.id}"))

    async def stop(self) -> None:
        """Close every session; what was seen until now has been handed on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        for health in self.health.devices.values():
            health.state = "stopped"

    def _intake(self, device: Device) -> Intake:
        return Intake(
            device=device.id,
            tags=device.tag,
            clock=self._clock,
            hand=self._hand,
            mark=lambda: self._mark(device.id),
            health=self.health.devices[device.id],
            announce=lambda is_online: self._announce(device.id, is_online),
            every=isinstance(device, RfidDevice),
        )


def specs_of(config: GatewayConfig) -> list[DeviceSpec]:
    """Each device with the Sparkplug datatype of each of its tags, the gateway's own counter among them."""
    return [
        DeviceSpec(
            device.id,
            {tag.name: DataType[tag.datatype.upper()] for tag in device.tag} | {BAD_INPUT: DataType.INT64},
        )
        for device in config.device
    ]


def open_spool(config: GatewayConfig) -> Spool:
    """The spool that a gateway's configuration describes; it has one writer.

    Raises
    ------
    SpoolWrong
        When the spool's file is in use, damaged or another node's.
    """
    keys = config.spool
    identity = GatewayIdentity(config.gateway.group, config.gateway.node)
    settings = SpoolSettings(
        Path(keys.path), keys.commit_s, keys.max_mb << 20, keys.keep_after_receipt_h * 3600
    )
    return Spool(settings, identity, specs_of(config))


class Gateway:
    """One gateway: devices, spool and uplink, from its start to its farewell.

    Parameters
    ----------
    config : GatewayConfig
        As `edge.config.load` gives it.
    clock : PlantClock
        Plant time.
    drain_s : float
        Real seconds to wait for receipts when told to stop.

    Raises
    ------
    SpoolWrong
        When the spool's file is in use, damaged or another node's.
    """

    def __init__(self, config: GatewayConfig, clock: PlantClock, drain_s: float = DRAIN_S) -> None:
        self.spool = open_spool(config)
        settings = UplinkSettings(**config.uplink.model_dump())
        self.uplink = Uplink(settings, specs_of(config), self.spool, clock)
        self._watches = Watches(config, clock, self.spool.put, self.spool.mark, announce=self._announce)
        self._drain_s = drain_s

    @property
    def health(self) -> Health:
        """Counters of every device."""
        return self._watches.health

    def _announce(self, device: str, is_online: bool) -> None:  # noqa: FBT001 - the form of a callback
        self.uplink.set_online(device, is_online=is_online)

    async def run(self, stop: asyncio.Event) -> bool:
        """Whether all that was spooled had its receipt when the gateway left, after `stop` was set.

        Devices are left first, then the spool is drained for at most `drain_s`, then the node says farewell.
        """
        self.uplink.start()
        self._watches.start()
        try:
            await stop.wait()
        finally:
            await self._watches.stop()
            is_drained = await asyncio.to_thread(self.uplink.stop, self._drain_s)
            await asyncio.to_thread(self.spool.close)
        log.info("gateway_left", is_drained=is_drained, bad_input=dict(self.health.bad_input()))
        return is_drained
