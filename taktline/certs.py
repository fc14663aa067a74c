"""A plant's own certificate authority for its MQTT broker: broker, cloud and gateways, a folder for each."""

import ipaddress
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from wire.topics import TopicWrong, checked_id

CA_DAYS: Final = 3650
LEAF_DAYS: Final = 825
CA, BROKER, CLOUD, GATEWAYS = "ca", "broker", "cloud", "gateways"
# A gateway whose clock was never set stands far in the past; a clock that is an hour slow must do.
_EARLIER: Final = timedelta(days=1)
_LONGEST_NAME: Final = 64  # of a common name, by X.520


class CertsWrong(ValueError):
    """What was asked for cannot be made or read; the message says what, why and what is accepted."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to make.

    Parameters
    ----------
    folder : Path
        Gets `ca/`, `broker/`, `cloud/` and `gateways/<node>/`; a machine needs its own one alone.
    broker_names : sequence of str
        Host names and addresses by which gateways and cloud reach the broker.
    gateways : sequence of str
        Sparkplug edge node ids; the id is the user name at the broker.
    cloud : str
        The cloud's user name at the broker.
    days : int
        How long the certificates of broker, cloud and gateways are good.
    force : bool
        Whether to make anew what is there already; the authority stays.
    """

    folder: Path
    broker_names: Sequence[str]
    gateways: Sequence[str] = ()
    cloud: str = "taktline-cloud"
    days: int = LEAF_DAYS
    force: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """One certificate: its file, and whether it was made now or stood there before."""

    file: Path
    is_new: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """What a certificate's file says; `days_left` is negative when it is over."""

    file: Path
    name: str
    alternatives: tuple[str, ...]
    issuer: str
    until: datetime
    days_left: int


def make(wanted: Wanted, now_ms: int) -> list[Made]:
    """All certificates of `wanted`, those that stood there before unchanged unless forced.

    Parameters
    ----------
    wanted : Wanted
        Names and folder.
    now_ms : int
        Real time, ms since the Unix epoch.

    Raises
    ------
    CertsWrong
        When a name cannot be used, or the folder holds an authority that cannot be read.
    """
    now = datetime.fromtimestamp(now_ms / 1000, UTC).replace(microsecond=0)
    _check(wanted)
    made = []
    authority = wanted.folder / CA / "ca.pem"
    if not authority.exists():
        _make_authority(wanted.folder / CA, now)
        made.append(Made(authority, is_new=True))
    else:
        made.append(Made(authority, is_new=False))
    issuer = _Issuer(wanted.folder / CA, now, wanted.days)
    for file, name, server_names in _leaves(wanted):
        is_new = wanted.force or not file.exists()
        if is_new:
            issuer.issue(file, name, server_names)
        made.append(Made(file, is_new))
    return made


def shown(folder: Path, now_ms: int) -> list[Shown]:
    """Every certificate below `folder`, the authority first; copies of the authority's are left out.

    Raises
    ------
    CertsWrong
        When there is none or a file is no certificate.
    """
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    files = [
        file
        for file in sorted(
            folder.rglob("*.pem"), key=lambda file: (file.parts[:-1] != (*folder.parts, CA), file)
        )
        if file.name != "ca.pem" or file.parent == folder / CA
    ]
    if not files:
        raise CertsWrong(f"{folder}: no certificates; accepted: a folder that `certs make` has written")
    return [_shown(file, now) for file in files]


def _check(wanted: Wanted) -> None:
    if not wanted.broker_names:
        raise CertsWrong(
            "--broker is missing; accepted: the names and addresses by which the broker is reached"
        )
    for name in (*wanted.gateways, wanted.cloud):
        try:
            checked_id(name)
        except TopicWrong as wrong:
            raise CertsWrong(f"{name!r} cannot be a user name at the broker: {wrong}") from wrong
        if len(name.encode()) > _LONGEST_NAME or name in {".", ".."}:
            raise CertsWrong(f"{name!r} cannot stand in a certificate; accepted: at most 64 bytes")
    if wanted.cloud in wanted.gateways:
        raise CertsWrong(f"{wanted.cloud!r} is the cloud's name; accepted: another one for a gateway")


def _leaves(wanted: Wanted) -> Iterator[tuple[Path, str, Sequence[str]]]:
    """File, name and server names of each certificate below the authority."""
    yield wanted.folder / BROKER / "broker.pem", wanted.broker_names[0], wanted.broker_names
    yield wanted.folder / CLOUD / "cloud.pem", wanted.cloud, ()
    for node in wanted.gateways:
        yield wanted.folder / GATEWAYS / node / "gateway.pem", node, ()


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _make_authority(folder: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _named(f"Taktline plant CA {now:%Y-%m-%d}")
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        _builder(name, name, key.public_key(), now, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    _write_pair(folder / "ca.pem", certificate, key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


class _Issuer:
    """Signs with the authority of a folder."""

    def __init__(self, folder: Path, now: datetime, days: int) -> None:
        self._now, self._days, self._file = now, days, folder / "ca.pem"
        try:
            self._certificate = x509.load_pem_x509_certificate(self._file.read_bytes())
            key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as wrong:
            raise CertsWrong(f"{folder}: the authority cannot be used: {wrong}") from wrong
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise CertsWrong(f"{folder}/ca.key: accepted: the key that `certs make` has written")
        self._key = key

    def issue(self, file: Path, name: str, server_names: Sequence[str]) -> None:
        """Write certificate, key and the authority's certificate for one party into its folder."""
        key = ec.generate_private_key(ec.SECP256R1())
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if server_names else ExtendedKeyUsageOID.CLIENT_AUTH
        issuer = self._certificate
        builder = (
            _builder(_named(name), issuer.subject, key.public_key(), self._now, self._days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        if server_names:
            names = x509.SubjectAlternativeName([_server_name(text) for text in server_names])
            builder = builder.add_extension(names, critical=False)
        _write_pair(file, builder.sign(self._key, hashes.SHA256()), key)
        shutil.copyfile(self._file, file.with_name("ca.pem"))


def _server_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        pass
    try:
        return x509.DNSName(text)
    except ValueError as wrong:
        raise CertsWrong(f"--broker {text}: accepted: a host name or an IP address") from wrong


def _write_pair(file: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(file.with_suffix(".key"), secret, 0o600)
    _write(file, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _write(file: Path, content: bytes, mode: int) -> None:
    """Write beside and rename: no reader ever sees half a file, and no key is readable for a moment."""
    beside = file.with_name(f".{file.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(content)
    beside.replace(file)


def _shown(file: Path, now: datetime) -> Shown:
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError) as wrong:
        raise CertsWrong(f"{file}: no certificate: {wrong}") from wrong
    until = certificate.not_valid_after_utc
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        alternatives = tuple(str(name.value) for name in names)
    except x509.ExtensionNotFound:
        alternatives = ()
    return Shown(
        file,
        _common_name(certificate.subject),
        alternatives,
        _common_name(certificate.issuer),
        until,
        (until - now).days,
    )


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()
