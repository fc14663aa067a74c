"""What is declared of machines' counters, and from which reading on their parts may be counted."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.ingest import queries as facts
from cloud.plant import queries as plant
from cloud.plant.tables import SignalBinding
from models.production.counters import JITTER, PLAIN, RESET, CounterRule, Doubt, mark_after, rule_at, step
from models.production.counts import Reading, in_time_order

Rules = Mapping[str, Sequence[CounterRule]]  # of a machine, by counter


def counter_rules(session: Session) -> dict[str, Rules]:
    """By machine and counter (`good`, `reject`, `rework`) what is declared, by time; often nothing."""
    found: dict[str, dict[str, list[CounterRule]]] = {}
    for declared in _declarations(session):
        rule = CounterRule(declared.valid_from_ms or 0, declared.modulus, declared.jitter)
        found.setdefault(declared.source, {}).setdefault(declared.role, []).append(rule)
    for of_machine in found.values():
        for rules in of_machine.values():
            rules.sort(key=lambda rule: rule.since_ms)
    return {machine: dict(of_machine) for machine, of_machine in found.items()}


def _declarations(session: Session) -> list[plant.Binding]:
    """All versions of counters' bindings, none when nothing is declared of any."""
    said = select(SignalBinding.id).where(
        SignalBinding.modulus.is_not(None) | SignalBinding.jitter.is_not(None)
    )
    if session.scalar(said.limit(1)) is None:  # mostly counters are plain
        return []
    every = (version for versions in plant.binding_versions(session).values() for version in versions)
    return [version for version in every if version.role in plant.COUNTER_ROLES and not version.retired]


def counted_from(
    session: Session, kind: str, machine: str, reading: tuple[int, int], rules: Sequence[CounterRule]
) -> int:
    """The time of the last reading, at or before `reading` (plant ms, value), that is certainly the mark.

    A counter that has stepped back stands below the most it has counted, and what it counts on the way back
    does not count: who folds its readings begins at one that stands at the mark. A reading does if before it
    the counter stood lower by the tolerance or more, without anything greater since; or so much higher that
    it has restarted since.
    """
    at_ms, value = reading
    while slack := (rule := rule_at(rules, at_ms)).slack(value):
        earlier = facts.last_apart(session, kind, machine, at_ms, above=value, at_most=value - slack)
        if earlier is None or earlier.value is None or not rule.may_be_behind(value, int(earlier.value)):
            break
        at_ms, value = earlier.ts_ms, int(earlier.value)
    return at_ms


def settled_ms(
    session: Session, kind: str, machine: str, after_ms: int, rules: Sequence[CounterRule]
) -> int | None:
    """When a counter, read later than `after_ms`, certainly stood at its mark, whatever it said until then.

    Up to that reading the parts that are counted may hang on what was read before: a counter that steps back
    counts nothing until it has passed what it had counted. The last reading when all leave that open, None
    without one.
    """
    found = facts.next_number(session, kind, machine, after_ms)
    doubt: Doubt | None = None
    at_ms = None
    while found is not None and found.value is not None:
        at_ms, value, rule = found.ts_ms, int(found.value), rule_at(rules, found.ts_ms)
        doubt = Doubt.at(value, rule) if doubt is None else doubt.after(value, rule)
        if doubt is None:
            return at_ms
        high = doubt.low + doubt.span
        # What lies inside the doubt leaves it as it is; over the end of the range each reading is looked at.
        is_plain = rule.modulus is None or high <= rule.modulus
        inside = (doubt.low, high) if is_plain else (1, 0)
        found = facts.next_number(session, kind, machine, at_ms, outside=inside)
    last = facts.latest(session, kind, [machine]).get(machine) if at_ms is not None else None
    return None if last is None else last.ts_ms


def next_parts_ms(
    session: Session,
    kind: str,
    machine: str,
    window: tuple[int, int],
    rules: Sequence[CounterRule],
) -> int | None:
    """When a counter first counted parts in (after, until], None when it did not; steps back count none."""
    at_ms, until_ms = window
    mark = _mark_at(session, kind, machine, at_ms, rules)
    while True:
        if mark is None:
            inside: tuple[float, float] = (1, 0)
        else:
            inside = (mark - min(rule.tolerance(mark) for rule in (*rules, PLAIN)), mark + 1)
        found = facts.next_number(session, kind, machine, at_ms, outside=inside)
        if found is None or found.value is None or found.ts_ms > until_ms:
            return None
        at_ms, value = found.ts_ms, int(found.value)
        if mark is None:
            mark = value  # the first reading ever only gives the value to count from
            continue
        said = step(mark, value, rule_at(rules, at_ms))
        if said != JITTER and value != mark and not (said == RESET and value == 0):
            return at_ms
        mark = mark if said == JITTER else value


def _mark_at(
    session: Session, kind: str, machine: str, at_ms: int, rules: Sequence[CounterRule]
) -> int | None:
    """The most that a counter has counted at an instant, None before its first reading."""
    last = facts.last_apart(session, kind, machine, at_ms + 1, above=-1, at_most=-1)
    if last is None or last.value is None:
        return None
    since_ms = counted_from(session, kind, machine, (last.ts_ms, int(last.value)), rules)
    if since_ms == last.ts_ms:
        return int(last.value)
    points = facts.points(session, kind, machine, since_ms, at_ms + 1, with_previous=False)
    readings = in_time_order(
        Reading(each.ts_ms, int(each.value)) for each in points if each.value is not None
    )
    return mark_after([(each.ts_ms, each.value) for each in readings], rules)
