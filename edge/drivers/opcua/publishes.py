"""Publish responses read straight from their bytes; whatever is unusual is left to the library."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.ua_binary import struct_from_binary

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
HALF: Final = timedelta(microseconds=500)
# OPC UA counts 100 ns since 1601-01-01 (OPC 10000-6, 5.2.2.5).
TICKS_TO_1970: Final = 116_444_736_000_000_000
TICKS_PER_MS: Final = 10_000
NO_TIME_YEAR: Final = 1601
# What the library raises for bytes that make no sense, besides its own errors.
BROKEN: Final = (struct.error, TypeError, IndexError, KeyError, OverflowError, AttributeError, MemoryError)

# Variant types whose bytes are the value itself, with the form of each (OPC 10000-6, table 1).
PLAIN_TYPES: Final = {
    1: "?",
    2: "b",
    3: "B",
    4: "h",
    5: "H",
    6: "i",
    7: "I",
    8: "q",
    9: "Q",
    10: "f",
    11: "d",
}
# Fields of a DataValue behind its Variant, in their order on the wire: bit of the mask and form.
VALUE, STATUS, SOURCE_TIME = 0x01, 0x02, 0x04
TRAILERS: Final = ((STATUS, "I"), (SOURCE_TIME, "q"), (0x10, "H"), (0x08, "q"), (0x20, "H"))
SERVER_TIME: Final = 0x08
LARGEST_MASK: Final = 0x3F

RESPONSE_HEAD: Final = struct.Struct("<BBHqIIB")  # type id, timestamp, handle, service result, diagnostics
FOUR_BYTE: Final = 1
NOTIFICATION_HEAD: Final = struct.Struct("<BBHBii")  # type id, encoding, length, number of items


class Change(NamedTuple):
    """One value as a server reported it; `ts_ms` is its source time, its server time without one, or None."""

    handle: int
    value: Any
    status: int
    ts_ms: int | None


@dataclass(slots=True)
class Publish:
    """What one publish response says; `ended` is the status with which the subscription ended, if it did."""

    sequence: int
    has_more: bool = False
    has_data: bool = False
    ended: ua.StatusCode | None = None
    changes: list[Change] = field(default_factory=list)


class _Unusual(Exception):
    """Bytes that the short way does not read."""


def to_ms(moment: datetime) -> int:
    """Milliseconds since the Unix epoch, rounded; a naive time is UTC, as OPC UA has it."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - EPOCH + HALF) // MILLISECOND


def read_publish(body: bytes) -> Publish:
    """What a publish response says, e.g. the 5,000 changes of one cycle in a few milliseconds.

    Raises
    ------
    UaError
        When the service refuses.
    ValueError
        When the bytes are no publish response.
    """
    try:
        return _short(body)
    except (_Unusual, struct.error, IndexError):
        pass
    try:
        return _long(body)
    except BROKEN as error:
        raise ValueError(f"no publish response: {error!r}") from error


def _short(data: bytes) -> Publish:
    kind, space, number, _time, _handle, result, diagnostics = RESPONSE_HEAD.unpack_from(data)
    if (kind, space, number) != (FOUR_BYTE, 0, ObjectIds.PublishResponse_Encoding_DefaultBinary):
        raise _Unusual
    if result or diagnostics:
        raise _Unusual
    # No texts and no additional header (a null NodeId without a body).
    if data[21:25] not in (b"\xff\xff\xff\xff", b"\0\0\0\0") or data[25:28] != b"\0\0\0":
        raise _Unusual
    available = _count(data, 32)
    at = 36 + 4 * available
    has_more = data[at] != 0
    (sequence,) = struct.unpack_from("<I", data, at + 1)
    notifications = _count(data, at + 13)
    at += 17
    publish = Publish(sequence, has_more, notifications > 0)
    for _ in range(notifications):
        kind, space, number, encoding, length, items = NOTIFICATION_HEAD.unpack_from(data, at)
        if (kind, space, number, encoding) != (
            FOUR_BYTE,
            0,
            ObjectIds.DataChangeNotification_Encoding_DefaultBinary,
            1,
        ):
            raise _Unusual
        _read_changes(data, at + NOTIFICATION_HEAD.size, items, publish.changes)
        at += 9 + length
    return publish


def _count(data: bytes, at: int) -> int:
    count: int = struct.unpack_from("<i", data, at)[0]
    return max(count, 0)


class _Layout(NamedTuple):
    """How one monitored item with a plain value lies in the bytes; 0 where a field is absent."""

    unpack: Callable[[bytes, int], tuple[Any, ...]]
    size: int
    status: int
    time: int


def _layouts() -> dict[int, _Layout]:
    """Layout by mask + 256 × variant type."""
    found = {}
    for mask in range(1, LARGEST_MASK + 1, 2):
        for kind, form in PLAIN_TYPES.items():
            trailers = [(bit, code) for bit, code in TRAILERS if mask & bit]
            shape = struct.Struct("<IBB" + form + "".join(code for _, code in trailers))
            places = {bit: 4 + at for at, (bit, _) in enumerate(trailers)}
            time = places.get(SOURCE_TIME, places.get(SERVER_TIME, 0))
            found[mask + 256 * kind] = _Layout(shape.unpack_from, shape.size, places.get(STATUS, 0), time)
    return found


_LAYOUTS: Final = _layouts()


def _read_changes(data: bytes, at: int, items: int, changes: list[Change]) -> None:
    layouts, append = _LAYOUTS, changes.append
    for _ in range(items):
        layout = layouts.get(data[at + 4] + 256 * data[at + 5])
        if layout is None:
            rest = Buffer(data, at)
            append(_change(struct_from_binary(ua.MonitoredItemNotification, rest)))
            at = rest.cur_pos
            continue
        unpack, size, status, time = layout
        fields = unpack(data, at)
        at += size
        ticks = fields[time] if time else 0
        append(
            Change(
                fields[0],
                fields[3],
                fields[status] if status else 0,
                (ticks - TICKS_TO_1970 + TICKS_PER_MS // 2) // TICKS_PER_MS if ticks else None,
            )
        )


def _long(body: bytes) -> Publish:
    """The same by the library, for everything that does not come every day."""
    response = struct_from_binary(ua.PublishResponse, Buffer(body))
    response.ResponseHeader.ServiceResult.check()
    message = response.Parameters.NotificationMessage
    parts: Sequence[Any] = message.NotificationData or ()
    publish = Publish(int(message.SequenceNumber), bool(response.Parameters.MoreNotifications), bool(parts))
    for part in parts:
        if isinstance(part, ua.StatusChangeNotification):
            publish.ended = part.Status
        elif isinstance(part, ua.DataChangeNotification):
            publish.changes += [_change(item) for item in part.MonitoredItems or ()]
    return publish


def _change(item: Any) -> Change:
    value = item.Value
    status = 0 if value.StatusCode is None else int(value.StatusCode.value)
    moment = value.SourceTimestamp or value.ServerTimestamp
    raw = None if value.Value is None else value.Value.Value
    has_time = moment is not None and moment.year > NO_TIME_YEAR
    return Change(int(item.ClientHandle), raw, status, to_ms(moment) if has_time else None)
