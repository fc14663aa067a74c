"""Tells a counter's restart, its rollover and its jitter apart."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Step = Literal["forward", "jitter", "rollover", "reset"]
FORWARD: Final = "forward"
JITTER: Final = "jitter"
ROLLOVER: Final = "rollover"
RESET: Final = "reset"
MOST_UNSAID: Final = 50  # parts; what steps back further is declared


@dataclass(frozen=True, slots=True)
class CounterRule:
    """What is declared of a counter from plant time `since_ms` on.

    Attributes
    ----------
    since_ms
        From when it holds.
    modulus
        How many values the counter has: after `modulus - 1` comes 0. None: it never comes to its end.
    jitter
        A step back of at most so many parts is no restart; 0: every step back is one. None: a hundredth of
        what the counter stands at, over the end of its range a thousandth of the range, 50 at most. That a
        machine restarts its counter and makes 99 % of the same number until the next reading is not likely.
    """

    since_ms: int = 0
    modulus: int | None = None
    jitter: int | None = None

    def tolerance(self, mark: int) -> int:
        """How far (parts) the counter may stand back behind `mark`, the most it has counted."""
        return min(mark // 100, MOST_UNSAID) if self.jitter is None else self.jitter

    def slack(self, value: int) -> int:
        """How much more than `value` a counter that stands at it has counted at most, if it stepped back."""
        return min(value // 99 + 1, MOST_UNSAID) if self.jitter is None else self.jitter

    def over_the_end(self, modulus: int) -> int:
        """The tolerance of a step back over the end of the range."""
        return min(modulus // 1000, MOST_UNSAID) if self.jitter is None else self.jitter

    def reach(self, value: int) -> int:
        """How many parts at most the mark lies before a counter that stands at `value`; 0 at zero."""
        over = 0 if self.modulus is None or value >= self.modulus else self.over_the_end(self.modulus)
        return max(self.slack(value), over) if value else 0

    def may_be_behind(self, value: int, earlier: int) -> bool:
        """Whether a counter at `value` may stand behind an `earlier` reading of it."""
        if 0 < earlier - value <= self.slack(value):
            return True
        return self.modulus is not None and 0 < earlier + self.modulus - value <= self.over_the_end(
            self.modulus
        )


PLAIN: Final = CounterRule()


def rule_at(rules: Sequence[CounterRule], ts_ms: int) -> CounterRule:
    """The rule that holds for a reading; `rules` by time, before the first of them nothing is declared."""
    place = bisect_right(rules, ts_ms, key=_since)
    return rules[place - 1] if place else PLAIN


def step(mark: int, value: int, rule: CounterRule) -> Step:
    """What a reading of `value` means after `mark` parts have been counted.

    A fall by no more than the tolerance is `jitter`: it counts nothing, and neither does the way back. With a
    modulus a fall is a `rollover` if the way forward over the end is at most a quarter of the modulus. Any
    other fall is a `reset`, and so is every fall to exactly zero that is no rollover: the counter restarted.
    Example: modulus 65,536, mark 65,530: 5 is a rollover by 11 parts; mark 30,000: 5 is a reset.

    Parameters
    ----------
    mark
        The most the counter has counted since its last restart or rollover.
    value
        What was read now; equal to `mark` it is a `forward` step of nothing.
    rule
        What is declared of the counter.
    """
    modulus = rule.modulus if rule.modulus is not None and max(mark, value) < rule.modulus else None
    if value >= mark:
        stepped_back = modulus is not None and mark + modulus - value <= rule.over_the_end(modulus)
        return JITTER if stepped_back else FORWARD
    if value and mark - value <= rule.tolerance(mark):
        return JITTER
    return ROLLOVER if modulus is not None and value + modulus - mark <= modulus // 4 else RESET


def mark_after(readings: Iterable[tuple[int, int]], rules: Sequence[CounterRule]) -> int:
    """The most that is counted after readings (plant ms, value) in time order, of which the first is it."""
    rest = iter(readings)
    _, mark = next(rest)
    for ts_ms, value in rest:
        if step(mark, value, rule_at(rules, ts_ms)) != JITTER:
            mark = value
    return mark


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is known of the mark after a reading, whatever was counted before: it is in `[low, low + span]`.

    With a modulus the interval may reach over the end of the range. Any reading inside it leaves it true.
    Example: at 500 the mark may be 500 to 506; 503 says nothing new, at 506 or more the reading is the mark,
    and so it is at 480, from which no mark is so near that the counter could have stepped back.
    """

    low: int
    span: int

    @classmethod
    def at(cls, value: int, rule: CounterRule) -> "Doubt | None":
        """What a first reading leaves in doubt; None: it is the mark."""
        return cls(value, reach) if (reach := rule.reach(value)) else None

    def after(self, value: int, rule: CounterRule) -> "Doubt | None":
        """What is in doubt after the next reading; None: it is the mark."""
        reach, moved = rule.reach(value), value - self.low
        if rule.modulus is not None and moved + rule.over_the_end(rule.modulus) >= rule.modulus:
            moved -= rule.modulus  # back over the end of the range
        elif rule.modulus is not None and moved < 0 and moved + rule.modulus <= self.span:
            moved += rule.modulus
        if moved >= self.span or -moved > reach:
            return None
        span = min(self.span - moved, reach)
        return Doubt(value, span) if span else None


def _since(rule: CounterRule) -> int:
    return rule.since_ms
