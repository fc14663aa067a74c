"""What an InfluxDB store sends and reads: lines, Flux by its own parser, answers; no engine is tested."""

import json
import math
from collections.abc import Callable, Iterator

import pytest
from flux_parser import PARSER, WHAT, refused
from hypothesis import given
from hypothesis import strategies as st
from influx_http_recorder import Recorder

from cloud.db import Database
from cloud.timeseries import influx_flux as flux
from cloud.timeseries.influx import InfluxPoints, near_in_time, rfc3339
from cloud.timeseries.influx_lines import field_text, lines, place_ns, tag_value
from cloud.timeseries.ledger_pages import Page
from cloud.timeseries.ledger_store import LedgerStore, StoredPoint
from cloud.timeseries.store import (
    GOOD,
    BatchColumns,
    BatchRow,
    Commit,
    ContentRefused,
    Sample,
    StoreRefused,
    StreamKey,
)
from cloud.timeseries.tables import escaped, unescaped

NODE, STREAM = "suzhou/gw 1", "a" * 32
STATE = f"{NODE}/m,1/state"
NASTY = ['a"b', "back\\slash\\", "${r.tag}", 'x") |> drop()', "line\nbreak\r\t", "零件", "%_'", "\\${", ""]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    found = Recorder()
    yield found
    found.stop()


@pytest.fixture
def points(recorder: Recorder) -> Iterator[InfluxPoints]:
    found = InfluxPoints(recorder.url, "plant", "signals", "secret")
    yield found
    found.close()


def commit(ts_ms: int = 1000) -> Commit:
    made = Commit(tags=[STATE, f"{NODE}//bad_input"], batches=BatchColumns([BatchRow(STREAM, 2, NODE, 0, 0)]))
    made.watermarks[StreamKey(NODE, STREAM)] = 2
    columns = made.points
    columns.batch, columns.ord, columns.tag = [0] * 4, [0, 1, 2, 3], [0, 0, 1, 0]
    columns.ts_ms, columns.quality = [ts_ms, ts_ms, ts_ms, ts_ms + 1], [GOOD, GOOD, 0, 0]
    columns.value = [1.5, 0.1 + 0.2, None, math.inf]
    texts = made.texts
    texts.batch, texts.ord, texts.tag, texts.ts_ms = [0, 0], [4, 5], [0, 0], [ts_ms, ts_ms]
    texts.text, texts.is_number, texts.quality = ['E"2\\\x00', str(2**63)], [False, True], [GOOD, GOOD]
    return made


def test_a_commit_is_one_request_of_lines(recorder: Recorder, points: InfluxPoints) -> None:
    made = commit()
    points.write(made, made.points.arrays(), 7)
    (asked,) = recorder.asked
    assert (asked.path, asked.token) == ("/api/v2/write", "Token secret")
    assert asked.params == {"org": "plant", "bucket": "signals", "precision": "ns"}
    state = r"point,device=m\,1,group=suzhou,metric=state,node=gw\ 1,quality={},tag=suzhou/gw\ 1/m\,1/state"
    bad = r"point,group=suzhou,metric=bad_input,node=gw\ 1,quality=0,tag=suzhou/gw\ 1//bad_input"
    identity = f'position=2i,stream="{STREAM}"'
    assert asked.body.split("\n") == [
        f"{state.format(192)} value=1.5,{identity},ord=0i 1000000128",
        f"{state.format(192)} value=0.30000000000000004,{identity},ord=1i 1000000129",
        f'{bad} special="null",{identity},ord=2i 1000000130',
        f'{state.format(0)} special="inf",{identity},ord=3i 1001000131',
        rf'{state.format(192)} text="E\"2\\\\\\0",{identity},ord=4i 1000000132',
        f'{state.format(192)} integer="{2**63}",{identity},ord=5i 1000000133',
    ]


