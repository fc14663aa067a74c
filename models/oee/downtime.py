"""Folds states and what people said about them into stops with reasons.

A stop is never stored. It is one unbroken run of a state in which the machine does not produce; corrections
cut runs, join neighbours and name reasons, each for an interval of plant time. When late readings move the
runs, the same corrections are laid over the new ones; one that no longer meets a stop is told as `unmatched`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

from models.oee.policies import Category, Policy
from models.oee.reasons import STOP_CATEGORIES, ReasonSpan
from models.oee.timeline import Interval, Run

Kind = Literal["assign", "split", "merge", "note"]
Source = Literal["operator", "plc", "rule"]
Fate = Literal["active", "superseded", "unmatched"]
StateRun = Run[str | None]

_NEVER: Final = -1
_BY_STATE: Final = 0


@dataclass(frozen=True, slots=True)
class Correction:
    """What somebody said about `[start_ms, end_ms)` of a machine; a higher `number` was said later.

    A split is said of one instant, `start_ms`. A reason of None takes back what operators said before.
    """

    number: int
    kind: Kind
    start_ms: int
    end_ms: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """`[start_ms, end_ms)` without production.

    Attributes
    ----------
    state
        The state that lasted longest in it, the earlier of two equals.
    whole_ms
        Length of the unbroken runs it is part of; it decides whether the stop is minor.
    reason, source, correction
        The reason that holds, who gave it, and the number of the correction if a person did.
    notes
        Numbers of the notes about it.
    is_merged
        Whether it holds several runs of states, which a merge joined.
    """

    start_ms: int
    end_ms: int
    state: str
    whole_ms: int
    is_minor: bool
    reason: str | None = None
    source: Source | None = None
    correction: int | None = None
    notes: tuple[int, ...] = ()
    is_merged: bool = False

    @property
    def length_ms(self) -> int:
        """How long it lasted (ms)."""
        return self.end_ms - self.start_ms


def is_stop(run: StateRun, policy: Policy) -> bool:
    """Whether the machine stands in this run: it neither produces nor is its state unknown."""
    return policy.category_of.get(run.value or "", "unobserved") in STOP_CATEGORIES


def stops_of(
    runs: Sequence[StateRun], corrections: Sequence[Correction], minor_stop_s: float, policy: Policy
) -> list[Stop]:
    """The stops in the order of time, without reasons; together they last as long as their runs.

    Where the state changes between two stops, one ends and the next begins, unless a merge over that
    instant was said last. A split cuts at its instant unless a merge over it was said later.
    """
    cuts = _Cuts(corrections)
    stops: list[Stop] = []
    for chain in _chains(runs, policy):
        edges = [chain[0].start_ms, *cuts.within(chain), chain[-1].end_ms]
        first = 0
        for start, end in pairwise(edges):
            while chain[first].end_ms <= start:
                first += 1
            parts = chain[first : bisect_left(chain, end, key=_start)]
            whole_ms = sum(run.end_ms - run.start_ms for run in parts)
            is_minor = policy.is_minor(whole_ms / 1000, minor_stop_s)
            state, is_merged = _longest(parts, (start, end)), len(parts) > 1
            stops.append(Stop(start, end, state, whole_ms, is_minor, is_merged=is_merged))
    return stops


def with_reasons(
    stops: Sequence[Stop],
    corrections: Sequence[Correction],
    plc: Sequence[Run[str | None]],
    by_rule: Callable[[Stop], str | None],
) -> list[Stop]:
    """The stops with the reason that holds: an operator's before the PLC's before a rule's.

    Parameters
    ----------
    stops
        Sorted by time.
    corrections
        Of this machine, in any order.
    plc
        Runs of the machine's reason code, None where it says nothing. Of several reasons during a stop the
        one that stood longest counts, the earlier of two equals.
    by_rule
        What the rules say of a stop that nobody else gave a reason. Minor stops are not asked about.
    """
    said = _Said(correction for correction in corrections if correction.kind == "assign")
    notes = _Said(correction for correction in corrections if correction.kind == "note")
    starts = [run.start_ms for run in plc]
    found = []
    for stop in stops:
        reason: str | None = None
        source: Source | None = None
        number: int | None = None
        if not stop.is_minor:
            assigned = max(said.about(stop), key=_number, default=None)
            if assigned is not None and assigned.reason is not None:
                reason, source, number = assigned.reason, "operator", assigned.number
        if reason is None and (reason := _by_plc(stop, plc, starts)) is not None:
            source = "plc"
        if reason is None and not stop.is_minor and (reason := by_rule(stop)) is not None:
            source = "rule"
        about = tuple(sorted(note.number for note in notes.about(stop))) if not stop.is_minor else ()
        found.append(replace(stop, reason=reason, source=source, correction=number, notes=about))
    return found


def category_of(stop: Stop, by_reason: Callable[[str], Category | None], policy: Policy) -> Category:
    """The loss that a stop counts as that is not minor: by its reason, else by its state."""
    said = by_reason(stop.reason) if stop.reason is not None else None
    return said or policy.category_of[stop.state]


def spans_of(
    stops: Iterable[Stop], by_reason: Callable[[str], Category | None], policy: Policy
) -> list[ReasonSpan]:
    """What the stops count as where that is not what each run of a state counts as by itself.

    So those with a known reason, and merged ones, whose runs are one stop: they are minor by their length
    together, and count as the state that lasted longest. Minor stops are left out.
    """
    return [
        ReasonSpan(stop.start_ms, stop.end_ms, category_of(stop, by_reason, policy))
        for stop in stops
        if not stop.is_minor
        and (stop.is_merged or (stop.reason is not None and by_reason(stop.reason) is not None))
    ]


def fates(
    runs: Sequence[StateRun], stops: Sequence[Stop], corrections: Sequence[Correction], policy: Policy
) -> dict[int, Fate]:
    """What became of each correction by its number, given the runs and the stops with their reasons.

    `active`: it shapes or names a stop; `superseded`: a later one overruled it; `unmatched`: the readings
    that are known now show no stop there.
    """
    cuts = _Cuts(corrections)
    chains = [(chain[0].start_ms, chain[-1].end_ms) for chain in _chains(runs, policy)]
    edges = sorted({stop.start_ms for stop in stops} | {stop.end_ms for stop in stops})
    changes = sorted(run.start_ms for run in runs)
    found: dict[int, Fate] = {}
    for correction in corrections:
        if correction.kind == "split":
            found[correction.number] = _fate_of_split(correction, chains, cuts)
        elif correction.kind == "merge":
            found[correction.number] = _fate_of_merge(correction, chains, changes, cuts, edges)
        else:
            met = [stop for stop in stops if not stop.is_minor and _meets(correction, stop)]
            speaks = correction.kind == "note" or any(
                stop.correction == correction.number or (correction.reason is None and not stop.correction)
                for stop in met
            )
            found[correction.number] = "unmatched" if not met else "active" if speaks else "superseded"
    return found


def _fate_of_split(correction: Correction, chains: Sequence[Interval], cuts: "_Cuts") -> Fate:
    at = correction.start_ms
    if not any(start < at < end for start, end in chains):
        return "unmatched"
    is_last = cuts.split_at(at) == correction.number and cuts.merged_over(at) < correction.number
    return "active" if is_last else "superseded"


def _fate_of_merge(
    correction: Correction,
    chains: Sequence[Interval],
    changes: Sequence[int],
    cuts: "_Cuts",
    edges: Sequence[int],
) -> Fate:
    start, end = correction.start_ms, correction.end_ms
    inner = {
        *changes[bisect_right(changes, start) : bisect_left(changes, end)],
        *cuts.splits_between(start, end),
    }
    joined = [at for at in inner if any(opens < at < closes for opens, closes in chains)]
    if not joined:
        return "unmatched"
    shown = set(edges[bisect_right(edges, start) : bisect_left(edges, end)])
    return "active" if any(at not in shown for at in joined) else "superseded"


class _Cuts:
    """Where corrections cut and join."""

    def __init__(self, corrections: Iterable[Correction]) -> None:
        self._splits: dict[int, int] = {}
        self._merges: list[Correction] = []
        for correction in sorted(corrections, key=_number):
            if correction.kind == "split":
                self._splits[correction.start_ms] = correction.number
            elif correction.kind == "merge":
                self._merges.append(correction)
        self._split_at = sorted(self._splits)

    def within(self, chain: Sequence[StateRun]) -> list[int]:
        """The instants at which the chain is cut, sorted."""
        start, end = chain[0].start_ms, chain[-1].end_ms
        changes = {run.start_ms for run in chain[1:]}
        return sorted(
            at
            for at in changes | set(self.splits_between(start, end))
            if max(self.split_at(at), _BY_STATE if at in changes else _NEVER) > self.merged_over(at)
        )

    def split_at(self, at_ms: int) -> int:
        """The last split at an instant."""
        return self._splits.get(at_ms, _NEVER)

    def merged_over(self, at_ms: int) -> int:
        """The last merge over an instant."""
        over = (merge.number for merge in self._merges if merge.start_ms < at_ms < merge.end_ms)
        return max(over, default=_NEVER)

    def splits_between(self, start_ms: int, end_ms: int) -> list[int]:
        """The instants of splits inside `(start, end)`."""
        return self._split_at[bisect_right(self._split_at, start_ms) : bisect_left(self._split_at, end_ms)]


class _Said:
    """Corrections of one kind, found by the stop that they speak of."""

    def __init__(self, corrections: Iterable[Correction]) -> None:
        self._sorted = sorted(corrections, key=lambda each: (each.start_ms, each.number))
        self._starts = [each.start_ms for each in self._sorted]
        self._longest = max((each.end_ms - each.start_ms for each in self._sorted), default=0)

    def about(self, stop: Stop) -> list[Correction]:
        """Those that speak of a stop."""
        first = bisect_left(self._starts, stop.start_ms - self._longest)
        last = bisect_left(self._starts, stop.end_ms)
        return [each for each in self._sorted[first:last] if _meets(each, stop)]


def _meets(correction: Correction, stop: Stop) -> bool:
    """Whether a correction speaks of a stop: half of the shorter of the two lies in the other.

    So a reason given to a stop that was going on holds for the whole of it, and one given to a stop that late
    readings cut into pieces holds for each piece, but a neighbour that it only touches stays without.
    """
    both = min(correction.end_ms, stop.end_ms) - max(correction.start_ms, stop.start_ms)
    return both > 0 and 2 * both >= min(correction.end_ms - correction.start_ms, stop.length_ms)


def _by_plc(stop: Stop, plc: Sequence[Run[str | None]], starts: Sequence[int]) -> str | None:
    stood: dict[str, int] = {}
    for place in range(max(bisect_right(starts, stop.start_ms) - 1, 0), bisect_left(starts, stop.end_ms)):
        run = plc[place]
        both = min(run.end_ms, stop.end_ms) - max(run.start_ms, stop.start_ms)
        if run.value is not None and both > 0:
            stood[run.value] = stood.get(run.value, 0) + both
    # A dict keeps the order in which the reasons came, and max takes the first of equals.
    return max(stood, key=stood.__getitem__) if stood else None


def _chains(runs: Sequence[StateRun], policy: Policy) -> list[list[StateRun]]:
    """Stops that follow each other without production between."""
    chains: list[list[StateRun]] = []
    for run in runs:
        if not is_stop(run, policy):
            continue
        if chains and chains[-1][-1].end_ms == run.start_ms:
            chains[-1].append(run)
        else:
            chains.append([run])
    return chains


def _longest(parts: Sequence[StateRun], within: Interval) -> str:
    start, end = within
    stood: dict[str, int] = {}
    for run in parts:
        both = min(run.end_ms, end) - max(run.start_ms, start)
        stood[run.value or ""] = stood.get(run.value or "", 0) + both
    return max(stood, key=stood.__getitem__)


def _number(correction: Correction) -> int:
    return correction.number


def _start(run: StateRun) -> int:
    return run.start_ms
