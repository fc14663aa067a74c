"""Commits to a DuckDB store whose hours close meanwhile, until it is killed; says each durable position.

With the name of a step (`written`) it kills itself there when the hours of a day go to their month.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import GOOD, BatchRow, Commit, SignalRow, Store, StreamKey

NODE, STREAM = "suzhou/gw-l1", "f" * 32
PER_BATCH = 50
STEP_MS = 60_000
HOUR_MS = 3_600_000


def commits(store: Store, batches: int = 20, step_ms: int = STEP_MS) -> Iterator[tuple[int, Commit]]:
    """Commits without an end after what a store has; what a batch says depends on its position alone."""
    key = StreamKey(NODE, STREAM)
    position = store.watermarks().get(key, 0)
    while True:
        commit = Commit(tags=["a", "b"])
        for number in range(batches):
            position += 1
            commit.batches.append(BatchRow(STREAM, position, NODE, 0, 0))
            columns = commit.points
            columns.batch += [number] * PER_BATCH
            columns.ord += range(PER_BATCH)
            columns.tag += [n % 2 for n in range(PER_BATCH)]
            columns.ts_ms += range(position * step_ms, position * step_ms + PER_BATCH)
            columns.value += [float(position)] * PER_BATCH
            columns.quality += [GOOD] * PER_BATCH
            row = (position, 0, "a", "good", "m", position * step_ms, float(position), None, GOOD)
            commit.signals.append(SignalRow(STREAM, *row))
        commit.watermarks[key] = position
        yield position, commit


def die_merging(store: DuckDBStore, step: str) -> None:
    """Commit 25 hours, close them, die while the first 24 of them are written to their month."""
    for position, commit in commits(store, batches=50, step_ms=HOUR_MS // 6):
        store.append(commit)
        sys.stdout.write(f"{position}\n")
        sys.stdout.flush()
        if position > 25 * 6:
            break
    for hour in (8, 16, 24):  # not all at once, so that they stand in the file of their day
        store.compact(hour * HOUR_MS)

    def die(at: str) -> None:
        if at == step:
            os.kill(os.getpid(), signal.SIGKILL)

    store._compaction.at_point = die
    while store.compact(24 * HOUR_MS).waiting:
        pass


def main() -> None:
    store = DuckDBStore(Path(sys.argv[1]))
    if len(sys.argv) > 2:
        die_merging(store, sys.argv[2])
        return
    latest = 0

    def close_hours() -> None:
        while True:
            store.compact(latest * STEP_MS)

    threading.Thread(target=close_hours, daemon=True).start()
    for position, commit in commits(store):
        store.append(commit)
        latest = position
        sys.stdout.write(f"{position}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
