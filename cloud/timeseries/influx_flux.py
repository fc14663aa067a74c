"""The Flux that an InfluxDB store asks, with every value escaped here."""

from collections.abc import Sequence

from cloud.timeseries.store import FUTURE, GOOD

MEASUREMENT = "point"
NS_PER_MS = 1_000_000
# The times that InfluxDB can hold; those that it reserves lie outside.
MIN_NS = -9_223_372_036_854_775_806
MAX_NS = 9_223_372_036_854_775_806
VALUES = ("value", "text", "integer", "special")

_OF_POINTS = f'r._measurement == "{MEASUREMENT}"'
_IS_VALUE = " or ".join(f'r._field == "{name}"' for name in VALUES)
_WITH_NS = "map(fn: (r) => ({r with ns: int(v: r._time)}))"


def quoted(text: str) -> str:
    """Return a text as a literal of Flux; nothing in it can end the literal or be interpolated."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'


def _range(bucket: str, since_ns: int, until_ns: int) -> str:
    since, until = (max(MIN_NS, min(MAX_NS, ns)) for ns in (since_ns, until_ns))
    return f"from(bucket: {quoted(bucket)}) |> range(start: time(v: {since}), stop: time(v: {until}))"


def _any_of(column: str, names: Sequence[str]) -> str:
    return "(" + " or ".join(f"r.{column} == {quoted(name)}" for name in names) + ")"


def _where(condition: str) -> str:
    return f"filter(fn: (r) => {condition})"


def latest(bucket: str, tags: Sequence[str]) -> str:
    """Return the question for the last value of each series of some tags; there is one per quality."""
    where = f'{_OF_POINTS} and r.quality != "{FUTURE}" and {_any_of("tag", tags)} and ({_IS_VALUE})'
    steps = [_range(bucket, MIN_NS, MAX_NS), _where(where), "last()", _WITH_NS]
    return " |> ".join([*steps, 'keep(columns: ["ns", "_field", "_value", "tag", "quality"])'])


def raw(bucket: str, tag: str, since_ns: int, until_ns: int) -> str:
    """Return the question for the values of a tag."""
    where = f"{_OF_POINTS} and r.tag == {quoted(tag)} and ({_IS_VALUE})"
    steps = [_range(bucket, since_ns, until_ns), _where(where), _WITH_NS]
    return " |> ".join([*steps, 'keep(columns: ["ns", "_field", "_value", "quality"])'])


def _good(tag: str) -> str:
    return _where(
        f'{_OF_POINTS} and r.quality == "{GOOD}" and r._field == "value" and r.tag == {quoted(tag)}'
    )


def good(bucket: str, tag: str, since_ns: int, until_ns: int) -> str:
    """Return the question for the good numbers of a tag."""
    steps = [_range(bucket, since_ns, until_ns), _good(tag), _WITH_NS, 'keep(columns: ["ns", "_value"])']
    return " |> ".join(steps)


def before(bucket: str, tag: str, since_ns: int) -> str:
    """Return the question for the last good number of a tag before a time."""
    steps = [_range(bucket, MIN_NS, since_ns), _good(tag), "last()", _WITH_NS]
    return " |> ".join([*steps, 'keep(columns: ["ns", "_value"])'])


def first_of(bucket: str, tags: Sequence[str], since_ns: int) -> str:
    """Return the question for the first time of each series of some tags from a time on."""
    where = f'{_OF_POINTS} and r._field == "ord" and {_any_of("tag", tags)}'
    steps = [_range(bucket, since_ns, MAX_NS), _where(where), "first()", _WITH_NS]
    return " |> ".join([*steps, 'keep(columns: ["ns"])'])


def identified(bucket: str, since_ns: int, until_ns: int, tags: Sequence[str] = ()) -> str:
    """Return the question for whole points with their identity; without tags those of all."""
    where = f"{_OF_POINTS} and {_any_of('tag', tags)}" if tags else _OF_POINTS
    pivot = 'pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
    return " |> ".join([_range(bucket, since_ns, until_ns), _where(where), pivot, _WITH_NS])


def of_spans(question: str, spans: Sequence[tuple[str, int, int]]) -> str:
    """Return a question for whole points, of those alone whose stream and position lie in the spans."""
    parts = [
        f"(r.stream == {quoted(stream)} and r.position >= {first} and r.position <= {last})"
        for stream, first, last in spans
    ]
    return f"{question} |> {_where(' or '.join(parts))}"
