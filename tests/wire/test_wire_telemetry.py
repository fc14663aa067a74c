"""The JSON telemetry parser: what it accepts, what it says about the rest, that nothing breaks it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.telemetry import MAX_BYTES, MAX_METRICS, MalformedTelemetry, parse_telemetry

TOPIC = "taktline/v1/suzhou/scale-1/telemetry"
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def test_a_message_becomes_points_of_its_device() -> None:
    raw = b'{"ts": "2026-03-02T08:00:00.250+08:00", "metrics": {"a/b": 1, "c": null, "d": "x"}, "id": 7}'
    said = parse_telemetry(TOPIC, raw)
    assert (said.site, said.device, said.ts_ms) == ("suzhou", "scale-1", 1_772_409_600_250)
    assert [(p.name, p.value, p.quality) for p in said.points] == [
        ("a/b", 1, 192),
        ("c", None, 0),
        ("d", "x", 192),
    ]


def test_the_digest_follows_the_id_where_there_is_one() -> None:
    def digest(raw: bytes) -> str:
        return parse_telemetry(TOPIC, raw).digest

    assert digest(b'{"ts":1,"metrics":{"a":1},"id":"x"}') == digest(b'{"ts":2,"metrics":{"a":2},"id":"x"}')
    assert digest(b'{"ts":1,"metrics":{"a":1}}') != digest(b'{"ts":1,"metrics":{"a":2}}')


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "not JSON"),
        (b"[]", "one JSON object"),
        (b'{"ts":1,"metrics":{"a":1},"tz":1}', "unknown key 'tz'"),
        (b'{"metrics":{"a":1}}', "ts is missing"),
        (b'{"ts":true,"metrics":{"a":1}}', "ts is missing"),
        (b'{"ts":"2026-03-02T08:00:00","metrics":{"a":1}}', "has no zone"),
        (b'{"ts":"soon","metrics":{"a":1}}', "is no time"),
        (b'{"ts":-1,"metrics":{"a":1}}', "1970 to 9999"),
        (b'{"ts":1}', "metrics is missing"),
        (b'{"ts":1,"metrics":{}}', "1 to 1000 names"),
        (b'{"ts":1,"metrics":{"a":[1]}}', "accepted: a number"),
        (b'{"ts":1,"metrics":{"a":NaN}}', "NaN is not JSON"),
        (b'{"ts":1,"metrics":{"a":1e999}}', "fits a double"),
        (b'{"ts":1,"metrics":{"a":99999999999999999999}}', "fits 64 bits"),
        (b'{"ts":1,"metrics":{"a":1,"a":2}}', "stands twice"),
        (b'{"ts":1,"metrics":{"":1}}', "metric name"),
        (b'{"ts":1,"metrics":{"a":"\\ud800"}}', "valid Unicode"),
        (b'{"ts":1,"metrics":{"a":1},"id":1.5}', "id is a text"),
        (b"[" * 100_000, "not JSON"),
        (b'{"ts":1,"metrics":{"a":1' + b"0" * 5000 + b"}}", "not JSON"),
        (b" " * (MAX_BYTES + 1), "has at most"),
        (json.dumps({"ts": 1, "metrics": {str(n): n for n in range(MAX_METRICS + 1)}}).encode(), "1 to 1000"),
    ],
)
def test_what_breaks_the_form_is_named(raw: bytes, said: str) -> None:
    with pytest.raises(MalformedTelemetry, match=said):
        parse_telemetry(TOPIC, raw)


@pytest.mark.parametrize("topic", ["", "taktline/v1/a/b", "taktline/v1//b/telemetry", "taktline/v1/a/b/x"])
def test_wrong_topics_are_refused(topic: str) -> None:
    with pytest.raises(MalformedTelemetry, match="topic"):
        parse_telemetry(topic, b'{"ts":1,"metrics":{"a":1}}')


@given(st.binary(max_size=300) | ANY.map(lambda said: json.dumps(said).encode()))
def test_no_bytes_do_more_than_be_refused(raw: bytes) -> None:
    try:
        said = parse_telemetry(TOPIC, raw)
    except MalformedTelemetry:
        return
    assert said.points


@given(ts=ANY, metrics=ANY, id_=ANY)
def test_no_values_do_more_than_be_refused(ts: object, metrics: object, id_: object) -> None:
    try:
        parse_telemetry(TOPIC, json.dumps({"ts": ts, "metrics": metrics, "id": id_}).encode())
    except MalformedTelemetry as wrong:
        assert len(str(wrong)) < 1_000  # noqa: PT017  the bound is the claim
