"""An RFID reader on a pseudo terminal: UHFReader18, R200, or one that prints lines."""

import argparse
import asyncio
import contextlib
import sys

from simulators.control import Control
from simulators.faults import Faults
from simulators.serial_uhf import READERS, SERIAL_READER_FAULTS
from simulators.serve import Ready
from simulators.serve.conveyor_options import HauntedTags, add_conveyor
from wire.clock import from_environment

TICK_S = 0.02


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this kind."""
    parser.add_argument("--protocol", choices=sorted(READERS), default="lines", help="what it speaks")
    add_conveyor(parser, 1)


async def serve(options: argparse.Namespace, ready: Ready, stop: asyncio.Event) -> None:
    """Serve the reader until `stop` is set."""
    clock = from_environment()
    faults = Faults(SERIAL_READER_FAULTS)
    reader = READERS[options.protocol](HauntedTags(options, clock.now_ms(), faults), faults)
    reader.line.open()
    try:
        async with Control(faults, options.control, lines=sys.stdin) as control:
            ready(
                {
                    "kind": "rfid-serial",
                    "protocol": options.protocol,
                    "endpoint": reader.line.path,
                    "control": control.port,
                }
            )
            while not stop.is_set():
                reader.advance(clock.now_ms())
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TICK_S):
                        await stop.wait()
    finally:
        reader.line.close()
