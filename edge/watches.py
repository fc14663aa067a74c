"""The watching of all devices: each in a task of its own, session after session."""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog

from edge.config import GatewayConfig
from edge.derived.engine import Engine
from edge.derived.expression import Ref
from edge.devices import Device
from edge.devices.derived import derivations, sources_of
from edge.devices.reader import Reader
from edge.drivers import Watch, driver
from edge.errors import DeviceRefused, DeviceUnreachable, EdgeError
from edge.health import DeviceHealth, Health
from edge.intake import Intake
from edge.reading import Scan
from edge.writes import Writes
from wire.clock import PlantClock

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 5.0
# A device that says no will say no again until a person changes something: asked once in about so long.
REFUSED_WAIT_S = 15.0

# Device id, and whether it answers.
Announce = Callable[[str, bool], None]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before the next session: doubling to `longest_s`, every wait jittered by half."""

    first_s: float = FIRST_WAIT_S
    longest_s: float = LONGEST_WAIT_S
    refused_s: float = REFUSED_WAIT_S

    def wait_s(self, failures: int, error: Exception) -> float:
        """Seconds to wait after `failures` sessions in a row without an answer, e.g. 0.2–0.4 s after one."""
        longest = min(self.longest_s, self.first_s * 2.0 ** min(failures, 30))
        if isinstance(error, DeviceRefused):
            longest = self.refused_s
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads reconnects, guards nothing

    def of(self, device: Device) -> "Backoff":
        """The waits of a device, whose file says how long they may get (`retry_max_s`).

        Where that is longer than the question to a device that refuses, it holds for that too.
        """
        if "retry_max_s" not in device.model_fields_set:
            return self
        longest_s = device.retry_max_s
        return Backoff(min(self.first_s, longest_s), longest_s, max(self.refused_s, longest_s))


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
        except asyncio.CancelledError:
            intake.writes.close("the gateway leaves the device")
            raise
        except EdgeError as caught:
            error = caught
        except Exception as caught:  # noqa: BLE001 - a fault in one driver must not stop the other devices
            log.error("driver_fault", device=device.id, error=repr(caught))  # noqa: TRY400 - people get no stack traces
            error = caught
        intake.writes.close(f"the device is not reached: {error}")
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
        Waits between sessions where a device's file says nothing.
    counts : mapping of (device, tag) to int
        Where derived counters go on.
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
        counts: Mapping[tuple[str, str], int] | None = None,
    ) -> None:
        self.health = Health([device.id for device in config.device])
        self._backoff = backoff or Backoff()
        self._devices = list(config.device)
        self._counts = {Ref(*key): count for key, count in (counts or {}).items()}
        self._across = self._over_devices(config)
        self._clock = clock
        self._hand = hand
        self._mark = mark
        self._announce = announce
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._intakes: dict[str, Intake] = {}

    def writes(self, device: str) -> Writes | None:
        """The queue of writes of a device that is watched."""
        intake = self._intakes.get(device)
        return None if intake is None else intake.writes

    def start(self) -> None:
        """Begin to watch every device; a driver is imported when the first device names it."""
        for device in self._devices:
            self._watch(device)

    def _watch(self, device: Device) -> None:
        intake = self._intakes[device.id] = self._intake(device)
        work = supervise(device, driver(device.driver), intake, self._backoff.of(device), self._announce)
        self._tasks[device.id] = asyncio.create_task(work, name=f"watch {device.id}")

    async def apply(self, config: GatewayConfig, counts: Mapping[tuple[str, str], int]) -> list[str]:
        """Ids of the devices that were begun anew: those that are new or changed; the others are not touched.

        Parameters
        ----------
        config : GatewayConfig
            What is to be watched from now on.
        counts : mapping of (device, tag) to int
            Where derived counters go on.
        """
        before = {device.id: device for device in self._devices}
        after = {device.id: device for device in config.device}
        ended = [name for name, device in before.items() if after.get(name) != device]
        await self._cancel(ended)
        for name in before.keys() - after.keys():
            del self.health.devices[name]
        self._devices = list(config.device)
        self._counts = {Ref(*key): count for key, count in counts.items()}
        self._across = self._over_devices(config)
        for device in config.device:
            if device.id in self._tasks:
                self._intakes[device.id].derive(self._derived(device), self._across)
            else:
                self.health.devices[device.id] = DeviceHealth()
                self._watch(device)
        return [name for name, device in after.items() if before.get(name) != device]

    async def _cancel(self, devices: Iterable[str]) -> None:
        tasks = [self._tasks.pop(device) for device in devices]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Close every session; what was seen until now has been handed on."""
        await self._cancel(list(self._tasks))
        for health in self.health.devices.values():
            health.state = "stopped"

    def _intake(self, device: Device) -> Intake:
        intake = Intake(
            device=device.id,
            tags=device.tag,
            clock=self._clock,
            hand=self._hand,
            mark=lambda: self._mark(device.id),
            health=self.health.devices[device.id],
            announce=lambda is_online: self._announce(device.id, is_online),
            every=isinstance(device, Reader) or getattr(device, "every", False),
        )
        intake.derive(self._derived(device), self._across)
        return intake

    def _over_devices(self, config: GatewayConfig) -> Engine | None:
        if not config.derived:
            return None
        return Engine(derivations(None, sources_of(config.device), config.derived, self._counts))

    def _derived(self, device: Device) -> Engine | None:
        if not device.derived:
            return None
        sources = sources_of([device], with_derived=False)
        return Engine(derivations(device.id, sources, device.derived, self._counts))
