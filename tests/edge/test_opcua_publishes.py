"""Publish responses read the short way say what the library reads, and broken ones never get past as data."""

from datetime import UTC, datetime, timedelta

import pytest
from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary
from asyncua.ua.uaerrors import UaError
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.drivers.opcua import publishes
from edge.drivers.opcua.publishes import read_publish

START = datetime(2000, 1, 1, tzinfo=UTC)
V = ua.VariantType


def variant(kind: ua.VariantType, values: st.SearchStrategy[object]) -> st.SearchStrategy[ua.Variant]:
    return values.map(lambda value: ua.Variant(value, kind))


VARIANTS = st.one_of(
    variant(V.Boolean, st.booleans()),
    variant(V.SByte, st.integers(-(2**7), 2**7 - 1)),
    variant(V.UInt16, st.integers(0, 2**16 - 1)),
    variant(V.Int32, st.integers(-(2**31), 2**31 - 1)),
    variant(V.UInt64, st.integers(0, 2**64 - 1)),
    variant(V.Float, st.floats(width=32, allow_nan=False)),
    variant(V.Double, st.floats(allow_nan=False)),
    variant(V.String, st.text(max_size=20)),
    variant(V.ByteString, st.binary(max_size=20)),
    variant(V.Int32, st.lists(st.integers(0, 9), min_size=1, max_size=5)),
    variant(V.LocalizedText, st.text(max_size=5).map(ua.LocalizedText)),
    st.just(ua.Variant(None, V.Null)),
)
MOMENTS = st.none() | st.integers(0, 10**12).map(lambda us: START + timedelta(microseconds=us))
VALUES = st.builds(
    lambda value, status, source, server: ua.DataValue(
        value, StatusCode=status, SourceTimestamp=source, ServerTimestamp=server
    ),
    st.none() | VARIANTS,
    st.none() | st.sampled_from([0, 0x40900000, 0x80340000, 0x0480]).map(ua.StatusCode),
    MOMENTS,
    MOMENTS,
)


def response(*parts: object, sequence: int = 1, result: int = 0) -> bytes:
    made = ua.PublishResponse()
    made.ResponseHeader.ServiceResult = ua.StatusCode(result)
    made.Parameters.SubscriptionId = 3
    made.Parameters.AvailableSequenceNumbers = [sequence]
    made.Parameters.MoreNotifications = False
    made.Parameters.NotificationMessage.SequenceNumber = sequence
    made.Parameters.NotificationMessage.NotificationData = list(parts)
    return bytes(struct_to_binary(made))


def changes(values: list[ua.DataValue]) -> ua.DataChangeNotification:
    items = [ua.MonitoredItemNotification(number, value) for number, value in enumerate(values)]
    return ua.DataChangeNotification(MonitoredItems=items)


@settings(max_examples=150, deadline=None)
@given(st.lists(VALUES, max_size=8), st.integers(1, 2**32 - 1))
def test_the_short_way_says_what_the_library_says(values: list[ua.DataValue], sequence: int) -> None:
    body = response(changes(values), sequence=sequence)
    assert publishes._short(body) == publishes._long(body)


def test_every_plain_type_is_read_the_short_way() -> None:
    kinds = {V.Boolean: True, V.SByte: -3, V.Byte: 3, V.Int16: -3, V.UInt16: 3, V.Int32: -3, V.UInt32: 3}
    kinds |= {V.Int64: -3, V.UInt64: 3, V.Float: 0.5, V.Double: 0.25}
    assert len(kinds) == len(publishes.PLAIN_TYPES)
    values = [
        ua.DataValue(ua.Variant(value, kind), SourceTimestamp=START + timedelta(milliseconds=1500))
        for kind, value in kinds.items()
    ]
    said = publishes._short(response(changes(values)))
    assert [change.value for change in said.changes] == list(kinds.values())
    assert {change.ts_ms for change in said.changes} == {946_684_801_500}
    assert (said.sequence, said.has_more, said.has_data, said.ended) == (1, False, True, None)


def test_a_status_change_and_a_keepalive_are_told_apart() -> None:
    ended = ua.StatusChangeNotification(Status=ua.StatusCode(ua.StatusCodes.BadTimeout))
    assert read_publish(response(ended)).ended == ua.StatusCode(ua.StatusCodes.BadTimeout)
    keepalive = read_publish(response())
    assert not keepalive.has_data
    assert keepalive.ended is None


def test_a_refusal_of_the_service_is_raised() -> None:
    with pytest.raises(UaError):
        read_publish(response(result=ua.StatusCodes.BadSessionIdInvalid))


@settings(max_examples=200, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=4), st.data())
def test_a_cut_or_damaged_publish_is_an_error_or_an_answer_and_never_hangs(
    values: list[ua.DataValue], data: st.DataObject
) -> None:
    body = bytearray(response(changes(values)))
    if data.draw(st.booleans()):
        del body[data.draw(st.integers(1, len(body) - 1)) :]
    else:
        body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        read_publish(bytes(body))
    except (UaError, ValueError):
        return
