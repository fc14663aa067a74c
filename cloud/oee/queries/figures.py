"""OEE reckoned on demand from facts: load what the window needs, let the models reckon, shape the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from cloud.downtime.queries import Explained
from cloud.oee.queries.aims import Targets, constraint_of, misses
from cloud.oee.queries.asked import hours
from cloud.oee.queries.origin import origin_of
from cloud.oee.queries.record import LONG_MS, records_of
from cloud.oee.queries.shared import Found, Key, shared
from cloud.oee.queries.shown import changes, figure, jobs, provenance, states, trend_point
from cloud.oee.queries.takt import LastStations, Takts
from cloud.oee.schemas import Figure, MachineOee, OeeOut
from cloud.plant import queries as plant
from cloud.plant.queries import calendar
from cloud.plant.schemas import iso
from cloud.production.queries import OperationInfo, counter_rules, operations_by_job
from models.oee.policies import ISO22400, Policy
from models.oee.result import MachineResult
from models.oee.score import Tally, total
from models.oee.shifts import Calendar, Shift, plans_between, shift_at
from models.oee.solve import solve
from models.oee.timeline import Interval

TOGETHER = 16  # machines whose facts are read with one question


@dataclass(frozen=True, slots=True)
class ShiftFigures:
    """All machines over the running shift up to now; without a running shift the figures are null."""

    calendar: Calendar
    shift: Shift | None
    figures: Mapping[str, Figure]
    tallies: Mapping[str, Tally]  # what the figures score, to be added up


def oee(session: Session, scope: str, window: Interval, now_ms: int, *, policy: Policy = ISO22400) -> OeeOut:
    """The figure of a scope over a window, of each of its machines and of each hour.

    Segments of states and jobs are given when the scope is one machine.
    """
    shifts = calendar(session)
    machines = plant.machines_of(session, scope)
    targets = Targets(session)
    results, operations = reckon(session, machines, shifts, window, now_ms=now_ms, policy=policy)
    opened = scope.startswith("machine:")
    takts = Takts(LastStations(session), targets)
    tallies = {result.machine: result.tally() for result in results}
    length_ms = window[1] - window[0]
    whole = figure(
        total(tallies.values()),
        policy,
        calendar_ms=length_ms * len(results),
        takt_adherence=takts.adherence(scope, tallies),
    )
    return OeeOut(
        scope=scope,
        start=iso(window[0]),
        end=iso(window[1]),
        policy=policy.name,
        policy_version=policy.version,
        figure=whole,
        machines=[
            _machine(machine, result, takts, targets, operations=operations if opened else None)
            for machine, result in zip(machines, results, strict=True)
        ],
        trend=[trend_point(results, hour, policy) for hour in hours(shifts, window)],
        by=None,
        groups=[],
        target=(target := targets.of_scope(scope, machines)),
        off_target=misses(target, whole),
        constraint=constraint_of(
            session,
            scope.removeprefix("line:"),
            tallies.items(),
            policy,
            length_ms,
            takt_s=targets.takt_s(scope),
        )
        if scope.startswith("line:")
        else None,
        provenance=provenance(origin_of(session, machines, window)),
    )


def _machine(
    machine: plant.Machine,
    result: MachineResult,
    takts: Takts,
    targets: Targets,
    *,
    operations: Mapping[int, OperationInfo] | None,
) -> MachineOee:
    """A machine's figure, with its segments if the operations behind its jobs are given."""
    tally = result.tally()
    shown = figure(
        tally,
        result.policy,
        calendar_ms=result.window[1] - result.window[0],
        takt_adherence=takts.adherence(f"machine:{machine.id}", {machine.id: tally}),
    )
    return MachineOee(
        machine=machine.id,
        figure=shown,
        states=[] if operations is None else states(result),
        jobs=[] if operations is None else jobs(result, operations),
        changeovers=[] if operations is None else changes(result, operations),
        off_target=misses(targets.of_machine(machine), shown),
    )


def shift_figures(session: Session, now_ms: int) -> ShiftFigures:
    """The figures of all machines for the shift that runs at plant time `now_ms`, up to then."""
    shifts = calendar(session)
    shift = shift_at(shifts, now_ms)
    window = (now_ms, now_ms) if shift is None else (shift.start_ms, now_ms)
    results, _ = reckon(session, plant.machines(session), shifts, window, now_ms=now_ms)
    length_ms = window[1] - window[0]
    tallies = {result.machine: result.tally() for result in results}
    figures = {machine: figure(tally, calendar_ms=length_ms) for machine, tally in tallies.items()}
    return ShiftFigures(shifts, shift, figures, tallies)


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
    by_id = {machine.id: machine for machine in machines}

    def solved(keys: Sequence[Key]) -> list[Found]:
        asked = [by_id[machine] for machine, _, _ in keys]
        # What was read of a long history is not held for many machines.
        some = TOGETHER if window[1] - window[0] <= LONG_MS else 1
        parts = (asked[first : first + some] for first in range(0, len(asked), some))
        return [
            found
            for part in parts
            for found in _solved(session, part, shifts, window, now_ms=now_ms, policy=policy)
        ]

    found = shared(session, [(machine.id, window, policy.name) for machine in machines], now_ms, solved)
    operations = operations_by_job(session, {job for _, jobs in found for job in jobs})
    return [result for result, _ in found], operations


def _solved(
    session: Session,
    machines: Sequence[plant.Machine],
    shifts: Calendar,
    window: Interval,
    *,
    now_ms: int,
    policy: Policy,
) -> list[Found]:
    plans = plans_between(shifts, *window, [machine.id for machine in machines])
    rules, by = counter_rules(session), Explained(session)
    loaded = records_of(session, machines, window, plans, now_ms, rules=rules, by=by)
    jobs_of = [
        frozenset([*(each.job for each in record.jobs), *(each.job for each in record.charged)])
        for record in loaded
    ]
    known = operations_by_job(session, {job for named in jobs_of for job in named})
    found: list[Found] = []
    for record, named in zip(loaded, jobs_of, strict=True):
        of_machine = [known[job] for job in named if job in known]
        whole = replace(
            record,
            ideal_cycle_s={operation.job: operation.ideal_cycle_s for operation in of_machine},
            rework_jobs=frozenset(operation.job for operation in of_machine if operation.rework),
        )
        found.append((solve(whole, policy), named))
    return found
