"""A commit's points as lines of InfluxDB's line protocol."""

import math
from collections.abc import Sequence

import numpy as np

from cloud.timeseries.influx_flux import MAX_NS, MEASUREMENT, MIN_NS, NS_PER_MS
from cloud.timeseries.point_columns import PointArrays
from cloud.timeseries.store import BatchRow, Commit, ContentRefused
from cloud.timeseries.tables import escaped, unescaped

# A point's place inside its millisecond: what comes again falls on itself, neighbours do not.
PLACES_PER_POSITION = 64
PLACES = NS_PER_MS


def place_ns(position: int, ordinal: int) -> int:
    """Return the nanoseconds that identity adds to a time; position 2, ord 3 → 131."""
    return (position * PLACES_PER_POSITION + ordinal) % PLACES


def tag_value(text: str) -> str:
    """Return a text as a tag's value: comma, equals sign and space are escaped, no line can be broken."""
    plain = text.replace("\n", "\\n").replace("\r", "\\r")
    for sign in (",", "=", " "):
        plain = plain.replace(sign, "\\" + sign)
    # A backslash at the end would escape the sign that follows the value.
    return plain + "\\\\" if plain.endswith("\\") else plain


def field_text(text: str) -> str:
    """Return a text as a field's value in quotes."""
    return '"' + escaped(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def number(value: float, is_null: bool) -> str:  # noqa: FBT001  a column
    """Return the field of a number; what no float field holds is named in `special`."""
    if is_null:
        return 'special="null"'
    return f"value={value!r}" if math.isfinite(value) else f'special="{value}"'


def read_value(field: str, text: str) -> float | int | str | None:
    """Return the value that a field of a point says."""
    if field == "value":
        return float(text)
    if field == "text":
        return unescaped(text)
    if field == "integer":
        return int(text)
    return None if text == "null" else float(text)


def _series(tag: str, quality: int) -> str:
    parts = tag.split("/", 3)
    named = dict(zip(("group", "node", "device", "metric"), parts, strict=False))
    more = "".join(f",{key}={tag_value(value)}" for key, value in sorted(named.items()) if value)
    return f"{MEASUREMENT}{more},quality={quality},tag={tag_value(tag)}"


def _identity(row: BatchRow) -> str:
    return f",position={row.position}i,stream={field_text(row.stream)},ord="


def lines(commit: Commit, points: PointArrays) -> str:
    """Return all points of a commit, one line each.

    Raises
    ------
    ContentRefused
        When a time lies outside what 64 bits of nanoseconds can say (the years 1678 to 2261).
    """
    texts = commit.texts
    _check_times(points.ts_ms.tolist() + texts.ts_ms, commit)
    series = _Series(commit.tags)
    identity = [_identity(row) for row in commit.batches]
    position = np.asarray([row.position for row in commit.batches], dtype=np.int64)
    place = (position[points.batch] * PLACES_PER_POSITION + points.ord) % PLACES
    numeric = zip(
        points.batch.tolist(),
        points.ord.tolist(),
        points.tag.tolist(),
        (points.ts_ms * NS_PER_MS + place).tolist(),
        points.value.tolist(),
        points.is_null.tolist(),
        points.quality.tolist(),
        strict=True,
    )
    found = [
        f"{series[tag, quality]} {number(value, is_null)}{identity[batch]}{ordinal}i {ns}"
        for batch, ordinal, tag, ns, value, is_null, quality in numeric
    ]
    for at, batch in enumerate(texts.batch):
        name = "integer" if texts.is_number[at] else "text"
        ns = texts.ts_ms[at] * NS_PER_MS + place_ns(commit.batches[batch].position, texts.ord[at])
        start = f"{series[texts.tag[at], texts.quality[at]]} {name}={field_text(texts.text[at])}"
        found.append(f"{start}{identity[batch]}{texts.ord[at]}i {ns}")
    return "\n".join(found)


class _Series(dict[tuple[int, int], str]):
    """The beginning of a line per tag and quality, made at its first use."""

    def __init__(self, tags: Sequence[str]) -> None:
        self._tags = tags

    def __missing__(self, key: tuple[int, int]) -> str:
        self[key] = _series(self._tags[key[0]], key[1])
        return self[key]


def _check_times(ts_ms: Sequence[int], commit: Commit) -> None:
    if ts_ms and (min(ts_ms) * NS_PER_MS < MIN_NS or (max(ts_ms) + 1) * NS_PER_MS > MAX_NS):
        wrong = min(ts_ms) if min(ts_ms) * NS_PER_MS < MIN_NS else max(ts_ms)
        node = commit.batches[0].node
        raise ContentRefused(f"{node}: time {wrong} ms; InfluxDB holds the years 1678 to 2261")
