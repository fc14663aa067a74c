"""The live plant page: all machines in one pass, reckoned at most once a second for all callers."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from anyio.to_thread import run_sync
from pydantic import BaseModel
from sqlalchemy.orm import Session

from cloud.db import Database
from cloud.ingest import queries as facts
from cloud.ingest.queries import FactPoint
from cloud.kpi.schemas import LivePlant, Tile, TileAlarm, TileOrder
from cloud.maintenance.queries import ActiveAlarm, active_alarms
from cloud.oee.queries import ShiftFigures, shift_figures
from cloud.orders import queries as orders
from cloud.plant import queries as plant
from cloud.plant.schemas import Name, iso, iso_or_none
from cloud.production import queries as production
from models.oee.shifts import EXTRA, is_break
from wire.clock import PlantClock

UNOBSERVED = "unobserved"
# A state as old as this is shown as old as this: nobody reads back further for a tile.
OLDEST_STATE_MS = 24 * 3_600_000
FRESH_PLANT_MS = 60_000
FRESH_REAL_MS = 10_000
SHARED_S = 1.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was read of the machines up to now."""

    states: Mapping[str, FactPoint]
    running: Mapping[str, TileOrder]
    counts: Mapping[str, tuple[int, int]]
    figures: ShiftFigures
    alarms: Mapping[str, ActiveAlarm]


class SharedLive:
    """A look at the live plant as JSON, taken at most once a real second however many ask.

    Parameters
    ----------
    db
        Where everything stands.
    clock
        The plant clock.
    look
        What is looked at, e.g. `live_plant`.
    """

    def __init__(
        self, db: Database, clock: PlantClock, look: Callable[[Session, PlantClock], BaseModel]
    ) -> None:
        self._db = db
        self._clock = clock
        self._look = look
        # Callers wait on the event loop: in threads they would leave none for other requests.
        self._turn = asyncio.Lock()
        self._reckoned_s = float("-inf")
        self._json = b""

    async def json(self) -> bytes:
        """What was seen as JSON, not older than a real second. Callers wait for one another, then share."""
        async with self._turn:
            if time.monotonic() - self._reckoned_s >= SHARED_S:
                self._json = await run_sync(self._reckon)
                self._reckoned_s = time.monotonic()
            return self._json

    def _reckon(self) -> bytes:
        with self._db.read() as session:
            return self._look(session, self._clock).model_dump_json().encode()


def live_plant(session: Session, clock: PlantClock) -> LivePlant:
    """All machines at the clock's plant time: state, order, counts and figures of the running shift, alarm.

    `fresh` is a claim about the watching, not about the machine: its coverage reaches within a plant minute
    (or ten real seconds, if that is longer in plant time) of now.
    """
    return live_with_figures(session, clock)[0]


def live_with_figures(session: Session, clock: PlantClock) -> tuple[LivePlant, ShiftFigures]:
    """The same, with the figures of the running shift that it shows."""
    now_ms = clock.now_ms()
    machines = plant.machines(session)
    ids = [machine.id for machine in machines]
    figures = shift_figures(session, now_ms)
    shift = figures.shift
    seen = _Seen(
        states=facts.latest(session, "state", ids),
        running=_running(session, ids),
        # A count at the instant the shift begins was made before it, as in its figures.
        counts=production.counts_by_machine(session, shift.start_ms + 1, now_ms + 1) if shift else {},
        figures=figures,
        alarms=active_alarms(session),
    )
    names = {pattern.id: pattern.name for pattern in plant.shifts(session)}
    shown = LivePlant(
        plant_now=iso(now_ms),
        speed=clock.speed,
        shift=shift.id if shift else None,
        shift_name=_shift_name(shift.id, names) if shift else None,
        shift_start=iso_or_none(shift.start_ms if shift else None),
        shift_end=iso_or_none(shift.end_ms if shift else None),
        in_break=shift is not None and is_break(shift, now_ms),
        tiles=[_tile(session, machine, seen, now_ms, clock.speed) for machine in machines],
    )
    return shown, figures


def _shift_name(shift: str, names: Mapping[str, plant.Names]) -> Name:
    """Its name in the plant file; an extra shift has none there and goes by what it was called."""
    if shift in names:
        return _name(names[shift])
    return Name(zh="加班", en="Extra shift") if shift == EXTRA else Name(zh=shift, en=shift)


def freshness_ms(speed: float) -> int:
    """How long ago (plant ms) a machine that is called fresh may have been watched last."""
    return max(FRESH_PLANT_MS, round(FRESH_REAL_MS * speed))


def _tile(session: Session, machine: plant.Machine, seen: _Seen, now_ms: int, speed: float) -> Tile:
    state = seen.states.get(machine.id)
    watched = facts.coverage(session, machine.id, now_ms - OLDEST_STATE_MS, now_ms + 1)
    through_ms = watched[-1][1] if watched else None
    good, rejected = seen.counts.get(machine.id, (0, 0))
    figure = seen.figures.figures.get(machine.id)
    alarm = seen.alarms.get(machine.id)
    return Tile(
        machine=machine.id,
        line=machine.line,
        name=_name(machine.name),
        state=UNOBSERVED if state is None else state.text or UNOBSERVED,
        state_since=None if state is None else iso(_since_ms(session, machine.id, state)),
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
    )


def _alarm(alarm: ActiveAlarm | None) -> TileAlarm | None:
    if alarm is None:
        return None
    return TileAlarm(id=alarm.id, severity=alarm.severity, state=alarm.state, kind=alarm.kind)


def _since_ms(session: Session, machine: str, newest: FactPoint) -> int:
    """When the present state began: a repeated reading of the same state does not begin it again."""
    since_ms = newest.ts_ms
    oldest_ms = newest.ts_ms - OLDEST_STATE_MS
    for point in reversed(
        facts.points(session, "state", machine, oldest_ms, newest.ts_ms, with_previous=False)
    ):
        if point.text != newest.text:
            break
        since_ms = point.ts_ms
    return since_ms


def _running(session: Session, machines: Sequence[str]) -> dict[str, TileOrder]:
    """By machine the order that its job register names."""
    register = facts.latest(session, "job", machines)
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
