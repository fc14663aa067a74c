"""The metrics by which a gateway of ours tells how it is: names, datatypes, units."""

from dataclasses import dataclass
from typing import Final

from wire.sparkplug_values import DataType

PREFIX: Final = "Gateway/"
DEVICES: Final = "Gateway/Devices/"
# Real seconds between two reports of a gateway to which nothing happens: its uptime has grown by this much.
HEARTBEAT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class NodeMetric:
    """One metric of a gateway about itself.

    `least_change` is how far a number must move to be reported again; every change of a text counts.
    """

    name: str
    datatype: DataType
    unit: str
    meaning: str
    least_change: float = 0.0


def _whole(name: str, unit: str, meaning: str, least_change: float = 0.0) -> NodeMetric:
    return NodeMetric(name, DataType.INT64, unit, meaning, least_change)


def _number(name: str, unit: str, meaning: str, least_change: float) -> NodeMetric:
    return NodeMetric(name, DataType.DOUBLE, unit, meaning, least_change)


def _text(name: str, meaning: str) -> NodeMetric:
    return NodeMetric(name, DataType.STRING, "", meaning)


# What every gateway reports on its node. Counters count since the process started.
NODE_METRICS: Final[tuple[NodeMetric, ...]] = (
    _text("Gateway/Software Version", "version of the installed taktline package"),
    _text("Gateway/Config Version", "first 12 hex digits of the SHA-256 of the gateway file in use"),
    _text(
        "Gateway/Config Error", "findings of a changed file that was refused; empty while the file is in use"
    ),
    _number("Gateway/Uptime", "s", "real time since the process started", HEARTBEAT_S),
    _number("Gateway/CPU", "cores", "share of one core over the last period", 0.01),
    _whole("Gateway/Memory", "bytes", "resident memory", 1 << 20),
    _number("Gateway/Clock Skew", "s", "gateway's clock minus the host's, by its receipts", 0.5),
    _whole("Gateway/Spool/Waiting Batches", "batches", "without a receipt", 10),
    _whole("Gateway/Spool/Waiting Bytes", "bytes", "without a receipt", 1 << 14),
    _number("Gateway/Spool/Oldest Waiting", "s", "real age of the oldest batch without a receipt", 5.0),
    _whole("Gateway/Spool/Held Bytes", "bytes", "waiting and kept after their receipt", 1 << 16),
    _whole("Gateway/Spool/Max Bytes", "bytes", "bound of what is held"),
    _whole("Gateway/Spool/Dropped Full", "batches", "dropped because the spool was full"),
    _whole("Gateway/Spool/Dropped Old", "batches", "dropped because they waited longer than allowed"),
    _whole("Gateway/Spool/Thinned", "batches", "dropped by thinning"),
    _whole("Gateway/Spool/Unstorable", "batches", "given up because the host could not read them"),
    _whole("Gateway/Spool/Refused Scans", "scans", "not taken because the disk did not keep up"),
    _text("Gateway/Spool/Trouble", "last write error while it lasts, else empty"),
    _whole("Gateway/Uplink/Connects", "times", "connections to a broker"),
    _whole("Gateway/Uplink/Rewinds", "times", "sending went back because the host was silent"),
    _whole("Gateway/Uplink/Bad Commands", "messages", "commands and STATE messages that could not be read"),
    _text("Gateway/Uplink/Last Error", "why the last connection ended, empty while it is up"),
    _whole("Gateway/Errors", "sessions", "device sessions that ended in an error, all devices"),
    _whole("Gateway/Overruns", "polls", "polls that began late, all devices"),
    _whole("Gateway/Bad Input", "readings", "flagged or refused, all devices and kinds"),
    _text(
        "Gateway/Bad Input Newest",
        'JSON by kind: {"kind": {"count": n, "device": the one with most of it, "example": its newest}}',
    ),
)

# What every device of the gateway has besides, as `Gateway/Devices/<device id>/<name>` on the node.
DEVICE_METRICS: Final[tuple[NodeMetric, ...]] = (
    _text("State", "starting, up, down (does not answer), refused (answers no) or stopped"),
    _whole("Errors", "sessions", "sessions that ended in an error"),
    _text("Last Error", "text of the newest error, empty if none"),
    _whole("Overruns", "polls", "polls that began late"),
    _whole("Bad Input", "readings", "flagged or refused"),
    _number(
        "Clock Skew", "s", "device's clock minus the gateway's, where the device has one; else null", 1.0
    ),
)


def device_metric(device: str, name: str) -> str:
    """Name on the node of a device's metric, e.g. ("L1-OP10", "State") → `Gateway/Devices/L1-OP10/State`."""
    return f"{DEVICES}{device}/{name}"


def split_device_metric(name: str) -> tuple[str, str] | None:
    """Device and metric that a name on the node speaks of; None for one that speaks of the node itself."""
    if not name.startswith(DEVICES):
        return None
    device, _, metric = name.removeprefix(DEVICES).partition("/")
    return (device, metric) if device and metric else None
