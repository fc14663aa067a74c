"""Recounts the parts of a machine over a window from its facts."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from cloud.ingest import queries as facts
from cloud.ingest.queries import FactPoint
from cloud.plant.queries import EVER_MS
from cloud.production.actions.spans import Counted, CounterSpan, further_ms, span_of, whole
from cloud.production.actions.units import UnitsChanged, replace_units
from cloud.production.queries.counters import counter_rules
from cloud.production.tables import JobSeen, Operation, PartCount
from models.production.counters import CounterRule
from models.production.counts import (
    BEGINS,
    NO_JOB,
    JobSet,
    Parts,
    Reading,
    fold_parts,
    in_time_order,
    jobs_in_time_order,
)

GOOD, REJECT = "good", "reject"
COUNTERS = (GOOD, REJECT)
# No machine makes so many parts between two readings: the counter jumped, so the count opens no units.
IMPLAUSIBLE_PARTS = 10_000
JUMP = "jump"
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Recounted:
    """What a recount changed: operations whose totals moved, and units of a machine that opens them."""

    operations: frozenset[int]
    units: UnitsChanged | None


def recount(
    session: Session,
    machine: str,
    since_ms: int,
    until_ms: int,
    *,
    opens_units: bool,
    only_new: bool = False,
) -> Recounted:
    """Operations and units that changed after counting [since_ms, until_ms] of a machine again.

    Rows are computed from the last counter reading before the window to the first one after it, so late,
    doubled and reordered facts end in the rows of the clean stream.

    Parameters
    ----------
    session
        A writing session.
    machine
        Machine id.
    since_ms, until_ms
        Plant time of the first and the last fact that is new, both included.
    opens_units
        Whether the machine is the last of its line, so that each of its good parts is a unit.
    only_new
        Whether only counter readings are new: a counter without one in the window is left alone.
    """
    spans, folds = {}, {}
    rules = counter_rules(session).get(machine, {})
    for counter in COUNTERS:
        until, rows = until_ms, 1
        while (span := span_of(session, machine, counter, (since_ms, until), only_new=only_new)) is not None:
            register = _register(session, machine, span)
            known = _operations(session, machine, register)
            spans[counter] = span
            folds[counter] = _fold(counter, span, register, known, rules.get(counter, ()))
            of_counter = (machine, counter)
            further = further_ms(session, of_counter, span, folds[counter], rules.get(counter, ()), rows=rows)
            if further is None:
                break
            until, rows = further, rows * 4  # few steps, however far it reaches
    operations: set[int] = set()
    units = None
    for counter, new in folds.items():
        stored = spans[counter].stored
        gone = [row for at_ms, row in stored.items() if new.get(at_ms) != row]
        come = [row for at_ms, row in new.items() if stored.get(at_ms) != row]
        _write(session, machine, counter, gone, come)
        operations.update(row.operation for row in (*gone, *come) if row.operation is not None)
        if counter == GOOD and opens_units and (gone or come):
            units = replace_units(session, machine, _intervals(gone), _intervals(come))
    return Recounted(frozenset(operations), units)


def note_jobs(session: Session, machine: str, since_ms: int, until_ms: int) -> tuple[set[int], int]:
    """Jobs the register bore in [since_ms, until_ms], and the time up to which they decide over counts.

    First and last sight of each job are kept, so that an operation's start is known at once.
    """
    points = facts.points(session, "job", machine, since_ms, until_ms + 1, with_previous=False)
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for point in points:
        first.setdefault(whole(point), point.ts_ms)
        last[whole(point)] = point.ts_ms
    for row in session.scalars(select(JobSeen).where(JobSeen.machine == machine, JobSeen.job.in_(first))):
        row.first_ms = min(row.first_ms, first.pop(row.job))
        row.last_ms = max(row.last_ms, last[row.job])
    session.add_all(
        JobSeen(machine=machine, job=job, first_ms=at, last_ms=last[job]) for job, at in first.items()
    )
    session.flush()
    after = facts.next_point(session, "job", machine, until_ms)
    return set(last), EVER_MS if after is None else after.ts_ms


def forget_jobs(session: Session, machine: str) -> set[int]:
    """Jobs that were seen on a machine, after what its register bore was noted anew from its facts."""
    seen = set(session.scalars(select(JobSeen.job).where(JobSeen.machine == machine)))
    session.execute(delete(JobSeen).where(JobSeen.machine == machine))
    session.expire_all()
    return seen | note_jobs(session, machine, 0, EVER_MS)[0]


def _same_instant(session: Session, kind: str, machine: str, points: list[FactPoint]) -> list[FactPoint]:
    """Points with all that share the first one's instant: a device with a coarse clock gives several."""
    at_ms = points[0].ts_ms
    return facts.points(session, kind, machine, at_ms, at_ms + 1, with_previous=False) + points[1:]


