"""docker-compose.yml without a container engine: what it names exists, its settings start the cloud."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from compose_broker import compose_file, tls_broker

from cloud.settings import Settings
from taktline.broker import mosquitto_path
from taktline.client import Api
from taktline.programs import Program, free_port

PASSWORD = "a-long-enough-admin-password"  # noqa: S105 -- of this test alone


@pytest.fixture
def compose(root: Path) -> dict[str, Any]:
    return compose_file(root)


def test_every_service_and_volume_that_is_named_exists(compose: dict[str, Any], root: Path) -> None:
    services, volumes = compose["services"], compose["volumes"]
    assert {"certs", "mosquitto", "postgres", "cloud", "floor"} <= services.keys()
    for service in services.values():
        assert set(service.get("depends_on", ())) <= services.keys()
        for volume in service.get("volumes", ()):
            name = volume.split(":")[0]
            assert (root / name).is_file() if name.startswith("./") else name in volumes
        environment = service.get("environment", {})
        for name in ("TAKTLINE_MQTT_HOST",):
            assert environment.get(name, "mosquitto") in services


def test_every_variable_is_a_setting_of_the_project(compose: dict[str, Any]) -> None:
    known = {f"TAKTLINE_{name.upper()}" for name in Settings.model_fields}
    for service in compose["services"].values():
        ours = {name for name in service.get("environment", {}) if name.startswith("TAKTLINE_")}
        assert ours <= known


def test_every_path_of_the_image_exists_in_the_project(compose: dict[str, Any], root: Path) -> None:
    for service in compose["services"].values():
        for value in service.get("environment", {}).values():
            if str(value).startswith("/app/") and "/dist" not in value:
                assert (root / str(value).removeprefix("/app/")).exists(), value
    for line in (root / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            *sources, _ = shlex.split(line)[1:]
            for source in sources:
                assert (root / source).exists(), line


@pytest.mark.slow
def test_every_command_is_one_of_the_command_line(compose: dict[str, Any], root: Path) -> None:
    for name in ("certs", "cloud", "floor"):
        words = compose["services"][name]["command"]
        command = [word for word in words if not word.startswith("-")][: 1 if name == "floor" else 2]
        shown = subprocess.run(
            [sys.executable, "-m", "taktline", *command, "--help"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            cwd=root,
            env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
        )
        for option in (word for word in words if word.startswith("--")):
            assert option in shown.stdout, f"{option} is no option of taktline {' '.join(command)}"


def test_each_party_has_its_own_certificates_alone(compose: dict[str, Any], root: Path) -> None:
    mounted = {
        name: sorted(volume for volume in service.get("volumes", ()) if volume.startswith("certs-"))
        for name, service in compose["services"].items()
    }
    assert mounted == {
        "certs": [f"certs-{part}:/certs/{part}" for part in ("broker", "ca", "cloud", "gateways")],
        "mosquitto": ["certs-broker:/certs:ro"],
        "worker": ["certs-cloud:/certs:ro"],
        "cloud": ["certs-cloud:/certs:ro"],
        "floor": ["certs-gateways:/certs:ro"],
        "postgres": [],
        "influxdb": [],
        "clickhouse": [],
    }
    # The image's user owns the folders that the named volumes begin as, and the broker reads as that user.
    image = (root / "Dockerfile").read_text()
    assert "useradd --uid 1000" in image
    assert all(f"/certs/{part}" in image for part in ("broker", "ca", "cloud", "gateways"))
    assert compose["services"]["mosquitto"]["user"] == "1000:1000"


def test_the_broker_listens_by_tls_where_cloud_and_floor_look_for_it(
    compose: dict[str, Any], root: Path
) -> None:
    listeners = re.findall(
        r"^listener (\d+)", (root / "docs/deploy/mosquitto.conf").read_text(), re.MULTILINE
    )
    assert listeners == [compose["services"]["cloud"]["environment"]["TAKTLINE_MQTT_PORT"]]
    floor = compose["services"]["floor"]["command"]
    assert floor[floor.index("--broker") + 1] == f"mosquitto:{listeners[0]}"
    assert "mosquitto" in compose["services"]["certs"]["command"]
    acl = (root / "docs/deploy/acl").read_text()
    assert "user taktline-cloud" in acl
    assert "spBv1.0/suzhou/NDATA/%u" in acl


def test_ports_are_published_on_the_loopback_interface_alone(compose: dict[str, Any]) -> None:
    cloud = compose["services"]["cloud"]
    assert cloud["ports"] == [f"127.0.0.1:8000:{cloud['environment']['TAKTLINE_HTTP_PORT']}"]
    floor = compose["services"]["floor"]["command"]
    assert floor[floor.index("--cloud") + 1] == f"http://cloud:{cloud['environment']['TAKTLINE_HTTP_PORT']}"


@pytest.mark.parametrize("name", ["influxdb", "clickhouse"])
def test_another_store_is_a_profile_with_a_volume_a_health_check_and_no_secret_in_the_file(
    compose: dict[str, Any], name: str
) -> None:
    service = compose["services"][name]
    assert service["profiles"] == [name]
    assert "ports" not in service, "reached by the cloud alone"
    assert service["healthcheck"]["test"][0] == "CMD"
    assert any(volume.startswith(f"{name}:/var/lib/") for volume in service["volumes"])
    secrets = {k: v for k, v in service["environment"].items() if k.endswith(("PASSWORD", "TOKEN"))}
    assert secrets
    assert all(re.fullmatch(r"\$\{[A-Z_]+:-\}", value) for value in secrets.values())
    # The cloud waits for the store that is chosen, and starts without the others.
    waited = compose["services"]["cloud"]["depends_on"][name]
    assert waited == {"condition": "service_healthy", "required": False}
    address = compose["services"]["cloud"]["environment"][f"TAKTLINE_{name.upper()}_URL"]
    assert f"{name}:{ {'influxdb': 8086, 'clickhouse': 8123}[name] }" in address


def test_the_server_and_its_workers_agree_about_the_store_and_what_it_keeps(compose: dict[str, Any]) -> None:
    services = compose["services"]
    about = re.compile(r"TAKTLINE_(STORE|CLICKHOUSE_|INFLUXDB_|KEEP_|CLOSE_AFTER_|DATA|DATABASE_URL)")
    of_server, of_worker = (
        {name: value for name, value in services[service]["environment"].items() if about.match(name)}
        for service in ("cloud", "worker")
    )
    assert of_worker == of_server
    chosen = {"store", "clickhouse_url", "influxdb_url", "keep_months", "keep_sums_months", "close_after_min"}
    assert {f"TAKTLINE_{name.upper()}" for name in chosen} <= of_worker.keys()
    # Unset means "keep all", and an empty text is no number: compose passes these on only where they are set.
    assert {value for name, value in of_worker.items() if "_KEEP_" in name} == {None}
    for store in ("influxdb", "clickhouse"):
        waited = services["worker"]["depends_on"][store]
        assert waited == services["cloud"]["depends_on"][store]


@pytest.fixture
def started(
    compose: dict[str, Any],
    root: Path,
    tmp_path: Path,
    postgres_url: str,
    require: Callable[[object, str], None],
) -> Iterator[str]:
    """The cloud under the settings of the compose file, with this machine's addresses; yields its URL."""
    require(mosquitto_path(), "Mosquitto")
    with tls_broker(root, tmp_path) as broker:
        http = free_port()
        replaced = {
            "TAKTLINE_DATA": str(tmp_path / "data"),
            "TAKTLINE_DATABASE_URL": postgres_url,
            "TAKTLINE_MQTT_HOST": "127.0.0.1",
            "TAKTLINE_MQTT_PORT": str(broker.port),
            "TAKTLINE_HTTP_HOST": "127.0.0.1",
            "TAKTLINE_HTTP_PORT": str(http),
            "TAKTLINE_ADMIN_PASSWORD": PASSWORD,
            "TAKTLINE_CLOCK": "",
            "TAKTLINE_STORE": "duckdb",
            "TAKTLINE_INGEST": "serve",
            "TAKTLINE_INFLUXDB_TOKEN": "",
            "TAKTLINE_CLICKHOUSE_URL": "clickhouse://taktline:@127.0.0.1:8123/taktline",
        }
        service = compose["services"]["cloud"]
        given = {name: str(value) for name, value in service["environment"].items() if value is not None}
        assert replaced.keys() <= given.keys()
        certs = f"{broker.certs}/cloud/"
        env = {name: value.replace("/app/", f"{root}/") for name, value in given.items()} | replaced
        env |= {
            name: certs + value.removeprefix("/certs/") for name, value in given.items() if "/certs/" in value
        }
        assert not any(re.search(r"\$\{", value) for value in env.values())
        command = [sys.executable, "-m", "taktline", *service["command"]]
        cloud = Program("cloud", command, env, tmp_path / "cloud.log")
        cloud.start()
        try:
            url = f"http://127.0.0.1:{http}"
            with Api(url, "admin", PASSWORD) as api:
                cloud.expect(api.healthy, 60, f"answering at {url}")
            yield url
            assert "broker_connected" in cloud.log.read_text()
        finally:
            assert cloud.stop(), cloud.tail()


@pytest.mark.slow
def test_the_settings_of_the_compose_file_start_the_cloud_on_postgresql(started: str) -> None:
    with Api(started, "admin", PASSWORD) as api:
        plant = api.get("/plant")
        assert [line["id"] for area in plant["areas"] for line in area["lines"]] == ["L1", "L2", "L3"]
