"""What a gateway costs that watches an OPC UA server, beside a bare subscription of the library."""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from taktline.bench import BenchWrong, versions
from taktline.bench.gateway_run import Arrivals, folder_of, gateway_running, measured, settled, simulated
from wire.session_events import Point

READY_S = 120.0
PUBLISHING_MS = 200
# The reference is measured for so long at most: its cost per value does not change with time.
PEER_S = 20.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be chosen."""
    parser.add_argument("--nodes", type=int, default=5000, help="variables that are watched")
    parser.add_argument("--rate", type=float, default=5000.0, help="values that change per second, in all")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long is measured")
    parser.add_argument("--keep", type=Path, help="keep the run's files in this folder")


class NumberedValues(Arrivals):
    """The values that come: each is the number of its variable's change, so a lost one leaves a hole."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, int] = {}
        self.seen: set[str] = set()
        self.lost = self.doubled = 0

    def _count(self, _device: str, points: Sequence[Point], came_ms: int) -> None:
        for point in points:
            if not point.name.startswith("n") or not isinstance(point.value, float):
                continue
            number = int(point.value)
            before = self._last.get(point.name)
            self._last[point.name] = number
            if before is None:
                self.seen.add(point.name)
                continue
            # All of the run counts for what is lost, not the measured part alone.
            self.lost += max(0, number - before - 1)
            self.doubled += number <= before
            if self._is_open:
                self.values += 1
                self.ages.append(came_ms - point.ts_ms)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures."""
    if options.nodes < 1 or options.rate <= 0 or options.seconds <= 0:
        raise BenchWrong("accepted: --nodes 1 or more, --rate and --seconds above 0")
    words = ["--nodes", options.nodes, "--rate", options.rate, "--value", "counter"]
    arrivals = NumberedValues()
    with folder_of(options.keep) as folder, simulated("opcua", *words) as said:
        url = str(said["endpoint"])
        with gateway_running(folder, _device(options, url), arrivals.take) as gateway:

            def is_ready() -> bool:
                return len(arrivals.seen) == int(options.nodes)

            settled(gateway, is_ready, READY_S, "a value of every node")
            _, figures = measured(gateway, arrivals, options.seconds)
            figures = {
                "nodes": options.nodes,
                "publishing_ms": PUBLISHING_MS,
                **figures,
                "due_per_s": round(options.rate, 1),
                "lost": arrivals.lost,
                "doubled": arrivals.doubled,
            }
        return figures | _reference(options, url, figures)


def _device(options: argparse.Namespace, url: str) -> Iterator[str]:
    yield f'[[device]]\nid = "D1"\ndriver = "opcua"\nendpoint = "{url}"'
    yield f"publishing_ms = {PUBLISHING_MS}\ntimeout_s = 20.0"
    for number in range(options.nodes):
        name = f"n{number:04}"
        yield f'[[device.tag]]\nname = "{name}"\ndatatype = "Double"\nnode = "ns=2;s={name}"'


def _reference(options: argparse.Namespace, url: str, figures: dict[str, Any]) -> dict[str, Any]:
    """Return what the library alone spends on the same server, in a process of its own."""
    seconds = min(PEER_S, options.seconds)
    words = [url, str(options.nodes), str(PUBLISHING_MS), str(seconds)]
    done = subprocess.run(  # noqa: S603 -- our own program, no shell
        [sys.executable, "-m", "taktline.bench.asyncua_peer", *words],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=READY_S + seconds,
    )
    if done.returncode:
        raise BenchWrong(f"the library's own subscription ended with status {done.returncode}")
    peer = json.loads(done.stdout)
    bare_us = 1e6 * peer["cpu_s"] / max(1, peer["values"])
    return {
        "library_us_per_value": round(bare_us, 2),
        "library_values_per_s": round(peer["values"] / peer["seconds"], 1),
        "cpu_ratio_to_library": round(figures["cpu_us_per_value"] / bare_us, 3),
        "versions": versions("taktline", "asyncua", "paho-mqtt", "protobuf"),
    }
