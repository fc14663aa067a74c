"""Values of an earlier address in the form of the one that goes on with them."""

from collections.abc import Mapping
from dataclasses import dataclass

from cloud.timeseries.store import BAD, Sample, Window


@dataclass(frozen=True, slots=True)
class Conversion:
    """How an old value reads today: by a table of values, else `value x scale + offset`.

    Attributes
    ----------
    scale, offset
        For numbers; 235 tenths of a degree with scale 0.1 are 23.5.
    values
        What each old value (as text, `1` for 1.0) is today, a number or a text; None leaves it to the scale.
        A value that is not in it stays as it is and is marked bad, since nobody said what it means.
    """

    scale: float = 1.0
    offset: float = 0.0
    values: Mapping[str, float | str] | None = None

    def then(self, later: "Conversion") -> "Conversion":
        """Return this conversion followed by a later one."""
        if self.values is None and later.values is None:
            return Conversion(self.scale * later.scale, self.offset * later.scale + later.offset)
        if later == AS_IT_IS:
            return self
        if self.values is not None:
            return Conversion(values={old: later.value(new)[0] for old, new in self.values.items()})
        if self == AS_IT_IS:
            return later
        raise ValueError("a table of values after a scale cannot be followed backwards")

    def number(self, value: float) -> float:
        """Return an old number as it reads today, by scale and offset."""
        return value * self.scale + self.offset

    def value(self, value: float | str) -> tuple[float | str, bool]:
        """Return an old value as it reads today, and whether somebody said so."""
        if self.values is not None:
            found = self.values.get(text_of(value))
            return (value, False) if found is None else (found, True)
        return (value if isinstance(value, str) else self.number(value)), True

    def sample(self, point: Sample) -> Sample:
        """Return a point as it reads today; without a value it stays as it is."""
        if point.value is None or self == AS_IT_IS:
            return point
        found, is_known = self.value(point.value)
        return point._replace(value=found, quality=point.quality if is_known else BAD)

    def window(self, window: Window) -> Window:
        """Return sums over numbers as they read today, by scale and offset."""
        if self == AS_IT_IS:
            return window
        at, good, *sums = window
        low, high, mean, first, last, weighted = map(self.number, sums)
        return Window(at, good, min(low, high), max(low, high), mean, first, last, weighted)


AS_IT_IS = Conversion()


def text_of(value: float | str) -> str:
    """Return a value as it is written in a table of values: `1` for 1.0."""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)
