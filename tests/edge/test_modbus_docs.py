"""The page on Modbus: its example can be used, and its plan is printed."""

import re
from pathlib import Path

import pytest

from edge.__main__ import main


def test_the_example_is_usable_and_its_requests_are_printed(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", (root / "docs/edge/modbus.md").read_text(), re.DOTALL)
    file = tmp_path / "gw.toml"
    file.write_text(block)
    assert main(["check", str(file)]) == 0
    assert "scan" not in capsys.readouterr().err
    assert main(["plan", str(file)]) == 0
    said = capsys.readouterr().out
    assert "scan fast every 0.1 s, 1 tag: 1 request for 1 register\n    holding 4-4 (1) for 1 tag" in said
    assert "scan slow every 60 s, 1 tag: 1 request for 8 registers" in said
    assert "holding 15-" in said
    assert "coil 7-7 (1) for 1 tag" in said
    assert said.splitlines()[-1].endswith("requests/s in all")


def test_a_wrong_file_has_no_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(tmp_path / "none.toml")]) == 2
    assert "accepted: a TOML file" in capsys.readouterr().err
