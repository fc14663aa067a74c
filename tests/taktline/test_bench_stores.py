"""The benchmark of the stores runs and tells of both."""

import json
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_the_benchmark_of_the_stores_gives_its_figures_as_one_line() -> None:
    # In a process of its own: the engine that it opens does not bear forks.
    command = [sys.executable, "-m", "taktline", "bench", "stores", "--commits", "2", "--json"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    figures = json.loads(answer.stdout.splitlines()[-1])
    assert figures["points"] == 20_000
    for name in ("duckdb", "clickhouse"):
        assert figures[f"{name}_points_per_s"] > 0
        assert 0 < figures[f"{name}_bytes_per_point"] < 1000
    assert figures["ratio"] > 0
    assert "chdb-core" in figures["versions"]
