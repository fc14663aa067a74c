"""One running Taktline on this machine: broker, cloud, simulated plant and its gateways as child programs."""

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulators.plant_file import Plant
from taktline.broker import start_broker
from taktline.client import Api
from taktline.gateways import unknown_endpoints, write_gateways
from taktline.programs import Program, StartFailed, free_port
from wire.clock import PlantClock

PYTHON = sys.executable
READY_S = 60.0
READY_S_PER_DAY = 20.0  # of a past that the plant runs through first
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What is run and where.

    Parameters
    ----------
    plant_file, plant
        The plant file and what it says.
    seed
        Chooses the simulated world.
    clock
        Plant time of all programs.
    folder
        Where data, logs and configuration of this run stand.
    start_ms
        Plant time at which the world begins; before the clock's origin when there is history.
    until_ms
        Plant time at which the world freezes, or None.
    http_host, http_port
        Where the cloud listens; port 0 takes a free one.
    broker
        `auto`, `mosquitto` or `amqtt`.
    ui_dir
        The built web app, or None.
    certs
        Folder with the gateways' certificates for the broker, or None for a broker without TLS.
    database
        The cloud's relational database; None for a SQLite file in the folder.
    backlog_kb_s
        Most kilobytes of a backlog that each gateway sends in a real second; None: as fast as it goes.
    """

    plant_file: Path
    plant: Plant
    seed: int
    clock: PlantClock
    folder: Path
    start_ms: int
    until_ms: int | None = None
    http_host: str = "127.0.0.1"
    http_port: int = 0
    broker: str = "auto"
    ui_dir: Path | None = None
    demo_users: bool = True
    certs: Path | None = None
    database: str | None = None
    backlog_kb_s: float | None = None

    @property
    def origin_ms(self) -> int:
        """Plant time at the clock's anchor."""
        return int(self.clock.origin.timestamp() * 1000)

    @property
    def end_ms(self) -> int:
        """Plant time at which the world freezes.

        Raises
        ------
        ValueError
            When this run has no end.
        """
        if self.until_ms is None:
            raise ValueError("this run has no end")
        return self.until_ms

    @property
    def ready_s(self) -> float:
        """Real seconds within which a program of this run must have come up, on however busy a machine."""
        return READY_S + READY_S_PER_DAY * (self.origin_ms - self.start_ms) / DAY_MS

    @property
    def ledger(self) -> Path:
        """Where the world writes what truly happened."""
        return self.folder / "ledger.json"

    @property
    def points_file(self) -> Path:
        """Where the cloud stores the time series."""
        return self.folder / "cloud" / "points.duckdb"

    @property
    def database_url(self) -> str:
        """The relational database of the cloud."""
        if self.database is not None:
            return self.database
        return f"sqlite:///{(self.folder / 'cloud' / 'taktline.db').absolute()}"


