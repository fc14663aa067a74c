"""Simulated RFID readers on a serial line: UHFReader18, R200 and one that prints lines."""

from collections.abc import Callable, Mapping
from typing import Protocol

from simulators.faults import FaultKind, Faults
from simulators.serial_line import LINE_FAULTS, SerialLine
from simulators.tag_field import Field, FieldRead
from wire.readers import TagRead, lines, r200, uhf18

SERIAL_READER_FAULTS: Mapping[str, FaultKind] = {
    **LINE_FAULTS,
    "ghost_reads": FaultKind("single weak reads of tags that lie elsewhere", {"per_s": 5.0}),
    "restart": FaultKind("it restarts and forgets what it was told to do", is_event=True),
}
# Tags in one inventory answer, so that the frame stays below 256 bytes.
TAGS_PER_ANSWER = 15
# A module reports a round without tags so often, ms.
EMPTY_ROUND_MS = 100
POWER_RANGE_DBM = (0, 33)
REFUSED, EXECUTED = 0xFE, 0x00


class SerialReader(Protocol):
    """A reader whose time is told to it."""

    line: SerialLine
    made: list[FieldRead]

    def advance(self, now_ms: int) -> None:
        """Read and say what is due until `now_ms` (plant time)."""


class Uhf18:
    """A UHFReader18: an inventory answers with the tags that came into its field since the last one.

    Attributes
    ----------
    made : list of FieldRead
        Every read it has reported, the newest 100,000.
    """

    def __init__(self, tags: Field, faults: Faults, address: int = 0) -> None:
        self.line = SerialLine(faults, self._hear)
        self.made: list[FieldRead] = []
        self.power_dbm = 30
        self._tags = tags
        self._address = address
        self._stream = uhf18.FrameStream(is_answer=False)
        self._seen: dict[str, FieldRead] = {}

    def advance(self, now_ms: int) -> None:
        """Read until `now_ms`; a tag counts once until it is reported."""
        for read in self._tags.advance(now_ms):
            self._seen[read.epc] = read

    def _hear(self, chunk: bytes) -> None:
        for frame in self._stream.feed(chunk):
            if frame.address in {self._address, uhf18.BROADCAST}:
                self._act(frame)

    def _act(self, frame: uhf18.Frame) -> None:
        if frame.command == uhf18.Command.INVENTORY:
            self._inventory()
        elif frame.command == uhf18.Command.POWER and len(frame.data) == 1:
            low, high = POWER_RANGE_DBM
            is_fitting = low <= frame.data[0] <= high
            self.power_dbm = frame.data[0] if is_fitting else self.power_dbm
            self._say(frame.command, EXECUTED if is_fitting else REFUSED)
        else:
            self._say(frame.command, REFUSED)

    def _inventory(self) -> None:
        reads = list(self._seen.values())
        self._seen.clear()
        self.made = [*self.made, *reads][-100_000:]
        if not reads:
            self._say(uhf18.Command.INVENTORY, uhf18.Answer.NO_TAG)
        while reads:
            part, reads = reads[:TAGS_PER_ANSWER], reads[TAGS_PER_ANSWER:]
            codes = uhf18.encode_tags([bytes.fromhex(read.epc) for read in part])
            self._say(uhf18.Command.INVENTORY, uhf18.Answer.MORE if reads else uhf18.Answer.LAST, codes)

    def _say(self, command: int, status: int, data: bytes = b"") -> None:
        self.line.send(uhf18.Frame(self._address, command, data, status).encode())


class R200:
    """An R200 module: told to poll, it reports every read and every round that found none.

    Attributes
    ----------
    made : list of FieldRead
        Every read it has reported, the newest 100,000.
    """

    def __init__(self, tags: Field, faults: Faults) -> None:
        self.line = SerialLine(faults, self._hear)
        self.made: list[FieldRead] = []
        self.power_dbm = 26.0
        self._tags = tags
        self._stream = r200.FrameStream()
        self._rounds = 0
        self._round_ms = 0
        faults.when("restart", lambda _fault: self._restart())

    def _restart(self) -> None:
        self._rounds = 0

    def advance(self, now_ms: int) -> None:
        """Read until `now_ms` and, while polling, report."""
        reads = self._tags.advance(now_ms)
        if self._rounds <= 0:
            return
        for read in reads:
            tag = r200.encode_tag(bytes.fromhex(read.epc), read.rssi_dbm)
            self.line.send(r200.Frame(r200.Type.NOTICE, r200.Command.POLL, tag).encode())
        self.made = [*self.made, *reads][-100_000:]
        self._rounds -= len(reads)
        if reads or now_ms < self._round_ms:
            return
        self._round_ms = now_ms + EMPTY_ROUND_MS
        self._rounds -= 1
        self._fail(r200.ROUND_FOUND_NONE)

    def _hear(self, chunk: bytes) -> None:
        for frame in self._stream.feed(chunk):
            if frame.type == r200.Type.COMMAND:
                self._act(frame)

    def _act(self, frame: r200.Frame) -> None:
        if frame.command == r200.Command.MULTI_POLL and len(frame.parameters) == len(b"\x22\xff\xff"):
            self._rounds = int.from_bytes(frame.parameters[1:], "big")
        elif frame.command == r200.Command.STOP:
            self._rounds = 0
            self._execute(frame)
        elif frame.command == r200.Command.POWER and len(frame.parameters) == 2:  # noqa: PLR2004 - dBm × 100
            dbm = int.from_bytes(frame.parameters, "big") / 100
            low, high = POWER_RANGE_DBM
            if low <= dbm <= high:
                self.power_dbm = dbm
                self._execute(frame)
            else:
                self._fail(r200.COMMAND_WRONG)
        else:
            self._fail(r200.COMMAND_WRONG)

    def _execute(self, frame: r200.Frame) -> None:
        self.line.send(r200.Frame(r200.Type.ANSWER, frame.command, b"\0").encode())

    def _fail(self, code: int) -> None:
        self.line.send(r200.Frame(r200.Type.ANSWER, r200.Command.ERROR, bytes([code])).encode())


class Printer:
    """A reader that prints a line per read, whether anybody listens or not.

    Attributes
    ----------
    made : list of FieldRead
        Every read it has printed, the newest 100,000.
    """

    def __init__(self, tags: Field, faults: Faults) -> None:
        self.line = SerialLine(faults, lambda _chunk: None)
        self.made: list[FieldRead] = []
        self._tags = tags

    def advance(self, now_ms: int) -> None:
        """Read and print until `now_ms`."""
        reads = self._tags.advance(now_ms)
        for read in reads:
            at_us = read.at_ms * 1000
            said = TagRead(read.epc, read.antenna, read.rssi_dbm, at_us, at_us)
            self.line.send(lines.print_line(said))
        self.made = [*self.made, *reads][-100_000:]


READERS: Mapping[str, Callable[[Field, Faults], SerialReader]] = {
    "chafon18": Uhf18,
    "r200": R200,
    "lines": Printer,
}
