"""The benchmark of the historian gives every figure that the aims name, as one line."""

import json

import pytest

from taktline.bench import main

AIMED = {"insert_ratio", "bytes_per_point", "bytes_ratio", "minute_day_ms", "latest_1000_ms", "commit_p99_ms"}


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(400)
def test_the_historian_benchmark_gives_its_figures_as_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--tags", "100", "--hours", "2", "--rows", "5000", "--rate", "2000", "--seconds", "6"]
    words += ["--clients", "2", "--api-seconds", "2"]
    assert main(["historian", *words, "--json"]) == 0
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line["bench"] == "historian"
    assert line.keys() >= {*AIMED, "api_p99_ms", "api_p99_ratio"}
    assert all(line[name] > 0 for name in (*AIMED, "api_p99_ms", "api_p99_ratio"))
    assert line["points"] == 75_000  # 2 hours of 100 tags every 10 s, in whole commits of 5,000
    assert line["api_lost"] == 0


def test_a_history_that_cannot_be_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["historian", "--tags", "150"]) == 2
    assert "a multiple of 100" in capsys.readouterr().err
