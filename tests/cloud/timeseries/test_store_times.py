"""What every time-series store tells of the times at which its batches came."""

from engines import Opener
from test_store_conformance import NODE, STREAM, Reading, batch, with_text

from cloud.timeseries.store import BatchColumns, BatchRow, BatchTimes, Store


def test_a_point_tells_when_its_batch_was_sent_received_and_committed(reopen: Opener) -> None:
    store = reopen()
    hour = 3_600_000
    times = {n: BatchTimes(n * hour + 70, 1_800_000_000_000 + n, 777) for n in range(1, 5)}

    def came(position: int, *points: Reading) -> None:
        commit = batch(position, list(points))
        sent_ms, received_ms, _ = times[position]
        commit.batches = BatchColumns([BatchRow(STREAM, position, NODE, sent_ms, received_ms)])
        store.append(with_text(commit, len(points), points[0][1] + 5, f"E{position}"))

    def told(store: Store) -> None:
        rows = store.audit(0, 100).rows
        assert [(row.position, row.ord) for row in rows] == [(1, 0), (1, 1), (2, 0), (2, 1), (2, 2), *late]
        assert {(r.position, r.sent_ms, r.received_ms, r.committed_ms) for r in rows} == {
            (position, *times[position]) for position in {row.position for row in rows}
        }
        for row in rows:
            assert store.batch_times(STREAM, row.position, row.ts_ms) == times[row.position]
        assert store.batch_times(STREAM, 99, hour) is None
        assert store.batch_times("c" * 32, 1, hour) is None

    late: list[tuple[int, int]] = []
    came(1, (0, hour, 1.0))
    came(2, (0, hour + 10, 2.0), (1, 2 * hour, 5.0))  # over two hours
    told(store)
    _compact(store, 3 * hour)
    told(store)
    came(3, (0, hour + 20, 3.0))  # into an hour that is closed where hours are
    late += [(3, 0), (3, 1)]
    told(store)
    _compact(store, 3 * hour)
    told(store)
    told(reopen())


def _compact(store: Store, until_ms: int) -> None:
    while store.compact(until_ms).waiting:
        pass
