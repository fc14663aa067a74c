"""Tags that are always read together: their raw numbers become readings by columns, not one by one."""

from collections.abc import Callable, Sequence
from itertools import compress
from operator import ge, le, ne
from typing import NamedTuple

from edge.filters import ChangeFilter
from edge.reading import Columns, Reading
from edge.scaling import FLOATS, INTEGER_RANGES, LARGEST_FLOAT32, Scaling
from wire.quality import GOOD

_LARGEST_FLOAT64 = float.fromhex("0x1.fffffffffffffp+1023")
_NOTHING = object()


class TagPath:
    """How one tag's samples become readings; `change` is None where every sample counts.

    A raw number of type `kind` between `low` and `high` is the value as it is; `factor` is None where scaling
    needs more than a multiplication. `raw` is the number that was taken last, to see at once that nothing
    happened; `forget` it whenever a sample goes another way. `plan` knows better while it speaks for the tag.
    """

    __slots__ = ("change", "factor", "high", "kind", "low", "name", "offset", "plan", "raw", "scaling")

    def __init__(self, name: str, scaling: Scaling, change: ChangeFilter | None) -> None:
        self.name = name
        self.scaling = scaling
        self.change = change
        self.raw: object = _NOTHING
        self.plan: Plan | None = None
        is_plain = scaling.scale == 1 and scaling.offset == 0
        is_real = scaling.datatype in FLOATS
        self.factor = scaling.scale if is_real and not is_plain else None
        self.offset = scaling.offset
        self.kind: type | None = None
        self.low: float = 0
        self.high: float = 1
        if is_real:
            self.high = LARGEST_FLOAT32 if scaling.datatype == "Float" else _LARGEST_FLOAT64
            self.low = -self.high
            self.kind = float if is_plain else None
        elif is_plain and scaling.datatype in INTEGER_RANGES:
            self.low, self.high = INTEGER_RANGES[scaling.datatype]
            self.kind = int
        elif scaling.datatype == "Boolean":
            self.kind = bool

    def is_simple(self, raw: object) -> bool:
        """Whether a number like `raw` is a value at once and is reported whenever it is another one."""
        kind = type(raw)
        is_number = kind is self.kind or (self.factor is not None and kind in {int, float})
        return is_number and self.change is not None and self.change.deadband is None

    def forget(self) -> None:
        """Look at the next number as if none had been before; what was reported stays known."""
        if self.plan is not None:
            self.plan.give_back()
        self.raw = _NOTHING


class Plan:
    """Tags that are read together, and the numbers of the last time while all of them were plainly good.

    While the plan *holds* (`raws` is not None), the state of its paths is kept here, by column: the raw
    numbers taken last and the values reported last. `give_back` puts it where each path keeps its own.
    """

    __slots__ = (
        "_factors",
        "_highs",
        "_is_scaled",
        "_kinds",
        "_lows",
        "_offsets",
        "paths",
        "raws",
        "tags",
        "values",
    )

    def __init__(self, paths: Sequence[TagPath]) -> None:
        self.paths = tuple(paths)
        self.tags = tuple(path.name for path in paths)
        self.raws: Sequence[object] | None = None
        self.values: Sequence[object] = ()
        self._kinds: tuple[type, ...] = ()
        self._is_scaled = any(path.factor is not None for path in paths)
        self._factors = tuple(path.factor for path in paths)
        self._offsets = tuple(path.offset for path in paths)
        self._lows = tuple(path.low for path in paths)
        self._highs = tuple(path.high for path in paths)

    def taken(self, raws: Sequence[object]) -> Sequence[object] | None:
        """The values of raw numbers that are all plainly good and of the types of last time, else None."""
        if tuple(map(type, raws)) != self._kinds:
            return None
        values = raws
        if self._is_scaled:
            values = [
                raw if factor is None else raw * factor + offset  # type: ignore[operator]  # a number by its type
                for raw, factor, offset in zip(raws, self._factors, self._offsets, strict=True)
            ]
        # NaN is between no two numbers.
        if all(map(le, values, self._highs)) and all(map(ge, values, self._lows)):  # type: ignore[arg-type]  # numbers
            return values
        return None

    def hold(self, raws: Sequence[object]) -> None:
        """Speak for the paths from now on, if each has just taken its raw number as plainly good."""
        for path, raw in zip(self.paths, raws, strict=True):
            is_free = path.plan is None or path.plan.raws is None
            if path.raw is not raw or not is_free or not path.is_simple(raw):
                return
        self._kinds = tuple(map(type, raws))
        values = self.taken(raws)
        if values is None:
            return
        for path in self.paths:
            path.plan = self
        self.raws, self.values = raws, values

    def give_back(self) -> None:
        """Let each path keep its own state again."""
        raws, self.raws = self.raws, None
        if raws is None:
            return
        for path, raw, value in zip(self.paths, raws, self.values, strict=True):
            path.raw = raw
            if path.change:
                path.change.note(value, GOOD)  # type: ignore[arg-type]  # a number, as `taken` has seen


class Row(NamedTuple):
    """Raw numbers of a plan's tags, all read at one moment (plant ms)."""

    plan: Plan
    ts_ms: int
    raws: Sequence[object]


def readings_of(
    device: str, row: Row, otherwise: Callable[[TagPath, object], Reading | None]
) -> Sequence[Reading]:
    """What a row reports: changed values; `otherwise` judges what is not plainly a good number."""
    plan, raws = row.plan, row.raws
    if plan.raws is not None:
        if raws == plan.raws:
            return ()
        values = plan.taken(raws)
        if values is not None:
            changed = list(map(ne, values, plan.values))
            plan.raws, plan.values = raws, values
            if all(changed):
                return Columns(device, plan.tags, row.ts_ms, values)  # type: ignore[arg-type]  # numbers
            # Another set of tags each time: nothing is gained by keeping them together.
            return tuple(compress(Columns(device, plan.tags, row.ts_ms, values), changed))  # type: ignore[arg-type]  # numbers
        plan.give_back()
    readings = _one_by_one(device, row, otherwise)
    plan.hold(raws)
    return readings


def _one_by_one(
    device: str, row: Row, otherwise: Callable[[TagPath, object], Reading | None]
) -> list[Reading]:
    ts_ms = row.ts_ms
    readings = []
    for path, raw in zip(row.plan.paths, row.raws, strict=True):
        if raw == path.raw:
            path.raw = raw
            continue
        kind = type(raw)
        if kind is path.kind:
            value = raw
        elif path.factor is not None and (kind is int or kind is float):
            value = raw * path.factor + path.offset  # type: ignore[operator]  # a number, as just seen
        else:
            value = None
        # NaN is between no two numbers.
        if value is None or not path.low <= value <= path.high:  # type: ignore[operator]  # the same
            reading = otherwise(path, raw)
            if reading is not None:
                readings.append(reading)
            continue
        path.raw = raw
        if path.change is None or path.change.passes(value, GOOD):  # type: ignore[arg-type]  # the same
            readings.append(Reading(device, path.name, ts_ms, value))  # type: ignore[arg-type]  # the same
    return readings
