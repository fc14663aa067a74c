"""Simulators that run alone: which module serves which kind, and its command line."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

# Each module has `add_arguments(parser)` and `async def serve(options, ready, stop)`. It opens a
# `simulators.control.Control` on `options.control` and says once where it is, e.g.
# `ready({"kind": "modbus-tcp", "endpoint": "127.0.0.1:5020", "control": 5021})`.
KINDS: Mapping[str, str] = {
    "llrp": "simulators.serve.llrp",
    "modbus-rtu": "simulators.serve.modbus_rtu",
    "modbus-tcp": "simulators.serve.modbus_tcp",
    "mqtt-sensor": "simulators.serve.mqtt_sensor",
    "opcua": "simulators.serve.opcua",
    "rfid-serial": "simulators.serve.rfid_serial",
    "serial-sensor": "simulators.serve.serial_sensor",
    "vibration": "simulators.serve.vibration",
}

Ready = Callable[[Mapping[str, Any]], None]


def announce(endpoints: Mapping[str, Any]) -> None:
    """Print where the simulator is, as the first line of standard output."""
    sys.stdout.write(json.dumps(endpoints) + "\n")
    sys.stdout.flush()


def main(arguments: list[str], kinds: Mapping[str, str] = KINDS, ready: Ready = announce) -> int:
    """The exit status of `serve KIND [options]`: 0 after SIGTERM, 2 when something is wrong.

    Parameters
    ----------
    arguments : list of str
        What stands behind `serve` on the command line.
    kinds : mapping of str to str
        Name on the command line to module.
    ready : callable
        Told once where the simulator listens.
    """
    parser = argparse.ArgumentParser(
        prog="sim serve", description="One simulated device behind a real protocol."
    )
    parser.add_argument("kind", choices=sorted(kinds), metavar="KIND", help=", ".join(sorted(kinds)))
    kind = parser.parse_args(arguments[:1]).kind
    module = import_module(kinds[kind])
    parser = _parser(kind, module)
    options = parser.parse_args(arguments[1:])
    try:
        asyncio.run(_serve(module.serve, options, ready))
    except (ValueError, OSError) as wrong:
        sys.stderr.write(f"sim serve {kind}: {wrong}\n")
        return 2
    return 0


def _parser(kind: str, module: ModuleType) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"sim serve {kind}", description=module.__doc__)
    parser.add_argument(
        "--control", type=int, default=0, metavar="PORT", help="takes fault lines; 0: a free port"
    )
    module.add_arguments(parser)
    return parser


@asynccontextmanager
async def running(kind: str, *arguments: str) -> AsyncIterator[Mapping[str, Any]]:
    """What a simulator says when it is ready; it runs in this event loop and ends with the block.

    Raises
    ------
    ValueError, OSError
        When it cannot start.
    """
    module = import_module(KINDS[kind])
    options = _parser(kind, module).parse_args(arguments)
    stop = asyncio.Event()
    said: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(module.serve(options, said.set_result, stop))
    await asyncio.wait({task, said}, return_when=asyncio.FIRST_COMPLETED)
    if not said.done():
        await task
    try:
        yield said.result()
    finally:
        stop.set()
        await task


async def _serve(serve: Callable[..., Any], options: argparse.Namespace, ready: Ready) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(options, ready, stop)
