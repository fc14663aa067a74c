"""Whose turn it is to write: requests before background work, each in the order of asking.

SQLite itself lets who asks again at once go first, and no database knows that a person waits.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from typing import Final, TypeAlias

from sqlalchemy.exc import TimeoutError as TooLate

# While background work waits, requests go before it for so long at a stretch; then it has one turn.
STRETCH_S: Final = 2.0
# Background work has nobody to apologise to: only who asks in the middle of his own turn waits that long.
BACKGROUND_PATIENCE_S: Final = 120.0

_Queue: TypeAlias = deque["Future[None]"]


class NoTurn(TooLate):
    """Others wrote for so long that nothing was begun."""


class WriterTurns:
    """A lock for one writer at a time, shared by threads and by requests that wait on an event loop.

    A request waits for the one transaction that is in work, however many threads wait, and for the requests
    that asked before it.

    Parameters
    ----------
    seconds
        A monotonic clock.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._mutex = threading.Lock()
        self._is_taken = False
        self._requests: _Queue = deque()
        self._background: _Queue = deque()
        self._passed_over_since_s = 0.0  # since when requests have gone before background work that waits

    @property
    def waiting(self) -> int:
        """Return how many wait."""
        with self._mutex:
            return sum(not each.cancelled() for each in (*self._requests, *self._background))

    @contextmanager
    def background(self, patience_s: float = BACKGROUND_PATIENCE_S) -> Iterator[None]:
        """A turn of the thread that calls.

        Raises
        ------
        NoTurn
            When it has not come within `patience_s` real seconds.
        """
        with self._asked(self._background, patience_s) as called:
            called.result(patience_s)
        try:
            yield
        finally:
            with self._mutex:
                self._passed_over_since_s = self._seconds()
            self._give()

    @asynccontextmanager
    async def request(self, patience_s: float) -> AsyncIterator[None]:
        """A turn of a request, which waits for it without a thread.

        Raises
        ------
        NoTurn
            When it has not come within `patience_s` real seconds.
        """
        with self._asked(self._requests, patience_s) as called:
            async with asyncio.timeout(patience_s):
                await asyncio.wrap_future(called)
        try:
            yield
        finally:
            self._give()

    @contextmanager
    def _asked(self, queue: _Queue, patience_s: float) -> "Iterator[Future[None]]":
        """What is done when the asker is called; whoever stops waiting for it is not called any more."""
        called = self._ask(queue)
        try:
            yield called
        except TimeoutError:
            self._withdraw(called)
            raise NoTurn(f"no turn to write within {patience_s:g} s") from None
        except BaseException:
            self._withdraw(called)
            raise

    def _ask(self, queue: _Queue) -> "Future[None]":
        called: Future[None] = Future()
        with self._mutex:
            if queue is self._background and not queue:
                self._passed_over_since_s = self._seconds()
            queue.append(called)
            if not self._is_taken:
                self._call_next()
        return called

    def _withdraw(self, called: "Future[None]") -> None:
        if not called.cancel():  # it was called at the last moment
            self._give()

    def _give(self) -> None:
        with self._mutex:
            self._is_taken = False
            self._call_next()

    def _call_next(self) -> None:
        while queue := self._next_queue():
            called = queue.popleft()
            if called.set_running_or_notify_cancel():
                self._is_taken = True
                called.set_result(None)
                return

    def _next_queue(self) -> _Queue:
        if not self._requests or not self._background:
            return self._requests or self._background
        is_over = self._seconds() - self._passed_over_since_s >= STRETCH_S
        return self._background if is_over else self._requests
