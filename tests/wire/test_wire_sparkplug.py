"""The Sparkplug B codec: values survive, other bytes are refused, nothing else ever happens."""

import contextlib
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.quality import BAD, GOOD, STALE
from wire.sparkplug import (
    DataType,
    MalformedPayload,
    Metric,
    MetricsWriter,
    Payload,
    Unencodable,
    decode,
    encode,
    encoded_metrics,
    framed,
    remarked,
    typed,
)

RANGES: dict[DataType, st.SearchStrategy[Any]] = {
    DataType.INT8: st.integers(-(2**7), 2**7 - 1),
    DataType.INT16: st.integers(-(2**15), 2**15 - 1),
    DataType.INT32: st.integers(-(2**31), 2**31 - 1),
    DataType.INT64: st.integers(-(2**63), 2**63 - 1),
    DataType.UINT8: st.integers(0, 2**8 - 1),
    DataType.UINT16: st.integers(0, 2**16 - 1),
    DataType.UINT32: st.integers(0, 2**32 - 1),
    DataType.UINT64: st.integers(0, 2**64 - 1),
    DataType.FLOAT: st.floats(width=32, allow_nan=False),
    DataType.DOUBLE: st.floats(allow_nan=False),
    DataType.BOOLEAN: st.booleans(),
    DataType.STRING: st.text(),
    DataType.DATETIME: st.integers(0, 2**64 - 1),
    DataType.TEXT: st.text(),
    DataType.UUID: st.uuids().map(str),
    DataType.BYTES: st.binary(),
    DataType.FILE: st.binary(),
}
VALUED = st.sampled_from(list(RANGES)).flatmap(lambda kind: st.tuples(st.just(kind), RANGES[kind]))
STAMPS = st.integers(0, 2**64 - 1)


@st.composite
def metrics(draw: st.DrawFn) -> Metric:
    datatype, value = draw(VALUED)
    is_null = draw(st.booleans())
    return Metric(
        name=draw(st.none() | st.text(max_size=20)),
        alias=draw(st.none() | STAMPS),
        timestamp_ms=draw(st.none() | STAMPS),
        datatype=datatype,
        value=None if is_null else value,
        is_null=is_null,
        is_historical=draw(st.booleans()),
        quality=draw(st.sampled_from([GOOD, BAD, STALE])),
    )


PAYLOADS = st.builds(
    Payload,
    timestamp_ms=st.none() | STAMPS,
    seq=st.none() | st.integers(0, 255),
    metrics=st.lists(metrics(), max_size=6).map(tuple),
    body=st.none() | st.binary(),
    uuid=st.none() | st.text(max_size=10),
)


@given(PAYLOADS)
def test_a_payload_is_read_back(payload: Payload) -> None:
    assert decode(encode(payload)) == payload


@given(VALUED, STAMPS, st.sampled_from([GOOD, BAD, STALE]))
def test_a_value_sent_without_its_datatype_is_resolved_by_it(
    valued: tuple[DataType, bool | float | str | bytes], ts_ms: int, quality: int
) -> None:
    datatype, value = valued
    writer = MetricsWriter()
    writer.point(7, ts_ms, datatype, value, quality)
    (metric,) = decode(framed(writer.section(), timestamp_ms=1, seq=0)).metrics
    resolved = typed(metric.value, datatype)
    assert resolved == value
    assert type(resolved) is type(value)
    assert (metric.name, metric.alias, metric.timestamp_ms, metric.datatype) == (None, 7, ts_ms, 0)
    assert metric.quality == quality


@given(st.binary(max_size=200))
def test_any_bytes_are_a_payload_or_malformed(raw: bytes) -> None:
    with contextlib.suppress(MalformedPayload):
        decode(raw)


@given(PAYLOADS, st.data())
def test_damaged_bytes_are_a_payload_or_malformed(payload: Payload, data: st.DataObject) -> None:
    raw = bytearray(encode(payload))
    for _ in range(data.draw(st.integers(1, 4))):
        if raw:
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    del raw[data.draw(st.integers(0, len(raw))) :]
    with contextlib.suppress(MalformedPayload):
        decode(bytes(raw))


