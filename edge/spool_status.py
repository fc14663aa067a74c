"""What a spool says of itself and refuses."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.reading import DeviceSpec
from edge.spool_bounds import SpoolCounts


class UnknownTag(KeyError):
    """A reading of a device or tag that no configuration declares."""


@dataclass(frozen=True, slots=True)
class SpoolStatus:
    """What the spool holds and has lost; `trouble` is the last write error while it lasts."""

    counts: SpoolCounts
    waiting_readings: int
    unfit_values: int
    refused_scans: int
    trouble: str | None


def kept_counters(devices: Sequence[DeviceSpec]) -> dict[str, frozenset[str]]:
    """Each device's counters that go on after a restart."""
    return {device.id: device.kept for device in devices if device.kept}
