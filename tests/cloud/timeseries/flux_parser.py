"""Asks InfluxData's own Flux parser and type checker about texts."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PARSER = ROOT / "tests" / "interop" / "node_modules" / "@influxdata" / "flux-lsp-node"
WHAT = "flux-lsp-node of npm (make test sets it up)"


def refused(texts: Sequence[str]) -> list[str]:
    """The texts that are no valid Flux."""
    command = ["node", str(Path(__file__).with_name("flux_check.js")), str(PARSER)]
    answer = subprocess.run(
        command, input=json.dumps(list(texts)), capture_output=True, check=True, text=True
    )
    found: list[str] = json.loads(answer.stdout)
    return found
