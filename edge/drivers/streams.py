"""Bytes to and from a device: over TCP, or over a serial port."""

import asyncio
import contextlib
import os
import termios
from typing import Protocol, cast

import serial

from edge.devices.device import SerialKeys

_PARITIES = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}
CHUNK = 4096


class Receiver(Protocol):
    """Who takes what comes."""

    def received(self, chunk: bytes) -> None:
        """Take bytes that came."""

    def lost(self, reason: str) -> None:
        """Hear that the stream has ended; called once, and not after `close`."""


class Stream(Protocol):
    """An open way to a device."""

    def write(self, frame: bytes) -> None:
        """Send bytes without waiting; a stream that is gone says so by `lost`."""

    def close(self) -> None:
        """Close it; nothing is received any more."""


class _TcpStream(asyncio.Protocol):
    """A TCP connection."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver: Receiver | None = receiver
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._receiver is not None:
            self._receiver.received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._receiver is not None:
            receiver, self._receiver = self._receiver, None
            receiver.lost(str(exc) if exc else "closed by the other side")

    def write(self, frame: bytes) -> None:
        if self._transport is not None:
            self._transport.write(frame)

    def close(self) -> None:
        self._receiver = None
        if self._transport is not None:
            self._transport.abort()


async def open_tcp(host: str, port: int, receiver: Receiver) -> Stream:
    """A connection to `host:port`.

    Raises
    ------
    OSError
        When it is refused or cannot be made.
    """
    loop = asyncio.get_running_loop()
    _, stream = await loop.create_connection(lambda: _TcpStream(receiver), host, port)
    return stream


class _SerialStream:
    """A serial port, read whenever the loop says that bytes wait."""

    def __init__(self, port: serial.Serial, receiver: Receiver) -> None:
        self._port = port
        self._receiver: Receiver | None = receiver
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(port.fileno(), self._readable)

    def _readable(self) -> None:
        try:
            chunk = os.read(self._port.fileno(), CHUNK)
        except BlockingIOError:
            return
        except (OSError, termios.error) as error:
            self._end(error.strerror if isinstance(error, OSError) and error.strerror else str(error))
            return
        if not chunk:
            self._end("end of file")
        elif self._receiver is not None:
            self._receiver.received(chunk)

    def write(self, frame: bytes) -> None:
        # A frame has at most 256 bytes: it fits the line's buffer whole, or the line is as good as gone.
        try:
            sent = os.write(self._port.fileno(), frame)
        except OSError as error:
            self._end(error.strerror or str(error))
            return
        if sent < len(frame):
            self._end("its buffer is full")

    def _end(self, reason: str) -> None:
        receiver = self._receiver
        self.close()
        if receiver is not None:
            receiver.lost(reason)

    def close(self) -> None:
        if self._receiver is None and not self._port.is_open:
            return
        self._receiver = None
        with contextlib.suppress(OSError, ValueError):
            self._loop.remove_reader(self._port.fileno())
        self._port.close()


def open_serial(path: str, keys: SerialKeys, receiver: Receiver) -> Stream:
    """A serial port that nobody else uses.

    Raises
    ------
    OSError
        When it cannot be opened; pyserial's own error is one too.
    """
    try:
        port = serial.Serial(
            path,
            keys.baud,
            bytesize=keys.data_bits,
            parity=_PARITIES[keys.parity],
            stopbits=keys.stop_bits,
            timeout=0,
            exclusive=True,
        )
    except (ValueError, termios.error) as error:
        raise OSError(f"{path}: {error}") from error
    return _SerialStream(port, receiver)
