"""The page on the uplink says what the gateway takes."""

import re
from pathlib import Path

from edge.agent import rules_of
from edge.config import load
from edge.gateway import UplinkSettings
from edge.write_rules import WriteRule


def test_the_page_s_example_is_a_gateway_file(root: Path, tmp_path: Path) -> None:
    page = (root / "docs" / "edge" / "uplink.md").read_text()
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    path = tmp_path / "gw.toml"
    path.write_text(example)
    config = load(path)
    settings = UplinkSettings(**config.uplink.model_dump())
    assert settings.brokers == [("mqtt1.plant", 1883), ("mqtt2.plant", 1883)]
    assert not config.commands.plain
    assert rules_of(config) == {("L1-OP10", "speed"): WriteRule("Int32", 0.0, 1500.0)}
