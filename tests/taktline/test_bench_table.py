"""The table of benchmarks: one JSON line last, and clear answers to wrong questions."""

import argparse
import json
from importlib import import_module

import pytest

from taktline.bench import BENCHES, main, versions


def test_every_benchmark_declares_its_options_and_runs() -> None:
    for module in BENCHES.values():
        found = import_module(module)
        found.add_arguments(argparse.ArgumentParser())
        assert callable(found.run)


def test_a_benchmark_prints_one_json_line_last(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sums", "--upto", "10", "--json"], {"sums": __name__}) == 0
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line == {"bench": "sums", "sum": 45}


def test_an_unknown_benchmark_is_refused_with_the_names(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["nothing"])
    assert end.value.code == 2
    assert "condition" in capsys.readouterr().err


def test_an_option_out_of_range_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["condition", "--hours", "0"]) == 2
    assert "accepted: 1 or more" in capsys.readouterr().err


def test_versions_name_what_is_installed() -> None:
    assert set(versions("pytest", "no-such-thing-at-all")) == {"python", "pytest"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--upto", type=int, default=3)


def run(options: argparse.Namespace) -> dict[str, int]:
    return {"sum": sum(range(options.upto))}