def test_the_same_batch_makes_the_same_lines_whatever_it_comes_with() -> None:
    alone, again = commit(), commit()
    again.batches = BatchColumns([BatchRow("b" * 32, 9, "other/gw", 0, 0), *again.batches])
    again.points.batch = [1] * 4
    again.texts.batch = [1] * 2
    assert lines(again, again.points.arrays()) == lines(alone, alone.points.arrays())


@given(st.integers(1, 10**12), st.integers(0, 65_535), st.integers(0, 65_535))
def test_points_of_a_batch_never_share_a_place(position: int, one: int, other: int) -> None:
    assert (place_ns(position, one) == place_ns(position, other)) == (one == other)
    assert 0 <= place_ns(position, one) < 1_000_000


def test_a_time_that_nanoseconds_cannot_say_is_content(points: InfluxPoints, recorder: Recorder) -> None:
    for ts_ms in (10**14, -(10**14)):
        made = commit(ts_ms)
        with pytest.raises(ContentRefused, match="1678 to 2261"):
            points.write(made, made.points.arrays(), 1)
    assert recorder.asked == []


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        (400, ContentRefused),
        (422, ContentRefused),
        (401, StoreRefused),
        (429, StoreRefused),
        (503, StoreRefused),
    ],
)
def test_a_refusal_reaches_the_spool(
    recorder: Recorder, ledger: Database, status: int, refusal: type[StoreRefused]
) -> None:
    store = LedgerStore(InfluxPoints(recorder.url, "plant", "signals", "secret"), ledger)
    recorder.answers = [(status, '{"message": "because"}')]
    with pytest.raises(StoreRefused, match=f"{status}.*because") as caught:
        store.append(commit())
    assert caught.type is refusal
    assert store.watermarks() == {}
    assert len(recorder.asked) == 1, "the driver does not try again by itself"
    assert store.append(commit()).points == 6
    store.close()


def test_a_server_that_is_away_refuses_for_now(ledger: Database) -> None:
    gone = Recorder()
    gone.stop()
    store = LedgerStore(InfluxPoints(gone.url, "plant", "signals", "secret"), ledger)
    with pytest.raises(StoreRefused, match="InfluxDB") as caught:
        store.append(commit())
    assert caught.type is StoreRefused
    store.close()


def test_answers_of_several_tables_become_samples(recorder: Recorder, points: InfluxPoints) -> None:
    head = ",result,table,_field,_value,ns,quality\r\n"
    tables = [
        head + ",,0,text,E2\\0x,2000131000,192\r\n,,0,text,,2000132000,192\r\n",
        head + ",,1,value,1.5,1000000128,192\r\n",
        head + ",,2,special,null,1500000000,0\r\n,,2,special,nan,1500000001,0\r\n",
        head + f",,3,integer,{2**63},3000000000,192\r\n",
    ]
    recorder.answers = [(200, "\r\n".join(tables))]
    found = points.raw(STATE, 0, 10_000)
    assert str(found[2].value) == "nan"
    assert found[:2] + found[3:] == [
        Sample(1000, 1.5, GOOD),
        Sample(1500, None, 0),
        Sample(2000, "E2\x00x", GOOD),
        Sample(2000, "", GOOD),
        Sample(3000, 2**63, GOOD),
    ]
    (asked,) = recorder.asked
    assert asked.path == "/api/v2/query"
    assert json.loads(asked.body)["query"] == flux.raw("signals", STATE, 0, 10_000 * 1_000_000)


def test_latest_takes_the_newest_of_all_qualities(recorder: Recorder, points: InfluxPoints) -> None:
    head = ",result,table,_field,_value,ns,quality,tag\r\n"
    recorder.answers = [
        (200, f"{head},,0,value,1,5000000,192,a\r\n\r\n{head},,1,special,null,6000000,0,a\r\n")
    ]
    assert points.latest(["a"]) == {"a": Sample(6, None, 0)}


def test_an_error_inside_an_answer_is_a_refusal(recorder: Recorder, points: InfluxPoints) -> None:
    recorder.answers = [(200, "error,reference\r\nfailed to execute,897\r\n")]
    with pytest.raises(StoreRefused, match="failed to execute"):
        points.raw(STATE, 0, 1)


