"""Certificates of OPC UA: the gateway's own, and which servers it trusts."""

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from wire.clock import real_ms

KEY_BITS: Final = (
    2048  # the least that Basic256Sha256 and the two Aes policies allow, the most that all allow is 4096
)
DER_HEAD: Final = 4
REJECTED_KEPT: Final = 20


class TrustWrong(ValueError):
    """A certificate cannot be made, read or trusted; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate with what a person compares: who, until when, and its thumbprint."""

    der: bytes
    parsed: x509.Certificate

    @classmethod
    def read(cls, content: bytes) -> Self:
        """A certificate from DER (of a chain its first), or PEM.

        Raises
        ------
        TrustWrong
            When the bytes are neither.
        """
        try:
            if content.lstrip().startswith(b"-----BEGIN"):
                parsed = x509.load_pem_x509_certificate(content)
            else:
                # Servers may send their chain: the first certificate is their own.
                length = DER_HEAD + int.from_bytes(content[2:DER_HEAD], "big")
                parsed = x509.load_der_x509_certificate(content[:length])
        except ValueError as error:
            raise TrustWrong("this is no certificate; accepted: X.509 as DER or PEM") from error
        return cls(parsed.public_bytes(serialization.Encoding.DER), parsed)

    @property
    def thumbprint(self) -> str:
        """SHA-1 of the DER form, as OPC UA servers show it (OPC 10000-6, 6.2.2), 40 hex digits."""
        return self.parsed.fingerprint(hashes.SHA1()).hex()  # noqa: S303 - trust compares whole certificates

    @property
    def sha256(self) -> str:
        """SHA-256 of the DER form, 64 hex digits."""
        return self.parsed.fingerprint(hashes.SHA256()).hex()

    @property
    def subject(self) -> str:
        """Whose it is, e.g. `CN=PLC L1,O=Suzhou`."""
        return self.parsed.subject.rfc4514_string() or "without a name"

    @property
    def application_uri(self) -> str:
        """The application it speaks for, empty when it does not say so."""
        try:
            names = self.parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return ""
        return next(iter(names.get_values_for_type(x509.UniformResourceIdentifier)), "")

    def has(self, thumbprint: str) -> bool:
        """Whether this is the thumbprint (SHA-1 or SHA-256; colons, blanks and case do not matter)."""
        return re.sub(r"[^0-9a-f]", "", thumbprint.lower()) in {self.thumbprint, self.sha256}

    def doubt(self) -> str:
        """Why it cannot be used at this real time, empty when it can."""
        now = datetime.fromtimestamp(real_ms() / 1000, UTC)
        if now < self.parsed.not_valid_before_utc:
            return f"is valid only from {self.parsed.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on"
        if now > self.parsed.not_valid_after_utc:
            return f"expired on {self.parsed.not_valid_after_utc:%Y-%m-%d}"
        return ""

    def is_issued_by(self, authority: "Certificate") -> bool:
        """Whether `authority` is a certificate authority and has signed this one."""
        try:
            limits = authority.parsed.extensions.get_extension_for_class(x509.BasicConstraints).value
            self.parsed.verify_directly_issued_by(authority.parsed)
        except (x509.ExtensionNotFound, InvalidSignature, ValueError, TypeError):
            return False
        return limits.ca

    def lines(self) -> Iterator[str]:
        """What a person needs to know of it."""
        yield f"  subject      {self.subject}"
        yield f"  application  {self.application_uri or 'not said'}"
        yield (
            f"  valid        {self.parsed.not_valid_before_utc:%Y-%m-%d} to "
            f"{self.parsed.not_valid_after_utc:%Y-%m-%d}{f', {doubt}' if (doubt := self.doubt()) else ''}"
        )
        yield f"  thumbprint   {self.thumbprint}"
        yield f"  SHA-256      {self.sha256}"


