"""A gateway to which nothing happens costs next to nothing."""

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from edge_host import Host

from edge.status import ask
from taktline.broker import mosquitto_path, start_broker
from taktline.programs import free_port

IDLE_S = 10.0
TOML = """
[gateway]
group = "g"
node = "idle"
[uplink]
port = {port}
[spool]
path = "idle.spool"
[[device]]
id = "M1"
driver = "modbus"
endpoint = "127.0.0.1:{plc}"
tag = [{{ name = "x", datatype = "Int32", address = 1, type = "uint16" }}]
"""


@pytest.fixture
def gateway(
    root: Path, tmp_path: Path, require: Callable[[object, str], None]
) -> Iterator[subprocess.Popen[bytes]]:
    """The program connected to a broker and a host that is online; its PLC is switched off."""
    require(mosquitto_path(), "Mosquitto")
    port = free_port()
    broker = start_broker(tmp_path / "broker", port, kind="mosquitto")
    host = Host(port)
    (tmp_path / "gw.toml").write_text(TOML.format(port=port, plc=free_port()))
    program = subprocess.Popen(
        [sys.executable, "-m", "edge", "run", tmp_path / "gw.toml"],
        env={**os.environ, "PYTHONPATH": str(root), "TAKTLINE_CLOCK": ""},
        stderr=subprocess.DEVNULL,
    )
    yield program
    program.terminate()
    program.wait(30)
    host.close()
    broker.stop()


def cpu_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(process: int) -> int:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timed
def test_an_idle_gateway_needs_less_than_half_a_percent_of_a_core(
    gateway: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    waited, spool = threading.Event(), tmp_path / "idle.spool"
    end_s = time.monotonic() + 60
    while (said := ask(spool)) is None or said["uplink"] != "online":
        assert time.monotonic() < end_s
        assert gateway.poll() is None
        waited.wait(0.1)
    waited.wait(3.0)  # what the start has left to do
    began_s, cpu, memory = time.monotonic(), cpu_s(gateway.pid), resident(gateway.pid)
    waited.wait(IDLE_S)
    share = (cpu_s(gateway.pid) - cpu) / (time.monotonic() - began_s)
    print(f"idle gateway: {share:.4f} of a core, {memory >> 20} MB")  # noqa: T201 - shown by `pytest -s`
    assert share < 0.005
    assert resident(gateway.pid) - memory < 2 << 20
