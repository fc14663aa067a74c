"""Lines of a serial sensor: cut at their end, taken apart into fields."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from edge.devices.serial_sensor import DelimitedKeys, RegexKeys, SerialSensorDevice
from edge.patterns import checked

_PADDING: Final = " \r\n\t\0"


class Wrong(NamedTuple):
    """Input that is no line or frame: the kind under which it is counted, and an example for people."""

    kind: str
    example: str


Fields = Mapping[str, str | int | float]


class LineCutter:
    """Cuts a stream of bytes into lines; memory is bounded by the longest line.

    Parameters
    ----------
    end : bytes
        What ends a line.
    longest : int
        Bytes a line may have; what is longer is wrong as a whole, up to the next end.
    """

    def __init__(self, end: bytes, longest: int) -> None:
        self._end = end
        self._longest = longest
        self._rest = b""
        self._is_skipping = False

    def feed(self, chunk: bytes) -> Iterator[bytes | Wrong]:
        """The lines that `chunk` completes, without their ends."""
        *lines, self._rest = (self._rest + chunk).split(self._end)
        for line in lines:
            if self._is_skipping:
                self._is_skipping = False
            elif len(line) > self._longest:
                yield self._too_long(line)
            else:
                yield line
        # The end itself may have come in part, so that much more is kept.
        if len(self._rest) > self._longest + len(self._end):
            if not self._is_skipping:
                yield self._too_long(self._rest)
            self._is_skipping = True
            self._rest = self._rest[-len(self._end) :]

    def clear(self) -> None:
        """Forget the beginning of a line."""
        self._rest, self._is_skipping = b"", False

    def _too_long(self, line: bytes) -> Wrong:
        start = line[:40].decode("ascii", "replace")
        return Wrong("bad_line", f"longer than {self._longest} bytes: {start!r}…")


class LineReader:
    """Lines of one sensor as fields."""

    def __init__(self, device: SerialSensorDevice) -> None:
        self._cutter = LineCutter(device.line_end.encode(), device.longest_line)
        self._encoding = device.encoding
        self._take_apart = _taker(device)

    def feed(self, chunk: bytes) -> Iterator[Fields | Wrong]:
        """The fields of each line that `chunk` completes; empty lines are nothing."""
        for line in self._cutter.feed(chunk):
            if isinstance(line, Wrong):
                yield line
            elif line.strip(_PADDING.encode()):
                yield self._fields(line)

    def clear(self) -> None:
        """Forget the beginning of a line."""
        self._cutter.clear()

    def _fields(self, line: bytes) -> Fields | Wrong:
        try:
            text = line.decode(self._encoding).strip(_PADDING)
        except UnicodeDecodeError:
            return Wrong("bad_line", f"not {self._encoding}: {line!r}")
        if not text.replace("\t", " ").isprintable():
            return Wrong("bad_line", f"signs that cannot be printed: {text!r}")
        found = self._take_apart(text)
        return Wrong("bad_line", repr(text)) if found is None else found


def _taker(device: SerialSensorDevice) -> Callable[[str], Fields | None]:
    keys = device.framing
    if isinstance(keys, RegexKeys):
        return _matcher(checked(keys.pattern, device.longest_line))
    assert isinstance(keys, DelimitedKeys)  # noqa: S101 - binary frames have a reader of their own
    return _splitter(keys)


def _matcher(pattern: re.Pattern[str]) -> Callable[[str], Fields | None]:
    def match(text: str) -> Fields | None:
        found = pattern.fullmatch(text)
        # A group that took no part in the match says nothing about its tag.
        return found and {name: given for name, given in found.groupdict().items() if given is not None}

    return match


def _splitter(keys: DelimitedKeys) -> Callable[[str], Fields | None]:
    def split(text: str) -> Fields | None:
        cells = text.split(keys.separator)
        if len(cells) != len(keys.columns):
            return None
        return {name: cell for name, cell in zip(keys.columns, cells, strict=True) if name}

    return split