def _register(session: Session, machine: str, span: CounterSpan) -> list[JobSet]:
    if not span.points:
        return []
    start, end = span.points[0].ts_ms, span.points[-1].ts_ms
    points = facts.points(session, "job", machine, start, end + 1)
    if points and points[0].ts_ms < start:
        points = _same_instant(session, "job", machine, points)
    return jobs_in_time_order(JobSet(point.ts_ms, whole(point)) for point in points)


def _fold(
    counter: str,
    span: CounterSpan,
    register: Sequence[JobSet],
    operations: frozenset[int],
    rules: Sequence[CounterRule],
) -> dict[int, Counted]:
    identity: dict[tuple[int, int], tuple[str, int, int]] = {}
    begun = {point.ts_ms for point in span.points if point.text == BEGINS}
    for point in span.points:
        # The same reading may have come twice; the smaller identity names it, whichever came first.
        key, named = (point.ts_ms, whole(point)), (point.stream, point.position, point.ord)
        identity[key] = min(identity.get(key, named), named)
    readings = in_time_order(Reading(*key, begins=key[0] in begun) for key in identity)
    folded = fold_parts(readings, register, rules, epoch=span.epoch, is_first_ever=span.is_first_ever)
    return {
        parts.at_ms: _counted(counter, parts, operations, identity[parts.at_ms, parts.last])
        for parts in folded
    }


def _counted(
    counter: str, parts: Parts, operations: frozenset[int], identity: tuple[str, int, int]
) -> Counted:
    flags = parts.flags | {JUMP} if parts.count > IMPLAUSIBLE_PARTS else parts.flags
    return Counted(
        at_ms=parts.at_ms,
        from_ms=parts.from_ms,
        good=parts.count if counter == GOOD else 0,
        rejected=parts.count if counter == REJECT else 0,
        job=parts.job,
        operation=parts.job if parts.job in operations else None,
        epoch=parts.epoch,
        first_value=parts.first,
        last_value=parts.last,
        flags=" ".join(sorted(flags)),
        stream=identity[0],
        position=identity[1],
        ord=identity[2],
    )


def _operations(session: Session, machine: str, register: Sequence[JobSet]) -> frozenset[int]:
    """Jobs that are operations of this machine; a job number on another machine is an operator's mistake."""
    jobs = {change.job for change in register} - {NO_JOB}
    if not jobs:
        return frozenset()
    query = select(Operation.job).where(Operation.job.in_(jobs), Operation.machine == machine)
    return frozenset(session.scalars(query))


def _write(
    session: Session, machine: str, counter: str, gone: Sequence[Counted], come: Sequence[Counted]
) -> None:
    times = [row.at_ms for row in gone]
    for start in range(0, len(times), CHUNK):
        at = PartCount.at_ms.in_(times[start : start + CHUNK])
        session.execute(
            delete(PartCount).where(PartCount.machine == machine, PartCount.counter == counter, at)
        )
    if come:
        key = {"machine": machine, "counter": counter}
        session.execute(insert(PartCount), [key | row._asdict() for row in come])


def _intervals(rows: Sequence[Counted]) -> list[tuple[int, int, int, int, int, int | None]]:
    """Counts as `replace_units` takes them: (epoch, first, last, from_ms, at_ms, operation)."""
    return [
        (row.epoch, row.first_value, row.last_value, row.from_ms, row.at_ms, row.operation)
        for row in rows
        if JUMP not in row.flags
    ]
