"""Tries a rule on stops of the past before it holds."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from cloud.downtime import schemas
from cloud.downtime.queries.page import shown_stops
from cloud.downtime.queries.reasons import tree
from cloud.downtime.queries.rules import DatedRule, Rules, dated, rule_rows
from cloud.downtime.queries.stops import MachineStops, stops_in
from cloud.downtime.tables import DowntimeRule
from cloud.plant import queries as plant
from cloud.plant.schemas import iso
from models.oee.downtime import Stop
from models.oee.timeline import Interval

STOPS_SHOWN = 20
_DRAFT = -1


def preview(
    session: Session, draft: DowntimeRule, replaces: int | None, window: Interval, now_ms: int
) -> schemas.PreviewOut:
    """What a rule that is not stored would do to the stops of a window.

    Parameters
    ----------
    session
        A session.
    draft
        The rule, checked, not in the session.
    replaces
        The rule in whose place it is asked, None = after all others.
    window
        Half-open, plant ms.
    now_ms
        Plant time, ms.
    """
    rules, rule = _rules_with(session, draft, replaces)
    machines = [
        machine
        for machine in plant.machines(session)
        if not rule.rule.machines or machine.id in rule.rule.machines
    ]
    counts: Counter[str] = Counter()
    explained: list[tuple[MachineStops, Stop]] = []
    for found in stops_in(session, machines, window, now_ms):
        describe = rules.describer(session, found.machine, found.job)
        for stop in found.stops:
            if stop.is_minor or not rule.fits(known := describe(stop), stop.start_ms):
                continue
            first = next(each.id for each in rules.rules if each.fits(known, stop.start_ms))
            if stop.source in {"operator", "plc"}:
                counts["said"] += 1
            elif first != rule.id:
                counts["earlier"] += 1
            else:
                explained.append((found, stop))
                counts["unexplained"] += stop.reason is None
                counts["changed"] += stop.reason not in {None, draft.reason_id}
    explained.sort(key=lambda pair: (-pair[1].start_ms, pair[0].machine.id))
    return schemas.PreviewOut(
        start=iso(window[0]),
        end=iso(window[1]),
        fitting=len(explained) + counts["said"] + counts["earlier"],
        explains=len(explained),
        lost_s=sum(found.lost_ms(stop) for found, stop in explained) / 1000,
        unexplained=counts["unexplained"],
        changed=counts["changed"],
        said=counts["said"],
        earlier=counts["earlier"],
        stops=shown_stops(session, explained[:STOPS_SHOWN], tree(session)),
    )


def _rules_with(session: Session, draft: DowntimeRule, replaces: int | None) -> tuple[Rules, DatedRule]:
    reasons = tree(session)
    tried = replace(dated(reasons, draft), id=_DRAFT)
    asked: Sequence[DatedRule] = [
        tried if row.id == replaces else dated(reasons, row)
        for row in rule_rows(session)
        if row.active or row.id == replaces
    ]
    if tried not in asked:
        asked = [*asked, tried]
    return Rules(asked, plant.calendar(session).zone), tried
