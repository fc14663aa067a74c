"""Readers that print one ASCII line per read: `EPC;antenna;RSSI;ISO time` and a line end."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from wire.readers import TagRead

LONGEST_LINE = 256
LINE = re.compile(
    rb"(?P<epc>[0-9A-Fa-f]{24});(?P<antenna>\d{1,3});(?P<rssi>-?\d{1,4});(?P<time>[0-9T:.+Z-]{19,35})"
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class LineWrong(ValueError):
    """Bytes between two line ends that are no read of a tag."""


def parse(line: bytes) -> TagRead:
    """The read that one line says, without its end.

    `30340242201D8840000F4241;1;-57;2026-03-02T08:00:01.250Z` is EPC 3034…, antenna 1, −57 dBm.

    Raises
    ------
    LineWrong
        When the line does not have this form or its time has no zone.
    """
    found = LINE.fullmatch(line.strip(b"\r\n \0"))
    if found is None:
        raise LineWrong(line[:LONGEST_LINE].decode("ascii", "replace"))
    try:
        moment = datetime.fromisoformat(found["time"].decode())
    except ValueError as error:
        raise LineWrong(str(error)) from error
    if moment.tzinfo is None:
        raise LineWrong("a time without a zone")
    at_us = (moment - EPOCH) // MICROSECOND
    return TagRead(found["epc"].decode().upper(), int(found["antenna"]), int(found["rssi"]), at_us, at_us)


def print_line(read: TagRead) -> bytes:
    """A read as the reader prints it, with its line end; its time to the millisecond."""
    at = (EPOCH + timedelta(microseconds=read.last_us or 0)).isoformat(timespec="milliseconds")
    stamp = at.replace("+00:00", "Z")
    return f"{read.epc};{read.antenna};{read.rssi_dbm or 0};{stamp}\r\n".encode("ascii")


class LineStream:
    """Lines out of chunks of bytes.

    Attributes
    ----------
    bad : int
        Stretches of bytes too long for a line.
    """

    def __init__(self) -> None:
        self._rest = b""
        self.bad = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Every line that `chunk` completes and that is not blank. At most 256 bytes are kept."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            self.bad += 1
            self._rest = b""
        for line in lines:
            if line.strip(b"\r \0"):
                yield line
