"""A serial port under asyncio: bytes in as they come, bytes out, and a clear end."""

import asyncio
import termios
from types import TracebackType
from typing import Self

import serial

from edge.errors import DeviceUnreachable

CHUNK = 4096
# Bytes that may wait for the session to read them; a port that is faster than that is no serial port.
MOST_WAITING = 1 << 20


class _Quiet(serial.Serial):  # type: ignore[misc]  # the library publishes no types
    """A serial port that keeps what was waiting in it: those reads happened, and carry their own time."""

    def _reset_input_buffer(self) -> None:
        """Nothing: the library would throw away the waiting bytes whenever it opens a port."""


class Port:
    """An open serial port; use it in a `with` block inside a running loop.

    Raises
    ------
    DeviceUnreachable
        On entering when it cannot be opened, later when it hangs up.
    """

    def __init__(self, path: str, baud: int) -> None:
        self._path = path
        self._baud = baud
        self._waiting = bytearray()
        self._came = asyncio.Event()
        self._gone: str | None = None

    def __enter__(self) -> Self:
        try:
            self._port = _Quiet(self._path, self._baud, timeout=0, write_timeout=1)
        except (serial.SerialException, OSError, ValueError) as error:
            raise DeviceUnreachable(f"{self._path} cannot be opened: {_reason(error)}") from error
        self._descriptor: int = self._port.fileno()
        asyncio.get_running_loop().add_reader(self._descriptor, self._readable)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        self._port.close()

    async def read(self, wait_s: float) -> bytes:
        """What has come, after waiting at most `wait_s` for it; empty when nothing came."""
        if not self._waiting and self._gone is None:
            try:
                async with asyncio.timeout(wait_s):
                    await self._came.wait()
            except TimeoutError:
                return b""
        self._came.clear()
        if self._waiting:
            chunk = bytes(self._waiting)
            self._waiting.clear()
            return chunk
        if self._gone is not None:
            raise DeviceUnreachable(f"{self._path} hung up: {self._gone}")
        return b""

    def write(self, raw: bytes) -> None:
        """Send `raw`."""
        try:
            self._port.write(raw)
        except (serial.SerialException, OSError, termios.error) as error:
            raise DeviceUnreachable(f"{self._path} takes nothing: {_reason(error)}") from error

    def _readable(self) -> None:
        try:
            chunk = self._port.read(CHUNK)
        except (serial.SerialException, OSError, termios.error) as error:
            self._hang_up(_reason(error))
            return
        if not chunk:
            self._hang_up("end of file")
            return
        self._waiting += chunk
        self._came.set()
        if len(self._waiting) > MOST_WAITING:
            self._hang_up(f"more than {MOST_WAITING} bytes wait unread")

    def _hang_up(self, reason: str) -> None:
        self._gone = reason
        self._came.set()
        asyncio.get_running_loop().remove_reader(self._descriptor)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
