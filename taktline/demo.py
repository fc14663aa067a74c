"""The demo for people: the whole product on this computer, with a shift of history, until Ctrl-C."""

import contextlib
import ipaddress
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from simulators.plant_file import read_plant
from taktline.history import spool_history
from taktline.order_feed import OrderFeed
from taktline.plant_time import clock_starting, iso
from taktline.programs import StartFailed, answers, free_port
from taktline.stack import RunPlan, Stack
from wire.clock import real_ms

HISTORY_MIN = 480  # one shift
START_ALLOWANCE_S = 12.0  # real seconds in which all programs are up; plant time stands still until then
FEED_LEAD_S = 0.5
LOGINS = (
    ("admin", "everything, System page included"),
    ("manager", "sees everything, acknowledges alarms"),
    ("planner", "orders and work orders"),
    ("operator", "the floor"),
)


class HostRefused(ValueError):
    """The demo was asked to listen where others could reach its published passwords."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the command line chose.

    Parameters
    ----------
    plant_file
        The plant to run.
    host, port
        Where the web app listens; another port is taken when this one is in use.
    speed
        Plant seconds per real second.
    seed
        Chooses the simulated world.
    broker
        `auto`, `mosquitto` or `amqtt`.
    ui_dir
        The built web app.
    """

    plant_file: Path
    host: str = "127.0.0.1"
    port: int = 8080
    speed: float = 60.0
    seed: int = 7
    broker: str = "auto"
    ui_dir: Path | None = None
    history_min: int = HISTORY_MIN


def say(text: str = "") -> None:
    """Write a line for the person at the terminal."""
    print(text, flush=True)  # noqa: T201 -- the command's own output


def refuse_foreign_host(host: str) -> None:
    """Return only for an address of this computer alone.

    Raises
    ------
    HostRefused
        For any other: the demo's passwords are published.
    """
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return
    if host == "localhost":
        return
    raise HostRefused(
        f"--host {host}: the demo logs in with published passwords, so it listens on this computer alone. "
        "Accepted: 127.0.0.1, ::1 or localhost. "
        "For other computers use docker-compose.yml, which asks for a password."
    )


def run_demo(options: DemoOptions) -> int:
    """Return the exit code: 0 after Ctrl-C, 1 when a program did not come up, 2 for a wrong host."""
    try:
        refuse_foreign_host(options.host)
    except HostRefused as refused:
        print(refused, file=sys.stderr)  # noqa: T201 -- the command's own output
        return 2
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    folder = Path(tempfile.mkdtemp(prefix="taktline-demo-"))
    try:
        with started(options, folder, stop) as stack:
            if not stop.is_set():
                _welcome(stack)
                _watch(stack, stop)
            say("\nStopping …")
    except StartFailed as failed:
        print(failed, file=sys.stderr)  # noqa: T201 -- the command's own output
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    say("Stopped; nothing is left running.")
    return 0


def make_plan(options: DemoOptions, folder: Path) -> RunPlan:
    """Return the plan of a demo whose plant time starts to run a moment from now."""
    plant = read_plant(options.plant_file)
    port = free_port() if answers(options.port, options.host) else options.port
    return RunPlan(
        plant_file=options.plant_file,
        plant=plant,
        seed=options.seed,
        clock=clock_starting(plant.origin_ms, real_ms() + round(START_ALLOWANCE_S * 1000), options.speed),
        folder=folder,
        start_ms=plant.origin_ms - options.history_min * 60_000,
        http_host=options.host,
        http_port=port,
        broker=options.broker,
        ui_dir=options.ui_dir,
    )


@contextlib.contextmanager
def started(options: DemoOptions, folder: Path, stop: threading.Event) -> Iterator[Stack]:
    """Yield the running demo; its start ends early once `stop` is set; all programs end with the block."""
    stack = Stack(make_plan(options, folder))
    feed = order_feed(stack)
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("simulated plant", stack.start_plant),
        ("MQTT broker", stack.start_broker),
        (
            f"{options.history_min // 60} hours of history into the gateways' spools",
            lambda: spool_history(stack.plan, stack.gateway_files),
        ),
        ("cloud service", stack.start_cloud),
        ("orders of the simulated customers", feed.start),
        ("gateways", stack.start_gateways),
    )
    try:
        for number, (what, begin) in enumerate(steps, start=1):
            if stop.is_set():
                break
            say(f"[{number}/{len(steps)}] {what}")
            begin()
        yield stack
    finally:
        feed.stop()
        stack.stop()


def order_feed(stack: Stack) -> OrderFeed:
    """Return the feed that enters the world's orders into the stack's cloud."""
    plan = stack.plan
    return OrderFeed(
        (plan.plant, plan.seed, plan.start_ms), plan.clock.now_ms, iso, lambda: stack.api("planner")
    )


def _welcome(stack: Stack) -> None:
    from cloud.identity.actions import DEMO_PASSWORD  # noqa: PLC0415 -- not in an edge-only install

    say(f"\n  Taktline runs at  {stack.url}\n")
    say(f"  Log in with the password  {DEMO_PASSWORD}  as")
    for username, what in LOGINS:
        say(f"    {username:<9} {what}")
    say(
        f"\n  One real second is {stack.plan.clock.speed:g} plant seconds. Look at: Live plant (tiles move "
        "by themselves),\n  OEE (click a figure), Orders (follow one down to its tagged units), "
        "Alarms (a spindle wears out\n  within some plant hours), System (what the gateways deliver)."
    )
    say(f"\n  Logs: {stack.plan.folder / 'logs'}\n  Stop with Ctrl-C.")


def _watch(stack: Stack, stop: threading.Event) -> None:
    """Restart what ends by itself, and say so, until the person stops the demo."""
    while not stop.wait(1.0):
        for name, program in stack.programs.items():
            if program.has_ended:
                say(f"{name} ended by itself; starting it again. The end of its log:\n{program.tail(5)}")
                program.start()
