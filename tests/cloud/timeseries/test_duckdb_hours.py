"""Hours are closed, merged, dropped and copied without a point lost, doubled or told differently."""

import math
import random
import threading
from pathlib import Path

import duckdb
import pytest
from points_model import END_MS, HOUR_MS, NODE, START_MS, STREAM, TAGS, Killed, Model, close_all, fill

from cloud.timeseries import duckdb_agenda, duckdb_compaction, duckdb_sums, rollups
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import GOOD, BatchColumns, BatchRow, Commit, StreamKey, WrongFormat

FORMAT_1 = Path(__file__).with_name("format_1.sql")


@pytest.mark.parametrize("seed", range(2))
def test_answers_are_those_of_a_plain_list_at_every_moment(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Sums by minute of one seed, points of the other.
    monkeypatch.setattr(rollups, "MINUTES_FROM", 3 if seed else 1200)
    # Days go to their month at once, or hours stand in files of their days first and are merged in two parts.
    monkeypatch.setattr(duckdb_agenda, "DIRECT_POINTS", 0 if seed else 5_000_000)
    monkeypatch.setattr(duckdb_agenda, "MERGED_POINTS", 40 if seed else 100_000_000)
    rng, model = random.Random(seed), Model()
    store = DuckDBStore(tmp_path / "points.duckdb")
    for _ in range(3):
        fill(store, model, rng, 6)
        for _ in range(rng.randrange(3)):
            store.compact(rng.randrange(START_MS, END_MS))
        if rng.random() < 0.5:
            store.close()
            store = DuckDBStore(tmp_path / "points.duckdb")
        model.check(store, rng)
    close_all(store)
    model.check(store, rng)
    held = store.holdings()
    assert (held.open_hours, held.late_points) == (0, 0)
    assert [month.month for month in held.months] == ["2026-02", "2026-03"]
    assert sum(month.points for month in held.months) == len(model.rows)
    store.close()


@pytest.mark.parametrize("point", ["part", "written", "switched"])
def test_a_death_at_any_step_loses_and_doubles_nothing(tmp_path: Path, point: str) -> None:
    rng, model = random.Random(point), Model()
    store = DuckDBStore(tmp_path / "points.duckdb")
    fill(store, model, rng, 6)
    close_all(store, START_MS + 12 * HOUR_MS)
    fill(store, model, rng, 6)

    def die(at: str) -> None:
        if at == point:
            raise Killed

    for _ in range(2):
        store._compaction.at_point = die
        with pytest.raises(Killed):
            store.compact(END_MS)
        store.append(model.commit(rng))  # the process lives on: the step is let go
        model.check(store, rng)
        store.close()
        store = DuckDBStore(tmp_path / "points.duckdb")
        model.check(store, rng)
        store.append(model.commit(rng))
    close_all(store)
    model.check(store, rng)
    store.close()


def test_an_hour_of_many_points_is_written_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb_agenda, "STEP_POINTS", 20)
    rng, model = random.Random(5), Model()
    store = DuckDBStore(tmp_path / "points.duckdb")
    parts: list[str] = []
    store._compaction.at_point = parts.append
    for _ in range(2):
        fill(store, model, rng, 12)
        close_all(store)
    model.check(store, rng)
    assert parts.count("part") > parts.count("written")
    store.close()


def test_points_that_come_while_their_hour_closes_are_late_and_merged_next(tmp_path: Path) -> None:
    rng, model = random.Random(8), Model()
    store = DuckDBStore(tmp_path / "points.duckdb")
    fill(store, model, rng, 10)
    store._compaction.at_point = lambda at: fill(store, model, rng, 4) if at == "written" else None
    store.compact(END_MS)
    model.check(store, rng)
    store._compaction.at_point = lambda _: None
    assert store.holdings().late_points > 0
    close_all(store)
    assert store.holdings().late_points == 0
    model.check(store, rng)
    store.close()


def test_who_reads_while_hours_close_is_told_the_same(tmp_path: Path) -> None:
    rng, model = random.Random(9), Model()
    store = DuckDBStore(tmp_path / "points.duckdb")
    fill(store, model, rng, 12)
    stopping, trouble, rounds = threading.Event(), [], 0

    def read() -> None:
        nonlocal rounds
        chance = random.Random(1)
        try:
            while not stopping.is_set():
                model.check(store, chance)
                rounds += 1
        except BaseException as error:  # noqa: BLE001  told by the test's own thread
            trouble.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    hour = START_MS
    while hour <= END_MS and reader.is_alive():
        hour += 4 * HOUR_MS
        store.compact(hour)
    while not rounds and reader.is_alive():
        stopping.wait(0.01)
    stopping.set()
    reader.join()
    assert trouble == []
    store.close()


