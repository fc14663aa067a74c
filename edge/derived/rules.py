"""How a derived tag's value follows from its inputs: a formula, a counter of edges, a table of states."""

from collections.abc import Iterable
from typing import Protocol

from edge.derived.expression import Env, Expression, Ref, Undefined
from edge.scaling import Scalar


class Rule(Protocol):
    """What computes one derived tag."""

    @property
    def inputs(self) -> tuple[Ref, ...]:
        """The tags it needs."""

    def value(self, env: Env) -> Scalar:
        """The value now; raises `Undefined` when there is none."""


class Formula:
    """The value of one expression."""

    def __init__(self, expression: Expression) -> None:
        self._expression = expression
        self.inputs = expression.inputs

    def value(self, env: Env) -> Scalar:
        """The expression's value."""
        return self._expression.value(env)


class EdgeCounter:
    """How often a condition has become true.

    The first look only says where the condition stands. While the inputs are bad nothing is counted; a
    condition that was false before and is true after has risen once, however often it truly did, so the
    count is a lower bound. Beyond `highest` it goes on from 0. A rising edge of `reset` sets it to 0; an edge
    of both at once counts as the first after the reset.

    Parameters
    ----------
    condition : Expression
        Whose rising edges count.
    reset : Expression or None
        Whose rising edges set the count to 0.
    start : int
        Count to go on from, as the spool remembers it.
    highest : int
        Largest count of the tag's datatype, e.g. 2_147_483_647.
    """

    def __init__(self, condition: Expression, reset: Expression | None, start: int, highest: int) -> None:
        self._condition = condition
        self._reset = reset
        self._was_true: bool | None = None
        self._was_reset: bool | None = None
        self._highest = highest
        self.count = start
        extra = reset.inputs if reset else ()
        self.inputs = tuple(dict.fromkeys((*condition.inputs, *extra)))

    def value(self, env: Env) -> int:
        """The count after this look at the inputs."""
        is_true = self._condition.holds(env)
        is_reset = self._reset is not None and self._reset.holds(env)
        if is_reset and self._was_reset is False:
            self.count = 0
        if is_true and self._was_true is False:
            self.count = 0 if self.count >= self._highest else self.count + 1
        self._was_true, self._was_reset = is_true, is_reset
        return self.count


class StateTable:
    """The state of the first condition that holds.

    Parameters
    ----------
    rows : iterable of (Expression, state)
        Looked at in order.
    otherwise : state or None
        When none holds; with None there is no value then.
    """

    def __init__(self, rows: Iterable[tuple[Expression, int | str]], otherwise: int | str | None) -> None:
        self._rows = tuple(rows)
        self._otherwise = otherwise
        self.inputs = tuple(dict.fromkeys(ref for condition, _ in self._rows for ref in condition.inputs))

    def value(self, env: Env) -> int | str:
        """The state now.

        Raises
        ------
        Undefined
            When no condition holds and there is no `otherwise`.
        """
        for condition, state in self._rows:
            if condition.holds(env):
                return state
        if self._otherwise is None:
            raise Undefined("no condition holds and there is no otherwise")
        return self._otherwise
