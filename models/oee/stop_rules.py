"""Ordered rules that name the reason of a stop from what is known about it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Circumstance:
    """What a rule may ask about a stop: `minute` of the local day and `weekday` (0 = Monday) of its start."""

    machine: str
    state: str
    length_s: float
    product: str | None
    minute: int
    weekday: int


@dataclass(frozen=True, slots=True)
class StopRule:
    """A stop that fulfils everything a rule names has its reason; what is empty or None is not asked.

    `[from_minute, to_minute)` of the local day; a range that ends at or before its start goes over midnight.
    A length is asked as `min_s <= length < max_s`.
    """

    reason: str
    machines: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    weekdays: frozenset[int] = frozenset()
    min_s: float | None = None
    max_s: float | None = None
    from_minute: int | None = None
    to_minute: int | None = None

    def fits(self, stop: Circumstance) -> bool:
        """Whether the stop fulfils the rule."""
        return (
            (not self.machines or stop.machine in self.machines)
            and (not self.states or stop.state in self.states)
            and (not self.products or stop.product in self.products)
            and (not self.weekdays or stop.weekday in self.weekdays)
            and (self.min_s is None or stop.length_s >= self.min_s)
            and (self.max_s is None or stop.length_s < self.max_s)
            and self._is_time(stop.minute)
        )

    def _is_time(self, minute: int) -> bool:
        if self.from_minute is None or self.to_minute is None:
            return True
        if self.from_minute < self.to_minute:
            return self.from_minute <= minute < self.to_minute
        return minute >= self.from_minute or minute < self.to_minute


def reason_by(rules: Iterable[StopRule], stop: Circumstance) -> str | None:
    """The reason of the first rule that fits, None when none does."""
    return next((rule.reason for rule in rules if rule.fits(stop)), None)
