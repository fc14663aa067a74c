"""Certificates: made once, never overwritten unasked, all of one authority, each for its purpose."""

import json
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from taktline.certs import CertsWrong, Wanted, make, shown
from taktline.certs_command import main

NOW_MS = 1_800_000_000_000  # 2027-01-15
DAY_MS = 86_400_000


def contents(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_what_is_there_is_kept_and_what_is_missing_is_added(tmp_path: Path) -> None:
    first = make(Wanted(tmp_path, ["broker"], ["gw-1"]), NOW_MS)
    assert [made.is_new for made in first] == [True] * 4
    before = contents(tmp_path)
    second = make(Wanted(tmp_path, ["broker"], ["gw-1", "gw-2"]), NOW_MS)
    assert [made.is_new for made in second] == [False] * 4 + [True]
    after = contents(tmp_path)
    assert before.items() <= after.items()


def test_forced_ones_are_new_under_the_same_authority(tmp_path: Path) -> None:
    make(Wanted(tmp_path, ["broker"], ["gw-1"]), NOW_MS)
    before = contents(tmp_path)
    make(Wanted(tmp_path, ["broker"], ["gw-1"], force=True), NOW_MS)
    changed = {file.name for file, content in contents(tmp_path).items() if before[file] != content}
    assert changed == {"broker.pem", "broker.key", "cloud.pem", "cloud.key", "gateway.pem", "gateway.key"}


def test_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    make(Wanted(tmp_path, ["broker"], ["gw-1"]), NOW_MS)
    keys = list(tmp_path.rglob("*.key"))
    assert len(keys) == 4
    assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}


def test_each_folder_is_all_that_its_machine_needs(tmp_path: Path) -> None:
    make(Wanted(tmp_path, ["broker", "10.0.0.5"], ["gw-1"]), NOW_MS)
    for folder, name in (("broker", "broker"), ("cloud", "cloud"), ("gateways/gw-1", "gateway")):
        own = tmp_path / folder
        context = ssl.create_default_context(cafile=str(own / "ca.pem"))
        context.load_cert_chain(own / f"{name}.pem", own / f"{name}.key")
        assert not (own / "ca.key").exists()
    certificate = x509.load_pem_x509_certificate((tmp_path / "broker" / "broker.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["broker", "10.0.0.5"]


def test_expiry_is_shown_and_an_expired_certificate_is_an_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(Wanted(tmp_path, ["broker"], ["gw-1"], days=90), NOW_MS)
    at = {one.name: one.days_left for one in shown(tmp_path, NOW_MS + 91 * DAY_MS)}
    assert (at["gw-1"], at["broker"], at["taktline-cloud"]) == (-1, -1, -1)
    assert shown(tmp_path, NOW_MS)[0].file == tmp_path / "ca" / "ca.pem"
    assert main(["show", str(tmp_path), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows][1:] == ["broker", "taktline-cloud", "gw-1"]
    make(Wanted(tmp_path, ["broker"], ["gw-2"], days=1), NOW_MS - 1000 * DAY_MS)
    assert main(["show", str(tmp_path)]) == 1
    assert "gw-2, until 2024-04-21, EXPIRED" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["make", "--out", "{}", "--broker", "x", "--gateway", "a/b"], "'a/b' cannot be a user name"),
        (["make", "--out", "{}", "--broker", "x", "--gateway", ".."], "accepted: at most 64 bytes"),
        (["make", "--out", "{}", "--broker", "ü"], "--broker ü: accepted: a host name or an IP address"),
        (["make", "--out", "{}", "--broker", "x", "--days", "0"], "--days 0: accepted: 1 to"),
        (["make", "--out", "{}", "--broker", "x", "--gateway", "taktline-cloud"], "is the cloud's name"),
        (["show", "{}"], "no certificates; accepted: a folder that `certs make` has written"),
    ],
)
def test_what_cannot_be_used_is_named(
    tmp_path: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word.format(tmp_path) for word in arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_damaged_authority_is_not_overwritten(tmp_path: Path) -> None:
    make(Wanted(tmp_path, ["broker"]), NOW_MS)
    (tmp_path / "ca" / "ca.key").write_text("broken")
    with pytest.raises(CertsWrong, match="the authority cannot be used"):
        make(Wanted(tmp_path, ["broker"], ["gw-1"], force=True), NOW_MS)
    assert (tmp_path / "ca" / "ca.key").read_text() == "broken"
