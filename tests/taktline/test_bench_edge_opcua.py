"""The OPC UA benchmark runs for real, small: every value comes once, beside the library itself."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_a_small_run_loses_nothing_and_names_its_reference(root: Path) -> None:
    words = ["bench", "edge-opcua", "--nodes", "50", "--rate", "200", "--seconds", "1", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "taktline", *words],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        cwd=root,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert (figures["bench"], figures["due_per_s"]) == ("edge-opcua", 200.0)
    assert (figures["lost"], figures["doubled"]) == (0, 0)
    assert figures["values_per_s"] > 0
    assert figures["library_values_per_s"] > 0
    assert {"cpu_core", "rss_mb", "age_p50_ms", "age_p99_ms", "cpu_ratio_to_library"} <= figures.keys()
