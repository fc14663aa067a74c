"""The floors of the house: the contracts hold, and a planted violation is caught."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ("wire", "edge", "models", "cloud", "simulators", "taktline")
LINTER = Path(sys.executable).with_name("lint-imports")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINTER, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.slow
def test_all_import_contracts_hold(root: Path) -> None:
    result = lint(root)
    assert result.returncode == 0, result.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("edge/scaling.py", "import cloud.db", "the house"),
        ("simulators/world.py", "import models.oee", "edge and simulators know nothing of models"),
        ("cloud/plant/queries.py", "import cloud.production.queries", "the floors of the cloud"),
        ("models/oee/score.py", "import taktline", "the house"),
    ],
)
def test_a_planted_upward_import_is_caught(
    root: Path, tmp_path: Path, file: str, line: str, contract: str
) -> None:
    for package in PACKAGES:
        shutil.copytree(
            root / package,
            tmp_path / package,
            ignore=shutil.ignore_patterns("node_modules", "dist", "__pycache__", "*.toml"),
        )
    shutil.copy(root / "pyproject.toml", tmp_path)
    target = tmp_path / file
    assert target.exists(), f"{file} moved: plant the violation elsewhere"
    target.write_text(target.read_text() + f"\n{line}\n")
    result = lint(tmp_path)
    assert result.returncode != 0
    broken = [row for row in result.stdout.splitlines() if "BROKEN" in row]
    assert any(contract in row for row in broken), result.stdout
