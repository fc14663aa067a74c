"""Sparkplug B payloads to Python values, both ways."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, NamedTuple

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf publishes no types

from wire.quality import GOOD
from wire.sparkplug_schema import PayloadMessage

Value = bool | int | float | str | bytes | None
QUALITY_PROPERTY: Final = "Quality"
MAX_SEQ: Final = 255


class MalformedPayload(ValueError):
    """These bytes are no Sparkplug B payload."""


class Unencodable(ValueError):
    """A value does not fit the datatype it is to be sent as."""


class DataType(IntEnum):
    """Datatypes of Sparkplug B; the scalar ones (1-15, 17, 18) are coded, the others pass as `raw` only."""

    UNKNOWN = 0
    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATETIME = 13
    TEXT = 14
    UUID = 15
    DATASET = 16
    BYTES = 17
    FILE = 18
    TEMPLATE = 19


class Metric(NamedTuple):
    """One metric of a payload; a named tuple because a host makes one for every point it receives.

    `datatype` is the number on the wire, 0 when the sender left it to its birth. `value` is then an unsigned
    integer, float, bool, str or bytes as it stood on the wire; `typed` gives the value under a datatype.
    What has no scalar form (arrays, data sets, templates) has the value None and its bytes in `raw`.
    Timestamps are ms since the Unix epoch.
    """

    name: str | None = None
    alias: int | None = None
    timestamp_ms: int | None = None
    datatype: int = 0
    value: Value = None
    is_null: bool = False
    is_historical: bool = False
    quality: int = GOOD
    raw: bytes | None = None


@dataclass(frozen=True, slots=True)
class Payload:
    """A Sparkplug B payload; `seq` is 0-255 or None, `body` carries what an extension put there."""

    timestamp_ms: int | None = None
    seq: int | None = None
    metrics: tuple[Metric, ...] = ()
    body: bytes | None = None
    uuid: str | None = None


# ---- values ----


def _integer(low: int, high: int, mask: int) -> Callable[[Any], int]:
    def convert(value: Any) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or not low <= value <= high:
            raise Unencodable(f"{value!r} is not an integer in [{low}, {high}]")
        return value & mask

    return convert


def _of(kinds: type | tuple[type, ...], convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, kinds):
            raise Unencodable(f"{value!r} is a {type(value).__name__}")
        return convert(value)

    return check


_32, _64 = 0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF
_NUMBER = _of((int, float), float)
_TEXT = _of(str, str)
_OCTETS = _of(bytes, bytes)

# Signed integers travel as two's complement in an unsigned field of 32 or 64 bits (Sparkplug 3.0, 6.4.16).
_ENCODERS: Final[dict[int, tuple[str, Callable[[Any], Any]]]] = {
    DataType.INT8: ("int_value", _integer(-(2**7), 2**7 - 1, _32)),
    DataType.INT16: ("int_value", _integer(-(2**15), 2**15 - 1, _32)),
    DataType.INT32: ("int_value", _integer(-(2**31), 2**31 - 1, _32)),
    DataType.INT64: ("long_value", _integer(-(2**63), 2**63 - 1, _64)),
    DataType.UINT8: ("int_value", _integer(0, 2**8 - 1, _32)),
    DataType.UINT16: ("int_value", _integer(0, 2**16 - 1, _32)),
    DataType.UINT32: ("int_value", _integer(0, 2**32 - 1, _32)),
    DataType.UINT64: ("long_value", _integer(0, 2**64 - 1, _64)),
    DataType.FLOAT: ("float_value", _NUMBER),
    DataType.DOUBLE: ("double_value", _NUMBER),
    DataType.BOOLEAN: ("boolean_value", _of(bool, bool)),
    DataType.STRING: ("string_value", _TEXT),
    DataType.DATETIME: ("long_value", _integer(0, 2**64 - 1, _64)),
    DataType.TEXT: ("string_value", _TEXT),
    DataType.UUID: ("string_value", _TEXT),
    DataType.BYTES: ("bytes_value", _OCTETS),
    DataType.FILE: ("bytes_value", _OCTETS),
}
_SIGNED_BITS: Final[dict[int, int]] = {1: 8, 2: 16, 3: 32, 4: 64}
_UNSIGNED_LIMIT: Final[dict[int, int]] = {5: 2**8, 6: 2**16, 7: 2**32, 8: 2**64, 13: 2**64}
_REAL: Final = frozenset((DataType.FLOAT, DataType.DOUBLE))
_PLAIN: Final[dict[int, type]] = {11: bool, 12: str, 14: str, 15: str, 17: bytes, 18: bytes}


def _signed(value: int, bits: int) -> int | None:
    """Two's complement of `bits` bits, written in that width or sign-extended to 32 bits."""
    if value < 1 << bits:
        return value - (1 << bits) if value >> (bits - 1) else value
    if bits < 32 and (1 << 32) - (1 << (bits - 1)) <= value <= _32:  # noqa: PLR2004 - the field's own width
        return value - (1 << 32)
    return None


