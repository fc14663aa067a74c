"""What a gateway file may say about tags that are computed from other tags."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pydantic import Field, model_validator

from edge.derived.engine import Derivation
from edge.derived.expression import Expression, ExpressionWrong, Kind, Ref, compiled
from edge.derived.rules import EdgeCounter, Formula, Rule, StateTable
from edge.devices.tag import Datatype, DeadbandKeys, SparkplugId, Strict, TagName
from edge.filters import Deadband
from edge.scaling import INTEGER_RANGES, NUMERIC, TEXTS, Scaling

COUNTERS = ("Int32", "Int64", "UInt32", "UInt64", "Int16", "UInt16", "Int8", "UInt8")


class StateKeys(Strict):
    """`{ when = "temp_c > 80", state = 2 }`."""

    when: str = Field(min_length=1)
    state: int | str


class DerivedTag(Strict):
    """A tag that is computed: an `expression`, a `count` of rising edges, or a table of `states`."""

    name: TagName
    datatype: Datatype
    expression: str | None = Field(default=None, min_length=1)
    count: str | None = Field(default=None, min_length=1)
    reset: str | None = Field(default=None, min_length=1)
    states: list[StateKeys] | None = Field(default=None, min_length=1, max_length=64)
    otherwise: int | str | None = None
    deadband: DeadbandKeys | None = None

    @property
    def change(self) -> Deadband | None:
        """The deadband, or None where every change counts."""
        return Deadband(self.deadband.absolute, self.deadband.percent) if self.deadband else None

    @property
    def kind(self) -> Kind:
        """What it is to other expressions."""
        return kind_of(self.datatype)

    @model_validator(mode="after")
    def _whole(self) -> "DerivedTag":
        ways = [self.expression is not None, self.count is not None, self.states is not None]
        if sum(ways) != 1:
            raise ValueError("a derived tag has one of expression, count, states; accepted: exactly one")
        if self.reset is not None and self.count is None:
            raise ValueError("reset sets a count back; accepted: beside count")
        if self.otherwise is not None and self.states is None:
            raise ValueError("otherwise is the state when no condition holds; accepted: beside states")
        if self.count is not None and self.datatype not in COUNTERS:
            raise ValueError(f"{self.datatype} does not count; accepted: {', '.join(COUNTERS)}")
        if self.deadband and self.datatype not in NUMERIC:
            raise ValueError(f"{self.datatype} takes no deadband; accepted: a numeric datatype")
        self._states_fit()
        return self

    def _states_fit(self) -> None:
        states = [row.state for row in self.states or ()]
        states += [] if self.otherwise is None else [self.otherwise]
        for state in states:
            if isinstance(state, str) != (self.datatype in TEXTS):
                raise ValueError(f"state {state!r} does not fit {self.datatype}; accepted: all of its kind")
            low, high = INTEGER_RANGES.get(self.datatype, (state, state))
            if isinstance(state, int) and isinstance(low, int) and not low <= state <= int(high):
                raise ValueError(f"state {state} does not fit {self.datatype}; accepted: {low} to {high}")


class GatewayDerivedTag(DerivedTag):
    """A derived tag over several devices, published under a device of its own."""

    device: SparkplugId


class Source(NamedTuple):
    """A tag that expressions may use."""

    ref: Ref
    kind: Kind


def kind_of(datatype: str) -> Kind:
    """What a datatype is to an expression, e.g. Int32 is a `number`."""
    if datatype in TEXTS:
        return "text"
    return "boolean" if datatype == "Boolean" else "number"


def derivations(
    device: str | None,
    sources: Iterable[Source],
    derived: Iterable[DerivedTag],
    counts: Mapping[Ref, int],
) -> list[Derivation]:
    """The derived tags of one device, ready to be computed; each may use those before it.

    Parameters
    ----------
    device : str or None
        The device whose tags need no device in their name; None for the gateway's own list.
    sources : iterable of Source
        Tags that come from devices.
    derived : iterable of DerivedTag
        In the order of the file.
    counts : mapping of Ref to int
        Where counters go on, by tag.

    Raises
    ------
    ValueError
        Naming the derived tag, its key, the position and what is accepted.
    """
    known: dict[Ref, Kind] = {source.ref: source.kind for source in sources}
    found: list[Derivation] = []
    for index, tag in enumerate(derived):
        home = tag.device if isinstance(tag, GatewayDerivedTag) else device or ""
        ref = Ref(home, tag.name)
        place = f"derived[{index}]({tag.name})"
        if ref in known:
            raise ValueError(f"{place}.name: {tag.name!r} is a tag already; accepted: a name of its own")
        rule = _Compilation(place, known, device).rule(tag, counts.get(ref, 0))
        found.append(Derivation(ref, rule, Scaling(tag.datatype), tag.change))
        known[ref] = tag.kind
    return found


class _Compilation:
    """Compiles the texts of one derived tag, naming the key of a mistake."""

    def __init__(self, place: str, known: Mapping[Ref, Kind], device: str | None) -> None:
        self._place = place
        self._known = known
        self._device = device

    def rule(self, tag: DerivedTag, start: int) -> Rule:
        """What computes the tag."""
        if tag.expression is not None:
            return self._formula(tag)
        if tag.count is not None:
            reset = self._condition("reset", tag.reset) if tag.reset else None
            highest = INTEGER_RANGES[tag.datatype][1]
            return EdgeCounter(self._condition("count", tag.count), reset, min(start, highest), highest)
        rows = [
            (self._condition(f"states[{index}].when", row.when), row.state)
            for index, row in enumerate(tag.states or ())
        ]
        return StateTable(rows, tag.otherwise)

    def _formula(self, tag: DerivedTag) -> Formula:
        expression = self._compiled("expression", tag.expression or "")
        if (expression.kind == "text") != (tag.datatype in TEXTS):
            raise ValueError(
                f"{self._place}.expression: gives a {expression.kind}, which does not fit {tag.datatype}; "
                f"accepted: a {kind_of(tag.datatype)}"
            )
        return Formula(expression)

    def _condition(self, key: str, text: str) -> Expression:
        expression = self._compiled(key, text)
        if expression.kind == "text":
            raise ValueError(f"{self._place}.{key}: gives a text; accepted: a condition or a number")
        return expression

    def _compiled(self, key: str, text: str) -> Expression:
        try:
            expression = compiled(text, self._known, self._device)
        except ExpressionWrong as wrong:
            raise ValueError(f"{self._place}.{key}: {wrong}") from wrong
        if not expression.inputs:
            raise ValueError(f"{self._place}.{key}: {text!r} uses no tag; accepted: an expression over tags")
        return expression


def sources_of(devices: Iterable[Any], *, with_derived: bool = True) -> list[Source]:
    """Every tag of these devices as expressions may use them."""
    return [
        Source(Ref(device.id, tag.name), kind_of(tag.datatype))
        for device in devices
        for tag in (*device.tag, *(device.derived if with_derived else ()))
    ]
