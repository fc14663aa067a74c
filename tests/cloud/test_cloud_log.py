"""The log is one JSON object per line for machines, and shows no local variables to anyone."""

import json

import pytest
import structlog

from cloud.log import configure_log


@pytest.fixture(autouse=True)
def _restore() -> None:
    configure_log(as_json=True)


def _fail_with(secret: str) -> None:
    structlog.get_logger("test").info("before", plant="苏州", length=len(secret))
    try:
        int("it failed")
    except ValueError:
        structlog.get_logger("test").exception("job_failed", job="x")


def test_each_line_is_a_json_object_with_level_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    _fail_with("hunter2")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [("before", "info"), ("job_failed", "error")]
    assert lines[0]["plant"] == "苏州"
    assert lines[0]["timestamp"].endswith("Z")
    assert "ValueError: invalid literal" in lines[1]["exception"]


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_shows_no_local_variables(capsys: pytest.CaptureFixture[str], *, as_json: bool) -> None:
    configure_log(as_json=as_json)
    _fail_with("hunter2")
    configure_log(as_json=True)
    written = capsys.readouterr().err
    assert "it failed" in written
    assert "hunter2" not in written


def test_lines_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_log(level="warning", as_json=True)
    _fail_with("hunter2")
    configure_log(as_json=True)
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["job_failed"]
