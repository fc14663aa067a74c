"""Writes on their way to one device: a queue between the uplink's thread and the device's driver."""

import asyncio
import threading
import time
from collections import deque
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from typing import Final

from edge.errors import EdgeError
from wire.commands import Outcome

MAX_WAITING: Final = 64

# What a tag's metric holds; the driver turns it into what the device holds.
WriteValue = bool | int | float | str


class WriteFailed(EdgeError):
    """A write has no good end; the text says why, for people.

    Parameters
    ----------
    reason : str
        Why.
    outcome : Outcome
        `FAILED` when the device said no, `UNKNOWN` when it may or may not hold the value now (a request
        without an answer), `REFUSED` when it was never tried.
    """

    def __init__(self, reason: str, outcome: Outcome = Outcome.FAILED) -> None:
        self.outcome = outcome
        super().__init__(reason)


@dataclass(frozen=True, slots=True, eq=False)
class Write:
    """One value to write once.

    Parameters
    ----------
    tag : str
        Metric name of a tag that is marked writable.
    value : bool, int, float or str
        The metric's new value, checked against datatype and limits: after scaling, not the raw number.
    deadline_s : float
        Monotonic real time after which it must not be begun.
    answer : Future
        Resolved exactly once: with the metric's value as read back, or with `WriteFailed`.
    """

    tag: str
    value: WriteValue
    deadline_s: float
    answer: Future[WriteValue]

    def done(self, read_back: WriteValue) -> None:
        """Answer with the value that the device holds now, scaled like any reading."""
        _settle(self.answer, read_back)

    def failed(self, reason: str, outcome: Outcome = Outcome.FAILED) -> None:
        """Answer that it was not done; `outcome` UNKNOWN where nobody can say, see `WriteFailed`."""
        _settle(self.answer, WriteFailed(reason, outcome))


class Writes:
    """Writes waiting for one device's driver; thread-safe.

    A driver serves them before its next read, writes once, reads back and never tries again. While no session
    is up every write is refused at once, so that none comes as a surprise when the device returns.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Write] = deque()
        self._taken: list[Write] = []
        self._refusal: str | None = "the device has not answered yet"
        self._waiters: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    # ---- the side of the uplink ----

    def put(self, tag: str, value: WriteValue, deadline_s: float) -> Future[WriteValue]:
        """The answer to come for a write of `value` that may be begun until `deadline_s` (monotonic)."""
        answer: Future[WriteValue] = Future()
        write = Write(tag, value, deadline_s, answer)
        with self._lock:
            refusal = self._refusal
            if refusal is None and len(self._waiting) >= MAX_WAITING:
                refusal = f"{MAX_WAITING} writes wait for this device already"
            if refusal is None:
                self._waiting.append(write)
                self._wake()
        if refusal is not None:
            write.failed(refusal, Outcome.REFUSED)
        return answer

    def expire(self, now_s: float) -> None:
        """Answer those that waited beyond their deadline; `now_s` is monotonic."""
        with self._lock:
            late = [write for write in self._waiting if write.deadline_s < now_s]
            self._waiting = deque(write for write in self._waiting if write.deadline_s >= now_s)
        for write in late:
            write.failed("expired before the device was ready for it", Outcome.REFUSED)

    # ---- the side of the driver ----

    def take(self) -> Write | None:
        """The next write that has not expired, None when there is none; the driver must answer it."""
        self.expire(time.monotonic())
        with self._lock:
            self._taken = [write for write in self._taken if not write.answer.done()]
            if not self._waiting:
                return None
            write = self._waiting.popleft()
            self._taken.append(write)
            return write

    async def wait(self) -> None:
        """Return when there is a write to take."""
        waiter = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            if self._waiting:
                return
            self._waiters.add(waiter)
        try:
            await waiter[1].wait()
        finally:
            with self._lock:
                self._waiters.discard(waiter)

    def _wake(self) -> None:
        for loop, event in self._waiters:
            # A loop that is closed has nobody waiting any more.
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    # ---- the side of the supervisor ----

    def open(self) -> None:
        """Take writes from now on: the device answers."""
        with self._lock:
            self._refusal = None

    def close(self, reason: str) -> None:
        """Refuse all that wait and all that come until `open`; `reason` is shown to who asked."""
        with self._lock:
            self._refusal = reason
            waiting, taken = list(self._waiting), self._taken
            self._waiting.clear()
            self._taken = []
        for write in waiting:
            write.failed(reason, Outcome.REFUSED)
        for write in taken:
            write.failed(f"unknown whether it was written: {reason}", Outcome.UNKNOWN)


def _settle(answer: Future[WriteValue], outcome: WriteValue | WriteFailed) -> None:
    """Resolve `answer` unless it is: a session that ends late must not overrule the driver."""
    try:
        if isinstance(outcome, WriteFailed):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)
    except InvalidStateError:
        return