def test_a_backup_holds_closed_and_open_hours_of_one_moment(tmp_path: Path) -> None:
    rng, model = random.Random(6), Model()
    store = DuckDBStore(tmp_path / "points.duckdb")
    fill(store, model, rng, 12)
    close_all(store, START_MS + 14 * HOUR_MS)
    files = store.backup(tmp_path / "backup")
    told = sorted(str(file.relative_to(tmp_path / "backup")) for file in files)
    months = ("2026-02", "2026-03-01")  # the second day is not over
    assert told == ["points.duckdb", *(f"points.months/{name}.duckdb" for name in months)]
    copy = DuckDBStore(tmp_path / "backup" / "points.duckdb")
    model.check(copy, rng)
    close_all(copy)
    model.check(copy, rng)
    copy.close()
    store.close()


def test_a_month_that_nothing_names_is_swept_and_one_that_is_missing_is_named(tmp_path: Path) -> None:
    rng, model = random.Random(2), Model()
    store = DuckDBStore(tmp_path / "points.duckdb")
    fill(store, model, rng, 12)
    close_all(store)
    store.close()
    months = tmp_path / "points.months"
    orphan = months / "2019-07.duckdb"
    orphan.write_bytes((months / "2026-02.duckdb").read_bytes())
    store = DuckDBStore(tmp_path / "points.duckdb")
    assert not orphan.exists()
    model.check(store, rng)
    store.close()
    (months / "2026-02.duckdb").rename(tmp_path / "elsewhere")
    with pytest.raises(WrongFormat, match=r"2026-02\.duckdb is missing; it holds \d+ points"):
        DuckDBStore(tmp_path / "points.duckdb")
    (tmp_path / "elsewhere").rename(months / "2026-02.duckdb")
    store = DuckDBStore(tmp_path / "points.duckdb")
    model.check(store, rng)
    store.close()


def test_a_file_of_the_format_before_is_taken_over_whole(tmp_path: Path) -> None:
    file = tmp_path / "points.duckdb"
    rng, model = random.Random(7), Model()
    with duckdb.connect(str(file)) as old:
        old.execute(FORMAT_1.read_text())
        old.execute("insert into meta values ('format', '1'), ('generation', '3'), ('commit_no', '12')")
        for number, tag in enumerate(TAGS, 1):
            old.execute("insert into tags values (?, ?)", [number, tag])
        while len(model.rows) < 60:
            model.commit(rng)
        for batch in range(1, model.position + 1):
            inside = sum(row[0] == batch for row in model.rows)
            old.execute(
                "insert into batches values (?, ?, ?, ?, ?, 5, 6, 777)", [batch, STREAM, batch, NODE, inside]
            )
        for batch, ordinal, tag, ts, value, quality in model.rows:
            place = [quality, batch, ordinal]
            if isinstance(value, str):
                row = [ts * 1000, TAGS.index(tag) + 1, value, *place]
                old.execute("insert into events values (?, ?, ?, false, ?, ?, ?)", row)
            else:
                row = [ts * 1000, TAGS.index(tag) + 1, value, *place]
                old.execute("insert into pts values (?, ?, ?, ?, ?, ?)", row)
        old.execute("insert into watermarks values (?, ?, ?)", [NODE, STREAM, model.position])
    store = DuckDBStore(file)
    assert store.generation == 3
    assert store.watermarks() == {StreamKey(NODE, STREAM): model.position}
    assert store.counts().batches == model.position
    model.check(store, rng)
    fill(store, model, rng, 3)
    close_all(store)
    model.check(store, rng)
    assert store.counts().batches == model.position
    store.close()


def test_months_of_the_format_before_are_taken_over_whole(tmp_path: Path) -> None:
    rng, model = random.Random(10), Model()
    store = DuckDBStore(tmp_path / "points.duckdb")
    fill(store, model, rng, 12)
    close_all(store)
    store.close()
    files = [tmp_path / "points.duckdb", *(tmp_path / "points.months").glob("*.duckdb")]
    for file in files:
        with duckdb.connect(str(file)) as old:
            old.execute("update meta set value = '2' where key = 'format'")
            if file.parent.name == "points.months":
                old.execute("update pts set ts = ts * 1000")
                old.execute("update events set ts = ts * 1000")
    for _ in range(2):
        store = DuckDBStore(tmp_path / "points.duckdb")
        model.check(store, rng)
        fill(store, model, rng, 2)
        close_all(store)
        model.check(store, rng)
        store.close()


