"""JSON telemetry of simple devices: its topic and its one object, checked to the end."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NoReturn

from wire.quality import BAD, GOOD
from wire.session_events import Point
from wire.sparkplug import DataType
from wire.topics import TopicWrong, checked_id

PREFIX: Final = "taktline/v1/"
SUBSCRIPTION: Final = "taktline/v1/+/+/telemetry"
# Where such a device stands in a tag address, in the place of an edge node: `site/telemetry/device/metric`.
NODE: Final = "telemetry"
MAX_BYTES: Final = 256 << 10
MAX_METRICS: Final = 1000
MAX_NAME: Final = 200
MAX_TEXT: Final = 10_000
MAX_ID: Final = 100
_MAX_INT: Final = (1 << 63) - 1
_LAST_MS: Final = 253_402_300_800_000  # the year 10000
_LEVELS: Final = 5
_KEYS: Final = frozenset({"ts", "metrics", "id"})
_TYPES: Final = {
    bool: DataType.BOOLEAN,
    int: DataType.INT64,
    float: DataType.DOUBLE,
    str: DataType.STRING,
    type(None): DataType.DOUBLE,
}


class MalformedTelemetry(ValueError):
    """A telemetry message breaks its form; the text says where and what is accepted."""


@dataclass(frozen=True, slots=True)
class Telemetry:
    """One reading of a device: site, device, plant time, points.

    `digest` tells the same message sent again: of `id` where the device gives one, else of the payload.
    """

    site: str
    device: str
    ts_ms: int
    points: tuple[Point, ...]
    digest: str


def parse_telemetry(topic: str, payload: bytes) -> Telemetry:
    """What a message on `taktline/v1/<site>/<device>/telemetry` says.

    Raises
    ------
    MalformedTelemetry
        When topic or payload break the form: one JSON object with `ts` (ISO 8601 with a zone, or whole ms
        since the Unix epoch), `metrics` (1 to 1,000 names with a number, text, Boolean or null) and, if the
        device can, `id` (a text or whole number, new for each message); at most 256 KiB.
    """
    site, device = _device_of(topic)
    if len(payload) > MAX_BYTES:
        raise MalformedTelemetry(f"{len(payload)} bytes; a message has at most {MAX_BYTES}")
    said = _object(payload)
    unknown = sorted(said.keys() - _KEYS)
    if unknown:
        raise MalformedTelemetry(f"unknown key {unknown[0][:60]!r}; accepted: ts, metrics, id")
    ts_ms = _time(said.get("ts"))
    return Telemetry(site, device, ts_ms, _points(said.get("metrics"), ts_ms), _digest(said, payload))


def _device_of(topic: str) -> tuple[str, str]:
    levels = topic.split("/")
    if not topic.startswith(PREFIX) or len(levels) != _LEVELS or levels[-1] != "telemetry":
        raise MalformedTelemetry(f"topic {topic[:200]!r} is not taktline/v1/<site>/<device>/telemetry")
    try:
        return checked_id(levels[2]), checked_id(levels[3])
    except TopicWrong as wrong:
        raise MalformedTelemetry(f"topic {topic[:200]!r}: {wrong}") from wrong


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedTelemetry(f"key {twice[:60]!r} stands twice in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise MalformedTelemetry(f"{name} is not JSON; a reading without a value is null")


def _object(payload: bytes) -> dict[str, Any]:
    try:
        said = json.loads(payload.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except MalformedTelemetry:
        raise
    except (ValueError, RecursionError) as wrong:
        raise MalformedTelemetry(f"not JSON in UTF-8: {str(wrong)[:200]}") from wrong
    if not isinstance(said, dict):
        raise MalformedTelemetry(f"a message is one JSON object, not {type(said).__name__}")
    return said


def _time(ts: object) -> int:
    accepted = 'accepted: "2026-03-02T08:00:00.000Z" (with a zone) or whole ms since 1970'
    if isinstance(ts, int) and not isinstance(ts, bool):
        found = ts
    elif isinstance(ts, str):
        try:
            at = datetime.fromisoformat(ts)
            if at.tzinfo is None:
                raise MalformedTelemetry(f"ts {ts[:60]!r} has no zone; {accepted}")
            found = round(at.timestamp() * 1000)
        except (ValueError, OverflowError) as wrong:
            if isinstance(wrong, MalformedTelemetry):
                raise
            raise MalformedTelemetry(f"ts {ts[:60]!r} is no time; {accepted}") from wrong
    else:
        raise MalformedTelemetry(f"ts is missing or no time; {accepted}")
    if not 0 <= found < _LAST_MS:
        raise MalformedTelemetry(f"ts {str(ts)[:60]} lies outside of the years 1970 to 9999; {accepted}")
    return found


def _points(metrics: object, ts_ms: int) -> tuple[Point, ...]:
    if not isinstance(metrics, dict) or not 1 <= len(metrics) <= MAX_METRICS:
        raise MalformedTelemetry(f"metrics is missing or no object of 1 to {MAX_METRICS} names")
    return tuple(_point(name, value, ts_ms) for name, value in metrics.items())


def _point(name: str, value: object, ts_ms: int) -> Point:
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise MalformedTelemetry(
            f"metric name {name[:60]!r}: 1 to {MAX_NAME} printable characters are accepted"
        )
    if type(value) not in _TYPES:
        raise MalformedTelemetry(f"metric {name!r} is {type(value).__name__}; accepted: {_accepted()}")
    if isinstance(value, str) and (len(value) > MAX_TEXT or not _is_text(value)):
        raise MalformedTelemetry(
            f"metric {name!r}: a text has at most {MAX_TEXT} characters of valid Unicode"
        )
    if isinstance(value, int) and abs(value) > _MAX_INT:
        raise MalformedTelemetry(f"metric {name!r}: a whole number fits 64 bits")
    if isinstance(value, float) and abs(value) == float("inf"):
        raise MalformedTelemetry(f"metric {name!r}: a number fits a double")
    told = value if isinstance(value, bool | int | float | str) else None
    quality = BAD if told is None else GOOD
    return Point(name, ts_ms, told, quality, _TYPES[type(value)], is_historical=False)


def _accepted() -> str:
    return "a number, text, Boolean or null"


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _digest(said: dict[str, Any], payload: bytes) -> str:
    if "id" not in said:
        return "p" + hashlib.sha256(payload).hexdigest()[:32]
    given = said["id"]
    if isinstance(given, bool) or not isinstance(given, str | int) or not 1 <= len(str(given)) <= MAX_ID:
        raise MalformedTelemetry(f"id is a text or whole number of 1 to {MAX_ID} characters")
    return "i" + hashlib.sha256(str(given).encode(errors="surrogatepass")).hexdigest()[:32]
