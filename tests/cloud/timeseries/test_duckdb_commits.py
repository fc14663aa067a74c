"""Commits of a DuckDB store: watermarks, commit numbers and tags stay what they were, over restarts too."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pytest

from cloud.timeseries import duckdb_writes
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.duckdb_tags import TagPlaces
from cloud.timeseries.store import (
    GOOD,
    BatchColumns,
    BatchRow,
    Commit,
    ContentRefused,
    QuarantineRow,
    Sample,
    StreamKey,
)

NODE = "suzhou/gw-l1"
ONE, OTHER = StreamKey(NODE, "a" * 32), StreamKey(NODE, "b" * 32)


def commit(key: StreamKey, position: int, values: dict[str, float]) -> Commit:
    """A commit of one batch with a value of each tag at the time of its position."""
    made = Commit(tags=list(values), batches=BatchColumns([BatchRow(key.stream, position, NODE, 0, 0)]))
    made.watermarks[key] = position
    size, columns = len(values), made.points
    columns.batch, columns.ord, columns.tag = [0] * size, list(range(size)), list(range(size))
    columns.ts_ms, columns.value, columns.quality = [position] * size, [*values.values()], [GOOD] * size
    return made


def test_watermarks_and_commit_numbers_stand_after_every_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb_writes, "FOLDED_EVERY", 3)
    expected: dict[StreamKey, int] = {}
    for number in range(1, 9):
        store = DuckDBStore(tmp_path / "points.duckdb")
        assert (store.watermarks(), store.counts().commit_no) == (expected, number - 1)
        key = OTHER if number % 4 == 0 else ONE
        if number % 5 == 0:  # one that moves no watermark
            store.append(Commit(quarantine=[QuarantineRow(0, "topic", "reason", 1, "digest", b"x")]))
        else:
            expected[key] = number
            store.append(commit(key, number, {"a": 1.0}))
        assert store.counts().commit_no == number
        store.close()
    with duckdb.connect(str(tmp_path / "points.duckdb")) as file:
        moves = file.execute("select commit_no, stream from moves order by commit_no").fetchall()
    assert moves == [(7, ONE.stream), (8, OTHER.stream)], "what was moved before is written once"


def test_a_hot_file_of_format_3_goes_on_where_it_was(tmp_path: Path) -> None:
    file = tmp_path / "points.duckdb"
    store = DuckDBStore(file)
    for position in range(1, 4):
        store.append(commit(ONE, position, {"a": 1.0}))
    store.close()
    with duckdb.connect(str(file)) as old:
        old.execute("insert into watermarks select node, stream, max(w) from moves group by all")
        old.execute("update meta set value = '3' where key in ('format', 'commit_no')")
        old.execute("drop table moves")
    for position in range(4, 6):
        store = DuckDBStore(file)
        assert (store.watermarks(), store.counts().commit_no) == ({ONE: position - 1}, position - 1)
        store.append(commit(ONE, position, {"a": 1.0}))
        store.close()


def test_values_go_to_the_tag_that_stands_at_their_place_in_this_commit(tmp_path: Path) -> None:
    store = DuckDBStore(tmp_path / "points.duckdb")
    store.append(commit(ONE, 1, {"a": 1.0, "b": 2.0}))
    store.append(commit(ONE, 2, {"b": 3.0, "a": 4.0, "c": 5.0}))
    refused = commit(ONE, 3, {"a": 0.0, "e": 0.0, "f": 0.0})
    texts = refused.texts
    texts.batch, texts.ord, texts.tag, texts.ts_ms, texts.quality = [0], [9], [2], [3], [GOOD]
    texts.text, texts.is_number = ["\ud800"], [False]  # no text that a database can hold
    with pytest.raises(ContentRefused):
        store.append(refused)
    store.append(commit(ONE, 3, {"a": 6.0, "f": 7.0, "e": 8.0}))
    store.append(commit(ONE, 4, {"a": 9.0, "f": 10.0}))
    for _ in range(2):
        told = {tag: [sample.value for sample in store.raw(tag, 0, 10)] for tag in "abcef"}
        assert told == {"a": [1, 4, 6, 9], "b": [2, 3], "c": [5], "e": [8], "f": [7, 10]}
        assert store.latest(["a", "f"]) == {"a": Sample(4, 9, GOOD), "f": Sample(4, 10, GOOD)}
        store.close()
        store = DuckDBStore(tmp_path / "points.duckdb")
    store.close()


class Growing(Sequence[str]):
    """Names to which ingestion adds one whenever the store looks at them."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __len__(self) -> int:
        self.names.append(f"tag{len(self.names)}")
        return len(self.names)

    def __getitem__(self, place: int | slice) -> str | list[str]:  # type: ignore[override]
        return self.names[place]

    def __iter__(self) -> Iterator[str]:
        self.names.append(f"tag{len(self.names)}")
        return iter([*self.names])


def test_tags_that_are_learned_while_the_store_looks_at_them_have_their_place() -> None:
    places, names = TagPlaces(), Growing()
    for _ in range(3):
        at_least = len(names.names)
        ids = places.of(names)
        assert len(ids) >= at_least
        ids[ids == 0] = 7
        places.keep(ids)
        assert len(places.of([*names.names])) == len(names.names)
    assert np.count_nonzero(places.of([*names.names])) < len(names.names)
