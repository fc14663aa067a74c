"""Somebody who tells the cloud what becomes due, in a thread, as long as the run lasts."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

import structlog

from taktline.client import Api, ApiRefused

log = structlog.get_logger()
LOOK_EVERY_S = 0.5


class Teller(ABC):
    """Looks every half second for what is due; what the cloud does not take is told again.

    Parameters
    ----------
    what
        What is told, for the log and the thread's name.
    connect
        Returns a new API session of a user who may tell it.
    """

    def __init__(self, what: str, connect: Callable[[], Api]) -> None:
        self._what = what
        self._connect = connect
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"tell-{what}", daemon=True)
        self._trouble = ""

    def start(self) -> None:
        """Begin to tell in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop telling; returns when the thread has ended."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    @abstractmethod
    def step(self, api: Api) -> int:
        """Tell what is due by now; returns how much that was.

        Raises
        ------
        ApiRefused
            When the cloud does not take it; the next step tells it again.
        """

    def _note(self, trouble: str) -> None:
        """Log when nothing can be told and when it can again, not every attempt between."""
        if trouble and not self._trouble:
            log.warning("cloud_refuses", what=self._what, reason=trouble)
        elif self._trouble and not trouble:
            log.info("cloud_takes_again", what=self._what)
        self._trouble = trouble

    def _run(self) -> None:
        with self._connect() as api:
            while not self._stop.is_set():
                try:
                    self.step(api)
                    self._note("")
                except ApiRefused as refused:
                    self._note(str(refused))  # the cloud may be restarting, or an order on its way
                self._stop.wait(LOOK_EVERY_S)
