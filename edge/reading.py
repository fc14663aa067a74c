"""What a driver hands on: readings of one device with the time over which it watched."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from wire.quality import GOOD
from wire.sparkplug import DataType

Value = bool | int | float | str | bytes | None


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one tag at one moment.

    Parameters
    ----------
    device, tag : str
        Device id and metric name.
    ts_ms : int
        Plant time of the value, ms since the Unix epoch; the device's own clock where it has one.
    value : bool, int, float, str, bytes or None
        None when the device gave no value; its quality then says why.
    quality : int
        192 good, 0 bad, 500 stale.
    """

    device: str
    tag: str
    ts_ms: int
    value: Value
    quality: int = GOOD


@dataclass(frozen=True, slots=True)
class Scan:
    """Readings of one device in the order they were seen, handed to the spool in one piece.

    `observed` = (since_ms, through_ms) asserts that the device was watched without a break over that time in
    one driver session; None when it was not watched. The spool stores readings and assertion together.
    """

    device: str
    readings: tuple[Reading, ...]
    observed: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """A device as the configuration declares it: its id and the datatype of each of its tags."""

    id: str
    tags: Mapping[str, DataType] = field(default_factory=lambda: MappingProxyType({}))
