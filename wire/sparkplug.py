"""Sparkplug B payloads to Python values, both ways."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf publishes no types

from wire.point_bytes import point_bytes
from wire.quality import GOOD
from wire.sparkplug_schema import PayloadMessage
from wire.sparkplug_values import MASK_32, DataType, Unencodable, Value, encoder, typed

__all__ = [
    "MAX_SEQ",
    "DataType",
    "MalformedPayload",
    "Metric",
    "MetricsWriter",
    "Payload",
    "Unencodable",
    "Value",
    "decode",
    "encode",
    "encoded_metrics",
    "framed",
    "remarked",
    "typed",
]

QUALITY_PROPERTY: Final = "Quality"
MAX_SEQ: Final = 255


class MalformedPayload(ValueError):
    """These bytes are no Sparkplug B payload."""


class Metric(NamedTuple):
    """One metric of a payload; a named tuple because a host makes one for every point it receives.

    `datatype` is the number on the wire, 0 when the sender left it to its birth. `value` is then an unsigned
    integer, float, bool, str or bytes as it stood on the wire; `typed` gives the value under a datatype.
    What has no scalar form (arrays, data sets, templates) has the value None and its bytes in `raw`; so have
    further `properties` than Quality. Timestamps are ms since the Unix epoch.
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
    properties: bytes | None = None


@dataclass(frozen=True, slots=True)
class Payload:
    """A Sparkplug B payload; `seq` is 0-255 or None, `body` carries what an extension put there."""

    timestamp_ms: int | None = None
    seq: int | None = None
    metrics: tuple[Metric, ...] = ()
    body: bytes | None = None
    uuid: str | None = None


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
    quality, properties = _properties(m.properties) if has("properties") else (GOOD, None)
    return Metric(
        m.name if has("name") else None,
        m.alias if has("alias") else None,
        m.timestamp if has("timestamp") else None,
        datatype,
        None if is_null else value,
        is_null,
        m.is_historical,
        quality,
        rest,
        properties,
    )


def _properties(properties: Any) -> tuple[int, bytes | None]:
    """Quality, and the bytes of all other properties where there are any."""
    keys = properties.keys
    if len(keys) == 1 and keys[0] == QUALITY_PROPERTY and properties.values:
        return _quality(properties.values[0]), None
    quality = GOOD
    others = PayloadMessage().metrics.add().properties
    for key, held in zip(keys, properties.values, strict=False):
        if key == QUALITY_PROPERTY:
            quality = _quality(held)
        else:
            others.keys.append(key)
            others.values.add().CopyFrom(held)
    return quality, bytes(others.SerializeToString()) or None


def _quality(held: Any) -> int:
    return int(held.int_value if held.HasField("int_value") else held.long_value)


# ---- values to bytes ----

_RAW_FIELDS: Final[dict[int, str]] = {DataType.DATASET: "dataset_value", DataType.TEMPLATE: "template_value"}


def encode(payload: Payload) -> bytes:
    """Bytes of `payload`; metrics with a datatype are converted by it, null metrics carry no value.

    A metric with `raw` instead of a value (array, data set, template) carries those bytes in the field of its
    datatype.

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

    __slots__ = ("_chunks",)

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def __len__(self) -> int:
        return len(self._chunks)

    def point(self, alias: int, ts_ms: int, datatype: int, value: Value, quality: int = GOOD) -> None:
        """Append a data metric: alias, time and value, no name or datatype; the edge's hot path.

        Raises
        ------
        Unencodable
            When the value does not fit the datatype or the time is no uint64; nothing is appended then.
        """
        chunk = point_bytes(alias, ts_ms, datatype, value) if quality == GOOD else None
        if chunk is not None:
            self._chunks.append(chunk)
            return
        field, converted = "is_null", True
        if value is not None:
            field, convert = encoder(datatype)
            converted = convert(value)
        message = PayloadMessage()
        try:
            m = message.metrics.add(alias=alias, timestamp=ts_ms)
        except (TypeError, ValueError) as wrong:
            raise Unencodable(f"alias {alias} at {ts_ms!r} cannot be sent: {wrong}") from wrong
        self._set(m, field, converted)
        if quality != GOOD:
            _add_quality(m, quality)
        self._chunks.append(message.SerializeToString())

    def written(self, section: bytes) -> None:
        """Append metrics that stand encoded already."""
        self._chunks.append(section)

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
            field, convert = encoder(metric.datatype)
            converted = convert(metric.value)
        message = PayloadMessage()
        m = message.metrics.add()
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
        elif metric.raw is not None and not metric.is_null:
            self._set_raw(m, metric)
        else:
            m.is_null = True
        if metric.properties is not None:
            self._merge(m.properties, metric.properties)
        if metric.quality != GOOD:
            _add_quality(m, metric.quality)
        self._chunks.append(message.SerializeToString())

    def _set_raw(self, m: Any, metric: Metric) -> None:
        field = _RAW_FIELDS.get(metric.datatype, "bytes_value")
        if field == "bytes_value":
            m.bytes_value = metric.raw
        else:
            self._merge(getattr(m, field), metric.raw)

    def _merge(self, part: Any, raw: bytes | None) -> None:
        try:
            part.SetInParent()
            part.MergeFromString(raw)
        except DecodeError as wrong:
            raise Unencodable(f"these bytes are none of Sparkplug's structures: {wrong}") from wrong

    def _set(self, m: Any, field: str, value: Any) -> None:
        try:
            setattr(m, field, value)
        except (TypeError, ValueError) as wrong:
            raise Unencodable(f"{field} cannot hold {value!r}: {wrong}") from wrong

    def section(self) -> bytes:
        """Encoded bytes of the metrics appended so far."""
        return b"".join(self._chunks)


def _add_quality(m: Any, quality: int) -> None:
    m.properties.keys.append(QUALITY_PROPERTY)
    m.properties.values.add(type=DataType.INT32, int_value=quality & MASK_32)


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
