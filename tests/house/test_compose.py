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
import yaml

from cloud.settings import Settings
from taktline.broker import mosquitto_path, start_broker
from taktline.client import Api
from taktline.programs import Program, free_port

PASSWORD = "a-long-enough-admin-password"  # noqa: S105 -- of this test alone


@pytest.fixture
def compose(root: Path) -> dict[str, Any]:
    found = yaml.safe_load((root / "docker-compose.yml").read_text())
    assert isinstance(found, dict)
    return found


def test_every_service_and_volume_that_is_named_exists(compose: dict[str, Any]) -> None:
    services, volumes = compose["services"], compose["volumes"]
    assert {"mosquitto", "postgres", "cloud", "floor"} <= services.keys()
    for service in services.values():
        assert set(service.get("depends_on", ())) <= services.keys()
        for volume in service.get("volumes", ()):
            assert volume.split(":")[0] in volumes
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


def test_every_command_is_one_of_the_command_line(compose: dict[str, Any], root: Path) -> None:
    for name in ("cloud", "floor"):
        words = compose["services"][name]["command"]
        command = [word for word in words if not word.startswith("-")][: 2 if name == "cloud" else 1]
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


def test_ports_are_published_on_the_loopback_interface_alone(compose: dict[str, Any]) -> None:
    cloud = compose["services"]["cloud"]
    assert cloud["ports"] == [f"127.0.0.1:8000:{cloud['environment']['TAKTLINE_HTTP_PORT']}"]
    floor = compose["services"]["floor"]["command"]
    assert floor[floor.index("--cloud") + 1] == f"http://cloud:{cloud['environment']['TAKTLINE_HTTP_PORT']}"


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
    mqtt, http = free_port(), free_port()
    broker = start_broker(tmp_path, mqtt, kind="mosquitto")
    replaced = {
        "TAKTLINE_DATA": str(tmp_path / "data"),
        "TAKTLINE_DATABASE_URL": postgres_url,
        "TAKTLINE_MQTT_HOST": "127.0.0.1",
        "TAKTLINE_MQTT_PORT": str(mqtt),
        "TAKTLINE_HTTP_HOST": "127.0.0.1",
        "TAKTLINE_HTTP_PORT": str(http),
        "TAKTLINE_ADMIN_PASSWORD": PASSWORD,
        "TAKTLINE_CLOCK": "",
    }
    given = compose["services"]["cloud"]["environment"]
    assert replaced.keys() <= given.keys()
    env = {name: str(value).replace("/app/", f"{root}/") for name, value in given.items()} | replaced
    assert not any(re.search(r"\$\{", value) for value in env.values())
    command = compose["services"]["cloud"]["command"]
    cloud = Program("cloud", [sys.executable, "-m", "taktline", *command], env, tmp_path / "cloud.log")
    cloud.start()
    try:
        url = f"http://127.0.0.1:{http}"
        with Api(url, "admin", PASSWORD) as api:
            cloud.expect(api.healthy, 60, f"answering at {url}")
        yield url
    finally:
        assert cloud.stop(), cloud.tail()
        broker.stop()


@pytest.mark.slow
def test_the_settings_of_the_compose_file_start_the_cloud_on_postgresql(started: str) -> None:
    with Api(started, "admin", PASSWORD) as api:
        plant = api.get("/plant")
        assert [line["id"] for area in plant["areas"] for line in area["lines"]] == ["L1", "L2"]
