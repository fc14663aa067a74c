"""What a wrong plant file is told, what a tag says."""

from pathlib import Path

import pytest
from demo_worlds import DEMO

from simulators.epc import sgtin96
from simulators.plant_file import read_plant
from simulators.plant_table import PlantFileWrong


def write(tmp_path: Path, old: str, new: str) -> Path:
    text = DEMO.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "plant.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("wear_h = [5.0, 9.0]", "wear_h = [9.0, 5.0]", r"plant.toml.machine\[0\].world.wear_h .*least, most"),
        ("jam_mean_min = 14, ", "", r"machine\[0\].world.jam_mean_min is missing; accepted: a number"),
        ('start = "08:00"', 'start = "8 o\'clock"', r"shift\[0\].start .*a time of day"),
        ('"mon", "tue"', '"mon", "die"', r"shift\[0\].days .*a list of mon, tue"),
        ("reject = 0.010", "reject = 1.5", r"world.reject .*a share from 0 to below 1"),
        ('4 = "blocked"', '4 = "stuck"', r"state_codes: one number for each of running"),
        ('machine = "L1-OP10", ideal', 'machine = "L1-OP99", ideal', r"routing of BD-280 must visit"),
        ("origin = 2026-03-02T16:00:00+08:00", 'origin = "soon"', r"plant.origin .*a date-time with offset"),
        ('protocol = "manual"', 'protocol = "opcua"', r"machine\[8\].gateway is missing"),
        ('"line:L3" = {', '"line:L9" = {', r"world.targets: 'line:L9' is no scope; accepted: site, line:L1"),
        ("site = { oee", "site = { eoo", r"world.targets.site: 'eoo' is no aim; accepted: oee, "),
        ("[plant]", "[plant", r"plant.toml is not TOML"),
    ],
)
def test_a_wrong_file_is_told_the_key_and_what_is_accepted(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    with pytest.raises(PlantFileWrong, match=told):
        read_plant(write(tmp_path, old, new))


def test_the_epc_of_the_gs1_example() -> None:
    """GS1 Tag Data Standard: GTIN 80614141123458, serial 6789, filter 3."""
    assert sgtin96("80614141123458", "0614141", 6789, 3) == "3074257BF7194E4000001A85"


@pytest.mark.parametrize(
    ("gtin", "prefix", "serial"),
    [("6912345000019", "6912345", 1), ("06912345000019", "999", 1), ("06912345000019", "6912345", 1 << 38)],
)
def test_an_epc_of_wrong_parts_is_refused(gtin: str, prefix: str, serial: int) -> None:
    with pytest.raises(ValueError, match=r"GTIN|prefix|serial"):
        sgtin96(gtin, prefix, serial)
