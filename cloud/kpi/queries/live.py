"""The live plant page: all machines in one pass."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from cloud.ingest import queries as facts
from cloud.ingest.fact_window import last_readings, unchanged_since
from cloud.ingest.queries import FactPoint
from cloud.kpi.schemas import LiveLine, LivePlant, Tile, TileAlarm, TileOrder
from cloud.maintenance.queries import ActiveAlarm, active_alarms
from cloud.oee.queries import LastStations, ShiftFigures, shift_figures
from cloud.orders import queries as orders
from cloud.plant import queries as plant
from cloud.plant.schemas import Name, iso, iso_or_none
from cloud.production import queries as production
from models.oee.shifts import EXTRA, Calendar, is_break, planned_stop_at
from models.oee.timeline import Interval

UNOBSERVED = "unobserved"
# A state as old as this is shown as old as this: nobody reads back further for a tile.
OLDEST_STATE_MS = 24 * 3_600_000
FRESH_PLANT_MS = 60_000
FRESH_REAL_MS = 10_000


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was read of the machines up to now."""

    states: Mapping[str, FactPoint]
    since_ms: Mapping[str, int]
    watched: Mapping[str, Sequence[Interval]]
    running: Mapping[str, TileOrder]
    counts: Mapping[str, tuple[int, int]]
    figures: ShiftFigures
    alarms: Mapping[str, ActiveAlarm]
    shifts: Calendar


def live_plant(session: Session, now_ms: int, speed: float) -> LivePlant:
    """All machines at plant time `now_ms`: state, order, counts and figures of the running shift, alarm.

    `fresh` is a claim about the watching, not about the machine: its coverage reaches within a plant minute
    (or ten real seconds, if that is longer in plant time at `speed`) of now. What is read of the machines is
    read of all at once.
    """
    return live_with_figures(session, now_ms, speed)[0]


def live_with_figures(session: Session, now_ms: int, speed: float) -> tuple[LivePlant, ShiftFigures]:
    """The same, with the figures of the running shift that it shows."""
    machines = plant.machines(session)
    ids = [machine.id for machine in machines]
    figures = shift_figures(session, now_ms)
    shift = figures.shift
    newest = last_readings(session, ("state", "job"), ids)
    seen = _Seen(
        states={machine: point for (kind, machine), point in newest.items() if kind == "state"},
        since_ms=unchanged_since(session, "state", ids, OLDEST_STATE_MS),
        watched=facts.coverages(session, ids, now_ms - OLDEST_STATE_MS, now_ms + 1),
        running=_running(
            session, {machine: point for (kind, machine), point in newest.items() if kind == "job"}
        ),
        # A count at the instant the shift begins was made before it, as in its figures.
        counts=production.counts_by_machine(session, shift.start_ms + 1, now_ms + 1) if shift else {},
        figures=figures,
        alarms=active_alarms(session),
        shifts=figures.calendar,
    )
    names = {pattern.id: pattern.name for pattern in plant.shifts(session)}
    shown = LivePlant(
        plant_now=iso(now_ms),
        speed=speed,
        shift=shift.id if shift else None,
        shift_name=_shift_name(shift.id, names) if shift else None,
        shift_start=iso_or_none(shift.start_ms if shift else None),
        shift_end=iso_or_none(shift.end_ms if shift else None),
        in_break=shift is not None and is_break(shift, now_ms),
        lines=_lines(session, machines, seen.counts),
        tiles=[_tile(machine, seen, now_ms, speed) for machine in machines],
    )
    return shown, figures


def _lines(
    session: Session, machines: Sequence[plant.Machine], counts: Mapping[str, tuple[int, int]]
) -> list[LiveLine]:
    of_line: dict[str, list[str]] = {}
    for machine in machines:
        of_line.setdefault(machine.line, []).append(machine.id)
    return [
        LiveLine(
            line=line,
            good=sum(counts.get(machine, (0, 0))[0] for machine in last),
            rejected=sum(counts.get(machine, (0, 0))[1] for machine in of_line.get(line, ())),
        )
        for line, last in LastStations(session).of_line.items()
    ]


def _shift_name(shift: str, names: Mapping[str, plant.Names]) -> Name:
    """Its name in the plant file; an extra shift has none there and goes by what it was called."""
    if shift in names:
        return _name(names[shift])
    return Name(zh="加班", en="Extra shift") if shift == EXTRA else Name(zh=shift, en=shift)


def freshness_ms(speed: float) -> int:
    """How long ago (plant ms) a machine that is called fresh may have been watched last."""
    return max(FRESH_PLANT_MS, round(FRESH_REAL_MS * speed))


def _tile(machine: plant.Machine, seen: _Seen, now_ms: int, speed: float) -> Tile:
    state = seen.states.get(machine.id)
    watched = seen.watched[machine.id]
    through_ms = watched[-1][1] if watched else None
    good, rejected = seen.counts.get(machine.id, (0, 0))
    figure = seen.figures.figures.get(machine.id)
    alarm = seen.alarms.get(machine.id)
    planned_stop = planned_stop_at(seen.shifts, machine.id, now_ms)
    return Tile(
        machine=machine.id,
        line=machine.line,
        name=_name(machine.name),
        state=UNOBSERVED if state is None else state.text or UNOBSERVED,
        state_since=None if state is None else iso(seen.since_ms[machine.id]),
        observed_through=iso_or_none(through_ms),
        fresh=through_ms is not None and now_ms - through_ms <= freshness_ms(speed),
        running=seen.running.get(machine.id),
        shift_good=good,
        shift_rejected=rejected,
        availability=figure.availability if figure else None,
        effectiveness=figure.effectiveness if figure else None,
        quality=figure.quality if figure else None,
        oee=figure.oee if figure else None,
        coverage=figure.coverage if figure else None,
        alarm=_alarm(alarm),
        planned_stop_until=iso_or_none(planned_stop.end_ms if planned_stop else None),
    )


def _alarm(alarm: ActiveAlarm | None) -> TileAlarm | None:
    if alarm is None:
        return None
    return TileAlarm(id=alarm.id, severity=alarm.severity, state=alarm.state, kind=alarm.kind)


def _running(session: Session, register: Mapping[str, FactPoint]) -> dict[str, TileOrder]:
    """By machine the order that its job register names."""
    jobs = {machine: int(point.value) for machine, point in register.items() if point.value}
    operations = production.operations_by_job(session, jobs.values())
    running = {
        machine: operations[job]
        for machine, job in jobs.items()
        if job in operations and operations[job].machine == machine
    }
    if not running:
        return {}
    lines = orders.lines(session, {operation.order_line_id for operation in running.values()})
    names = _product_names(session, {operation.product for operation in running.values()})
    return {
        machine: TileOrder(
            order=operation.order,
            line=operation.line,
            customer=_name(operation.customer_name),
            product=operation.product,
            product_name=names[operation.product],
            work_order=operation.work_order,
            operation=operation.sequence,
            good=operation.good,
            rejected=operation.rejected,
            target=operation.target,
            customer_due=iso(lines[operation.order_line_id].customer_due_ms),
        )
        for machine, operation in running.items()
    }


def _product_names(session: Session, products: Iterable[str]) -> dict[str, Name]:
    return {product.id: _name(product.name) for product in plant.products(session, products).values()}


def _name(names: plant.Names) -> Name:
    return Name(zh=names.zh, en=names.en)
