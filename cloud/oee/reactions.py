"""What OEE does with announced facts: it marks the totals of finished shifts that they touch."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud.downtime.queries import whole_stops
from cloud.ingest import queries as facts
from cloud.oee import events as oee
from cloud.oee.actions import mark_all, mark_jobs, mark_windows
from cloud.oee.queries.touched import touched, watched_parts
from cloud.oee.tables import ShiftFigure
from cloud.outbox import Event
from cloud.plant import queries as plant
from cloud.production.events import IDEAL_CYCLE_CORRECTED
from cloud.production.queries import Rules, counter_rules
from models.oee.timeline import Interval


def react(session: Session, events: Sequence[Event]) -> None:
    """Nothing comes back; every total that the events touch is marked.

    Marking is idempotent: events heard twice or in another order leave the same totals to be reckoned.
    """
    if not plant.has_site(session):
        return
    shifts = plant.calendar(session)
    machines = {machine.id: machine for machine in plant.machines(session)}
    reckoned, rules = _reckoned_until(session), counter_rules(session)
    for event in events:
        if event.kind in oee.WINDOW_KINDS:
            windows = {
                name: _reached(
                    session,
                    event,
                    machines[name],
                    (int(since), max(int(until), int(since) + 1)),
                    reckoned_ms=reckoned.get(name, 0),
                    rules=rules.get(name, {}),
                )
                for name, (since, until) in event.payload["windows"].items()
                if name in machines
            }
            _, why = oee.WINDOW_KINDS[event.kind]
            mark_windows(session, shifts, windows, oee.BINDING if event.payload.get("superseded") else why)
        elif event.kind == oee.WORK_ORDER_RELEASED:
            mark_jobs(session, int(event.payload["work_order"]), oee.WORK_ORDER)
        elif event.kind == IDEAL_CYCLE_CORRECTED:
            for number in event.payload["work_orders"]:
                mark_jobs(session, int(number), oee.IDEAL_CYCLE)
        elif event.kind in oee.DECLARED:
            for machine, (since, until) in event.payload["windows"].items():
                mark_all(session, since, until, oee.DECLARED[event.kind], machine=machine)
        else:
            since, until = event.payload["window"]
            mark_all(session, since, until, oee.CALENDAR)
            mark_windows(session, shifts, {name: [(since, until)] for name in machines}, oee.CALENDAR)


def _reached(
    session: Session,
    event: Event,
    machine: plant.Machine,
    window: Interval,
    *,
    reckoned_ms: int,
    rules: Rules,
) -> list[Interval]:
    """Where figures of a machine may differ after an event."""
    jobs_changed = event.kind == "JobChanged"

    def around(reached: Interval) -> Interval:
        if not reckoned_ms or not (jobs_changed or _changes(session, event, machine.id, window)):
            return reached
        return whole_stops(session, machine.id, reached, jobs_changed=jobs_changed)

    if window[0] > reckoned_ms + machine.minor_stop_s * 1000:
        # The shift that runs is reckoned live: how far a change reaches matters only for finished ones, into
        # which only a stop that began there reaches back.
        return [(around(window)[0], window[1])]
    reached = touched(session, machine, _speaking(session, event, machine.id), window, rules=rules)
    return watched_parts(session, machine.id, window, around(reached))


def _changes(session: Session, event: Event, machine: str, window: Interval) -> bool:
    """Whether state or reason changed in a window: most readings only repeat what the one before said."""
    kinds, _ = oee.WINDOW_KINDS[event.kind]
    if "state" not in kinds or event.payload.get("superseded"):
        return "state" in kinds
    return any(_differs(session, kind, machine, window) for kind in kinds)


def _differs(session: Session, kind: str, machine: str, window: Interval) -> bool:
    """Whether a reading of the window says something else than the one that stood at its start."""
    start, end = window
    first = facts.next_point(session, kind, machine, start - 1)
    if first is None or first.ts_ms >= end:
        return False
    before = facts.last_other(session, kind, machine, start, than=())
    if before is None or before.text is None or first.text != before.text:
        return True
    other = facts.next_other(session, kind, machine, start, than=(before.text,))
    return other is not None and other.ts_ms < end


def _speaking(session: Session, event: Event, machine: str) -> list[str]:
    """The kinds of facts that changed; reasons only of a machine that tells any, or told them until now."""
    kinds, _ = oee.WINDOW_KINDS[event.kind]
    if event.payload.get("superseded"):
        return list(kinds)
    return [kind for kind in kinds if kind != "reason" or facts.latest(session, kind, [machine])]


def _reckoned_until(session: Session) -> dict[str, int]:
    """Up to where each machine has totals."""
    rows = session.execute(
        select(ShiftFigure.machine, func.max(ShiftFigure.end_ms))
        .where(ShiftFigure.computed_ms.is_not(None))
        .group_by(ShiftFigure.machine)
    )
    return {row[0]: row[1] for row in rows}
