"""History over HTTP: signals are found, charts get as much as they can show, programs get rows."""

import csv
import io
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pyarrow import parquet

from cloud.app import API, create_app
from cloud.errors import Invalid
from cloud.history import queries
from cloud.history.queries.rows import EXPORT_SLICE_WINDOWS
from cloud.history.routes import MOST_RECORDS
from cloud.identity.actions import DEMO_PASSWORD
from cloud.plant.schemas import iso
from cloud.settings import Settings
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import BAD, GOOD, BatchRow, Commit, StreamKey

PLANT_FILE = Path(__file__).parents[3] / "simulators" / "plants" / "demo.toml"
NODE, STREAM = "suzhou/gw-l1", "a" * 32
BASE = 1_772_409_600_000  # 2026-03-02T00:00:00Z
HOUR = 3_600_000
CONDITION, STATE, READ = (f"{NODE}/L1-OP10/condition", f"{NODE}/L1-OP10/state", f"{NODE}/L1-OUT/tag")
WATCHED, DENSE, SPOKEN = (f"{NODE}/L1-OP10/observed_since", f"{NODE}/scale/weight", f"{NODE}/scale/says")


def filled(path: Path) -> DuckDBStore:
    """Two hours of a value each second with a hole of ten minutes, a state from before, texts, and
    20,001 values a millisecond apart.
    """
    store = DuckDBStore(path)
    commit = Commit(tags=[CONDITION, STATE, READ, WATCHED, DENSE, SPOKEN])
    commit.batches.append(BatchRow(STREAM, 1, NODE, BASE - 500, BASE + 70))
    rows: list[tuple[int, int, float, int]] = [(1, BASE - 60_000, 2.0, GOOD)]
    for second in range(7200):
        if not 3600 <= second < 4200:
            rows.append((0, BASE + 1000 * second, second / 100, GOOD))
            since = BASE if second < 3600 else BASE + 4_200_000
            rows.append((3, BASE + 1000 * second, float(since), GOOD))
    rows.append((0, BASE + 7_200_000, float("nan"), BAD))
    rows += [(4, BASE + ms, 1.0, GOOD) for ms in range(20_001)]
    for place, (tag, ts_ms, value, quality) in enumerate(rows):
        columns = commit.points
        columns.batch.append(0)
        columns.ord.append(place)
        columns.tag.append(tag)
        columns.ts_ms.append(ts_ms)
        columns.value.append(value)
        columns.quality.append(quality)
    texts = commit.texts
    told = [(2, BASE, "3034AB"), (2, BASE + 1000, "=cmd()")]
    told += [(5, BASE + 30_000 * number, f"text {number}") for number in range(200)]
    for number, (tag, ts_ms, text) in enumerate(told):
        texts.batch.append(0)
        texts.ord.append(len(rows) + number)
        texts.tag.append(tag)
        texts.ts_ms.append(ts_ms)
        texts.text.append(text)
        texts.is_number.append(False)
        texts.quality.append(GOOD)
    commit.watermarks[StreamKey(NODE, STREAM)] = 1
    store.append(commit)
    return store


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("history")
    app = create_app(Settings(data=folder, plant_file=PLANT_FILE, demo_users=True), takes_in=False)
    with TestClient(app, base_url=f"https://test{API}") as opened:
        app.state.store = filled(folder / "points.duckdb")
        assert opened.post("/session", json={"username": "operator", "password": DEMO_PASSWORD}).is_success
        yield opened
        app.state.store.close()


