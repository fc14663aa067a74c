"""Takes data messages out of what a broker sends, many at a time; the rest is left to the MQTT client."""

import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from cloud.ingest.arrival import Block, TopicNames
from cloud.ingest.collected import LITTLE, PAUSE_S, Came, Collected
from cloud.ingest.data_frames import NOBODYS, PUBLISH, READERS, Found, Frames, number_of

_CHUNK: Final = 256 << 10
# Many small messages are found together, which costs the same however many they are: it pays while those
# before were smaller than this, and from so many bytes on. Where it ends, some are looked at one by one.
_SMALL: Final = 512
_WHOLE: Final = 16 << 10
_SINGLY: Final = 32
_CONTINUES: Final = 0x80
_MOST_DIGITS: Final = 4
_MOST_TOPICS: Final = 1 << 14
_NOT_NOW: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class DataSocket:
    """A connected socket for a client that speaks MQTT 3.1.1; its reader never sees a device's data messages.

    They are given away as blocks, in their place: a block before what follows it is read. Commands go to
    nobody: a host hears its own receipts again. Everything that is not understood at a glance is left to the
    reader, which knows the protocol.

    Parameters
    ----------
    inner
        The socket, plain or TLS.
    on_block
        Called on the reading thread; must return at once and never raise.
    """

    def __init__(self, inner: Any, on_block: Callable[[Block], None]) -> None:
        self._inner = inner
        self._on_block = on_block
        self._buffer = b""
        self._at = 0
        self._reader_end = 0  # up to here the bytes are the reader's
        self._is_partial = True  # what is left waits for the rest of its frame
        self._frames: Frames | None = None  # of the buffer, where that pays
        self._mean_bytes = 0
        self._collected = Collected()
        self._came = Came(b"", np.zeros(0, np.int64), np.zeros(0, np.int64))
        self._came_from = 0  # where in the buffer it begins
        self._names = TopicNames()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def pending(self) -> int:
        """Return how many bytes can be worked on although the socket itself may have none."""
        waiting = 0 if self._is_partial else len(self._buffer) - self._at
        inner = getattr(self._inner, "pending", None)
        return waiting + self._collected.size + (inner() if inner is not None else 0)

    def recv(self, size: int) -> bytes:
        """Return up to `size` bytes that are no data messages.

        Raises
        ------
        BlockingIOError
            When there are none now; data may have come meanwhile.
        """
        if self._at >= self._reader_end:
            self._split()
        if self._at >= self._reader_end:
            rest = self._buffer[self._at :]
            self._collect(rest)
            if not self._collected.size:
                return b""
            self._came = self._collected.take()
            self._buffer, self._came_from = rest + self._came.text, len(rest)
            pays = len(self._buffer) >= _WHOLE and self._mean_bytes < _SMALL
            self._frames = Frames(self._buffer) if pays else None
            self._at = self._reader_end = 0
            self._split()
            if self._at >= self._reader_end:
                raise BlockingIOError
        end = min(self._at + size, self._reader_end)
        found, self._at = self._buffer[self._at : end], end
        return found

    def _collect(self, rest: bytes) -> None:
        """Take what is there to what waits to be read together; nothing waits then at the connection's end.

        Raises
        ------
        BlockingIOError
            When more is to be waited for.
        """
        collected = self._collected
        try:
            came = self._receive()
            is_over = not came
        except OSError as error:
            if not collected.size:
                raise
            came, is_over = b"", not isinstance(error, _NOT_NOW)  # an end is met again by the next look
        collected.add(came)
        if is_over or collected.is_due(rest, len(came), self._mean_bytes):
            return
        if len(came) < LITTLE:
            time.sleep(PAUSE_S)
        raise BlockingIOError

    def _receive(self) -> bytes:
        """Return what is there, up to a chunk; TLS gives one record at a time, often a single message."""
        parts = [self._inner.recv(_CHUNK)]
        size = len(parts[0])
        may_ask = isinstance(self._inner, ssl.SSLSocket) and self._inner.gettimeout() == 0
        while may_ask and parts[-1] and size < _CHUNK:
            try:
                parts.append(self._inner.recv(_CHUNK - size))
            except _NOT_NOW:
                break
            size += len(parts[-1])
        return b"".join(parts)

    def _split(self) -> None:
        """Give away the data messages that come next; what follows them whole is the reader's."""
        if len(self._names) >= _MOST_TOPICS:
            self._names = TopicNames()
        begin, found = self._at, list[Found]()
        while True:
            if self._frames is not None and len(self._buffer) - self._at >= _WHOLE:
                found.append(self._frames.data(self._at, self._names))
                self._at = found[-1].end
            singles, goes_on = self._singly()
            found.append(singles)
            self._at = singles.end
            if self._frames is None or not goes_on:
                break
        self._is_partial = self._reader_end <= self._at
        name, starts, ends = (
            np.concatenate(parts) for parts in zip(*(each[:3] for each in found), strict=True)
        )
        if len(name):
            self._mean_bytes = (self._at - begin) // len(name)
            came_ms = self._came.ms[np.searchsorted(self._came.ends, ends - self._came_from)]
            text = self._buffer[begin : self._at]
            self._on_block(Block(text, self._names, name, starts - begin, ends - begin, came_ms))

    def _singly(self) -> tuple[Found, bool]:
        """Return the next data messages; False when what follows them whole is the reader's."""
        buffer, names, at, size = self._buffer, self._names, self._at, len(self._buffer)
        name: list[int] = []
        starts: list[int] = []
        ends: list[int] = []
        left = size if self._frames is None else _SINGLY
        while at + 2 <= size and left:
            body, length = at + 2, buffer[at + 1]
            if length >= _CONTINUES:
                high = buffer[at + 2] if body < size else _CONTINUES
                if high < _CONTINUES:  # most have two digits
                    body, length = at + 3, length & ~_CONTINUES | high << 7
                else:
                    body, length = _length(buffer, at + 1)
            end = body + length
            if end > size:
                break
            text = body + 2 + (buffer[body] << 8 | buffer[body + 1]) if length > 2 else end + 1  # noqa: PLR2004
            topic = buffer[body + 2 : text]
            number = number_of(topic, names) if buffer[at] == PUBLISH and text <= end else READERS
            if number == READERS:
                self._reader_end = end
                break
            if number != NOBODYS:
                name.append(number)
                starts.append(text)
                ends.append(end)
            at, left = end, left - 1
        found = Found(np.array(name, np.int64), np.array(starts, np.int64), np.array(ends, np.int64), at)
        return found, not left


def _length(buffer: bytes, at: int) -> tuple[int, int]:
    """Return where a frame's content begins and its length; beyond any end while the length is not whole."""
    length = 0
    for digit, byte in enumerate(buffer[at : at + _MOST_DIGITS]):
        length |= (byte & ~_CONTINUES) << 7 * digit
        if byte < _CONTINUES:
            return at + digit + 1, length
    if len(buffer) - at >= _MOST_DIGITS:
        return len(buffer), 0  # no length at all: the reader is to refuse all of it
    return len(buffer), 1


class DataClient(mqtt.Client):
    """An MQTT client whose data messages come as blocks.

    Parameters
    ----------
    on_block
        As of `DataSocket`.
    arguments
        As of `paho.mqtt.client.Client`, which must speak MQTT 3.1.1.
    """

    def __init__(self, on_block: Callable[[Block], None], **arguments: Any) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311, **arguments)
        self._on_block = on_block

    def _create_socket(self) -> Any:
        connected: Any = super()._create_socket()
        # Receipts for several gateways are written one after another: none waits until the broker has
        # acknowledged the one before, which it puts off for 40 ms.
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return DataSocket(connected, self._on_block)
