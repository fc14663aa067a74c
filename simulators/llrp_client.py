"""One client of a simulated LLRP reader."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

from wire.readers.llrp import Message, MessageStream
from wire.readers.llrp_device import Announcement

CHUNK = 1 << 16


class Client:
    """The reader's end of one connection.

    Attributes
    ----------
    is_holding : bool
        Events and reports wait until the client enables them.
    heard_s, kept_alive_s : float
        Monotonic time of the newest message from it and of the newest keepalive to it.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._last_id = 0
        self.is_holding = False
        self.heard_s = self.kept_alive_s = monotonic()

    @property
    def is_open(self) -> bool:
        """Whether it can still be written to."""
        return not self._writer.is_closing()

    async def messages(self) -> AsyncIterator[Message]:
        """What the client says, until it leaves."""
        stream = MessageStream()
        while chunk := await self._reader.read(CHUNK):
            self.heard_s = monotonic()
            for message in stream.feed(chunk):
                yield message

    def say(self, kind: int, body: bytes = b"") -> None:
        """Send something unasked."""
        self._last_id += 1
        self._send(Message(kind, self._last_id, body).encode())

    def answer(self, question: Message, kind: int, body: bytes) -> None:
        """Answer a question."""
        self._send(Message(kind, question.id, body, question.version).encode())

    def announce(self, said: Announcement) -> None:
        """Send an event."""
        self._last_id += 1
        self._send(said.encode(self._last_id))

    def close(self) -> None:
        """End the connection after what was said."""
        self._writer.close()

    def _send(self, raw: bytes) -> None:
        if self.is_open:
            self._writer.write(raw)
