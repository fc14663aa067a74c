"""OPC UA servers for tests: any variables, any security, driven by the test."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Self

from asyncua import ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.server import Server
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from edge_plcs import EPOCH, T0, Sink, config, intake_of
from opcua_standard import init

from edge.drivers.opcua import watch
from edge.drivers.opcua.trust import Pki
from edge.intake import Intake

URI = "urn:test:opcua-world"


class Users:
    """One user with a password; nobody else."""

    def __init__(self, name: str, password: str) -> None:
        self._known = (name, password)
        self.seen: list[str | None] = []

    def get_user(
        self,
        _server: object,
        username: str | None = None,
        password: str | None = None,
        certificate: object = None,
    ) -> User | None:
        del certificate
        self.seen.append(username)
        return User(role=UserRole.User, name=username) if (username, password) == self._known else None


def server_keys(folder: Path) -> tuple[Path, Path]:
    """Certificate (DER) and key (PEM) of a test's server, made by the product's own maker."""
    pki = Pki(folder)
    if not pki.key_file.exists():
        pki.make("test-server", 30)
    return pki.certificate_file, pki.key_file


class World:
    """An OPC UA server whose variables, `ns=2;s=<name>`, are the test's."""

    def __init__(
        self,
        variables: dict[str, tuple[object, ua.VariantType]],
        *,
        policies: list[ua.SecurityPolicyType] | None = None,
        keys: Path | None = None,
        users: Users | None = None,
        port: int = 0,
    ) -> None:
        self.variables = dict(variables)
        self.port = port
        self._policies = policies or [ua.SecurityPolicyType.NoSecurity]
        self._keys = keys
        self._users = users
        self._server: Server | None = None

    @property
    def server(self) -> Server:
        assert self._server is not None
        return self._server

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}"

    async def start(self) -> None:
        server = Server(user_manager=self._users)
        await init(server)
        server.set_endpoint(f"opc.tcp://127.0.0.1:{self.port}")
        server.set_security_policy(self._policies)
        if self._users:
            server.set_identity_tokens([ua.UserNameIdentityToken])
        if self._keys:
            certificate, key = server_keys(self._keys)
            await server.load_certificate(certificate)
            await server.load_private_key(key)
        await server.register_namespace(URI)
        self._server = server
        folder = None
        for count, (name, (value, kind)) in enumerate(self.variables.items()):
            if count % 500 == 0:
                folder = await server.nodes.objects.add_folder(2, f"folder{count // 500}")
            await self.add(name, value, kind, folder)
        await server.start()
        self.port = server.bserver.port

    async def add(self, name: str, value: object, kind: ua.VariantType, folder: object = None) -> ua.NodeId:
        parent = folder or self.server.nodes.objects
        node = await parent.add_variable(ua.NodeId(name, 2), name, ua.Variant(value, kind))  # type: ignore[attr-defined]
        self.variables[name] = (value, kind)
        return node.nodeid

    async def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def write(self, name: str, value: object, at_ms: int | None = T0, status: int = 0) -> None:
        kind = self.variables[name][1]
        moment = None if at_ms is None else EPOCH + timedelta(milliseconds=at_ms)
        data = ua.DataValue(ua.Variant(value, kind), StatusCode=ua.StatusCode(status), SourceTimestamp=moment)
        await self.server.write_attribute_value(ua.NodeId(name, 2), data)

    async def read(self, name: str) -> object:
        return await self.server.get_node(ua.NodeId(name, 2)).read_value()


def tag(name: str, datatype: str = "Double", **keys: object) -> dict[str, object]:
    """A tag of the node that bears its name, unless `node` says otherwise."""
    return {"name": name, "datatype": datatype, "node": f"ns=2;s={name}", **keys}


def device_of(url: str, tags: list[dict[str, object]], **keys: object) -> object:
    raw = {
        "id": "M1",
        "driver": "opcua",
        "endpoint": url,
        "publishing_ms": 20,
        "timeout_s": 2.0,
        "tag": tags,
        **keys,
    }
    return config(raw).device[0]


async def follow(
    device: object, sink: Sink, script: Callable[[Intake], Awaitable[None]], seconds: float = 40
) -> Intake:
    """One session while `script` runs; what ends the session early is raised."""
    intake = intake_of(device, sink)
    intake.open_session()
    session = asyncio.create_task(watch(device, intake))
    acting = asyncio.ensure_future(script(intake))
    await asyncio.wait({session, acting}, return_when=asyncio.FIRST_COMPLETED, timeout=seconds)
    for task in (session, acting):
        if not task.done():
            task.cancel()
    await asyncio.gather(session, acting, return_exceptions=True)
    for task in (session, acting):
        if not task.cancelled() and (error := task.exception()):
            raise error
    assert not acting.cancelled(), f"the script did not end within {seconds} s"
    return intake


def certificate_of(path: Path) -> x509.Certificate:
    return x509.load_der_x509_certificate(path.read_bytes())


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)
