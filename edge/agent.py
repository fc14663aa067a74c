"""A gateway at work: every device watched by a task of its own, everything seen handed to the spool."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from edge.config import GatewayConfig
from edge.devices import Device, RfidDevice
from edge.drivers import Watch, driver
from edge.errors import DeviceRefused, DeviceUnreachable, EdgeError
from edge.health import DeviceHealth, Health
from edge.intake import Intake
from edge.reading import Scan
from wire.clock import PlantClock

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 5.0
# A device that says no will say no again until a person changes something; it costs one question in so long.
REFUSED_WAIT_S = 15.0

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


async def supervise(device: Device, watch: Watch, intake: Intake, backoff: Backoff) -> None:
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
        _note_failure(device, health, error)
        await asyncio.sleep(backoff.wait_s(failures, error))


def _note_failure(device: Device, health: DeviceHealth, error: Exception) -> None:
    health.errors += 1
    health.last_error = str(error)
    state = "refused" if isinstance(error, DeviceRefused) else "down"
    if health.state != state:
        log.warning(
            "device_failed", device=device.id, state=state, endpoint=device.endpoint, error=str(error)
        )
    health.state = "refused" if state == "refused" else "down"


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
    backoff : Backoff
        Waits between sessions.
    """

    def __init__(
        self,
        config: GatewayConfig,
        clock: PlantClock,
        hand: Callable[[Scan], bool],
        mark: Callable[[str], int | None],
        backoff: Backoff | None = None,
    ) -> None:
        self.health = Health([device.id for device in config.device])
        self._backoff = backoff or Backoff()
        self._devices = list(config.device)
        self._clock = clock
        self._hand = hand
        self._mark = mark
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to watch every device; a driver is imported when the first device names it."""
        for device in self._devices:
            work = supervise(device, driver(device.driver), self._intake(device), self._backoff)
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
            every=isinstance(device, RfidDevice),
        )
