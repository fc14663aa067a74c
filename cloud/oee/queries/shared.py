"""What the running shift's machines gave a moment ago, shared by all who ask in that moment."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakSet

from sqlalchemy.orm import Session

from models.oee.result import MachineResult
from models.oee.timeline import Interval
from wire.clock import PlantClock

SHARED_S: Final = 1.0  # real seconds that a moment lasts at most
PATIENCE: Final = 4  # a moment lasts so many times as long as its reckoning took, if that is less
_KEY: Final = "oee.moment"

Key = tuple[str, Interval, str]  # machine, window, policy
Found = tuple[MachineResult, frozenset[int]]  # with the jobs that its record names


@dataclass(slots=True)
class Moment:
    """One plant time at which several questions are answered; `took_s` real seconds of reckoning so far."""

    now_ms: int
    begun_s: float
    took_s: float = 0.0
    results: dict[Key, Found] = field(default_factory=dict)
    turn: threading.Lock = field(default_factory=threading.Lock)


class Moments:
    """Gives those who ask about the running shift the same plant time for a moment.

    Whoever asks first reckons a machine, one at a time, the others wait for it and take its result: at the
    interpreter's lock they would only hinder each other. So many clients cost as much as one.
    """

    def __init__(self, clock: PlantClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._moment: Moment | None = None
        _ALL.add(self)

    def join(self, session: Session) -> int:
        """The plant time (ms) for which the session shall ask; what it reckons for it is shared."""
        with self._lock:
            moment = self._moment
            if moment is None or time.monotonic() - moment.begun_s >= min(SHARED_S, PATIENCE * moment.took_s):
                self._moment = moment = Moment(self._clock.now_ms(), time.monotonic())
        session.info[_KEY] = moment
        return moment.now_ms

    def forget(self) -> None:
        """Nothing comes back; who asks from now on is given a new moment."""
        with self._lock:
            self._moment = None


_ALL: Final[WeakSet[Moments]] = WeakSet()


def forget_all() -> None:
    """Nothing comes back; what people changed is seen by whoever asks next."""
    for moments in list(_ALL):
        moments.forget()


def shared(session: Session, key: Key, now_ms: int, reckon: Callable[[], Found]) -> Found:
    """What `reckon` gives, or gave another session that asks for the same moment."""
    moment = session.info.get(_KEY)
    if not isinstance(moment, Moment) or moment.now_ms != now_ms or key[1][1] != now_ms:
        return reckon()
    with moment.turn:
        found = moment.results.get(key)
        if found is None:
            begun_s = time.monotonic()
            found = moment.results[key] = reckon()
            moment.took_s += time.monotonic() - begun_s
        return found
