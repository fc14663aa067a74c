"""Benchmarks: which module measures what, and the one JSON line that each prints last."""

import argparse
import json
import platform
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

# Each module has `add_arguments(parser)` and `run(options) -> dict`; a reference of the same run is among
# the figures.
BENCHES: Mapping[str, str] = {
    "condition": "taktline.bench.condition",
    "historian": "taktline.bench.historian",
    "oee": "taktline.bench.oee",
    "stores": "taktline.bench.stores",
    "edge-opcua": "taktline.bench.edge_opcua",
    "edge-modbus": "taktline.bench.edge_modbus",
    "ingest": "taktline.bench.ingest",
    "api": "taktline.bench.api",
    "demo": "taktline.bench.demo",
}


class BenchWrong(ValueError):
    """A benchmark cannot run as asked; the message says what would be accepted."""


def versions(*distributions: str) -> dict[str, str]:
    """Return the versions of Python and of the installed distributions among those named."""
    found = {"python": platform.python_version()}
    for name in distributions:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def main(arguments: list[str], benches: Mapping[str, str] = BENCHES) -> int:
    """Return the exit status of `bench NAME [options]`: 0, or 2 when it cannot run as asked.

    The figures are one JSON line on standard output, with the benchmark's name first; anything that a
    benchmark says meanwhile goes to standard error. `--json` is accepted everywhere and changes nothing.
    """
    parser = argparse.ArgumentParser(prog="taktline bench", description="Measures a part of the product.")
    parser.add_argument("name", choices=sorted(benches), metavar="NAME", help=", ".join(sorted(benches)))
    name = parser.parse_args(arguments[:1]).name
    module = import_module(benches[name])
    parser = argparse.ArgumentParser(prog=f"taktline bench {name}", description=module.__doc__)
    parser.add_argument("--json", action="store_true", help="the figures are always one JSON line")
    module.add_arguments(parser)
    try:
        figures = module.run(parser.parse_args(arguments[1:]))
    except (BenchWrong, OSError) as wrong:
        sys.stderr.write(f"taktline bench {name}: {wrong}\n")
        return 2
    line: dict[str, Any] = {"bench": name, **figures}
    sys.stdout.write(json.dumps(line) + "\n")
    return 0
