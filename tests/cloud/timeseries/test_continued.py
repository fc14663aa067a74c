"""A signal that went from address to address reads as if it had never been renamed."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from points_model import END_MS, HOUR_MS, START_MS, TAGS, Model

from cloud.timeseries.continued import Continued, Join, lineage
from cloud.timeseries.converted import AS_IT_IS, Conversion
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import BAD, GOOD, BatchRow, Commit, Sample, Store, StreamKey, Window
from cloud.timeseries.tag_search import tags_with

EPC = TAGS[2]
TENTHS = Conversion(scale=0.1, offset=-40.0)


def address(tag: str, place: int) -> str:
    """Where a tag stood: the newest address is its own, the ones before those of older gateways."""
    return tag if place == 0 else tag.replace("p/n/", f"p/old{place}/")


class Remembered:
    """Readings computed from a model's points, which is what stores are compared with."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def raw(self, tag: str, since_ms: int, until_ms: int) -> list[Sample]:
        return [Sample(*row) for row in self._model.raw(tag) if since_ms <= row[0] < until_ms]

    def aggregate(self, tag: str, since_ms: int, until_ms: int, window_ms: int) -> list[Window]:
        found = self._model.windows(tag, since_ms, until_ms, window_ms) if tag != EPC else {}
        return [Window(at, int(sums[0]), *sums[1:]) for at, sums in found.items()]

    def state_durations(self, tag: str, since_ms: int, until_ms: int) -> dict[float, int]:
        return self._model.durations(tag, since_ms, until_ms)

    def latest(self, tags: Sequence[str]) -> dict[str, Sample]:
        told = {tag: self.raw(tag, START_MS, END_MS) for tag in tags}
        return {tag: points[-1] for tag, points in told.items() if points}

    def tags(self, contains: str, after: str | None, limit: int) -> list[str]:
        return tags_with({row[2] for row in self._model.rows}, contains, after, limit)


def split(model: Model, cuts: list[int], rng: random.Random) -> Model:
    """The same points under the addresses of their times, and others outside the time of their address.

    A gateway is tried in its box before, an old one goes on after.
    """
    apart = Model()
    for batch, ordinal, tag, ts, value, quality in model.rows:
        place = sum(ts < cut for cut in cuts)
        apart.rows.append((batch, ordinal, address(tag, place), ts, value, quality))
        if tag != EPC and rng.random() < 0.2:
            other = rng.choice([n for n in range(len(cuts) + 1) if n != place])
            apart.rows.append((batch, ordinal + 100, address(tag, other), ts, 99.0, GOOD))
    return apart


@pytest.mark.parametrize("seed", range(12))
def test_a_signal_read_through_its_addresses_is_the_signal_that_was_never_renamed(seed: int) -> None:
    rng, model = random.Random(seed), Model()
    for _ in range(rng.choice((3, 25))):
        model.commit(rng)
    step = rng.choice((1, 60_000, HOUR_MS))
    cuts = sorted(rng.sample(range(START_MS, END_MS, step), rng.randint(1, 3)), reverse=True)
    joins = [
        Join(address(tag, place + 1), address(tag, place), cut)
        for place, cut in enumerate(cuts)
        for tag in TAGS
    ]
    rng.shuffle(joins)
    read = Continued(Remembered(split(model, cuts, rng)), joins)
    for tag in TAGS:
        assert [tuple(s) for s in read.raw(tag, START_MS, END_MS)] == model.raw(tag)
    model.check_sums(read, START_MS, END_MS, rng)
    for _ in range(6):
        since = rng.randrange(START_MS, END_MS, rng.choice((1, 60_000, HOUR_MS)))
        model.check_sums(read, since, rng.randrange(since, END_MS) + 1, rng)


