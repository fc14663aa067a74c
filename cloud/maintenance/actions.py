"""What changes blocks and alarms: new facts, a person who acknowledges or notes."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from cloud.errors import NotFound
from cloud.identity.access import User
from cloud.identity.actions import audit
from cloud.ingest import queries as facts
from cloud.maintenance.events import ALARM_CHANGED, ALARM_RAISED
from cloud.maintenance.queries import assessment, machines_of_alarm
from cloud.maintenance.tables import Alarm, AlarmEvent, ConditionBlock
from cloud.outbox import announce
from cloud.production.queries import operations_by_job, running_and_next
from models.reliability.features import BLOCK_MS, blocks
from models.reliability.health import Assessment, ChartSettings, Episode

KIND = "condition_drift"
UNIT = "mm/s"
WARNING, CRITICAL = "warning", "critical"
Said = tuple[str, str | None]  # who, what


def refresh_blocks(session: Session, machine: str, since_ms: int, until_ms: int) -> bool:
    """Whether a block changed after the facts of a machine changed in [since, until], plant ms.

    A state or a job holds until the next one, so the window reaches to the change that follows it. A block is
    made only when a later sample has come: half a block would say something else a moment later.
    """
    newest = facts.latest(session, "condition", [machine]).get(machine)
    newest_ms = 0 if newest is None else newest.ts_ms
    following = (facts.next_point(session, kind, machine, until_ms) for kind in ("state", "job"))
    reach_ms = max([until_ms, *(newest_ms if point is None else point.ts_ms for point in following)])
    first = since_ms // BLOCK_MS * BLOCK_MS - BLOCK_MS
    end = min(reach_ms, newest_ms) // BLOCK_MS * BLOCK_MS
    # A block beyond the newest sample stands on samples that went.
    known_until = reach_ms if newest_ms < reach_ms else end
    stored = session.scalars(
        select(ConditionBlock).where(
            ConditionBlock.machine == machine,
            ConditionBlock.start_ms >= first,
            ConditionBlock.start_ms < known_until,
        )
    )
    known = {row.start_ms: (row.level, row.samples, row.regime) for row in stored}
    if known.keys() == {first} and known[first][2] and end == first + BLOCK_MS:
        return False  # it was made before, its product known, and what changed lies behind it
    made = {row.start_ms: row for row in _blocks(session, machine, first, end)} if first < end else {}
    wanted = {start: (row.level, row.samples, row.regime) for start, row in made.items()}
    changed = {start for start in {*known, *wanted} if known.get(start) != wanted.get(start)}
    if not changed:
        return False
    session.execute(
        delete(ConditionBlock).where(
            ConditionBlock.machine == machine, ConditionBlock.start_ms.in_(changed & known.keys())
        )
    )
    session.add_all(made[start] for start in sorted(changed & made.keys()))
    session.flush()
    return True


def _blocks(session: Session, machine: str, first_ms: int, end_ms: int) -> list[ConditionBlock]:
    samples = facts.points(session, "condition", machine, first_ms, end_ms, False)
    states = facts.points(session, "state", machine, first_ms, end_ms)
    ends = [*(point.ts_ms for point in states[1:]), end_ms]
    running = [
        (point.ts_ms, end) for point, end in zip(states, ends, strict=False) if point.text == "running"
    ]
    jobs = [
        (point.ts_ms, int(point.value or 0))
        for point in facts.points(session, "job", machine, first_ms, end_ms)
    ]
    products = {
        job: found.product for job, found in operations_by_job(session, {job for _, job in jobs}).items()
    }
    found = blocks(
        ((point.ts_ms, point.value) for point in samples if point.value is not None),
        running,
        [(ts_ms, products.get(job, "")) for ts_ms, job in jobs],
    )
    return [
        ConditionBlock(
            machine=machine, start_ms=row.start_ms, level=row.level, samples=row.samples, regime=row.regime
        )
        for row in found
    ]


def follow_chart(session: Session, machine: str) -> None:
    """Nothing comes back; the alarms of a machine follow the episodes of its chart, late data included."""
    chart = assessment(session, machine)
    known = list(
        session.scalars(
            select(Alarm).where(Alarm.machine == machine, Alarm.kind == KIND).order_by(Alarm.raised_ms)
        )
    )
    matched: set[int] = set()
    for episode in chart.episodes:
        alarm = next((row for row in known if row.id not in matched and _belongs(row, episode)), None)
        if alarm is None:
            alarm = _raise(session, machine, chart, episode)
        matched.add(alarm.id)
        _follow(session, alarm, chart, episode)
    latest_ms = chart.points[-1].start_ms + BLOCK_MS if chart.points else 0
    for row in known:
        if row.active and row.id not in matched:
            _clear(session, row, max(latest_ms, row.raised_ms))


def _belongs(alarm: Alarm, episode: Episode) -> bool:
    """Whether an alarm is of an episode; late data may have moved its beginning by two blocks."""
    begins_ms = episode.raised_ms - 2 * BLOCK_MS
    return begins_ms <= alarm.raised_ms and (
        episode.cleared_ms is None or alarm.raised_ms <= episode.cleared_ms
    )


def _raise(session: Session, machine: str, chart: Assessment, episode: Episode) -> Alarm:
    alarm = Alarm(
        machine=machine,
        kind=KIND,
        severity=WARNING,
        active=True,
        acknowledged=False,
        raised_ms=episode.raised_ms,
        cleared_ms=None,
        value=_in_unit(chart, episode.rise),
        limit=_in_unit(chart, episode.limit),
        unit=UNIT,
        affected=affected(session, machine, episode.raised_ms),
    )
    session.add(alarm)
    session.flush()
    _note(session, alarm, episode.raised_ms, "raised")
    announce(session, ALARM_RAISED, {"alarm": alarm.id, "machine": machine})
    return alarm


def _follow(session: Session, alarm: Alarm, chart: Assessment, episode: Episode) -> None:
    alarm.value = _in_unit(chart, episode.peak)
    rises = ((point.start_ms + BLOCK_MS, point.rise) for point in chart.points if point.rise is not None)
    critical = math.log1p(ChartSettings().critical_rise)
    if alarm.severity != CRITICAL and episode.peak > critical:
        at_ms = next(
            (end for end, rise in rises if end >= episode.raised_ms and rise > critical), episode.raised_ms
        )
        alarm.severity = CRITICAL
        _note(session, alarm, at_ms, "escalated")
        announce(session, ALARM_CHANGED, {"alarm": alarm.id, "machine": alarm.machine})
    if alarm.active and episode.cleared_ms is not None:
        _clear(session, alarm, episode.cleared_ms)
    elif not alarm.active and episode.cleared_ms is None:
        alarm.active, alarm.cleared_ms = True, None
        announce(session, ALARM_CHANGED, {"alarm": alarm.id, "machine": alarm.machine})


def _clear(session: Session, alarm: Alarm, at_ms: int) -> None:
    alarm.active, alarm.cleared_ms = False, at_ms
    _note(session, alarm, at_ms, "cleared")
    announce(session, ALARM_CHANGED, {"alarm": alarm.id, "machine": alarm.machine})


def follow_target(session: Session, said: Mapping[str, Any]) -> None:
    """Nothing comes back; the alarm of a scope's figure follows what is said of its target.

    Each shift has one alarm of a figure at most, and one that has cleared does not return in its shift. The
    shift's end clears it. Hearing the same twice changes nothing.
    """
    place, kind = said["scope"].removeprefix("machine:"), off_target(said["figure"])
    of_figure = (Alarm.machine == place, Alarm.kind == kind)
    known = list(session.scalars(select(Alarm).where(*of_figure, Alarm.raised_ms >= said["shift"])))
    active = list(session.scalars(select(Alarm).where(*of_figure, Alarm.active)))
    for alarm in active:
        if said["verdict"] == "met" or alarm.affected["shift"] != said["shift"]:
            _clear(session, alarm, max(said["at"], alarm.raised_ms))
    if said["verdict"] == "off" and not any(row.affected["shift"] == said["shift"] for row in known):
        _raise_off_target(session, place, kind, said)


def off_target(figure: str) -> str:
    """The kind of the alarm that a figure is below its target, e.g. `quality_off_target`."""
    return f"{figure}_off_target"


def _raise_off_target(session: Session, place: str, kind: str, said: Mapping[str, Any]) -> None:
    alarm = Alarm(
        machine=place,
        kind=kind,
        severity=WARNING,
        active=True,
        acknowledged=False,
        raised_ms=said["at"],
        cleared_ms=None,
        value=100 * said["value"],
        limit=100 * said["target"],
        unit="%",
        affected={
            "orders": [
                asdict(row)
                for name in machines_of_alarm(session, place)
                for row in running_and_next(session, name, said["at"])
            ],
            "shift": said["shift"],
        },
    )
    session.add(alarm)
    session.flush()
    _note(session, alarm, said["at"], "raised")
    announce(session, ALARM_RAISED, {"alarm": alarm.id, "machine": alarm.machine})


def _in_unit(chart: Assessment, rise: float) -> float:
    return math.exp((chart.baseline.level if chart.baseline else 0.0) + rise)


def affected(session: Session, machine: str, at_ms: int) -> dict[str, Any]:
    """The orders whose operation runs or comes next on the machine at plant time `at_ms`, under `orders`."""
    return {"orders": [asdict(row) for row in running_and_next(session, machine, at_ms)]}


def acknowledge(session: Session, alarm_id: int, user: User, note: str | None, now_ms: int) -> Alarm:
    """The acknowledged alarm; acknowledging it again changes nothing but may add a note.

    Raises
    ------
    NotFound
        When there is no such alarm.
    """
    alarm = _alarm(session, alarm_id)
    if not alarm.acknowledged:
        alarm.acknowledged = True
        _note(session, alarm, now_ms, "acknowledged", (user.username, note))
        audit(session, user, "alarms.acknowledge", f"alarm/{alarm_id}", {"note": note})
        announce(session, ALARM_CHANGED, {"alarm": alarm_id, "machine": alarm.machine})
    elif note:
        return add_note(session, alarm_id, user, note, now_ms)
    return alarm


def add_note(session: Session, alarm_id: int, user: User, note: str, now_ms: int) -> Alarm:
    """The alarm with the note in its history.

    Raises
    ------
    NotFound
        When there is no such alarm.
    """
    alarm = _alarm(session, alarm_id)
    _note(session, alarm, now_ms, "note", (user.username, note))
    audit(session, user, "alarms.note", f"alarm/{alarm_id}", {"note": note})
    announce(session, ALARM_CHANGED, {"alarm": alarm_id, "machine": alarm.machine})
    return alarm


def _alarm(session: Session, alarm_id: int) -> Alarm:
    alarm = session.get(Alarm, alarm_id)
    if alarm is None:
        raise NotFound(f"There is no alarm {alarm_id}.", code="no_such_alarm")
    return alarm


def _note(session: Session, alarm: Alarm, at_ms: int, kind: str, said: Said | None = None) -> None:
    name, note = said or (None, None)
    session.add(AlarmEvent(alarm_id=alarm.id, at_ms=at_ms, kind=kind, username=name, note=note))
    session.flush()
