"""Signals to facts: idempotent between any two steps, in any window, late or bound later."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from edge_player import MACHINE, READER
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.db import Database
from cloud.ingest import queries
from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.derive import BACKLOG_PAGE, LEAST_PAGE, LONG_S, PAGE, Deriver, next_page
from cloud.ingest.tables import SignalFact
from cloud.ingest.windows import clusters
from cloud.outbox import OutboxEvent
from cloud.plant.queries import Binding
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import BatchColumns, BatchRow, Commit, Meaning, SignalRow, StreamKey

NODE, STREAM = "suzhou/gw-l1", "c" * 32
CODES = {"1": "running", "6": "breakdown"}
ROLES = ("state", "job", "good", "reject", "run_s", "condition", "observed_since")


def all_bindings() -> dict[str, Binding]:
    found = {}
    for role in ROLES:
        tag = f"{NODE}/{MACHINE}/{role}"
        found[tag] = Binding(tag, role, MACHINE, "machine", CODES if role == "state" else None, 1)
    tag = f"{NODE}/{READER}/tag"
    found[tag] = Binding(tag, "tag", READER, "reader", None, 1)
    return found


class Died(RuntimeError):
    """The process is gone."""


class DyingDatabase(Database):
    """A database whose process dies right before or right after a commit."""

    def __init__(self, url: str, dies: str) -> None:
        super().__init__(url)
        self.dies = dies

    @contextmanager
    def write(self) -> Iterator[Session]:
        with super().write() as session:
            yield session
            if self.dies == "before":
                raise Died
        if self.dies == "after":
            raise Died


class Log:
    """Writes signals to a store, one commit at a time."""

    def __init__(self, store: DuckDBStore) -> None:
        self.store = store
        self.positions: dict[str, int] = {}

    def write(
        self,
        *signals: tuple[str, int, float | str | None],
        stream: str = STREAM,
        quality: int = 192,
        gap: int = 0,
    ) -> None:
        """A commit of one batch: (role, time, value); `gap` positions before it are lost."""
        commit = Commit()
        position = self.positions.get(stream, 0)
        if gap:
            row = (position + gap, 0, "", "gap", NODE, 0, float(position + 1), "dropped", 192)
            commit.signals.append(SignalRow(stream, *row))
        position = self.positions[stream] = position + gap + 1
        commit.batches.append(BatchRow(stream, position, NODE, 1, 1))
        commit.watermarks[StreamKey(NODE, stream)] = position
        for ordinal, (role, ts_ms, value) in enumerate(signals):
            source = READER if role == "tag" else MACHINE
            tag = f"{NODE}/{source}/{role}"
            text = value if isinstance(value, str) else None
            number = None if isinstance(value, str) else value
            signal = SignalRow(stream, position, ordinal, tag, role, source, ts_ms, number, text, quality)
            commit.signals.append(signal)
        self.store.append(commit)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    store = DuckDBStore(tmp_path / "points.duckdb")
    yield Log(store)
    store.close()


def deriver(db: Database, log: Log) -> Deriver:
    return Deriver(db, log.store, lambda: {tag: [b] for tag, b in all_bindings().items()}, BadInputLog())


def derive_all(db: Database, log: Log) -> None:
    running = deriver(db, log)
    while running.step():
        pass


def announced(db: Database) -> list[tuple[str, dict[str, list[int]]]]:
    with db.read() as session:
        events = session.execute(select(OutboxEvent.kind, OutboxEvent.payload).order_by(OutboxEvent.id))
        return [(kind, payload["windows"]) for kind, payload in events]


def facts(db: Database) -> list[tuple[Any, ...]]:
    with db.read() as session:
        table = SignalFact
        columns = (table.kind, table.position, table.ord, table.ts_ms, table.value, table.text)
        return sorted(tuple(row) for row in session.execute(select(*columns)))


def test_every_kind_is_announced_with_the_window_that_changed(any_db: Database, log: Log) -> None:
    log.write(
        ("state", 10, 1), ("job", 20, 4010), ("good", 30, 5), ("run_s", 30, 7.5), ("observed_since", 40, 10)
    )
    log.write(
        ("reject", 50, 1),
        ("condition", 60, 2.2),
        ("tag", 70, "E2"),
        ("good", 80, 6),
        ("observed_since", 90, 10),
    )
    derive_all(any_db, log)
    assert dict(announced(any_db)) == {
        "StateChanged": {MACHINE: [10, 11]},
        "JobChanged": {MACHINE: [20, 21]},
        "PartsCounted": {MACHINE: [30, 81]},
        "ConditionSampled": {MACHINE: [60, 61]},
        "TagSeen": {READER: [70, 71]},
        "CoverageGrew": {MACHINE: [10, 90]},
    }
    assert [(kind, text) for kind, *_, text in facts(any_db) if text] == [("state", "running"), ("tag", "E2")]
    with any_db.read() as session:
        assert queries.coverage(session, MACHINE, 0, 1000) == [(10, 90)]
        assert [p.value for p in queries.points(session, "good", MACHINE, 50, 100)] == [5.0, 6.0]
        assert [p.value for p in queries.points(session, "good", MACHINE, 50, 100, with_previous=False)] == [
            6.0
        ]


@pytest.mark.parametrize("dies", ["before", "after"])
def test_death_between_any_two_steps_neither_loses_nor_doubles_a_fact(
    db: Database, log: Log, dies: str
) -> None:
    for n in range(5):
        log.write(("good", n * 10, n), ("observed_since", n * 10 + 5, 0))
        dying = DyingDatabase(db.url, dies)
        with pytest.raises(Died):
            deriver(dying, log).step()
        dying.dispose()
    derive_all(db, log)
    assert facts(db) == [("good", n + 1, 0, n * 10, float(n), None) for n in range(5)]
    windows = [windows[MACHINE] for kind, windows in announced(db) if kind == "PartsCounted"]
    assert min(since for since, _ in windows) == 0
    assert max(until for _, until in windows) == 41
    assert len(windows) == (1 if dies == "before" else 5)
    with db.read() as session:
        assert queries.coverage(session, MACHINE, 0, 1000) == [(0, 45)]


def test_a_late_reading_is_announced_as_a_window_of_its_own(db: Database, log: Log) -> None:
    log.write(("good", 10, 1), ("good", 900_000, 2), ("good", 900_500, 3))
    derive_all(db, log)
    assert [windows[MACHINE] for _, windows in announced(db)] == [[10, 11], [900_000, 900_501]]
    assert clusters([5, 1, 3]) == [(1, 6)]


def test_facts_read_by_time_and_then_by_commit(db: Database, log: Log) -> None:
    log.write(("state", 50, 6), ("state", 10, 1))
    log.write(("state", 50, 1), ("state", 5, 77))
    derive_all(db, log)
    with db.read() as session:
        found = queries.points(session, "state", MACHINE, 0, 100)
        assert [(p.ts_ms, p.text) for p in found] == [
            (5, "unknown:77"),
            (10, "running"),
            (50, "breakdown"),
            (50, "running"),
        ]
        assert queries.latest(session, "state", [MACHINE])[MACHINE].text == "running"
        following = queries.next_point(session, "state", MACHINE, 10)
        assert following is not None
        assert following.text == "breakdown"


def test_points_without_good_quality_or_value_become_no_facts(db: Database, log: Log) -> None:
    log.write(("good", 1, 5), quality=0)
    log.write(("good", 2, 5), quality=64)
    log.write(("good", 3, "five"), ("tag", 4, 77.0))
    derive_all(db, log)
    assert facts(db) == [("tag", 3, 1, 4, None, "77")]


def test_sessions_join_into_one_coverage_and_dead_time_stays_out(db: Database, log: Log) -> None:
    log.write(("observed_since", 100, 0))
    log.write(("observed_since", 200, 0))
    log.write(("observed_since", 500, 300), stream="d" * 32)
    log.write(("observed_since", 600, 480), stream="e" * 32)
    derive_all(db, log)
    with db.read() as session:
        assert queries.coverage(session, MACHINE, 0, 1000) == [(0, 200), (300, 600)]
        assert queries.coverage(session, MACHINE, 150, 400) == [(150, 200), (300, 400)]
        assert queries.coverage(session, "nobody", 0, 1000) == []


def test_a_gap_takes_its_time_out_of_the_coverage(db: Database, log: Log) -> None:
    log.write(("observed_since", 100, 0))
    log.write(("observed_since", 400, 0), gap=3)
    log.write(("observed_since", 500, 0))
    derive_all(db, log)
    with db.read() as session:
        assert queries.coverage(session, MACHINE, 0, 1000) == [(0, 100), (400, 500)]


def test_a_stream_that_ends_or_begins_in_a_gap_is_bounded_by_its_neighbours(db: Database, log: Log) -> None:
    log.write(("observed_since", 100, 0), stream="a" * 32)
    log.write(("good", 1, 1), stream="a" * 32, gap=5)
    log.write(("observed_since", 300, 0), stream="b" * 32)
    log.write(("observed_since", 900, 0), stream="b" * 32)
    derive_all(db, log)
    with db.read() as session:
        assert queries.coverage(session, MACHINE, 0, 1000) == [(0, 100), (300, 900)]


def test_a_tag_bound_later_brings_its_stored_points(db: Database, log: Log) -> None:
    tag = f"{NODE}/{MACHINE}/good"
    commit = Commit(tags=[tag], batches=BatchColumns([BatchRow(STREAM, 1, NODE, 1, 1)]))
    commit.watermarks[StreamKey(NODE, STREAM)] = 1
    for n in range(3):
        columns = commit.points
        columns.batch.append(0)
        columns.ord.append(n)
        columns.tag.append(0)
        columns.ts_ms.append(n * 10)
        columns.value.append(float(n))
        columns.quality.append(192)
    log.store.append(commit)
    derive_all(db, log)
    assert facts(db) == []
    assert log.store.rebind({tag: Meaning("good", MACHINE, 1)}) == 3
    derive_all(db, log)
    assert [fact[3:5] for fact in facts(db)] == [(0, 0.0), (10, 1.0), (20, 2.0)]


def test_pages_of_a_backlog_are_as_long_as_others_can_wait_for() -> None:
    slow, quick = [PAGE], [LEAST_PAGE]
    for _ in range(8):
        slow.append(next_page(slow[-1], 84.0))
        quick.append(next_page(quick[-1], 0.01))
    assert slow[:2] == [PAGE, PAGE // 2]
    assert (slow[-1], quick[-1]) == (LEAST_PAGE, BACKLOG_PAGE)
    assert next_page(PAGE, LONG_S * 0.8) == PAGE
