"""Messages of MQTT sensors become samples: topics are matched, payloads taken apart."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from edge.devices.mqtt_sensor import PLACE, MqttSensorDevice, MqttSensorTag
from edge.drivers.field_values import FieldWrong, moment, raw_of
from edge.intake import Sample
from edge.json_path import Path, parsed, picked
from edge.scaling import TEXTS
from wire.quality import BAD, GOOD, STALE

LONGEST_PAYLOAD: Final = 65_536
_NOTHING: Final = object()


class PayloadWrong(ValueError):
    """A message of which nothing can be used; `kind` is the name of its counter."""

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it came."""

    topic: str
    payload: bytes
    is_retained: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What a message says; `faults` are single fields that could not be read, by kind with an example."""

    samples: list[Sample]
    ts_ms: int
    has_own_time: bool
    faults: list[tuple[str, str]]


class Pattern:
    """A topic filter with names for some of its levels."""

    def __init__(self, topic: str) -> None:
        self._levels = topic.split("/")

    @property
    def filter(self) -> str:
        """What is subscribed to, e.g. `hall/{room}/climate` → `hall/+/climate`."""
        return "/".join("+" if PLACE.fullmatch(level) else level for level in self._levels)

    def captured(self, topic: str) -> dict[str, str] | None:
        """Named levels of a topic that fits; None when it does not (MQTT 3.1.1, 4.7)."""
        given = topic.split("/")
        if topic.startswith("$") and self._levels[0] in {"+", "#"}:
            return None
        found: dict[str, str] = {}
        for index, level in enumerate(self._levels):
            if level == "#":
                return found
            if index >= len(given):
                return None
            place = PLACE.fullmatch(level)
            if place:
                found[place[1]] = given[index]
            elif level not in {"+", given[index]}:
                return None
        return found if len(given) == len(self._levels) else None


class Messages:
    """Takes the messages of one device apart."""

    def __init__(self, device: MqttSensorDevice) -> None:
        self._device = device
        self._tags: list[tuple[Pattern, MqttSensorTag, Path | None]] = [
            (Pattern(tag.topic), tag, parsed(tag.path) if tag.path else None) for tag in device.tag
        ]
        self._time = parsed(device.time.path) if device.time else None

    @property
    def filters(self) -> list[str]:
        """What to subscribe to, each once."""
        return list(dict.fromkeys(pattern.filter for pattern, _, _ in self._tags))

    def taken(self, message: Message, now_ms: int) -> Taken:
        """The samples of a message.

        Without a time of its own a message counts as of `now_ms`; a retained one is then as old as nobody
        knows, and stale unless the configuration says otherwise. A JSON payload need not hold every path
        of its topic.

        Raises
        ------
        PayloadWrong
            When nothing in it can be used.
        """
        document = self._document(message)
        ts_ms = self._own_time(message, document)
        quality = GOOD
        if message.is_retained and ts_ms is None:
            if self._device.retained == "ignore":
                raise PayloadWrong("retained_ignored", message.topic)
            quality = GOOD if self._device.retained == "good" else STALE
        samples: list[Sample] = []
        faults: list[tuple[str, str]] = []
        at_ms = now_ms if ts_ms is None else ts_ms
        for tag, given in self._given(message, document):
            try:
                raw = _raw(given, tag)
                samples.append(Sample(tag.name, at_ms, raw, BAD if raw is None else quality))
            except FieldWrong:
                faults.append(("bad_field", f"{message.topic} {tag.name}: {given!r}"))
                samples.append(Sample(tag.name, at_ms, None, BAD))
        if not samples:
            raise PayloadWrong("bad_payload", _example(message))
        return Taken(samples, at_ms, ts_ms is not None, faults)

    def _document(self, message: Message) -> object:
        """The JSON document, or the text of a plain payload."""
        if len(message.payload) > LONGEST_PAYLOAD:
            raise PayloadWrong("bad_payload", f"{message.topic}: longer than {LONGEST_PAYLOAD} bytes")
        try:
            text = message.payload.decode()
        except UnicodeDecodeError as error:
            raise PayloadWrong("bad_payload", _example(message)) from error
        is_json = self._time is not None or any(
            path and pattern.captured(message.topic) is not None for pattern, _, path in self._tags
        )
        if not is_json:
            return text
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise PayloadWrong("bad_payload", _example(message)) from error

    def _own_time(self, message: Message, document: object) -> int | None:
        if self._time is None or self._device.time is None:
            return None
        try:
            return moment(picked(document, self._time), self._device.time.form)
        except (LookupError, FieldWrong) as error:
            raise PayloadWrong("bad_time", _example(message)) from error

    def _given(self, message: Message, document: object) -> Iterator[tuple[MqttSensorTag, object]]:
        for pattern, tag, path in self._tags:
            captured = pattern.captured(message.topic)
            if captured is None:
                continue
            if tag.capture is not None:
                yield tag, captured[tag.capture]
            elif path is None:
                yield tag, document if isinstance(document, str) else message.payload.decode()
            else:
                try:
                    yield tag, picked(document, path)
                except LookupError:
                    continue


def _raw(given: object, tag: MqttSensorTag) -> bool | int | float | str | None:
    """What a field is to its tag; JSON's null is no value, a text that is a number counts as one."""
    if given is None:
        return None
    if isinstance(given, str):
        return raw_of(given, tag.datatype)
    if isinstance(given, bool | int | float) and tag.datatype not in TEXTS:
        return given
    raise FieldWrong(repr(given))


def _example(message: Message) -> str:
    return f"{message.topic}: {message.payload[:120]!r}"
