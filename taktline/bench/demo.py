"""How soon the demo's first page stands, and how pages answer while its days of history come in."""

import argparse
import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from simulators.plant_file import read_plant
from simulators.world import World
from taktline.bench import BenchWrong, versions
from taktline.bench.live_lag import LiveLag, Shown, lag_keys
from taktline.bench.oee import DEMO_PLANT
from taktline.bench.process_use import cpu_s, percentile
from taktline.catching_up import CatchingUp, stored_share
from taktline.client import Api
from taktline.demo import DemoOptions, history_minutes, started
from taktline.plant_time import iso
from taktline.programs import free_port, wait_until
from taktline.stack import Stack

_FIRST_PAGE_S: Final = 600.0
_EVERY_S: Final = 1.0
_AFTER_S: Final = 30.0  # of live lag when all has come in
PAGES: Final[tuple[tuple[str, dict[str, str | float]], ...]] = (
    ("/live", {}),
    ("/oee", {"scope": "site", "period": "shift"}),
    ("/orders", {"limit": 50}),
    ("/alarms", {"state": "all"}),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be chosen."""
    parser.add_argument("--history", default="14d", help="as `taktline demo` takes it")
    parser.add_argument("--minutes", type=float, default=15.0, help="longest wait for all of it")


@dataclass(slots=True)
class _Seen:
    """What was measured of one run, in real seconds since its start."""

    first_page_s: float = 0.0
    complete_s: float | None = None
    took_ms: list[float] = field(default_factory=list)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures; the reference of the same run is how pages answer when all has come in.

    The first page stands when live tiles, and an OEE of the last shift before plant time began, are answered.
    """
    try:
        history_min = history_minutes(options.history)
    except ValueError as wrong:
        raise BenchWrong(f"--history {wrong}") from wrong
    if options.minutes <= 0:
        raise BenchWrong("accepted: --minutes above 0")
    demo = DemoOptions(DEMO_PLANT, port=free_port(), history_min=history_min)
    world = _world(demo)
    load_before = os.getloadavg()[0]
    begun = time.monotonic()
    seen = _Seen()
    with (
        tempfile.TemporaryDirectory(prefix="taktline-bench-") as folder,
        started(demo, Path(folder), threading.Event()) as stack,
        stack.api() as api,
        _looked_at(stack, world) as lag,
    ):
        if not wait_until(lambda: _stands(stack, api), _FIRST_PAGE_S, every_s=0.2):
            raise BenchWrong(f"no page within {_FIRST_PAGE_S:.0f} s:\n{stack.cloud.tail()}")
        seen.first_page_s = time.monotonic() - begun
        if _watch(stack, api, seen.took_ms, begun + options.minutes * 60):
            seen.complete_s = time.monotonic() - begun
        lags_s = lag.so_far()
        used_s = 0.0 if stack.cloud.pid is None else cpu_s(stack.cloud.pid)
        points = api.get("/system")["points_total"]
        quiet = [took for _ in range(10) for took in _ask(api)]
        arrived = stored_share(stack.spools)
        _live_on(stack)
        lag.so_far()
        time.sleep(_AFTER_S)
        after_lags_s = lag.so_far()
    return {
        "first_page_s": round(seen.first_page_s, 1),
        "complete_s": None if seen.complete_s is None else round(seen.complete_s, 1),
        "arrived": round(arrived, 4),
        "points": points,
        "page_p50_ms": _rounded(percentile(seen.took_ms, 0.5)),
        "page_p99_ms": _rounded(percentile(seen.took_ms, 0.99)),
        "after_p99_ms": _rounded(percentile(quiet, 0.99)),
        **lag_keys("live_lag", lags_s),
        **lag_keys("after_live_lag", after_lags_s),
        "cloud_cpu_s": round(used_s, 1),
        "history": options.history,
        "machine_load": round(load_before, 2),
        "versions": versions("taktline", "fastapi", "SQLAlchemy", "duckdb"),
    }


def _world(demo: DemoOptions) -> World:
    """The demo's world at the time at which its plant begins to live."""
    plant = read_plant(demo.plant_file)
    world = World(plant, demo.seed, plant.origin_ms - demo.history_min * 60_000)
    world.advance(plant.origin_ms)
    return world


@contextlib.contextmanager
def _looked_at(stack: Stack, world: World) -> Iterator[LiveLag]:
    with stack.api() as api:
        lag = LiveLag(Shown(world, stack.plan.clock.speed), api, stack.plan.clock.now_ms)
        lag.start()
        try:
            yield lag
        finally:
            lag.stop()


def _live_on(stack: Stack) -> None:
    """Return when plant time has run for a while: on a busy machine it begins late."""
    clock, lived_ms = stack.plan.clock, _AFTER_S * 1000 * stack.plan.clock.speed
    wait_until(lambda: clock.now_ms() > stack.plan.origin_ms + lived_ms, _FIRST_PAGE_S, every_s=0.2)


def _stands(stack: Stack, api: Api) -> bool:
    plan = stack.plan
    window = {"start": iso(max(plan.start_ms, plan.origin_ms - 8 * 3_600_000)), "end": iso(plan.origin_ms)}
    figure = api.get("/oee", scope="site", **window)["figure"]
    return bool(api.get("/live")["tiles"]) and figure["oee"] is not None


def _watch(stack: Stack, api: Api, took_ms: list[float], until_s: float) -> bool:
    """Return whether all came in; pages were asked for meanwhile as by somebody who looks on."""
    catching_up = CatchingUp(stack.spools, api, lambda _: None)
    while time.monotonic() < until_s:
        took_ms += _ask(api)
        catching_up.look(time.monotonic())
        if catching_up.is_over:
            return True
        time.sleep(_EVERY_S)
    return False


def _ask(api: Api) -> list[float]:
    took_ms = []
    for path, words in PAGES:
        begun = time.perf_counter()
        api.get(path, **words)
        took_ms.append((time.perf_counter() - begun) * 1000)
    return took_ms


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
