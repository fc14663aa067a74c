"""Bytes of many metrics of one moment: times and values have their places, and are filled in by columns."""

import math
import struct
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

from wire.point_bytes import point_bytes, varint
from wire.sparkplug_values import DataType

# What a value of fixed width looks like: its struct code and width.
_FIXED: Final[dict[int, tuple[str, int]]] = {DataType.FLOAT: ("f", 4), DataType.DOUBLE: ("d", 8)}
# Shorter runs of metrics of one length cost more to fill by columns than one by one.
_LEAST_RUN: Final = 4


class _Run:
    """Metrics one behind the other that differ in alias, time and value alone, all of one length."""

    def __init__(self, start: int, size: int, form: tuple[str, int], alias_width: int) -> None:
        self.start, self.size = start, size
        code, self._width = form
        # Before the time stand the metric's tag and length, and the tags of alias and time.
        self._time_in = 4 + alias_width
        self._pack = struct.Struct(f"<{size}{code}").pack
        self._length = self._end = self._time_at = self._value_at = 0

    def place(self, at: int, length: int) -> int:
        """Learn where the run lies in the section, and how long its metrics are; the place behind it."""
        self._length = length
        self._time_at = at + self._time_in
        self._value_at = at + self._length - self._width
        self._end = at + self._length * self.size
        return self._end

    def set_time(self, section: bytearray, old: bytes, new: bytes) -> None:
        """Write the time, of the same length as the one before."""
        for i, (was, byte) in enumerate(zip(old, new, strict=True)):
            if was != byte:
                section[self._time_at + i : self._end : self._length] = bytes((byte,)) * self.size

    def set_values(self, section: bytearray, values: Sequence[Any]) -> bool:
        """Whether the values were written; not when one is no finite float, or too large."""
        mine = values[self.start : self.start + self.size]
        if set(map(type, mine)) != {float} or not math.isfinite(sum(mine)):
            return False
        try:
            packed = self._pack(*mine)
        except (OverflowError, struct.error):
            return False
        for i in range(self._width):
            section[self._value_at + i : self._end : self._length] = packed[i :: self._width]
        return True


class PointColumns:
    """Writes the values of some tags again and again, the same bytes as `point_bytes` for each.

    Parameters
    ----------
    aliases, datatypes : sequence of int
        Of each tag, in the order of the values.
    """

    def __init__(self, aliases: Sequence[int], datatypes: Sequence[int]) -> None:
        self.aliases = tuple(aliases)
        self._datatypes = tuple(datatypes)
        self._time = b""
        self._section = bytearray()
        self._runs = self._found_runs()

    def _found_runs(self) -> list[_Run] | None:
        """The runs that make up all of it, None when some metrics are too different for that."""
        runs, start = [], 0
        kinds = [
            (datatype, len(varint(alias)))
            for alias, datatype in zip(self.aliases, self._datatypes, strict=True)
        ]
        for (datatype, alias_width), group in groupby(kinds):
            size = sum(1 for _ in group)
            form = _FIXED.get(datatype)
            if form is None or size < _LEAST_RUN:
                return None
            runs.append(_Run(start, size, form, alias_width))
            start += size
        return runs

    def section(self, ts_ms: int, values: Sequence[Any]) -> bytes | None:
        """The metrics' bytes; None when one of them is not plain, see `point_bytes`."""
        if self._runs is None:
            return self._one_by_one(ts_ms, values)
        if type(ts_ms) is not int or ts_ms < 0:
            return None
        time = varint(ts_ms)
        if len(time) != len(self._time):
            if not self._learn(ts_ms, values, time):
                return None
        elif time != self._time:
            for run in self._runs:
                run.set_time(self._section, self._time, time)
            self._time = time
        if not all(run.set_values(self._section, values) for run in self._runs):
            return None
        return bytes(self._section)

    def _chunks(self, ts_ms: int, values: Sequence[Any]) -> list[bytes] | None:
        chunks = []
        for alias, datatype, value in zip(self.aliases, self._datatypes, values, strict=True):
            chunk = point_bytes(alias, ts_ms, datatype, value)
            if chunk is None:
                return None
            chunks.append(chunk)
        return chunks

    def _one_by_one(self, ts_ms: int, values: Sequence[Any]) -> bytes | None:
        chunks = self._chunks(ts_ms, values)
        return None if chunks is None else b"".join(chunks)

    def _learn(self, ts_ms: int, values: Sequence[Any], time: bytes) -> bool:
        chunks = self._chunks(ts_ms, values)
        if chunks is None:
            return False
        self._section = bytearray(b"".join(chunks))
        at = 0
        for run in self._runs or ():
            at = run.place(at, len(chunks[run.start]))
        self._time = time
        return True
