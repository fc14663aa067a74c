"""OEE reckoned on demand from facts: load what the window needs, let the models reckon, shape the answer."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from cloud.errors import Invalid, NotFound
from cloud.ingest import queries as facts
from cloud.oee.schemas import Figure, JobSegment, Losses, MachineOee, OeeOut, OeeTrendPoint, StateSegment
from cloud.plant import queries as plant
from cloud.plant.schemas import Name, iso, ms_from_iso
from cloud.production.queries import OperationInfo, operations_by_job
from models.oee.losses import losses_of
from models.oee.policies import ISO22400, SETUP, Policy
from models.oee.score import Tally, total
from models.oee.shifts import (
    Calendar,
    Shift,
    ShiftPattern,
    day_start_ms,
    planned_between,
    shift_at,
    shift_ended_before,
)
from models.oee.solve import MachineRecord, MachineResult, needs_setup_history, solve
from models.oee.timeline import Interval, Reading, runs_of
from models.production.counts import JobSet
from models.production.counts import Reading as Count

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LONGEST_MS = 31 * DAY_MS
# A setup that ended longer ago than this no longer makes rejects start-up rejects.
SETUP_HISTORY_MS = DAY_MS

SCOPES = "site, line:ID or machine:ID"


@dataclass(frozen=True, slots=True)
class ShiftFigures:
    """All machines over the running shift up to now; without a running shift the figures are null."""

    shift: Shift | None
    figures: Mapping[str, Figure]


# ---- what is asked


def calendar(session: Session) -> Calendar:
    """The site's shift calendar."""
    patterns = tuple(
        ShiftPattern(
            shift.id,
            shift.start,
            shift.end,
            shift.weekdays,
            tuple((pause.start, pause.end) for pause in shift.breaks),
        )
        for shift in plant.shifts(session)
    )
    return Calendar(ZoneInfo(plant.site(session).timezone), patterns)


def _running_shift(shifts: Calendar, now_ms: int) -> Interval:
    shift = shift_at(shifts, now_ms) or shift_ended_before(shifts, now_ms)
    if shift is None:
        raise Invalid("The calendar has no shift at or before now; ask for start and end.", code="no_shift")
    return shift.start_ms, shift.end_ms


def _previous_shift(shifts: Calendar, now_ms: int) -> Interval:
    shift = shift_ended_before(shifts, _running_shift(shifts, now_ms)[0])
    if shift is None:
        raise Invalid("The calendar has no shift before this one; ask for start and end.", code="no_shift")
    return shift.start_ms, shift.end_ms


PERIODS: Mapping[str, Callable[[Calendar, int], Interval]] = {
    "shift": _running_shift,
    "previous_shift": _previous_shift,
    "today": lambda shifts, now_ms: (day_start_ms(shifts, now_ms), now_ms),
    "last_24h": lambda _shifts, now_ms: (now_ms - DAY_MS, now_ms),
}


def window_of_period(shifts: Calendar, period: str, now_ms: int) -> Interval:
    """The window of a named period, ending at plant now at the latest.

    `shift` is the running shift so far; when none is running, the one that ended last.

    Raises
    ------
    Invalid
        Naming the accepted periods.
    """
    resolve = PERIODS.get(period)
    if resolve is None:
        raise _invalid("period", f"{period!r} is not one of {', '.join(PERIODS)}")
    start, end = resolve(shifts, now_ms)
    return start, min(end, now_ms)


def window_between(start: str, end: str, now_ms: int) -> Interval:
    """The window of two ISO times with zone, its end capped at plant now.

    Raises
    ------
    Invalid
        When a time cannot be read, the start lies before 1970, not before the end or after plant now, or the
        window is longer than 31 days.
    """
    start_ms, end_ms = ms_from_iso(start, "start"), ms_from_iso(end, "end")
    if start_ms < 0:
        raise _invalid("start", f"{start} lies before 1970")
    if start_ms >= end_ms:
        raise _invalid("start", f"{start} is not before the end {end}")
    if start_ms > now_ms:
        raise _invalid("start", f"{start} lies after plant now, {iso(now_ms)}")
    if end_ms - start_ms > LONGEST_MS:
        raise _invalid("end", "the window is longer than 31 days")
    return start_ms, min(end_ms, now_ms)


def _invalid(where: str, message: str) -> Invalid:
    return Invalid(f"{where}: {message}", errors=[{"where": where, "message": message}])


