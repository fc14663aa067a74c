"""A gateway file: the example is right, and every mistake is named with file, key and what is accepted."""

import tomllib
from pathlib import Path

import pytest

from edge.__main__ import check
from edge.config import load
from edge.errors import ConfigWrong


@pytest.fixture
def example(root: Path) -> str:
    return (root / "edge/examples/gateway.toml").read_text()


def findings(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "gw.toml"
    file.write_text(text)
    with pytest.raises(ConfigWrong) as caught:
        load(file)
    assert str(caught.value).startswith(f"{file}: ")
    return list(caught.value.findings)


def test_every_example_is_accepted_and_summed_up(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    examples = sorted((root / "edge/examples").glob("*.toml"))
    assert examples
    for path in examples:
        assert check(path) == 0
    printed = capsys.readouterr().out
    assert "1 request for 19 registers" in printed
    assert "ring of 64 in at most 10 requests" in printed


def test_the_example_shows_one_device_of_each_driver(example: str) -> None:
    assert {device["driver"] for device in tomllib.loads(example)["device"]} == {
        "modbus",
        "opcua",
        "rfid_serial",
    }


def test_a_relative_spool_starts_at_the_folder_of_the_file(tmp_path: Path, example: str) -> None:
    (tmp_path / "gw.toml").write_text(example)
    assert load(tmp_path / "gw.toml").spool.path == str(tmp_path / "gw-l1.spool")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('node = "gw-l1" ', "", "gateway.node: is missing"),
        ('node = "gw-l1" ', 'node = "gw/l1" ', "gateway.node: accepted: printable text without + / #"),
        (
            "port = 1883",
            "port = 70000",
            "uplink.port: 70000 is not accepted; accepted: less than or equal to 65535",
        ),
        ("port = 1883", "prot = 1883", "uplink.prot: unknown key; accepted here: host, port, username"),
        ("max_mb = 512", 'max_mb = "512"', "spool.max_mb: '512' is not accepted; accepted: a valid integer"),
        (
            'driver = "rfid_serial"',
            'driver = "rfid"',
            "device[2](L1-RFID).driver: 'rfid' is not a driver; accepted:",
        ),
        ('driver = "rfid_serial"', "", "device[2](L1-RFID).driver: is missing; accepted: modbus, opcua"),
        ('id = "L1-RFID"', 'id = "L1-OP10"', "device[2].id: 'L1-OP10' is already the id of device[0]"),
        ("unit = 2", "unti = 2", "device[1](L1-OP20).unti: unknown key; accepted here: id, driver, endpoint"),
        (
            "period_s = 0.5",
            "period_s = 0",
            "device[1](L1-OP20).period_s: 0 is not accepted; accepted: greater",
        ),
        ("127.0.0.1:5020", "127.0.0.1", "device[1](L1-OP20).endpoint: accepted: host:port"),
        ("opc.tcp://127.0.0.1", "http://x", "device[0](L1-OP10).endpoint: 'http://x:4840' is not accepted"),
        (
            "ns=2;s=L1-OP10.job",
            "L1-OP10.job",
            "device[0](L1-OP10).tag[1](job).node: accepted: an OPC UA node id",
        ),
        ('name = "job"', 'name = "state"', "device[0](L1-OP10): 'state' stands twice"),
        (
            'name = "job"',
            'name = "observed_since"',
            "tag[1](observed_since).name: this name belongs to the gateway",
        ),
        (
            'datatype = "Int32"',
            'datatype = "Int33"',
            "tag[0](state).datatype: 'Int33' is not accepted; accepted: 'Int8'",
        ),
        (
            'type = "float32"',
            'type = "float31"',
            "tag[5](condition).type: 'float31' is not accepted; accepted: 'uint16'",
        ),
        (
            "address = 15",
            "address = 65535",
            "tag[5](condition): float32 at 65535 ends behind the last address",
        ),
        ("address = 15", "address = 14", "tag condition (holding 14-15) overlaps tag run_s (11-14)"),
        ("address = 20", "address = 10", "overlaps"),
        ("# forbidden", "forbidden = [[5, 5]] #", "tag job (5-6) lies in forbidden [5, 5]"),
        ("gap = 8", "gap = 8\nword_odrer = 1", "device[1](L1-OP20).word_odrer: unknown key"),
        ("size = 16", "size = 12", "field reject does not fit into an entry of 12 registers"),
        ("seq = { offset = 0", "sq = { offset = 0", "device[1](L1-OP20).history: fields lacks seq"),
        (
            "job = { offset = 7",
            "jbo = { offset = 7",
            "history names jbo; accepted: seq, ts_ms, state, job, good",
        ),
        (
            '"good", "reject"]',
            '"goods", "reject"]',
            "device[0](L1-OP10): history names goods; accepted: seq, ts_ms",
        ),
        (
            "deadband = { absolute = 5.0 }",
            "deadband = { absolut = 5.0 }",
            "deadband.absolut: unknown key; accepted here: absolute, percent",
        ),
        ('field = "epc"', 'field = "rssi"', "field rssi does not fit String"),
        ('datatype = "String"', 'datatype = "Int32"', "field epc does not fit Int32"),
    ],
)
def test_a_mistake_is_named_with_its_key_and_what_is_accepted(
    tmp_path: Path, example: str, old: str, new: str, expected: str
) -> None:
    assert old in example
    found = findings(tmp_path, example.replace(old, new, 1))
    assert any(expected in finding for finding in found), found


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ('datatype = "String"\ntype = "uint16"', "uint16 does not fit String"),
        (
            'datatype = "Int32"\ntype = "float32"',
            "float32 does not fit Int32; accepted datatypes: Float, Double",
        ),
        ('datatype = "Int32"\ntype = "uint16"\nscale = 0.1', "Int32 cannot carry a fractional scale"),
        ('datatype = "Boolean"\ntype = "uint16"\nscale = 2.0', "Boolean takes no scale"),
        ('datatype = "Double"\ntype = "uint16"\nscale = 0.0', "scale = 0 would make every value the same"),
        ('datatype = "Double"\ntype = "uint16"\nscale = nan', "accepted: a finite number"),
        ('datatype = "Boolean"\ntype = "bit"', "bit says which bit of a register"),
        ('datatype = "Int32"\ntype = "uint16"\ntable = "coil"', "a uint16 does not stand in table coil"),
    ],
)
def test_an_impossible_datatype_is_refused(tmp_path: Path, tag: str, expected: str) -> None:
    text = f"""
gateway = {{ group = "g", node = "n" }}
spool = {{ path = "x" }}
[[device]]
id = "d"
driver = "modbus"
endpoint = "127.0.0.1:502"
[[device.tag]]
name = "t"
address = 7
{tag}
"""
    found = findings(tmp_path, text)
    assert any("device[0](d).tag[0](t)" in finding and expected in finding for finding in found), found


