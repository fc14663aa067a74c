"""Starts an independent Sparkplug program and talks to it by lines of JSON."""

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[2]
PEERS = Path(__file__).with_name("peers")
# `make test` makes both; another place may be named for a machine that shares one.
PYTHON = Path(os.environ.get("TAKTLINE_PEER_PYTHON", ROOT / ".make/peer-pysparkplug/bin/python"))
MODULES = Path(__file__).with_name("node_modules")

Require = Callable[[object, str], None]


class Peer:
    """A peer process; `said` keeps every line it has written."""

    def __init__(self, *command: str | Path) -> None:
        self.said: list[dict[str, Any]] = []
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PEERS, bufsize=1
        )
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                self.said.append(json.loads(line))

    def tell(self, what: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(
            (what if isinstance(what, str) and len(what) > 9 else json.dumps(what)) + "\n"
        )
        self._process.stdin.flush()

    def until(self, claim: Callable[[dict[str, Any]], object], deadline_s: float = 60.0) -> dict[str, Any]:
        """The first line that fits, waited for."""
        end_s = time.monotonic() + deadline_s
        tick = threading.Event()
        while True:
            for line in list(self.said):
                if claim(line):
                    return line
            assert time.monotonic() < end_s, f"the peer said only {self.said[-5:]}"
            assert self._process.poll() is None or self.said, "the peer ended"
            tick.wait(0.02)

    def values(self, kind: str, name: str) -> list[object]:
        """What it heard of a metric in messages of one kind."""
        return [
            metric["value"]
            for line in list(self.said)
            if line.get("kind") == kind
            for metric in line["metrics"]
            if metric["name"] == name
        ]


def pysparkplug(require: Require, role: str, port: int) -> Peer:
    require(PYTHON.exists(), "pysparkplug (make test sets it up)")
    peer = Peer(PYTHON, PEERS / "pysparkplug_peer.py", role, str(port))
    peer.until(lambda line: line.get("ready"))
    return peer


def sparkplug_client(require: Require, argument: str) -> Peer:
    node = shutil.which("node")
    require(node and MODULES.exists(), "sparkplug-client of npm (make test sets it up)")
    return Peer(str(node), PEERS / "sparkplug_client.js", argument)
