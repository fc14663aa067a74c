"""What a host's session makes of the messages of an edge node."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from wire.receipts import BatchHeader
from wire.sparkplug import Metric, Payload, Value
from wire.topics import Topic


class NodeId(NamedTuple):
    """Group and edge node: the identity of a session."""

    group: str
    node: str


class Point(NamedTuple):
    """A metric of a data message with its name, datatype and value resolved by the birth.

    A value that does not go with its datatype is None with quality 0. `ts_ms` is the metric's time or else
    the payload's, ms since the Unix epoch.
    """

    name: str
    ts_ms: int
    value: Value
    quality: int
    datatype: int
    is_historical: bool


@dataclass(frozen=True, slots=True)
class ExplainedPayload(Payload):
    """A data payload that was read with the births as they stand: its points instead of metrics."""

    points: Sequence[Point] = ()


@dataclass(frozen=True, slots=True)
class NodeBorn:
    """A node is online; `keeps_receipts`: its data are to be receipted, by `receipt_alias` if it has one."""

    id: NodeId
    bd_seq: int | None
    timestamp_ms: int | None
    metrics: tuple[Metric, ...]
    keeps_receipts: bool
    receipt_alias: int | None
    is_rebirth: bool


@dataclass(frozen=True, slots=True)
class DeviceBorn:
    """A device is online, with every metric it will ever report and its present value."""

    id: NodeId
    device: str
    timestamp_ms: int | None
    metrics: tuple[Metric, ...]


@dataclass(frozen=True, slots=True)
class NodeDied:
    """A node and all its devices are offline; what they said last is stale from now on."""

    id: NodeId


@dataclass(frozen=True, slots=True)
class DeviceDied:
    """A device is offline since `timestamp_ms` (payload time)."""

    id: NodeId
    device: str
    timestamp_ms: int | None


@dataclass(frozen=True, slots=True)
class PointsCame:
    """Points of a device (empty: of the node), one for each metric of the payload (or element), in its order.

    With a `header` they go through the `StreamGate` of its stream; without one they are a third party's.
    """

    id: NodeId
    device: str
    points: Sequence[Point]
    header: BatchHeader | None
    timestamp_ms: int | None


@dataclass(frozen=True, slots=True)
class MessagesMissed:
    """`count` messages of a node never came; for a third party that time is not covered."""

    id: NodeId
    count: int
    after_ms: int | None
    until_ms: int | None


@dataclass(frozen=True, slots=True)
class RebirthWanted:
    """The node is to be asked for all its births, now; asked for at most once every few seconds."""

    id: NodeId
    reason: str


@dataclass(frozen=True, slots=True)
class LetGo:
    """A message was not used; where it carried a batch of ours, it will come again.

    `awaits_birth`: nothing is wrong with the message but that no birth explains it yet.
    """

    id: NodeId
    topic: Topic
    reason: str
    awaits_birth: bool = False


@dataclass(frozen=True, slots=True)
class ValueUnusable:
    """A value that cannot be stored, `reason` says why; its point is a bad null among the others."""

    id: NodeId
    device: str
    reason: str


SessionEvent = (
    NodeBorn
    | DeviceBorn
    | NodeDied
    | DeviceDied
    | PointsCame
    | MessagesMissed
    | RebirthWanted
    | LetGo
    | ValueUnusable
)
