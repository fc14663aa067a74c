"""Which readings are worth reporting: changes, beyond a deadband if one is set."""

from dataclasses import dataclass

from edge.scaling import Scalar


@dataclass(frozen=True, slots=True)
class Deadband:
    """How far a number must move from the value reported last to be reported again.

    Attributes
    ----------
    absolute : float
        In the unit of the metric; a change of more than this passes.
    percent : float
        In percent of the value reported last; a change of more than this passes. After a reported 0 every
        change passes. This is not OPC UA's percent deadband, which refers to the range of the instrument.
    """

    absolute: float = 0.0
    percent: float = 0.0

    def is_exceeded(self, last: float, now: float) -> bool:
        """Whether `now` is far enough from `last`, e.g. absolute 0.1: 2.20 → 2.31 is, 2.20 → 2.29 is not."""
        return abs(now - last) > max(self.absolute, abs(last) * self.percent / 100)


class ChangeFilter:
    """Report by exception for one tag.

    The first value always passes, and so does every change of quality. Equal values never pass; numbers must
    leave the deadband around the value that passed last, so slow drift is not swallowed step by step.
    """

    __slots__ = ("_quality", "_value", "deadband")

    def __init__(self, deadband: Deadband | None = None) -> None:
        self.deadband = deadband
        self._quality: int | None = None
        self._value: Scalar | None = None

    def passes(self, value: Scalar | None, quality: int) -> bool:
        """Whether this reading is reported; if so it becomes the one that later ones are compared with."""
        if quality == self._quality and not self._is_change(value):
            return False
        self._quality, self._value = quality, value
        return True

    def note(self, value: Scalar | None, quality: int) -> None:
        """Remember a reading that was reported regardless of this filter."""
        self._quality, self._value = quality, value

    def reset(self) -> None:
        """Forget what was reported, so that the next value passes as the first of a session."""
        self._quality = self._value = None

    def _is_change(self, value: Scalar | None) -> bool:
        last = self._value
        if value is None or last is None:
            return value is not last
        if self.deadband and not isinstance(value, str) and not isinstance(last, str):
            return self.deadband.is_exceeded(last, value)
        return value != last
