"""Whose turn it is to write, in the order of asking: SQLite itself lets who asks again at once go first."""

import threading
from collections import deque


class WriterTurns:
    """A lock that is handed on in the order in which it was asked for; taken and given by any thread."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._is_taken = False
        self._waiting: deque[threading.Event] = deque()

    @property
    def waiting(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def take(self, timeout_s: float) -> bool:
        """Return whether it is the caller's turn within `timeout_s` real seconds; who took it gives it."""
        with self._mutex:
            if not self._is_taken:
                self._is_taken = True
                return True
            called = threading.Event()
            self._waiting.append(called)
        if called.wait(timeout_s):
            return True
        with self._mutex:
            if called in self._waiting:
                self._waiting.remove(called)
                return False
        return True  # called between the end of the waiting and here

    def give(self) -> None:
        """Nothing comes back; it is the next one's turn."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_taken = False
