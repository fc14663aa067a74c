"""The points that a metric stands for: one, or one for each element of its array."""

from typing import Final

from wire.quality import BAD
from wire.session_events import Point
from wire.sparkplug import Metric
from wire.sparkplug_arrays import ELEMENTS, MalformedArray, unpack_array
from wire.sparkplug_values import DataType, Value, typed

# Longer ones are waveforms or pictures rather than readings.
MOST_ELEMENTS: Final = 1000
# Of one payload: a few bytes of Booleans must not become millions of points.
MOST_POINTS: Final = 1 << 16
# What is no value of a metric's scalar fields, by its datatype.
STRUCTURED: Final = frozenset({*ELEMENTS, 16, 19, 20, 21})


class _Unflattenable(ValueError):
    """A value that has no scalar form and no rule by which it becomes several; the text says why."""


def points_of(m: Metric, name: str, datatype: int, ts_ms: int) -> tuple[list[Point], str]:
    """Points of a metric, and why its value is none where it should be one (else an empty text).

    An array becomes `name[0]`, `name[1]` …, at most 1,000; an empty one has no points. What cannot be stored
    (data sets, templates, longer arrays) is one point without a value and with quality 0.
    """
    if not m.is_null and datatype in STRUCTURED:
        try:
            elements = _elements(datatype, _bytes(m))
        except (_Unflattenable, MalformedArray) as wrong:
            return [Point(name, ts_ms, None, BAD, datatype, m.is_historical)], f"{name}: {wrong}"
        kind = ELEMENTS[datatype]
        return [
            Point(f"{name}[{index}]", ts_ms, value, m.quality, kind, m.is_historical)
            for index, value in enumerate(elements)
        ], ""
    value = m.value if m.datatype else typed(m.value, datatype)
    if m.raw is not None and not m.is_null and value is None:
        why = f"{name}: these bytes are no {_name(datatype)}"
        return [Point(name, ts_ms, None, BAD, datatype, m.is_historical)], why
    quality = BAD if value is None and not m.is_null else m.quality
    return [Point(name, ts_ms, value, quality, datatype, m.is_historical)], ""


def _bytes(m: Metric) -> bytes:
    if m.raw is not None:
        return m.raw
    # A data message without datatypes leaves it to the birth what its bytes are.
    return m.value if isinstance(m.value, bytes) else b""


def _elements(datatype: int, raw: bytes) -> tuple[Value, ...]:
    if datatype not in ELEMENTS:
        raise _Unflattenable(f"a {_name(datatype)} is not stored; accepted: scalars, and arrays by element")
    values = unpack_array(datatype, raw)
    if len(values) > MOST_ELEMENTS:
        raise _Unflattenable(f"{len(values)} elements; accepted: at most {MOST_ELEMENTS} of an array")
    return values


def _name(datatype: int) -> str:
    try:
        return DataType(datatype).name
    except ValueError:
        return f"datatype {datatype}"
