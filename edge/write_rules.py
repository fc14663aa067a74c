"""Which tags may be written, and whether a value may be written to them."""

import math
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from edge.scaling import FLOATS, INTEGER_RANGES, LARGEST_FLOAT32, TEXTS
from edge.writes import Writes, WriteValue
from wire.sparkplug import DataType, Metric, typed

_MAX_TEXT: Final = 1000


class Refused(Exception):
    """A command that is not tried; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class WriteRule:
    """A writable tag.

    Parameters
    ----------
    datatype : str
        Sparkplug datatype as the file spells it.
    low, high : float or None
        Limits in metric values.
    step : float
        What one step of the device's own number means where the tag is scaled, else 0: the device may round
        by half of it.
    """

    datatype: str
    low: float | None = None
    high: float | None = None
    step: float = 0.0

    def holds(self, asked: WriteValue, read_back: WriteValue) -> bool:
        """Whether what was read back is what was asked for, within the datatype's and the step's rounding."""
        if isinstance(asked, bool) or isinstance(read_back, bool | str) or isinstance(asked, str):
            return type(asked) is type(read_back) and asked == read_back
        if isinstance(asked, int) and isinstance(read_back, int):
            return asked == read_back
        return math.isclose(read_back, asked, rel_tol=1e-6, abs_tol=max(self.step * 0.5001, 1e-12))

    def value(self, metric: Metric) -> WriteValue:
        """The value of a command's metric, fit for this tag.

        A whole number is taken for any number, a real one only for Float and Double; nothing becomes a
        Boolean or a text that was none.

        Raises
        ------
        Refused
            When it does not go with the datatype or lies outside the limits.
        """
        value = metric.value
        if not metric.datatype:
            value = typed(value, DataType[self.datatype.upper()])
        if metric.is_null or value is None:
            raise Refused(f"the command has no value that goes with {self.datatype}")
        if self.datatype in TEXTS:
            return self._text(value)
        if self.datatype == "Boolean":
            if not isinstance(value, bool):
                raise Refused(f"{value!r:.60} is no Boolean")
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Refused(f"{value!r:.60} is no number")
        return self._number(value)

    def _text(self, value: object) -> str:
        if not isinstance(value, str):
            raise Refused(f"{value!r:.60} is no text")
        if len(value) > _MAX_TEXT:
            raise Refused(f"the text is longer than {_MAX_TEXT} characters")
        if self.datatype == "UUID":
            try:
                uuid.UUID(value)
            except ValueError:
                raise Refused(f"{value[:60]!r} is no UUID") from None
        return value

    def _number(self, value: float) -> int | float:
        if self.datatype in FLOATS:
            value = self._real(value)
        elif not isinstance(value, int):
            raise Refused(f"{value!r} is no whole number, {self.datatype} takes no other")
        else:
            low, high = INTEGER_RANGES[self.datatype]
            if not low <= value <= high:
                raise Refused(f"{value} lies outside {self.datatype}")
        if self.low is not None and value < self.low:
            raise Refused(f"{value} lies below write_min {self.low:g}")
        if self.high is not None and value > self.high:
            raise Refused(f"{value} lies above write_max {self.high:g}")
        return value

    def _real(self, value: float) -> float:
        try:
            real = float(value)
        except OverflowError:
            real = math.inf
        if not math.isfinite(real) or (self.datatype == "Float" and abs(real) > LARGEST_FLOAT32):
            raise Refused(f"{self.datatype} cannot hold {value!r:.60}")
        return real


class Bucket:
    """A rate limit: `per_minute` on average, a sixth of it at once; times are monotonic seconds."""

    def __init__(self, per_minute: float) -> None:
        self._per_s = per_minute / 60.0
        self._most = max(1.0, per_minute / 6.0)
        self._held = self._most
        self._at_s = time.monotonic()

    def take(self, now_s: float) -> bool:
        """Whether one more may pass now."""
        self._held = min(self._most, self._held + max(0.0, now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        if self._held < 1.0:
            return False
        self._held -= 1.0
        return True


@dataclass(frozen=True, slots=True)
class CommandSettings:
    """How commands are taken.

    Parameters
    ----------
    plain : bool
        Whether commands without id and expiry, as any Sparkplug host sends them, are executed.
    per_minute : int
        Writes to all devices together; a sixth of it may come at once.
    timeout_s : float
        Real seconds within which a plain command must be begun.
    """

    plain: bool = False
    per_minute: int = 60
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Writing:
    """What the uplink needs to have values written.

    Parameters
    ----------
    rules : callable
        Gives the writable tags by (device, metric); asked at every command, so a new configuration counts
        at once.
    queue : callable
        Gives the queue of a device's driver, None when the device is not configured.
    settings : CommandSettings
        Limits.
    """

    rules: Callable[[], Mapping[tuple[str, str], WriteRule]] = lambda: MappingProxyType({})
    queue: Callable[[str], Writes | None] = lambda _device: None
    settings: CommandSettings = field(default_factory=CommandSettings)
