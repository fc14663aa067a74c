"""Sparkplug topics, taken apart and put together."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

NAMESPACE: Final = "spBv1.0"
_FORBIDDEN: Final = frozenset("+#/")
_NODE_LEVELS: Final = 4
_STATE_LEVELS: Final = 3


class TopicWrong(ValueError):
    """A topic or one of its ids is not Sparkplug."""


class Kind(StrEnum):
    """Message types of Sparkplug 3.0 between an edge node and a host."""

    NBIRTH = "NBIRTH"
    NDEATH = "NDEATH"
    NDATA = "NDATA"
    NCMD = "NCMD"
    DBIRTH = "DBIRTH"
    DDEATH = "DDEATH"
    DDATA = "DDATA"
    DCMD = "DCMD"

    @property
    def is_of_device(self) -> bool:
        """Whether the topic of this type carries a device id."""
        return self.value[0] == "D"


@dataclass(frozen=True, slots=True)
class Topic:
    """A node's or device's topic; `str(topic)` is the text on the wire.

    Raises
    ------
    TopicWrong
        When an id is empty or contains `+`, `#`, `/`, or when a device id is missing or out of place.
    """

    group: str
    kind: Kind
    node: str
    device: str | None = None

    def __post_init__(self) -> None:
        checked_id(self.group)
        checked_id(self.node)
        if self.kind.is_of_device != (self.device is not None):
            raise TopicWrong(f"{self.kind} {'needs a' if self.kind.is_of_device else 'has no'} device id")
        if self.device is not None:
            checked_id(self.device)

    def __str__(self) -> str:
        text = f"{NAMESPACE}/{self.group}/{self.kind}/{self.node}"
        return text if self.device is None else f"{text}/{self.device}"


@dataclass(frozen=True, slots=True)
class StateTopic:
    """The topic on which a host says whether it is online; `str(topic)` is the text on the wire."""

    host: str

    def __post_init__(self) -> None:
        checked_id(self.host)

    def __str__(self) -> str:
        return f"{NAMESPACE}/STATE/{self.host}"


def checked_id(text: str) -> str:
    """`text` itself when it can be a Sparkplug id.

    Raises
    ------
    TopicWrong
        When it is empty, holds `+`, `#`, `/` or a NUL, or cannot be written as UTF-8.
    """
    if not text:
        raise TopicWrong("a Sparkplug id is not empty")
    if not _FORBIDDEN.isdisjoint(text) or "\0" in text:
        raise TopicWrong(f"{text!r} is no Sparkplug id: it contains one of + # / or NUL")
    try:
        text.encode()
    except UnicodeEncodeError as wrong:
        raise TopicWrong(f"{text!r} is no Sparkplug id: it is not valid Unicode") from wrong
    return text


def parse(text: str) -> Topic | StateTopic:
    """Topic that `text` names.

    Raises
    ------
    TopicWrong
        When it lies outside the Sparkplug namespace, has an unknown message type or illegal ids.
    """
    levels = text.split("/")
    if levels[0] != NAMESPACE:
        raise TopicWrong(f"{text!r} does not start with {NAMESPACE}/")
    if len(levels) == _STATE_LEVELS and levels[1] == "STATE":
        return StateTopic(levels[2])
    if len(levels) not in (_NODE_LEVELS, _NODE_LEVELS + 1):
        raise TopicWrong(f"{text!r} has {len(levels)} levels; a Sparkplug topic has 4 or 5")
    try:
        kind = Kind(levels[2])
    except ValueError as wrong:
        raise TopicWrong(f"{text!r} has the unknown message type {levels[2]!r}") from wrong
    return Topic(levels[1], kind, levels[3], levels[4] if len(levels) > _NODE_LEVELS else None)


def tag_address(group: str, node: str, device: str | None, metric: str) -> str:
    """Address of a tag, `group/node/device/metric`; the device is empty for a metric of the node itself."""
    return f"{group}/{node}/{device or ''}/{metric}"


def split_tag(address: str) -> tuple[str, str, str, str]:
    """Group, node, device (empty for the node) and metric of a tag address; a metric may contain slashes.

    Raises
    ------
    TopicWrong
        When the address has fewer than four parts.
    """
    parts = address.split("/", 3)
    if len(parts) != _NODE_LEVELS:
        raise TopicWrong(f"{address!r} is no tag address group/node/device/metric")
    return parts[0], parts[1], parts[2], parts[3]
