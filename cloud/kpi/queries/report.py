"""The report of one shift: figures, losses, stops, counts, scrap, alarms, notes."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.orm import Session

from cloud.downtime import queries as downtime
from cloud.downtime.schemas import DowntimePage
from cloud.kpi.queries.around import around
from cloud.kpi.queries.handover import handover_notes
from cloud.kpi.schemas import ReportCount, ReportNote, ReportShift, ShiftReport
from cloud.maintenance.queries import alarms_between
from cloud.maintenance.schemas import AlarmOut
from cloud.oee import queries as oee
from cloud.oee.schemas import ScrapOut
from cloud.plant import queries as plant
from cloud.plant.schemas import Name, iso
from cloud.production.queries import counts_by_job, operations_by_job
from models.oee.policies import ISO22400, Policy
from models.oee.shifts import Shift
from models.oee.timeline import Interval

MOST_STOPS = 500


def shift_report(
    session: Session, scope: str, at_ms: int | None, now_ms: int, *, policy: Policy = ISO22400
) -> ShiftReport:
    """The report of the shift that ran at a time.

    Parameters
    ----------
    session
        A read session.
    scope
        `site`, `line:ID` or `machine:ID`.
    at_ms
        Plant ms inside the shift, or after it while no other ran; None: the running shift, else the last one.
    now_ms
        Plant now.
    policy
        How the tallies score.

    Raises
    ------
    Invalid, NotFound
        When the scope is none, or no shift ran at or in the 32 days before that time.
    """
    machines = plant.machines_of(session, scope)
    told = around(plant.calendar(session), now_ms if at_ms is None else min(at_ms, now_ms), now_ms)
    window = (told.shift.start_ms, min(told.shift.end_ms, now_ms))
    if window[0] == window[1]:  # it began this very millisecond
        window = (window[0], window[0] + 1)
    ids = [machine.id for machine in machines]
    counts = _counts(session, machines, window)
    figures = oee.oee(session, scope, window, now_ms, policy=policy)
    stops = _stops(session, scope, window, now_ms)
    scrap = oee.charges(session, ids, window)
    alarms = alarms_between(session, [*ids, *_places(session, scope)], *window, now_ms)
    counted = sum(each.good + each.rejected for each in counts)
    # A note stays with its shift when the calendar changes under it.
    notes_of = (told.shift.start_ms, told.next.start_ms if told.next else now_ms + 1)
    names = {each.id: _name(each.name) for each in plant.shifts(session)}
    return ShiftReport(
        scope=scope,
        shift=_shown(told.shift, names, now_ms),
        previous=_shown(told.previous, names, now_ms) if told.previous else None,
        next=_shown(told.next, names, now_ms) if told.next else None,
        oee=figures,
        stops=stops,
        pareto=downtime.pareto(session, scope, window, now_ms, by="reason", measure="minutes"),
        counts=counts,
        counted_outside=max(0, counted - figures.figure.good - figures.figure.rejected),
        scrap=scrap,
        alarms=alarms,
        notes=_notes(stops, alarms, scrap, window),
        handover=handover_notes(session, scope, machines, *notes_of),
    )


def _shown(shift: Shift, names: Mapping[str, Name], now_ms: int) -> ReportShift:
    return ReportShift(
        id=shift.id,
        name=names.get(shift.id),
        start=iso(shift.start_ms),
        end=iso(shift.end_ms),
        running=now_ms < shift.end_ms,
    )


def _places(session: Session, scope: str) -> list[str]:
    """Places beside machines whose alarms belong into the report: a line or the site missed its target."""
    lines = [f"line:{line.id}" for line in plant.lines(session)]
    return ["site", *lines] if scope == "site" else [line for line in lines if line == scope]


def _stops(session: Session, scope: str, window: Interval, now_ms: int) -> DowntimePage:
    """The stops of the shift, those that lost most first."""
    wanted = downtime.StopFilter()
    page = downtime.downtime_page(session, scope, window, now_ms, wanted=wanted, limit=MOST_STOPS, after=None)
    return page.model_copy(update={"items": sorted(page.items, key=lambda stop: (-stop.lost_s, stop.start))})


def _counts(session: Session, machines: Sequence[plant.Machine], window: Interval) -> list[ReportCount]:
    """Parts by machine and order, in the order of the flow."""
    place = {machine.id: index for index, machine in enumerate(machines)}
    since, until = window[0] + 1, window[1] + 1  # a count speaks of the time up to its reading
    found = [each for each in counts_by_job(session, since, until) if each.machine in place]
    found.sort(key=lambda each: (place[each.machine], each.job))
    operations = operations_by_job(session, {each.job for each in found})
    known = plant.products(session, {operation.product for operation in operations.values()})
    last = oee.LastStations(session).machines
    rows = []
    for each in found:
        operation = operations.get(each.job)
        product = known.get(operation.product) if operation else None
        rows.append(
            ReportCount(
                machine=each.machine,
                last=each.machine in last,
                job=each.job,
                order=operation.order if operation else each.order,
                customer=_name(operation.customer_name) if operation else None,
                product=operation.product if operation else None,
                product_name=_name(product.name) if product else None,
                good=each.good,
                rejected=each.rejected,
                order_good=operation.good if operation else None,
                order_target=operation.target if operation else None,
            )
        )
    return rows


def _notes(
    stops: DowntimePage, alarms: Iterable[AlarmOut], scrap: Iterable[ScrapOut], window: Interval
) -> list[ReportNote]:
    """What people wrote, in the order in which they did; of alarms only what was written in the shift."""
    since, until = iso(window[0]), iso(window[1])
    found = [
        ReportNote(at=note.at, by=note.by, machine=stop.machine, about="stop", text=note.text)
        for stop in stops.items
        for note in stop.notes
    ]
    found += [
        ReportNote(at=event.at, by=event.user, machine=alarm.machine, about="alarm", text=event.note)
        for alarm in alarms
        for event in alarm.history
        if event.note and since <= event.at < until
    ]
    found += [
        ReportNote(at=each.said, by=each.username, machine=each.machine, about="scrap", text=each.reason)
        for each in scrap
        if each.withdrawn is None
    ]
    return sorted(found, key=lambda note: note.at)


def _name(names: plant.Names) -> Name:
    return Name(zh=names.zh, en=names.en)
