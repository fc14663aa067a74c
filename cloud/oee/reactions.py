"""What OEE does with announced facts: it marks the totals of finished shifts that they touch."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud.downtime.queries import Explained, whole_stops
from cloud.ingest import queries as facts
from cloud.oee import events as oee
from cloud.oee.actions import mark_all, mark_jobs, mark_windows
from cloud.oee.queries.asked import DAY_MS
from cloud.oee.queries.touched import touched, watched_parts
from cloud.oee.tables import ShiftFigure
from cloud.outbox import Event
from cloud.plant import queries as plant
from cloud.plant.events import CALENDAR_CHANGED
from cloud.production.events import IDEAL_CYCLE_CORRECTED
from cloud.production.queries import Rules, counter_rules
from models.oee.shifts import Calendar, cells_between
from models.oee.timeline import Interval


def react(session: Session, events: Sequence[Event]) -> None:
    """Nothing comes back; every total that the events touch is marked.

    Marking is idempotent: events heard twice or in another order leave the same totals to be reckoned.
    """
    if not plant.has_site(session):
        return
    shifts = plant.calendar(session)
    machines = {machine.id: machine for machine in plant.machines(session)}
    if changes := _changes_of(events, machines):
        _follow(session, shifts, machines, changes)
    for event in events:
        if event.kind == oee.WORK_ORDER_RELEASED:
            mark_jobs(session, int(event.payload["work_order"]), oee.WORK_ORDER)
        elif event.kind == IDEAL_CYCLE_CORRECTED:
            for number in event.payload["work_orders"]:
                mark_jobs(session, int(number), oee.IDEAL_CYCLE)
        elif event.kind in oee.DECLARED:
            for machine, (since, until) in event.payload["windows"].items():
                mark_all(session, since, until, oee.DECLARED[event.kind], machine=machine)
        elif event.kind == CALENDAR_CHANGED:
            _reckon_calendar_anew(session, shifts, machines, event)


def _reckon_calendar_anew(
    session: Session, shifts: Calendar, machines: Collection[str], event: Event
) -> None:
    """Nothing comes back; totals are marked in the window that the calendar says otherwise now."""
    since, until = event.payload["window"]
    of = event.payload.get("machines")  # without any it is the whole plant's
    for name in [None] if of is None else of:
        mark_all(session, since, until, oee.CALENDAR, machine=name)
    reached = {name: [(since, until)] for name in machines if of is None or name in of}
    mark_windows(session, shifts, reached, oee.CALENDAR)


def _follow(
    session: Session, shifts: Calendar, machines: Mapping[str, plant.Machine], changes: "_Changes"
) -> None:
    """Nothing comes back; the totals are marked that changed readings reach."""
    look = _Look(session, _reckoned_until(session), counter_rules(session))
    for change, windows in changes.items():
        reached = {
            name: [
                part
                for span in _in_cells(shifts, spans)
                for part in look.reached(change, machines[name], span)
            ]
            for name, spans in windows.items()
        }
        _, why = oee.WINDOW_KINDS[change.kind]
        mark_windows(session, shifts, reached, oee.BINDING if change.is_superseded else why)


class _Change(NamedTuple):
    """What happened to readings: the kind of event, and whether some went or say something else."""

    kind: str
    is_superseded: bool

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of facts it is about."""
        return oee.WINDOW_KINDS[self.kind][0]


_Changes = dict[_Change, dict[str, list[Interval]]]  # windows by machine


def _changes_of(events: Iterable[Event], known: Collection[str]) -> _Changes:
    """The windows of known machines by what happened in them."""
    changes: _Changes = {}
    for event in events:
        if event.kind in oee.WINDOW_KINDS:
            change = _Change(event.kind, bool(event.payload.get("superseded")))
            for name, (since, until) in event.payload["windows"].items():
                if name in known:
                    span = (int(since), max(int(until), int(since) + 1))
                    changes.setdefault(change, {}).setdefault(name, []).append(span)
    return changes


def _in_cells(shifts: Calendar, spans: Iterable[Interval]) -> list[Interval]:
    """The spans, as one where no more than one shift's time lies from the first to the last of them.

    Its total is marked once whatever lies between, and the first reaches back as far as any of them, the last
    ahead: while days of history come in, that spares most of the questions.
    """
    found: list[Interval] = []
    for since, until in sorted(spans):
        if found and since - found[-1][1] < DAY_MS and len(cells_between(shifts, found[-1][0], until)) <= 1:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((since, until))
    return found


class _Look:
    """How far changes of readings reach in figures, with what is read once for all of them.

    Parameters
    ----------
    session
        Any session.
    reckoned
        Up to where each machine has totals, plant ms.
    rules
        What is declared of counters, by machine and kind.
    """

    def __init__(self, session: Session, reckoned: Mapping[str, int], rules: Mapping[str, Rules]) -> None:
        self._session = session
        self._reckoned = reckoned
        self._rules = rules
        self._explained = Explained(session)
        self._tells_reasons: dict[str, bool] = {}

    def reached(self, change: _Change, machine: plant.Machine, window: Interval) -> list[Interval]:
        """Where figures of a machine may differ after readings of a window changed."""
        reckoned_ms = self._reckoned.get(machine.id, 0)

        def around(reached: Interval) -> Interval:
            jobs_changed = change.kind == "JobChanged"
            if not reckoned_ms or not (jobs_changed or self._changes(change, machine.id, window)):
                return reached
            return whole_stops(self._session, machine.id, reached, self._explained, jobs_changed=jobs_changed)

        if window[0] > reckoned_ms + machine.minor_stop_s * 1000:
            # The shift that runs is reckoned live: how far a change reaches matters only for finished ones,
            # into which only a stop that began there reaches back.
            return [(around(window)[0], window[1])]
        kinds, rules = self._speaking(change, machine.id), self._rules.get(machine.id, {})
        reached = touched(self._session, machine, kinds, window, rules=rules)
        return watched_parts(self._session, machine.id, window, around(reached))

    def _changes(self, change: _Change, machine: str, window: Interval) -> bool:
        """Whether state or reason changed in a window: most readings only repeat what the one before said."""
        if "state" not in change.kinds or change.is_superseded:
            return "state" in change.kinds
        return any(_differs(self._session, kind, machine, window) for kind in change.kinds)

    def _speaking(self, change: _Change, machine: str) -> list[str]:
        """The kinds of facts that changed; reasons only of a machine that tells any, or did."""
        return [
            kind
            for kind in change.kinds
            if kind != "reason" or change.is_superseded or self._has_reasons(machine)
        ]

    def _has_reasons(self, machine: str) -> bool:
        if machine not in self._tells_reasons:
            self._tells_reasons[machine] = bool(facts.latest(self._session, "reason", [machine]))
        return self._tells_reasons[machine]


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


def _reckoned_until(session: Session) -> dict[str, int]:
    """Up to where each machine has totals."""
    rows = session.execute(
        select(ShiftFigure.machine, func.max(ShiftFigure.end_ms))
        .where(ShiftFigure.computed_ms.is_not(None))
        .group_by(ShiftFigure.machine)
    )
    return {row[0]: row[1] for row in rows}
