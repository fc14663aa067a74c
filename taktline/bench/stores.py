"""Insert rate, commit time and size of the stores of points on one disk, with the same commits."""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from taktline.bench import versions
from taktline.bench.process_use import percentile

TAGS = 100
BATCHES = 100  # in a commit: 10,000 points


class Measured(NamedTuple):
    """What a store did with the commits."""

    seconds: float
    cpu_s: float
    commits_ms: list[float]
    size_bytes: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what can be asked of this benchmark."""
    parser.add_argument("--commits", type=int, default=100, help="commits of 10,000 points each")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of each store; all of them in this process, one after the other.

    ClickHouse is its engine inside this process (chdb), without the network that a server has between, and
    its ledger is a SQLite file. The reference is DuckDB: `ratio` is its time divided by ClickHouse's.
    """
    # chdb must not be forked after it was opened, so nothing here starts a process.
    with tempfile.TemporaryDirectory(prefix="taktline-bench-stores-") as folder:
        duckdb = _append(_duckdb(Path(folder)), options.commits)
        clickhouse = _append(_clickhouse(Path(folder)), options.commits)
    points = options.commits * BATCHES * TAGS
    figures = {"points": points, "points_per_commit": BATCHES * TAGS}
    for name, measured in (("duckdb", duckdb), ("clickhouse", clickhouse)):
        figures |= {
            f"{name}_points_per_s": round(points / measured.seconds),
            f"{name}_cpu_s_per_million": round(measured.cpu_s * 1e6 / points, 2),
            f"{name}_commit_p50_ms": round(percentile(measured.commits_ms, 0.5) or 0.0, 1),
            f"{name}_commit_p99_ms": round(percentile(measured.commits_ms, 0.99) or 0.0, 1),
            f"{name}_bytes_per_point": round(measured.size_bytes / points, 1),
        }
    figures["ratio"] = round(duckdb.seconds / clickhouse.seconds, 2)
    return figures | {"versions": versions("duckdb", "chdb-core", "clickhouse-connect", "SQLAlchemy")}


def _duckdb(folder: Path) -> Any:
    from cloud.timeseries.duckdb import DuckDBStore  # noqa: PLC0415  not there in an edge-only install

    return DuckDBStore(folder / "points.duckdb")


def _clickhouse(folder: Path) -> Any:
    from cloud.db import Database, migrate  # noqa: PLC0415  not there in an edge-only install
    from cloud.timeseries.clickhouse import ClickHousePoints  # noqa: PLC0415
    from cloud.timeseries.ledger_store import LedgerStore  # noqa: PLC0415

    db = Database(f"sqlite:///{folder / 'ledger.db'}")
    migrate(db)
    return LedgerStore(ClickHousePoints(f"chdb://{folder / 'chdb'}"), db)


def _append(store: Any, commits: int) -> Measured:
    made = [_commit(at) for at in range(commits)]
    took: list[float] = []
    cpu_s, started = time.process_time(), time.monotonic()
    for commit in made:
        began = time.monotonic()
        store.append(commit)
        took.append((time.monotonic() - began) * 1000)
    seconds, cpu_s = time.monotonic() - started, time.process_time() - cpu_s
    size = store.counts().size_bytes
    store.close()
    return Measured(seconds, cpu_s, took, size)


def _commit(at: int) -> Any:
    from cloud.timeseries.store import GOOD, BatchRow, Commit, StreamKey  # noqa: PLC0415

    stream, node = "f" * 32, "plant/gateway"
    commit = Commit(tags=[f"{node}/machine/value {n}" for n in range(TAGS)])
    columns = commit.points
    for number in range(BATCHES):
        position = at * BATCHES + number + 1
        commit.batches.append(BatchRow(stream, position, node, 0, 0))
        columns.batch += [number] * TAGS
        columns.ord += range(TAGS)
        columns.tag += range(TAGS)
        columns.ts_ms += [position * 1000] * TAGS
        columns.value += [(position * 31 + tag * 17) % 1009 / 7 for tag in range(TAGS)]
        columns.quality += [GOOD] * TAGS
    commit.watermarks[StreamKey(node, stream)] = (at + 1) * BATCHES
    return commit
