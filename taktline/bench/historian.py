"""What the historian costs beside bare DuckDB: inserting, size, questions, commits while hours close."""

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from cloud.timeseries.batch_columns import BatchArrays
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.duckdb_months import BLOCK_BYTES
from cloud.timeseries.duckdb_tables import PTS
from cloud.timeseries.point_columns import GoodRun, PointArrays
from cloud.timeseries.store import Commit, StreamKey
from taktline.bench import BenchWrong, api, versions

NODE, STREAM = "bench/gw", "b" * 32
PER_BATCH = 100
HOUR_S = 3600
START_S = 1_772_323_200  # 2026-03-01T00:00:00Z
COLUMNS = "(ts bigint, tag_id integer, value double, quality smallint, batch bigint, ord usmallint)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be chosen."""
    parser.add_argument("--tags", type=int, default=1000, help="values of each scan; a multiple of 100")
    parser.add_argument("--hours", type=int, default=24, help="hours of history")
    parser.add_argument("--period", type=float, default=10.0, help="seconds between scans")
    parser.add_argument("--rows", type=int, default=25_000, help="points of a commit")
    parser.add_argument("--rate", type=int, default=100_000, help="points/s that arrive while hours close")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long they arrive")
    parser.add_argument("--clients", type=int, default=50, help="clients that ask the API for OEE")
    parser.add_argument("--api-seconds", type=float, default=20.0, help="how long they ask; 0 leaves it out")


class Scans:
    """Scans of all tags as commits: random walks of two decimals, batches of 100 metrics."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.tags = [f"{NODE}/m{tag // PER_BATCH}/t{tag % PER_BATCH}" for tag in range(options.tags)]
        self._rng = np.random.default_rng(1)
        self._value = self._rng.uniform(0, 100, options.tags)
        self._each = options.tags // PER_BATCH
        self._rows = options.rows
        self.position = 0
        self.at_s = float(START_S)

    def commit(self, period_s: float) -> Commit:
        """Return the next commit."""
        scans, tags = max(1, self._rows // len(self.tags)), len(self.tags)
        steps = np.cumsum(self._rng.normal(0, 0.05, (scans, tags)), axis=0)
        value = np.round(self._value + steps, 2)
        self._value = value[-1]
        at_ms = ((self.at_s + np.arange(scans) * period_s) * 1000).astype(np.int64)
        offset_ms = self._rng.integers(0, 50, (scans, self._each))
        ts_ms = np.repeat(at_ms[:, None] + offset_ms, PER_BATCH)
        batches = scans * self._each
        self.at_s += scans * period_s
        commit = Commit(tags=self.tags)
        # As ingest hands them over: batches and points of one go as arrays.
        key, position = StreamKey(NODE, STREAM), self.position + np.arange(1, batches + 1)
        sent_ms, zeros = ts_ms[::PER_BATCH], np.zeros(batches, np.int64)
        commit.batches.add_run(BatchArrays([key], zeros, position, sent_ms, zeros))
        self.position += batches
        commit.watermarks[key] = self.position
        sizes = np.full(batches, PER_BATCH)
        commit.points.add_good(GoodRun(0, sizes, np.tile(np.arange(tags), scans), ts_ms, value.ravel()))
        return commit


class Taken:
    """Real and CPU seconds that this process took, all its threads, while it was entered."""

    def __init__(self) -> None:
        self.wall_s = self.cpu_s = 0.0

    def __enter__(self) -> None:
        self.wall_s -= time.perf_counter()
        self.cpu_s -= time.process_time()

    def __exit__(self, *_: object) -> None:
        self.wall_s += time.perf_counter()
        self.cpu_s += time.process_time()


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures; `bare` ones are of DuckDB with the same points, without a store around it."""
    if options.tags < PER_BATCH or options.tags % PER_BATCH or options.hours < 1 or options.period <= 0:
        raise BenchWrong("accepted: --tags a multiple of 100, --hours 1 or more, --period above 0")
    with tempfile.TemporaryDirectory(prefix="taktline-bench-") as folder:
        figures = _in(Path(folder), options)
    return {**_api(options), **figures} if options.api_seconds > 0 else figures


def _api(options: argparse.Namespace) -> dict[str, Any]:
    """How the whole cloud answers while points arrive at the same rate, as `bench api` measures it."""
    period = min(5.0, options.api_seconds)
    found = api.run(
        argparse.Namespace(
            clients=options.clients,
            period=period,
            seconds=options.api_seconds,
            points_per_s=options.rate,
        )
    )
    names = ("api_p50_ms", "api_p99_ms", "api_p99_ratio", "quiet_p99_ms", "closed_hours", "lost")
    return {name if name.startswith("api_") else f"api_{name}": found[name] for name in names}


