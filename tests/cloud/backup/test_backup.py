"""A backup is one moment of both stores while they are written; a restore is that moment, or a refusal."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import func, select

from cloud.app import prepare
from cloud.backup import commands
from cloud.backup.make import PARTIAL, make_backup
from cloud.backup.manifest import NAME, BackupRefused
from cloud.backup.restore import STAGING, refuse_half_restored, restore_backup
from cloud.db import Database
from cloud.outbox import OutboxEvent, announce
from cloud.settings import Settings
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.ledger import Ledger
from cloud.timeseries.store import GOOD, BatchColumns, BatchRow, Commit, StoreCounts, StreamKey
from cloud.worker import points_file
from wire.clock import real_ms

PLANT = Path(__file__).parents[3] / "simulators" / "plants" / "demo.toml"
NODE, STREAM = "g/n", "ab" * 16


def quiet(_what: str, _done: int, _total: int) -> None:
    """Nobody listens."""


def commit(position: int) -> Commit:
    filled = Commit(tags=["g/n/d/x"], batches=BatchColumns([BatchRow(STREAM, position, NODE, 0, 0)]))
    filled.watermarks[StreamKey(NODE, STREAM)] = position
    filled.points.batch.append(0)
    filled.points.ord.append(0)
    filled.points.tag.append(0)
    filled.points.ts_ms.append(position)
    filled.points.value.append(float(position))
    filled.points.quality.append(GOOD)
    return filled


def events(db: Database) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(OutboxEvent)) or 0


class World:
    """Both stores of a cloud in a folder, and a thread that writes into both: a point, then an event."""

    def __init__(self, data: Path, url: str | None) -> None:
        self.settings = Settings(data=data, database_url=url, plant_file=PLANT)
        self.db = Database(self.settings.url)
        prepare(self.db, self.settings)
        self.store = DuckDBStore(data / "points.duckdb")
        self.written = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def step(self) -> None:
        self.store.append(commit(self.written + 1))
        with self.db.write() as session:
            announce(session, "Counted", {"n": self.written + 1})
        self.written += 1

    def _write(self) -> None:
        while not self._stop.is_set():
            self.step()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def close(self) -> None:
        self.store.close()
        self.db.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    made = World(tmp_path / "data", url)
    for _ in range(5):
        made.step()
    yield made
    made.close()


def test_a_backup_taken_under_load_is_restored_as_one_moment(world: World, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    with world:
        before = world.written
        manifest = make_backup(target, world.db, world.store, quiet)
        after = world.written
    world.close()
    told: list[tuple[str, int, int]] = []
    _, generation = restore_backup(target, world.settings, lambda *it: told.append(it), replace=True)
    assert told[-1] == ("restoring", manifest.size, manifest.size)
    store, db = DuckDBStore(world.settings.data / "points.duckdb"), Database(world.settings.url)
    try:
        through = store.watermarks()[StreamKey(NODE, STREAM)]
        assert before <= through <= after + 1
        # The relational store is of an earlier moment than the points, never of a later one.
        assert before <= events(db) <= through
        rows = store.audit(0, 10**6).rows
        assert [row.value for row in rows] == [float(n) for n in range(1, through + 1)]
        assert store.counts().commit_no >= manifest.commit_no
        assert store.generation == generation > manifest.generation
        with db.write() as session:  # counted keys go on behind what was loaded
            announce(session, "Counted", {"n": 0})
        prepare(db, world.settings)
    finally:
        store.close()
        db.dispose()
    assert not (world.settings.data / STAGING).exists()


def test_every_restore_raises_the_generation_above_all_before(world: World, tmp_path: Path) -> None:
    make_backup(tmp_path / "backup", world.db, world.store, quiet)
    world.close()
    generations = [
        restore_backup(tmp_path / "backup", world.settings, quiet, replace=True)[1] for _ in range(3)
    ]
    assert generations == sorted(set(generations))


@pytest.fixture
def backup(tmp_path: Path) -> tuple[World, Path]:
    """A backup of a small world whose stores are closed."""
    made = World(tmp_path / "data", None)
    made.step()
    make_backup(tmp_path / "backup", made.db, made.store, quiet)
    made.close()
    return made, tmp_path / "backup"


def cut(folder: Path) -> None:
    path = folder / "points" / "points.duckdb"
    path.write_bytes(path.read_bytes()[:-1] + b"?")


def alter(name: str, value: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        said = json.loads((folder / NAME).read_text())
        (folder / NAME).write_text(json.dumps(said | {name: value}))

    return change


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "a flipped byte": (cut, "is damaged"),
    "a missing file": (lambda folder: (folder / "relational" / "taktline.db").unlink(), "is missing"),
    "a strange file": (lambda folder: (folder / "points" / "x").write_text(""), "not in the manifest"),
    "no manifest": (lambda folder: (folder / NAME).unlink(), "is no backup"),
    "half a manifest": (lambda folder: (folder / NAME).write_text("{"), "cannot be read"),
    "an empty manifest": (lambda folder: (folder / NAME).write_text('{"format": 1}'), "damaged"),
    "another format": (alter("format", 3), "reads formats 1 and 2"),
    "a newer schema": (alter("schema", "9999"), "does not know"),
    "another store": (alter("dialect", "postgresql"), "names a sqlite one"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_restored_is_refused_before_anything_changes(
    backup: tuple[World, Path], wrong: str
) -> None:
    world, folder = backup
    damage, reason = WRONG[wrong]
    damage(folder)
    before = {path: path.read_bytes() for path in world.settings.data.iterdir()}
    with pytest.raises(BackupRefused, match=reason):
        restore_backup(folder, world.settings, quiet, replace=True)
    assert {path: path.read_bytes() for path in world.settings.data.iterdir()} == before


def test_what_is_there_is_not_replaced_unasked(backup: tuple[World, Path]) -> None:
    world, folder = backup
    with pytest.raises(BackupRefused, match="--replace"):
        restore_backup(folder, world.settings, quiet, replace=False)
    shutil.rmtree(world.settings.data)
    world.settings.data.mkdir()
    restore_backup(folder, world.settings, quiet, replace=False)


def test_a_restore_that_did_not_end_keeps_the_cloud_from_starting(backup: tuple[World, Path]) -> None:
    world, folder = backup
    (world.settings.data / STAGING).mkdir()
    with pytest.raises(BackupRefused, match="did not come to its end"):
        refuse_half_restored(world.settings.data)
    restore_backup(folder, world.settings, quiet, replace=True)
    refuse_half_restored(world.settings.data)


def test_a_target_that_exists_is_refused_and_a_killed_backup_stands_in_no_way(tmp_path: Path) -> None:
    world = World(tmp_path / "data", None)
    (tmp_path / f"b{PARTIAL}" / "points").mkdir(parents=True)
    make_backup(tmp_path / "b", world.db, world.store, quiet)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "data"]
    for target, reason in ((tmp_path / "b", "exists already"), (tmp_path / "no" / "b", "is no folder")):
        with pytest.raises(BackupRefused, match=reason):
            make_backup(target, world.db, world.store, quiet)
    world.close()


class Huge:
    """A store that no disk can hold."""

    generation = 1

    def counts(self) -> StoreCounts:
        return StoreCounts(0, 0, 0, 0, 0, 0, 1 << 60)

    def backup(self, target: Path) -> list[Path]:
        raise AssertionError(target)


def test_a_disk_without_room_is_refused_before_it_is_full(tmp_path: Path) -> None:
    world = World(tmp_path / "data", None)
    with pytest.raises(BackupRefused, match="MB free; the backup needs about"):
        make_backup(tmp_path / "b", world.db, Huge(), quiet)
    assert not list(tmp_path.glob("b*"))
    world.close()


@pytest.fixture
def served(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[World, Path]]:
    """A cloud whose points stand elsewhere, as its commands read it, and a folder for its backup."""
    made = World(tmp_path / "data", None)
    for _ in range(3):
        made.step()
    made.store.close()
    monkeypatch.setenv("TAKTLINE_DATA", str(tmp_path / "data"))
    for name, value in getattr(request, "param", {"TAKTLINE_STORE": "clickhouse"}).items():
        monkeypatch.setenv(name, value)
    yield made, tmp_path / "backup"
    made.db.dispose()


ELSEWHERE = {
    "a server": ({"TAKTLINE_STORE": "clickhouse"}, "the points at clickhouse"),
    "workers": ({"TAKTLINE_INGEST": "workers"}, "the points of the workers: copy "),
}


@pytest.mark.parametrize(("served", "missing"), ELSEWHERE.values(), ids=ELSEWHERE, indirect=["served"])
def test_where_the_points_stand_elsewhere_the_rest_is_saved_and_what_is_missing_is_said(
    served: tuple[World, Path], missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world, folder = served
    assert commands.backup(folder) == 0
    said = capsys.readouterr().err
    assert f"NOT in it: {missing}" in said
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "relational"]
    with world.db.write() as session:
        announce(session, "Counted", {"n": 4})
    world.db.dispose()
    assert commands.restore(folder, replace=False) == 2
    assert commands.restore(folder, replace=True) == 0
    said = capsys.readouterr().err
    assert f"NOT in it: {missing}" in said
    assert "taktline cloud raise-generation" in said
    assert events(world.db) == 3
    refuse_half_restored(world.settings.data)


def test_a_backup_goes_back_only_to_where_its_points_are_kept_alike(
    served: tuple[World, Path], tmp_path: Path
) -> None:
    world, half = served
    assert commands.backup(half) == 0
    store = DuckDBStore(world.settings.data / "points.duckdb")
    make_backup(tmp_path / "whole", world.db, store, quiet)
    store.close()
    for folder, settings, reason in (
        (half, world.settings, "holds no time series"),
        (tmp_path / "whole", Settings.from_environment(), "holds time series of one file"),
    ):
        with pytest.raises(BackupRefused, match=reason):
            restore_backup(folder, settings, quiet, replace=True)


def test_the_generation_of_a_ledger_is_raised_above_every_one_before(served: tuple[World, Path]) -> None:
    world, _ = served
    ledger, least = Ledger(world.db, real_ms), real_ms() // 1000
    assert commands.raise_generation() == 0
    first = ledger.number("generation")
    assert first >= least
    assert commands.raise_generation() == 0
    assert ledger.number("generation") > first


def test_the_files_of_all_groups_get_one_generation_and_none_is_raised_where_no_points_are(
    served: tuple[World, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world, _ = served
    monkeypatch.setenv("TAKTLINE_STORE", "duckdb")
    monkeypatch.setenv("TAKTLINE_INGEST", "workers")
    assert commands.raise_generation() == 2
    assert "holds no file of points" in capsys.readouterr().err
    files = [points_file(world.settings.data, group) for group in ("east", "west")]
    for file, raised in zip(files, (1 << 40, 0), strict=True):
        file.parent.mkdir(parents=True)
        store = DuckDBStore(file)
        if raised:
            store.raise_generation(raised)
        store.close()
    assert commands.raise_generation() == 0
    for file in files:
        store = DuckDBStore(file)
        assert store.generation == (1 << 40) + 1
        store.close()