def machines_of(session: Session, scope: str) -> list[plant.Machine]:
    """The machines of a scope: `site`, `line:ID` or `machine:ID`.

    Raises
    ------
    Invalid
        When the scope has another form; the accepted forms are named.
    NotFound
        When the plant has no such line or machine.
    """
    kind, _, name = scope.partition(":")
    if scope == "site":
        return plant.machines(session)
    if kind == "machine" and name:
        return [plant.machine(session, name)]
    if kind == "line" and name:
        line = next((line for line in plant.lines(session) if line.id == name), None)
        if line is None:
            raise NotFound(f"There is no line {name!r}.", code="no_such_line")
        return list(line.machines)
    raise _invalid("scope", f"{scope!r} is not {SCOPES}")


# ---- what is answered


def oee(session: Session, scope: str, window: Interval, now_ms: int, *, policy: Policy = ISO22400) -> OeeOut:
    """The figure of a scope over a window, of each of its machines and of each hour.

    Segments of states and jobs are given when the scope is one machine.
    """
    shifts = calendar(session)
    machines = machines_of(session, scope)
    results, operations = reckon(session, machines, shifts, window, now_ms=now_ms, policy=policy)
    opened = scope.startswith("machine:")
    return OeeOut(
        scope=scope,
        start=iso(window[0]),
        end=iso(window[1]),
        policy=policy.name,
        figure=figure(total(result.tally() for result in results), policy),
        machines=[
            MachineOee(
                machine=result.machine,
                figure=figure(result.tally(), policy),
                states=_states(result) if opened else [],
                jobs=_jobs(result, operations) if opened else [],
            )
            for result in results
        ],
        trend=[_trend_point(results, hour, policy) for hour in hours(shifts, window)],
    )


def shift_figures(session: Session, now_ms: int) -> ShiftFigures:
    """The figures of all machines for the shift that runs at plant time `now_ms`, up to then."""
    shifts = calendar(session)
    shift = shift_at(shifts, now_ms)
    window = (now_ms, now_ms) if shift is None else (shift.start_ms, now_ms)
    results, _ = reckon(session, plant.machines(session), shifts, window, now_ms=now_ms)
    return ShiftFigures(shift, {result.machine: figure(result.tally()) for result in results})


def reckon(
    session: Session,
    machines: Sequence[plant.Machine],
    shifts: Calendar,
    window: Interval,
    *,
    now_ms: int,
    policy: Policy = ISO22400,
) -> tuple[list[MachineResult], dict[int, OperationInfo]]:
    """The machines' results over a window with the operations behind their job numbers."""
    planned = planned_between(shifts, *window)
    records = [_record(session, machine, window, planned, now_ms) for machine in machines]
    operations = operations_by_job(session, {change.job for record in records for change in record.jobs})
    ideal_cycle_s = {job: operation.ideal_cycle_s for job, operation in operations.items()}
    results = [solve(replace(record, ideal_cycle_s=ideal_cycle_s), policy) for record in records]
    return results, operations


def figure(tally: Tally, policy: Policy = ISO22400) -> Figure:
    """A tally as the API shows it."""
    score = policy.score(tally)
    lost = losses_of(tally)
    return Figure(
        availability=score.availability,
        effectiveness=score.effectiveness,
        quality=score.quality,
        oee=score.oee,
        quality_plain=score.quality_plain,
        coverage=score.coverage,
        planned_s=tally.planned_ms / 1000,
        observed_planned_s=tally.observed_ms / 1000,
        production_s=tally.production_ms / 1000,
        unobserved_s=tally.unobserved_ms / 1000,
        good=tally.good,
        rejected=tally.rejected,
        losses=Losses(
            breakdown=lost.breakdown_s,
            setup=lost.setup_s,
            waiting=lost.waiting_s,
            minor_stops=lost.minor_stops_s,
            reduced_speed=lost.reduced_speed_s,
            startup_rejects=lost.startup_rejects_s,
            production_rejects=lost.production_rejects_s,
        ),
        flags=list(score.flags),
    )


def hours(shifts: Calendar, window: Interval) -> list[Interval]:
    """The window cut at the full hours of the site's wall clock."""
    start, end = window
    # Every zone's offset is taken at the window's start: a clock change moves by full hours.
    offset_ms = (day_start_ms(shifts, start) - start) % HOUR_MS
    cut = start + (offset_ms or HOUR_MS)
    cuts = [start, *range(cut, end, HOUR_MS), end]
    return [(a, b) for a, b in pairwise(cuts) if a < b]


