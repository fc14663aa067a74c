"""Points and ledger live in two databases: whatever dies between them, every batch is there exactly once."""

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from crash_writer import NODE, PER_BATCH, STEP_MS, STREAM, commits
from engines import ClickHouse, Opener, ledger_database
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from cloud.db import Database
from cloud.timeseries.clickhouse import ClickHousePoints
from cloud.timeseries.ledger_store import LedgerStore
from cloud.timeseries.store import BatchColumns, Commit, Store, StoreRefused, StreamKey

ROOT = Path(__file__).resolve().parents[3]
WRITER = Path(__file__).with_name("ledger_crash_writer.py")
KEY = StreamKey(NODE, STREAM)


@contextmanager
def ledger_failing(db: Database) -> Iterator[None]:
    """The relational database loses its connection in the middle of every transaction of the ledger."""

    def fail(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "INTO store_commit" in statement:
            raise OperationalError(statement, {}, OSError("connection lost"))

    event.listen(db.engine, "before_cursor_execute", fail)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", fail)


def audited(store: Store) -> list[tuple[int, int, str, int, object]]:
    rows, after = [], 0
    while True:
        page = store.audit(after, 5000)
        rows += [(row.position, row.ord, row.tag, row.ts_ms, row.value) for row in page.rows]
        if page.next is None:
            return rows
        after = page.next


def expected(through: int) -> list[tuple[int, int, str, int, object]]:
    return [
        (position, n, "ab"[n % 2], position * STEP_MS + n, float(position))
        for position in range(1, through + 1)
        for n in range(PER_BATCH)
    ]


def half(commit: Commit) -> Commit:
    """The first ten of the twenty batches: what comes again is cut anew."""
    points = 10 * PER_BATCH
    kept = Commit(tags=commit.tags, batches=BatchColumns(commit.batches[:10]), signals=commit.signals[:10])
    for name in ("batch", "ord", "tag", "ts_ms", "value", "quality"):
        setattr(kept.points, name, getattr(commit.points, name)[:points])
    kept.watermarks[KEY] = commit.batches[9].position
    return kept


def test_points_without_a_watermark_come_again_and_overwrite_themselves(
    open_clickhouse: Opener, ledger: Database
) -> None:
    store = open_clickhouse()
    source = commits(store)
    store.append(next(source)[1])
    _, lost = next(source)
    with ledger_failing(ledger), pytest.raises(StoreRefused, match="connection lost"):
        store.append(lost)
    assert store.watermarks() == {KEY: 20}
    assert store.counts()[:2] == (20 * PER_BATCH, 20)
    assert audited(store) == expected(20), "no batch without a watermark is in the audit"
    assert len(store.raw("a", 0, 1 << 40)) == 40 * PER_BATCH // 2, "they are there already"
    store.append(half(lost))
    again = open_clickhouse()
    for _, commit in zip(range(2), commits(again), strict=False):
        again.append(commit[1])
    assert audited(again) == expected(70)
    assert [s.ts_ms for s in again.raw("a", 0, 1 << 40)] == [
        ts for _, _, tag, ts, _ in expected(70) if tag == "a"
    ]
    assert sum(w.good for w in again.aggregate("b", 0, 1 << 40, 1000)) == 70 * PER_BATCH // 2
    again.close()


def test_a_lost_server_refuses_and_takes_the_same_commit_later(tmp_path: Path, ledger: Database) -> None:
    server = ClickHouse(tmp_path / "clickhouse")
    try:
        store = LedgerStore(ClickHousePoints(server.new_database()), ledger)
        source = commits(store)
        store.append(next(source)[1])
        server.kill()
        _, commit = next(source)
        with pytest.raises(StoreRefused, match="ClickHouse"):
            store.append(commit)
        assert store.watermarks() == {KEY: 20}
        server.start()
        store.append(commit)
        assert audited(store) == expected(40), "what was committed outlived the killed server"
        store.close()
        with pytest.raises(StoreRefused, match="closed"):
            store.append(next(source)[1])
    finally:
        server.kill()


def test_a_restored_ledger_takes_what_comes_again(open_clickhouse: Opener, ledger: Database) -> None:
    store = open_clickhouse()
    source = commits(store)
    store.append(next(source)[1])
    assert store.generation == 1
    kept = sqlite3.connect(":memory:")
    file = str(ledger.engine.url.database)
    with closing(sqlite3.connect(file)) as live:
        live.backup(kept)
    store.append(next(source)[1])
    store.append(next(source)[1])
    store.close()
    ledger.dispose()
    with closing(sqlite3.connect(file)) as live:
        kept.backup(live)
        # As docs/stores.md says it.
        live.execute("UPDATE store_number SET value = value + 1 WHERE name = 'generation'")
        live.commit()
    kept.close()
    again = open_clickhouse()
    assert again.generation == 2
    assert audited(again) == expected(20)
    source = commits(again)
    again.append(half(next(source)[1]))
    again.append(next(commits(again))[1])
    assert audited(again) == expected(50)
    assert len(again.raw("a", 0, 1 << 40)) == 60 * PER_BATCH // 2, (
        "the last ten are there, and come again too"
    )
    again.append(half(next(commits(again))[1]))
    assert audited(again) == expected(60)
    assert len(again.raw("a", 0, 1 << 40)) == 60 * PER_BATCH // 2
    again.close()


def _run_and_kill(command: list[str], for_s: float) -> int:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{WRITER.parent}"}
    writer = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE)
    assert writer.stdout is not None
    try:
        said = int(writer.stdout.readline())
        until = time.monotonic() + for_s
        while time.monotonic() < until:
            said = int(writer.stdout.readline())
    finally:
        writer.kill()
    complete = [int(line) for line in writer.stdout.read().split(b"\n")[:-1]]
    writer.wait()
    return complete[-1] if complete else said


@pytest.mark.slow
def test_after_kill_9_every_batch_is_stored_once(clickhouse: ClickHouse, tmp_path: Path) -> None:
    points, relational = clickhouse.new_database(), f"sqlite:///{tmp_path / 'ledger.db'}"
    rng = random.Random(5)
    for _ in range(2):
        said = _run_and_kill([sys.executable, str(WRITER), points, relational], rng.uniform(0.1, 0.6))
        db = ledger_database(relational)
        store = LedgerStore(ClickHousePoints(points), db)
        w = store.watermarks()[KEY]
        assert w >= said
        assert store.counts()[:2] == (w * PER_BATCH, w)
        assert audited(store) == expected(w)
        signals = store.signal_log(0, 1 << 30).rows
        assert [row.position for row in signals] == list(range(1, w + 1))
        _, commit = next(commits(store))
        store.append(commit)  # what was under way when it died comes again
        assert len(store.raw("a", 0, 1 << 40)) == (w + 20) * PER_BATCH // 2
        store.close()
        db.dispose()
