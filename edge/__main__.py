"""The gateway as a program: `python -m edge run FILE`, `python -m edge check FILE`."""

import argparse
import sys
from pathlib import Path

from edge.config import GatewayConfig, load
from edge.errors import ConfigWrong
from edge.summary import lines

CONFIG_WRONG = 2


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


def main(arguments: list[str] | None = None) -> int:
    """The exit code of one command line."""
    parser = argparse.ArgumentParser(prog="edge", description="The edge gateway.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("run", "run the gateway until SIGTERM"), ("check", "check a gateway file")):
        commands.add_parser(name, help=text).add_argument("file", type=Path, help="the gateway's TOML file")
    chosen = parser.parse_args(arguments)
    return {"check": check}[chosen.command](chosen.file)


if __name__ == "__main__":
    sys.exit(main())
