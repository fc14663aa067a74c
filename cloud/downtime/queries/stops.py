"""Folds a machine's facts and corrections into stops with reasons."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.downtime.queries.reasons import ReasonTree, tree
from cloud.downtime.queries.rules import Rules, rules_in_force
from cloud.downtime.tables import DowntimeCorrection, DowntimeRule
from cloud.ingest import queries as facts
from cloud.ingest.fact_window import FactWindow
from cloud.plant import queries as plant
from cloud.plant.actions.bind import NO_REASON
from models.oee.downtime import Correction, Stop, spans_of, stops_of, with_reasons
from models.oee.policies import ISO22400
from models.oee.reasons import STOP_CATEGORIES, ReasonSpan
from models.oee.shifts import Calendar, plan_of
from models.oee.timeline import Interval, Reading, Run, clip, intersect, length_ms, runs_of
from models.production.counts import NO_JOB

# Which state is a stop is the same to all policies.
POLICY = ISO22400
STOP_STATES = tuple(state for state, category in POLICY.category_of.items() if category in STOP_CATEGORIES)
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class MachineStops:
    """A machine's stops that overlap a window, whole, with what they were folded from; times in plant ms.

    `counted` is the planned and watched time of the stretch from the first to the last run; `corrections` are
    those that were laid over it, withdrawn ones left out. `around` are the stops of all the runs, also those
    that only touch one of the window's or that nobody watched. `refold` folds the same readings under others.
    """

    machine: plant.Machine
    window: Interval
    runs: Sequence[Run[str | None]]
    stops: Sequence[Stop]
    around: Sequence[Stop]
    corrections: Sequence[DowntimeCorrection]
    counted: Sequence[Interval]
    watched: Sequence[Interval]
    jobs: Sequence[Run[int]]
    horizon_ms: int
    refold: Callable[[Sequence[Correction]], list[Stop]]

    def lost_ms(self, stop: Stop) -> int:
        """Planned and watched time of a whole stop (ms)."""
        return length_ms(clip(self.counted, stop.start_ms, stop.end_ms))

    def lost_inside_ms(self, stop: Stop) -> int:
        """The part of it that lies inside the window (ms)."""
        since, until = max(stop.start_ms, self.window[0]), min(stop.end_ms, self.window[1])
        return length_ms(clip(self.counted, since, until))

    def is_ongoing(self, stop: Stop) -> bool:
        """Whether nobody has seen the machine leave it yet."""
        return stop.end_ms >= self.horizon_ms

    def is_watched(self, stop: Stop) -> bool:
        """Whether anybody watched any of it."""
        return bool(clip(self.watched, stop.start_ms, stop.end_ms))

    def job(self, stop: Stop) -> int:
        """The job that was held up: the one longest in the register, else the next one; 0 = not known."""
        stood: dict[int, int] = {}
        for place in range(bisect_right(self.jobs, stop.start_ms, key=_end), len(self.jobs)):
            run = self.jobs[place]
            if run.start_ms >= stop.end_ms and run.value:
                return max(stood, key=stood.__getitem__) if stood else run.value
            both = min(run.end_ms, stop.end_ms) - max(run.start_ms, stop.start_ms)
            if both > 0 and run.value:
                stood[run.value] = stood.get(run.value, 0) + both
        return max(stood, key=stood.__getitem__) if stood else 0


def _end(run: Run[int]) -> int:
    return run.end_ms


class Explained:
    """What explains the stops of a whole plant, read from a session once and only when it is asked for."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @cached_property
    def shifts(self) -> Calendar:
        """The shift calendar."""
        return plant.calendar(self._session)

    @cached_property
    def tree(self) -> ReasonTree:
        """The tree of reasons."""
        return tree(self._session)

    @cached_property
    def corrected(self) -> frozenset[str]:
        """The machines about whose stops people have said anything that stands."""
        said = select(DowntimeCorrection.machine).where(DowntimeCorrection.withdrawn_ms.is_(None))
        return frozenset(self._session.scalars(said.distinct()))

    @cached_property
    def rules(self) -> Rules:
        """The rules in force."""
        return rules_in_force(self._session, self.tree, self.shifts.zone)