class Pki:
    """The folder of a gateway's OPC UA certificates.

    `own/cert.der` and `own/key.pem` are the gateway's; `trusted/` holds servers and authorities that a person
    has trusted; `rejected/` those that a server showed and nobody has trusted yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate_file = folder / "own" / "cert.der"
        self.key_file = folder / "own" / "key.pem"

    def make(self, name: str, days: int, *, replaces: bool = False) -> Certificate:
        """The gateway's new key and self-signed certificate, written to `own/`.

        Parameters
        ----------
        name : str
            Of the gateway; its application URI becomes `urn:taktline:edge:<name>`.
        days : int
            How long it is valid, from an hour ago on (clocks differ).
        replaces : bool
            Whether an existing key may be overwritten.

        Raises
        ------
        TrustWrong
            When there is one already.
        """
        if self.key_file.exists() and not replaces:
            raise TrustWrong(
                f"{self.key_file} exists and servers may trust it; accepted: --replace, or another --pki"
            )
        key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        parsed = _self_signed(key, name, days)
        self.key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.key_file.unlink(missing_ok=True)
        self.key_file.touch(mode=0o600)
        self.key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        found = Certificate(parsed.public_bytes(serialization.Encoding.DER), parsed)
        self.certificate_file.write_bytes(found.der)
        return found

    def own(self) -> Certificate:
        """The gateway's certificate.

        Raises
        ------
        TrustWrong
            When there is none, or it cannot be used any more.
        """
        if not self.certificate_file.exists() or not self.key_file.exists():
            raise TrustWrong(
                f"the gateway has no certificate in {self.folder}; make one: "
                f"taktline edge opcua-cert make --pki {self.folder}"
            )
        found = Certificate.read(self.certificate_file.read_bytes())
        if doubt := found.doubt():
            raise TrustWrong(
                f"the gateway's own certificate {doubt}; make another: "
                f"taktline edge opcua-cert make --replace --pki {self.folder}"
            )
        return found

    def trusted(self) -> list[Certificate]:
        """What a person has trusted, servers and authorities."""
        return self._in("trusted")

    def rejected(self) -> list[Certificate]:
        """What servers have shown and nobody has trusted."""
        return self._in("rejected")

    def trust(self, certificate: Certificate) -> Path:
        """The file that trusts this certificate from now on."""
        self._remove("rejected", certificate)
        return self._put("trusted", certificate)

    def forget(self, thumbprint: str) -> Certificate:
        """What was trusted under this thumbprint, and is no longer.

        Raises
        ------
        TrustWrong
            When nothing trusted has it.
        """
        for certificate in self.trusted():
            if certificate.has(thumbprint):
                self._remove("trusted", certificate)
                return certificate
        known = ", ".join(certificate.thumbprint for certificate in self.trusted())
        raise TrustWrong(f"nothing trusted has thumbprint {thumbprint}; accepted: {known or 'none'}")

    def admit(self, shown: Certificate, endpoint: str) -> None:
        """Return when the server at `endpoint` may be spoken to with the certificate it showed.

        Raises
        ------
        TrustWrong
            With its thumbprint and the command that trusts it; the certificate is then kept in `rejected/`.
        """
        known = self.trusted()
        is_known = any(shown.der == one.der or shown.is_issued_by(one) for one in known)
        if not is_known:
            self._reject(shown)
            raise TrustWrong(
                f"the server's certificate is not trusted: {shown.subject}, thumbprint {shown.thumbprint}. "
                "Compare it with the one the server itself shows, then: "
                f"taktline edge opcua-cert trust {endpoint} --thumbprint {shown.thumbprint} "
                f"--pki {self.folder}"
            )
        if doubt := shown.doubt():
            raise TrustWrong(
                f"the server's certificate {doubt} (thumbprint {shown.thumbprint}); it needs a new one"
            )

    def _reject(self, certificate: Certificate) -> None:
        """Keep it for a person to look at; whoever shows a new one each time must not fill the disk."""
        self._put("rejected", certificate)
        kept = sorted((self.folder / "rejected").glob("*"), key=lambda path: path.stat().st_mtime_ns)
        for path in kept[:-REJECTED_KEPT]:
            path.unlink(missing_ok=True)

    def _in(self, place: str) -> list[Certificate]:
        found = []
        for path in sorted((self.folder / place).glob("*")):
            if path.suffix in {".der", ".pem", ".crt", ".cer"}:
                try:
                    found.append(Certificate.read(path.read_bytes()))
                except TrustWrong as wrong:
                    raise TrustWrong(f"{path}: {wrong}") from wrong
        return found

    def _put(self, place: str, certificate: Certificate) -> Path:
        names = certificate.parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        name = re.sub(r"[^\w.-]+", "_", str(names[0].value) if names else "server")[:60]
        path = self.folder / place / f"{name}-{certificate.thumbprint}.der"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_bytes(certificate.der)
        return path

    def _remove(self, place: str, certificate: Certificate) -> None:
        for path in (self.folder / place).glob("*"):
            try:
                is_it = Certificate.read(path.read_bytes()).der == certificate.der
            except TrustWrong:
                continue
            if is_it:
                path.unlink()


def _self_signed(key: rsa.RSAPrivateKey, name: str, days: int) -> x509.Certificate:
    """An application instance certificate of a client (OPC 10000-6, 6.2.2)."""
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Taktline {name}"[:64])])
    since = datetime.fromtimestamp(real_ms() / 1000, UTC) - timedelta(hours=1)
    names = [
        x509.UniformResourceIdentifier(f"urn:taktline:edge:{name}"),
        x509.DNSName(socket.gethostname()),
    ]
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(key, hashes.SHA256())