def test_commits_go_on_beside_the_tables_while_the_log_is_written_to_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, model = random.Random(11), Model()
    store = DuckDBStore(tmp_path / "points.duckdb")
    fill(store, model, rng, 6)
    monkeypatch.setattr(duckdb_compaction, "CHECKPOINT_BYTES", 1)
    checkpoint, held = store._compaction._cursor, store.holdings()
    commits = 0

    def cursor() -> duckdb.DuckDBPyConnection:
        nonlocal commits
        if store._places.hours.resting and not commits:  # what a commit meets during the checkpoint
            commits = 3
            fill(store, model, rng, commits)
            assert store.holdings().open_hours == held.open_hours
            assert store.holdings().late_points > held.late_points
            model.check(store, rng)
        return checkpoint()

    store._compaction._cursor = cursor  # type: ignore[method-assign]
    store.compact(START_MS - HOUR_MS)
    assert commits == 3
    assert not (tmp_path / "points.duckdb.wal").exists()
    fill(store, model, rng, 3)
    close_all(store)
    assert (store.holdings().open_hours, store.holdings().late_points) == (0, 0)
    model.check(store, rng)
    store.close()


def test_hours_are_closed_before_the_log_is_written_to_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, model = random.Random(12), Model()
    store = DuckDBStore(tmp_path / "points.duckdb")
    fill(store, model, rng, 12)
    log = tmp_path / "points.duckdb.wal"
    monkeypatch.setattr(duckdb_compaction, "CHECKPOINT_BYTES", log.stat().st_size * 3 // 4)
    assert store.compact(END_MS).hours > 0
    assert log.exists(), "points of closed hours are written twice"
    close_all(store)
    store.compact(END_MS)
    assert not log.exists()
    model.check(store, rng)
    store.close()


def test_hours_of_a_day_stand_together_once_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb_agenda, "DIRECT_POINTS", 0)
    store = DuckDBStore(tmp_path / "points.duckdb")
    position, day_ms = 0, 24 * HOUR_MS

    def add(*hours: int) -> None:
        nonlocal position
        for hour in hours:
            position += 1
            commit = Commit(tags=["a", "b"], batches=BatchColumns([BatchRow(STREAM, position, NODE, 0, 0)]))
            commit.watermarks[StreamKey(NODE, STREAM)] = position
            columns = commit.points
            columns.batch, columns.ord, columns.tag = [0, 0], [0, 1], [0, 1]
            columns.quality, columns.ts_ms = [GOOD, GOOD], [hour * HOUR_MS, hour * HOUR_MS + 1]
            columns.value = [float(hour), float(-hour)]
            store.append(commit)

    def files() -> list[str]:
        return sorted(path.stem for path in (tmp_path / "points.months").glob("*.duckdb"))

    add(*range(26))
    for hour in range(1, 24):
        store.compact(hour * HOUR_MS)
    assert files() == ["1970-01-01"]
    with store._places.view() as view:  # who reads while the day goes to its month reads on
        close_all(store, day_ms)
        assert len(duckdb_sums.aggregate(view, 1, 0, day_ms, HOUR_MS)) == 24
        assert files() == ["1970-01", "1970-01-01"]
    store.compact(day_ms)
    assert files() == ["1970-01"]
    rows = store._cursor().execute("select tag_id, ts from m1970_01.pts").fetchall()
    assert rows == sorted(rows), "a tag's points stand together"
    add(3, 25)
    store._compaction._merge_due_s = math.inf
    close_all(store, 2 * day_ms)
    assert files() == ["1970-01", "1970-01-01"], (
        "a late point has the whole day written anew only now and then"
    )
    assert [w.good for w in store.aggregate("a", 0, day_ms, HOUR_MS)] == [1, 1, 1, 2, *[1] * 20]
    store._compaction._merge_due_s = 0.0
    close_all(store, 2 * day_ms)
    assert files() == ["1970-01"]
    rows = store._cursor().execute("select tag_id, ts from m1970_01.pts where ts < 86400000").fetchall()
    assert len(rows) == 50
    assert rows == sorted(rows)
    store.close()


def test_texts_and_numbers_of_one_tag_keep_the_newest_over_a_restart(tmp_path: Path) -> None:
    store = DuckDBStore(tmp_path / "points.duckdb")
    for position, hour in enumerate((3, 5, 4), 1):
        commit = Commit(tags=["a"], batches=BatchColumns([BatchRow(STREAM, position, NODE, 0, 0)]))
        commit.watermarks[StreamKey(NODE, STREAM)] = position
        columns = commit.texts if hour == 5 else commit.points
        columns.batch, columns.ord, columns.tag, columns.quality = [0], [0], [0], [GOOD]
        columns.ts_ms = [hour * HOUR_MS]
        if hour == 5:
            commit.texts.text, commit.texts.is_number = [str(2**60 + 1)], [True]
        else:
            commit.points.value = [float(hour)]
        store.append(commit)
    for _ in range(2):
        assert store.latest(["a"])["a"] == (5 * HOUR_MS, 2**60 + 1, GOOD)
        close_all(store)
        store.close()
        store = DuckDBStore(tmp_path / "points.duckdb")
    store.close()
