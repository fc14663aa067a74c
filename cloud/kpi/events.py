"""What live pages listen to: topics that changed, told to every open page."""

import asyncio
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from cloud.outbox import Event

# Which pages an announced fact concerns.
TOPICS = {
    "StateChanged": ("live", "oee"),
    "PartsCounted": ("live", "orders", "oee"),
    "JobChanged": ("live", "orders", "oee"),
    "ShiftTotalsChanged": ("oee",),
    "CoverageGrew": ("live", "oee", "system", "gateways"),
    "CommandAsked": ("gateways",),
    "CommandAnswered": ("gateways",),
    "CommandSettled": ("gateways",),
    "TagSeen": ("orders",),
    "OrderEntered": ("orders",),
    "WorkOrderReleased": ("live", "orders", "oee"),
    "AlarmRaised": ("live", "orders", "alarms"),
    "DowntimeCorrected": ("live", "oee"),
    "AlarmChanged": ("live", "orders", "alarms"),
    "ScrapCharged": ("live", "oee"),
    "CalendarChanged": ("live", "oee"),
    "CounterDeclared": ("live", "orders", "oee"),
    "HandoverNoted": ("report",),
    "MinorStopSet": ("live", "oee"),
    "IdealCycleCorrected": ("live", "orders", "oee"),
}
HEARD = frozenset(TOPICS)
ORDER = ("live", "orders", "alarms", "system", "gateways", "oee", "report")


class Listener:
    """The topics one open page has not been told of; never more than there are topics, however slow it is."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._topics: set[str] = set()
        self._touched = asyncio.Event()

    def touch(self, topics: Iterable[str]) -> None:
        """Nothing comes back; the page will be told of the topics. Any thread may call this."""
        with self._lock:
            is_news = not self._topics
            self._topics.update(topics)
        if is_news and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._touched.set)

    async def wait(self, timeout_s: float) -> bool:
        """Whether there is something to tell, after waiting at most `timeout_s` real seconds for it."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._touched.wait()
        except TimeoutError:
            return False
        return True

    def take(self) -> list[str]:
        """The topics to tell, in the order of the contract; they are forgotten here."""
        with self._lock:
            topics, self._topics = self._topics, set()
            self._touched.clear()
        return [topic for topic in ORDER if topic in topics]


class LiveHub:
    """Hands touched topics to every listener of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: set[Listener] = set()

    @contextmanager
    def listen(self) -> Iterator[Listener]:
        """A listener for as long as the context lasts; it must be entered in an event loop."""
        listener = Listener()
        with self._lock:
            self._listeners.add(listener)
        try:
            yield listener
        finally:
            with self._lock:
                self._listeners.discard(listener)

    @property
    def listeners(self) -> int:
        """How many listen now."""
        with self._lock:
            return len(self._listeners)

    def touch(self, topics: Iterable[str]) -> None:
        """Nothing comes back; every listener hears of the topics. Any thread may call this."""
        told = frozenset(topics)
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener.touch(told)

    def hear(self, events: Iterable[Event]) -> None:
        """Nothing comes back; the topics that announced facts concern are touched."""
        self.touch(topic for event in events for topic in TOPICS.get(event.kind, ()))


# One for the process: the dispatcher's thread touches it, every open page of the web server listens to it.
HUB = LiveHub()
