"""From a device's raw number to the value of a metric's datatype."""

import math
from dataclasses import dataclass

Scalar = bool | int | float | str

INTEGER_RANGES: dict[str, tuple[int, int]] = {
    "Int8": (-(2**7), 2**7 - 1),
    "Int16": (-(2**15), 2**15 - 1),
    "Int32": (-(2**31), 2**31 - 1),
    "Int64": (-(2**63), 2**63 - 1),
    "UInt8": (0, 2**8 - 1),
    "UInt16": (0, 2**16 - 1),
    "UInt32": (0, 2**32 - 1),
    # Sparkplug's UInt64 is wider, but no store of ours holds more than a signed 64-bit integer.
    "UInt64": (0, 2**63 - 1),
    "DateTime": (0, 2**63 - 1),
}
FLOATS = frozenset({"Float", "Double"})
TEXTS = frozenset({"String", "Text", "UUID"})
DATATYPES = (*INTEGER_RANGES, "Float", "Double", "Boolean", "String", "Text", "UUID")
NUMERIC = frozenset(INTEGER_RANGES) | FLOATS
LARGEST_FLOAT32 = 3.4028234663852886e38


class Unfit(ValueError):
    """A raw value that the metric's datatype cannot carry; `kind` is the name of its health counter."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(kind)


@dataclass(frozen=True, slots=True)
class Scaling:
    """The linear map of one tag: value = raw × scale + offset, then cast to the datatype.

    Integers are rounded half to even after scaling, so 0.5 of a part never appears. With scale 1 and offset 0
    an integer is passed on exactly, whatever its size.
    """

    datatype: str
    scale: float = 1.0
    offset: float = 0.0

    def value(self, raw: object) -> Scalar:
        """The value of the metric for one raw reading, e.g. 61_500 ms × 0.001 = 61.5 s.

        Parameters
        ----------
        raw : object
            What the device said: bool, int, float or str; an Unfit where the driver could not read it.

        Raises
        ------
        Unfit
            With kind `not_a_number` (NaN, infinite), `out_of_range` or `wrong_type`.
        """
        if self.datatype in TEXTS:
            if isinstance(raw, str):
                return raw
            raise raw if isinstance(raw, Unfit) else Unfit("wrong_type")
        if self.datatype == "Boolean":
            if isinstance(raw, bool | int):
                return bool(raw)
            raise raw if isinstance(raw, Unfit) else Unfit("wrong_type")
        if not isinstance(raw, bool | int | float):
            raise raw if isinstance(raw, Unfit) else Unfit("wrong_type")
        return self._number(raw)

    def _number(self, raw: float) -> int | float:
        if isinstance(raw, float) and not math.isfinite(raw):
            raise Unfit("not_a_number")
        if self.scale == 1 and self.offset == 0:
            number: int | float = raw
        else:
            number = raw * self.scale + self.offset
        if self.datatype in FLOATS:
            return self._real(number)
        if isinstance(number, float) and not math.isfinite(number):
            raise Unfit("out_of_range")
        whole = round(number)
        low, high = INTEGER_RANGES[self.datatype]
        if not low <= whole <= high:
            raise Unfit("out_of_range")
        return whole

    def _real(self, number: float) -> float:
        real = float(number)
        if not math.isfinite(real) or (self.datatype == "Float" and abs(real) > LARGEST_FLOAT32):
            raise Unfit("out_of_range")
        return real
