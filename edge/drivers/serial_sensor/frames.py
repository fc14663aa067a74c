"""Binary frames of a serial sensor: found by their sync bytes, checked, taken apart."""

import struct
from collections.abc import Iterator
from typing import Final

from edge.checksums import CHECKSUMS
from edge.devices.serial_sensor import SIZES, BinaryKeys
from edge.drivers.serial_sensor.lines import Fields, Wrong

_LETTERS: Final = {
    "uint8": "B",
    "int8": "b",
    "uint16": "H",
    "int16": "h",
    "uint32": "I",
    "int32": "i",
    "uint64": "Q",
    "int64": "q",
    "float32": "f",
    "float64": "d",
}
_ORDERS: Final = {"big": ">", "little": "<"}
_EXAMPLE_BYTES: Final = 32


class FrameReader:
    """Finds the frames in a stream of bytes; memory is bounded by one frame and one chunk.

    After a frame whose length or checksum is wrong the search goes on one byte behind its beginning, so that
    a true frame inside the false one is found. Bytes before the next sync are garbage: a stretch counts once.
    """

    def __init__(self, keys: BinaryKeys) -> None:
        self._sync = bytes.fromhex(keys.sync)
        self._size = keys.size
        order = _ORDERS[keys.byte_order]
        self._fields = {
            name: (struct.Struct(order + _LETTERS[field.type]), field.offset)
            for name, field in keys.fields.items()
        }
        self._length = keys.length
        self._length_form = struct.Struct(order + _LETTERS[keys.length.type]) if keys.length else None
        self._checksum = keys.checksum
        self._checksum_order = (keys.checksum.byte_order if keys.checksum else None) or keys.byte_order
        self._buffer = bytearray()
        self._skipped = bytearray()

    def feed(self, chunk: bytes) -> Iterator[Fields | Wrong]:
        """The fields of each frame that `chunk` completes, and each stretch of garbage once it has ended."""
        self._buffer += chunk
        while self._to_sync() and len(self._buffer) >= self._size:
            frame = bytes(self._buffer[: self._size])
            if not self._is_whole(frame):
                self._skip(1)
                continue
            if self._skipped:
                yield self._garbage()
            del self._buffer[: self._size]
            yield {name: form.unpack_from(frame, at)[0] for name, (form, at) in self._fields.items()}
        if len(self._skipped) >= self._size:
            yield self._garbage()

    def clear(self) -> None:
        """Forget what has come of a frame."""
        self._buffer.clear()
        self._skipped.clear()

    def _to_sync(self) -> bool:
        """Whether the buffer begins with the sync bytes now; what came before them was skipped."""
        at = self._buffer.find(self._sync)
        if at < 0:
            # The sync bytes may have come in part.
            kept = next(
                (
                    size
                    for size in range(min(len(self._sync) - 1, len(self._buffer)), 0, -1)
                    if self._buffer.endswith(self._sync[:size])
                ),
                0,
            )
            self._skip(len(self._buffer) - kept)
            return False
        self._skip(at)
        return True

    def _skip(self, count: int) -> None:
        room = max(0, max(self._size, _EXAMPLE_BYTES) - len(self._skipped))
        self._skipped += self._buffer[: min(count, room)]
        del self._buffer[:count]

    def _garbage(self) -> Wrong:
        example = self._skipped[:_EXAMPLE_BYTES].hex(" ").upper()
        self._skipped.clear()
        return Wrong("bad_frame", example)

    def _is_whole(self, frame: bytes) -> bool:
        if self._length and self._length_form:
            (said,) = self._length_form.unpack_from(frame, self._length.offset)
            if said + self._length.plus != self._size:
                return False
        if self._checksum is None:
            return True
        width, compute = CHECKSUMS[self._checksum.type]
        expected = int.from_bytes(frame[-width:], self._checksum_order)
        return compute(frame[self._checksum.start : -width]) == expected


assert set(SIZES) == set(_LETTERS)  # noqa: S101 - one list, two forms
