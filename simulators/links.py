"""A TCP link in front of a simulator that shows the generic link faults."""

import asyncio
import contextlib
import socket
import struct
from types import TracebackType
from typing import Self

from simulators.control import LOOPBACK
from simulators.faults import Fault, Faults

CHUNK = 65_536
# Chunks that may wait for a slow link; then the sender waits.
WAITING = 256
# Closing at once and without what was not sent makes the peer see a reset.
LINGER_OFF = struct.pack("ii", 1, 0)


class FaultyLink:
    """Listens on 127.0.0.1 and passes everything to a server there and back, through `faults`.

    Parameters
    ----------
    target : int
        Port of the server on 127.0.0.1.
    faults : Faults
        With the kinds of `LINK_FAULTS`, or some of them.
    port : int
        Port to listen on; 0 takes a free one, which then stands in `port`.
    """

    def __init__(self, target: int, faults: Faults, port: int = 0) -> None:
        self.target, self.port = target, port
        self._faults = faults
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        faults.when("reset", self._reset)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.close()

    def _reset(self, _fault: Fault) -> None:
        for writer in self._writers:
            _cut(writer)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._faults.now("reset"):
            _cut(writer)
            return
        try:
            there, back = await asyncio.open_connection(LOOPBACK, self.target)
        except OSError:
            _cut(writer)
            return
        self._writers |= {writer, back}
        for source, target, is_answer in ((reader, back, False), (there, writer, True)):
            task = asyncio.create_task(self._pass_on(source, target, is_answer=is_answer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(WAITING)
        delivering = asyncio.create_task(_deliver(waiting, target))
        loop = asyncio.get_running_loop()
        try:
            while chunk := await source.read(CHUNK):
                if self._faults.now("black_hole"):
                    continue
                due_s = loop.time()
                if is_answer:
                    latency, cut = self._faults.now("latency"), self._faults.now("truncate")
                    due_s += latency["ms"] / 1000 if latency else 0.0
                    if cut:
                        chunk = chunk[: int(cut["bytes"]) or len(chunk) // 2]
                if chunk:
                    await waiting.put((due_s, chunk))
            await waiting.put((0.0, b""))
            await delivering
        except OSError:
            _cut(target)
        finally:
            delivering.cancel()
            self._writers.discard(target)


async def _deliver(waiting: asyncio.Queue[tuple[float, bytes]], target: asyncio.StreamWriter) -> None:
    """Write each chunk when it is due, in order; an empty one is the end."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        while True:
            due_s, chunk = await waiting.get()
            if not chunk:
                target.close()
                return
            if (wait_s := due_s - loop.time()) > 0:
                await asyncio.sleep(wait_s)
            target.write(chunk)
            await target.drain()


def _cut(writer: asyncio.StreamWriter) -> None:
    """End a connection with a reset instead of an orderly close."""
    plug: socket.socket | None = writer.get_extra_info("socket")
    if plug is not None:
        with contextlib.suppress(OSError):
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_OFF)
    writer.transport.abort()