def typed(value: Value, datatype: int) -> Value:
    """Value under `datatype` of what stood on the wire without one; None when the two do not go together.

    `typed(0xFFFF_FFFF, DataType.INT32)` is -1. Integers become floats where the datatype is one, never the
    other way round.
    """
    if value is None or datatype == DataType.UNKNOWN:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        if datatype in _SIGNED_BITS:
            return _signed(value, _SIGNED_BITS[datatype])
        if datatype in _UNSIGNED_LIMIT:
            return value if value < _UNSIGNED_LIMIT[datatype] else None
        return float(value) if datatype in _REAL else None
    if isinstance(value, float):
        return value if datatype in _REAL else None
    kind = _PLAIN.get(datatype)
    return value if kind is not None and isinstance(value, kind) else None


# ---- bytes to values ----

_SCALAR_FIELDS: Final = frozenset(
    ("int_value", "long_value", "float_value", "double_value", "boolean_value", "string_value", "bytes_value")
)


def decode(raw: bytes) -> Payload:
    """Payload that `raw` holds.

    Values of metrics that carry their datatype are converted by it; the others stay as on the wire, see
    `typed`. Timestamps are any unsigned 64-bit number: whether they make sense is the reader's question.

    Raises
    ------
    MalformedPayload
        For anything that is not a Sparkplug B payload, whatever the bytes.
    """
    message = PayloadMessage()
    try:
        message.ParseFromString(raw)
        metrics = tuple(map(_metric, message.metrics))
        uuid = message.uuid if message.HasField("uuid") else None
    except (DecodeError, UnicodeDecodeError) as wrong:
        raise MalformedPayload(f"not a Sparkplug B payload: {wrong}") from wrong
    seq = message.seq if message.HasField("seq") else None
    if seq is not None and seq > MAX_SEQ:
        raise MalformedPayload(f"seq {seq} is above {MAX_SEQ}")
    return Payload(
        timestamp_ms=message.timestamp if message.HasField("timestamp") else None,
        seq=seq,
        metrics=metrics,
        body=message.body if message.HasField("body") else None,
        uuid=uuid,
    )


def _metric(m: Any) -> Metric:
    has = m.HasField
    field = m.WhichOneof("value")
    datatype = m.datatype
    value, rest = None, None
    if field in _SCALAR_FIELDS:
        wire_value = getattr(m, field)
        value = typed(wire_value, datatype)
        if isinstance(wire_value, bytes) and value is None:
            rest = wire_value
    elif field is not None:
        rest = getattr(m, field).SerializeToString()
    is_null = m.is_null
    return Metric(
        m.name if has("name") else None,
        m.alias if has("alias") else None,
        m.timestamp if has("timestamp") else None,
        datatype,
        None if is_null else value,
        is_null,
        m.is_historical,
        _quality(m.properties) if has("properties") else GOOD,
        rest,
    )


def _quality(properties: Any) -> int:
    for key, held in zip(properties.keys, properties.values, strict=False):
        if key == QUALITY_PROPERTY:
            found = held.int_value if held.HasField("int_value") else held.long_value
            return int(found)
    return GOOD


# ---- values to bytes ----


def encode(payload: Payload) -> bytes:
    """Bytes of `payload`; metrics with a datatype are converted by it, null metrics carry no value.

    Raises
    ------
    Unencodable
        When a value does not fit its metric's datatype, or the datatype has no scalar form.
    """
    writer = MetricsWriter()
    for m in payload.metrics:
        writer.add(m)
    return framed(
        writer.section(),
        timestamp_ms=payload.timestamp_ms,
        seq=payload.seq,
        body=payload.body,
        uuid=payload.uuid,
    )


