"""A simulated floor for a cloud that runs elsewhere: the plant, its gateways and its customers' orders."""

import os
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from simulators.plant_file import read_plant
from taktline.client import Api
from taktline.demo import say
from taktline.people import People
from taktline.plant_time import clock_starting
from taktline.programs import StartFailed
from taktline.stack import RunPlan, Stack
from wire.clock import REAL_TIME, ClockWrong, PlantClock, from_environment, real_ms

WARM_UP_MIN = 60


@dataclass(frozen=True, slots=True)
class FloorOptions:
    """What the command line chose; `certs` has a folder for each gateway, as `certs make` writes them."""

    data: Path
    broker: str
    cloud: str
    plant_file: Path
    seed: int
    certs: Path | None = None

    @property
    def broker_address(self) -> tuple[str, int]:
        """Host and port of the broker.

        Raises
        ------
        ValueError
            When it is not written as host:port.
        """
        host, _, port = self.broker.rpartition(":")
        if not host or not port.isdigit():
            raise ValueError(f"--broker {self.broker}: accepted is host:port, e.g. mosquitto:1883")
        return host, int(port)


def run_floor(options: FloorOptions) -> int:
    """Return the exit code: 0 after SIGTERM, 1 when a program did not come up, 2 for wrong options."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        stack = Stack(_plan(options), broker_address=options.broker_address)
    except (ValueError, ClockWrong) as wrong:
        print(wrong, file=sys.stderr)  # noqa: T201 -- the command's own output
        return 2
    people = _people(options, stack)
    try:
        stack.start_plant()
        stack.start_gateways()
        if people is not None:
            people.start()
        say(f"the floor runs: {', '.join(stack.gateways)}; logs in {stack.plan.folder / 'logs'}")
        while not stop.wait(1.0):
            for name, program in stack.programs.items():
                if program.has_ended:
                    say(f"{name} ended by itself; starting it again. The end of its log:\n{program.tail(5)}")
                    program.start()
    except StartFailed as failed:
        print(failed, file=sys.stderr)  # noqa: T201 -- the command's own output
        return 1
    finally:
        if people is not None:
            people.stop()
        stack.stop()
    return 0


def floor_clock() -> PlantClock:
    """Return the clock of TAKTLINE_CLOCK; in real time the same time, counted from this start."""
    clock = from_environment()
    if clock != REAL_TIME:
        return clock
    now = real_ms() // 2 * 2
    return clock_starting(now, now, 1.0)


def _plan(options: FloorOptions) -> RunPlan:
    clock = floor_clock()
    origin_ms = int(clock.origin.timestamp() * 1000)
    return RunPlan(
        plant_file=options.plant_file,
        plant=read_plant(options.plant_file),
        seed=options.seed,
        clock=clock,
        folder=options.data,
        start_ms=origin_ms - WARM_UP_MIN * 60_000,
        demo_users=False,
        certs=options.certs,
    )


def _people(options: FloorOptions, stack: Stack) -> People | None:
    """Return the people when the cloud's address and the admin's password are known."""
    password = os.environ.get("TAKTLINE_ADMIN_PASSWORD")
    if not options.cloud or not password:
        return None
    return People(stack.plan, lambda _name: Api(options.cloud, "admin", password))
