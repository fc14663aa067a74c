"""Law of the quick way to write a metric: the same bytes as protobuf's, or none."""

from hypothesis import example, given
from hypothesis import strategies as st

from wire.point_bytes import point_bytes, varint
from wire.sparkplug import Metric, MetricsWriter, decode
from wire.sparkplug_schema import PayloadMessage
from wire.sparkplug_values import DataType, Unencodable, encoder

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**65), 2**65),
    st.integers(-300, 300),
    st.floats(),
    st.floats(width=32),
    st.text(max_size=5),
)
datatypes = st.sampled_from([d for d in DataType if d != DataType.UNKNOWN])
times = st.one_of(st.integers(0, 2**64 - 1), st.integers(-5, 5), st.just(2**64))


@given(st.integers(0, 2**40), times, datatypes, values)
@example(1, 1_772_409_600_000, DataType.BOOLEAN, False)
@example(300, 0, DataType.INT64, -1)
@example(1, 1, DataType.FLOAT, -0.0)
def test_quick_bytes_are_those_of_protobuf(alias: int, ts_ms: int, datatype: int, value: object) -> None:
    quick = point_bytes(alias, ts_ms, datatype, value)
    if quick is None:
        return
    field, convert = encoder(datatype)
    message = PayloadMessage()
    metric = message.metrics.add(alias=alias, timestamp=ts_ms)
    setattr(metric, field, convert(value))
    assert quick == message.SerializeToString()


@given(
    st.lists(
        st.tuples(st.integers(0, 500), times, datatypes, values, st.sampled_from([192, 0, 500])), max_size=8
    )
)
def test_points_keep_their_order_and_wrong_ones_leave_nothing(points: list[tuple]) -> None:
    writer = MetricsWriter()
    written = []
    for alias, ts_ms, datatype, value, quality in points:
        try:
            writer.point(alias, ts_ms, datatype, value, quality)
        except Unencodable:
            continue
        written.append((alias, ts_ms, quality))
    metrics: tuple[Metric, ...] = decode(writer.section()).metrics
    assert [(m.alias, m.timestamp_ms, m.quality) for m in metrics] == written
    assert len(writer) == len(written)


def test_a_plain_reading_takes_the_quick_way() -> None:
    for datatype, value in ((DataType.FLOAT, 1.5), (DataType.INT64, -7), (DataType.BOOLEAN, True)):
        assert point_bytes(12, 1_772_409_600_000, datatype, value)
    assert varint(300) == bytes.fromhex("ac 02")
