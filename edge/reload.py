"""Takes changes of a running gateway's file: those that are right, and only what has changed."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from edge.config import GatewayConfig, load
from edge.errors import ConfigWrong
from edge.node_report import ConfigInUse

log = structlog.get_logger(__name__)

EVERY_S: Final = 2.0
_DIGITS: Final = 12


def version_of(path: Path) -> str:
    """First 12 hex digits of the SHA-256 of the file at `path`; empty when it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:_DIGITS]
    except OSError:
        return ""


def refuse_moving(path: Path, now: GatewayConfig, wanted: GatewayConfig) -> None:
    """Raise `ConfigWrong` when `wanted` differs where only a restart can follow.

    Whose spool it is and where it stands are bound to the running process.
    """
    bound = {
        "gateway.group": (now.gateway.group, wanted.gateway.group),
        "gateway.node": (now.gateway.node, wanted.gateway.node),
        "spool.path": (now.spool.path, wanted.spool.path),
    }
    findings = [
        f"{key}: cannot change from {old!r} while the gateway runs; accepted: the old value, or a restart"
        for key, (old, new) in bound.items()
        if old != new
    ]
    if findings:
        raise ConfigWrong(path, findings)


class FileInUse:
    """The file that a gateway runs by, watched for changes.

    Parameters
    ----------
    path : Path
        The gateway's TOML file.
    in_use : ConfigInUse
        Told which version is in use, and why a later one is not.
    apply : callable
        Brings the running gateway to a checked configuration; raises `ConfigWrong` to refuse it.
    """

    def __init__(
        self, path: Path, in_use: ConfigInUse, apply: Callable[[GatewayConfig], Awaitable[None]]
    ) -> None:
        self._path = path
        self._in_use = in_use
        self._apply = apply
        self._asked = asyncio.Event()
        self._seen = self._mark()
        self._read = in_use.version = version_of(path)

    def ask(self) -> None:
        """Read the file at once, changed or not (SIGHUP)."""
        self._asked.set()

    async def follow(self, every_s: float = EVERY_S) -> None:
        """Take each change, looked for every so many real seconds, until cancelled."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), every_s)
            is_asked = self._asked.is_set()
            self._asked.clear()
            mark = self._mark()
            if mark == self._seen and not is_asked:
                continue
            self._seen = mark
            version = version_of(self._path)
            if version == self._read and not is_asked:
                continue  # touched only
            self._read = version
            await self._take(version)

    def _mark(self) -> tuple[int, int, int]:
        try:
            found = self._path.stat()
        except OSError:
            return (0, 0, 0)
        return (found.st_mtime_ns, found.st_size, found.st_ino)

    async def _take(self, version: str) -> None:
        try:
            await self._apply(load(self._path))
        except ConfigWrong as wrong:
            self._in_use.error = "\n".join(wrong.findings)
            log.error("config_refused", file=str(self._path), findings=list(wrong.findings))  # noqa: TRY400 - people get no stack traces
            return
        if (self._in_use.version, self._in_use.error) != (version, ""):
            log.info("config_taken", file=str(self._path), version=version)
        self._in_use.version, self._in_use.error = version, ""
