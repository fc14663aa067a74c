"""Blocks of samples as a vibration sensor streams them: found, checked, taken apart."""

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from edge.drivers.serial_sensor.lines import Wrong

MAGIC: Final = b"TLV1"
# Magic, samples, flags, sequence, samples per second, unit per count, ms of the first sample (0: unknown).
HEADER: Final = struct.Struct("<4sHHIffQ")
CRC: Final = struct.Struct("<I")
SAMPLE_BYTES: Final = 2
MOST_SAMPLES: Final = 16_384
HIGHEST_RATE_HZ: Final = 1_000_000.0
_EXAMPLE_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Block:
    """Samples without a gap between them.

    Attributes
    ----------
    sequence : int
        Counts blocks modulo 2³².
    rate_hz, scale : float
        Samples per second; unit of the wave per count.
    first_ms : int
        The sensor's time of the first sample, ms since the Unix epoch; 0 when it has no clock.
    is_clipped : bool
        Whether the sensor was driven beyond its range.
    counts : bytes
        Samples, 16-bit signed, little-endian.
    """

    sequence: int
    rate_hz: float
    scale: float
    first_ms: int
    is_clipped: bool
    counts: bytes

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return len(self.counts) // SAMPLE_BYTES

    @property
    def seconds(self) -> float:
        """How long the block lasts, real seconds."""
        return self.samples / self.rate_hz


class BlockReader:
    """Finds the blocks in a stream of bytes; memory is bounded by one block and one chunk."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skipped = bytearray()

    def feed(self, chunk: bytes) -> Iterator[Block | Wrong]:
        """The blocks that `chunk` completes, and each stretch of garbage before one."""
        self._buffer += chunk
        while (size := self._size()) and len(self._buffer) >= size:
            block = bytes(self._buffer[:size])
            if CRC.unpack_from(block, size - CRC.size)[0] != zlib.crc32(block[: -CRC.size]):
                self._skip(1)
                continue
            if self._skipped:
                yield self._garbage()
            del self._buffer[:size]
            yield _block(block)
        if len(self._skipped) >= _EXAMPLE_BYTES:
            yield self._garbage()

    def _size(self) -> int:
        """Bytes of the block with which the buffer begins, 0 while that is not known."""
        while True:
            at = self._buffer.find(MAGIC)
            if at < 0:
                self._skip(max(0, len(self._buffer) - len(MAGIC) + 1))
                return 0
            self._skip(at)
            if len(self._buffer) < HEADER.size:
                return 0
            samples: int
            _, samples, _, _, rate_hz, scale, _ = HEADER.unpack_from(self._buffer)
            # A header that cannot be one must not make the reader wait for samples that never come.
            if 0 < samples <= MOST_SAMPLES and 0 < rate_hz <= HIGHEST_RATE_HZ and 0 < scale < math.inf:
                return HEADER.size + samples * SAMPLE_BYTES + CRC.size
            self._skip(1)

    def _skip(self, count: int) -> None:
        self._skipped += self._buffer[: min(count, _EXAMPLE_BYTES - len(self._skipped))]
        del self._buffer[:count]

    def _garbage(self) -> Wrong:
        example = self._skipped.hex(" ").upper()
        self._skipped.clear()
        return Wrong("bad_block", example)


def _block(content: bytes) -> Block:
    _, _, flags, sequence, rate_hz, scale, first_ms = HEADER.unpack_from(content)
    return Block(sequence, rate_hz, scale, first_ms, bool(flags & 1), content[HEADER.size : -CRC.size])
