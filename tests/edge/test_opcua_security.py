"""OPC UA secured: policies, modes, certificates made and trusted by command, no password in the open."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from asyncua import ua
from asyncua.crypto import cert_gen
from cryptography import x509
from edge_plcs import Sink, until
from opcua_world import Users, World, certificate_of, der, device_of, follow, server_keys, tag
from pydantic import ValidationError

from edge.config import load
from edge.drivers.opcua import trust
from edge.drivers.opcua.browse_command import main as browse
from edge.drivers.opcua.certificate_command import main as certificates
from edge.drivers.opcua.connection import connect, leave, policy_of
from edge.drivers.opcua.trust import Certificate, Pki, TrustWrong
from edge.errors import DeviceRefused, DeviceUnreachable
from edge.intake import Intake
from wire.clock import real_ms

pytestmark = pytest.mark.slow

RIGHT = "a long one"
SERVER_AUTH = x509.ExtendedKeyUsageOID.SERVER_AUTH
DOUBLE = ua.VariantType.Double
POLICIES = ("Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss")
MODES = {"sign": "Sign", "sign_and_encrypt": "SignAndEncrypt"}
ALL = [ua.SecurityPolicyType[f"{policy}_{mode}"] for policy in POLICIES for mode in MODES.values()]


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    found = Pki(tmp_path / "pki")
    assert certificates(["make", "--pki", str(found.folder), "--name", "gw-l1"]) == 0
    return found


def test_each_policy_signs_and_encrypts_once_the_server_is_trusted(tmp_path: Path, pki: Pki) -> None:
    async def main() -> None:
        sink = Sink()
        async with World({"a": (5.0, DOUBLE)}, policies=ALL, keys=tmp_path / "server") as world:
            first = device_of(world.url, [tag("a")], security=POLICIES[0], pki=str(pki.folder))
            shown = certificate_of(server_keys(tmp_path / "server")[0])
            thumbprint = Certificate.read(server_keys(tmp_path / "server")[0].read_bytes()).thumbprint
            with pytest.raises(DeviceRefused, match=f"is not trusted.*{thumbprint}.*opcua-cert trust"):
                await connect(first)
            assert [one.parsed for one in pki.rejected()] == [shown]
            trusting = ["trust", world.url, "--pki", str(pki.folder)]
            assert await asyncio.to_thread(certificates, trusting) == 2
            assert await asyncio.to_thread(certificates, [*trusting, "--thumbprint", "ab" * 20]) == 2
            assert not pki.trusted()
            spaced = ":".join(thumbprint[at : at + 2].upper() for at in range(0, 40, 2))
            assert await asyncio.to_thread(certificates, [*trusting, "--thumbprint", spaced]) == 0
            assert [one.parsed for one in pki.trusted()] == [shown]
            assert not pki.rejected()
            for policy in POLICIES:
                for mode in MODES:
                    keys = {"security": policy, "mode": mode, "pki": str(pki.folder)}
                    client = await connect(device_of(world.url, [tag("a")], **keys))
                    assert await client.get_node("ns=2;s=a").read_value() == 5.0
                    assert client.security_policy.URI == policy_of(policy).URI
                    await leave(client)

            async def script(_: Intake) -> None:
                await until(lambda: sink.values("a"))

            await follow(first, sink, script)
            with pytest.raises((DeviceRefused, DeviceUnreachable)):
                await connect(device_of(world.url, [tag("a")]))
        assert [value for _, value in sink.values("a")] == [5.0]

    asyncio.run(main())


def test_a_server_that_lacks_the_policy_is_refused_with_what_it_offers(tmp_path: Path, pki: Pki) -> None:
    async def main() -> None:
        offered = [ua.SecurityPolicyType.NoSecurity, ua.SecurityPolicyType.Basic256Sha256_Sign]
        async with World({}, policies=offered, keys=tmp_path / "server") as world:
            device = device_of(world.url, [tag("a")], security="Aes256Sha256RsaPss", pki=str(pki.folder))
            with pytest.raises(DeviceRefused, match="it offers: Basic256Sha256 with sign, none"):
                await connect(device)

    asyncio.run(main())


def test_user_and_password_are_checked_by_the_server_over_an_encrypted_channel(
    tmp_path: Path, pki: Pki, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def main() -> None:
        users = Users("gateway", "a long one")
        offered = [ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt]
        world = World({"a": (5.0, DOUBLE)}, policies=offered, keys=tmp_path / "server", users=users)
        async with world:
            pki.trust(Certificate.read(server_keys(tmp_path / "server")[0].read_bytes()))
            keys = {"security": POLICIES[0], "pki": str(pki.folder), "username": "gateway"}
            client = await connect(device_of(world.url, [tag("a")], **{"password": RIGHT, **keys}))
            assert await client.get_node("ns=2;s=a").read_value() == 5.0
            await leave(client)
            with pytest.raises(DeviceRefused):
                await connect(device_of(world.url, [tag("a")], **{"password": RIGHT[1:], **keys}))
            with pytest.raises(DeviceRefused):
                await connect(device_of(world.url, [tag("a")], security=POLICIES[0], pki=str(pki.folder)))
            out = tmp_path / "gw.toml"
            monkeypatch.setenv("TAKTLINE_OPCUA_PASSWORD", "a long one")
            words = [world.url, "--user", "gateway", "--security", POLICIES[0], "--pki", str(pki.folder)]
            assert await asyncio.to_thread(browse, [*words, "--out", str(out)]) == 0, capsys.readouterr().err
            device = load(out).device[0]
            assert (device.username, device.security) == ("gateway", POLICIES[0])
            assert "a long one" not in out.read_text()

    asyncio.run(main())


@pytest.mark.parametrize("keys", [{}, {"security": "Basic256Sha256", "mode": "sign"}])
def test_a_password_for_an_open_channel_needs_a_setting_that_says_so(keys: dict[str, object]) -> None:
    login = {"username": "u", "password": "p", **keys}
    with pytest.raises(ValidationError, match='accepted: security with mode = "sign_and_encrypt"'):
        device_of("opc.tcp://127.0.0.1:1", [tag("a")], **login)
    assert device_of("opc.tcp://127.0.0.1:1", [tag("a")], password_in_clear=True, **login)


def test_a_trusted_authority_vouches_for_what_it_issued_alone(tmp_path: Path) -> None:
    pki = Pki(tmp_path)
    key = cert_gen.generate_private_key()
    names = [x509.UniformResourceIdentifier("urn:x")]
    authority = cert_gen.generate_self_signed_app_certificate(key, "Plant CA", {}, names, [], 9)
    request = cert_gen.generate_app_certificate_signing_request(key, "PLC", {}, names, [SERVER_AUTH])
    issued = cert_gen.sign_certificate_request(request, authority, key, 9)
    pki.trust(Certificate.read(der(authority)))
    pki.admit(Certificate.read(der(issued)), "opc.tcp://x:1")
    stranger = Pki(tmp_path / "other").make("stranger", 9)
    with pytest.raises(TrustWrong, match=stranger.thumbprint):
        pki.admit(stranger, "opc.tcp://x:1")


def test_certificates_expire_are_replaced_and_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pki = Pki(tmp_path)
    with pytest.raises(TrustWrong, match="opcua-cert make"):
        pki.own()
    old = pki.make("gw", 1)
    assert pki.own() == old
    later_ms = real_ms() + 2 * 86_400_000
    monkeypatch.setattr(trust, "real_ms", lambda: later_ms)
    with pytest.raises(TrustWrong, match=r"expired on .*--replace"):
        pki.own()
    pki.trust(old)
    with pytest.raises(TrustWrong, match="expired on"):
        pki.admit(old, "opc.tcp://x:1")
    with pytest.raises(TrustWrong, match="--replace"):
        pki.make("gw", 30)
    new = pki.make("gw", 30, replaces=True)
    assert pki.own().application_uri == "urn:taktline:edge:gw"
    assert not new.is_issued_by(old)
    assert pki.key_file.stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr(trust, "REJECTED_KEPT", 1)
    for shown in (Pki(tmp_path / str(number)).make("stranger", 9) for number in range(2)):
        with pytest.raises(TrustWrong, match="is not trusted"):
            pki.admit(shown, "opc.tcp://x:1")
        assert pki.rejected() == [shown]
    assert pki.forget(old.sha256) == old
    with pytest.raises(TrustWrong, match="accepted: none"):
        pki.forget(old.thumbprint)


def test_the_commands_are_part_of_the_command_line(tmp_path: Path, root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edge", "opcua-cert", "show", "--pki", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=root,
        env=os.environ,
    )
    assert done.returncode == 2
    assert "make one: taktline edge opcua-cert make" in done.stderr
