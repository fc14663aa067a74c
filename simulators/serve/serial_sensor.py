"""A climate sensor on a serial line, a pseudo-terminal of this machine: lines or binary frames."""

import argparse
import asyncio
import contextlib
import os
import struct
import sys
import tty
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from simulators.control import Control
from simulators.faults import FaultKind, Faults
from simulators.serve import Ready
from simulators.serve.climate import SENSOR_FAULTS, Air, Hall
from wire.clock import from_environment

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Sync, length of what follows it, device time in ms, temperature in 0.01 °C, humidity in 0.1 %; then
# CRC-16/MODBUS over everything behind the sync. A temperature that is no number is the smallest.
FRAME: Final = struct.Struct("<2sBQhH")
SYNC: Final = b"\xaa\x55"
CHECKSUM_BYTES: Final = 2
NO_NUMBER: Final = -32_768
FAULTS: Final = {
    **SENSOR_FAULTS,
    "bad_checksum": FaultKind("frames are damaged"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be chosen."""
    parser.add_argument("--framing", choices=("lines", "binary"), default="lines", help="what it writes")
    parser.add_argument("--period", type=float, default=1.0, help="seconds between messages")
    parser.add_argument("--ask", action="store_true", help="says nothing until it gets a line, e.g. MEAS?")
    parser.add_argument("--seed", type=int, default=7, help="chooses the noise")
    parser.add_argument(
        "--link", type=Path, metavar="PATH", help="a symbolic link to the port, made at start"
    )


async def serve(options: argparse.Namespace, ready: Ready, stop: asyncio.Event) -> None:
    """Serve until `stop` is set; `ready` gets `endpoint`, the path of the port.

    Raises
    ------
    ValueError
        When an option is out of range.
    OSError
        When there is no pseudo-terminal, or the link exists.
    """
    if not 0 < options.period:  # noqa: SIM300 - reads as the range it is
        raise ValueError(f"--period {options.period:g}; accepted: seconds above 0")
    faults = Faults(FAULTS)
    hall = Hall(from_environment(), faults, options.seed)
    write = write_line if options.framing == "lines" else write_frame
    port = Port()

    def speak() -> None:
        message = write(hall.measure())
        if faults.now("bad_checksum"):
            message = message[:-1] + bytes([message[-1] ^ 0xFF])
        port.send(hall.spoiled(message))

    try:
        endpoint = port.path
        if options.link:
            options.link.symlink_to(endpoint)
            endpoint = str(options.link.absolute())
        async with Control(faults, options.control, lines=sys.stdin) as control:
            if options.ask:
                port.listen(speak)
            ready({"kind": "serial-sensor", "endpoint": endpoint, "control": control.port})
            while not stop.is_set():
                if not options.ask:
                    speak()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), options.period)
    finally:
        port.close()
        if options.link:
            options.link.unlink(missing_ok=True)


def write_line(air: Air) -> bytes:
    """A line: temperature, humidity, ISO time, separated by `;`."""
    at = (EPOCH + timedelta(milliseconds=air.ts_ms)).isoformat(timespec="milliseconds")
    return f"{air.temp_c:.2f};{air.humidity:.1f};{at}\r\n".encode()


def write_frame(air: Air) -> bytes:
    """A binary frame of `FRAME` with its checksum."""
    temp = NO_NUMBER if air.temp_c != air.temp_c else round(air.temp_c * 100)
    length = FRAME.size + CHECKSUM_BYTES - len(SYNC) - 1
    frame = FRAME.pack(SYNC, length, air.ts_ms, temp, round(air.humidity * 10))
    return frame + crc16(frame[len(SYNC) :]).to_bytes(CHECKSUM_BYTES, "little")


def crc16(covered: bytes) -> int:
    """CRC-16/MODBUS: 0x4B37 for `123456789`."""
    crc = 0xFFFF
    for byte in covered:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


class Port:
    """A pseudo-terminal that never waits for a listener: what finds no room is lost, as on a line."""

    def __init__(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        # The slave stays open here, so that the path survives a listener that comes and goes.
        self.path = os.ttyname(self._slave)
        self._is_heard = False

    def send(self, message: bytes) -> None:
        """Write what there is room for."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._master, message)

    def listen(self, answer: Callable[[], None]) -> None:
        """Call `answer` for every line that comes."""
        asyncio.get_running_loop().add_reader(self._master, self._heard, answer)
        self._is_heard = True

    def _heard(self, answer: Callable[[], None]) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(os.read(self._master, 4096).count(b"\n")):
                answer()

    def close(self) -> None:
        """Give the pseudo-terminal back."""
        if self._is_heard:
            asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)