def filled(path: Path, **told: list[tuple[int, float | str]]) -> DuckDBStore:
    """A store whose addresses `p/n//name` told (ms, value)."""
    store, stream = DuckDBStore(path), "b" * 32
    commit = Commit(tags=[f"p/n//{name}" for name in told])
    commit.batches.append(BatchRow(stream, 1, "p/n", 1, 1))
    commit.watermarks[StreamKey("p/n", stream)] = 1
    ordinal = 0
    for tag, points in enumerate(told.values()):
        for ts_ms, value in points:
            if isinstance(value, str):
                commit.texts.text.append(value)
                commit.texts.is_number.append(False)
            else:
                commit.points.value.append(value)
            columns = commit.texts if isinstance(value, str) else commit.points
            columns.batch.append(0)
            columns.ord.append(ordinal)
            columns.tag.append(tag)
            columns.ts_ms.append(ts_ms)
            columns.quality.append(GOOD)
            ordinal += 1
    store.append(commit)
    return store


def test_a_spare_gateway_and_the_repaired_one_give_one_history(tmp_path: Path) -> None:
    store = filled(tmp_path / "p", a=[(1, 1.0), (250, 9.0), (350, 3.0)], b=[(150, 9.0), (250, 2.0)])
    read = Continued(store, [Join("p/n//a", "p/n//b", 200), Join("p/n//b", "p/n//a", 300)])
    assert [p.value for p in read.raw("p/n//a", 0, 1000)] == [1.0, 2.0, 3.0]
    assert [p.value for p in read.raw("p/n//b", 0, 1000)] == [1.0, 2.0]
    assert [piece.tag for piece in read.pieces("p/n//a")] == ["p/n//a", "p/n//b", "p/n//a"]
    assert dict(read.state_durations("p/n//a", 0, 400)) == {1.0: 249, 2.0: 100, 3.0: 50}
    store.close()


def test_old_values_read_in_the_unit_of_the_new_ones(tmp_path: Path) -> None:
    store = filled(tmp_path / "p", a=[(0, 600.0), (500, 500.0)], b=[(1500, 15.0)])
    read = Continued(store, [Join("p/n//a", "p/n//b", 1000, TENTHS)])
    assert [p.value for p in read.raw("p/n//b", 0, 2000)] == [20.0, 10.0, 15.0]
    (window,) = read.aggregate("p/n//b", 0, 2000, 2000)
    assert tuple(window) == (0, 3, 10.0, 20.0, 15.0, 20.0, 15.0, pytest.approx(13.75))
    upside_down = Conversion(scale=-1.0)
    read = Continued(store, [Join("p/n//a", "p/n//b", 1000, upside_down)])
    (window, _) = read.aggregate("p/n//b", 0, 2000, 1000)
    assert (window.minimum, window.maximum) == (-600.0, -500.0)
    store.close()


def test_texts_become_the_codes_that_stand_for_them_and_what_nobody_named_is_bad(tmp_path: Path) -> None:
    store = filled(tmp_path / "p", a=[(0, "RUN"), (400, "STOP"), (600, "?")], b=[(1500, 1.0)])
    read = Continued(store, [Join("p/n//a", "p/n//b", 1000, Conversion(values={"RUN": 1.0, "STOP": 0.0}))])
    assert read.raw("p/n//b", 0, 2000) == [
        Sample(0, 1.0, GOOD),
        Sample(400, 0.0, GOOD),
        Sample(600, "?", BAD),
        Sample(1500, 1.0, GOOD),
    ]
    assert dict(read.state_durations("p/n//b", 0, 2000)) == {1.0: 400 + 500, 0.0: 1100}
    assert [(w.start_ms, w.good) for w in read.aggregate("p/n//b", 0, 2000, 1000)] == [(0, 2), (1000, 1)]
    assert read.aggregate("p/n//b", 1000, 2000, 1000)[0].time_weighted == 0.5
    store.close()


def test_a_retyped_signal_keeps_its_address(tmp_path: Path) -> None:
    store = filled(tmp_path / "p", a=[(0, "1"), (500, "2"), (1500, 20.0)])
    join = Join("p/n//a", "p/n//a", 1000, Conversion(values={"1": 10.0, "2": 20.0}))
    assert [p.value for p in Continued(store, [join]).raw("p/n//a", 0, 2000)] == [10.0, 20.0, 20.0]
    store.close()


