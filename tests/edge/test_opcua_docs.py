"""The page on OPC UA keeps its word: its example is accepted, its keys and commands exist."""

import re
from pathlib import Path

import pytest

from edge.config import load
from edge.devices.opcua import OpcUaDevice, OpcUaTag
from edge.drivers.opcua.certificate_command import main as certificates
from edge.errors import ConfigWrong
from simulators.serve.opcua import FAULTS


@pytest.fixture
def page(root: Path) -> str:
    return (root / "docs/edge/opcua.md").read_text()


@pytest.fixture
def example(page: str) -> str:
    (block,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    return str(block)


def test_the_example_is_accepted_and_shows_every_special_key(tmp_path: Path, example: str) -> None:
    file = tmp_path / "gw.toml"
    file.write_text(example)
    device = load(file).device[0]
    assert isinstance(device, OpcUaDevice)
    assert device.pki == str(tmp_path.resolve() / "pki")
    assert [tag.name for tag in device.tag if tag.name.startswith("zone")] == [f"zone[{n}]" for n in range(4)]
    assert device.tag[-1].path == (1, "position", "actual")
    special = (OpcUaTag.model_fields.keys() | OpcUaDevice.model_fields.keys()) - {
        *("offset", "scale", "clock", "history", "derived", "tag", "password_in_clear"),
    }
    assert {key for key in special if not re.search(rf"^#?\s*{key} =", example, re.MULTILINE)} == set()


def test_faults_and_commands_of_the_page_exist(page: str) -> None:
    assert set(re.findall(r"`fault (\w+)", page)) <= FAULTS.keys()
    for command in re.findall(r"taktline edge opcua-cert (\w+)", page):
        with pytest.raises(SystemExit) as left:
            certificates([command, "--help"])
        assert left.value.code == 0


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('security = "Basic256Sha256"', 'security = "Basic128Rsa15"', "accepted: 'none', 'Basic256Sha256'"),
        ('mode = "sign_and_encrypt"', 'mode = "sign"', "channel that is not encrypted"),
        ("flatten = 4", "flatten = 4\nindex = 1", "index and flatten exclude each other"),
        ("flatten = 4", "flatten = 4\nwritable = true", "cannot be written; accepted: a scalar node"),
        ("range = [0, 250]", "range = [250, 0]", "accepted: [low, high] with low < high"),
        ('"position.actual"', '"position..actual"', "accepted: a structure's field such as speed"),
        ("opc.tcp://10", "opc.tcp://user:secret@10", "accepted: opc.tcp://host:port"),
        ('password = "…"', "", "username and password belong together"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, example: str, before: str, after: str, said: str) -> None:
    assert before in example
    file = tmp_path / "gw.toml"
    file.write_text(example.replace(before, after, 1))
    with pytest.raises(ConfigWrong) as wrong:
        load(file)
    assert said in str(wrong.value)
