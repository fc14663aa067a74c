"""How fast the API answers many clients, without ingestion and while points arrive at a given rate."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from simulators.plant_file import read_plant
from taktline.bench import BenchWrong, versions
from taktline.bench.ingest_load import Gateway, gateways_of
from taktline.bench.ingest_proof import proof
from taktline.bench.oee import DEMO_PLANT
from taktline.bench.process_use import cpu_s, percentile
from taktline.broker import mosquitto_path
from taktline.history import spool_history
from taktline.plant_time import clock_starting, iso
from taktline.programs import wait_until
from taktline.stack import RunPlan, Stack
from wire.clock import real_ms

_GATEWAYS: Final = 4
_SEED: Final = 7
_HISTORY_MS: Final = 2 * 3_600_000
_DRAIN_S: Final = 300.0
_DEVICES: Final = 10 * _GATEWAYS
_METRICS: Final = 100
_RESTART_S: Final = 8.0  # about so long until the clients ask


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be chosen."""
    parser.add_argument("--clients", type=int, default=50, help="clients that ask at the same time")
    parser.add_argument("--period", type=float, default=5.0, help="each asks every so many seconds")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long, without and with ingestion")
    parser.add_argument("--points-per-s", type=int, default=100_000, help="points that arrive meanwhile")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures; the reference of the same run is the quiet server (`api_p99_ratio`, aim 3).

    The points are of the present, as a plant's are: with a third of them an hour ends, and when more
    than half have come it is closed (`closed_hours` says how many were).
    """
    if options.clients < 1 or not 0 < options.period <= options.seconds or options.points_per_s < 1:
        raise BenchWrong("accepted: --clients 1 or more, 0 < --period <= --seconds, --points-per-s 1 or more")
    with tempfile.TemporaryDirectory(prefix="taktline-bench-") as folder:
        stack = Stack(_plan(Path(folder)))
        load_before = os.getloadavg()[0]
        try:
            history = _bring_up(stack)
            with _ready_gateways(stack, options) as generator:
                _close_while_points_arrive(stack, options)
                _asked(
                    stack, options, options.period
                )  # once each, so that nothing is asked for the first time
                quiet = _asked(stack, options, options.seconds)
                loaded, ingest = _asked_under_ingest(stack, options, generator)
        finally:
            stack.stop()
        lost = proof(_gateways(stack, options), stack.plan.points_file)["lost"]
    ratio = loaded["p99_ms"] / quiet["p99_ms"]
    return {
        **{f"api_{name}": value for name, value in loaded.items()},
        **{f"quiet_{name}": value for name, value in quiet.items()},
        "api_p99_ratio": round(ratio, 2),
        **ingest,
        "asked_points_per_s": options.points_per_s,
        "lost": lost,
        "clients": options.clients,
        "history_readings": history,
        "broker": "mosquitto" if mosquitto_path() else "amqtt (embedded fallback)",
        "machine_load": round(load_before, 2),
        "versions": versions("taktline", "fastapi", "uvicorn", "httpx", "SQLAlchemy", "duckdb"),
    }


def _plan(folder: Path) -> RunPlan:
    plant = read_plant(DEMO_PLANT)
    return RunPlan(
        plant_file=DEMO_PLANT,
        plant=plant,
        seed=_SEED,
        clock=clock_starting(plant.origin_ms + _HISTORY_MS, real_ms(), 1.0),
        folder=folder,
        start_ms=plant.origin_ms,
    )


def _bring_up(stack: Stack) -> int:
    """Return how many readings of history went in through the gateways, which are gone again afterwards."""
    stack.start_broker()
    stack.cloud.start()
    stack.start_plant()
    readings = spool_history(stack.plan, stack.gateway_files).readings
    stack.start_cloud()
    stack.start_gateways()
    end = iso(stack.plan.origin_ms - 1)
    told = {machine.id for machine in stack.plan.plant.machines}  # by gateways; of others nothing comes
    with stack.api() as api:

        def is_derived() -> bool:
            tiles = [tile for tile in api.get("/live")["tiles"] if tile["machine"] in told]
            is_seen = all((tile["observed_through"] or "") >= end for tile in tiles)
            return is_seen and not api.get("/system")["deriver_lag"]

        if not wait_until(is_derived, _DRAIN_S, every_s=0.5):
            raise BenchWrong(f"the history was not derived within {_DRAIN_S:.0f} s:\n{stack.cloud.tail()}")
        stack.stop_gateways()
        stack.plant.stop()
        if api.get("/oee", scope="site", period="shift")["figure"]["oee"] is None:
            raise BenchWrong("the running shift has no OEE, so its answers would say nothing")
    return readings


def _close_while_points_arrive(stack: Stack, options: argparse.Namespace) -> None:
    """Nothing comes back; the cloud begins anew and closes the last hour amid the points."""
    passed_ms = stack.plan.clock.now_ms() - stack.plan.origin_ms
    until_s = passed_ms / 1000 + _RESTART_S + options.period + 1.6 * options.seconds
    stack.cloud.stop()
    stack.cloud.env["TAKTLINE_CLOSE_AFTER_MIN"] = f"{until_s / 60:.3f}"
    stack.start_cloud()


def _times(stack: Stack, options: argparse.Namespace) -> tuple[int, int]:
    """When the load begins, and how often a device of it is read (ms)."""
    began_ms = stack.plan.origin_ms - round(options.seconds * 1000 / 3)
    return began_ms, max(1, round(1000 * _DEVICES * _METRICS / options.points_per_s))


def _gateways(stack: Stack, options: argparse.Namespace) -> list[Gateway]:
    points = round(options.points_per_s * options.seconds)
    return gateways_of("scan", _GATEWAYS, points, *_times(stack, options))


def _closed_hours(stack: Stack) -> int:
    with stack.api() as api:
        return int(api.get("/system")["holdings"]["closed_hours"])


def _asked(stack: Stack, options: argparse.Namespace, seconds: float) -> dict[str, Any]:
    words = [f"{stack.url}/api/v1", options.clients, options.period, seconds]
    done = subprocess.run(  # noqa: S603 -- our own program, no shell
        [sys.executable, "-m", "taktline.bench.api_clients", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchWrong(f"the clients ended with {done.returncode}: {done.stderr[-500:]}")
    said = json.loads(done.stdout)
    if said["refused"]:
        raise BenchWrong(f"{len(said['refused'])} questions were refused, first {said['refused'][0]}")
    took_ms = said["took_ms"]
    p50, p99 = percentile(took_ms, 0.5), percentile(took_ms, 0.99)
    if p50 is None or p99 is None:
        raise BenchWrong("nothing was asked")
    return {"p50_ms": round(p50, 1), "p99_ms": round(p99, 1), "requests": len(took_ms)}


@contextmanager
def _ready_gateways(stack: Stack, options: argparse.Namespace) -> Iterator[subprocess.Popen[str]]:
    """Gateways that have encoded what they will send and wait for a line; they end with the block."""
    points = round(options.points_per_s * options.seconds)
    words = ["scan", points, _GATEWAYS, stack.broker_address[1], options.points_per_s]
    words += _times(stack, options)
    generator = subprocess.Popen(  # noqa: S603 -- our own program, no shell
        [sys.executable, "-m", "taktline.bench.ingest_sender", *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert generator.stdout is not None  # noqa: S101 -- it is a pipe
        if generator.stdout.readline() != "ready\n":
            raise BenchWrong(f"the gateways did not start (status {generator.wait()})")
        yield generator
    finally:
        generator.terminate()
        generator.wait()


def _asked_under_ingest(
    stack: Stack, options: argparse.Namespace, generator: subprocess.Popen[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    pid = stack.cloud.pid
    if pid is None:
        raise BenchWrong(f"the cloud has ended:\n{stack.cloud.tail()}")
    assert generator.stdout is not None  # noqa: S101 -- it is a pipe
    assert generator.stdin is not None  # noqa: S101 -- the same
    before_s, closed = cpu_s(pid), _closed_hours(stack)
    generator.stdin.write("go\n")
    generator.stdin.flush()
    figures = _asked(stack, options, options.seconds)
    line = generator.stdout.readline()
    used_s = cpu_s(pid) - before_s
    if not line:
        raise BenchWrong("the gateways ended before everything was receipted")
    said = json.loads(line)
    return figures, {
        "points_per_s": round(options.points_per_s * options.seconds / said["seconds"]),
        "ingest_seconds": round(said["seconds"], 1),
        "resent": said["resent"],
        "cloud_cpu_s": round(used_s, 1),
        "closed_hours": _closed_hours(stack) - closed,
    }
