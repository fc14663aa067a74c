"""What the API and other slices ask about alarms and condition."""

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import ColumnElement, String, and_, cast, false, func, or_, select
from sqlalchemy.orm import Session

from cloud.errors import Invalid, NotFound
from cloud.ingest import queries as facts
from cloud.maintenance import schemas
from cloud.maintenance.tables import Alarm, AlarmEvent, ConditionBlock
from cloud.plant import queries as plant
from cloud.plant.schemas import iso, iso_or_none
from cloud.production.queries import MachineRun, RunsFor, running_and_next
from models.reliability.features import BLOCK_MS, Block
from models.reliability.health import Assessment, assess

UNIT = "mm/s"
MOST_POINTS = 1500
SEVERITIES = ("warning", "critical")


@dataclass(frozen=True, slots=True)
class ActiveAlarm:
    """The most severe active alarm of a machine."""

    id: int
    severity: str
    state: str
    kind: str


@dataclass(frozen=True, slots=True)
class AlarmFor:
    """An alarm that concerned a work order; times are plant time."""

    id: int
    machine: str
    kind: str
    severity: str
    raised_ms: int
    cleared_ms: int | None


def alarm_state(alarm: Alarm) -> str:
    """The ISA-18.2 state of an alarm."""
    if alarm.active:
        return "acknowledged" if alarm.acknowledged else "unacknowledged"
    return "normal" if alarm.acknowledged else "cleared_unacknowledged"


def active_alarms(session: Session) -> dict[str, ActiveAlarm]:
    """By machine its most severe active alarm, unacknowledged ones first."""
    found: dict[str, ActiveAlarm] = {}
    rows = session.scalars(select(Alarm).where(Alarm.active))
    for row in sorted(rows, key=lambda r: (SEVERITIES.index(r.severity), not r.acknowledged, r.id)):
        found[row.machine] = ActiveAlarm(row.id, row.severity, alarm_state(row), row.kind)
    return found


def assessment(session: Session, machine: str) -> Assessment:
    """The chart of a machine over all its blocks."""
    row = ConditionBlock
    rows = session.execute(
        select(row.start_ms, row.level, row.samples, row.regime)
        .where(row.machine == machine)
        .order_by(row.start_ms)
    )
    return assess([Block(*found) for found in rows])


def alarms_for(
    session: Session, work_order: int, machines: Collection[str], runs: Sequence[MachineRun], now_ms: int
) -> list[AlarmFor]:
    """Alarms raised while a machine worked for a work order, or that name it; in the order of their start.

    Parameters
    ----------
    session
        A session.
    work_order
        Number of the work order.
    machines
        The machines of its operations.
    runs
        When which machine worked for it.
    now_ms
        Plant time, ms: an active alarm names the orders of now.
    """
    since = [run.start_ms for run in runs]
    during = Alarm.raised_ms.between(min(since), max(run.end_ms for run in runs)) if runs else false()
    # The orders named stand in a JSON column; looking for them in it alone keeps the question portable.
    names = cast(Alarm.affected, String).contains(f'"work_order": {work_order}')
    rows = session.scalars(
        select(Alarm)
        .where(Alarm.machine.in_(machines), or_(during, names, Alarm.active))
        .order_by(Alarm.raised_ms, Alarm.id)
    )
    return [
        AlarmFor(row.id, row.machine, row.kind, row.severity, row.raised_ms, row.cleared_ms)
        for row in rows
        if _ran_then(row, runs) or work_order in _named(session, row, now_ms)
    ]


def _ran_then(alarm: Alarm, runs: Sequence[MachineRun]) -> bool:
    return any(run.machine == alarm.machine and run.start_ms <= alarm.raised_ms < run.end_ms for run in runs)


def _named(session: Session, alarm: Alarm, now_ms: int) -> set[int]:
    """Work orders that an alarm names: those of its start, and those of now while it is active."""
    at_start = {int(row["work_order"]) for row in alarm.affected["orders"]}
    now = running_and_next(session, alarm.machine, now_ms) if alarm.active else []
    return at_start | {found.work_order for found in now}


def alarms_page(
    session: Session, now_ms: int, *, only_active: bool, limit: int, after: str | None
) -> schemas.AlarmPage:
    """A page of alarms, active ones first, then the newest; `after` is `next` of the page before."""
    wanted = select(Alarm).where(Alarm.active) if only_active else select(Alarm)
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    active = session.scalar(select(func.count()).select_from(Alarm).where(Alarm.active)) or 0
    if after:
        wanted = wanted.where(_comes_after(after))
    rows = session.scalars(
        wanted.order_by(Alarm.active.desc(), Alarm.raised_ms.desc(), Alarm.id.desc()).limit(limit + 1)
    ).all()
    page = rows[:limit]
    last = page[-1] if len(rows) > limit else None
    return schemas.AlarmPage(
        items=alarms_out(session, page, now_ms),
        total=total,
        active=active,
        next=f"{int(last.active)}:{last.raised_ms}:{last.id}" if last else None,
    )


def _comes_after(cursor: str) -> ColumnElement[bool]:
    try:
        active, raised_ms, alarm_id = (int(part) for part in cursor.split(":"))
        if max(abs(raised_ms), abs(alarm_id)) >= plant.EVER_MS:
            raise ValueError  # noqa: TRY301  as unreadable as a word
    except ValueError:
        raise Invalid(f"after = {cursor!r} is not a place in the list; take `next` of a page.") from None
    older = or_(Alarm.raised_ms < raised_ms, and_(Alarm.raised_ms == raised_ms, Alarm.id < alarm_id))
    same = and_(Alarm.active == bool(active), older)
    return or_(same, ~Alarm.active) if active else same


