"""A session with an OPC UA server, secured as its device says."""

import asyncio
import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import security_policies
from asyncua.crypto.uacrypto import CertProperties
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError

from edge.devices.opcua import OpcUaDevice
from edge.drivers.opcua.trust import Certificate, Pki, TrustWrong
from edge.errors import DeviceRefused, DeviceUnreachable, EdgeError

FAREWELL_S: Final = 1.0
# What a server says when a person has to change something; the rest may pass by itself.
ANSWERS_NO: Final = frozenset(
    {
        StatusCodes.BadUserAccessDenied,
        StatusCodes.BadIdentityTokenInvalid,
        StatusCodes.BadIdentityTokenRejected,
        StatusCodes.BadSecurityPolicyRejected,
        StatusCodes.BadSecurityModeRejected,
        StatusCodes.BadSecurityChecksFailed,
        StatusCodes.BadCertificateUntrusted,
        StatusCodes.BadCertificateInvalid,
        StatusCodes.BadCertificateUriInvalid,
        StatusCodes.BadCertificateUseNotAllowed,
        StatusCodes.BadCertificateTimeInvalid,
    }
)
REFUSES_CERTIFICATE: Final = frozenset(
    {
        StatusCodes.BadSecurityChecksFailed,
        StatusCodes.BadCertificateUntrusted,
        StatusCodes.BadCertificateInvalid,
    }
)
MODES: Final = {
    "sign": ua.MessageSecurityMode.Sign,
    "sign_and_encrypt": ua.MessageSecurityMode.SignAndEncrypt,
}
MODE_NAMES: Final = {mode: name for name, mode in MODES.items()} | {ua.MessageSecurityMode.None_: "none"}


def policy_of(name: str) -> type[security_policies.SecurityPolicy]:
    """The library's class of a policy of the configuration, e.g. `Basic256Sha256`."""
    found: type[security_policies.SecurityPolicy] = getattr(security_policies, f"SecurityPolicy{name}")
    return found


async def connect(device: OpcUaDevice) -> Client:
    """A connected client with an activated session; the library's own reconnecting is not used.

    Raises
    ------
    DeviceUnreachable
        When the server does not answer.
    DeviceRefused
        When it says no, offers no such security, or its certificate is not trusted.
    """
    client = Client(device.endpoint, timeout=device.timeout_s, watchdog_intervall=device.timeout_s)
    client.name = client.description = "Taktline edge"
    client.product_uri = "urn:taktline:edge"
    if device.username is not None:
        client.set_user(device.username)
        client.set_password(device.password or "")
    try:
        async with asyncio.timeout(3 * device.timeout_s):
            if device.security != "none":
                await _secure(client, device)
            await client.connect()
    except Exception as error:
        await leave(client)
        raise as_edge_error(error, device.endpoint) from error
    except BaseException:
        await leave(client)
        raise
    return client


async def leave(client: Client) -> None:
    """Close politely within a second; a server that is gone must not hold us up."""
    with contextlib.suppress(UaError, OSError, TimeoutError):
        async with asyncio.timeout(FAREWELL_S):
            await client.disconnect()
    client.disconnect_socket()


def as_edge_error(error: Exception, endpoint: str) -> EdgeError:
    """What an error of the library means for the session; a fault of our own is raised as it is."""
    if isinstance(error, EdgeError):
        return error
    if isinstance(error, TrustWrong):
        return DeviceRefused(f"{endpoint}: {error}")
    if isinstance(error, UaError):
        code = getattr(error, "code", None)
        hint = "; does the server trust this gateway's certificate?" if code in REFUSES_CERTIFICATE else ""
        kind = DeviceRefused if code in ANSWERS_NO else DeviceUnreachable
        return kind(f"{endpoint}: {reason(error)}{hint}")
    if isinstance(error, OSError | TimeoutError | ValueError):
        return DeviceUnreachable(f"{endpoint}: {reason(error)}")
    raise error


def reason(error: Exception) -> str:
    """An error in words."""
    return str(error) or type(error).__name__


async def shown_certificate(client: Client, policy: str, mode: str) -> Certificate:
    """The certificate of a server's endpoint with this policy and mode.

    Raises
    ------
    TrustWrong
        When it has no such endpoint; the message says what it offers.
    """
    endpoints = await client.connect_and_get_server_endpoints()
    wanted = policy_of(policy).URI
    for one in endpoints:
        if one.SecurityPolicyUri == wanted and MODE_NAMES.get(one.SecurityMode) == mode:
            return Certificate.read(one.ServerCertificate)
    raise TrustWrong(
        f"the server does not offer {policy} with {mode}; it offers: {', '.join(offers(endpoints))}"
    )


def offers(endpoints: Iterable[ua.EndpointDescription]) -> list[str]:
    """What a server offers, e.g. `none`, `Basic256Sha256 with sign`."""
    found = []
    for one in endpoints:
        mode = MODE_NAMES.get(one.SecurityMode, "?")
        policy = (one.SecurityPolicyUri or "").rpartition("#")[2]
        found.append("none" if mode == "none" else f"{policy} with {mode}")
    return sorted(set(found))


async def _secure(client: Client, device: OpcUaDevice) -> None:
    pki = Pki(Path(device.pki))
    own = pki.own()
    shown = await shown_certificate(client, device.security, device.mode)
    pki.admit(shown, device.endpoint)
    client.application_uri = own.application_uri
    # The session is bound to the certificate that was just admitted: the library refuses any other.
    await client.set_security(
        policy_of(device.security),
        CertProperties(own.der, "der"),
        CertProperties(pki.key_file.read_bytes(), "pem"),
        server_certificate=CertProperties(shown.der, "der"),
        mode=MODES[device.mode],
    )