def test_the_newest_value_is_the_old_one_until_the_new_address_speaks(tmp_path: Path) -> None:
    store = filled(tmp_path / "p", a=[(10, 1.0), (2500, 7.0)], b=[(500, 5.0)], c=[(2000, 2.0)])
    silent = Continued(store, [Join("p/n//a", "p/n//x", 1000)])
    assert silent.latest(["p/n//x"]) == {"p/n//x": Sample(10, 1.0, GOOD)}
    assert silent.tags("//x", None, 5) == ["p/n//x"]
    assert silent.tags("p/n", "p/n//a", 2) == ["p/n//b", "p/n//c"]
    early = Continued(store, [Join("p/n//a", "p/n//b", 1000)])
    assert early.latest(["p/n//b", "p/n//c"])["p/n//b"].value == 1.0, "what came before its time is no value"
    assert Continued(store, [Join("p/n//a", "p/n//c", 1000)]).latest(["p/n//c"])["p/n//c"].value == 2.0
    store.close()


def test_conversions_add_up_along_a_chain_of_addresses() -> None:
    first, second = Join("a", "b", 10, Conversion(scale=2.0)), Join("b", "c", 20, Conversion(offset=1.0))
    pieces = lineage("c", {"b": [first], "c": [second]})
    assert [(p.tag, p.since_ms, p.until_ms, p.conversion.number(3.0)) for p in pieces] == [
        ("a", None, 10, 7.0),
        ("b", 10, 20, 4.0),
        ("c", 20, None, 3.0),
    ]
    named = Conversion(values={"on": 1.0}).then(Conversion(scale=5.0))
    assert named.value("on") == (5.0, True)
    assert AS_IT_IS.then(TENTHS) == TENTHS


@pytest.mark.parametrize("engine", ["duckdb", "duckdb_compacted", "clickhouse"])
def test_every_store_reads_a_renamed_signal_as_one_never_renamed(
    request: pytest.FixtureRequest, engine: str
) -> None:
    store: Store = request.getfixturevalue(f"open_{engine}")()
    hour = HOUR_MS
    old, new, never = "p/n/m/old", "p/n/m/new", "p/n/m/never"
    joined_ms = hour + 1_234_567
    commit = Commit(tags=[old, new, never])
    commit.batches.append(BatchRow("c" * 32, 1, "p/n", 5, 6))
    commit.watermarks[StreamKey("p/n", "c" * 32)] = 1
    for n in range(150):
        ts_ms, value = n * 60_500, float(n % 7)
        after = ts_ms >= joined_ms
        for tag, told in ((int(after), value), (2, value), (int(not after), 99.0)):
            columns = commit.points
            columns.batch.append(0)
            columns.ord.append(len(columns.ord))
            columns.tag.append(tag)
            columns.ts_ms.append(ts_ms + (tag == int(not after)) * 7)
            columns.value.append(told)
            columns.quality.append(GOOD)
    store.append(commit)
    read = Continued(store, [Join(old, new, joined_ms)])

    def sums(tag: str, since_ms: int, until_ms: int, width_ms: int) -> list[float]:
        return [each for window in read.aggregate(tag, since_ms, until_ms, width_ms) for each in window]

    assert read.raw(new, 0, 3 * hour) == read.raw(never, 0, 3 * hour)
    assert read.latest([new])[new] == read.latest([never])[never]
    for since_ms, until_ms, width_ms in ((0, 3 * hour, hour), (joined_ms + 1, joined_ms + 500_000, 60_000)):
        stretch = (since_ms, until_ms)
        assert sums(new, *stretch, width_ms) == pytest.approx(sums(never, *stretch, width_ms))
        assert read.state_durations(new, *stretch) == read.state_durations(never, *stretch)
    assert read.tags("m/n", None, 5) == [never, new]
    store.close()
