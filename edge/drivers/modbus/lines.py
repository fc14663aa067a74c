"""One question at a time over a stream, and only its own answer back; late and foreign frames are let go."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from random import randrange

from edge.drivers.modbus.frames import FrameWrong, Question, next_tcp_frame, rtu_answer, rtu_frame, tcp_frame
from edge.drivers.streams import Stream

# Unit numbers with which a TCP server means itself; what it puts into its answer differs by maker.
_ITSELF = frozenset((0, 255))
_TRANSACTIONS = 1 << 16
# An RTU line counts as drained when it was quiet for so long, and is given up on when it never is.
QUIET_S = 0.02
_NEVER_QUIET_S = 1.0


class LineLost(Exception):
    """The stream has ended; a new one must be opened."""


class Line(ABC):
    """A stream with a framing on it.

    Parameters
    ----------
    flag : callable
        Told the kind of each reply that was let go: `stale_reply` or `mismatched_reply`.
    """

    def __init__(self, flag: Callable[[str], None]) -> None:
        self._flag = flag
        self._stream: Stream | None = None
        self._buffer = bytearray()
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[bytes] | None = None
        self._unit = 0
        self._until_s = 0.0
        # One timer for all questions: most are answered long before it, and none needs one of its own.
        self._watch: asyncio.TimerHandle | None = None
        self._reason: str | None = None

    def opened(self, stream: Stream) -> None:
        """Use `stream` from now on."""
        self._stream = stream

    @property
    def is_open(self) -> bool:
        """Whether questions can be asked."""
        return self._stream is not None and self._reason is None

    def close(self, reason: str = "closed") -> None:
        """End the stream; who waits for an answer gets LineLost."""
        if self._stream is not None:
            self._stream.close()
        self.lost(reason)

    def lost(self, reason: str) -> None:
        """Note that the stream has ended."""
        if self._reason is None:
            self._reason = reason
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        self._fail(LineLost(self._reason))

    def received(self, chunk: bytes) -> None:
        """Take bytes that came."""
        self._buffer += chunk
        try:
            self._read_frames()
        except FrameWrong as wrong:
            self._flag("mismatched_reply")
            self._mismatched(wrong)

    async def ask(self, unit: int, question: Question, timeout_s: float) -> bytes:
        """The PDU that answers `question`; its length is right or it is an exception.

        Raises
        ------
        TimeoutError
            When none came in time.
        FrameWrong
            When something else came in its place.
        LineLost
            When the stream has ended.
        """
        if self._reason is not None or self._stream is None:
            raise LineLost(self._reason or "not open")
        self._unit = unit
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self._answer = answer
        self._send(self._stream, unit, question)
        self._until_s = self._loop.time() + timeout_s
        if self._watch is None or self._watch.when() > self._until_s:
            self._watch_until(self._until_s)
        try:
            return await answer
        finally:
            self._answer = None

    def _watch_until(self, time_s: float) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._watch = self._loop.call_at(time_s, self._look)

    def _look(self) -> None:
        """Give the question up whose time is over; watch over the one that has some left."""
        self._watch = None
        if self._answer is None or self._answer.done():
            return
        if self._loop.time() >= self._until_s:
            self._fail(TimeoutError("no answer"))
        else:
            self._watch_until(self._until_s)

    def _succeed(self, pdu: bytes) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(pdu)

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    @abstractmethod
    def _send(self, stream: Stream, unit: int, question: Question) -> None: ...

    @abstractmethod
    def _read_frames(self) -> None: ...

    @abstractmethod
    def _mismatched(self, wrong: FrameWrong) -> None: ...

    @abstractmethod
    async def settle(self) -> None:
        """Make sure that nothing of a question that failed can be taken for the answer to the next."""


class TcpLine(Line):
    """Modbus TCP: an answer carries the number of its question."""

    def __init__(self, flag: Callable[[str], None]) -> None:
        super().__init__(flag)
        # Starts anywhere, so that an answer kept for a connection before this one fits nothing.
        self._transaction = randrange(_TRANSACTIONS)  # noqa: S311 - guards nothing

    def _send(self, stream: Stream, unit: int, question: Question) -> None:
        self._transaction = (self._transaction + 1) % _TRANSACTIONS
        stream.write(tcp_frame(self._transaction, unit, question.pdu))

    def _read_frames(self) -> None:
        while (frame := next_tcp_frame(self._buffer)) is not None:
            transaction, unit, pdu = frame
            if self._answer is None or self._answer.done() or transaction != self._transaction:
                self._flag("stale_reply")
            elif unit != self._unit and self._unit not in _ITSELF:
                raise FrameWrong(f"unit {unit} instead of {self._unit}")
            else:
                self._succeed(pdu)

    def _mismatched(self, wrong: FrameWrong) -> None:
        self._fail(wrong)
        self.close(str(wrong))

    async def settle(self) -> None:
        """Let half a frame go; should its rest come after all, it is no MBAP header and ends the line."""
        if self._buffer:
            self._flag("stale_reply")
            self._buffer.clear()


class RtuLine(Line):
    """Modbus RTU: an answer is known by its unit, function, length and checksum alone.

    Parameters
    ----------
    silence_s : float
        Time between two frames, real seconds.
    """

    def __init__(self, flag: Callable[[str], None], silence_s: float) -> None:
        super().__init__(flag)
        self._silence_s = silence_s
        self._heard_at_s = 0.0
        self._question: Question | None = None

    def received(self, chunk: bytes) -> None:
        """Take bytes that came."""
        self._heard_at_s = self._loop.time()
        super().received(chunk)

    async def ask(self, unit: int, question: Question, timeout_s: float) -> bytes:
        """The PDU that answers `question`, see `Line.ask`."""
        wait_s = self._heard_at_s + self._silence_s - self._loop.time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        return await super().ask(unit, question, timeout_s)

    def _send(self, stream: Stream, unit: int, question: Question) -> None:
        if self._buffer:
            self._flag("stale_reply")
            self._buffer.clear()
        self._question = question
        stream.write(rtu_frame(unit, question.pdu))

    def _read_frames(self) -> None:
        if self._answer is None or self._answer.done() or self._question is None:
            return  # counted and thrown away before the next question
        pdu = rtu_answer(self._unit, self._question, self._buffer)
        if pdu is not None:
            self._buffer.clear()
            self._succeed(pdu)

    def _mismatched(self, wrong: FrameWrong) -> None:
        self._buffer.clear()
        self._fail(wrong)

    async def settle(self) -> None:
        """Wait until the line is quiet, and forget what was said."""
        quiet_s = max(QUIET_S, self._silence_s)
        until_s = self._loop.time() + _NEVER_QUIET_S
        self._heard_at_s = self._loop.time()
        wait_s = quiet_s
        while wait_s > 0:
            await asyncio.sleep(wait_s)
            wait_s = min(self._heard_at_s + quiet_s, until_s) - self._loop.time()
        if self._buffer:
            self._flag("stale_reply")
            self._buffer.clear()
