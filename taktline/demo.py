"""The demo for people: the whole product on this computer, with days of history, until Ctrl-C."""

import contextlib
import ipaddress
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from simulators.plant_file import read_plant
from simulators.world import World
from taktline.catching_up import CatchingUp
from taktline.client import ApiRefused
from taktline.history import spool_history
from taktline.kept import FILE, Kept, KeptWrong, kept_in
from taktline.people import People
from taktline.plant_time import anchor_in, clock_starting
from taktline.programs import StartFailed, answers, free_port
from taktline.stack import DAY_MS, RunPlan, Stack

SHIFT_MIN = 480
DAY_MIN = 1440
LONGEST_DAYS = 60
# Days of history come in as fast as the cloud works them in beside what is live and who looks at it.
BACKLOG_KB_S = 64.0
QUIET_START_S = 12.0
QUIET_DAY_S = 1.8  # of making one day of history
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
    history_min
        Plant minutes of history on which it opens.
    keep
        A folder in which data stay; a demo that stands there goes on. None: gone at the end.
    """

    plant_file: Path
    host: str = "127.0.0.1"
    port: int = 8080
    speed: float = 60.0
    seed: int = 7
    broker: str = "auto"
    ui_dir: Path | None = None
    history_min: int = SHIFT_MIN
    keep: Path | None = None


def history_minutes(text: str) -> int:
    """Return the minutes of a length of history, e.g. `14d` → 20,160, `8h` → 480, `0` → 0.

    Raises
    ------
    ValueError
        When it is neither, or longer than 60 days.
    """
    number, unit = (text[:-1], text[-1]) if text[-1:] in {"d", "h"} else (text, "")
    minutes = -1.0
    with contextlib.suppress(ValueError):
        minutes = float(number) * {"d": DAY_MIN, "h": 60, "": 0 if float(number) == 0 else -1}[unit]
    if not 0 <= minutes <= LONGEST_DAYS * DAY_MIN:
        raise ValueError(
            f"{text!r}; accepted: days or hours such as 14d or 8h, at most {LONGEST_DAYS}d, or 0"
        )
    return round(minutes)


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
    folder = options.keep or Path(tempfile.mkdtemp(prefix="taktline-demo-"))
    try:
        with started(options, folder, stop) as stack:
            if not stop.is_set():
                _welcome(stack)
                _watch(stack, stop)
            say("\nStopping …")
    except (StartFailed, KeptWrong) as failed:
        print(failed, file=sys.stderr)  # noqa: T201 -- the command's own output
        return 2 if isinstance(failed, KeptWrong) else 1
    finally:
        if options.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    say("Stopped; nothing is left running.")
    return 0


def make_plan(options: DemoOptions, folder: Path, kept: Kept | None = None) -> RunPlan:
    """Return the plan of a demo whose plant time starts to run a moment from now, or goes on where it was."""
    plant = read_plant(options.plant_file)
    port = free_port() if answers(options.port, options.host) else options.port
    origin_ms = plant.origin_ms if kept is None else kept.resumes_ms
    start_ms = origin_ms - options.history_min * 60_000 if kept is None else kept.start_ms
    quiet_s = QUIET_START_S + QUIET_DAY_S * (origin_ms - start_ms) / DAY_MS
    return RunPlan(
        plant_file=options.plant_file,
        plant=plant,
        seed=options.seed if kept is None else kept.seed,
        clock=clock_starting(origin_ms, anchor_in(quiet_s), options.speed),
        folder=folder,
        start_ms=start_ms,
        http_host=options.host,
        http_port=port,
        broker=options.broker,
        ui_dir=options.ui_dir,
        backlog_kb_s=BACKLOG_KB_S,
    )


@contextlib.contextmanager
def started(options: DemoOptions, folder: Path, stop: threading.Event) -> Iterator[Stack]:
    """Yield the running demo; its start ends early once `stop` is set; all programs end with the block."""
    kept = kept_in(folder)
    # A start that did not come to its end is made anew.
    for left in ("logs",) if kept is not None else ("broker", "cloud", "gateways", "logs"):
        shutil.rmtree(folder / left, ignore_errors=True)
    if kept is not None:
        say(kept.told())
    plan = make_plan(options, folder, kept)
    stack = Stack(plan)
    begun = _Begun(stack, kept)
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("MQTT broker; cloud service and simulated plant are on their way", begun.programs),
        (_history_step(options.history_min), begun.history),
        ("simulated plant", stack.start_plant),
        ("cloud service", stack.start_cloud),
        ("orders of the simulated customers, targets of their manager", begun.orders),
        ("gateways", stack.start_gateways),
    )
    try:
        for number, (what, begin) in enumerate(steps, start=1):
            if stop.is_set():
                break
            if kept is None or begin != begun.history:
                say(f"[{number}/{len(steps)}] {what}")
            begin()
        yield stack
    finally:
        if begun.people is not None:
            begun.people.stop()
        stack.stop()
        if (folder / FILE).exists():  # its history was complete; the gateways told until just now
            remember(plan)


class _Begun:
    """The steps of a start that are more than the start of one program."""

    def __init__(self, stack: Stack, kept: Kept | None) -> None:
        self._stack = stack
        self._kept = kept
        self._world: World | None = None
        self.people: People | None = None

    def programs(self) -> None:
        """Start the broker, and what takes a while to come up beside the making of history."""
        self._stack.start_broker()
        self._stack.cloud.start()
        self._stack.plant.start()

    def history(self) -> None:
        """Fill the gateways' spools, unless they have been: then they hold it or have handed it over."""
        plan = self._stack.plan
        if self._kept is None:
            self._stack.describe_gateways()
            self._world = spool_history(plan, self._stack.gateway_files).world
        remember(plan)

    def orders(self) -> None:
        """Enter the orders of the past, before their data come; begin to enter targets and what follows."""
        plan = self._stack.plan
        people = People(plan, self._stack.api, self._world, plan.plant.targets)
        # What cannot be entered now waits, and its feed says why and tries again.
        with self._stack.api("planner") as api, contextlib.suppress(ApiRefused):
            people.enter_waiting(api)
        self.people = people
        people.start()


def remember(plan: RunPlan) -> None:
    """Write down how far plant time has come, for a demo that is kept."""
    Kept(plan.seed, plan.start_ms, plan.clock.now_ms(), plan.clock.speed).write(plan.folder)


def _history_step(minutes: int) -> str:
    if minutes == 0:
        return "gateways' files; no history"
    length = f"{minutes // DAY_MIN} days" if minutes >= 2 * DAY_MIN else f"{minutes // 60} hours"
    return f"{length} of history into the gateways' spools"


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
    with stack.api() as api:
        catching_up = CatchingUp(stack.spools, api, say)
        while not stop.wait(1.0):
            remember(stack.plan)
            for name, program in stack.programs.items():
                if program.has_ended:
                    end = program.tail(5)
                    say(f"{name} ended by itself; starting it again. The end of its log:\n{end}")
                    program.start()
            catching_up.look(time.monotonic())
