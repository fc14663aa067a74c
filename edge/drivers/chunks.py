"""What a stream brings, waited for chunk by chunk."""

import asyncio
from typing import Final

from edge.devices.device import SerialKeys
from edge.devices.tag import host_and_port
from edge.drivers.streams import Stream, open_serial, open_tcp
from edge.errors import DeviceUnreachable

MOST_WAITING: Final = 4 << 20


class Chunks:
    """The bytes of one stream from its opening to its end."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._waiting = bytearray()
        self._came = asyncio.Event()
        self._reason: str | None = None
        self._stream: Stream | None = None

    async def open(self, serial: SerialKeys, timeout_s: float) -> None:
        """Open the port or connection.

        Raises
        ------
        DeviceUnreachable
            When it cannot be opened.
        """
        try:
            if self._endpoint.startswith("/"):
                self._stream = open_serial(self._endpoint, serial, self)
            else:
                host, port = host_and_port(self._endpoint)
                self._stream = await asyncio.wait_for(open_tcp(host, port, self), timeout_s)
        except (OSError, TimeoutError) as error:
            reason = getattr(error, "strerror", None) or str(error) or "no answer"
            raise DeviceUnreachable(f"{self._endpoint} cannot be opened: {reason}") from error

    def write(self, frame: bytes) -> None:
        """Send bytes without waiting."""
        if self._stream is not None:
            self._stream.write(frame)

    def close(self) -> None:
        """Close the stream."""
        if self._stream is not None:
            self._stream.close()

    def clear(self) -> None:
        """Forget what has come and was not taken."""
        self._waiting.clear()
        self._came.clear()

    async def next(self, timeout_s: float | None) -> bytes:
        """All that has come since the last call; empty when nothing came in time.

        Raises
        ------
        DeviceUnreachable
            When the stream has ended.
        """
        if not self._waiting and self._reason is None:
            try:
                await asyncio.wait_for(self._came.wait(), timeout_s)
            except TimeoutError:
                return b""
        if not self._waiting and self._reason is not None:
            raise DeviceUnreachable(f"{self._endpoint} hung up: {self._reason}")
        taken = bytes(self._waiting)
        self.clear()
        return taken

    def received(self, chunk: bytes) -> None:
        """Take bytes that came."""
        self._waiting += chunk
        if len(self._waiting) > MOST_WAITING:
            self._waiting.clear()
            self.close()
            self._reason = "it says more than the gateway can read"
        self._came.set()

    def lost(self, reason: str) -> None:
        """Hear that the stream has ended."""
        self._reason = self._reason or reason
        self._came.set()