def page(position: int, since_ms: int | None, through_ms: int | None, stream: str = STREAM) -> Page:
    return Page(position, stream, position, NODE, 1, 0, 0, since_ms, through_ms)


def test_an_audit_asks_for_narrow_spans_of_time(recorder: Recorder, points: InfluxPoints) -> None:
    pages = [page(1, 0, 10), page(2, 20, 30), page(3, 7_200_000, 7_200_001), page(4, None, None)]
    assert [[p.position for p in group] for group in near_in_time(pages, 3_600_000)] == [[1, 2], [3]]
    head = ",result,table,ns,ord,position,quality,stream,tag,value,text\r\n"
    recorder.answers = [
        (200, f"{head},,0,1000128,3,2,192,{STREAM},a,4.5,\r\n,,0,2000128,4,2,192,{STREAM},b,,\r\n"),
        (200, ""),
    ]
    assert points.of_batches(pages) == [
        StoredPoint(STREAM, 2, 3, "a", 1, 4.5, GOOD),
        StoredPoint(STREAM, 2, 4, "b", 2, "", GOOD),
    ]
    first, second = (json.loads(asked.body)["query"] for asked in recorder.asked)
    assert "r.position >= 1 and r.position <= 2" in first
    assert "time(v: 7200000000000)" in second


def test_points_of_tags_come_day_by_day(recorder: Recorder, points: InfluxPoints) -> None:
    day = 86_400_000_000_000
    row = ",result,table,ns,ord,position,quality,stream,tag,value\r\n,,0,{},0,{},192,s,a,1\r\n"
    firsts = ",result,table,ns\r\n,,0,{}\r\n"
    recorder.answers = [
        (200, firsts.format(5)),
        (200, row.format(5, 1)),
        (200, firsts.format(40 * day)),
        (200, row.format(40 * day, 2)),
        (200, ""),
    ]
    assert [[p.position for p in found] for found in points.of_tags(["a"], 100)] == [[1], [2]]
    asked = [json.loads(each.body)["query"] for each in recorder.asked]
    assert f"time(v: {5 + day})" in asked[2], "empty days are skipped"


def test_forgetting_ends_one_nanosecond_before(recorder: Recorder, points: InfluxPoints) -> None:
    points.drop_before(1_772_438_400_000)
    (asked,) = recorder.asked
    assert asked.path == "/api/v2/delete"
    body = json.loads(asked.body)
    assert body["stop"] == "2026-03-02T07:59:59.999999999Z"
    assert body["start"] == "1677-09-21T00:12:43.145224194Z"
    assert body["predicate"] == '_measurement="point"'


def test_every_flux_text_passes_the_parser_and_type_checker_of_flux(
    require: Callable[[object, str], None],
) -> None:
    require(PARSER.is_dir(), WHAT)
    texts = []
    for name in NASTY:
        texts += [
            flux.latest(name, [name, "b"]),
            flux.raw(name, name, 0, 10),
            flux.good(name, name, -(10**30), 10**30),
            flux.before(name, name, 5),
            flux.first_of(name, [name], flux.MIN_NS),
            flux.identified(name, 0, 5, [name]),
            flux.of_spans(flux.identified(name, 0, 5), [(name, 1, 2), ("b", 4, 4)]),
        ]
    assert refused(texts) == []
    wrong = ['from(bucket: "b"', 'from(buckt: "b") |> range(start: 0)', 'from(bucket: "b") |> frobnicate()']
    assert refused(wrong) == wrong, "the parser tells wrong texts"


@given(st.text())
def test_texts_come_back_as_they_were(text: str) -> None:
    assert unescaped(escaped(text)) == text
    assert "\0" not in escaped(text)
    assert "\n" not in tag_value(text)
    assert field_text(text).count('"') >= 2


def test_times_are_written_to_the_nanosecond() -> None:
    assert rfc3339(0) == "1970-01-01T00:00:00.000000000Z"
    assert rfc3339(-1) == "1969-12-31T23:59:59.999999999Z"