def test_all_mistakes_are_named_at_once(tmp_path: Path, example: str) -> None:
    text = example.replace("unit = 2", "unti = 2").replace("port = 1883", "port = 0").replace("Int32", "int")
    assert len(findings(tmp_path, text)) >= 4


def test_a_password_is_never_shown(tmp_path: Path, example: str) -> None:
    found = findings(tmp_path, example.replace("port = 1883", "password = 20261123"))
    assert found == ["uplink.password: this is not accepted; accepted: a valid string"]


def test_text_that_is_not_toml_names_the_line(tmp_path: Path) -> None:
    assert findings(tmp_path, "[gateway]\ngroup = \n") == ["is not TOML: Invalid value (at line 2, column 9)"]


def test_a_missing_file_is_a_finding(tmp_path: Path) -> None:
    with pytest.raises(ConfigWrong, match="cannot be read: No such file"):
        load(tmp_path / "none.toml")


def test_check_prints_findings_without_a_stack_trace_and_returns_2(
    tmp_path: Path, example: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "gw.toml"
    file.write_text(example.replace("unit = 2", "unti = 2"))
    assert check(file) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"{file}: device[1](L1-OP20).unti: unknown key")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('password = "x"', "uplink: password is given without username; accepted: both or neither"),
        (
            'username = "x"\npassword = "y"\npassword_env = "Z"',
            "uplink: password and password_env are both given; accepted: one of password, password_file",
        ),
        ('ca_file = "a"\ncert_file = "b"', "uplink: cert_file and key_file belong together"),
        (
            'cert_file = "b"\nkey_file = "c"',
            "uplink: cert_file needs TLS; accepted: with ca_file, or with tls",
        ),
        ("insecure = true", "uplink.insecure: unknown key; accepted here: host, port, username, password"),
    ],
)
def test_a_login_that_is_not_whole_is_named(tmp_path: Path, example: str, keys: str, expected: str) -> None:
    (finding,) = findings(tmp_path, example.replace("[uplink]", f"[uplink]\n{keys}"))
    assert expected in finding


def test_relative_certificates_start_at_the_folder_of_the_file(tmp_path: Path, example: str) -> None:
    keys = 'ca_file = "ca.pem"\ncert_file = "/etc/gw.pem"\nkey_file = "k/gw.key"\n'
    (tmp_path / "gw.toml").write_text(example.replace("[uplink]", f"[uplink]\n{keys}"))
    uplink = load(tmp_path / "gw.toml").uplink
    assert (uplink.ca_file, uplink.cert_file) == (str(tmp_path / "ca.pem"), "/etc/gw.pem")
    assert uplink.key_file == str(tmp_path / "k/gw.key")
