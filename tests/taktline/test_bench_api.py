"""The benchmark of the API runs: clients get real OEE while points arrive, and no point is lost."""

import argparse

import pytest

from taktline.bench import BenchWrong, api


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timed
def test_clients_are_answered_while_points_arrive() -> None:
    figures = api.run(argparse.Namespace(clients=4, period=1.0, seconds=2.0, points_per_s=2000))
    assert figures["lost"] == 0
    assert figures["api_requests"] == figures["quiet_requests"] == 8
    assert 0 < figures["api_p50_ms"] <= figures["api_p99_ms"]
    assert 0 < figures["points_per_s"] <= 2000


def test_a_period_longer_than_the_run_is_refused() -> None:
    with pytest.raises(BenchWrong, match="accepted"):
        api.run(argparse.Namespace(clients=4, period=3.0, seconds=2.0, points_per_s=2000))
