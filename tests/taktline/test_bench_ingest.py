"""The benchmark of ingestion runs, proves its load whole, and tells a loss from a doubled point."""

import argparse
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from taktline.bench import ingest
from taktline.bench.ingest_load import LOADS, gateways_of
from taktline.programs import wait_until

_KEYS = (
    "points_per_s",
    "cpu_s_per_million",
    "decode_cpu_s_per_million",
    "insert_cpu_s_per_million",
    "ratio",
)


@pytest.mark.slow
@pytest.mark.parametrize("load", LOADS)
def test_every_load_arrives_whole_and_once(load: str, tmp_path: Path) -> None:
    options = argparse.Namespace(load=load, points=4000, gateways=2, keep=tmp_path)
    figures = ingest.run(options)
    assert (figures["lost"], figures["duplicated"]) == (0, 0)
    assert figures["points"] >= 4000
    assert all(figures[key] > 0 for key in _KEYS)


@pytest.mark.slow
def test_a_benchmark_that_is_ended_leaves_no_program_behind(root: Path) -> None:
    words = [sys.executable, "-m", "taktline", "bench", "ingest", "--points", "50_000_000"]
    with subprocess.Popen(words, cwd=root, stderr=subprocess.DEVNULL) as bench:
        own = Path(f"/proc/{bench.pid}/task/{bench.pid}/children")
        assert wait_until(lambda: len(own.read_text().split()) >= 2, 60.0)  # broker and ingestion
        started = own.read_text().split()
        bench.terminate()
        assert bench.wait(120.0) == 128 + signal.SIGTERM
    assert [pid for pid in started if Path(f"/proc/{pid}").exists()] == []


def test_a_load_is_the_same_for_the_same_arguments() -> None:
    once, again = (gateways_of("exception", 2, 1000) for _ in range(2))
    for one, other in zip(once, again, strict=True):
        assert [one.section(i) for i in range(len(one.batches))] == [
            other.section(i) for i in range(len(other.batches))
        ]
    widths = {len(batch.metrics) for batch in once[0].batches}
    assert len(widths) > 5
    assert {len(batch.metrics) for batch in gateways_of("scan", 1, 1000)[0].batches} == {100}
    assert {len(batch.metrics) for batch in gateways_of("small", 1, 1000)[0].batches} == {10}