# ---- what is loaded


def _record(
    session: Session, machine: plant.Machine, window: Interval, planned: list[Interval], now_ms: int
) -> MachineRecord:
    """The facts of one machine that its figure over the window depends on."""
    start, end = window
    threshold_ms = machine.minor_stop_s * 1000
    # What happens after the window decides only how long a stop was that is going on at its end; of a stop
    # that nobody has seen end we know no more than that it lasted while the machine was watched.
    reach = max(end, min(now_ms, end + threshold_ms))
    watched = facts.coverage(session, machine.id, end, reach)
    # A count speaks of the time up to its reading, so one at the very end belongs to the window.
    good = _counts(facts.points(session, "good", machine.id, start, end + 1))
    rejected = _counts(facts.points(session, "reject", machine.id, start, end + 1))
    jobs_since = min([start, *(readings[0].ts_ms for readings in (good, rejected) if readings)])
    states = _states_read(facts.points(session, "state", machine.id, start - threshold_ms, reach))
    horizon = max([end, *(through for _, through in watched), *(reading.ts_ms for reading in states[-1:])])
    jobs = facts.points(session, "job", machine.id, jobs_since, end + 1)
    record = MachineRecord(
        machine=machine.id,
        window=window,
        horizon_ms=horizon,
        planned=planned,
        observed=facts.coverage(session, machine.id, start, end),
        states=states,
        jobs=[JobSet(reading.ts_ms, reading.value) for reading in _counts(jobs)],
        good=good,
        rejected=rejected,
        minor_stop_s=machine.minor_stop_s,
        ideal_cycle_s={},
    )
    return _with_setup_history(session, record) if needs_setup_history(record) else record


def _with_setup_history(session: Session, record: MachineRecord) -> MachineRecord:
    """The record with the last setup before the window and the good count that stood at its end."""
    start = record.window[0]
    earlier = facts.points(session, "state", record.machine, start - SETUP_HISTORY_MS, start)
    states = [*_states_read(earlier), *record.states]
    ends = [run.end_ms for run in runs_of(states, start) if run.value == SETUP and run.end_ms < start]
    if not ends:
        return record
    at_end = facts.points(session, "good", record.machine, ends[-1] + 1, ends[-1] + 1)
    return replace(record, states=states, good=[*_counts(at_end), *record.good])


def _counts(points: Iterable[facts.FactPoint]) -> list[Count]:
    return [
        Count(point.ts_ms, int(point.value))
        for point in points
        if point.value is not None and math.isfinite(point.value)
    ]


def _states_read(points: Iterable[facts.FactPoint]) -> list[Reading[str | None]]:
    return [Reading(point.ts_ms, point.text, (point.stream, point.position, point.ord)) for point in points]


# ---- how it is shown


def _states(result: MachineResult) -> list[StateSegment]:
    return [
        StateSegment(
            start=iso(segment.start_ms),
            end=iso(segment.end_ms),
            state=segment.state,
            category=segment.category,
            planned=segment.planned,
            stop_s=segment.stop_s,
        )
        for segment in result.segments
    ]


def _jobs(result: MachineResult, operations: Mapping[int, OperationInfo]) -> list[JobSegment]:
    """What ran; time without a job is left out unless parts were counted in it."""
    shown = []
    for span in result.jobs:
        if not (span.job or span.good or span.rejected):
            continue
        operation = operations.get(span.job)
        shown.append(
            JobSegment(
                start=iso(span.start_ms),
                end=iso(span.end_ms),
                job=span.job,
                order=operation.order if operation else None,
                customer=operation.customer if operation else None,
                customer_name=_name(operation.customer_name) if operation else None,
                product=operation.product if operation else None,
                ideal_cycle_s=span.ideal_cycle_s,
                good=span.good,
                rejected=span.rejected,
            )
        )
    return shown


def _name(names: plant.Names) -> Name:
    return Name(zh=names.zh, en=names.en)


def _trend_point(results: Sequence[MachineResult], hour: Interval, policy: Policy) -> OeeTrendPoint:
    score = policy.score(total(result.tally(*hour) for result in results))
    return OeeTrendPoint(
        start=iso(hour[0]),
        end=iso(hour[1]),
        availability=score.availability,
        effectiveness=score.effectiveness,
        quality=score.quality,
        oee=score.oee,
        coverage=score.coverage,
    )
