"""How gateways and hosts of ours prove who they are to an MQTT broker: TLS and passwords."""

import os
import ssl
from pathlib import Path


class LoginWrong(OSError):
    """A certificate, key or password cannot be used; the message says which file or variable and why."""


def client_context(ca_file: str | None, cert_file: str | None, key_file: str | None) -> ssl.SSLContext:
    """TLS 1.2 or newer that demands a valid certificate with the broker's name in it.

    There is no way to switch that check off: who can pose as the broker can also delete what gateways hold,
    by receipts.

    Parameters
    ----------
    ca_file : str or None
        Certificate authority that must have signed the broker's certificate; None trusts the system's.
    cert_file, key_file : str or None
        Certificate and private key to show to the broker (mTLS), PEM; one file may hold both.

    Raises
    ------
    LoginWrong
        When one of the files cannot be read or they do not belong together.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as wrong:
        raise LoginWrong(f"{ca_file}: no usable certificate authority: {_why(wrong)}") from wrong
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if key_file is not None and cert_file is None:
        raise LoginWrong(f"{key_file}: a key without its certificate; accepted: both or neither")
    if cert_file is not None:
        try:
            context.load_cert_chain(cert_file, key_file, password=_no_passphrase)
        except (OSError, ssl.SSLError) as wrong:
            raise LoginWrong(f"{cert_file} with {key_file}: no usable pair: {_why(wrong)}") from wrong
    return context


def _no_passphrase() -> str:
    # Without this OpenSSL would ask on the terminal and wait for ever.
    raise LoginWrong("the key has a passphrase; accepted: a key without one")


def _why(wrong: OSError) -> str:
    return wrong.strerror or str(wrong)


def secret(given: str | None, file: str | None, variable: str | None) -> str | None:
    """The password: as given, or the first line of a file, or an environment variable; None when none is set.

    Raises
    ------
    LoginWrong
        When the file cannot be read, or file or variable are empty.
    """
    if file is not None:
        try:
            lines = Path(file).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as wrong:
            raise LoginWrong(f"{file}: the password cannot be read: {wrong}") from wrong
        if not lines or not lines[0]:
            raise LoginWrong(f"{file}: the password is empty")
        return lines[0]
    if variable is not None:
        value = os.environ.get(variable)
        if not value:
            raise LoginWrong(f"environment variable {variable}: the password is missing")
        return value
    return given
