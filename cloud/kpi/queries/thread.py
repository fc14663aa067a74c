"""The thread of an order with the alarms that concerned it: maintenance stands above production."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from cloud.maintenance.queries import AlarmFor, alarms_for
from cloud.plant.schemas import iso, iso_or_none
from cloud.production import queries as production
from cloud.production.schemas import OrderThread, ThreadEvent, WorkOrderThread


def thread_with_alarms(session: Session, number: str, now_ms: int, *, events: int, units: int) -> OrderThread:
    """The thread of an order as production tells it, with alarms among the machine events.

    An alarm belongs to a work order when it was raised on a machine while that machine worked for it, or when
    it names the work order as running or next on its machine.

    Parameters
    ----------
    session
        A session.
    number
        Order number.
    now_ms
        Plant time, ms.
    events, units
        Most events and units of each work order; all are counted.

    Raises
    ------
    NotFound
        When there is no such order.
    """
    thread = production.order_thread(session, number, now_ms, events=events, units=units)
    for work in thread.work_orders:
        runs = production.runs_for(session, work.work_order.number, now_ms)
        machines = {operation.machine for operation in work.work_order.operations}
        alarms = alarms_for(session, work.work_order.number, machines, runs, now_ms)
        _merge(work, alarms, events)
    return thread


def _merge(work: WorkOrderThread, alarms: Sequence[AlarmFor], most: int) -> None:
    """Nothing comes back; the newest events of both kinds, since each list holds the newest of its own."""
    told = [*work.events, *(_event(alarm) for alarm in alarms)]
    told.sort(key=lambda event: event.at, reverse=True)  # one form of time: its text sorts as it does
    work.events = told[:most]
    work.events_total += len(alarms)


def _event(alarm: AlarmFor) -> ThreadEvent:
    return ThreadEvent(
        at=iso(alarm.raised_ms),
        until=iso_or_none(alarm.cleared_ms),
        machine=alarm.machine,
        kind="alarm",
        detail=alarm.kind,
        alarm=alarm.id,
        severity=alarm.severity,
    )