@dataclass(slots=True)
class Stack:
    """The programs of a run; each can be killed and started again by itself."""

    plan: RunPlan
    broker_address: tuple[str, int] = field(default_factory=lambda: ("127.0.0.1", free_port()))
    http_port: int = field(init=False)
    broker: Program | None = field(default=None, init=False)
    plant: Program = field(init=False)
    cloud: Program = field(init=False)
    gateways: dict[str, Program] = field(default_factory=dict, init=False)
    gateway_files: dict[str, Path] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Prepare the programs without starting any."""
        plan = self.plan
        self.http_port = plan.http_port or free_port()
        self.plant = self._program("plant", self._plant_arguments())
        self.cloud = self._program("cloud", ["-m", "taktline", "cloud", "serve"], self._cloud_settings())

    @property
    def url(self) -> str:
        """Where the cloud answers."""
        return f"http://{self.plan.http_host}:{self.http_port}"

    @property
    def spools(self) -> dict[str, Path]:
        """The spool file of each gateway."""
        return {node: path.with_suffix(".spool") for node, path in self.gateway_files.items()}

    def api(self, username: str = "admin") -> Api:
        """Return a session on the cloud's API as one of the demo users."""
        from cloud.identity.actions import DEMO_PASSWORD  # noqa: PLC0415 -- not in an edge-only install

        return Api(self.url, username, DEMO_PASSWORD)

    def start_plant(self) -> None:
        """Start the simulated plant and write the gateway files for its endpoints.

        Raises
        ------
        StartFailed
            When the plant does not tell its endpoints.
        """
        if not self.plant.alive:
            self.plant.start()
        self.plant.expect(lambda: self._endpoints() is not None, self.plan.ready_s, "telling its endpoints")
        endpoints = self._endpoints()
        if endpoints is None:  # pragma: no cover -- expect has just seen them
            raise StartFailed("the plant told no endpoints")
        self._write_gateways(endpoints)
        self.gateways = {
            node: self._program(node, ["-m", "taktline", "edge", "run", str(path)])
            for node, path in self.gateway_files.items()
        }

    def describe_gateways(self) -> None:
        """Write the gateway files while nobody knows yet where the machines will answer.

        Spools can be opened with them; `start_plant` writes them anew.
        """
        self._write_gateways(unknown_endpoints(self.plan.plant))

    def _write_gateways(self, endpoints: Mapping[str, Any]) -> None:
        self.gateway_files = write_gateways(
            self.plan.plant,
            endpoints,
            self.plan.folder / "gateways",
            self.broker_address,
            certs=self.plan.certs,
            backlog_kb_s=self.plan.backlog_kb_s,
        )

    def start_broker(self) -> None:
        """Start the broker; its port answers when this returns."""
        self.broker = start_broker(self.plan.folder / "broker", self.broker_address[1], kind=self.plan.broker)

    def start_cloud(self) -> None:
        """Start the cloud; its API answers when this returns."""
        if not self.cloud.alive:
            self.cloud.start()
        with self.api() as api:
            self.cloud.expect(api.healthy, self.plan.ready_s, f"answering at {self.url}")

    def start_gateways(self) -> None:
        """Start all gateways."""
        for gateway in self.gateways.values():
            gateway.start()

    def stop_gateways(self) -> None:
        """Stop all gateways; each hands over what it holds before it leaves."""
        for gateway in self.gateways.values():
            gateway.stop()

    def stop(self) -> None:
        """Stop everything in the order of the signal, so that gateways can hand over what they hold."""
        self.stop_gateways()
        self.plant.stop()
        self.cloud.stop()
        if self.broker is not None:
            self.broker.stop()

    @property
    def programs(self) -> dict[str, Program]:
        """All programs by name."""
        broker = {"broker": self.broker} if self.broker is not None else {}
        return {**broker, "cloud": self.cloud, "plant": self.plant, **self.gateways}

    def _program(self, name: str, arguments: list[str], env: dict[str, str] | None = None) -> Program:
        clock = {"TAKTLINE_CLOCK": str(self.plan.clock)}
        log = self.plan.folder / "logs" / f"{name}.log"
        return Program(name, [PYTHON, *arguments], {**clock, **(env or {})}, log)

    def _plant_arguments(self) -> list[str]:
        plan = self.plan
        arguments = ["-m", "simulators", "plant", "--plant", str(plan.plant_file), "--seed", str(plan.seed)]
        arguments += ["--start-min", str((plan.start_ms - plan.origin_ms) / 60_000)]
        arguments += ["--ledger", str(plan.ledger)]
        if plan.until_ms is not None:
            arguments += ["--until-min", str((plan.until_ms - plan.origin_ms) / 60_000)]
        return arguments

    def _cloud_settings(self) -> dict[str, str]:
        plan = self.plan
        settings = {
            "TAKTLINE_DATA": str((plan.folder / "cloud").absolute()),
            "TAKTLINE_DATABASE_URL": plan.database_url,
            "TAKTLINE_MQTT_HOST": self.broker_address[0],
            "TAKTLINE_MQTT_PORT": str(self.broker_address[1]),
            "TAKTLINE_HTTP_HOST": plan.http_host,
            "TAKTLINE_HTTP_PORT": str(self.http_port),
            "TAKTLINE_PLANT_FILE": str(plan.plant_file.absolute()),
            "TAKTLINE_DEMO_USERS": "1" if plan.demo_users else "0",
        }
        if plan.ui_dir is not None:
            settings["TAKTLINE_UI_DIR"] = str(plan.ui_dir.absolute())
        return settings

    def _endpoints(self) -> dict[str, Any] | None:
        """Return the endpoints that the plant printed at its last start, or None while it has not."""
        with contextlib.suppress(OSError):
            for line in reversed(self.plant.log.read_text(errors="replace").splitlines()):
                if line.startswith("{") and '"opcua"' in line:
                    return dict(json.loads(line))
        return None


@contextlib.contextmanager
def running(plan: RunPlan) -> Iterator[Stack]:
    """Yield a stack with all its programs started; stop them at the end, whatever happens."""
    stack = Stack(plan)
    try:
        stack.start_broker()
        stack.cloud.start()  # comes up while the plant does
        stack.start_plant()
        stack.start_gateways()
        stack.start_cloud()
        yield stack
    finally:
        stack.stop()
