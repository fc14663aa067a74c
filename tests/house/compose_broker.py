"""The broker of docker-compose.yml outside a container: its own configuration, this machine's paths."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from taktline.broker import mosquitto_path
from taktline.certs_command import main as certs
from taktline.programs import Program, answers, free_port


@dataclass(frozen=True)
class TlsBroker:
    """A running broker, and the folder of certificates that the compose file's command has made."""

    port: int
    certs: Path
    program: Program


def compose_file(root: Path) -> dict[str, Any]:
    found = yaml.safe_load((root / "docker-compose.yml").read_text())
    assert isinstance(found, dict)
    return found


@contextmanager
def tls_broker(root: Path, folder: Path) -> Iterator[TlsBroker]:
    """Make certificates by the compose file's command, then run its broker; only paths and port differ."""
    compose, made, port = compose_file(root), folder / "certs", free_port()
    command, *words = compose["services"]["certs"]["command"]
    assert command == "certs"
    words[words.index("/certs")] = str(made)
    assert certs([*words, "--broker", "127.0.0.1"]) == 0
    mounts = dict(mount.split(":")[:2] for mount in compose["services"]["mosquitto"]["volumes"])
    inside = {path: str(made / name.removeprefix("certs-")) for name, path in mounts.items()}
    inside |= {path: str(root / name) for name, path in mounts.items() if name.startswith("./")}
    _, _, config = compose["services"]["mosquitto"]["command"]
    text = Path(inside[config]).read_text()
    for path in sorted(inside, key=len, reverse=True):
        text = text.replace(f" {path}", f" {inside[path]}")
    user = "root" if os.geteuid() == 0 else "mosquitto"
    (folder / "mosquitto.conf").write_text(
        text.replace("listener 8883", f"listener {port} 127.0.0.1") + f"user {user}\n"
    )
    binary = mosquitto_path()
    assert binary is not None
    program = Program("broker", [binary, "-c", str(folder / "mosquitto.conf")], {}, folder / "broker.log")
    program.start()
    try:
        program.expect(lambda: answers(port), 20, f"answering on port {port}")
        yield TlsBroker(port, made, program)
    finally:
        program.stop()
