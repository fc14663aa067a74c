"""The command line of the simulated world."""

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

import structlog

from simulators.plant_file import read_plant
from simulators.plant_server import Endpoints, Span, serve
from simulators.plant_table import PlantFileWrong
from simulators.serve import main as serve_kind
from wire.clock import ClockWrong, from_environment


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="simulators", description="A simulated plant behind real protocols."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    plant = commands.add_parser("plant", help="serve a plant by the clock of TAKTLINE_CLOCK until SIGTERM")
    plant.add_argument("--plant", type=Path, required=True, metavar="FILE", help="plant file (TOML)")
    plant.add_argument("--seed", type=int, required=True, help="chooses the world")
    plant.add_argument("--start-min", type=float, default=0.0, help="power-on, minutes from the origin, <= 0")
    plant.add_argument("--until-min", type=float, help="freeze the world, minutes from the clock's origin")
    plant.add_argument("--ledger", type=Path, metavar="FILE", help="write what truly happened at the end")
    plant.add_argument("--ports-from", type=int, default=0, help="first port; 0 takes free ones")
    commands.add_parser("serve", help="serve one device: serve KIND [options]", add_help=False)
    return parser


def _announce(endpoints: Endpoints) -> None:
    sys.stdout.write(endpoints.to_json() + "\n")
    sys.stdout.flush()


async def _serve(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(
        read_plant(arguments.plant),
        arguments.seed,
        from_environment(),
        Span(arguments.start_min, arguments.until_min),
        ledger_file=arguments.ledger,
        ports_from=arguments.ports_from,
        ready=_announce,
        stop=stop,
    )


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 after a clean end, 2 when an argument, plant file or clock is wrong."""
    # Standard output carries the endpoints alone; the libraries' complaints about missing encryption and
    # their stack traces of a taken port tell a person nothing that the message below does not.
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["serve"]:
        return serve_kind(words[1:])
    try:
        asyncio.run(_serve(_parser().parse_args(words)))
    except (PlantFileWrong, ClockWrong, ValueError, OSError) as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
