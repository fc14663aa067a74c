"""`edge opcua-cert make | show | trust | forget`: the gateway's certificate, and which servers it trusts."""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

from asyncua.client.client import Client
from asyncua.ua.uaerrors import UaError

from edge.drivers.opcua.connection import MODE_NAMES, reason
from edge.drivers.opcua.trust import Certificate, Pki, TrustWrong

WRONG = 2
FIVE_YEARS_D = 1826


def main(arguments: list[str]) -> int:
    """The exit code: 0 when it was done, 2 when not, with what to do about it on standard error."""
    chosen = _parser().parse_args(arguments)
    pki = Pki(chosen.pki)
    try:
        said = {"make": _make, "show": _show, "trust": _trust, "forget": _forget}[chosen.command](pki, chosen)
        sys.stdout.write("\n".join([*said, ""]))
    except (TrustWrong, OSError) as wrong:
        sys.stderr.write(f"edge opcua-cert {chosen.command}: {wrong}\n")
        return WRONG
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="edge opcua-cert", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make", help="make the gateway's key and certificate")
    make.add_argument(
        "--name", default="gateway", help="the gateway's name; its URI is urn:taktline:edge:NAME"
    )
    make.add_argument("--days", type=int, default=FIVE_YEARS_D, help="how long it is valid")
    make.add_argument("--replace", action="store_true", help="overwrite an existing key")
    show = commands.add_parser("show", help="show the own certificate, the trusted and the rejected ones")
    trust = commands.add_parser("trust", help="trust a server's or an authority's certificate")
    trust.add_argument("source", help="opc.tcp:// address of the server, or a certificate file (DER or PEM)")
    trust.add_argument("--thumbprint", default="", help="what the server itself shows (SHA-1 or SHA-256)")
    forget = commands.add_parser("forget", help="trust a certificate no longer")
    forget.add_argument("thumbprint", help="of the trusted certificate (SHA-1 or SHA-256)")
    for command in (make, show, trust, forget):
        command.add_argument("--pki", type=Path, default=Path("pki"), help="folder of the certificates")
    return parser


def _make(pki: Pki, chosen: argparse.Namespace) -> Iterator[str]:
    if chosen.days < 1:
        raise TrustWrong(f"--days {chosen.days}; accepted: 1 and more")
    made = pki.make(chosen.name, chosen.days, replaces=chosen.replace)
    yield f"made {pki.certificate_file} and {pki.key_file}; have the server trust this certificate:"
    yield from made.lines()


def _show(pki: Pki, _: argparse.Namespace) -> Iterator[str]:
    yield f"own {pki.certificate_file}"
    yield from pki.own().lines()
    for what, certificates in (("trusted", pki.trusted()), ("rejected", pki.rejected())):
        yield f"{what}: {len(certificates)}"
        for certificate in certificates:
            yield from certificate.lines()


def _trust(pki: Pki, chosen: argparse.Namespace) -> Iterator[str]:
    found = _found(chosen.source)
    if not chosen.thumbprint:
        told = "\n".join(found.lines())
        raise TrustWrong(
            f"compare this with what the server itself shows, then run it again with "
            f"--thumbprint {found.thumbprint}\n{told}"
        )
    if not found.has(chosen.thumbprint):
        raise TrustWrong(
            f"{chosen.source} shows another certificate, thumbprint {found.thumbprint}: somebody may stand "
            "between; nothing was trusted"
        )
    yield f"trusted as {pki.trust(found)}"
    yield from found.lines()


def _forget(pki: Pki, chosen: argparse.Namespace) -> Iterator[str]:
    yield "no longer trusted:"
    yield from pki.forget(chosen.thumbprint).lines()


def _found(source: str) -> Certificate:
    if not source.startswith("opc.tcp://"):
        return Certificate.read(Path(source).read_bytes())
    try:
        return asyncio.run(_shown(source))
    except (UaError, TimeoutError, ValueError) as error:
        raise TrustWrong(f"{source}: {reason(error)}") from error


async def _shown(url: str) -> Certificate:
    """The certificate that most of a server's secured endpoints would use: they all have one."""
    endpoints = await Client(url).connect_and_get_server_endpoints()
    for one in endpoints:
        if one.ServerCertificate and MODE_NAMES.get(one.SecurityMode) != "none":
            return Certificate.read(one.ServerCertificate)
    raise TrustWrong(f"{url} offers no secured endpoint, so it shows no certificate")
