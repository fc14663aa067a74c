"""The control socket of a simulator: lines in, one answer each; standard input takes the same lines."""

import asyncio
import contextlib
import os
import stat
import sys
from types import TracebackType
from typing import Self, TextIO

from simulators.faults import Faults

LOOPBACK = "127.0.0.1"
LONGEST_LINE = 4096


class Control:
    """Takes fault commands for `faults` while the block runs.

    Parameters
    ----------
    faults : Faults
        What the lines start and end.
    port : int
        TCP port on 127.0.0.1; 0 takes a free one, which then stands in `port`.
    lines : file or None
        A pipe or terminal whose lines are commands too, answered on standard output.
    """

    def __init__(self, faults: Faults, port: int = 0, *, lines: TextIO | None = None) -> None:
        self.port = port
        self._faults = faults
        self._lines = lines
        self._server: asyncio.Server | None = None
        self._listening: asyncio.Task[None] | None = None
        self._pipe: asyncio.ReadTransport | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._converse, LOOPBACK, self.port, limit=LONGEST_LINE)
        self.port = self._server.sockets[0].getsockname()[1]
        if self._lines is not None:
            self._listening = asyncio.create_task(self._listen(self._lines))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._listening is not None:
            self._listening.cancel()
        if self._pipe is not None:
            self._pipe.close()
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        # A peer that goes away, or sends a line without an end, ends its own conversation only.
        with contextlib.suppress(OSError, ValueError):
            while line := await reader.readline():
                writer.write(f"{self._faults.say(line.decode(errors='replace'))}\n".encode())
                await writer.drain()
        self._writers.discard(writer)
        writer.close()

    async def _listen(self, lines: TextIO) -> None:
        reader = asyncio.StreamReader(limit=LONGEST_LINE)
        loop = asyncio.get_running_loop()
        # A plain file, /dev/null or a closed input has no lines to wait for.
        with contextlib.suppress(OSError, ValueError):
            if not (lines.isatty() or stat.S_ISFIFO(os.fstat(lines.fileno()).st_mode)):
                return
            # A copy of its own, since a pipe that is read this way is closed at the end.
            pipe = os.fdopen(os.dup(lines.fileno()), "rb", 0)
            self._pipe, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
            while line := await reader.readline():
                sys.stdout.write(f"{self._faults.say(line.decode(errors='replace'))}\n")
                sys.stdout.flush()