def stops_in(
    session: Session,
    machines: Iterable[plant.Machine],
    window: Interval,
    now_ms: int,
    by: Explained | None = None,
) -> list[MachineStops]:
    """The stops of each machine that overlap the window, up to plant now.

    Parameters
    ----------
    session
        A session.
    machines
        Whose stops.
    window
        Half-open, plant ms.
    now_ms
        Plant time, ms.
    by
        What explains them, if it was read before.
    """
    by, read = by or Explained(session), _Read(session, None)
    return [_stops_of_machine(read, machine, window, now_ms, by) for machine in machines]


def reason_spans(
    session: Session,
    machine: plant.Machine,
    window: Interval,
    now_ms: int,
    by: Explained,
    *,
    held: FactWindow | None = None,
) -> list[ReasonSpan]:
    """What the machine's stops count as by their reasons, for `MachineRecord.reasons`; often nothing.

    `held` has facts that were read before.
    """
    read = _Read(session, held)
    if not (by.rules.rules or machine.id in by.corrected or read.points("reason", machine.id, *window)):
        return []
    found = _stops_of_machine(read, machine, window, now_ms, by, with_jobs=bool(by.rules.rules))
    return spans_of(found.stops, by.tree.category, POLICY)


def whole_stops(
    session: Session, machine: str, window: Interval, by: Explained, *, jobs_changed: bool = False
) -> Interval:
    """The window with all of the stops that begin, end or change in it, from production to production.

    A rule may ask how long a stop was, and a PLC's reason counts by how long it stood: so what happens at a
    stop's end may say in which loss its beginning counts, a shift earlier. Where nothing gives stops a reason
    the window comes back as it is. `jobs_changed`: not states did but jobs, which some rules ask for; where
    none stood in a stop they take the one that came next within a day.
    """
    if not _may_be_explained(session, machine, window, by):
        return window
    start, end = window
    if jobs_changed:
        if not any(session.scalars(select(DowntimeRule.products).where(DowntimeRule.active))):
            return window
        known = facts.last_apart(session, "job", machine, start, above=NO_JOB, at_most=NO_JOB - 1)
        start = max(start - DAY_MS, known.ts_ms if known else 0)
    before = facts.last_other(session, "state", machine, start, than=STOP_STATES)
    first = facts.next_point(session, "state", machine, -1 if before is None else before.ts_ms)
    through = facts.points(session, "state", machine, end - 1, end)
    if through and through[-1].text in STOP_STATES:
        after = facts.next_other(session, "state", machine, end, than=STOP_STATES)
        end = end if after is None else after.ts_ms
    return min(start, start if first is None else first.ts_ms), end


def _may_be_explained(session: Session, machine: str, window: Interval, by: Explained) -> bool:
    """Whether anything could give a stop of this window a reason: most windows are spared the fold."""
    if by.rules.rules or machine in by.corrected:
        return True
    return bool(facts.points(session, "reason", machine, *window))


@dataclass(frozen=True, slots=True)
class _Read:
    """Facts from what was read before, as far as it reaches, else from the session."""

    session: Session
    held: FactWindow | None

    def points(self, kind: str, machine: str, since: int, until: int) -> Sequence[facts.FactPoint]:
        """Readings in [since, until), the one before first."""
        held = None if self.held is None else self.held.points(kind, machine, since, until)
        return facts.points(self.session, kind, machine, since, until) if held is None else held

    def last_not_stopped(self, machine: str, before: int) -> facts.FactPoint | None:
        """The last state before an instant that is no stop."""
        held = None if self.held is None else self.held.points("state", machine, before, before)
        if held is not None and not (held and held[0].text in STOP_STATES):
            return held[0] if held else None
        return facts.last_other(self.session, "state", machine, before, than=STOP_STATES)


