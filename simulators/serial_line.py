"""A pseudo terminal that a simulated device answers on: whole frames out, bytes in, faults between."""

import asyncio
import contextlib
import os
import tty
from collections.abc import Callable, Mapping

from simulators.faults import FaultKind, Faults

CHUNK = 4096

# What `simulators.links` does to a TCP link, done to a serial line.
LINE_FAULTS: Mapping[str, FaultKind] = {
    "latency": FaultKind("frames come so much later", {"ms": 500.0}),
    "black_hole": FaultKind("bytes vanish both ways"),
    "truncate": FaultKind("frames are cut after so many bytes (0: in half)", {"bytes": 0.0}),
    "noise": FaultKind("so many stray bytes come in front of each frame", {"bytes": 3.0}),
}
STRAY = bytes([0x00, 0xBB, 0xFF, 0x05, 0x7E, 0x01, 0x22])


class SerialLine:
    """The device's end of a pseudo terminal; use `open` inside a running loop, then `close`.

    Parameters
    ----------
    faults : Faults
        With `LINE_FAULTS`.
    hear : callable
        Takes the bytes that come.

    Attributes
    ----------
    path : str
        Where a driver opens it.
    dropped : int
        Frames that found no room because nobody read.
    """

    def __init__(self, faults: Faults, hear: Callable[[bytes], None]) -> None:
        self._faults = faults
        self._hear = hear
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        # The slave stays open here, so the path survives a listener that comes and goes.
        self.path = os.ttyname(self._slave)
        self.dropped = 0
        self._rest = b""

    def open(self) -> None:
        """Begin to listen."""
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    def close(self) -> None:
        """Give the pseudo terminal back."""
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)
        self._master = -1

    def send(self, frame: bytes) -> None:
        """Send a frame, as far as the faults in force let it."""
        if self._faults.now("black_hole"):
            return
        if cut := self._faults.now("truncate"):
            frame = frame[: int(cut["bytes"]) or len(frame) // 2]
        if noise := self._faults.now("noise"):
            frame = (STRAY * 40)[: int(noise["bytes"])] + frame
        if latency := self._faults.now("latency"):
            asyncio.get_running_loop().call_later(latency["ms"] / 1000, self._write, frame)
        else:
            self._write(frame)

    def _write(self, frame: bytes) -> None:
        if self._master < 0:
            return
        # A frame that was begun is ended before the next; one that does not fit at all is dropped whole.
        try:
            if self._rest:
                self._rest = self._rest[os.write(self._master, self._rest) :]
            if not self._rest:
                self._rest = frame[os.write(self._master, frame) :]
                return
        except BlockingIOError:
            pass
        self.dropped += 1

    def _readable(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            chunk = os.read(self._master, CHUNK)
            if chunk and not self._faults.now("black_hole"):
                self._hear(chunk)
