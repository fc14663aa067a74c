"""Arrays become points of their own, one for each element; what cannot be stored says why."""

import pytest

from wire.metric_points import MOST_POINTS, points_of
from wire.quality import BAD, GOOD
from wire.session import NodeSession
from wire.session_events import NodeId, PointsCame, ValueUnusable
from wire.sparkplug import DataType, Metric, Payload, decode, encode
from wire.sparkplug_arrays import pack_array
from wire.topics import Kind, Topic

ROOMS = DataType.FLOAT_ARRAY


def through(metric: Metric) -> Metric:
    return decode(encode(Payload(1, 0, (metric,)))).metrics[0]


def test_an_array_is_one_point_for_each_element() -> None:
    for datatype, values, kind in (
        (DataType.INT16_ARRAY, (-3, 7), DataType.INT16),
        (DataType.BOOLEAN_ARRAY, (True, False, True), DataType.BOOLEAN),
        (DataType.STRING_ARRAY, ("a", "b"), DataType.STRING),
        (DataType.DOUBLE_ARRAY, (), DataType.DOUBLE),
    ):
        metric = through(Metric("t", None, 5, datatype, raw=pack_array(datatype, values)))
        points, wrong = points_of(metric, "t", datatype, 5)
        assert wrong == ""
        assert [(p.name, p.value, p.datatype, p.quality) for p in points] == [
            (f"t[{index}]", value, kind, GOOD) for index, value in enumerate(values)
        ]


@pytest.mark.parametrize(
    ("datatype", "raw", "said"),
    [
        (DataType.INT32_ARRAY, b"123", "no whole elements"),
        (DataType.INT8_ARRAY, bytes(1001), "1001 elements; accepted: at most 1000"),
        (DataType.TEMPLATE, b"", "a TEMPLATE is not stored; accepted: scalars, and arrays by element"),
        (DataType.DATASET, b"", "a DATASET is not stored"),
        (DataType.INT32, b"\1\0\0\0", "these bytes are no INT32"),
        (99, b"x", "these bytes are no datatype 99"),
    ],
)
def test_what_cannot_be_stored_is_a_bad_null_with_a_reason(datatype: int, raw: bytes, said: str) -> None:
    (point,), wrong = points_of(Metric("t", None, 5, datatype, raw=raw), "t", datatype, 5)
    assert (point.value, point.quality) == (None, BAD)
    assert wrong.startswith("t: ")
    assert said in wrong


def test_a_null_array_is_a_null() -> None:
    (point,), wrong = points_of(Metric("t", None, 5, ROOMS, is_null=True), "t", ROOMS, 5)
    assert (point.name, point.value, point.quality, wrong) == ("t", None, GOOD, "")


def test_data_without_datatypes_are_read_by_the_birth() -> None:
    session = NodeSession(NodeId("g", "n"))
    session.receive(Topic("g", Kind.NBIRTH, "n"), Payload(1, 0), 0.0)
    born = Metric("t", 5, 1, ROOMS, raw=pack_array(ROOMS, (1.0,)))
    session.receive(
        Topic("g", Kind.DBIRTH, "n", "d"), Payload(1, 1, (born, born._replace(name="u", alias=6))), 0.0
    )
    said = Metric(None, 5, 9, 0, pack_array(ROOMS, (1.5, 2.5)))
    broken = Metric(None, 6, 9, 0, b"1")
    wrong, came = session.receive(Topic("g", Kind.DDATA, "n", "d"), Payload(9, 2, (said, broken)), 0.0)
    assert isinstance(came, PointsCame)
    assert [(p.name, p.value) for p in came.points] == [("t[0]", 1.5), ("t[1]", 2.5), ("u", None)]
    assert isinstance(wrong, ValueUnusable)
    assert wrong.reason.startswith("u: 1 bytes hold no whole elements")


def test_a_payload_s_arrays_are_bounded() -> None:
    session = NodeSession(NodeId("g", "n"))
    session.receive(Topic("g", Kind.NBIRTH, "n"), Payload(1, 0), 0.0)
    flags = pack_array(DataType.BOOLEAN_ARRAY, (True,) * 1000)
    metric = Metric("f", None, 1, DataType.BOOLEAN_ARRAY, raw=flags)
    session.receive(Topic("g", Kind.DBIRTH, "n", "d"), Payload(1, 1, (metric,)), 0.0)
    with pytest.raises(ValueError, match=f"more than {MOST_POINTS} points"):
        session.explained("d", Payload(1, 2, (metric,) * 66))
