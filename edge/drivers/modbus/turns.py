"""Whose turn it is on a bus: writes before polls, polls before probes, probes only where nobody waits."""

import asyncio
import heapq
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

# A probe keeps this distance from the next poll, real seconds.
MARGIN_S = 0.01
# A probe that never fits may go anyway after so many times its own length: it costs the others 0.4 % of time.
PATIENCE = 250


class Rank(IntEnum):
    """Who goes first."""

    WRITE = 0
    POLL = 1
    PROBE = 2


@dataclass(order=True, slots=True)
class _Waiting:
    rank: int
    order: float
    number: int
    turn: asyncio.Future[float] = field(compare=False)
    needs_s: float = field(compare=False)
    wants_s: float = field(compare=False)
    forced_s: float = field(compare=False)
    since_s: float = field(compare=False)


class Wish(NamedTuple):
    """What a turn is for.

    Attributes
    ----------
    rank : Rank
        Who goes first.
    order : float
        Among equals the lower one goes first: of polls when they are due, monotonic seconds, of probes how
        many questions the unit has missed. One that missed a single question never waits for a dead one.
    wants_s, needs_s : float
        How long an answer is waited for, and the least time that makes sense; only a probe gets less than
        it wants.
    forced_s : float
        How long a probe may take that never fitted between the polls of others.
    """

    rank: Rank
    order: float
    wants_s: float
    needs_s: float = 0.0
    forced_s: float = math.inf


class Turns:
    """One turn at a time.

    Parameters
    ----------
    next_poll_s : callable
        When the next poll of a unit that answers is due, monotonic seconds; infinite when there is none.
    rest_s : float
        How long the line rests after a question without an answer, real seconds.
    """

    def __init__(self, next_poll_s: Callable[[], float], rest_s: float = 0.0) -> None:
        self._rest_s = rest_s
        self._next_poll_s = next_poll_s
        self._loop = asyncio.get_running_loop()
        self._is_taken = False
        self._waiting: list[_Waiting] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    async def take(self, wish: Wish) -> float:
        """How long this turn may wait for an answer, real seconds, once it has come; `give_back` ends it."""
        if wish.rank is not Rank.PROBE and not self._is_taken and not self._waiting:
            self._is_taken = True
            return wish.wants_s
        now_s = self._loop.time()
        turn: asyncio.Future[float] = self._loop.create_future()
        number = next(self._numbers)
        entry = _Waiting(
            wish.rank,
            wish.order,
            number,
            turn=turn,
            needs_s=wish.needs_s,
            wants_s=wish.wants_s,
            forced_s=min(wish.forced_s, wish.wants_s),
            since_s=now_s,
        )
        heapq.heappush(self._waiting, entry)
        self._next()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back()
            raise

    def give_back(self) -> None:
        """End the turn."""
        self._is_taken = False
        self._next()

    def _next(self) -> None:
        while self._waiting and self._waiting[0].turn.done():
            heapq.heappop(self._waiting)
        if self._is_taken or not self._waiting:
            return
        first = self._waiting[0]
        lasting_s = first.wants_s if first.rank != Rank.PROBE else self._slack_s(first)
        if lasting_s is None:
            self._later()
            return
        heapq.heappop(self._waiting)
        self._is_taken = True
        first.turn.set_result(lasting_s)

    def _slack_s(self, probe: _Waiting) -> float | None:
        """How long a probe may take now, or None when it must wait."""
        now_s = self._loop.time()
        free_s = self._next_poll_s() - now_s - MARGIN_S - self._rest_s
        if free_s >= probe.needs_s:
            return min(probe.wants_s, free_s)
        return probe.forced_s if now_s - probe.since_s >= PATIENCE * probe.forced_s else None

    def _later(self) -> None:
        """Look again when the next poll has been, since nobody else may call."""
        if self._timer is not None:
            self._timer.cancel()
        next_s = self._next_poll_s()
        wait_s = 0.0 if math.isinf(next_s) else next_s - self._loop.time()
        self._timer = self._loop.call_later(max(wait_s, 0.0) + MARGIN_S, self._next)
