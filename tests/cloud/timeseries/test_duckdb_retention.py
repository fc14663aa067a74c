"""Old points go as set, and their sums stay as long as set."""

import random
from pathlib import Path

import pytest
from points_model import END_MS, HOUR_MS, NODE, START_MS, STREAM, TAGS, Killed, Model, close_all, fill

from cloud.db import Database
from cloud.settings import Settings, SettingsWrong
from cloud.timeseries.batch_columns import BatchColumns
from cloud.timeseries.choice import open_store
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import GOOD, BatchRow, Commit, StreamKey
from cloud.timeseries.upkeep import Upkeep


def test_old_months_go_with_their_file_and_old_hours_within_one(tmp_path: Path) -> None:
    rng, model = random.Random(4), Model()
    store = DuckDBStore(tmp_path / "points.duckdb")
    fill(store, model, rng, 12)
    close_all(store, END_MS - 3 * HOUR_MS)
    months = tmp_path / "points.months"
    assert sorted(file.name for file in months.glob("*.duckdb")) == ["2026-02.duckdb", "2026-03-01.duckdb"]
    before = len(model.rows)
    for until_ms in (START_MS + 5 * HOUR_MS + 1_234_567, START_MS + 15 * HOUR_MS, END_MS - HOUR_MS - 99):
        model.rows = [row for row in model.rows if row[3] >= until_ms]
        assert store.drop_before(until_ms) == before - len(model.rows)
        before = len(model.rows)
        model.check(store, rng)
        if until_ms == START_MS + 15 * HOUR_MS:
            assert sorted(file.name for file in months.glob("*.duckdb")) == ["2026-03-01.duckdb"]
    fill(store, model, rng, 5)
    store.close()
    store = DuckDBStore(tmp_path / "points.duckdb")
    model.check(store, rng)
    store.close()


def test_sums_stay_as_long_as_set_when_their_points_go(tmp_path: Path) -> None:
    rng, model = random.Random(12), Model()
    store = DuckDBStore(tmp_path / "points.duckdb")
    fill(store, model, rng, 12)
    now_ms, march_ms = END_MS, START_MS + 12 * HOUR_MS
    close_all(store, END_MS)
    before = {tag: store.aggregate(tag, START_MS, END_MS, HOUR_MS) for tag in TAGS[:2]}
    states = store.state_durations(TAGS[0], START_MS, END_MS)
    assert before[TAGS[0]][0].start_ms < march_ms

    def upkeep(months: int, sums_months: int | None) -> Upkeep:
        return Upkeep(store, lambda: now_ms, 15 * 60_000, months, sums_months=sums_months)

    def die(at: str) -> None:
        if at == "thinned":
            raise Killed

    now_ms += 32 * 24 * HOUR_MS  # April: February goes with one month, March stays
    store._compaction.at_point = die
    with pytest.raises(Killed):
        upkeep(1, 2).step()
    for _ in range(2):
        store.close()
        store = DuckDBStore(tmp_path / "points.duckdb")
        upkeep(1, 2).step()
        files = sorted(path.stem for path in (tmp_path / "points.months").glob("*.duckdb"))
        assert files[0] == "2026-02-sums"
        assert all(store.raw(tag, START_MS, march_ms) == [] for tag in TAGS)
        assert store.counts().points == sum(row[3] >= march_ms for row in model.rows)
        assert {tag: store.aggregate(tag, START_MS, END_MS, HOUR_MS) for tag in before} == before
        assert store.state_durations(TAGS[0], START_MS, END_MS) == states
    model.position += 1
    late = Commit(tags=TAGS, batches=BatchColumns([BatchRow(STREAM, model.position, NODE, 0, 0)]))
    late.watermarks[StreamKey(NODE, STREAM)] = model.position
    late.points.batch, late.points.ord, late.points.tag = [0], [0], [0]
    late.points.ts_ms, late.points.value = [before[TAGS[0]][0].start_ms + 1], [9.0]
    late.points.quality = [GOOD]
    store.append(late)
    close_all(store, now_ms)
    assert store.aggregate(TAGS[0], START_MS, END_MS, HOUR_MS) == before[TAGS[0]], "sums win over late points"
    upkeep(1, 2).step()
    assert store.holdings().late_points == 0
    now_ms += 30 * 24 * HOUR_MS  # May: the sums of February go too
    upkeep(2, 2).step()
    assert store.aggregate(TAGS[0], START_MS, march_ms, HOUR_MS) == []
    assert not (tmp_path / "points.months" / "2026-02-sums.duckdb").exists()
    store.close()


@pytest.mark.parametrize("store", ["clickhouse", "influxdb"])
def test_a_store_that_keeps_no_sums_refuses_to_be_told_how_long(tmp_path: Path, store: str) -> None:
    settings = Settings(data=tmp_path, store=store, keep_sums_months=12)
    with pytest.raises(SettingsWrong, match="the embedded store alone keeps sums"):
        open_store(settings, Database("sqlite://"))
