"""Tells how a running gateway is: a socket beside its spool, asked by `taktline edge status FILE`."""

import argparse
import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from edge.config import GatewayConfig, load
from edge.errors import ConfigWrong
from edge.spool_opening import SpoolWrong
from edge.spool_reader import SpoolReader
from wire.clock import real_ms
from wire.node_metrics import DEVICES, split_device_metric

NOT_RUNNING: Final = 3  # as systemctl says it
CONFIG_WRONG: Final = 2
_ANSWER_S: Final = 5.0
_OWNER_AND_GROUP: Final = 0o660


def socket_path(spool: Path) -> Path:
    """Where the gateway with this spool answers."""
    return spool.with_name(spool.name + ".status")


@asynccontextmanager
async def answering(spool: Path, sample: Callable[[], dict[str, Any]]) -> AsyncIterator[None]:
    """Answer each connection with one JSON object and close it, while the block runs."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            writer.write(json.dumps(sample(), ensure_ascii=False).encode() + b"\n")
            await writer.drain()
            writer.close()
            await writer.wait_closed()

    path = socket_path(spool)
    with _short(path) as short:
        server = await asyncio.start_unix_server(answer, short)
        path.chmod(_OWNER_AND_GROUP)
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()
        path.unlink(missing_ok=True)


class _short:  # noqa: N801 - used as a function
    """A path of a folder's file short enough for a socket's address, whatever the folder's depth."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> str:
        self._folder = os.open(self._path.parent, os.O_RDONLY)
        return f"/proc/self/fd/{self._folder}/{self._path.name}"

    def __exit__(self, *_: object) -> None:
        os.close(self._folder)


def ask(spool: Path) -> dict[str, Any] | None:
    """What the running gateway says of itself; None when none is running on this spool.

    Raises
    ------
    OSError
        When it runs but does not answer.
    """
    path = socket_path(spool)
    if not path.exists():
        return None
    with socket.socket(socket.AF_UNIX) as peer, _short(path) as short:
        peer.settimeout(_ANSWER_S)
        try:
            peer.connect(short)
        except ConnectionRefusedError:
            return None  # left by one that was killed
        parts = []
        while part := peer.recv(1 << 16):
            parts.append(part)
    found: dict[str, Any] = json.loads(b"".join(parts))
    return found


def main(arguments: list[str]) -> int:
    """The exit code: 0 when the gateway runs, 3 when it does not, 2 when the file is wrong."""
    parser = argparse.ArgumentParser(prog="edge status", description="How the gateway of a file is now.")
    parser.add_argument("file", type=Path, help="the gateway's TOML file")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    chosen = parser.parse_args(arguments)
    try:
        config = load(chosen.file)
    except ConfigWrong as wrong:
        sys.stderr.write(f"{wrong}\n")
        return CONFIG_WRONG
    spool = Path(config.spool.path)
    try:
        said = ask(spool)
    except (OSError, ValueError) as wrong:
        sys.stderr.write(f"{chosen.file}: the gateway does not answer: {wrong}\n")
        return NOT_RUNNING
    shown: dict[str, Any] = {"running": said is not None, "node": _node(config), **(said or _at_rest(spool))}
    text = json.dumps(shown, ensure_ascii=False) if chosen.json else "\n".join(_lines(shown))
    sys.stdout.write(text + "\n")
    return 0 if said is not None else NOT_RUNNING


def _node(config: GatewayConfig) -> str:
    return f"{config.gateway.group}/{config.gateway.node}"


def _at_rest(spool: Path) -> dict[str, Any]:
    """What the spool of a gateway that does not run holds."""
    if not spool.exists():
        return {"spool": None}
    try:
        reader = SpoolReader(spool)
        try:
            batches, written_ms = reader.waiting()
        finally:
            reader.close()
    except SpoolWrong as wrong:
        return {"spool": str(wrong)}
    age_s = None if written_ms is None else round((real_ms() - written_ms) / 1000)
    return {"waiting_batches": batches, "oldest_waiting_s": age_s}


def _lines(shown: dict[str, Any]) -> list[str]:
    if not shown["running"]:
        return [f"gateway {shown['node']}: NOT RUNNING", f"  {_resting(shown)}"]
    metrics: dict[str, Any] = shown["metrics"]
    lines = [f"gateway {shown['node']}: running, uplink {shown['uplink']} ({shown['broker']})"]
    own = {
        name.removeprefix("Gateway/"): value
        for name, value in metrics.items()
        if not name.startswith(DEVICES) and value not in ("", None, "{}")
    }
    width = max(map(len, own))
    lines += [f"  {name:<{width}}  {value}" for name, value in own.items()]
    devices: dict[str, dict[str, Any]] = {}
    for name, value in metrics.items():
        if (parts := split_device_metric(name)) is not None:
            devices.setdefault(parts[0], {})[parts[1]] = value
    width = max(map(len, devices), default=0)
    for device, of_device in devices.items():
        counts = ", ".join(
            f"{name.lower()} {of_device[name]}"
            for name in ("Errors", "Overruns", "Bad Input", "Clock Skew")
            if of_device[name]
        )
        last = f"; last error: {of_device['Last Error']}" if of_device["Last Error"] else ""
        lines.append(f"  {device:<{width}}  {of_device['State']:<8}  {counts}{last}".rstrip())
    return lines


def _resting(shown: dict[str, Any]) -> str:
    if "waiting_batches" not in shown:
        return "it has no spool yet" if shown["spool"] is None else str(shown["spool"])
    count = shown["waiting_batches"]
    if not count:
        return "its spool holds nothing that waits for a receipt"
    return f"its spool holds {count} batches without a receipt, the oldest {shown['oldest_waiting_s']} s old"
