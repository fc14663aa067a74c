"""Gateways over HTTP: the fleet, a device's values, commands."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from cloud.db import Read, Tx
from cloud.gateways import actions, queries
from cloud.gateways.schemas import CommandOut, FleetGateway, RebirthIn, TagNow, WriteIn
from cloud.identity.access import User, may
from cloud.ingest.routes import Ingest
from cloud.plant.access import Clock
from wire.session_events import NodeId


def device_of(group: str, node: str, device: str) -> tuple[NodeId, str]:
    """The gateway and device that a path names."""
    return NodeId(group, node), device


OfDevice = Annotated[tuple[NodeId, str], Depends(device_of)]

router = APIRouter(prefix="/gateways", tags=["gateways"])

Reader = Annotated[User, Depends(may("system.read"))]
Commander = Annotated[User, Depends(may("gateways.command"))]


@router.get("")
def list_gateways(_user: Reader, ingest: Ingest, clock: Clock) -> list[FleetGateway]:
    """Every gateway with its devices, as it is now."""
    return queries.fleet(ingest, clock)


@router.get("/commands")
def list_commands(
    _user: Reader,
    session: Read,
    gateway: Annotated[str | None, Query(max_length=400, pattern="^[^/]+/[^/]+$")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[CommandOut]:
    """The newest commands first; `gateway=group/node` shows those of one."""
    node = NodeId(*gateway.split("/", 1)) if gateway else None
    return queries.commands(session, node, limit)


@router.get("/{group}/{node}/devices/{device}/tags")  # noqa: FAST003  OfDevice takes them
def list_tags(_user: Reader, ingest: Ingest, of: OfDevice) -> list[TagNow]:
    """The newest value of every tag of a device."""
    return queries.tags_now(ingest, *of)


@router.post("/{group}/{node}/rebirth", status_code=202)
def ask_for_rebirth(  # noqa: PLR0917  a route's dependencies
    user: Commander, ingest: Ingest, session: Tx, clock: Clock, group: str, node: str, body: RebirthIn
) -> CommandOut:
    """The command that asks a gateway to tell all its metrics anew."""
    row = actions.ask_rebirth(session, ingest, clock, user, (NodeId(group, node), body.reason))
    return queries.command_out(row)


@router.post("/{group}/{node}/devices/{device}/tags/{tag:path}/write", status_code=202)  # noqa: FAST003  the same
def ask_for_write(  # noqa: PLR0917  a route's dependencies
    user: Commander,
    ingest: Ingest,
    session: Tx,
    clock: Clock,
    of: OfDevice,
    tag: str,
    body: WriteIn,
) -> CommandOut:
    """The command that writes a tag of a device; what became of it stands in the list of commands."""
    row = actions.ask_write(session, ingest, clock, user, (*of, tag), body)
    return queries.command_out(row)