def asked(client: TestClient, *tags: str, hours: float = 2, **more: str) -> dict[str, object]:
    query = {"tag": list(tags), "start": iso(BASE), "end": iso(BASE + round(hours * HOUR)), **more}
    answer = client.get("/history/series", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_signals_are_found_by_any_part_of_their_address_a_page_at_a_time(client: TestClient) -> None:
    page = client.get("/history/tags", params={"q": "op10", "limit": 2}).json()
    assert [item["metric"] for item in page["items"]] == ["condition", "observed_since"]
    first = page["items"][0]
    assert (first["role"], first["source"], first["source_name"]["en"] != "") == (
        "condition",
        "L1-OP10",
        True,
    )
    assert (first["value"], first["quality"]) == (None, BAD)
    rest = client.get("/history/tags", params={"q": "op10", "limit": 2, "after": page["next"]}).json()
    assert ([item["metric"] for item in rest["items"]], rest["next"]) == (["state"], None)
    assert client.get("/history/tags", params={"q": "no such signal"}).json() == {"items": [], "next": None}


def test_a_long_window_comes_as_windows_and_a_short_one_as_points(client: TestClient) -> None:
    (coarse,) = asked(client, CONDITION, points="120")["series"]  # type: ignore[misc]  # a list
    assert coarse["window_s"] == 60
    assert len(coarse["windows"]) == 110
    minute = coarse["windows"][1]
    assert (minute["at"], minute["min"], minute["max"], minute["count"]) == (
        iso(BASE + 60_000),
        0.6,
        1.19,
        60,
    )
    assert minute["time_weighted"] == pytest.approx(0.895)
    (fine,) = asked(client, CONDITION, hours=0.05)["series"]  # type: ignore[misc]  # a list
    assert (fine["window_s"], len(fine["points"]), fine["points"][7]["value"]) == (None, 180, 0.07)


def test_what_stood_before_and_what_nobody_watched_is_said(client: TestClient) -> None:
    state, condition = asked(client, STATE, CONDITION)["series"]  # type: ignore[misc]  # a list
    assert (state["before"], state["points"]) == (2.0, [])
    hole = {"start": iso(BASE + 3_599_000), "end": iso(BASE + 4_200_000)}
    assert condition["unobserved"] == [hole]


def test_time_of_bad_values_is_said_until_the_next_good_one(client: TestClient) -> None:
    (coarse,) = asked(client, CONDITION, hours=2.5, points="120")["series"]  # type: ignore[misc]  # a list
    assert coarse["window_s"] is not None
    assert coarse["bad"] == [{"start": iso(BASE + 2 * HOUR), "end": iso(BASE + 2 * HOUR + HOUR // 2)}]
    (before,) = asked(client, CONDITION)["series"]  # type: ignore[misc]  # a list
    assert before["bad"] == []


def test_texts_are_shown_as_they_are(client: TestClient) -> None:
    (read,) = asked(client, READ)["series"]  # type: ignore[misc]  # a list
    assert [point["value"] for point in read["points"]] == ["3034AB", "=cmd()"]


def test_texts_beyond_what_a_picture_shows_are_the_newest_and_it_says_from_when(client: TestClient) -> None:
    (texts,) = asked(client, SPOKEN, points=10)["series"]
    assert [point["value"] for point in texts["points"]] == [f"text {n}" for n in range(160, 200)]
    assert (texts["shown_from"], texts["before"]) == (iso(BASE + 30_000 * 160), None)
    (newer,) = asked(client, SPOKEN, points=50)["series"]
    assert (len(newer["points"]), newer["shown_from"]) == (200, None)
    (first,) = asked(client, SPOKEN, points=10, hours=0.25)["series"]
    assert [point["value"] for point in first["points"]] == [f"text {n}" for n in range(30)]
    assert first["shown_from"] is None


def test_a_reading_tells_when_it_was_sent_received_and_stored(client: TestClient) -> None:
    query: dict[str, str | int] = {"stream": STREAM, "position": 1, "at": iso(BASE + 1000)}
    told = client.get("/history/reading", params=query).json()
    assert (told["sent_at"], told["received_at"]) == (iso(BASE - 500), iso(BASE + 70))
    assert told["stored_at"] > "2026"
    for wrong in ({"position": 2}, {"stream": "b" * 32}, {"at": iso(BASE + 9 * HOUR)}):
        answer = client.get("/history/reading", params={**query, **wrong})
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_reading")
    assert client.get("/history/reading", params={**query, "position": -1}).status_code == 422


def test_programs_get_rows_as_json_csv_and_parquet(client: TestClient, tmp_path: Path) -> None:
    query = {"tag": [CONDITION, READ], "start": iso(BASE), "end": iso(BASE + 10_000)}
    records = client.get("/history/rows", params=query).json()
    assert len(records) == 12
    assert records[3] == {"time": iso(BASE + 3000), "tag": CONDITION, "value": 0.03, "quality": GOOD}
    answer = client.get("/history/rows", params={**query, "format": "csv"})
    lines = list(csv.reader(io.StringIO(answer.text)))
    assert (lines[0], lines[4][2], lines[-1][2]) == (["time", "tag", "value", "quality"], "0.03", "'=cmd()")
    file = tmp_path / "history.parquet"
    file.write_bytes(client.get("/history/rows", params={**query, "format": "parquet"}).content)
    table = parquet.read_table(file)
    assert table.num_rows == 12
    assert table.column("text").to_pylist()[-2:] == ["3034AB", "=cmd()"]
    assert table.column("value").to_pylist()[3] == 0.03
    by_minute = {**query, "end": iso(BASE + HOUR), "window": "1m", "measure": "max"}
    assert [row["value"] for row in client.get("/history/rows", params=by_minute).json()[:2]] == [0.59, 1.19]


def test_more_rows_than_json_is_answered_in_are_refused_before_the_rest_is_read() -> None:
    read: list[int] = []

    def endless() -> Iterator[queries.Row]:
        for number in count():
            read.append(number)
            yield BASE + number, CONDITION, 1.0, GOOD

    assert len(queries.as_records(islice(endless(), 7), 7)) == 7
    read.clear()
    with pytest.raises(Invalid, match=r"more than 7 rows.*format=csv.*window=") as refused:
        queries.as_records(endless(), 7)
    assert (refused.value.code, read) == ("too_many_rows", list(range(8)))


def test_json_holds_all_rows_that_were_asked_for_or_none(client: TestClient) -> None:
    most = {"tag": [DENSE] * 10, "start": iso(BASE), "end": iso(BASE + 20_000)}
    answer = client.get("/history/rows", params=most)  # type: ignore[arg-type]  # httpx takes lists too
    assert (answer.status_code, len(answer.json())) == (200, MOST_RECORDS)
    more = {**most, "end": iso(BASE + 20_001)}
    answer = client.get("/history/rows", params=more)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_rows")
    assert "200000" in answer.json()["detail"]
    rows = client.get("/history/rows", params={**more, "format": "csv"}).text  # type: ignore[arg-type]
    assert len(rows.splitlines()) == 1 + 10 * 20_001
    fewer = {**more, "window": "1m", "measure": "count"}
    counted = client.get("/history/rows", params=fewer).json()  # type: ignore[arg-type]
    assert [row["value"] for row in counted] == [20_001] * 10


def test_windows_read_in_pieces_are_the_windows_of_the_whole(client: TestClient) -> None:
    start, end = BASE - 90_500, BASE + 2 * HOUR + 250
    query = {"tag": CONDITION, "start": iso(start), "end": iso(end), "window": "1s"}
    store: DuckDBStore = client.app.state.store  # type: ignore[attr-defined]  # the app that TestClient holds
    whole = store.aggregate(CONDITION, start, end, 1000)
    piece_ms = EXPORT_SLICE_WINDOWS * 1000
    assert start // piece_ms < end // piece_ms, "nothing was cut"
    read = client.get("/history/rows", params={**query, "measure": "time_weighted"}).json()
    assert [(row["time"], row["value"]) for row in read] == [
        (iso(each.start_ms), each.time_weighted) for each in whole
    ]


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ({"tag": "x/y/z/w"}, 404, "x/y/z/w"),
        ({"tag": CONDITION, "window": "1 minute"}, 422, "30s, 1m, 8h"),
        ({"tag": CONDITION, "start": iso(BASE), "end": iso(BASE)}, 422, "before the end"),
        ({"tag": CONDITION, "start": "yesterday"}, 422, "start"),
        ({"tag": CONDITION, "start": "1990-01-01T00:00:00Z", "end": iso(BASE)}, 422, "400 days"),
        ({"tag": [CONDITION] * 13}, 422, "12"),
        ({}, 422, "tag"),
    ],
)
def test_what_cannot_be_answered_is_said(
    client: TestClient, query: dict[str, object], status: int, words: str
) -> None:
    answer = client.get("/history/rows", params=query)  # type: ignore[arg-type]  # httpx takes lists too
    assert (answer.status_code, words in answer.text) == (status, True), answer.text


def test_a_stranger_gets_nothing(client: TestClient) -> None:
    with TestClient(client.app, base_url=f"https://test{API}") as stranger:
        assert stranger.get("/history/tags").status_code == 401