def _in(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    store = DuckDBStore(folder / "points.duckdb")
    bare = duckdb.connect(str(folder / "bare.duckdb"), config={"checkpoint_threshold": "256MB", "threads": 2})
    bare.execute(f"create table pts {COLUMNS}")
    scans, took, bare_took = Scans(options), Taken(), Taken()
    while scans.at_s < START_S + options.hours * HOUR_S:
        commit = scans.commit(options.period)
        # One after the other with the same points, so that both meet the same machine.
        points = commit.points.arrays()
        with bare_took:
            _insert(bare, points, scans.position)
        with took:
            store.append(commit)
        store.compact(int(scans.at_s - HOUR_S / 4) * 1000)  # what upkeep does in its thread
    stored = store.counts().points
    figures: dict[str, Any] = {
        "points": stored,
        "insert_points_per_s": round(stored / took.wall_s),
        "bare_insert_points_per_s": round(stored / bare_took.wall_s),
        "insert_ratio": round(bare_took.wall_s / took.wall_s, 3),
        "insert_cpu_ratio": round(bare_took.cpu_s / took.cpu_s, 3),
    }
    began = time.perf_counter()
    end_ms = (START_S + options.hours * HOUR_S) * 1000
    while store.compact(end_ms + HOUR_S * 1000).waiting:
        pass
    figures["last_hours_closed_s"] = round(time.perf_counter() - began, 2)
    figures |= _sizes(store, bare, folder, stored)
    figures |= _questions(store, scans.tags, end_ms)
    figures |= _arriving(store, scans, options)
    store.close()
    return {**figures, "versions": versions("duckdb", "pyarrow", "numpy")}


def _insert(bare: duckdb.DuckDBPyConnection, a: PointArrays, position: int) -> None:
    arriving = pa.table(
        [a.ts_ms * 1000, (a.tag + 1).astype(np.int32), a.value, a.quality, a.batch + position, a.ord],
        schema=PTS,
    )
    with bare.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("insert into pts select * from arriving")
        cursor.execute("commit")
    del arriving  # it was found by its name


def _sizes(store: DuckDBStore, bare: duckdb.DuckDBPyConnection, folder: Path, points: int) -> dict[str, Any]:
    """Bytes of the months with all that is in them, beside one table of the same points, sorted.

    The table says what a month says of a point: its tag, time in milliseconds, value, quality, batch and
    place in it; rollups and the origin of the batches are the store's alone. `bare` is in the blocks that
    DuckDB takes by itself, `tuned_bare` in those of a month.
    """
    sizes = []
    for name, options in (("sorted", ""), ("tuned", f" (block_size {BLOCK_BYTES})")):
        file = folder / f"{name}.duckdb"
        bare.execute(f"attach '{file}' as {name}{options}")
        bare.execute(f"create table {name}.pts {COLUMNS}")
        columns = "ts // 1000 as ts, tag_id, value, quality, batch, ord"
        bare.execute(f"insert into {name}.pts select {columns} from pts order by tag_id, ts")  # noqa: S608
        bare.execute(f"checkpoint {name}")
        bare.execute(f"detach {name}")
        sizes.append(file.stat().st_size)
    bare.close()
    size = sum(month.size_bytes for month in store.holdings().months)
    return {
        "bytes_per_point": round(size / points, 2),
        "bare_bytes_per_point": round(sizes[0] / points, 2),
        "tuned_bare_bytes_per_point": round(sizes[1] / points, 2),
        "bytes_ratio": round(size / sizes[0], 3),
        "tuned_bytes_ratio": round(size / sizes[1], 3),
    }


def _questions(store: DuckDBStore, tags: list[str], end_ms: int) -> dict[str, Any]:
    day, latest = [], []
    for n in range(40):
        began = time.perf_counter()
        found = store.aggregate(tags[n * 7 % len(tags)], end_ms - 86_400_000, end_ms, 60_000)
        day.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        store.latest(tags[:1000])
        latest.append((time.perf_counter() - began) * 1000)
    return {
        "minute_day_ms": round(float(np.percentile(day, 50)), 2),
        "minute_day_p99_ms": round(float(np.percentile(day, 99)), 2),
        "minutes": len(found),
        "latest_1000_ms": round(float(np.percentile(latest, 50)), 2),
    }


def _arriving(store: DuckDBStore, scans: Scans, options: argparse.Namespace) -> dict[str, Any]:
    """Commits at a rate in real time while plant time runs so fast that hours close all the time."""
    stopping = threading.Event()
    closed: list[int] = []

    def close_hours() -> None:
        rest_s = 0.0
        while not stopping.wait(rest_s):
            began = time.perf_counter()
            done = store.compact(int(scans.at_s - HOUR_S / 4) * 1000)
            closed.append(done.hours)
            rest_s = time.perf_counter() - began if done.waiting else 0.2

    quiet = [_timed(store, commit) for commit in _paced(scans, options)]
    upkeep = threading.Thread(target=close_hours)
    upkeep.start()
    busy = [_timed(store, commit) for commit in _paced(scans, options)]
    stopping.set()
    upkeep.join()
    return {
        "commit_ms": round(float(np.percentile(busy, 50)), 1),
        "commit_p99_ms": round(float(np.percentile(busy, 99)), 1),
        "quiet_commit_p99_ms": round(float(np.percentile(quiet, 99)), 1),
        "hours_closed_meanwhile": sum(closed),
    }


def _paced(scans: Scans, options: argparse.Namespace) -> Iterator[Commit]:
    every_s = options.rows / options.rate
    began = time.perf_counter()
    for n in range(int(options.seconds / every_s)):
        commit = scans.commit(options.period)
        time.sleep(max(0.0, began + n * every_s - time.perf_counter()))
        yield commit


def _timed(store: DuckDBStore, commit: Commit) -> float:
    began = time.perf_counter()
    store.append(commit)
    return (time.perf_counter() - began) * 1000
