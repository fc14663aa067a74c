"""Modbus TCP devices of any number and size, whose values tell how old they are."""

import argparse
import asyncio
import logging
import sys

from simulators.control import Control
from simulators.faults import Fault, Faults
from simulators.serve import Ready
from simulators.serve.modbus_faults import TCP_FAULTS, Setting, TcpServer
from simulators.serve.modbus_units import REGISTERS_EACH, Size, Unit

LAST_UNIT = 247


def add_size(parser: argparse.ArgumentParser) -> None:
    """Declare how many units of which size."""
    parser.add_argument("--devices", type=int, default=10, help="units in all")
    parser.add_argument("--tags", type=int, default=100, help="values of each unit")
    parser.add_argument(
        "--type", choices=sorted(REGISTERS_EACH), default="float32", help="type of the values"
    )
    parser.add_argument(
        "--period", type=float, default=0.0, help="seconds between changes; 0: new at each read"
    )
    parser.add_argument("--delay-ms", type=float, default=0.0, help="how long every answer takes")


def size_of(options: argparse.Namespace) -> Size:
    """The size that the options ask for.

    Raises
    ------
    ValueError
        Naming the option and what is accepted.
    """
    size = Size(options.tags, options.type, options.period)
    if options.devices < 1:
        raise ValueError(f"--devices {options.devices}; accepted: 1 or more")
    if options.tags < 1 or size.registers > 1 << 16:
        raise ValueError(f"--tags {options.tags}; accepted: 1 to what fits 65536 registers")
    if options.period < 0 or options.delay_ms < 0:
        raise ValueError("--period and --delay-ms; accepted: 0 or more")
    return size


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be chosen."""
    add_size(parser)
    parser.add_argument("--units", type=int, default=1, help="units behind one endpoint")
    parser.add_argument("--port", type=int, default=0, help="first port; 0 takes free ones")


async def serve(options: argparse.Namespace, ready: Ready, stop: asyncio.Event) -> None:
    """Serve until `stop` is set; `ready` gets `endpoints`, one `{"endpoint", "unit"}` for each device.

    Raises
    ------
    ValueError
        When an option is out of range.
    OSError
        When a port is taken.
    """
    logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL + 1)
    size = size_of(options)
    if not 1 <= options.units <= LAST_UNIT:
        raise ValueError(f"--units {options.units}; accepted: 1 to {LAST_UNIT}")
    faults = Faults(TCP_FAULTS)
    units = [Unit(number, size, faults) for number in range(1, options.devices + 1)]
    async with Control(faults, options.control, lines=sys.stdin) as control:
        endpoints: list[_Endpoint] = []
        try:
            for first in range(0, len(units), options.units):
                port = options.port + len(endpoints) if options.port else 0
                endpoint = _Endpoint(
                    units[first : first + options.units],
                    Setting(faults, first + 1, options.delay_ms / 1000, is_rtu=False),
                    port,
                )
                endpoints.append(endpoint)
                await endpoint.start()
            _obey(faults, endpoints)
            places = [place for endpoint in endpoints for place in endpoint.places()]
            ready({"kind": "modbus-tcp", "endpoints": places, "control": control.port})
            await stop.wait()
        finally:
            for endpoint in endpoints:
                await endpoint.stop()


def _obey(faults: Faults, endpoints: list["_Endpoint"]) -> None:
    """Restart and reset endpoints when the faults of these names begin."""
    tasks: set[asyncio.Task[None]] = set()

    def restart(fault: Fault) -> None:
        for endpoint in endpoints:
            task = asyncio.create_task(endpoint.restart(fault["away"]))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    faults.when("restart", restart)
    for endpoint in endpoints:
        faults.when("reset", endpoint.reset)


class _Endpoint:
    """A server that can be away for a while and come back on its port."""

    def __init__(self, units: list[Unit], setting: Setting, port: int) -> None:
        self._units = units
        self._setting = setting
        self.port = port
        self._server: TcpServer | None = None

    async def start(self) -> None:
        devices = [unit.device(address) for address, unit in enumerate(self._units, start=1)]
        server = TcpServer(devices, self._setting, self.port)
        try:
            await server.serve_forever(background=True)
        except RuntimeError:
            raise OSError(f"Modbus TCP cannot listen on 127.0.0.1:{self.port}") from None
        self._server = server
        self.port = server.bound_port

    def places(self) -> list[dict[str, str | int]]:
        return [{"endpoint": f"127.0.0.1:{self.port}", "unit": i + 1} for i in range(len(self._units))]

    async def stop(self) -> None:
        if self._server is not None:
            server, self._server = self._server, None
            await server.shutdown()  # type: ignore[no-untyped-call]  # pymodbus leaves it unannotated

    async def restart(self, away_s: float) -> None:
        await self.stop()
        await asyncio.sleep(away_s)
        await self.start()

    def reset(self, fault: Fault) -> None:
        if self._server is not None:
            self._server.reset(fault)
