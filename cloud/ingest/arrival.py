"""What comes from the broker and what goes there."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Self

import numpy as np
from numpy.typing import NDArray

from wire.topics import Kind, StateTopic, Topic, TopicWrong, parse


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a quarantined payload that was read again: `stored` or why not."""

    outcome: str
    detail: str = ""
    points: int = 0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as the broker gave it; `received_ms` is real time.

    `acknowledge` is called once what the message said is durable (telemetry, QoS 1); `replay` is set for a
    quarantined payload that is read again and gets the outcome.
    """

    topic: str
    payload: bytes
    received_ms: int
    acknowledge: Callable[[], None] | None = None
    replay: "Future[Replayed] | None" = None

    def __len__(self) -> int:
        """One message."""
        return 1

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for what becomes of it."""
        return self.acknowledge is not None or self.replay is not None

    @property
    def messages(self) -> int:
        """Messages of the broker in it."""
        return int(self.replay is None)

    @property
    def size(self) -> int:
        """Bytes of the broker in it."""
        return len(self.payload) if self.replay is None else 0


class TopicNames:
    """Topics by number: each text once, however many messages bear it."""

    def __init__(self) -> None:
        self._texts: list[bytes] = []
        self._numbers: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._texts)

    def __contains__(self, text: bytes) -> bool:
        return text in self._numbers

    def __getitem__(self, number: int) -> bytes:
        return self._texts[number]

    def number(self, text: bytes) -> int:
        """Return the number of a topic, a new one for a new topic."""
        found = self._numbers.get(text)
        if found is None:
            self._texts.append(text)
            found = self._numbers[text] = len(self._texts) - 1
        return found


@dataclass(slots=True)
class Block:
    """Data messages (DDATA) that came together: the payload of message i is `text[starts[i]:ends[i]]`.

    `names[name[i]]` is its topic. `at` is the message to be taken next. `is_suspect`: reading them together
    surprised; one by one is safe.
    """

    text: bytes
    names: TopicNames
    name: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    received_ms: NDArray[np.int64]
    at: int = 0
    is_suspect: bool = False

    @classmethod
    def of(cls, arrivals: Sequence[Arrival]) -> Self:
        """Return single data messages as a block."""
        ends = np.cumsum(np.array([len(arrival.payload) for arrival in arrivals], np.int64))
        names = TopicNames()
        return cls(
            b"".join([arrival.payload for arrival in arrivals]),
            names,
            np.array([names.number(arrival.topic.encode()) for arrival in arrivals], np.int64),
            np.append(0, ends[:-1]),
            ends,
            np.array([arrival.received_ms for arrival in arrivals], np.int64),
        )

    @classmethod
    def joined(cls, blocks: "Sequence[Block]") -> Self:
        """Return blocks of which nothing was taken as one."""
        shifts = accumulate((len(block.text) for block in blocks), initial=0)
        # Names of its own where blocks have different ones: theirs may still grow on a network thread.
        names = blocks[0].names
        if any(block.names is not names for block in blocks):
            names = TopicNames()
        name, starts, ends = [], [], []
        for block, shift in zip(blocks, shifts, strict=False):
            name.append(block.name if block.names is names else block.named_in(names))
            starts.append(block.starts + shift)
            ends.append(block.ends + shift)
        return cls(
            b"".join([block.text for block in blocks]),
            names,
            np.concatenate(name),
            np.concatenate(starts),
            np.concatenate(ends),
            np.concatenate([block.received_ms for block in blocks]),
        )

    def named_in(self, names: TopicNames) -> NDArray[np.int64]:
        """Return the numbers that its messages' topics have among other names."""
        used, places = np.unique(self.name, return_inverse=True)
        return np.array([names.number(self.names[number]) for number in used.tolist()], np.int64)[places]

    def __len__(self) -> int:
        return len(self.name)

    @property
    def topic(self) -> str:
        """The first message's topic."""
        return self.names[int(self.name[0])].decode(errors="replace")

    @property
    def is_awaited(self) -> bool:
        """Nobody waits: a gateway asks for nothing but the receipt."""
        return False

    @property
    def messages(self) -> int:
        """Messages in it."""
        return len(self.name)

    @property
    def size(self) -> int:
        """Bytes of all of it."""
        return len(self.text)

    def take(self) -> Arrival:
        """Return the message to be taken next, which is taken out."""
        at = self.at
        self.at += 1
        text = self.text[int(self.starts[at]) : int(self.ends[at])]
        topic = self.names[int(self.name[at])].decode(errors="surrogateescape")
        return Arrival(topic, text, int(self.received_ms[at]))


@dataclass(frozen=True, slots=True)
class Command:
    """A message to publish."""

    topic: str
    payload: bytes


def data_topic(name: bytes) -> Topic | None:
    """Return the topic of a device's data messages; None for every other."""
    topic = _topic(name)
    return topic if topic is not None and topic.kind is Kind.DDATA else None


def is_command(name: bytes) -> bool:
    """Return whether it is the topic of commands, which a host says and hears again."""
    topic = _topic(name)
    return topic is not None and topic.kind in {Kind.NCMD, Kind.DCMD}


@lru_cache(maxsize=1 << 14)
def _topic(name: bytes) -> Topic | None:
    try:
        topic = parse(name.decode())
    except (TopicWrong, UnicodeDecodeError):
        return None
    return None if isinstance(topic, StateTopic) else topic
