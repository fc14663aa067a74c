"""The gateway as a program: `python -m edge run FILE`, `python -m edge check FILE`."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import structlog

from edge.agent import Gateway
from edge.config import GatewayConfig, load
from edge.errors import ConfigWrong
from edge.spool_file import SpoolWrong
from edge.summary import lines
from wire.clock import ClockWrong, PlantClock, from_environment

SPOOL_WRONG = 1
CONFIG_WRONG = 2

log = structlog.get_logger(__name__)


def check(path: str | Path) -> int:
    """0 when the gateway file at `path` can be used, else 2; touches no device, broker or spool.

    Prints what the file means, or one line per mistake with file, key and what would be accepted.
    """
    config = _load(Path(path))
    if config is None:
        return CONFIG_WRONG
    sys.stdout.write("\n".join([*lines(config), f"{path}: usable", ""]))
    return 0


def _load(path: Path) -> GatewayConfig | None:
    try:
        return load(path)
    except ConfigWrong as wrong:
        sys.stderr.write(f"{wrong}\n")
        return None


def run(path: str | Path) -> int:
    """0 after the gateway of the file at `path` has run until SIGTERM or Ctrl-C; 2 when the file is wrong.

    1 when its spool cannot be used. Plant time comes from `TAKTLINE_CLOCK`.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    config = _load(Path(path))
    if config is None:
        return CONFIG_WRONG
    try:
        clock = from_environment()
    except ClockWrong as wrong:
        sys.stderr.write(f"TAKTLINE_CLOCK: {wrong}\n")
        return CONFIG_WRONG
    try:
        asyncio.run(_serve(config, clock))
    except SpoolWrong as wrong:
        sys.stderr.write(f"{path}: spool.path: {wrong}\n")
        return SPOOL_WRONG
    return 0


async def _serve(config: GatewayConfig, clock: PlantClock) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.set_exception_handler(_note_fault)
    gateway = Gateway(config, clock)
    log.info("gateway_started", group=config.gateway.group, node=config.gateway.node, clock=str(clock))
    await gateway.run(stop)


def _note_fault(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """One line instead of a stack trace for what a library let go; sessions notice it by themselves."""
    log.warning("library_fault", what=context.get("message"), error=repr(context.get("exception")))


def main(arguments: list[str] | None = None) -> int:
    """The exit code of one command line."""
    parser = argparse.ArgumentParser(prog="edge", description="The edge gateway.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("run", "run the gateway until SIGTERM"), ("check", "check a gateway file")):
        commands.add_parser(name, help=text).add_argument("file", type=Path, help="the gateway's TOML file")
    chosen = parser.parse_args(arguments)
    return {"check": check, "run": run}[chosen.command](chosen.file)


if __name__ == "__main__":
    sys.exit(main())
