"""What a gateway file may say about sensors that publish on an MQTT broker of their own."""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from edge.devices.device import DeviceKeys
from edge.devices.serial_sensor import TimeForm
from edge.devices.tag import Strict, Tag, TcpEndpoint, refuse_doubled
from edge.json_path import PathWrong, parsed

MOST_TAGS = 2000
PLACE = re.compile(r"\{(\w+)\}")


def _topic(text: str) -> str:
    levels = text.split("/")
    for index, level in enumerate(levels):
        is_last = index == len(levels) - 1
        is_wild = level == "+" or (level == "#" and is_last)
        if not is_wild and any(sign in level for sign in "+#\0"):
            raise ValueError(
                "accepted: levels between /, of which + stands for one and a last # for any number"
            )
        if "{" in level and not PLACE.fullmatch(level):
            raise ValueError("accepted: {name} as a whole level")
    if not text or len(text.encode()) > 1024:  # noqa: PLR2004 - far below MQTT's own 65535
        raise ValueError("accepted: 1 to 1024 bytes")
    return text


def _json_path(text: str) -> str:
    try:
        parsed(text)
    except PathWrong as wrong:
        raise ValueError(str(wrong)) from wrong
    return text


JsonPath = Annotated[str, AfterValidator(_json_path)]


class MessageTimeKeys(Strict):
    """Where the sensor's own time stands in a JSON payload."""

    path: JsonPath
    form: TimeForm = "iso"


class MqttSensorTag(Tag):
    """A tag fed by the messages of a topic.

    With `path` the payload is JSON, without it the payload itself is the value. `capture` takes the level of
    the topic that `{name}` stands for instead.
    """

    topic: Annotated[str, AfterValidator(_topic)]
    path: JsonPath | None = None
    capture: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> "MqttSensorTag":
        if self.writable:
            raise ValueError("an MQTT sensor only speaks: its tags cannot be writable")
        if self.capture is not None and self.path is not None:
            raise ValueError("a value comes from the payload or from the topic; accepted: path or capture")
        if self.capture is not None and f"{{{self.capture}}}" not in self.topic:
            raise ValueError(
                f"capture: {{{self.capture}}} is no level of {self.topic!r}; accepted: one of its names"
            )
        return self


class MqttSensorDevice(DeviceKeys):
    """Sensors on one broker, subscribed to in a session that the broker keeps.

    A tag whose name holds `{name}`, as its topic does, stands for one tag for each of `levels.name`.
    """

    driver: Literal["mqtt_sensor"]
    endpoint: TcpEndpoint
    username: str | None = None
    password: str | None = None
    ca_file: str | None = None
    client_id: str | None = Field(default=None, min_length=1, max_length=128)
    keepalive_s: int = Field(default=30, ge=5, le=3600)
    time: MessageTimeKeys | None = None
    retained: Literal["stale", "good", "ignore"] = "stale"
    silence_s: float = Field(default=0.0, ge=0, le=86_400)
    every: bool = False
    levels: dict[str, Annotated[list[str], Field(min_length=1, max_length=500)]] = Field(default_factory=dict)
    tag: list[MqttSensorTag] = Field(min_length=1)

    @field_validator("tag")
    @classmethod
    def _one_each(cls, tags: list[MqttSensorTag], info: ValidationInfo) -> list[MqttSensorTag]:
        found = [one for tag in tags for one in _expanded(tag, info.data.get("levels", {}))]
        if len(found) > MOST_TAGS:
            raise ValueError(f"the names stand for {len(found)} tags; accepted: at most {MOST_TAGS}")
        return found

    @model_validator(mode="after")
    def _consistent(self) -> "MqttSensorDevice":
        refuse_doubled(tag.name for tag in self.tag)
        if self.password is not None and self.username is None:
            raise ValueError("a password needs a username; accepted: both or neither")
        return self

    def located(self, folder: Path) -> "MqttSensorDevice":
        """The same device with a relative `ca_file` starting at `folder`."""
        if self.ca_file is None:
            return self
        return self.model_copy(update={"ca_file": str(folder / self.ca_file)})


def _expanded(tag: MqttSensorTag, levels: dict[str, list[str]]) -> Iterator[MqttSensorTag]:
    """One tag for every value of the places in its name; their levels of the topic are then fixed."""
    places = list(dict.fromkeys(PLACE.findall(tag.name)))
    for place in places:
        if f"{{{place}}}" not in tag.topic:
            raise ValueError(
                f"tag {tag.name}: {{{place}}} is no level of its topic; accepted: one of its names"
            )
        if place not in levels:
            raise ValueError(
                f"tag {tag.name}: what {{{place}}} stands for must be known; accepted: levels.{place} = […]"
            )
    for values in product(*(levels[place] for place in places)):
        name, topic = tag.name, tag.topic
        for place, value in zip(places, values, strict=True):
            if not value or any(sign in value for sign in "/+#{}"):
                raise ValueError(f"levels.{place}: {value!r} is no level; accepted: text without / + # {{ }}")
            name, topic = name.replace(f"{{{place}}}", value), topic.replace(f"{{{place}}}", value)
        update: dict[str, Any] = {"name": name, "topic": topic}
        yield tag.model_copy(update=update)
