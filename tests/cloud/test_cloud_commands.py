"""The commands as a person or a container starts them: real processes, a real port, real signals."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from cloud.identity.actions import DEMO_PASSWORD
from cloud.settings import PREFIX

PLANT_FILE = Path(__file__).parents[2] / "simulators" / "plants" / "demo.toml"
WAIT_S = 60


def _environment(data: Path, **settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    ours = {"DATA": str(data), "HTTP_PORT": "0", "MQTT_PORT": "9", "PLANT_FILE": str(PLANT_FILE)} | settings
    return kept | {PREFIX + name: value for name, value in ours.items()}


class Commands:
    """Commands of the cloud, each in a fork of a process that imported them: most of what one costs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        program = [sys.executable, str(Path(__file__).with_name("forked_commands.py"))]
        environment = {**os.environ, "PYTHONPATH": str(PLANT_FILE.parents[2])}
        self._process = subprocess.Popen(
            program, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(
        self, environment: dict[str, str], *command: str, text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """What a command answered and printed."""
        for name, holds in (("in", text), ("out", ""), ("err", "")):
            (self._folder / name).write_text(holds)
        job = {"words": command, "environment": environment, "streams": str(self._folder)}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        printed = [(self._folder / name).read_text() for name in ("out", "err")]
        return subprocess.CompletedProcess(command, code, *printed)

    def close(self) -> None:
        self._process.communicate(timeout=WAIT_S)


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """A function that runs a command of the cloud with an environment."""
    made = Commands(tmp_path_factory.mktemp("commands"))
    yield made
    made.close()


class Served:
    """A server process with its address and what it logged."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.lines: list[str] = []
        self.url = ""
        self._heard = threading.Event()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cloud", "serve"],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._heard.wait(WAIT_S)
        assert self.url, self.lines

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if '"serving"' in line:
                self.url = json.loads(line)["url"]
                self._heard.set()
        self._heard.set()

    def end(self, sig: signal.Signals) -> int:
        self.process.send_signal(sig)
        code = self.process.wait(WAIT_S)
        self._reader.join(WAIT_S)
        return code


@contextmanager
def _serving(environment: dict[str, str]) -> Iterator[Served]:
    served = Served(environment)
    try:
        yield served
    finally:
        if served.process.poll() is None:
            served.process.kill()
            served.process.wait(WAIT_S)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_server_starts_on_an_empty_database_serves_and_ends_cleanly(
    tmp_path: Path, request: pytest.FixtureRequest, database: str
) -> None:
    environment = _environment(tmp_path, DEMO_USERS="1")
    if database == "postgresql":
        environment["TAKTLINE_DATABASE_URL"] = request.getfixturevalue("postgres_url")
    with _serving(environment) as served, httpx.Client(base_url=f"{served.url}/api/v1") as browser:
        assert browser.get("/health").json() == {"status": "ok"}
        browser.post("/session", json={"username": "admin", "password": DEMO_PASSWORD}).raise_for_status()
        assert browser.get("/plant").json()["id"] == "suzhou"
        assert browser.get("/system").json()["store"]["is_connected"] is False
        with browser.stream("GET", "/live/events") as page:
            lines = page.iter_lines()
            assert next(lines) == "event: clock"
            assert served.end(signal.SIGTERM) == 0, "an open page must not hold the server back"
            assert all(line for line in lines if line.startswith("event:"))
    assert "Traceback" not in "".join(served.lines)


@pytest.mark.slow
def test_sixty_requests_at_once_are_all_answered(tmp_path: Path) -> None:
    with _serving(_environment(tmp_path, DEMO_USERS="1")) as served:
        with httpx.Client(base_url=f"{served.url}/api/v1", timeout=WAIT_S) as browser:
            browser.post(
                "/session", json={"username": "planner", "password": DEMO_PASSWORD}
            ).raise_for_status()
            cookies = dict(browser.cookies)

        def enter(number: int) -> int:
            line = {"line": 1, "product": "BD-280", "quantity": 1, "due": "2026-03-04T08:00:00Z"}
            order = {"number": f"SO-{number % 30}", "customer": "ningbo-axle", "lines": [line]}
            with httpx.Client(base_url=f"{served.url}/api/v1", cookies=cookies, timeout=WAIT_S) as client:
                read = client.get("/orders").status_code
                return max(read, client.post("/orders", json=order).status_code)

        with ThreadPoolExecutor(60) as pool:
            assert set(pool.map(enter, range(60))) == {201}, "".join(served.lines)
        with httpx.Client(base_url=f"{served.url}/api/v1", cookies=cookies) as browser:
            assert browser.get("/orders").json()["total"] == 30
        assert served.end(signal.SIGINT) == 0


@pytest.mark.slow
def test_a_server_with_the_published_password_does_not_bind_beyond_this_machine(
    tmp_path: Path, commands: Commands
) -> None:
    ended = commands(_environment(tmp_path, DEMO_USERS="1", HTTP_HOST="0.0.0.0"), "serve")  # noqa: S104  refused
    assert ended.returncode == 2
    assert "TAKTLINE_HTTP_HOST" in ended.stderr
    assert "demo password" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("HTTP_PORT", "many", "0 to 65535"),
        ("PLANT_FILE", "/nowhere/plant.toml", "/nowhere/plant.toml: cannot be read"),
        ("UI_DIR", "/nowhere", "index.html"),
        ("HTTP_HOST", "192.0.2.1", "TAKTLINE_HTTP_HOST"),
        ("DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:9/none", "TAKTLINE_DATABASE_URL"),
        ("DATA", "/proc/nowhere", "TAKTLINE_DATA"),
    ],
)
def test_a_wrong_setting_ends_the_start_with_a_sentence(
    tmp_path: Path, commands: Commands, setting: str, value: str, said: str
) -> None:
    ended = commands(_environment(tmp_path) | {PREFIX + setting: value}, "serve")
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
def test_a_first_user_is_added_and_logs_in(tmp_path: Path, commands: Commands) -> None:
    environment = _environment(tmp_path)
    assert commands(environment, "migrate").returncode == 0
    assert commands(environment, "add-user", "anna", "admin", text="correct horse\n").returncode == 0
    again = commands(environment, "add-user", "anna", "admin", text="correct horse\n")
    assert (again.returncode, "already" in again.stderr) == (2, True)
    with _serving(environment) as served:
        login = {"username": "anna", "password": "correct horse"}
        assert httpx.post(f"{served.url}/api/v1/session", json=login).json()["role"] == "admin"


@pytest.mark.slow
def test_the_openapi_schema_is_printed_without_touching_a_database(
    tmp_path: Path, commands: Commands
) -> None:
    data = tmp_path / "not-there"
    printed = commands(_environment(data), "openapi")
    assert "/api/v1/orders" in json.loads(printed.stdout)["paths"]
    assert not data.exists()


@pytest.mark.slow
@pytest.mark.parametrize("size", [0, 65_536])
def test_a_server_on_a_full_disk_says_so_in_one_sentence(tmp_path: Path, size: int) -> None:
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size})); "
    ended = subprocess.run(
        [sys.executable, "-c", limit + "from cloud.__main__ import serve; raise SystemExit(serve())"],
        env=_environment(tmp_path / "data") | {"PYTHONDONTWRITEBYTECODE": "1"},
        cwd=PLANT_FILE.parents[2],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("TAKTLINE_DATABASE_URL = ")
    assert len(ended.stderr.splitlines()) == 1
