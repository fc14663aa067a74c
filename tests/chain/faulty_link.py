"""A TCP way to a broker that can be cut in the ways that networks are cut."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Any

CHUNK = 65_536
LINGER_NONE = struct.pack("ii", 1, 0)


class _Pair:
    """One connection: the near end of whoever connected, the far end at the broker."""

    def __init__(self) -> None:
        self.near: asyncio.StreamWriter | None = None
        self.far: asyncio.StreamWriter | None = None
        self.is_swallowing = False


class FaultyLink:
    """Passes bytes on to a port of the loopback, in a thread of its own; any thread may call a fault.

    Parameters
    ----------
    target_port
        Where the broker listens.
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._pairs: set[_Pair] = set()
        self._delay_s = 0.0
        self._is_refusing = False
        self._loop = asyncio.new_event_loop()
        self._flows = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = self._ask(self._listen())

    def close(self) -> None:
        """End everything."""
        self._ask(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # The faults.

    def heal(self) -> None:
        """New bytes and new connections pass; connections that lost bytes stay lost."""
        self._call(self._heal)

    def stall(self) -> None:
        """Nothing passes, nothing is lost: what was sent arrives late."""
        self._call(self._flows.clear)

    def black_hole(self) -> None:
        """Whatever present connections carry from now on vanishes; both ends go on believing in them."""
        self._call(self._swallow)

    def reset(self) -> None:
        """Both ends of every connection hear a reset."""
        self._call(lambda: self._abort(near=True, far=True))

    def half_open(self) -> None:
        """The broker hears a reset; who connected hears nothing and goes on believing in the connection."""
        self._call(lambda: (self._swallow(), self._abort(near=False, far=True)))

    def refuse(self) -> None:
        """Present connections are reset and new ones too."""
        self._call(lambda: (setattr(self, "_is_refusing", True), self._abort(near=True, far=True)))

    def delay(self, seconds: float) -> None:
        """Every chunk arrives later by so much."""
        self._call(lambda: setattr(self, "_delay_s", seconds))

    # The thread of the link.

    def _call(self, act: Callable[[], object]) -> None:
        async def run() -> None:
            act()

        self._ask(run())

    def _ask(self, question: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(question, self._loop).result(60)

    async def _listen(self) -> int:
        self._flows.set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _end(self) -> None:
        self._server.close()
        self._heal()
        self._abort(near=True, far=True)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _heal(self) -> None:
        self._flows.set()
        self._delay_s, self._is_refusing = 0.0, False

    def _swallow(self) -> None:
        for pair in self._pairs:
            pair.is_swallowing = True

    def _abort(self, *, near: bool, far: bool) -> None:
        for pair in self._pairs:
            for end in (pair.near if near else None, pair.far if far else None):
                if end is not None:
                    _reset(end)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_refusing:
            _reset(writer)
            return
        pair = _Pair()
        pair.near = writer
        try:
            far_reader, pair.far = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            _reset(writer)
            return
        self._pairs.add(pair)
        try:
            await asyncio.gather(self._pump(pair, reader, pair.far), self._pump(pair, far_reader, writer))
        finally:
            self._pairs.discard(pair)

    async def _pump(self, pair: _Pair, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await source.read(CHUNK):
                await self._flows.wait()
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                if pair.is_swallowing:
                    continue
                sink.write(chunk)
                await sink.drain()
        if not pair.is_swallowing:  # else the other side must not hear that this one has gone
            with contextlib.suppress(OSError):
                sink.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    end = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
    writer.transport.abort()
