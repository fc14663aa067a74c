"""Child programs of the front door: started with a log file, watched, stopped by process id."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path


class StartFailed(RuntimeError):
    """A child program did not come up; the message names it and shows the end of its log."""


def free_port() -> int:
    """Return a TCP port of the loopback interface that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int, host: str = "127.0.0.1") -> bool:
    """Say whether something accepts connections on the port."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=0.5):
        return True
    return False


def wait_until(claim: Callable[[], bool], timeout_s: float, *, every_s: float = 0.05) -> bool:
    """Return True as soon as the claim holds, False after `timeout_s` real seconds."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if claim():
            return True
        time.sleep(every_s)
    return claim()


@dataclass(slots=True)
class Program:
    """One child process, in a session of its own so that Ctrl-C reaches only the front door."""

    name: str
    argv: Sequence[str]
    env: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start the program, in the place of one that runs; its output goes to the end of the log file."""
        self.kill()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(  # noqa: S603 -- our own programs, no shell
                list(self.argv),
                env={**os.environ, **self.env},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Say whether the process runs."""
        return self.process is not None and self.process.poll() is None

    @property
    def has_ended(self) -> bool:
        """Say whether the process was started and runs no more."""
        return self.process is not None and not self.alive

    @property
    def pid(self) -> int | None:
        """Return the process id while it runs."""
        return self.process.pid if self.process is not None and self.alive else None

    def kill(self) -> None:
        """End the process at once, as a power cut would (SIGKILL)."""
        if self.process is not None and self.alive:
            self.process.kill()
            self.process.wait()

    def stop(self, timeout_s: float = 15.0) -> bool:
        """Ask the process to end (SIGTERM); kill it after `timeout_s`. Returns whether it ended by itself."""
        if self.process is None or not self.alive:
            return True
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        return True

    def expect(self, claim: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Wait until the claim holds.

        Raises
        ------
        StartFailed
            When the program ends first or the time is over; the message shows the end of its log.
        """
        if wait_until(lambda: claim() or not self.alive, timeout_s) and claim():
            return
        state = "is still running" if self.alive else "has ended"
        raise StartFailed(f"{self.name} {state} without {what}. The end of {self.log}:\n{self.tail()}")

    def tail(self, lines: int = 15) -> str:
        """Return the last lines of the log."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""
