"""One machine's figure opened to everything it was made of."""

from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.downtime.queries import corrections_out
from cloud.ingest import queries as facts
from cloud.oee.queries.aims import Targets
from cloud.oee.queries.asked import invalid
from cloud.oee.queries.figures import reckon
from cloud.oee.queries.scrap import charges
from cloud.oee.queries.shown import figure, jobs, states
from cloud.oee.queries.takt import LastStations, Takts
from cloud.oee.schemas import OeeExplained, PartsRead, RawEvent, ShiftKept, Span
from cloud.oee.tables import ShiftFigure, ShiftTotal
from cloud.plant import queries as plant
from cloud.plant.schemas import iso, iso_or_none
from models.oee.policies import ISO22400, Policy
from models.oee.result import MachineResult
from models.oee.score import Tally, total
from models.oee.shifts import plan_of
from models.oee.timeline import Interval

KINDS = ("state", "reason", "job", "good", "reject", "rework")
SAME = 1e-9


def explain(
    session: Session,
    scope: str,
    window: Interval,
    now_ms: int,
    *,
    policy: Policy = ISO22400,
    most_events: int | None = None,
) -> OeeExplained:
    """What the figure of one machine over a window is made of, reckoned from facts, totals not used.

    Parameters
    ----------
    session
        A read session.
    scope
        `machine:ID`.
    window
        Plant ms.
    now_ms
        Plant now.
    policy
        How the tally scores.
    most_events
        So many raw readings at most; None gives all.

    Raises
    ------
    Invalid, NotFound
        When the scope is not one machine.
    """
    if not scope.startswith("machine:"):
        raise invalid("scope", f"{scope!r} is not machine:ID; a line or the site opens machine by machine")
    [machine] = plant.machines_of(session, scope)
    shifts = plant.calendar(session)
    plan = plan_of(shifts, machine.id, *window)
    [result], operations = reckon(session, [machine], shifts, window, now_ms=now_ms, policy=policy)
    tally = result.tally()
    adherence = Takts(LastStations(session), Targets(session)).adherence(scope, {machine.id: tally})
    events = [event for kind in KINDS for event in _events(session, kind, machine.id, window)]
    shown = events if most_events is None else events[:most_events]
    return OeeExplained(
        machine=machine.id,
        start=iso(window[0]),
        end=iso(window[1]),
        policy=policy.name,
        policy_version=policy.version,
        figure=figure(tally, policy, calendar_ms=window[1] - window[0], takt_adherence=adherence),
        planned=_spans(plan.planned),
        breaks=_spans(plan.breaks),
        planned_stops=_spans(plan.planned_stops),
        watched=_spans(facts.coverage(session, machine.id, *window)),
        states=states(result),
        jobs=jobs(result, operations),
        parts=[
            PartsRead(
                at=iso(made.ts_ms),
                good=made.good,
                rejected=made.rejected,
                job=made.job,
                ideal_cycle_s=made.ideal_cycle_s,
                startup=made.startup,
            )
            for made in result.made
        ],
        charges=charges(session, [machine.id], window),
        corrections=corrections_out(session, scope, window, now_ms),
        shifts=_kept(session, result, window),
        events=shown,
        events_left_out=len(events) - len(shown),
    )


def _spans(intervals: Sequence[Interval]) -> list[Span]:
    return [Span(start=iso(start), end=iso(end)) for start, end in intervals]


def _events(session: Session, kind: str, machine: str, window: Interval) -> list[RawEvent]:
    """Readings of the window, its end included, with the one that stood at its start."""
    return [
        RawEvent(
            kind=kind,
            at=iso(point.ts_ms),
            value=point.value,
            text=point.text,
            stream=point.stream,
            position=point.position,
            ord=point.ord,
        )
        for point in facts.points(session, kind, machine, window[0], window[1] + 1)
    ]


def _kept(session: Session, result: MachineResult, window: Interval) -> list[ShiftKept]:
    """The kept totals of the shifts that the window touches, whole ones compared with the facts."""
    rows = session.scalars(
        select(ShiftFigure)
        .where(
            ShiftFigure.machine == result.machine,
            ShiftFigure.start_ms < window[1],
            ShiftFigure.end_ms > window[0],
        )
        .order_by(ShiftFigure.start_ms)
    )
    return [
        ShiftKept(
            shift=row.shift,
            start=iso(row.start_ms),
            end=iso(row.end_ms),
            stale=row.stale,
            computed=iso_or_none(row.computed_ms),
            changed=iso_or_none(row.changed_ms),
            why=row.why,
            revision=row.revision,
            agrees=_agrees(session, row, result),
        )
        for row in rows
    ]


def _agrees(session: Session, row: ShiftFigure, result: MachineResult) -> bool | None:
    is_whole = result.window[0] <= row.start_ms and row.end_ms <= result.window[1]
    if row.stale or not is_whole:
        return None
    of_cell = (ShiftTotal.machine == row.machine, ShiftTotal.start_ms == row.start_ms)
    names = [each.name for each in fields(Tally)]
    kept = total(
        Tally(**{name: getattr(each, name) for name in names})
        for each in session.scalars(select(ShiftTotal).where(*of_cell))
    )
    anew = result.tally(row.start_ms, row.end_ms)
    return all(abs(getattr(kept, name) - getattr(anew, name)) <= SAME for name in names)
