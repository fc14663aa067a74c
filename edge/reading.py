"""What a driver hands on: readings of one device with the time over which it watched."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from types import MappingProxyType
from typing import NamedTuple, overload

from wire.quality import GOOD
from wire.sparkplug import DataType

Value = bool | int | float | str | bytes | None


class Reading(NamedTuple):
    """One value of one tag at one moment; a named tuple because a gateway makes one for every value.

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


_made = partial(tuple.__new__, Reading)


class Columns(Sequence[Reading]):
    """Good numbers of several tags of one device, all of one moment.

    A sequence of readings like any other, but a `Reading` is made only for who looks at one: thousands of
    values a second pass from the driver to the spool's bytes as numbers in a list.

    Parameters
    ----------
    device : str
        Device id.
    tags : tuple of str
        Metric names, each once.
    ts_ms : int
        Plant time of all values, ms.
    values : sequence of bool, int or float
        As many as tags, each fit for its metric's datatype. Nobody changes them afterwards.
    """

    __slots__ = ("device", "tags", "ts_ms", "values")

    def __init__(self, device: str, tags: tuple[str, ...], ts_ms: int, values: Sequence[Value]) -> None:
        self.device = device
        self.tags = tags
        self.ts_ms = ts_ms
        self.values = values

    def __len__(self) -> int:
        return len(self.tags)

    @overload
    def __getitem__(self, index: int) -> Reading: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Reading]: ...
    def __getitem__(self, index: int | slice) -> Reading | Sequence[Reading]:
        if isinstance(index, slice):
            return tuple(self)[index]
        return Reading(self.device, self.tags[index], self.ts_ms, self.values[index])

    def __iter__(self) -> Iterator[Reading]:
        fields = zip(repeat(self.device), self.tags, repeat(self.ts_ms), self.values, repeat(GOOD))
        return map(_made, fields)


@dataclass(frozen=True, slots=True)
class Scan:
    """Readings of one device in the order they were seen, handed to the spool in one piece.

    `observed` = (since_ms, through_ms) asserts that the device was watched without a break over that time in
    one driver session; None when it was not watched. The spool stores readings and assertion together.
    """

    device: str
    readings: Sequence[Reading]
    observed: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """A device as the configuration declares it: its id and the datatype of each of its tags.

    The newest value of a tag in `kept` outlives the spool's batches and the gateway's restarts.
    """

    id: str
    tags: Mapping[str, DataType] = field(default_factory=lambda: MappingProxyType({}))
    kept: frozenset[str] = frozenset()
