"""The systemd unit of a gateway: hardened, escaped, accepted by systemd."""

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.install import main

TOML = """
[gateway]
group = "suzhou"
node = "gw-l1"
[spool]
path = "spool/gw.spool"
[[device]]
id = "M1"
driver = "{driver}"
endpoint = "{endpoint}"
{keys}
"""
MODBUS = {
    "driver": "modbus",
    "endpoint": "10.0.0.7:502",
    "keys": 'tag = [{ name = "x", datatype = "Int32", address = 1, type = "uint16" }]',
}
SERIAL = {
    "driver": "rfid_serial",
    "endpoint": "/dev/ttyUSB0",
    "keys": 'tag = [{ name = "tag", datatype = "String", field = "epc" }]',
}


def written(folder: Path, keys: dict[str, str]) -> str:
    (folder / "spool").mkdir(parents=True)
    file = folder / "gw.toml"
    file.write_text(TOML.format(**keys))
    assert main([str(file), "--dir", str(folder)]) == 0
    return (folder / "taktline-gw-l1.service").read_text()


def test_the_unit_runs_the_file_hardened_and_may_write_its_spool_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = written(tmp_path / "my gateway 50%", MODBUS)
    lines = text.splitlines()
    assert f'-m edge run "{tmp_path}/my gateway 50%%/gw.toml"' in text
    assert f'ReadWritePaths="{tmp_path}/my gateway 50%%/spool"' in lines
    for line in (
        "User=taktline",
        "Restart=always",
        "RestartPreventExitStatus=2",
        "ExecReload=kill -HUP $MAINPID",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "PrivateDevices=yes",
        "WantedBy=multi-user.target",
    ):
        assert line in lines
    assert "{" not in text
    said = capsys.readouterr().out
    assert "systemctl daemon-reload && systemctl enable --now taktline-gw-l1" in said
    assert f"taktline edge status {tmp_path}/my gateway 50%/gw.toml" in said


def test_a_gateway_with_a_serial_port_may_open_it(tmp_path: Path) -> None:
    lines = written(tmp_path / "gw", SERIAL).splitlines()
    assert "SupplementaryGroups=dialout" in lines
    assert "PrivateDevices=yes" not in lines


def test_a_dry_run_prints_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gw.toml").write_text(TOML.format(**MODBUS))
    assert main([str(tmp_path / "gw.toml"), "--dir", str(tmp_path), "--dry-run", "--user", "plant"]) == 0
    assert "User=plant" in capsys.readouterr().out.splitlines()
    assert [path.name for path in tmp_path.iterdir()] == ["gw.toml"]


def test_a_wrong_file_or_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gw.toml").write_text("gateway = 1")
    assert main([str(tmp_path / "gw.toml"), "--dir", str(tmp_path)]) == 2
    assert "gateway: 1 is not accepted" in capsys.readouterr().err
    (tmp_path / "gw.toml").write_text(TOML.format(**MODBUS))
    assert main([str(tmp_path / "gw.toml"), "--dir", str(tmp_path / "none")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_the_unit_is_sections_of_keys_that_stand_once(tmp_path: Path) -> None:
    parser = configparser.ConfigParser(interpolation=None, strict=True, allow_no_value=False, delimiters="=")
    parser.optionxform = str  # type: ignore[assignment,method-assign]  systemd's keys have capitals
    parser.read_string(written(tmp_path / "gw", MODBUS))
    assert parser.sections() == ["Unit", "Service", "Install"]
    keys = [(key, value) for section in parser.values() for key, value in section.items()]
    assert all(key.isalpha() for key, _ in keys)
    assert [key for key, value in keys if not value] == ["CapabilityBoundingSet"]  # none at all
    assert parser["Service"]["Type"] == "exec"


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        return  # the test above holds wherever systemd is not
    written(tmp_path / "gw", MODBUS)
    unit = tmp_path / "gw" / "taktline-gw-l1.service"
    checked = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60, check=False
    )
    ours = [line for line in checked.stderr.splitlines() if "taktline-gw-l1" in line]
    assert not ours, checked.stderr
    unit.write_text(unit.read_text().replace("Type=exec", "Type=exce"))  # and it does look
    checked = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60, check=False
    )
    assert "exce" in checked.stderr
