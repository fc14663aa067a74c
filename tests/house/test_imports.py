"""The floors of the house: the contracts hold, and a planted violation is caught."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ("wire", "edge", "models", "cloud", "simulators", "taktline")
PLANTED = (
    ("edge/scaling.py", "cloud.db", "the house"),
    ("simulators/world.py", "models.oee", "edge and simulators know nothing of models"),
    ("cloud/plant/routes.py", "cloud.production.queries", "the floors of the cloud"),
    ("models/oee/score.py", "taktline", "the house"),
)
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
def test_planted_upward_imports_are_caught_each_by_its_contract(root: Path, tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(
            root / package,
            tmp_path / package,
            ignore=shutil.ignore_patterns("node_modules", "dist", "__pycache__", "*.toml"),
        )
    shutil.copy(root / "pyproject.toml", tmp_path)
    for file, imported, _ in PLANTED:
        target = tmp_path / file
        assert target.exists(), f"{file} moved: plant the violation elsewhere"
        target.write_text(target.read_text() + f"\nimport {imported}\n")
    result = lint(tmp_path)
    assert result.returncode != 0
    _, *told = re.split(r"^(\S.*)\n-+\n", result.stdout.partition("Broken contracts")[2], flags=re.MULTILINE)
    reports = dict(zip(told[::2], told[1::2], strict=True))
    for file, imported, name in PLANTED:
        (report,) = [report for contract, report in reports.items() if name in contract]
        importer = file.removesuffix(".py").replace("/", ".")
        assert f"{importer} -> {imported} (l." in report, report
