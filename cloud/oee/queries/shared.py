"""Answers of one moment, given to all who ask in it: many who ask at once cost as much as one."""

import asyncio
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import anyio
from anyio.to_thread import run_sync
from pydantic import BaseModel
from sqlalchemy.orm import Session

from cloud.db import Database
from models.oee.result import MachineResult
from models.oee.timeline import Interval
from wire.clock import PlantClock

SHARED_S: Final = 1.0  # real seconds that a moment lasts at most
PATIENCE: Final = 4  # after a commit it lasts so many times as long as its reckoning took, if that is less
AT_ONCE: Final = 2  # reckonings; at the interpreter's lock more would only hinder each other
MOST_BYTES: Final = 16 << 20  # of answers that a moment keeps
_KEY: Final = "oee.moment"

Key = tuple[str, Interval, str]  # machine, window, policy
Found = tuple[MachineResult, frozenset[int]]  # with the jobs that its record names
Look = Callable[[Session, int], BaseModel]  # what is seen as of a plant time, ms


@dataclass(slots=True)
class Moment:
    """One plant time for which questions are answered; `took_s` real seconds of reckoning so far."""

    now_ms: int
    begun_s: float
    said: int
    commits: int
    took_s: float = 0.0
    in_flight: int = 0
    kept_bytes: int = 0
    results: dict[Key, Found] = field(default_factory=dict)
    answers: dict[Hashable, asyncio.Task[bytes]] = field(default_factory=dict)
    turn: threading.Lock = field(default_factory=threading.Lock)


class Moments:
    """Answers questions about the plant as JSON, the same question of a moment once.

    A moment lasts a real second at most. It ends at once when a request has written anything, so what
    people change is in the next answer; when something else was committed, it ends a little later, so that
    reckoning takes a fifth of a processor at most. Nobody asks here but who may: access stands before.

    Parameters
    ----------
    db
        Where everything stands. What other processes commit is seen when the moment is over.
    clock
        The plant clock.
    seconds
        A monotonic clock.
    """

    def __init__(
        self, db: Database, clock: PlantClock, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._db = db
        self._clock = clock
        self._seconds = seconds
        self._lock = threading.Lock()
        self._moment: Moment | None = None
        self._limiter = anyio.CapacityLimiter(AT_ONCE)

    async def answer(self, question: Hashable, look: Look, *, exact: bool = False) -> bytes:
        """What `look` sees as JSON, or saw for somebody else who asked the same in this moment.

        Parameters
        ----------
        question
            What tells one question from another.
        look
            Gives the answer, in a thread.
        exact
            Whether not even a commit of this moment may be missing. For windows that are over: what is
            reckoned for them is shared with nobody else, and plant now is that of the asking.
        """
        moment = self.present()
        key = (question, self._db.commits if exact else None)
        task = moment.answers.get(key)
        if task is None:
            seen = partial(self._see, None if exact else moment, look)
            task = asyncio.create_task(run_sync(seen, limiter=self._limiter))
            moment.answers[key] = task
            moment.in_flight += 1
            task.add_done_callback(partial(_keep, moment, key))
        # One who goes away must not take the answer from the others.
        return await asyncio.shield(task)

    def present(self) -> Moment:
        """The moment of those who ask now."""
        said, commits = self._db.said, self._db.commits  # before anything is read
        with self._lock:
            moment = self._moment
            if moment is None or _is_over(moment, self._seconds(), said, commits):
                self._moment = moment = Moment(self._clock.now_ms(), self._seconds(), said, commits)
            return moment

    def _see(self, moment: Moment | None, look: Look) -> bytes:
        begun_s = self._seconds()
        with self._db.read() as session:
            if moment is None:
                return _json(look(session, self._clock.now_ms()))
            join(session, moment)
            seen = _json(look(session, moment.now_ms))
            moment.took_s += self._seconds() - begun_s
            return seen


def join(session: Session, moment: Moment) -> None:
    """Nothing comes back; what the session reckons of machines up to the moment's plant time is shared."""
    session.info[_KEY] = moment


def shared(
    session: Session, keys: Sequence[Key], now_ms: int, reckon: Callable[[Sequence[Key]], Sequence[Found]]
) -> list[Found]:
    """What `reckon` gives for each key, or gave another session that looks at the same moment."""
    moment = session.info.get(_KEY)
    if not isinstance(moment, Moment) or moment.now_ms != now_ms or any(key[1][1] != now_ms for key in keys):
        return list(reckon(keys))
    with moment.turn:
        missing = [key for key in keys if key not in moment.results]
        if missing:
            moment.results.update(zip(missing, reckon(missing), strict=True))
        return [moment.results[key] for key in keys]


def _is_over(moment: Moment, now_s: float, said: int, commits: int) -> bool:
    lasted_s = now_s - moment.begun_s
    if moment.said != said or lasted_s >= SHARED_S:
        return True
    return moment.commits != commits and not moment.in_flight and lasted_s >= PATIENCE * moment.took_s


def _json(seen: BaseModel) -> bytes:
    return seen.model_dump_json(by_alias=True).encode()


def _keep(moment: Moment, key: Hashable, task: asyncio.Task[bytes]) -> None:
    """Nothing comes back; an error is told to those who wait for it and asked again by the next."""
    moment.in_flight -= 1
    failed = task.cancelled() or task.exception() is not None
    size = 0 if failed else len(task.result())
    if failed or moment.kept_bytes + size > MOST_BYTES:
        del moment.answers[key]
    else:
        moment.kept_bytes += size
