"""A gateway stays small: the edge extra alone imports all of `edge`, without the cloud's dependencies."""

import subprocess
import sys
from pathlib import Path

import pytest

CLOUD_ONLY = ("fastapi", "sqlalchemy", "duckdb", "pyarrow", "numpy", "sklearn", "ortools", "amqtt")
PROBE = f"""
import importlib, pathlib, sys
import edge
for path in sorted(pathlib.Path(edge.__file__).parent.rglob("*.py")):
    parts = path.relative_to(pathlib.Path(edge.__file__).parents[1]).with_suffix("").parts
    importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
loaded = [name for name in {CLOUD_ONLY!r} if name in sys.modules]
installed = [name for name in {CLOUD_ONLY!r} if importlib.util.find_spec(name)]
print("loaded", loaded, "installed", installed)
raise SystemExit(bool(loaded or installed))
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_edge_only_install_imports_all_of_edge(root: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    # This interpreter's pip serves the other environment; nothing is compiled ahead that is not imported.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True, timeout=120)
    pip = [sys.executable, "-m", "pip", "--python", venv / "bin/python", "--disable-pip-version-check", "-q"]
    subprocess.run(
        [*pip, "install", "--no-compile", "--require-hashes", "-r", root / "requirements/edge.txt"],
        check=True,
        timeout=240,
        capture_output=True,
    )
    for package in ("wire", "edge", "taktline"):
        (venv / "lib/python3.11/site-packages" / package).symlink_to(root / package)
    probe = subprocess.run(
        [venv / "bin/python", "-c", PROBE],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=tmp_path,
    )
    assert probe.returncode == 0, probe.stdout + probe.stderr
    example = root / "edge/examples/gateway.toml"
    check = subprocess.run(
        [venv / "bin/python", "-m", "taktline", "edge", "check", example],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=tmp_path,
    )
    assert check.returncode == 0, check.stdout + check.stderr
