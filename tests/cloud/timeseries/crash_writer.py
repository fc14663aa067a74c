"""Commits batches to a DuckDB store until it is killed; says each durable position: argv = file."""

import sys
from pathlib import Path

from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import GOOD, BatchRow, Commit, SignalRow, StreamKey

NODE, STREAM = "suzhou/gw-l1", "f" * 32
PER_BATCH = 50


def main() -> None:
    store = DuckDBStore(Path(sys.argv[1]))
    key = StreamKey(NODE, STREAM)
    position = store.watermarks().get(key, 0)
    while True:
        commit = Commit(tags=["a", "b"])
        for number in range(20):
            position += 1
            commit.batches.append(BatchRow(STREAM, position, NODE, 0, 0))
            columns = commit.points
            columns.batch += [number] * PER_BATCH
            columns.ord += range(PER_BATCH)
            columns.tag += [n % 2 for n in range(PER_BATCH)]
            columns.ts_ms += range(position * 100, position * 100 + PER_BATCH)
            columns.value += [float(position)] * PER_BATCH
            columns.quality += [GOOD] * PER_BATCH
            row = (position, 0, "a", "good", "m", position * 100, float(position), None, GOOD)
            commit.signals.append(SignalRow(STREAM, *row))
        commit.watermarks[key] = position
        store.append(commit)
        sys.stdout.write(f"{position}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