def _stops_of_machine(
    read: _Read,
    machine: plant.Machine,
    window: Interval,
    now_ms: int,
    by: Explained,
    *,
    with_jobs: bool = True,
) -> MachineStops:
    session = read.session
    runs, horizon = _whole_runs(read, machine.id, window, now_ms)
    since = min(runs[0].start_ms if runs else window[0], window[0])
    until = max(horizon, window[1])
    rows = _corrections(session, machine.id, since, until)
    watched = facts.coverage(session, machine.id, since, until)
    found = MachineStops(
        machine=machine,
        window=window,
        runs=runs,
        stops=[],
        around=[],
        corrections=rows,
        counted=intersect(plan_of(by.shifts, machine.id, since, until).planned, watched),
        watched=watched,
        jobs=_jobs(session, machine.id, since, until + DAY_MS) if with_jobs else [],
        horizon_ms=horizon,
        refold=lambda _said: [],
    )
    plc = _plc_reasons(read, machine.id, since, until)
    by_rule: Callable[[Stop], str | None] = by.rules.asker(session, machine, found.job)

    def folded(said: Sequence[Correction]) -> list[Stop]:
        return stops_of(runs, said, machine.minor_stop_s, POLICY)

    def shown(stops: Sequence[Stop], said: Sequence[Correction]) -> list[Stop]:
        inside = [stop for stop in stops if stop.start_ms < window[1] and window[0] < stop.end_ms]
        # Of time that nobody watched nobody can say why the machine stood.
        return [stop for stop in with_reasons(inside, said, plc, by_rule) if found.is_watched(stop)]

    said = [correction(row) for row in rows]
    around = folded(said)
    return replace(
        found, stops=shown(around, said), around=around, refold=lambda other: shown(folded(other), other)
    )


def correction(row: DowntimeCorrection) -> Correction:
    """A row as the models take it."""
    return Correction(row.id, row.kind, row.start_ms, row.end_ms, row.reason_id)  # type: ignore[arg-type]


def _whole_runs(
    read: _Read, machine: str, window: Interval, now_ms: int
) -> tuple[list[Run[str | None]], int]:
    """The runs of states over the window, those at its ends back to production and on to it, and how far."""
    start, end = window[0], min(window[1], now_ms)
    before = read.last_not_stopped(machine, start)
    after = facts.next_other(read.session, "state", machine, end, than=STOP_STATES)
    until = max(end, now_ms) if after is None else min(after.ts_ms + 1, now_ms + 1)
    # Without production before, the first stop begins with the first reading there is.
    points = read.points("state", machine, 0 if before is None else before.ts_ms + 1, until)
    readings = [
        Reading(point.ts_ms, point.text, (point.stream, point.position, point.ord)) for point in points
    ]
    last_ms = readings[-1].ts_ms if readings else end
    seen = facts.coverage(read.session, machine, last_ms, now_ms)
    horizon = max([min(last_ms + 1, now_ms), *(through for _, through in seen)])
    return runs_of(readings, horizon), horizon


def _corrections(session: Session, machine: str, since: int, until: int) -> list[DowntimeCorrection]:
    row = DowntimeCorrection
    query = select(row).where(
        row.machine == machine, row.withdrawn_ms.is_(None), row.end_ms >= since, row.start_ms < until
    )
    return list(session.scalars(query.order_by(row.id)))


def _plc_reasons(read: _Read, machine: str, since: int, until: int) -> list[Run[str | None]]:
    """Runs of the reason that the PLC gives; a code without a meaning says nothing."""
    points = read.points("reason", machine, since, until)
    readings = [
        Reading[str | None](point.ts_ms, _meant(point.text), (point.stream, point.position, point.ord))
        for point in points
    ]
    return runs_of(readings, until)


def _meant(text: str | None) -> str | None:
    return None if text is None or text == NO_REASON or text.startswith("unknown:") else text


def _jobs(session: Session, machine: str, since: int, until: int) -> list[Run[int]]:
    points = facts.points(session, "job", machine, since, until)
    return runs_of([Reading(point.ts_ms, int(point.value or 0)) for point in points], until)
