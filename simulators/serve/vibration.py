"""A vibration sensor on TCP that streams a turning shaft, noise and a bearing that may knock."""

import argparse
import asyncio
import contextlib
import math
import random
import struct
import sys
import zlib
from typing import Final

from simulators.control import LOOPBACK, Control
from simulators.faults import LINK_FAULTS, Fault, FaultKind, Faults
from simulators.links import FaultyLink
from simulators.serve import Ready
from wire.clock import PlantClock, from_environment

# Magic, samples, flags, sequence, samples per second, unit per count, ms of the first sample; little-endian.
HEADER: Final = struct.Struct("<4sHHIffQ")
CLIPPED: Final = 1
UNIT_PER_COUNT: Final = 0.005
HIGHEST: Final = 32_767
MOST_SAMPLES: Final = 16_384
# A client that lets more than this wait is cut.
MOST_WAITING: Final = 1 << 20
# A knock rings at this frequency and dies away at this rate.
RING_HZ: Final = 3000.0
DECAY_PER_S: Final = 800.0
FAULTS: Final = {
    **LINK_FAULTS,
    "bearing": FaultKind("the bearing knocks at `hz`, `amplitude` in m/s²", {"hz": 87.0, "amplitude": 20.0}),
    "lost_blocks": FaultKind("so many blocks are lost", {"count": 1.0}, is_event=True),
    "garbage": FaultKind("so many random bytes come before each block", {"bytes": 16.0}),
    "bad_checksum": FaultKind("blocks are damaged"),
    "freeze": FaultKind("the wave stands still"),
    "clipped": FaultKind("the sensor is driven beyond its range"),
    "clock_skew": FaultKind("the sensor's clock is ahead by so many seconds", {"s": 3600.0}),
    "no_clock": FaultKind("blocks carry no time"),
    "restart": FaultKind("the sequence begins again", is_event=True),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be chosen."""
    parser.add_argument("--port", type=int, default=0, help="TCP port; 0 takes a free one")
    parser.add_argument("--rate", type=float, default=10_000.0, help="samples per second")
    parser.add_argument("--block", type=int, default=1000, help="samples of a block")
    parser.add_argument("--rpm", type=float, default=1460.0, help="speed of the shaft")
    parser.add_argument("--amplitude", type=float, default=0.5, help="of the shaft's vibration, m/s²")
    parser.add_argument("--noise", type=float, default=0.2, help="standard deviation of the noise, m/s²")
    parser.add_argument("--seed", type=int, default=7, help="chooses the noise")


async def serve(options: argparse.Namespace, ready: Ready, stop: asyncio.Event) -> None:
    """Stream until `stop` is set; `ready` gets `endpoint`.

    Raises
    ------
    ValueError
        When an option is out of range.
    OSError
        When the port is taken.
    """
    if not 1 <= options.block <= MOST_SAMPLES or not 0 < options.rate <= 1e6:  # noqa: PLR2004 - what a block may say
        raise ValueError(f"--block 1 to {MOST_SAMPLES}, --rate above 0 up to 1000000")
    faults = Faults(FAULTS)
    wave = Wave(options, from_environment(), faults)
    writers: set[asyncio.StreamWriter] = set()

    async def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)

    server = await asyncio.start_server(accept, LOOPBACK, 0)
    try:
        async with (
            FaultyLink(server.sockets[0].getsockname()[1], faults, options.port) as link,
            Control(faults, options.control, lines=sys.stdin) as control,
        ):
            endpoint = f"{LOOPBACK}:{link.port}"
            ready({"kind": "vibration", "endpoint": endpoint, "control": control.port})
            await _stream(wave, writers, options.block / options.rate, stop)
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


async def _stream(
    wave: "Wave", writers: set[asyncio.StreamWriter], period_s: float, stop: asyncio.Event
) -> None:
    loop = asyncio.get_running_loop()
    due_s = loop.time()
    while not stop.is_set():
        block = wave.block()
        for writer in list(writers):
            if writer.is_closing() or writer.transport.get_write_buffer_size() > MOST_WAITING:
                writers.discard(writer)
                writer.transport.abort()
            else:
                writer.write(block)
        # On a machine that does not keep up, the wave goes slower instead of piling up.
        due_s = max(due_s + period_s, loop.time())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), due_s - loop.time())


class Wave:
    """The sensor's wave from its first sample on, block by block."""

    def __init__(self, options: argparse.Namespace, clock: PlantClock, faults: Faults) -> None:
        self._options = options
        self._clock = clock
        self._faults = faults
        self._random = random.Random(options.seed)
        self._sequence = 0
        self._sample = 0
        self._frozen: list[int] | None = None
        faults.when("lost_blocks", self._lose)
        faults.when("restart", self._restart)

    def _lose(self, fault: Fault) -> None:
        count = int(fault["count"])
        self._sequence += count
        self._sample += count * self._options.block

    def _restart(self, _fault: Fault) -> None:
        self._sequence = 0

    def block(self) -> bytes:
        """The next block as it goes on the wire, as the faults leave it."""
        first_ms = self._first_ms()
        counts, is_clipped = self._counts()
        content = HEADER.pack(
            b"TLV1",
            len(counts),
            CLIPPED if is_clipped else 0,
            self._sequence % (1 << 32),
            self._options.rate,
            UNIT_PER_COUNT,
            first_ms,
        ) + struct.pack(f"<{len(counts)}h", *counts)
        self._sequence += 1
        checksum = zlib.crc32(content) ^ (0xFF if self._faults.now("bad_checksum") else 0)
        block = content + checksum.to_bytes(4, "little")
        if rubbish := self._faults.now("garbage"):
            block = self._random.randbytes(int(rubbish["bytes"])) + block
        return block

    def _first_ms(self) -> int:
        if self._faults.now("no_clock"):
            return 0
        lasted_ms: float = self._options.block / self._options.rate * 1000 * self._clock.speed
        skew = self._faults.now("clock_skew")
        return self._clock.now_ms() - round(lasted_ms) + (round(skew["s"] * 1000) if skew else 0)

    def _counts(self) -> tuple[list[int], bool]:
        if self._faults.now("freeze") and self._frozen is not None:
            return self._frozen, False
        clipped, knock = self._faults.now("clipped"), self._faults.now("bearing")
        scale = (50 if clipped else 1) / UNIT_PER_COUNT
        counts = [
            max(-HIGHEST, min(HIGHEST, round(scale * self._at(self._sample + n, knock))))
            for n in range(self._options.block)
        ]
        self._sample += self._options.block
        self._frozen = [counts[-1]] * len(counts)
        return counts, clipped is not None

    def _at(self, sample: int, knock: Fault | None) -> float:
        """Acceleration in m/s² at a sample."""
        t = sample / self._options.rate
        found: float = self._options.amplitude * math.sin(2 * math.pi * self._options.rpm / 60 * t)
        if self._options.noise:
            found += self._random.gauss(0, self._options.noise)
        if knock and knock["hz"] > 0:
            since = t % (1 / knock["hz"])
            ring = math.exp(-since * DECAY_PER_S) * math.sin(2 * math.pi * RING_HZ * since)
            found += knock["amplitude"] * ring
        return found
