"""The README keeps its word: every command in it runs, every link leads somewhere."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest

from taktline.programs import free_port, wait_until

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


def commands(root: Path) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", (root / "README.md").read_text(), flags=re.DOTALL)
    return [line for block in blocks for line in block.strip().splitlines()]


def product_command(root: Path, start: str) -> list[str]:
    """The README's command that begins so, run with this interpreter's environment."""
    (found,) = [command for command in commands(root) if command.startswith(start)]
    words = shlex.split(found)
    assert words[0] == ".venv/bin/taktline"
    return [sys.executable, "-m", "taktline", *words[1:]]


def test_the_readme_has_only_commands_that_are_tested_here(root: Path) -> None:
    tested = ("make demo", ".venv/bin/taktline demo --headless", ".venv/bin/taktline edge check", "make test")
    assert [next(t for t in tested if c.startswith(t)) for c in commands(root)] == list(tested)


def test_every_link_and_picture_of_the_readme_exists(root: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", (root / "README.md").read_text())
    assert links
    assert [link for link in links if "://" not in link and not (root / link).exists()] == []


def test_make_knows_the_targets_of_the_readme(root: Path) -> None:
    for target in ("demo", "test"):
        planned = subprocess.run(
            ["make", "-n", target], cwd=root, capture_output=True, text=True, timeout=60, check=True
        )
        assert "-m taktline demo" in planned.stdout or "-m pytest" in planned.stdout
    menu = subprocess.run(["make"], cwd=root, capture_output=True, text=True, timeout=60, check=True)
    assert {"demo", "test", "lint", "check", "bench", "soak", "fuzz", "ui"} <= set(
        re.findall(r"make (\w+)", menu.stdout)
    )


@pytest.mark.slow
def test_the_example_gateway_is_usable(root: Path) -> None:
    done = subprocess.run(
        product_command(root, ".venv/bin/taktline edge check"),
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "usable" in done.stdout


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.long
@pytest.mark.timeout(400)
def test_the_headless_run_of_the_readme_tells_the_truth(root: Path) -> None:
    done = subprocess.run(
        product_command(root, ".venv/bin/taktline demo --headless"),
        cwd=root,
        capture_output=True,
        text=True,
        timeout=380,
        check=False,
    )
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["damage"] == []
    assert done.returncode == 0, done.stderr
    assert report["produced"] == report["stored"] > 2000
    assert report["linked"] > 50
    assert all(row["coverage"] > 0.98 for row in report["machines"])


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.long
@pytest.mark.timeout(200)
def test_make_demo_prints_address_and_logins_and_ends_on_ctrl_c(
    root: Path, tmp_path: Path, require: Callable[[object, str], None]
) -> None:
    require((root / "cloud/ui/dist/index.html").exists(), "the built web app")
    out = tmp_path / "out.txt"
    with out.open("wb") as stream:
        demo = subprocess.Popen(
            [sys.executable, "-m", "taktline", "demo", "--port", str(free_port())],
            cwd=root,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        assert wait_until(lambda: "Ctrl-C" in out.read_text() or demo.poll() is not None, 120)
        text = out.read_text()
        found = ADDRESS.search(text)
        assert found is not None, text
        for login in ("admin", "manager", "planner", "operator", "taktline-demo"):
            assert login in text
        with urlopen(found.group(0), timeout=60) as page:  # noqa: S310 -- the address printed just now
            assert b"<html" in page.read()
    finally:
        demo.send_signal(signal.SIGINT)
        code = demo.wait(60)
    assert code == 0
    assert "Stopped" in out.read_text()


def test_the_demo_refuses_an_address_that_others_can_reach(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "taktline", "demo", "--host", "0.0.0.0"],  # noqa: S104 -- refused, that is the test
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "127.0.0.1" in done.stderr
