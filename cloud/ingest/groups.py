"""Runs of data messages of our own gateways, read together to columns where they are plain."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Final, NamedTuple, Self, TypeVar

import numpy as np

from cloud.ingest import columns
from cloud.ingest.alias_tables import AliasTables
from cloud.ingest.arrival import Arrival, Block, data_topic
from cloud.ingest.column_points import ColumnPoints
from cloud.ingest.rows import DAY_MS, TagBook
from cloud.ingest.runs import Group, KnownDevice, OrderedRuns
from wire.session import HostSessions
from wire.session_events import ExplainedPayload, NodeId
from wire.sparkplug import Payload
from wire.topics import Kind, Topic

_Came = TypeVar("_Came", Arrival, Block)

# Fewer are read one by one: the columns' fixed cost would not come back.
FEWEST: Final = 4
MOST: Final = 4096
MOST_BYTES: Final = 640 << 10  # more would not stay near the processor
# What is out of order rarely comes alone: so many are taken singly before the next attempt.
STRETCH: Final = 32


class Doors(NamedTuple):
    """Where single messages go: to `plain`, to `explained` with their points, together to `runs`."""

    plain: Callable[[Arrival, float], None]
    explained: Callable[[Arrival, float, Topic, Payload], None]
    runs: OrderedRuns


class _Read(NamedTuple):
    group: Group
    is_plain: columns.Truths
    raw: columns.Raw


@dataclass(slots=True, kw_only=True)
class _ReadBlock(Block):
    """A block that was read before its turn."""

    read: _Read

    @classmethod
    def of_block(cls, block: Block, read: _Read) -> Self:
        return cls(**{each.name: getattr(block, each.name) for each in fields(Block)}, read=read)


class DataGroups:
    """Reads runs of DDATA; what is not plain is left to the plain way.

    Parameters
    ----------
    book
        The tags.
    sessions
        What the births said.
    doors
        Where the messages go.
    fewest
        How many messages at least are read, and staged, together.
    """

    def __init__(self, book: TagBook, sessions: HostSessions, doors: Doors, fewest: int = FEWEST) -> None:
        self.fewest = fewest
        self._book = book
        self._sessions = sessions
        self._doors = doors
        self._tables = AliasTables()
        self._known: dict[bytes, KnownDevice] = {}
        self._nodes: dict[NodeId, int] = {}

    def feed(
        self, arrivals: "deque[Arrival | Block]", now: tuple[int, float], *, is_single: bool = False
    ) -> None:
        """Hand over the arrivals in their order, each taken out before it is looked at.

        With `is_single` only the first one. What is read ahead holds only while the births do; a message
        behind a new birth goes the plain way. `now` is plant time and the monotonic time that all are told.
        After a surprise the rest of what was read together stays, to be read one by one.
        """
        now_ms, now_s = now
        while arrivals:
            head = arrivals[0]
            if isinstance(head, Block) and head.at == len(head):
                arrivals.popleft()
                continue
            block = None if is_single else _gathered(arrivals, self.fewest)
            head = arrivals[0]  # gathering may have put one block in the place of several
            if block is not None and not block.is_suspect and len(block) - block.at >= self.fewest:
                block.is_suspect = True
                self._feed_group(block, now_ms, now_s)
                block.is_suspect = False
            else:
                single = head.take() if isinstance(head, Block) else head
                if single is head:
                    arrivals.popleft()
                self._doors.plain(single, now_s)
            if is_single:
                return

    def read_ahead(
        self, arrivals: "deque[Arrival | Block]", now_ms: int, is_enough: Callable[[], bool]
    ) -> None:
        """Read the blocks that stand first, which stay there, until it is enough or something else comes.

        Nothing is staged, and what a later birth says otherwise is read again: `feed` looks at that.
        """
        read: list[Block] = []
        try:
            while arrivals and isinstance(arrivals[0], Block) and not is_enough():
                block = _gathered(arrivals, self.fewest)
                if block is None or block.at or block.is_suspect or len(block) < self.fewest:
                    return
                if not isinstance(block, _ReadBlock):
                    block.is_suspect = True
                    found = self._read(block, now_ms + DAY_MS)
                    block.is_suspect = False
                    block = _ReadBlock.of_block(block, found)
                read.append(block)
                arrivals.popleft()
        finally:
            arrivals.extendleft(reversed(read))

    def _feed_group(self, block: Block, now_ms: int, now_s: float) -> None:
        read = block.read if isinstance(block, _ReadBlock) else self._read(block, now_ms + DAY_MS)
        group = read.group
        while block.at < len(block):
            is_usable = read.is_plain & self._holds(group)[group.device]
            odd = np.flatnonzero(~is_usable[block.at :])
            end = block.at + int(odd[0]) if len(odd) else len(block)
            if end - block.at >= self.fewest:
                block.at = self._doors.runs.stage(group, block.at, end, now_ms)
                if block.at < end:
                    end = min(end, block.at + STRETCH)
            for _ in range(max(end - block.at, 1) if block.at < len(block) else 0):
                self._feed_one(block, read, now_s)

    def _feed_one(self, block: Block, read: _Read, now_s: float) -> None:
        index = block.at
        arrival = block.take()
        known = read.group.devices.get(int(read.group.device[index]))
        if known is None or not read.is_plain[index] or not known.holds():
            self._doors.plain(arrival, now_s)
            return
        topic = Topic(known.node.group, Kind.DDATA, known.node.node, known.device)
        self._doors.explained(arrival, now_s, topic, self._payload(known, read, index))

    @staticmethod
    def _holds(group: Group) -> columns.Truths:
        holds = np.zeros(max(group.devices, default=0) + 1, np.bool_)
        for number, known in group.devices.items():
            holds[number] = known.holds()
        return holds

    def _device(self, name: bytes) -> KnownDevice | None:
        """Return a device, its aliases learned as they stand now; None when its node was never born."""
        known = self._known.get(name)
        if known is not None and known.learned == known.session.learned:
            return known
        topic = data_topic(name)
        node = NodeId(topic.group, topic.node) if topic is not None else None
        session = None if node is None else self._sessions.nodes.get(node)
        if topic is None or node is None or session is None:
            return None
        number = len(self._known) + 1 if known is None else known.number
        device = topic.device or ""
        aliases = session.aliases_of(device)
        prefix = f"{topic.group}/{topic.node}/{device}/"
        tags = self._book.of_device(prefix, [tag.name for tag in aliases.values()])
        self._tables.learn(
            number,
            {
                alias: (tag, known_tag.datatype)
                for (alias, known_tag), tag in zip(aliases.items(), tags, strict=True)
            },
        )
        node_number = self._nodes.setdefault(node, len(self._nodes))
        found = self._known[name] = KnownDevice(node, device, session, session.learned, number, node_number)
        return found

    def _read(self, block: Block, latest_ms: int) -> _Read:
        known = {name: self._device(block.names[name]) for name in np.unique(block.name).tolist()}
        numbers = np.zeros(len(block.names), np.int64)
        devices: dict[int, KnownDevice] = {}
        for name, found in known.items():
            if found is not None:
                numbers[name] = found.number
                devices[found.number] = found
        nodes = np.zeros(max(devices, default=0) + 1, np.int64)
        for number, found in devices.items():
            nodes[number] = found.node_number
        device = numbers[block.name]
        raw = columns.Raw(block.text + columns.PAD)
        heads = columns.heads(raw, block.starts, block.ends)
        told, is_plain = columns.points(raw, heads, block.ends)
        values, is_plain = self._tables.values(told, is_plain, device, latest_ms)
        return _Read(Group(devices, device, nodes[device], block.received_ms, heads, values), is_plain, raw)

    def _payload(self, known: KnownDevice, read: _Read, index: int) -> ExplainedPayload:
        values, heads = read.group.values, read.group.heads
        part = slice(int(values.first[index]), int(values.first[index + 1]))
        points = ColumnPoints(
            self._book.names,
            len(known.node.group) + len(known.node.node) + len(known.device) + 3,
            values.tag[part],
            values.ts_ms[part],
            values.value[part],
            values.datatype[part],
        )
        place = int(heads.metrics[index])
        body = read.raw.text[place - columns.BODY_BYTES : place]
        return ExplainedPayload(int(heads.sent_ms[index]), int(heads.seq[index]), (), body, None, points)


def _gathered(arrivals: "deque[Arrival | Block]", fewest: int) -> Block | None:
    """Return the data messages that stand first as one block, still there; None when they are too few."""
    head = arrivals[0]
    if isinstance(head, Block):
        if head.at or head.is_suspect or isinstance(head, _ReadBlock):
            return head
        blocks = list(_within(_blocks(arrivals)))
        count, block = len(blocks), head if len(blocks) == 1 else Block.joined(blocks)
    else:
        singles = list(_within(_singles(arrivals)))
        if len(singles) < fewest:
            return None
        count, block = len(singles), Block.of(singles)
    for _ in range(count):
        arrivals.popleft()
    arrivals.appendleft(block)
    return block


def _blocks(arrivals: "Iterable[Arrival | Block]") -> Iterator[Block]:
    for each in arrivals:
        if not isinstance(each, Block) or each.at or each.is_suspect or isinstance(each, _ReadBlock):
            return
        yield each


def _singles(arrivals: "Iterable[Arrival | Block]") -> Iterator[Arrival]:
    for each in arrivals:
        if not isinstance(each, Arrival) or each.replay is not None:
            return
        if data_topic(each.topic.encode(errors="surrogatepass")) is None:
            return
        yield each


def _within(came: Iterable[_Came]) -> Iterator[_Came]:
    """Yield the first, and those that fit into a group with it."""
    messages = size = 0
    for each in came:
        messages, size = messages + len(each), size + each.size
        if (messages > MOST or size > MOST_BYTES) and messages > len(each):
            return
        yield each
