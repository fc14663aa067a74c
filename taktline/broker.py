"""The MQTT broker of the demo: Mosquitto where it is installed, otherwise amqtt in a process of its own."""

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path

from taktline.programs import Program, answers

MOSQUITTO_CONF = """\
listener {port} 127.0.0.1
allow_anonymous true
user {user}
persistence false
max_queued_messages 20000
set_tcp_nodelay true
log_type warning
log_type error
"""


def mosquitto_path() -> str | None:
    """Return where the Mosquitto broker is installed, or None."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def broker_program(folder: Path, port: int, *, kind: str = "auto") -> Program:
    """Return the broker as a program that is not started yet.

    Parameters
    ----------
    folder
        Where its configuration and log stand.
    port
        TCP port on 127.0.0.1.
    kind
        `mosquitto`, `amqtt`, or `auto` (Mosquitto when installed).
    """
    found = mosquitto_path() if kind in {"auto", "mosquitto"} else None
    if kind == "mosquitto" and found is None:
        raise FileNotFoundError("the mosquitto broker is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "broker.log"
    if found is None:
        return Program("broker (amqtt)", [sys.executable, "-m", "taktline.broker", str(port)], {}, log)
    conf = folder / "mosquitto.conf"
    user = "root" if os.geteuid() == 0 else "mosquitto"
    conf.write_text(MOSQUITTO_CONF.format(port=port, user=user))
    return Program("broker (mosquitto)", [found, "-c", str(conf)], {}, log)


def start_broker(folder: Path, port: int, *, kind: str = "auto") -> Program:
    """Return the broker, started and answering on the port."""
    program = broker_program(folder, port, kind=kind)
    program.start()
    program.expect(lambda: answers(port), 20, f"answering on port {port}")
    return program


async def serve_amqtt(port: int) -> None:
    """Run amqtt on 127.0.0.1 until SIGTERM or SIGINT."""
    from amqtt.broker import Broker  # noqa: PLC0415 -- not there in an edge-only install

    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
    )
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    await broker.start()
    await stop.wait()
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(serve_amqtt(int(sys.argv[1])))
