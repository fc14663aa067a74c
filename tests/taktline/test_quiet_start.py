"""A run's plant time begins later where the cores are shared now, whatever they were a minute ago."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from taktline.plant_time import anchor_in
from wire.clock import real_ms

PER_CORE = 3


@pytest.fixture
def crowd() -> Iterator[None]:
    busy = "print(flush=True)\nwhile True: pass"
    programs = [
        subprocess.Popen([sys.executable, "-c", busy], stdout=subprocess.PIPE)
        for _ in range(PER_CORE * (os.cpu_count() or 1))
    ]
    for program in programs:
        assert program.stdout is not None
        program.stdout.readline()  # it runs
    yield
    for program in programs:
        program.kill()
        program.communicate()


@pytest.mark.usefixtures("crowd")
def test_on_a_crowded_machine_programs_get_more_time_to_start() -> None:
    quiet_ms = anchor_in(10.0) - real_ms()
    assert 15_000 < quiet_ms <= 40_000


def test_nobody_gets_less_than_what_a_quiet_machine_needs() -> None:
    before_ms = real_ms()
    anchor_ms = anchor_in(10.0)
    assert before_ms + 10_000 <= anchor_ms <= real_ms() + 40_000
