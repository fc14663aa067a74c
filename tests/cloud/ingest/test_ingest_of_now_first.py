"""While a backlog waits, what is of now is derived first; each signal once, each stream in its order."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from edge_player import MACHINE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from cloud.db import Database
from cloud.ingest import derive
from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.log_place import LogPlace, move_ahead, move_cursor, place_of
from cloud.ingest.tables import DeriverAhead, SignalFact
from cloud.outbox import OutboxEvent
from cloud.plant.queries import Binding
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import BatchRow, Commit, SignalRow, Store, StreamKey

NODE = "suzhou/gw-l1"
TAG = f"{NODE}/{MACHINE}/good"
OLD, NOW = "a" * 32, "b" * 32
MINUTE_MS = 60_000
NOW_MS = 100_000 * MINUTE_MS


class Signals:
    """Writes signals of the counter to a store, each commit some rows (stream, plant ms)."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.positions: dict[str, int] = {}
        self.written: list[tuple[str, int, int]] = []

    def write(self, *rows: tuple[str, int]) -> None:
        commit = Commit()
        for stream, ts_ms in rows:
            position = self.positions[stream] = self.positions.get(stream, 0) + 1
            commit.batches.append(BatchRow(stream, position, NODE, 1, 1))
            commit.watermarks[StreamKey(NODE, stream)] = position
            value = float(len(self.written))
            commit.signals.append(
                SignalRow(stream, position, 0, TAG, "good", MACHINE, ts_ms, value, None, 192)
            )
            self.written.append((stream, position, ts_ms))
        self.store.append(commit)


@pytest.fixture
def signals(tmp_path: Path) -> Iterator[Signals]:
    store = DuckDBStore(tmp_path / "points.duckdb")
    yield Signals(store)
    store.close()


def deriver(db: Database, signals: Signals, now_ms: Callable[[], int] = lambda: NOW_MS) -> derive.Deriver:
    binding = Binding(TAG, "good", MACHINE, "machine", None, 1)
    return derive.Deriver(db, signals.store, lambda: {TAG: [binding]}, BadInputLog(), now_ms=now_ms)


def derived(db: Database) -> list[tuple[str, int, int]]:
    """Facts in the order in which they were derived."""
    with db.read() as session:
        table = SignalFact
        rows = session.execute(select(table.stream, table.position, table.ts_ms).order_by(table.id))
        return [tuple(row) for row in rows]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in {"PAGE": 5, "BACKLOG_PAGE": 7, "AHEAD_PAGE": 3}.items():
        monkeypatch.setattr(derive, name, size)


@pytest.mark.usefixtures("small_pages")
def test_what_is_of_now_is_not_behind_a_backlog(any_db: Database, signals: Signals) -> None:
    for n in range(40):
        signals.write((OLD, n * MINUTE_MS))
    signals.write((NOW, NOW_MS - 1))
    running = deriver(any_db, signals)
    running.step()
    assert running.step()
    assert (NOW, 1, NOW_MS - 1) in derived(any_db)
    assert len(derived(any_db)) < 20
    assert running.cursor < 20
    while running.step():
        pass
    assert sorted(derived(any_db)) == sorted(signals.written)
    assert running.cursor == signals.store.counts().commit_no
    with any_db.read() as session:
        assert session.scalar(select(func.count()).select_from(DeriverAhead)) == 0


@pytest.mark.usefixtures("small_pages")
def test_a_clock_that_runs_ahead_does_not_make_its_stream_the_only_one_of_now(
    db: Database, signals: Signals
) -> None:
    ahead = "c" * 32
    for n in range(40):
        signals.write((OLD, n * MINUTE_MS))
    signals.write((ahead, NOW_MS + 600 * MINUTE_MS))
    signals.write((NOW, NOW_MS - 1))
    running = deriver(db, signals)
    running.step()
    running.step()
    assert (NOW, 1, NOW_MS - 1) in derived(db)


@pytest.mark.usefixtures("small_pages")
def test_a_backlog_waits_for_reactions_and_what_is_of_now_does_not(db: Database, signals: Signals) -> None:
    for n in range(40):
        signals.write((OLD, n * MINUTE_MS))
    running = deriver(db, signals)
    running.step()
    with db.write() as session:
        for _ in range(derive.REACTIONS_WAITING + 1):
            session.add(OutboxEvent(kind="x", payload={}, announced_ms=0, fanned_out=False))
    before = running.cursor
    running.step(may_hold=True)
    held = running.cursor
    signals.write((NOW, NOW_MS))
    assert running.step(may_hold=True) == 1
    assert (NOW, 1, NOW_MS) in derived(db)
    assert running.cursor == held
    assert held - before <= 7
    while running.step():  # whoever stops does not wait
        pass
    assert sorted(derived(db)) == sorted(signals.written)


STREAMS = st.sampled_from([OLD, NOW, "c" * 32])
COMMITS = st.lists(
    st.lists(st.tuples(STREAMS, st.integers(0, 30)), min_size=1, max_size=4), min_size=1, max_size=25
)


@pytest.mark.slow
@pytest.mark.usefixtures("small_pages")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(commits=COMMITS, steps=st.lists(st.integers(0, 3), max_size=25))
def test_whatever_comes_between_each_signal_is_derived_once_and_streams_keep_their_order(
    empty_file: Path, tmp_path_factory: pytest.TempPathFactory, commits: Any, steps: Sequence[int]
) -> None:
    folder = tmp_path_factory.mktemp("run")
    (folder / "taktline.db").write_bytes(empty_file.read_bytes())
    db = Database(f"sqlite:///{folder / 'taktline.db'}")
    store = DuckDBStore(folder / "points.duckdb")
    signals = Signals(store)
    running = deriver(db, signals)
    for number, rows in enumerate(commits):
        signals.write(*((stream, NOW_MS - back * MINUTE_MS) for stream, back in rows))
        for _ in range(steps[number] if number < len(steps) else 0):
            running.step()
        if number == len(commits) // 2:
            running = deriver(db, signals)  # another process goes on where this one was
    while running.step():
        pass
    found = derived(db)
    store.close()
    db.dispose()
    assert len(found) == len(signals.written)
    for stream in {row[0] for row in signals.written}:
        assert [row for row in found if row[0] == stream] == [r for r in signals.written if r[0] == stream]


def test_a_place_that_another_process_moved_is_left_alone(db: Database, signals: Signals) -> None:
    signals.write((OLD, 1), (NOW, NOW_MS))
    with db.write() as session:
        move_ahead(session, derive.CURSOR, [NOW], 1)
        assert place_of(session, derive.CURSOR) == LogPlace(0, {NOW: 1})
    running = deriver(db, signals)
    while running.step():
        pass
    assert derived(db) == [(OLD, 1, 1)]
    with db.write() as session:
        move_cursor(session, derive.CURSOR, 5)
        assert place_of(session, derive.CURSOR) == LogPlace(5, {})
        assert place_of(session, "another") == LogPlace(0, {})