def framed(
    section: bytes,
    *,
    timestamp_ms: int | None = None,
    seq: int | None = None,
    body: bytes | None = None,
    uuid: str | None = None,
) -> bytes:
    """Bytes of a payload around a metrics `section` encoded before: its fields go in front, in one piece."""
    head = PayloadMessage()
    if timestamp_ms is not None:
        head.timestamp = timestamp_ms
    if seq is not None:
        head.seq = seq
    if uuid is not None:
        head.uuid = uuid
    if body is not None:
        head.body = body
    return bytes(head.SerializeToString()) + section


class MetricsWriter:
    """Metrics collected into the bytes of a payload's metrics, which `framed` completes."""

    __slots__ = ("_add", "_message")

    def __init__(self) -> None:
        self._message = PayloadMessage()
        self._add = self._message.metrics.add

    def __len__(self) -> int:
        return len(self._message.metrics)

    def point(self, alias: int, ts_ms: int, datatype: int, value: Value, quality: int = GOOD) -> None:
        """Append a data metric: alias, time and value, no name or datatype; the edge's hot path.

        Raises
        ------
        Unencodable
            When the value does not fit the datatype or the time is no uint64; nothing is appended then.
        """
        field, converted = "is_null", True
        if value is not None:
            field, convert = _encoder(datatype)
            converted = convert(value)
        try:
            m = self._add(alias=alias, timestamp=ts_ms)
        except (TypeError, ValueError) as wrong:
            raise Unencodable(f"alias {alias} at {ts_ms!r} cannot be sent: {wrong}") from wrong
        self._set(m, field, converted)
        if quality != GOOD:
            _add_quality(m, quality)

    def add(self, metric: Metric) -> None:
        """Append `metric` with every field that it has.

        Raises
        ------
        Unencodable
            When the value does not fit the datatype; nothing is appended then.
        """
        has_value = metric.value is not None and not metric.is_null
        field, converted = "", None
        if has_value:
            field, convert = _encoder(metric.datatype)
            converted = convert(metric.value)
        m = self._add()
        for name, given in (
            ("name", metric.name),
            ("alias", metric.alias),
            ("timestamp", metric.timestamp_ms),
        ):
            if given is not None:
                self._set(m, name, given)
        if metric.datatype:
            m.datatype = metric.datatype
        if metric.is_historical:
            m.is_historical = True
        if has_value:
            self._set(m, field, converted)
        else:
            m.is_null = True
        if metric.quality != GOOD:
            _add_quality(m, metric.quality)

    def _set(self, m: Any, field: str, value: Any) -> None:
        try:
            setattr(m, field, value)
        except (TypeError, ValueError) as wrong:
            del self._message.metrics[-1]
            raise Unencodable(f"{field} cannot hold {value!r}: {wrong}") from wrong

    def section(self) -> bytes:
        """Encoded bytes of the metrics appended so far."""
        return bytes(self._message.SerializeToString())


def _encoder(datatype: int) -> tuple[str, Callable[[Any], Any]]:
    try:
        return _ENCODERS[datatype]
    except KeyError:
        raise Unencodable(f"datatype {datatype} has no scalar form here") from None


def _add_quality(m: Any, quality: int) -> None:
    m.properties.keys.append(QUALITY_PROPERTY)
    m.properties.values.add(type=DataType.INT32, int_value=quality & _32)


def remarked(section: bytes, *, historical: bool, renamed: dict[int, tuple[int, int]] | None = None) -> bytes:
    """Metrics section with each metric flagged historical and, where asked, under another alias.

    Parameters
    ----------
    section : bytes
        What `MetricsWriter.section` gave.
    historical : bool
        The flag every metric gets.
    renamed : dict, optional
        Old alias to (alias of today's birth, datatype the value was written under); such a metric then
        carries that datatype itself, because the birth says another.
    """
    message = PayloadMessage.FromString(section)
    for m in message.metrics:
        if historical:
            m.is_historical = True
        if renamed and m.alias in renamed:
            m.alias, m.datatype = renamed[m.alias]
    return bytes(message.SerializeToString())


def encoded_metrics(metrics: Iterable[Metric]) -> bytes:
    """Metrics section of `metrics`, see `MetricsWriter`."""
    writer = MetricsWriter()
    for m in metrics:
        writer.add(m)
    return writer.section()
