"""An LLRP reader with tags that pass its antennas."""

import argparse
import asyncio
import sys
from types import MappingProxyType

from simulators.control import LOOPBACK, Control
from simulators.faults import LINK_FAULTS, Faults
from simulators.links import FaultyLink
from simulators.llrp_reader import READER_FAULTS, LlrpReader, Nature
from simulators.serve import Ready
from simulators.serve.conveyor_options import HauntedTags, add_conveyor
from wire.clock import from_environment
from wire.readers.llrp_device import Capabilities, Mode

# 10 to 30 dBm in steps of 1 dBm.
POWERS = MappingProxyType({index: 1000 + 100 * (index - 1) for index in range(1, 22)})
MODES = (Mode(0, 640_000), Mode(1, 320_000), Mode(2, 160_000))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this kind."""
    parser.add_argument("--port", type=int, default=0, help="TCP port on 127.0.0.1; 0: a free one")
    parser.add_argument("--holds", type=int, default=100_000, help="reads it keeps for an absent client")
    parser.add_argument("--no-hold", action="store_true", help="it keeps none")
    parser.add_argument("--no-clock", action="store_true", help="it has no clock and counts from its start")
    add_conveyor(parser, 2)


async def serve(options: argparse.Namespace, ready: Ready, stop: asyncio.Event) -> None:
    """Serve the reader until `stop` is set."""
    clock = from_environment()
    faults = Faults({**LINK_FAULTS, **READER_FAULTS})
    tags = HauntedTags(options, clock.now_ms(), faults)
    capabilities = Capabilities(
        options.antennas,
        POWERS,
        MODES,
        firmware="taktline",
        has_clock=not options.no_clock,
        can_hold=not options.no_hold,
    )
    reader = LlrpReader(tags, clock.now_ms, faults, Nature(capabilities, options.holds))
    await reader.serve()
    try:
        async with (
            FaultyLink(reader.port, faults, options.port) as link,
            Control(faults, options.control, lines=sys.stdin) as control,
        ):
            ready({"kind": "llrp", "endpoint": f"{LOOPBACK}:{link.port}", "control": control.port})
            await stop.wait()
    finally:
        await reader.stop()
