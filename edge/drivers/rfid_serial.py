"""RFID reader on a serial port: one ASCII line per read, with the reader's own time."""

import asyncio
import re
import termios
from datetime import UTC, datetime, timedelta

import serial

from edge.devices import RfidDevice
from edge.errors import DeviceUnreachable
from edge.intake import Intake, Sample

LONGEST_LINE = 256
# How often coverage is asserted, real seconds; also how long a line may take from the reader to us.
FLUSH_S = 0.25
LINE = re.compile(
    rb"(?P<epc>[0-9A-Fa-f]{24});(?P<antenna>\d{1,3});(?P<rssi>-?\d{1,4});(?P<time>[0-9T:.+Z-]{19,35})"
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


class _Port(serial.Serial):  # type: ignore[misc]  # the library publishes no types
    """A serial port that keeps what was waiting in it: those reads happened, and carry their own time."""

    def _reset_input_buffer(self) -> None:
        """Nothing: the library would throw away the waiting bytes whenever it opens a port."""


class LineWrong(ValueError):
    """Bytes between two line ends that are no read of a tag."""


def parse(line: bytes) -> tuple[int, dict[str, str | int]]:
    """Plant time (ms) and fields `epc`, `antenna`, `rssi` of one line without its end.

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
    return (moment - EPOCH) // MILLISECOND, {
        "epc": found["epc"].decode().upper(),
        "antenna": int(found["antenna"]),
        "rssi": int(found["rssi"]),
    }


async def watch(device: RfidDevice, intake: Intake) -> None:
    """Read lines of `device` until the port is gone; never returns.

    Coverage is the gateway's plant clock while the port is open, one flush behind, so that a line on its way
    cannot arrive after its time was declared seen. A silent port cannot be told from a quiet reader.

    Raises
    ------
    DeviceUnreachable
        When the port cannot be opened or hangs up.
    """
    try:
        port = _Port(device.endpoint, device.baud, timeout=0)
    except (serial.SerialException, OSError, ValueError) as error:
        raise DeviceUnreachable(f"{device.endpoint} cannot be opened: {_reason(error)}") from error
    try:
        await _Session(device, intake, port).run()
    finally:
        port.close()


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


class _Session:
    """The port from its opening to its end."""

    def __init__(self, device: RfidDevice, intake: Intake, port: serial.Serial) -> None:
        self._device = device
        self._intake = intake
        self._port = port
        self._rest = b""
        self._samples: list[Sample] = []
        self._gone: str | None = None

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        descriptor = self._port.fileno()
        since_ms = through_ms = self._intake.clock.now_ms()
        loop.add_reader(descriptor, self._readable)
        try:
            while self._gone is None:
                await asyncio.sleep(FLUSH_S)
                now_ms = self._intake.clock.now_ms()
                samples, self._samples = self._samples, []
                self._intake.take(samples, (since_ms, through_ms))
                through_ms = now_ms
        finally:
            loop.remove_reader(descriptor)
        raise DeviceUnreachable(f"{self._device.endpoint} hung up: {self._gone}")

    def _readable(self) -> None:
        try:
            chunk = self._port.read(4096)
        except (serial.SerialException, OSError, termios.error) as error:
            self._hang_up(_reason(error))
            return
        if not chunk:
            self._hang_up("end of file")
            return
        self._feed(chunk)

    def _hang_up(self, reason: str) -> None:
        self._gone = reason
        asyncio.get_running_loop().remove_reader(self._port.fileno())

    def _feed(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            if line.strip(b"\r \0"):
                self._take(line)
        if len(self._rest) > LONGEST_LINE:
            self._intake.flag("bad_line")
            self._rest = b""

    def _take(self, line: bytes) -> None:
        self._intake.health.polls += 1
        try:
            ts_ms, fields = parse(line)
        except LineWrong:
            self._intake.flag("bad_line")
            return
        self._samples += [Sample(tag.name, ts_ms, fields[tag.field]) for tag in self._device.tag]
