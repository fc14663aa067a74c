"""A DuckDB store that is killed keeps what it said it had, and watermark, points and signals agree."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from crash_writer import NODE, PER_BATCH, STREAM

from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import GOOD, BatchRow, Commit, StreamKey, WrongFormat

ROOT = Path(__file__).resolve().parents[3]
WRITER = Path(__file__).with_name("crash_writer.py")


def _run_and_kill(file: Path, for_s: float) -> int:
    """Let the writer commit for a while, kill it; the last position that it called durable."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(WRITER), str(file)]
    writer = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE)
    assert writer.stdout is not None
    try:
        said = int(writer.stdout.readline())
        until = time.monotonic() + for_s
        while time.monotonic() < until:
            said = int(writer.stdout.readline())
    finally:
        writer.kill()
    rest = writer.stdout.read().split(b"\n")
    writer.wait()
    complete = [int(line) for line in rest[:-1]]
    return complete[-1] if complete else said


@pytest.mark.slow
def test_after_kill_9_watermark_points_and_signals_agree(tmp_path: Path) -> None:
    rng = random.Random(3)
    file = tmp_path / "points.duckdb"
    for _ in range(4):
        said = _run_and_kill(file, rng.uniform(0.1, 0.6))
        store = DuckDBStore(file)
        w = store.watermarks()[StreamKey(NODE, STREAM)]
        assert w >= said
        counts = store.counts()
        assert (counts.points, counts.batches) == (w * PER_BATCH, w)
        signals, after = [], 0
        while (page := store.signal_log(after, 5000)).rows:
            signals += [row.position for row in page.rows]
            after = page.through
        assert signals == list(range(1, w + 1))
        rows = store.audit(max(0, counts.batches - 50) << 16, 10_000).rows
        assert {r.value for r in rows} >= {float(w)}
        store.close()


def test_a_file_of_another_format_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "points.duckdb"
    store = DuckDBStore(file)
    store._cursor().execute("update meta set value = '99' where key = 'format'")
    store.close()
    with pytest.raises(WrongFormat, match="format 99"):
        DuckDBStore(file)


def test_generation_grows_and_stays(tmp_path: Path) -> None:
    store = DuckDBStore(tmp_path / "points.duckdb")
    assert (store.generation, store.raise_generation()) == (1, 2)
    store.close()
    again = DuckDBStore(tmp_path / "points.duckdb")
    assert again.generation == 2
    again.close()


@pytest.mark.slow
def test_commits_of_ten_thousand_points_are_quick(tmp_path: Path) -> None:
    store = DuckDBStore(tmp_path / "points.duckdb")
    took, rows, per_batch = [], 10_000, 100
    for n in range(30):
        commit = Commit(tags=[f"tag {k}" for k in range(per_batch)])
        columns = commit.points
        for k in range(rows // per_batch):
            position = n * (rows // per_batch) + k + 1
            commit.batches.append(BatchRow(STREAM, position, NODE, 0, 0))
            columns.batch += [k] * per_batch
            columns.ord += range(per_batch)
            columns.tag += range(per_batch)
            columns.ts_ms += [position * 1000] * per_batch
            columns.value += [float(x) for x in range(per_batch)]
            columns.quality += [GOOD] * per_batch
        commit.watermarks[StreamKey(NODE, STREAM)] = (n + 1) * (rows // per_batch)
        started = time.monotonic()
        store.append(commit)
        took.append((time.monotonic() - started) * 1000)
    took.sort()
    started = time.monotonic()
    raw = store.raw("tag 7", 0, 1 << 50)
    raw_ms = (time.monotonic() - started) * 1000
    size = store.counts().size_bytes
    store.close()
    median = took[len(took) // 2]
    told = f"commit of {rows} points: median {median:.1f} ms, worst {took[-1]:.1f} ms"
    print(f"\n{told}; one tag of {rows * 30}: {raw_ms:.1f} ms; {size} bytes")  # noqa: T201  a timing
    assert len(raw) == 3000
    assert median < 500
