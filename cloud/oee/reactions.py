"""What OEE does with announced facts: it marks the totals of finished shifts that they touch."""

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud.downtime.queries import whole_stops
from cloud.ingest import queries as facts
from cloud.oee import events as oee
from cloud.oee.actions import mark_all, mark_jobs, mark_windows
from cloud.oee.queries import forget_all
from cloud.oee.queries.touched import touched, watched_parts
from cloud.oee.tables import ShiftFigure
from cloud.outbox import Event
from cloud.plant import queries as plant
from cloud.plant.events import COUNTER_DECLARED
from models.oee.timeline import Interval


def react(session: Session, events: Sequence[Event]) -> None:
    """Nothing comes back; every total that the events touch is marked.

    Marking is idempotent: events heard twice or in another order leave the same totals to be reckoned.
    """
    if not plant.has_site(session):
        return
    shifts = plant.calendar(session)
    machines = {machine.id: machine for machine in plant.machines(session)}
    reckoned = _reckoned_until(session)
    for event in events:
        if event.kind in oee.WINDOW_KINDS:
            kinds, why = oee.WINDOW_KINDS[event.kind]
            windows = _windows(session, event, kinds, machines, reckoned)
            mark_windows(session, shifts, windows, oee.BINDING if event.payload.get("superseded") else why)
        elif event.kind == oee.WORK_ORDER_RELEASED:
            mark_jobs(session, int(event.payload["work_order"]))
        elif event.kind == COUNTER_DECLARED:
            for machine, (since, until) in event.payload["windows"].items():
                mark_all(session, since, until, oee.BINDING, machine=machine)
        else:
            since, until = event.payload["window"]
            mark_all(session, since, until, oee.CALENDAR)
            mark_windows(session, shifts, {name: [(since, until)] for name in machines}, oee.CALENDAR)


def tell(events: Sequence[Event]) -> None:
    """Nothing comes back; what people have changed is in the answer to the next question."""
    if any(event.kind in oee.SAID_BY_PEOPLE for event in events):
        forget_all()


def _windows(
    session: Session,
    event: Event,
    kinds: Sequence[str],
    machines: Mapping[str, plant.Machine],
    reckoned: Mapping[str, int],
) -> dict[str, list[Interval]]:
    """By machine, where figures may differ after an event."""
    windows: dict[str, list[Interval]] = {}
    for name, (since, until) in event.payload["windows"].items():
        machine = machines.get(name)
        if machine is None:
            continue
        window: Interval = (int(since), max(int(until), int(since) + 1))
        if "state" in kinds and name in reckoned and _changes(session, event, name, window):
            window = whole_stops(session, name, window)
        windows[name] = [window]
        # The shift that runs is reckoned live: how far a change reaches matters only for finished ones.
        if window[0] <= reckoned.get(name, 0) + machine.minor_stop_s * 1000:
            reached = touched(session, name, kinds, window, machine.minor_stop_s)
            windows[name] = watched_parts(session, name, window, reached)
    return windows


def _changes(session: Session, event: Event, machine: str, window: Interval) -> bool:
    """Whether state or reason changed in a window: most readings only repeat what the one before said."""
    if event.payload.get("superseded"):
        return True
    for kind in ("state", "reason"):
        read = facts.points(session, kind, machine, *window)
        if read and (read[0].ts_ms >= window[0] or len({point.text for point in read}) > 1):
            return True
    return False


def _reckoned_until(session: Session) -> dict[str, int]:
    """Up to where each machine has totals."""
    rows = session.execute(
        select(ShiftFigure.machine, func.max(ShiftFigure.end_ms))
        .where(ShiftFigure.computed_ms.is_not(None))
        .group_by(ShiftFigure.machine)
    )
    return {row[0]: row[1] for row in rows}
