"""What a gateway file may say about readers: the page is right, mistakes are named with what is accepted."""

import re
from pathlib import Path

import pytest
from edge_plcs import config
from pydantic import ValidationError

from edge.__main__ import check
from edge.config import load

TAG = {"name": "tag", "datatype": "String"}


def test_the_page_shows_a_usable_file_and_the_example_is_the_same(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", (root / "docs/edge/rfid.md").read_text(), re.DOTALL)
    assert block in (root / "edge/examples/rfid.toml").read_text()
    file = tmp_path / "gw.toml"
    file.write_text(block)
    assert check(file) == 0
    printed = capsys.readouterr().out
    assert "LLRP, antennas 1, 2, gone after 2 s" in printed
    assert "chafon18, 57600 baud" in printed
    assert load(file).device[0].roles == {1: "inside", 2: "outside"}


def test_every_simulator_option_and_fault_of_the_page_exists(root: Path) -> None:
    from simulators.faults import LINK_FAULTS  # noqa: PLC0415 - the page is about the edge but for these lines
    from simulators.llrp_reader import READER_FAULTS  # noqa: PLC0415
    from simulators.serial_uhf import SERIAL_READER_FAULTS  # noqa: PLC0415

    page = (root / "docs/edge/rfid.md").read_text()
    for name in {*LINK_FAULTS, *READER_FAULTS, *SERIAL_READER_FAULTS}:
        assert f"`{name}`" in page


@pytest.mark.parametrize(
    ("driver", "keys", "said"),
    [
        ("rfid_llrp", {"tag": [TAG | {"on": "arrived"}]}, r"need a \[device.presence\] table"),
        ("rfid_llrp", {"tag": [TAG | {"role": "gate"}]}, "no antenna has role 'gate'; accepted: none"),
        (
            "rfid_llrp",
            {"tag": [TAG | {"role": "gate"}], "antenna": [{"port": 1, "role": "door"}]},
            "no antenna has role 'gate'; accepted: door",
        ),
        ("rfid_llrp", {"tag": [TAG | {"field": "event"}]}, 'with on = "arrived" or "departed"'),
        ("rfid_llrp", {"tag": [TAG | {"field": "rssi"}]}, "field rssi does not fit String; accepted: Int32"),
        (
            "rfid_llrp",
            {"tag": [TAG | {"field": "first_seen"}]},
            "does not fit String; accepted: DateTime, Int64, UInt64",
        ),
        ("rfid_llrp", {"tag": [TAG | {"writable": True}]}, "takes no commands"),
        ("rfid_llrp", {"antenna": [{"port": 1}, {"port": 1}]}, "stands twice"),
        ("rfid_llrp", {"keepalive_s": 0.01}, "accepted: 0 for none, or 0.05 and more"),
        ("rfid_llrp", {"endpoint": "reader"}, "accepted: host:port"),
        (
            "rfid_serial",
            {"protocol": "chafon18", "tag": [{"name": "rssi", "datatype": "Int32", "field": "rssi"}]},
            "protocol chafon18 tells no rssi",
        ),
        ("rfid_serial", {"antenna": [{"port": 1, "power_dbm": 20.0}]}, "is only listened to"),
        (
            "rfid_serial",
            {"protocol": "r200", "antenna": [{"port": 2}]},
            "has one antenna; accepted: port = 1",
        ),
        ("rfid_serial", {"protocol": "impinj"}, "'lines', 'chafon18' or 'r200'"),
    ],
)
def test_a_mistake_is_named_with_what_is_accepted(driver: str, keys: dict[str, object], said: str) -> None:
    endpoint = "127.0.0.1:5084" if driver == "rfid_llrp" else "/dev/ttyUSB0"
    with pytest.raises(ValidationError, match=said):
        config({"id": "R1", "driver": driver, "endpoint": endpoint, "tag": [TAG], **keys})
