"""Rules that name the reason of stops nobody explained."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.downtime import schemas
from cloud.downtime.queries.reasons import ReasonTree
from cloud.downtime.tables import DowntimeRule
from cloud.errors import NotFound
from cloud.plant import queries as plant
from cloud.plant.queries import WEEKDAYS
from cloud.plant.schemas import iso_or_none
from cloud.production.queries import operations_by_job
from models.oee.downtime import Stop
from models.oee.stop_rules import Circumstance, StopRule


@dataclass(frozen=True, slots=True)
class DatedRule:
    """A rule with its row's id and the plant time from which it speaks (ms; None = since ever)."""

    id: int
    rule: StopRule
    valid_from_ms: int | None

    def fits(self, stop: Circumstance, start_ms: int) -> bool:
        """Whether it speaks of a stop that began then."""
        return (self.valid_from_ms is None or self.valid_from_ms <= start_ms) and self.rule.fits(stop)


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules in the order in which they are asked, for the local time of a zone."""

    rules: Sequence[DatedRule]
    zone: ZoneInfo

    def asker(
        self, session: Session, machine: plant.Machine, job_of: Callable[[Stop], int]
    ) -> Callable[[Stop], str | None]:
        """A function that gives the reason of the first rule that fits a stop of the machine."""
        if not self.rules:
            return lambda _stop: None
        describe = self.describer(session, machine, job_of)

        def ask(stop: Stop) -> str | None:
            known = describe(stop)
            return next((dated.rule.reason for dated in self.rules if dated.fits(known, stop.start_ms)), None)

        return ask

    def describer(
        self, session: Session, machine: plant.Machine, job_of: Callable[[Stop], int]
    ) -> Callable[[Stop], Circumstance]:
        """A function that tells of a stop what rules may ask; products are looked up once."""
        products: dict[int, str | None] = {0: None}
        asks_product = any(dated.rule.products for dated in self.rules)

        def product(stop: Stop) -> str | None:
            job = job_of(stop)
            if job not in products:
                operation = operations_by_job(session, [job]).get(job)
                products[job] = operation.product if operation else None
            return products[job]

        def describe(stop: Stop) -> Circumstance:
            began = datetime.fromtimestamp(stop.start_ms / 1000, self.zone)
            return Circumstance(
                machine=machine.id,
                state=stop.state,
                length_s=stop.length_ms / 1000,
                product=product(stop) if asks_product else None,
                minute=began.hour * 60 + began.minute,
                weekday=began.weekday(),
            )

        return describe


def rules_in_force(session: Session, tree: ReasonTree, zone: ZoneInfo) -> Rules:
    """The active rules, in their order."""
    rows = rule_rows(session)
    return Rules([dated(tree, row) for row in rows if row.active], zone)


def rule_rows(session: Session) -> list[DowntimeRule]:
    """All rules in the order in which they are asked."""
    return list(session.scalars(select(DowntimeRule).order_by(DowntimeRule.place, DowntimeRule.id)))


def rule_row(session: Session, rule_id: int) -> DowntimeRule:
    """One rule; `NotFound` when it does not exist."""
    row = session.get(DowntimeRule, rule_id)
    if row is None:
        raise NotFound(f"There is no rule {rule_id}.", code="no_such_rule")
    return row


def dated(tree: ReasonTree, row: DowntimeRule) -> DatedRule:
    """The rule of a row: scopes become machines."""
    machines = frozenset(
        machine
        for machine, line in tree.lines.items()
        if f"machine:{machine}" in row.scopes or f"line:{line}" in row.scopes
    )
    return DatedRule(
        row.id,
        StopRule(
            reason=row.reason_id,
            machines=machines,
            states=frozenset(row.states),
            products=frozenset(row.products),
            weekdays=frozenset(WEEKDAYS.index(day) for day in row.weekdays),
            min_s=row.min_s,
            max_s=row.max_s,
            from_minute=_minute(row.from_time),
            to_minute=_minute(row.to_time),
        ),
        row.valid_from_ms,
    )


def rule_out(row: DowntimeRule) -> schemas.RuleOut:
    """A rule as the API shows it."""
    return schemas.RuleOut(
        id=row.id,
        reason=row.reason_id,
        active=row.active,
        scopes=row.scopes,
        states=row.states,  # type: ignore[arg-type]  # written checked
        products=row.products,
        weekdays=row.weekdays,  # type: ignore[arg-type]
        min_s=row.min_s,
        max_s=row.max_s,
        from_time=row.from_time,
        to_time=row.to_time,
        valid_from=iso_or_none(row.valid_from_ms),
    )


def _minute(clock: str | None) -> int | None:
    return None if clock is None else int(clock[:2]) * 60 + int(clock[3:])
