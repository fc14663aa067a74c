"""The gateway as a program: `python -m edge run FILE`, `python -m edge check FILE`, `plan FILE`."""

import argparse
import asyncio
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO, cast

import structlog

from edge.agent import Gateway
from edge.config import GatewayConfig, load
from edge.errors import ConfigWrong
from edge.log_stream import SteadyStream
from edge.reload import FileInUse
from edge.spool_opening import SpoolWrong
from edge.summary import lines, plan_lines
from wire.clock import ClockWrong, PlantClock, from_environment

SPOOL_WRONG = 1
CONFIG_WRONG = 2
# Commands with options of their own: module and what it does; imported when one is named.
TOOLS = {
    "status": ("edge.status", "how the running gateway of a file is"),
    "install": ("edge.install", "write a systemd unit for a gateway"),
    "browse": ("edge.drivers.opcua.browse_command", "write a gateway file for an OPC UA server"),
    "opcua-cert": ("edge.drivers.opcua.certificate_command", "make, show and trust certificates of OPC UA"),
}

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


def plan(path: str | Path) -> int:
    """0 after every Modbus request of the gateway file at `path` is printed, 2 when the file is wrong."""
    config = _load(Path(path))
    if config is None:
        return CONFIG_WRONG
    sys.stdout.write("\n".join([*plan_lines(config), ""]))
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
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", SteadyStream(sys.stderr))),
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
        asyncio.run(_serve(Path(path), config, clock))
    except SpoolWrong as wrong:
        sys.stderr.write(f"{path}: spool.path: {wrong}\n")
        return SPOOL_WRONG
    return 0


async def _serve(path: Path, config: GatewayConfig, clock: PlantClock) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.set_exception_handler(_note_fault)
    gateway = Gateway(config, clock)
    log.info("gateway_started", group=config.gateway.group, node=config.gateway.node, clock=str(clock))
    file = FileInUse(path, gateway.in_use, lambda wanted: gateway.apply(wanted, path))
    loop.add_signal_handler(signal.SIGHUP, file.ask)
    following = asyncio.create_task(file.follow(), name="follow file")
    try:
        await gateway.run(stop)
    finally:
        following.cancel()


def _note_fault(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """One line instead of a stack trace for what a library let go; sessions notice it by themselves."""
    log.warning("library_fault", what=context.get("message"), error=repr(context.get("exception")))


def main(arguments: list[str] | None = None) -> int:
    """The exit code of one command line."""
    parser = argparse.ArgumentParser(prog="edge", description="The edge gateway.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("run", "run the gateway until SIGTERM"),
        ("check", "check a gateway file"),
        ("plan", "print each Modbus request"),
    ):
        commands.add_parser(name, help=text).add_argument("file", type=Path, help="the gateway's TOML file")
    for name, (_, text) in TOOLS.items():
        commands.add_parser(name, help=text, add_help=False)
    words = sys.argv[1:] if arguments is None else arguments
    if words and words[0] in TOOLS:
        tool: int = import_module(TOOLS[words[0]][0]).main(words[1:])
        return tool
    chosen = parser.parse_args(words)
    return {"check": check, "plan": plan, "run": run}[chosen.command](chosen.file)


if __name__ == "__main__":
    sys.exit(main())