def test_bytes_written_by_hand_from_the_schema_are_read() -> None:
    # Payload{timestamp=5, metrics[{name="t", alias=3, timestamp=4, datatype=3, int_value=0xFFFFFFFE}], seq=9}
    metric = b"\x0a\x01t\x10\x03\x18\x04\x20\x03\x50\xfe\xff\xff\xff\x0f"
    raw = b"\x08\x05" + b"\x12" + bytes([len(metric)]) + metric + b"\x18\x09"
    assert decode(raw) == Payload(5, 9, (Metric("t", 3, 4, DataType.INT32, -2),))


def test_negative_numbers_travel_as_two_s_complement() -> None:
    assert encoded_metrics([Metric(datatype=DataType.INT8, value=-1)]).endswith(b"\x50\xff\xff\xff\xff\x0f")
    assert typed(0xFFFF_FFFF, DataType.INT8) == -1
    assert typed(0xFF, DataType.INT8) == -1  # as some senders write it, in the type's own width
    assert typed(2**64 - 1, DataType.INT64) == -1


@pytest.mark.parametrize(
    ("value", "datatype"),
    [
        (300, DataType.INT8),
        (1.5, DataType.INT32),
        ("x", DataType.DOUBLE),
        (True, DataType.INT32),
        (3, DataType.STRING),
    ],
)
def test_a_value_that_does_not_go_with_its_datatype_is_no_value(value: object, datatype: DataType) -> None:
    assert typed(value, datatype) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("datatype", "value"),
    [
        (DataType.INT8, 128),
        (DataType.INT32, 2**31),
        (DataType.UINT64, -1),
        (DataType.INT64, 1.5),
        (DataType.BOOLEAN, 1),
        (DataType.STRING, b"x"),
        (DataType.STRING, "\ud800"),
        (DataType.DOUBLE, "1"),
        (DataType.FLOAT, 1e39),
        (DataType.DOUBLE, 10**400),
        (DataType.DATASET, 1),
        (DataType.UNKNOWN, 1),
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_leaves_nothing_behind(
    datatype: DataType, value: object
) -> None:
    writer = MetricsWriter()
    with pytest.raises(Unencodable):
        writer.point(1, 1, datatype, value)  # type: ignore[arg-type]
    with pytest.raises(Unencodable):
        writer.add(Metric(name="m", datatype=datatype, value=value))  # type: ignore[arg-type]
    assert len(writer) == 0
    assert writer.section() == b""


@pytest.mark.parametrize("ts_ms", [-1, 2**64])
def test_a_time_that_is_no_time_is_refused(ts_ms: int) -> None:
    writer = MetricsWriter()
    with pytest.raises(Unencodable):
        writer.point(1, ts_ms, DataType.DOUBLE, 1.0)
    assert len(writer) == 0


def test_not_a_number_stays_not_a_number() -> None:
    (metric,) = decode(
        encode(Payload(metrics=(Metric("m", datatype=DataType.DOUBLE, value=math.nan),)))
    ).metrics
    assert isinstance(metric.value, float)
    assert math.isnan(metric.value)


def test_an_array_keeps_its_datatype_and_its_bytes() -> None:
    metric = b"\x0a\x01a\x20\x18\x82\x01\x04\x01\x00\x02\x00"  # name a, datatype 24 (Int32Array), bytes_value
    (found,) = decode(b"\x12" + bytes([len(metric)]) + metric).metrics
    assert (found.datatype, found.value, found.raw) == (24, None, b"\x01\x00\x02\x00")


def test_a_sequence_number_above_255_is_malformed() -> None:
    with pytest.raises(MalformedPayload):
        decode(b"\x18\x80\x02")


@given(st.lists(metrics(), max_size=5))
def test_history_is_marked_on_every_metric_and_changes_nothing_else(given_metrics: list[Metric]) -> None:
    section = remarked(encoded_metrics(given_metrics), historical=True)
    assert list(decode(section).metrics) == [m._replace(is_historical=True) for m in given_metrics]


def test_a_renamed_metric_carries_the_datatype_it_was_written_under() -> None:
    writer = MetricsWriter()
    writer.point(3, 1, DataType.INT32, -5)
    (metric,) = decode(remarked(writer.section(), historical=False, renamed={3: (9, DataType.INT32)})).metrics
    assert (metric.alias, metric.datatype, metric.value) == (9, DataType.INT32, -5)