def alarms_between(
    session: Session, machines: Collection[str], start_ms: int, end_ms: int, now_ms: int
) -> list[schemas.AlarmOut]:
    """The alarms of machines raised or still active in [start, end), in the order of their start."""
    ends_later = or_(Alarm.cleared_ms.is_(None), Alarm.cleared_ms > start_ms)
    rows = session.scalars(
        select(Alarm)
        .where(Alarm.machine.in_(machines), Alarm.raised_ms < end_ms, ends_later)
        .order_by(Alarm.raised_ms, Alarm.id)
    )
    return alarms_out(session, rows, now_ms)


def alarm_out(session: Session, alarm_id: int, now_ms: int) -> schemas.AlarmOut:
    """One alarm; `NotFound` names it when it does not exist."""
    alarm = session.get(Alarm, alarm_id)
    if alarm is None:
        raise NotFound(f"There is no alarm {alarm_id}.", code="no_such_alarm")
    return alarms_out(session, [alarm], now_ms)[0]


def alarms_out(session: Session, alarms: Iterable[Alarm], now_ms: int) -> list[schemas.AlarmOut]:
    """The alarms as shown; an active one names the orders of now, others those of their start."""
    rows = list(alarms)
    # Alarms of the site and of lines are about the machines of others too: each is asked about once.
    works_for = cache(lambda machine: running_and_next(session, machine, now_ms))
    history: dict[int, list[schemas.AlarmEvent]] = {}
    events = select(AlarmEvent).where(AlarmEvent.alarm_id.in_([row.id for row in rows]))
    for event in session.scalars(events.order_by(AlarmEvent.at_ms, AlarmEvent.id)):
        shown = schemas.AlarmEvent(at=iso(event.at_ms), kind=event.kind, user=event.username, note=event.note)
        history.setdefault(event.alarm_id, []).append(shown)
    return [
        schemas.AlarmOut(
            id=row.id,
            machine=row.machine,
            kind=row.kind,
            severity=row.severity,
            state=alarm_state(row),
            raised=iso(row.raised_ms),
            cleared=iso_or_none(row.cleared_ms),
            value=row.value,
            limit=row.limit,
            unit=row.unit,
            affected=_affected(session, row, works_for),
            history=history.get(row.id, []),
        )
        for row in rows
    ]


def _affected(
    session: Session, alarm: Alarm, works_for: Callable[[str], Sequence[RunsFor]]
) -> list[schemas.AffectedOrder]:
    if alarm.active:
        return [
            _order(found) for name in machines_of_alarm(session, alarm.machine) for found in works_for(name)
        ]
    return [
        schemas.AffectedOrder(
            order=row["order"],
            customer_id=row["customer"],
            customer_name_zh=row["customer_name"]["zh"],
            customer_name_en=row["customer_name"]["en"],
            product=row["product"],
            work_order=row["work_order"],
            operation=row["operation"],
            when=row["when"],
        )
        for row in alarm.affected["orders"]
    ]


def machines_of_alarm(session: Session, place: str) -> list[str]:
    """The machines that an alarm is about: one, those of `line:ID`, or all of `site`."""
    line = place.removeprefix("line:")
    if place == "site" or line != place:
        return [each.id for each in plant.machines(session) if line in {"site", each.line}]
    return [place]


def _order(found: RunsFor) -> schemas.AffectedOrder:
    return schemas.AffectedOrder(
        order=found.order,
        customer_id=found.customer,
        customer_name_zh=found.customer_name.zh,
        customer_name_en=found.customer_name.en,
        product=found.product,
        work_order=found.work_order,
        operation=found.operation,
        when=found.when,
    )


def condition(session: Session, machine: str, start_ms: int, end_ms: int) -> schemas.ConditionOut:
    """The condition signal of a machine in [start, end), at most 1,500 samples, with its chart.

    `ewma` of a sample is the smoothed level of the block that had ended by then, in mm/s.
    """
    plant.machine(session, machine)
    chart = assessment(session, machine)
    samples = facts.points(session, "condition", machine, start_ms, end_ms, False)
    step = max(1, -(-len(samples) // MOST_POINTS))
    base = chart.baseline.level if chart.baseline else None
    levels = [(p.start_ms + BLOCK_MS, p.rise) for p in chart.points if p.rise is not None]
    points: list[schemas.ConditionPoint] = []
    at, rise = 0, None
    for sample in samples[::step]:
        while at < len(levels) and levels[at][0] <= sample.ts_ms:
            rise = levels[at][1]
            at += 1
        if sample.value is not None:
            smooth = math.exp(base + rise) if base is not None and rise is not None else None
            points.append(schemas.ConditionPoint(at=iso(sample.ts_ms), value=sample.value, ewma=smooth))
    limit = next((p.limit for p in reversed(chart.points) if p.limit is not None), None)
    return schemas.ConditionOut(
        machine=machine,
        unit=UNIT,
        baseline=None if base is None else math.exp(base),
        limit=None if base is None or limit is None else math.exp(base + limit),
        points=points,
    )
