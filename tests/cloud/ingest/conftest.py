"""A real broker, a real store and a running ingest for the tests of ingestion."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from edge_player import EdgePlayer, wait_for

from cloud.db import Database
from cloud.ingest.runtime import IngestRuntime
from cloud.settings import Settings
from cloud.timeseries.duckdb import DuckDBStore
from wire.clock import REAL_TIME

# The engine of ClickHouse that two workers share is that of the stores' tests.
sys.path.append(str(Path(__file__).parents[1] / "timeseries"))

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
PROGRAM = Path(__file__).with_name("ingest_program.py")
ROOT = Path(__file__).resolve().parents[3]
PLANT_FILE = ROOT / "simulators" / "plants" / "demo.toml"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def broker(tmp_path: Path, require: Callable[[object, str], None]) -> Iterator[int]:
    """The port of a mosquitto of one's own."""
    require(Path(MOSQUITTO).exists(), "Mosquitto")
    port = _free_port()
    conf = tmp_path / "mosquitto.conf"
    conf.write_text(
        f"user root\nlistener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 100000\n"
    )
    with (tmp_path / "mosquitto.log").open("wb") as written:
        process = subprocess.Popen([MOSQUITTO, "-c", str(conf)], stdout=written, stderr=written)
    wait_for(lambda: _answers(port), "mosquitto listens")
    yield port
    process.terminate()
    process.wait(60)


@pytest.fixture
def plant(plant_db: Database) -> Database:
    """The database with the demo plant and its bindings."""
    return plant_db


@pytest.fixture
def settings(broker: int, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, mqtt_port=broker)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    opened = DuckDBStore(tmp_path / "points.duckdb")
    yield opened
    opened.close()


@pytest.fixture
def ingest(settings: Settings, plant: Database, store: DuckDBStore) -> Iterator[IngestRuntime]:
    """A running ingest with every signal of the demo plant bound."""
    runtime = IngestRuntime(settings, plant, REAL_TIME, store)
    runtime.start()
    wait_for(lambda: runtime.snapshot().is_connected, "ingest is connected")
    yield runtime
    runtime.stop()


@pytest.fixture
def player(broker: int) -> Iterator[Callable[..., EdgePlayer]]:
    """Make edge nodes; they leave at the end."""
    made: list[EdgePlayer] = []

    def make(node: str = "gw-l1", *, is_ours: bool = True) -> EdgePlayer:
        made.append(EdgePlayer(broker, node, is_ours=is_ours))
        return made[-1]

    yield make
    for edge in made:
        edge.close()


@pytest.fixture
def program(broker: int, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start ingestion as a process of its own over this test's folder; none outlives the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, str(PROGRAM), str(tmp_path), str(broker)]
        with (tmp_path / "ingest.log").open("ab") as log:
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            started.append(subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def kept_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBStore]:
    """A store of all tests of a module, for hosts that commit nothing."""
    opened = DuckDBStore(tmp_path_factory.mktemp("kept") / "points.duckdb")
    yield opened
    opened.close()
