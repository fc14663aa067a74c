"""An OPC UA server of any size, whose values tell how old they are."""

import argparse
import asyncio
import contextlib
import logging
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from asyncua import ua
from asyncua.crypto import cert_gen
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from simulators.control import Control
from simulators.faults import LINK_FAULTS, Fault, FaultKind, Faults
from simulators.links import FaultyLink
from simulators.serve import Ready
from simulators.serve.opcua_values import Values

NAMESPACE_URI = "urn:taktline:simulated-opcua"
POLICIES = ("Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss")
CERTIFICATE_D = 30
FAULTS: Mapping[str, FaultKind] = {
    **LINK_FAULTS,
    "restart": FaultKind(
        "the server goes away and comes back, sessions forgotten", {"away": 1.0}, is_event=True
    ),
    "freeze": FaultKind("values and their times stand still"),
    "nan": FaultKind("values are no numbers"),
    "bad_status": FaultKind("values carry this status code (default BadSensorFailure)", {"code": 0x808C0000}),
    "clock_skew": FaultKind("source times are off by so many seconds", {"by": 3600.0}),
    "counter_reset": FaultKind("counters begin again at 0", is_event=True),
    "remove_node": FaultKind("this variable is gone; cleared, it is back", {"node": 0.0}),
}


class Logins(UserManager):
    """Who may log in; nobody named means everybody."""

    def __init__(self, named: list[str]) -> None:
        self._known = dict(login.split(":", 1) for login in named)

    def get_user(
        self,
        iserver: object,
        username: str | None = None,
        password: str | None = None,
        certificate: object = None,
    ) -> User | None:
        """Return the user, None when name or password is wrong."""
        del certificate, iserver
        if not self._known or (username is not None and self._known.get(username) == password):
            return User(role=UserRole.User, name=username)
        return None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be chosen."""
    parser.add_argument("--nodes", type=int, default=100, help="variables, ns=2;s=n0000 and on")
    parser.add_argument("--rate", type=float, default=100.0, help="values that change per second, in all")
    parser.add_argument("--tick-ms", type=float, default=100.0, help="changes come in bursts so far apart")
    parser.add_argument(
        "--value", choices=("clock", "counter", "sine"), default="clock", help="what they show"
    )
    parser.add_argument("--security", choices=("off", "on", "only"), default="off", help="secured endpoints")
    parser.add_argument("--user", action="append", default=[], metavar="NAME:PASSWORD", help="may log in")
    parser.add_argument("--pki", type=Path, help="keep the server's certificate here for the next run")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")


async def serve(options: argparse.Namespace, ready: Ready, stop: asyncio.Event) -> None:
    """Serve until `stop` is set; `ready` gets `endpoint` and the server's `thumbprint` (SHA-1) if secured.

    Raises
    ------
    ValueError
        When an option is out of range.
    OSError
        When a port is taken.
    """
    logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)
    _check(options)
    faults = Faults(FAULTS)
    with contextlib.ExitStack() as stack:
        pki = options.pki or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        values = Values(options.nodes, options.rate, options.tick_ms / 1000, options.value, faults)
        world = _World(options, values, pki)
        async with Control(faults, options.control, lines=sys.stdin) as control:
            await world.start()
            try:
                async with FaultyLink(world.port, faults, options.port) as link:
                    world.obey(faults, link)
                    said: dict[str, object] = {"endpoint": f"opc.tcp://127.0.0.1:{link.port}"}
                    if options.security != "off":
                        said["thumbprint"] = world.thumbprint
                    ready({"kind": "opcua", **said, "nodes": options.nodes, "control": control.port})
                    ticking = asyncio.create_task(values.run())
                    stopping = asyncio.create_task(stop.wait())
                    await asyncio.wait({ticking, stopping}, return_when=asyncio.FIRST_COMPLETED)
                    for task in (ticking, stopping):
                        task.cancel()
                    await asyncio.gather(stopping, return_exceptions=True)
                    if ticking.done() and not ticking.cancelled():
                        ticking.result()
            finally:
                await world.stop()


def _check(options: argparse.Namespace) -> None:
    if options.nodes < 1:
        raise ValueError(f"--nodes {options.nodes}; accepted: 1 or more")
    if options.rate < 0 or options.tick_ms < 1:
        raise ValueError("--rate and --tick-ms; accepted: a rate of 0 or more, a tick of 1 ms or more")
    for login in options.user:
        if ":" not in login:
            raise ValueError(f"--user {login}; accepted: NAME:PASSWORD")


class _World:
    """The server, which can be away for a while and come back."""

    def __init__(self, options: argparse.Namespace, values: Values, pki: Path) -> None:
        self._options = options
        self._values = values
        self._pki = pki
        self._server: Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.thumbprint = ""

    async def start(self) -> None:
        server = Server(user_manager=Logins(self._options.user))
        await server.init()
        server.set_server_name("Taktline simulated OPC UA server")
        server.set_endpoint(f"opc.tcp://127.0.0.1:{self.port}")
        await self._secure(server)
        await server.register_namespace(NAMESPACE_URI)
        await self._values.appear(server)
        await server.start()
        if server.bserver is None:
            raise RuntimeError("the OPC UA server did not start to listen")
        self._server = server
        self.port = int(server.bserver.port)

    async def _secure(self, server: Server) -> None:
        security = self._options.security
        policies = [] if security == "only" else [ua.SecurityPolicyType.NoSecurity]
        if security != "off":
            certificate, key = _keys(self._pki)
            self.thumbprint = (
                x509.load_der_x509_certificate(certificate.read_bytes())
                .fingerprint(
                    hashes.SHA1()  # noqa: S303 - OPC UA's thumbprint
                )
                .hex()
            )
            await server.load_certificate(certificate)
            await server.load_private_key(key)
            policies += [
                ua.SecurityPolicyType[f"{policy}_{mode}"]
                for policy in POLICIES
                for mode in ("Sign", "SignAndEncrypt")
            ]
        server.set_security_policy(policies)
        if self._options.user:
            server.set_identity_tokens([ua.UserNameIdentityToken])

    async def stop(self) -> None:
        server, self._server = self._server, None
        self._values.disappear()
        if server is not None:
            await server.stop()

    def obey(self, faults: Faults, link: FaultyLink) -> None:
        """Restart when the fault of this name begins."""

        def restart(fault: Fault) -> None:
            task = asyncio.create_task(self._restart(fault["away"], link))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        faults.when("restart", restart)

    async def _restart(self, away_s: float, link: FaultyLink) -> None:
        await self.stop()
        self.port = 0
        await asyncio.sleep(away_s)
        await self.start()
        link.target = self.port


def _keys(pki: Path) -> tuple[Path, Path]:
    """Certificate (DER) and key (PEM) of the server, made when they are not there yet."""
    certificate, key_file = pki / "server.der", pki / "server.pem"
    if not key_file.exists():
        pki.mkdir(parents=True, exist_ok=True)
        key = cert_gen.generate_private_key()
        names: list[x509.GeneralName] = [x509.UniformResourceIdentifier("urn:freeopcua:python:server")]
        usage = [ExtendedKeyUsageOID.SERVER_AUTH]
        made = cert_gen.generate_self_signed_app_certificate(
            key, "Taktline simulated OPC UA server", {}, names, usage, CERTIFICATE_D
        )
        key_file.touch(mode=0o600)
        key_file.write_bytes(cert_gen.dump_private_key_as_pem(key))
        certificate.write_bytes(made.public_bytes(serialization.Encoding.DER))
    return certificate, key_file
