"""One TCP connection to an LLRP reader: questions with their answers, keepalives, and what comes unasked."""

import asyncio
import contextlib
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Self

from edge.devices.tag import host_and_port
from edge.errors import DeviceRefused, DeviceUnreachable
from wire.readers.llrp import LlrpWrong, Message, MessageStream, Status, Type

CHUNK = 1 << 16
LAST_ID = 0xFFFF_FFFF
# How long a reader may take to say goodbye when the gateway leaves.
FAREWELL_S = 0.5


class Link:
    """A connection to a reader; use it in an `async with` block.

    Attributes
    ----------
    on_report : callable
        Takes each RO_ACCESS_REPORT.
    on_event : callable
        Takes each READER_EVENT_NOTIFICATION.
    alive_s : float
        Monotonic time of the newest KEEPALIVE, at first of the connection.

    Raises
    ------
    DeviceUnreachable
        On entering when nobody answers.
    """

    def __init__(self, endpoint: str, timeout_s: float) -> None:
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        self.on_report: Callable[[Message], None] = lambda _message: None
        self.on_event: Callable[[Message], None] = lambda _message: None
        self.alive_s = monotonic()
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._last_id = 0

    async def __aenter__(self) -> Self:
        host, port = host_and_port(self._endpoint)
        try:
            async with asyncio.timeout(self._timeout_s):
                self._reader, self._writer = await asyncio.open_connection(host, port)
        except (OSError, TimeoutError) as error:
            reason = getattr(error, "strerror", None) or "no answer in time"
            raise DeviceUnreachable(f"{self._endpoint} cannot be reached: {reason}") from error
        return self

    def listen(self) -> asyncio.Task[None]:
        """The task that reads the connection; it ends with the error that ended the connection."""
        self._listening = asyncio.create_task(self._listen(), name=f"read {self._endpoint}")
        return self._listening

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A reader serves one client: a farewell frees it at once, where a broken link is only noticed later.
        with contextlib.suppress(OSError, TimeoutError):
            self._writer.write(Message(Type.CLOSE_CONNECTION, self._next_id()).encode())
            async with asyncio.timeout(FAREWELL_S):
                await self._writer.drain()
        self._writer.close()

    async def ask(self, kind: Type, body: bytes = b"") -> Message:
        """The successful answer to a question.

        Raises
        ------
        DeviceUnreachable
            When none comes in time.
        DeviceRefused
            When the reader says no; the text is the reader's.
        """
        number = self._next_id()
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self.tell(Message(kind, number, body))
        try:
            async with asyncio.timeout(self._timeout_s):
                message = await answer
        except TimeoutError as error:
            raise DeviceUnreachable(f"{self._endpoint}: no answer to {kind.name}") from error
        finally:
            self._waiting.pop(number, None)
        try:
            status = Status.of(message)
        except LlrpWrong as wrong:
            raise DeviceUnreachable(f"{self._endpoint}: {wrong}") from wrong
        if status.code:
            raise DeviceRefused(
                f"{self._endpoint} refuses {kind.name}: {status.text or 'no reason'} (status {status.code})"
            )
        return message

    def tell(self, message: Message) -> None:
        """Send a message that has no answer, or whose answer somebody else waits for."""
        self._writer.write(message.encode())

    def order(self, kind: Type) -> None:
        """Send an order without content and without an answer."""
        self.tell(Message(kind, self._next_id()))

    def _next_id(self) -> int:
        self._last_id = self._last_id % LAST_ID + 1
        return self._last_id

    async def _listen(self) -> None:
        stream = MessageStream()
        try:
            while chunk := await self._reader.read(CHUNK):
                for message in stream.feed(chunk):
                    self._take(message)
                await self._writer.drain()
        except OSError as error:
            raise DeviceUnreachable(f"{self._endpoint}: {error.strerror or 'connection lost'}") from error
        except LlrpWrong as wrong:
            raise DeviceUnreachable(f"{self._endpoint} says what is no LLRP: {wrong}") from wrong
        raise DeviceUnreachable(f"{self._endpoint} closed the connection")

    def _take(self, message: Message) -> None:
        match message.type:
            case Type.KEEPALIVE:
                self.alive_s = monotonic()
                self.tell(Message(Type.KEEPALIVE_ACK, message.id))
            case Type.RO_ACCESS_REPORT:
                self.on_report(message)
            case Type.READER_EVENT_NOTIFICATION:
                self.on_event(message)
            case _:
                # An answer that nobody waits for any longer is dropped: it must not answer another question.
                answer = self._waiting.get(message.id)
                if answer is not None and not answer.done():
                    answer.set_result(message)


async def first_to_end(*tasks: asyncio.Task[None]) -> None:
    """Wait until one of the tasks ends, end the others, and raise what it raised."""
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
