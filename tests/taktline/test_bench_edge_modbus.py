"""The Modbus benchmark runs the real gateway and counts every value that was due."""

import argparse
from collections.abc import Callable

import pytest

from taktline.bench.edge_modbus import add_arguments, run
from taktline.broker import mosquitto_path


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timed
def test_every_value_that_is_due_comes(require: Callable[[object, str], None]) -> None:
    require(mosquitto_path(), "Mosquitto")
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    words = "--devices 3 --units 3 --tags 20 --period 0.5 --seconds 6 --dead 1"
    figures = run(parser.parse_args(words.split(" ")))
    assert figures["due_per_s"] == 120
    assert figures["values_per_s"] > 100
    assert figures["registers_per_request"] >= 20
    assert figures["rss_mb"] < 80
    assert figures["age_p50_ms"] < 2000
    assert figures["pymodbus_us_per_value"] > 0
    assert figures["dead"]["living_polls_per_s"] > 3
