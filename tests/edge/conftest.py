"""What the tests of the edge share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest
from tck_life import Life
from uplink_world import MOSQUITTO, free_port, mosquitto

from edge.config import load
from edge.errors import ConfigWrong


def toml(value: object) -> str:
    """`value` as TOML writes it inline."""
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{orjson.dumps(key).decode()} = {toml(part)}" for key, part in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(toml(part) for part in value) + "]"
    return orjson.dumps(value).decode()


@pytest.fixture
def findings(tmp_path: Path) -> Callable[[dict[str, object]], list[str]]:
    """What is wrong with a gateway file that has this one device."""

    def find(device: dict[str, object]) -> list[str]:
        file = tmp_path / "gw.toml"
        file.write_text(
            f'gateway = {{ group = "g", node = "n" }}\nspool = {{ path = "x" }}\ndevice = [{toml(device)}]\n'
        )
        with pytest.raises(ConfigWrong) as caught:
            load(file)
        return list(caught.value.findings)

    return find


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory, require: Callable[[object, str], None]) -> Iterator[Life]:
    """One recorded life of a node, for the conformance tests."""
    require(MOSQUITTO.exists(), "Mosquitto")
    folder = tmp_path_factory.mktemp("life")
    first, second = free_port(), free_port()
    with mosquitto(folder / "one", first), mosquitto(folder / "two", second):
        yield Life(folder, first, second)
