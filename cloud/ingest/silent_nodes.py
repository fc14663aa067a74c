"""Nodes of earlier days that have said nothing since the start: asked for their births, a few at a time."""

from collections import deque
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Final

from wire.session import HostSessions
from wire.session_events import NodeId, SessionEvent
from wire.telemetry import NODE

# Our own gateways and others that heed STATE are born by themselves within this time.
GRACE_S: Final = 3.0
AGAIN_S: Final = 30.0
TIMES: Final = 3
AT_ONCE: Final = 5


@dataclass(slots=True)
class Seen:
    """What was last heard of a node and of its devices, in plant time; `born_real_ms` of its last birth."""

    last_ms: int
    devices: dict[str, int]
    born_real_ms: int = 0


class SilentNodes:
    """A third party that goes on over a restart of the host and says little would stand offline for hours.

    A request may be lost, so a node that stays silent is asked three times; one that is gone for good answers
    none of them and is left alone.

    Parameters
    ----------
    known
        Every node that ever sent something, `group/node`.
    """

    def __init__(self, known: Iterable[str]) -> None:
        nodes = (NodeId(*name.split("/", 1)) for name in sorted(known) if "/" in name)
        self._due = deque(node for node in nodes if node.node != NODE)
        self._later: list[NodeId] = []
        self._rounds_left = TIMES - 1
        self._next_s: float | None = None

    def tick(self, sessions: HostSessions, heard: Container[NodeId], now_s: float) -> list[SessionEvent]:
        """Return the requests to make now; to be called only while the broker is connected."""
        if self._next_s is None:
            self._next_s = now_s + GRACE_S
        if now_s < self._next_s:
            return []
        events: list[SessionEvent] = []
        asked = 0
        while self._due and asked < AT_ONCE:
            node = self._due.popleft()
            if node not in heard:
                events += sessions.of(*node).want_rebirth("nothing was heard since the host started", now_s)
                self._later.append(node)
                asked += 1
        if not self._due and self._later and self._rounds_left:
            self._due.extend(self._later)
            self._later.clear()
            self._rounds_left -= 1
            self._next_s = now_s + AGAIN_S
        return events
