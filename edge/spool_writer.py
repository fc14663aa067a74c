"""The thread that writes the spool: what it is given to do, and how its end is told."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from edge.spool_batches import Draft
from edge.spool_opening import SpoolWrong

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Task:
    """Work for the writer inside its next transaction; the answer comes when that is durable."""

    work: Callable[[Draft], Any]
    answer: Future[Any] | None = None


class WriterThread(threading.Thread):
    """Runs `work`; `ended` is done when that has returned, or holds the `SpoolWrong` that it died of.

    A gateway whose writer is dead must not live on: it would read its machines and keep nothing.
    """

    def __init__(self, path: Path, work: Callable[[], None]) -> None:
        super().__init__(name="spool-writer", daemon=True)
        self.ended: Future[None] = Future()
        self.ended.set_running_or_notify_cancel()  # nobody who waits may cancel it
        self._path = path
        self._work = work
        self._lock = threading.Lock()
        self._promised: set[Future[Any]] = set()
        self._is_over = False

    def promise(self) -> Future[Any]:
        """An answer that the work will give, or a `SpoolWrong` when the thread ends before."""
        answer: Future[Any] = Future()
        with self._lock:
            is_over = self._is_over
            if not is_over:
                self._promised.add(answer)
        if is_over:
            answer.set_exception(self._wrong())
        else:
            answer.add_done_callback(self._promised.discard)
        return answer

    def _wrong(self) -> SpoolWrong:
        return SpoolWrong(f"{self._path}: nothing is spooled any more")

    def run(self) -> None:
        """Work, and tell the end."""
        try:
            self._work()
            self._leave()
        except Exception as caught:  # noqa: BLE001 - the boundary of the thread: the gateway ends and is restarted
            log.error("spool_writer_died", path=str(self._path), error=repr(caught))  # noqa: TRY400 - people get no stack traces
            self._leave()
            wrong = SpoolWrong(f"{self._path}: its writer died of {caught!r}; start the gateway again")
            self.ended.set_exception(wrong)
        else:
            self.ended.set_result(None)

    def _leave(self) -> None:
        """Answer who waits for work that nobody will do."""
        with self._lock:
            self._is_over = True
            left = list(self._promised)
        for answer in left:
            answer.set_exception(self._wrong())
