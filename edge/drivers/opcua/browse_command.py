"""`edge browse URL`: a gateway file for what an OPC UA server has to offer."""

import argparse
import asyncio
import getpass
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from edge.config import load
from edge.devices.opcua import OpcUaDevice
from edge.devices.tag import RESERVED_TAGS
from edge.drivers.opcua.browsing import Variable, variables
from edge.drivers.opcua.connection import as_edge_error, connect, leave
from edge.drivers.opcua.items import limits_of
from edge.errors import EdgeError

WRONG = 2
PASSWORD_VARIABLE = "TAKTLINE_OPCUA_PASSWORD"  # noqa: S105 - the name of the variable, not a password
OBJECTS = "i=85"


def main(arguments: list[str]) -> int:
    """The exit code: 0 when the file was written, 2 when the server or an argument says no."""
    chosen = _parser().parse_args(arguments)
    try:
        device = _device(chosen)
        found, is_cut = asyncio.run(_browse(device, chosen))
    except (EdgeError, ValueError) as wrong:
        sys.stderr.write(f"edge browse: {wrong}\n")
        return WRONG
    usable = [variable for variable in found if variable.datatype]
    if not usable:
        sys.stderr.write(f"edge browse: nothing below {chosen.under} can be a tag; accepted: --under NODE\n")
        return WRONG
    text = "\n".join([*_head(chosen), *_body(chosen, found), ""])
    if chosen.out is None:
        sys.stdout.write(text)
    elif chosen.out.exists() and not chosen.replace:
        sys.stderr.write(f"edge browse: {chosen.out} exists; accepted: --replace, or another --out\n")
        return WRONG
    else:
        chosen.out.write_text(text, encoding="utf-8")
        load(chosen.out)
    cut = f"; stopped at --max {chosen.max}" if is_cut else ""
    sys.stderr.write(f"{len(usable)} tags, {len(found) - len(usable)} variables left out{cut}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="edge browse", description=__doc__)
    parser.add_argument("url", help="opc.tcp://host:port")
    parser.add_argument(
        "--user", help=f"log in as; the password is asked for, or taken from {PASSWORD_VARIABLE}"
    )
    parser.add_argument("--security", default="none", help="none, Basic256Sha256, Aes128Sha256RsaOaep, …")
    parser.add_argument("--mode", default="sign_and_encrypt", help="sign or sign_and_encrypt")
    parser.add_argument("--pki", default="pki", help="folder of the certificates")
    parser.add_argument("--password-in-clear", action="store_true", help="though the channel is open")
    parser.add_argument("--under", default=OBJECTS, metavar="NODE", help="begin at this node id")
    parser.add_argument("--max", type=int, default=5000, help="stop after so many variables")
    parser.add_argument("--writable", action="store_true", help="allow commands where the server does")
    parser.add_argument("--id", default="", help="device id; otherwise from the address")
    parser.add_argument("--group", default="plant", help="Sparkplug group of the file")
    parser.add_argument("--node", default="gw1", help="Sparkplug edge node of the file")
    parser.add_argument("--out", type=Path, help="write here and check it; otherwise to standard output")
    parser.add_argument("--replace", action="store_true", help="overwrite --out")
    return parser


def _device(chosen: argparse.Namespace) -> OpcUaDevice:
    """The connection as a device of one tag, so that the same checks hold as for a gateway file."""
    secret = None
    if chosen.user:
        secret = os.environ.get(PASSWORD_VARIABLE) or getpass.getpass(f"password of {chosen.user}: ")
    return OpcUaDevice.model_validate(
        {
            "id": _id(chosen),
            "driver": "opcua",
            "endpoint": chosen.url,
            "security": chosen.security,
            "mode": chosen.mode,
            "pki": chosen.pki,
            "username": chosen.user,
            "password": secret,
            "password_in_clear": chosen.password_in_clear,
            "timeout_s": 10.0,
            "tag": [{"name": "any", "datatype": "Double", "node": chosen.under}],
        }
    )


def _id(chosen: argparse.Namespace) -> str:
    address = re.sub(r"^opc\.tcp://", "", chosen.url)
    return chosen.id or re.sub(r"[^\w.-]+", "-", address).strip("-")


async def _browse(device: OpcUaDevice, chosen: argparse.Namespace) -> tuple[list[Variable], bool]:
    client = await connect(device)
    try:
        return await variables(client, chosen.under, chosen.max, await limits_of(client))
    except Exception as error:
        raise as_edge_error(error, device.endpoint) from error
    finally:
        await leave(client)


def _head(chosen: argparse.Namespace) -> Iterator[str]:
    yield f"# Made by `taktline edge browse {chosen.url}`; take out what is not wanted."
    yield "[gateway]"
    yield f"group = {_text(chosen.group)}"
    yield f"node = {_text(chosen.node)}"
    yield ""
    yield "[spool]"
    yield f"path = {_text(chosen.node + '.spool')}"
    yield ""
    yield "[[device]]"
    yield f"id = {_text(_id(chosen))}"
    yield 'driver = "opcua"'
    yield f"endpoint = {_text(chosen.url)}"
    if chosen.security != "none":
        yield f"security = {_text(chosen.security)}"
        yield f"mode = {_text(chosen.mode)}"
        yield f"pki = {_text(str(Path(chosen.pki).resolve()))}"
    if chosen.user:
        yield f"username = {_text(chosen.user)}"
        yield 'password = ""  # browse does not write it here: put it in, for the gateway alone to read'
        if chosen.password_in_clear:
            yield "password_in_clear = true"


def _body(chosen: argparse.Namespace, found: list[Variable]) -> Iterator[str]:
    taken: set[str] = set(RESERVED_TAGS)
    for variable in found:
        yield ""
        if not variable.datatype:
            yield f"# {_comment(variable.path)} ({_comment(variable.node)}) {_comment(variable.refusal)}"
            continue
        yield "[[device.tag]]"
        yield f"name = {_text(_name(variable, taken))}"
        yield f"datatype = {_text(variable.datatype)}"
        yield f"node = {_text(variable.node)}"
        if variable.elements is not None:
            yield f"flatten = {variable.elements}"
        if variable.is_writable:
            yield "writable = true" if chosen.writable else "# writable = true  # the server would allow it"


def _name(variable: Variable, taken: set[str]) -> str:
    """The path as a name that no other tag has and the gateway does not need itself."""
    name = "".join(sign if sign.isprintable() else "_" for sign in variable.path) or variable.node
    if name.startswith(("Node Control/", "Device Control/")) or name in taken:
        name = f"{name} ({variable.node})"
    taken.add(name)
    return name


def _comment(text: str) -> str:
    return "".join(sign if sign.isprintable() else "_" for sign in text)


def _text(text: str) -> str:
    """A TOML basic string; JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
