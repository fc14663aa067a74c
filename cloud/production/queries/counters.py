"""What is declared of machines' counters, and from which reading on their parts may be counted."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.ingest import queries as facts
from cloud.plant import queries as plant
from cloud.plant.tables import SignalBinding
from models.production.counters import CounterRule, rule_at

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
