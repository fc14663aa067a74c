"""The fleet as it is now, and the commands it was given."""

from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.gateways.schemas import CommandOut, DeviceOut, FleetGateway, SpoolOut, TagNow
from cloud.gateways.tables import GatewayCommand
from cloud.ingest.ingest_state import NodeState
from cloud.ingest.runtime import IngestRuntime
from cloud.plant.schemas import iso, iso_or_none
from wire.clock import PlantClock
from wire.node_metrics import device_metric
from wire.session_events import NodeId
from wire.sparkplug import DataType
from wire.telemetry import NODE

# A device without a gateway says nothing when it leaves; so long after its last message it counts as gone.
JSON_SILENCE_S: Final = 300.0
_TEXT_SHOWN: Final = 2_000


class _Told:
    """What a gateway tells about itself, by the names of `wire.node_metrics`."""

    def __init__(self, ingest: IngestRuntime, node: NodeId) -> None:
        self._ingest = ingest
        self._node = node

    def value(self, name: str) -> Any:
        sample = self._ingest.live.sample(self._node, "", name)
        return None if sample is None else sample.value

    def text(self, name: str) -> str | None:
        value = self.value(name)
        return value if isinstance(value, str) and value else None

    def number(self, name: str) -> float | None:
        value = self.value(name)
        return float(value) if isinstance(value, int | float) else None

    def whole(self, name: str) -> int | None:
        value = self.number(name)
        return None if value is None else int(value)


def fleet(ingest: IngestRuntime, clock: PlantClock) -> list[FleetGateway]:
    """Every gateway that was ever heard or stored, by group and name."""
    return [_gateway(ingest, state, clock) for state in ingest.snapshot().nodes]


def _gateway(ingest: IngestRuntime, state: NodeState, clock: PlantClock) -> FleetGateway:
    told = _Told(ingest, NodeId(state.group, state.node))
    kind = "json" if state.node == NODE else ("own" if state.keeps_receipts else "third_party")
    heard_ms = clock.now_ms() - int(JSON_SILENCE_S * 1000 * clock.speed)
    devices = _devices(ingest, state, told, heard_ms)
    return FleetGateway(
        group=state.group,
        node=state.node,
        kind=kind,
        online=any(device.online for device in devices) if kind == "json" else state.is_online,
        last_seen=iso_or_none(state.last_seen_ms),
        points=state.points,
        gaps=state.gaps,
        lag_s=None if state.lag_s is None else round(state.lag_s, 3),
        software_version=told.text("Gateway/Software Version"),
        config_version=told.text("Gateway/Config Version"),
        config_error=told.text("Gateway/Config Error"),
        uptime_s=told.number("Gateway/Uptime"),
        cpu=told.number("Gateway/CPU"),
        memory_bytes=told.whole("Gateway/Memory"),
        clock_skew_s=told.number("Gateway/Clock Skew"),
        errors=told.whole("Gateway/Errors"),
        overruns=told.whole("Gateway/Overruns"),
        bad_input=told.whole("Gateway/Bad Input"),
        spool=_spool(told),
        devices=devices,
    )


def _spool(told: _Told) -> SpoolOut | None:
    waiting = told.whole("Gateway/Spool/Waiting Batches")
    if waiting is None:
        return None
    lost = ("Dropped Full", "Dropped Old", "Thinned", "Unstorable")
    return SpoolOut(
        waiting_batches=waiting,
        waiting_bytes=told.whole("Gateway/Spool/Waiting Bytes") or 0,
        oldest_s=told.number("Gateway/Spool/Oldest Waiting"),
        held_bytes=told.whole("Gateway/Spool/Held Bytes"),
        max_bytes=told.whole("Gateway/Spool/Max Bytes"),
        dropped=sum(told.whole(f"Gateway/Spool/{name}") or 0 for name in lost),
        trouble=told.text("Gateway/Spool/Trouble"),
    )


def _devices(ingest: IngestRuntime, state: NodeState, told: _Told, heard_ms: int) -> list[DeviceOut]:
    node = NodeId(state.group, state.node)
    session = ingest.session(*node)
    alive = set(session.devices) if session is not None and session.is_online else set()
    return [
        DeviceOut(
            id=device,
            online=last_ms >= heard_ms if state.node == NODE else device in alive,
            last_seen=iso(last_ms),
            stale_since=iso_or_none(ingest.live.stale_ms(node, device)),
            state=told.text(device_metric(device, "State")),
            errors=told.whole(device_metric(device, "Errors")),
            last_error=told.text(device_metric(device, "Last Error")),
            overruns=told.whole(device_metric(device, "Overruns")),
            bad_input=told.whole(device_metric(device, "Bad Input")),
            clock_skew_s=told.number(device_metric(device, "Clock Skew")),
        )
        for device, last_ms in sorted(ingest.devices(*node).items())
    ]


def tags_now(ingest: IngestRuntime, node: NodeId, device: str) -> list[TagNow]:
    """The newest value of every tag of a device, by name."""
    found = []
    for tag, (point, sample) in ingest.live.of_device(node, device).items():
        value = sample.value[:_TEXT_SHOWN] if isinstance(sample.value, str) else _finite(sample.value)
        if point.datatype == DataType.BOOLEAN and isinstance(value, int | float):
            value = bool(value)
        datatype = DataType(point.datatype).name if point.datatype in set(DataType) else str(point.datatype)
        found.append(
            TagNow(tag=tag, datatype=datatype, value=value, quality=sample.quality, at=iso(sample.ts_ms))
        )
    return found


def _finite(value: float | None) -> float | None:
    return value if value is None or abs(value) < float("inf") else None


def commands(session: Session, node: NodeId | None, limit: int) -> list[CommandOut]:
    """The newest commands first, of one gateway or of all."""
    query = select(GatewayCommand).order_by(GatewayCommand.number.desc()).limit(limit)
    if node is not None:
        query = query.where(GatewayCommand.group == node.group, GatewayCommand.node == node.node)
    return [command_out(row) for row in session.scalars(query)]


def command_out(row: GatewayCommand) -> CommandOut:
    """A command as the API says it."""
    return CommandOut(
        id=row.id,
        kind=row.kind,
        group=row.group,
        node=row.node,
        device=row.device,
        tag=row.tag,
        value=row.value.get("value"),
        value_before=row.value_before.get("value"),
        value_after=row.value_after.get("value"),
        state=row.state,
        requester=row.requester,
        reason=row.reason,
        outcome=row.outcome,
        asked_at=iso(row.asked_ms),
        settled_at=iso_or_none(row.settled_ms),
    )
