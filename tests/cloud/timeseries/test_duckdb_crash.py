"""A DuckDB store that is killed keeps what it said it had, and watermark, points and signals agree."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from crash_writer import NODE, PER_BATCH, STREAM

from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import GOOD, BatchColumns, BatchRow, Commit, StreamKey, WrongFormat

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
    file, closed = tmp_path / "points.duckdb", 0
    for turn in range(20):
        said = _run_and_kill(file, rng.uniform(0.1, 0.6))
        store = DuckDBStore(file)
        assert _checked(store) >= said
        closed += store.holdings().closed_hours
        store.close()
        if turn >= 3 and closed:
            break
    assert closed > 0


@pytest.mark.parametrize("step", ["part", "written", "leaving"])
def test_after_kill_9_between_the_steps_of_a_merge_all_is_there(tmp_path: Path, step: str) -> None:
    file = tmp_path / "points.duckdb"
    command = [sys.executable, str(WRITER), str(file), step]
    died = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT, stdout=subprocess.PIPE, check=False
    )
    assert died.returncode == -signal.SIGKILL
    said = int(died.stdout.split()[-1])
    store = DuckDBStore(file)
    assert _checked(store) == said
    folder = tmp_path / "points.months"
    kept = sorted(path.stem for path in folder.glob("*.duckdb"))
    assert kept == (["1970-01"] if step == "leaving" else ["1970-01-01"])
    while store.compact(24 * 3_600_000).waiting:
        pass
    assert _checked(store) == said
    assert sorted(path.stem for path in folder.glob("*.duckdb")) == ["1970-01"]
    store.close()


def _checked(store: DuckDBStore) -> int:
    """Assert that points, signals and counts are those of the watermark, which is returned."""
    w = store.watermarks()[StreamKey(NODE, STREAM)]
    counts = store.counts()
    assert (counts.points, counts.batches) == (w * PER_BATCH, w)
    signals, after = [], 0
    while (page := store.signal_log(after, 5000)).rows:
        signals += [row.position for row in page.rows]
        after = page.through
    assert signals == list(range(1, w + 1))
    rows = store.audit(0, 1 << 30).rows
    assert [(r.position, r.ord) for r in rows] == [(p, o) for p in range(1, w + 1) for o in range(PER_BATCH)]
    windows = store.aggregate("a", 0, 1 << 42, 3_600_000)
    assert sum(window.good for window in windows) == w * PER_BATCH // 2
    return w


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


def test_a_backup_is_one_moment_while_commits_go_on(tmp_path: Path) -> None:
    store = DuckDBStore(tmp_path / "points.duckdb")
    stopping = threading.Event()
    key = StreamKey(NODE, STREAM)

    def write() -> None:
        position = 0
        while not stopping.is_set():
            position += 1
            commit = Commit(tags=["a"], batches=BatchColumns([BatchRow(STREAM, position, NODE, 0, 0)]))
            columns = commit.points
            columns.batch, columns.ord, columns.tag = [0], [0], [0]
            columns.ts_ms, columns.value, columns.quality = [position], [1.0], [GOOD]
            commit.watermarks[key] = position
            store.append(commit)

    writer = threading.Thread(target=write)
    writer.start()
    wait_until = time.monotonic() + 20
    while store.counts().points < 5 and time.monotonic() < wait_until:
        stopping.wait(0.01)
    before = store.counts().commit_no
    files = store.backup(tmp_path / "backup")
    stopping.set()
    writer.join()
    store.close()
    assert all(file.is_file() for file in files)
    with pytest.raises(FileExistsError, match="empty folder"):
        DuckDBStore(tmp_path / "points.duckdb").backup(tmp_path / "backup")
    copy = DuckDBStore(tmp_path / "backup" / "points.duckdb")
    counts = copy.counts()
    assert counts.commit_no >= before
    assert counts.points == counts.batches == copy.watermarks()[key] == counts.commit_no
    copy.close()


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
