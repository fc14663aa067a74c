"""Asking a gateway for something: checked, written down, announced in one transaction."""

import math
import uuid
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.errors import Conflict, Invalid, NotFound
from cloud.gateways.events import COMMAND_ASKED, COMMAND_SETTLED
from cloud.gateways.schemas import Value, WriteIn
from cloud.gateways.tables import GatewayCommand
from cloud.identity.access import User
from cloud.identity.actions import audit
from cloud.ingest.runtime import IngestRuntime
from cloud.outbox import announce
from wire.clock import PlantClock, real_ms
from wire.session import NodeSession
from wire.session_events import NodeId
from wire.sparkplug import DataType

REBIRTH_LIFE_S: Final = 30
# The word of what was written may wait in the gateway's spool; so long after the expiry nobody waits for it.
GRACE_MS: Final = 15_000
_WAITING: Final = ("pending", "sent")
_INTEGERS: Final = {
    DataType.INT8: (-(1 << 7), (1 << 7) - 1),
    DataType.INT16: (-(1 << 15), (1 << 15) - 1),
    DataType.INT32: (-(1 << 31), (1 << 31) - 1),
    DataType.INT64: (-(1 << 63), (1 << 63) - 1),
    DataType.UINT8: (0, (1 << 8) - 1),
    DataType.UINT16: (0, (1 << 16) - 1),
    DataType.UINT32: (0, (1 << 32) - 1),
    DataType.UINT64: (0, (1 << 64) - 1),
}
_FLOATS: Final = frozenset({DataType.FLOAT, DataType.DOUBLE})
_TEXTS: Final = frozenset({DataType.STRING, DataType.TEXT})


def ask_rebirth(
    session: Session, ingest: IngestRuntime, clock: PlantClock, user: User, asked: tuple[NodeId, str]
) -> GatewayCommand:
    """The command that asks a gateway for all its births; `asked` is (gateway, reason).

    Raises
    ------
    NotFound, Conflict
        When the gateway was never heard, or is offline.
    """
    node, reason = asked
    _online(ingest, node)
    row = _row("rebirth", node, clock, user, reason)
    row.expires_ms = real_ms() + REBIRTH_LIFE_S * 1000
    return _asked(session, user, row)


def ask_write(  # noqa: PLR0917  who asks whom for what
    session: Session,
    ingest: IngestRuntime,
    clock: PlantClock,
    user: User,
    target: tuple[NodeId, str, str],
    wish: WriteIn,
) -> GatewayCommand:
    """The command that writes a tag; `target` is (gateway, device, tag).

    Whether the tag may be written is the gateway's own configuration and decided there.

    Raises
    ------
    NotFound, Conflict, Invalid
        When there is no such tag, the device is offline, or the value does not go with the tag's datatype.
    """
    node, device, tag = target
    known_session = _online(ingest, node)
    known = known_session.known(device, tag)
    if known is None:
        raise NotFound(f"{node.group}/{node.node}/{device} has no tag {tag!r}.", code="no_such_tag")
    if device not in known_session.devices:
        raise Conflict(f"The device {device} is offline.", code="device_offline")
    row = _row("write", node, clock, user, wish.reason)
    row.device, row.tag = device, tag
    row.value = {"value": _checked(wish.value, known.datatype)}
    before = ingest.live.point(node, device, tag)
    row.value_before = {"value": _json(None if before is None else before.value)}
    row.expires_ms = real_ms() + wish.expires_s * 1000
    return _asked(session, user, row)


def settle(session: Session, ingest: IngestRuntime, clock: PlantClock) -> list[int]:
    """Numbers of the commands that ended without a word of the gateway: births came, or time ran out."""
    settled = []
    for row in session.scalars(select(GatewayCommand).where(GatewayCommand.state.in_(_WAITING))):
        if row.sent_ms is not None and _is_seen_done(ingest, row):
            row.state = "done"
        elif real_ms() > row.expires_ms + (GRACE_MS if row.sent_ms is not None else 0):
            row.state = "expired"
        else:
            continue
        row.settled_ms = clock.now_ms()
        settled.append(row.number)
    if settled:
        announce(session, COMMAND_SETTLED, {"numbers": settled})
    return settled


def is_waiting(session: Session) -> bool:
    """Whether any command has not ended."""
    query = select(GatewayCommand.number).where(GatewayCommand.state.in_(_WAITING)).limit(1)
    return session.execute(query).first() is not None


def _is_seen_done(ingest: IngestRuntime, row: GatewayCommand) -> bool:
    node = NodeId(row.group, row.node)
    if row.kind == "rebirth":
        return ingest.born_real_ms(*node) >= (row.sent_ms or 0)
    known_session = ingest.session(*node)
    if known_session is None or known_session.keeps_receipts:
        return False  # ours say themselves what became of it
    now = ingest.live.point(node, row.device, row.tag)
    wanted = row.value.get("value")
    if now is None or now.value != wanted or row.value_before.get("value") == wanted:
        return False
    row.value_after = {"value": _json(now.value)}
    return True


def _online(ingest: IngestRuntime, node: NodeId) -> NodeSession:
    known = ingest.session(*node)
    if known is None:
        raise NotFound(f"No gateway {node.group}/{node.node} was heard.", code="no_such_gateway")
    if not known.is_online:
        raise Conflict(f"The gateway {node.group}/{node.node} is offline.", code="gateway_offline")
    return known


def _row(kind: str, node: NodeId, clock: PlantClock, user: User, reason: str) -> GatewayCommand:
    return GatewayCommand(
        id=uuid.uuid4().hex,
        kind=kind,
        group=node.group,
        node=node.node,
        device="",
        tag="",
        value={},
        value_before={},
        value_after={},
        state="pending",
        requester=user.username,
        reason=reason,
        outcome="",
        asked_ms=clock.now_ms(),
        settled_ms=None,
        sent_ms=None,
    )


def _asked(session: Session, user: User, row: GatewayCommand) -> GatewayCommand:
    session.add(row)
    session.flush()
    address = f"gateway/{row.group}/{row.node}"
    detail: dict[str, Any] = {"id": row.id, "reason": row.reason}
    if row.kind == "write":
        address = f"{address}/{row.device}/{row.tag}"
        detail |= {"value": row.value["value"], "before": row.value_before["value"]}
    audit(session, user, f"gateways.{row.kind}", address[:200], detail)
    announce(session, COMMAND_ASKED, {"number": row.number})
    return row


def _checked(value: Value, datatype: int) -> Value:
    """The value as the datatype wants it."""
    kind = DataType(datatype) if datatype in set(DataType) else None
    if kind is DataType.BOOLEAN and isinstance(value, bool):
        return value
    if kind in _INTEGERS and not isinstance(value, bool) and isinstance(value, int | float):
        low, high = _INTEGERS[kind]
        if value == math.floor(value) and low <= value <= high:
            return int(value)
    if kind in _FLOATS and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind in _TEXTS and isinstance(value, str) and len(value) <= 1000:  # noqa: PLR2004  as the wire says
        return value
    name = kind.name if kind is not None else str(datatype)
    raise Invalid(f"{value!r} is no value of type {name}.", code="wrong_value")


def _json(value: object) -> Value:
    if isinstance(value, bytes):
        return value.hex()[:200]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, bool | int | float | str) else None
