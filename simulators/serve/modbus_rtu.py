"""Modbus RTU units on one serial line, a pseudo-terminal of this machine."""

import argparse
import asyncio
import logging
import os
import sys
import tty
from pathlib import Path

from simulators.control import Control
from simulators.faults import Faults
from simulators.serve import Ready
from simulators.serve.modbus_faults import RTU_FAULTS, SerialServer, Setting
from simulators.serve.modbus_tcp import LAST_UNIT, add_size, size_of
from simulators.serve.modbus_units import Unit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be chosen."""
    add_size(parser)
    parser.add_argument(
        "--link", type=Path, metavar="PATH", help="a symbolic link to the port, made at start"
    )


async def serve(options: argparse.Namespace, ready: Ready, stop: asyncio.Event) -> None:
    """Serve until `stop` is set; `ready` gets `endpoints`, one `{"endpoint", "unit"}` for each unit.

    Raises
    ------
    ValueError
        When an option is out of range.
    OSError
        When there is no pseudo-terminal, or the link exists.
    """
    logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL + 1)
    size = size_of(options)
    if options.devices > LAST_UNIT:
        raise ValueError(f"--devices {options.devices}; accepted: 1 to {LAST_UNIT}")
    faults = Faults(RTU_FAULTS)
    units = [Unit(number, size, faults) for number in range(1, options.devices + 1)]
    setting = Setting(faults, 1, options.delay_ms / 1000, is_rtu=True)
    line = _Line()
    try:
        server = SerialServer([unit.device(unit.number) for unit in units], setting, line.inside)
        await server.serve_forever(background=True)
        endpoint = line.outside
        if options.link:
            options.link.symlink_to(endpoint)
            endpoint = str(options.link.absolute())
        async with Control(faults, options.control, lines=sys.stdin) as control:
            places = [{"endpoint": endpoint, "unit": unit.number} for unit in units]
            ready({"kind": "modbus-rtu", "endpoints": places, "control": control.port})
            await stop.wait()
        await server.shutdown()  # type: ignore[no-untyped-call]  # pymodbus leaves it unannotated
    finally:
        line.close()
        if options.link:
            options.link.unlink(missing_ok=True)


class _Line:
    """Two pseudo-terminals whose masters are joined: what goes into one port comes out of the other."""

    def __init__(self) -> None:
        pairs = (os.openpty(), os.openpty())
        for _, slave in pairs:
            tty.setraw(slave)
        (one, slave_one), (other, slave_other) = pairs
        self._masters = (one, other)
        self._slaves = (slave_one, slave_other)  # kept open, so that a port may be closed and opened again
        self.outside, self.inside = os.ttyname(slave_one), os.ttyname(slave_other)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(one, self._carry, one, other)
        self._loop.add_reader(other, self._carry, other, one)

    @staticmethod
    def _carry(source: int, target: int) -> None:
        os.write(target, os.read(source, 4096))

    def close(self) -> None:
        for descriptor in self._masters:
            self._loop.remove_reader(descriptor)
        for descriptor in (*self._masters, *self._slaves):
            os.close(descriptor)
