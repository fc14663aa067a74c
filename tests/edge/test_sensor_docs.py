"""The pages on sensors and derived tags: what they show is a gateway file that can be used."""

import re
from pathlib import Path

import pytest

from edge.config import load


@pytest.mark.parametrize("page", ["derived.md", "sensors.md"])
def test_every_example_on_the_page_is_a_usable_gateway_file(root: Path, tmp_path: Path, page: str) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", (root / "docs/edge" / page).read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        file = tmp_path / "gw.toml"
        file.write_text(block)
        load(file)
