"""Derived tags at work: inputs come in, and what follows from them comes out, with their quality and time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from edge.derived.expression import Ref, Undefined
from edge.derived.rules import Rule
from edge.filters import ChangeFilter, Deadband
from edge.scaling import Scalar, Scaling, Unfit
from wire.quality import BAD, GOOD, STALE


@dataclass(frozen=True, slots=True)
class Derivation:
    """One derived tag: where it stands, how it is computed, what its datatype carries."""

    ref: Ref
    rule: Rule
    scaling: Scaling
    deadband: Deadband | None = None


class Outcome(NamedTuple):
    """A derived tag's new value; `fault` names what was wrong with it, `why` explains."""

    ref: Ref
    ts_ms: int
    value: Scalar | None
    quality: int
    fault: str | None = None
    why: str = ""


class Engine:
    """Computes derived tags whenever a moment of their inputs is complete.

    A derived tag has no value before each of its inputs has been seen. One bad or stale input makes it bad or
    stale, whatever the formula would make of the others. Its time is that of its newest input.

    Parameters
    ----------
    derivations : iterable of Derivation
        In an order in which each stands behind the derived tags that it uses.
    """

    def __init__(self, derivations: Iterable[Derivation]) -> None:
        self._derivations = tuple(derivations)
        self._filters = [ChangeFilter(derivation.deadband) for derivation in self._derivations]
        self._users: dict[Ref, list[int]] = {}
        for index, derivation in enumerate(self._derivations):
            for ref in derivation.rule.inputs:
                self._users.setdefault(ref, []).append(index)
        self._values: dict[Ref, Scalar] = {}
        self._seen: dict[Ref, tuple[int, int]] = {}
        self._due: set[int] = set()

    @property
    def inputs(self) -> frozenset[Ref]:
        """The tags that something is derived from."""
        return frozenset(self._users)

    def note(self, ref: Ref, ts_ms: int, value: Scalar | None, quality: int) -> None:
        """Take the value of a tag; what follows is computed by `outcomes`."""
        users = self._users.get(ref)
        if users is None:
            return
        if value is None and quality == GOOD:
            quality = BAD
        if value is not None:
            self._values[ref] = value
        self._seen[ref] = (ts_ms, quality)
        self._due.update(users)

    def outcomes(self) -> Iterator[Outcome]:
        """What follows from the inputs noted since the last call, changes only."""
        while self._due:
            index = min(self._due)
            self._due.remove(index)
            outcome = self._outcome(self._derivations[index])
            if outcome is None:
                continue
            self.note(outcome.ref, outcome.ts_ms, outcome.value, outcome.quality)
            if self._filters[index].passes(outcome.value, outcome.quality):
                yield outcome

    def forget(self, device: str) -> None:
        """A new session of the device: its tags are unknown until they are seen again."""
        for ref in [ref for ref in self._seen if ref.device == device]:
            del self._seen[ref]
            self._values.pop(ref, None)
        for derivation, report in zip(self._derivations, self._filters, strict=True):
            if derivation.ref.device == device:
                report.reset()

    def lose(self, device: str) -> None:
        """The device is not watched any more: what it said last is stale."""
        for ref, (ts_ms, _) in list(self._seen.items()):
            if ref.device == device:
                self.note(ref, ts_ms, None, STALE)

    def _outcome(self, derivation: Derivation) -> Outcome | None:
        seen = [self._seen.get(ref) for ref in derivation.rule.inputs]
        known = [moment for moment in seen if moment is not None]
        if not known or len(known) < len(seen):
            return None
        ts_ms = max(moment[0] for moment in known)
        qualities = {moment[1] for moment in known}
        if qualities != {GOOD}:
            # 0 and other codes below 192 are worse than stale: something is wrong, not only old.
            worst = STALE if qualities <= {GOOD, STALE} else min(qualities)
            return Outcome(derivation.ref, ts_ms, None, worst)
        try:
            value = derivation.scaling.value(derivation.rule.value(self._values))
        except Undefined as error:
            return Outcome(derivation.ref, ts_ms, None, BAD, "derived_undefined", str(error))
        except Unfit as unfit:
            return Outcome(
                derivation.ref, ts_ms, None, BAD, unfit.kind, f"does not fit {derivation.scaling.datatype}"
            )
        return Outcome(derivation.ref, ts_ms, value, GOOD)
