"""The client that the web app calls the cloud with is the one that the cloud's contract makes today."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cloud.__main__ import openapi

AGAIN = "python -m cloud openapi > cloud/ui/openapi.json && npm --prefix cloud/ui run generate"


def test_the_contract_in_the_tree_is_the_one_that_the_cloud_gives(root: Path) -> None:
    kept = json.loads((root / "cloud/ui/openapi.json").read_text())
    assert kept == openapi(), f"the API changed; run: {AGAIN}"


@pytest.mark.slow
def test_the_client_in_the_tree_is_the_one_that_the_contract_makes(
    root: Path, tmp_path: Path, require: Callable[[object, str], None]
) -> None:
    ui = root / "cloud/ui"
    generator = ui / "node_modules/.bin/openapi-typescript"
    require(generator.exists(), "the web app's packages")
    made = tmp_path / "api.gen.ts"
    command = [str(generator), "openapi.json", "-o", str(made)]
    subprocess.run(command, cwd=ui, check=True, capture_output=True, timeout=100)
    assert made.read_text() == (ui / "src/api.gen.ts").read_text(), f"the contract changed; run: {AGAIN}"
