"""A gateway under measurement: simulator, broker, receipting host and the real process, begun and ended."""

import json
import subprocess
import sys
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from taktline.bench import BenchWrong
from taktline.bench.process_use import cpu_s, percentile, rss_mb
from taktline.bench.receipting_host import ReceiptingHost
from taktline.broker import start_broker
from taktline.programs import Program, free_port
from wire.session_events import Point

SETTLE_S = 3.0


class Arrivals(ABC):
    """The values that come while it is measured, with their ages, ms; what counts, a benchmark says."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_open = False
        self.values = 0
        self.ages: list[float] = []

    def take(self, device: str, points: Sequence[Point], came_ms: int) -> None:
        """Count a batch of a device, or of the node when `device` is empty."""
        with self._lock:
            self._count(device, points, came_ms)

    @abstractmethod
    def _count(self, device: str, points: Sequence[Point], came_ms: int) -> None: ...

    def _begin(self) -> None:
        """Forget what was counted before."""
        self.values, self.ages = 0, []

    def measure(self, seconds: float) -> float:
        """Begin anew, count for so long; returns how long it was."""
        with self._lock:
            self._begin()
            self._is_open = True
        began = time.monotonic()
        time.sleep(seconds)
        with self._lock:
            self._is_open = False
        return time.monotonic() - began


@contextmanager
def folder_of(keep: Path | None) -> Iterator[Path]:
    """Give the folder of a run: `keep`, made when missing, or one that goes with the run."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="taktline-bench-") as folder:
        yield Path(folder)


@contextmanager
def simulated(what: str, *words: object) -> Iterator[dict[str, Any]]:
    """Run a simulator in a process of its own; gives what it says about itself.

    Raises
    ------
    BenchWrong
        When it does not start.
    """
    world = subprocess.Popen(  # noqa: S603 -- our own program, no shell
        [sys.executable, "-m", "simulators", "serve", what, *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert world.stdout is not None  # noqa: S101 -- it is a pipe
        line = world.stdout.readline()
        if not line:
            raise BenchWrong(f"the simulator did not start (status {world.wait()})")
        yield json.loads(line)
    finally:
        world.terminate()
        world.wait()


@contextmanager
def gateway_running(
    folder: Path, devices: Iterable[str], take: Callable[[str, Sequence[Point], int], None]
) -> Iterator[Program]:
    """Run a gateway over `devices` (lines of its file, kept as `edge.toml`); its batches go to `take`."""
    port = free_port()
    file = folder / "edge.toml"
    head = [
        'gateway = { group = "bench", node = "edge" }',
        f'uplink = {{ host = "127.0.0.1", port = {port} }}',
        'spool = { path = "edge.spool" }',
    ]
    file.write_text("\n".join([*head, *devices]) + "\n")
    with ExitStack() as ending:
        ending.callback(start_broker(folder, port).stop)
        host = ReceiptingHost(port, take)
        ending.callback(host.close)
        gateway = Program(
            "gateway", [sys.executable, "-m", "edge", "run", str(file)], {}, folder / "edge.log"
        )
        gateway.start()
        ending.callback(gateway.stop)
        yield gateway


def settled(gateway: Program, is_ready: Callable[[], bool], ready_s: float, what: str) -> None:
    """Return when the gateway has brought `what` and the stir of its start is over."""
    gateway.expect(is_ready, ready_s, what)
    time.sleep(SETTLE_S)


def measured(gateway: Program, arrivals: Arrivals, seconds: float) -> tuple[float, dict[str, Any]]:
    """Return how long was measured (s), and what came and what it cost meanwhile.

    Raises
    ------
    BenchWrong
        When the gateway has ended.
    """
    pid = gateway.pid
    if pid is None:
        raise BenchWrong(f"the gateway has ended:\n{gateway.tail()}")
    before_s = cpu_s(pid)
    lasted_s = arrivals.measure(seconds)
    used_s = cpu_s(pid) - before_s
    return lasted_s, {
        "seconds": round(lasted_s, 2),
        "values_per_s": round(arrivals.values / lasted_s, 1),
        "cpu_core": round(used_s / lasted_s, 4),
        "cpu_us_per_value": round(1e6 * used_s / max(1, arrivals.values), 2),
        "rss_mb": round(rss_mb(pid), 1),
        "age_p50_ms": percentile(arrivals.ages, 0.5),
        "age_p99_ms": percentile(arrivals.ages, 0.99),
    }
