"""Recounts the parts of a machine over a window from its facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from cloud.ingest import queries as facts
from cloud.ingest.queries import FactPoint
from cloud.plant.queries import EVER_MS
from cloud.production.actions.units import UnitsChanged, replace_units
from cloud.production.queries.counters import counter_rules
from cloud.production.tables import JobSeen, Operation, PartCount
from models.production.counters import RESET, ROLLOVER, CounterRule, rule_at
from models.production.counts import (
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


class Counted(NamedTuple):
    """One row of `part_count` in the order of its columns after the key (machine, counter)."""

    at_ms: int
    from_ms: int
    good: int
    rejected: int
    job: int
    operation: int | None
    epoch: int
    first_value: int
    last_value: int
    flags: str
    stream: str
    position: int
    ord: int


COUNTED = [getattr(PartCount, name) for name in Counted._fields]


@dataclass(frozen=True, slots=True)
class Recounted:
    """What a recount changed: operations whose totals moved, and units of a machine that opens them."""

    operations: frozenset[int]
    units: UnitsChanged | None


@dataclass(frozen=True, slots=True)
class _Span:
    """The readings of a counter that a window touches, from the one before to the first one after.

    `stored` are the rows there are for them now, `epoch` the resets and rollovers before them. `following` is
    the row after it, `stored_mark` what its last row left counted; `is_last`: no reading is known after it.
    """

    points: Sequence[FactPoint]
    epoch: int
    stored: Mapping[int, Counted]
    is_first_ever: bool
    following: Counted | None = None
    stored_mark: int | None = None
    is_last: bool = False


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
        until = until_ms
        while (span := _span(session, machine, counter, (since_ms, until), only_new=only_new)) is not None:
            register = _register(session, machine, span)
            known = _operations(session, machine, register)
            spans[counter] = span
            folds[counter] = _fold(counter, span, register, known, rules.get(counter, ()))
            further = _unsettled(span, folds[counter], rules.get(counter, ()))
            if further is None:
                break
            until = further
    if until_ms < EVER_MS and any(_resets(spans[name].stored) != _resets(new) for name, new in folds.items()):
        # A restart of the counter came to light or vanished: the epoch of every later part moves with it.
        return recount(session, machine, since_ms, EVER_MS, opens_units=opens_units)
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
        first.setdefault(_whole(point), point.ts_ms)
        last[_whole(point)] = point.ts_ms
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


def _whole(point: FactPoint) -> int:
    """The number of a point; integers that a double cannot hold stand in `text`."""
    return int(point.text or 0) if point.value is None else int(point.value)


def _span(
    session: Session, machine: str, counter: str, window: tuple[int, int], *, only_new: bool = False
) -> _Span | None:
    """What a window touches of a counter; None when it has no reading there."""
    since_ms, until_ms = window
    points = facts.points(session, counter, machine, since_ms, until_ms + 1)
    if only_new and (not points or points[-1].ts_ms < since_ms):
        return None
    after = None if until_ms >= EVER_MS else facts.next_point(session, counter, machine, until_ms)
    following = None
    if after is not None:
        points += facts.points(session, counter, machine, after.ts_ms, after.ts_ms + 1, with_previous=False)
    if not points:  # no reading is left at all: whatever was counted of this counter goes
        _, stored = _stored(session, machine, counter, 0, EVER_MS)
        return _Span([], 0, stored, is_first_ever=True) if stored else None
    # A row later than the last reading stands on readings that went.
    through_ms = points[-1].ts_ms if after is not None else max(until_ms, points[-1].ts_ms)
    before, stored = _stored(session, machine, counter, since_ms, through_ms)
    is_first_ever = points[0].ts_ms >= since_ms
    # Facts whose windows are still to come may lie around this one. The span grows until both of its ends
    # stand on readings that have been counted, or a part would be counted twice in between.
    if not is_first_ever and (before is None or before.last_value != _whole(points[0])):
        earlier_ms = 0 if before is None else before.at_ms
        return _span(session, machine, counter, (earlier_ms, until_ms))
    if after is not None:
        following = _next_counted(session, machine, counter, after.ts_ms)
        if following is not None and following.from_ms < after.ts_ms:  # counted across it
            return _span(session, machine, counter, (since_ms, following.at_ms))
    last = max(stored, default=None)
    return _Span(
        points,
        0 if before is None else before.epoch,
        stored,
        is_first_ever=is_first_ever,
        following=following,
        stored_mark=stored[last].last_value if last is not None else before and before.last_value,
        is_last=after is None,
    )


def _next_counted(session: Session, machine: str, counter: str, at_ms: int) -> Counted | None:
    """The first row after `at_ms`, if there is one."""
    row = session.execute(
        select(*COUNTED)
        .where(PartCount.machine == machine, PartCount.counter == counter, PartCount.at_ms > at_ms)
        .order_by(PartCount.at_ms)
        .limit(1)
    ).first()
    return None if row is None else Counted._make(row)


def _unsettled(span: _Span, fold: Mapping[int, Counted], rules: Sequence[CounterRule]) -> int | None:
    """How much further to count, if rows after the span stand on another mark than it ends with.

    A counter that has stepped back counts nothing until it has returned to its mark: what a late reading
    changes of the mark reaches beyond the next reading.
    """
    if span.is_last or not span.points:
        return None
    mark = fold[max(fold)].last_value if fold else _whole(span.points[0])
    row = span.following
    if row is None:
        lowered = span.stored_mark is not None and mark < span.stored_mark
        return EVER_MS if lowered else None
    stood_at = row.first_value - 1
    if ROLLOVER in row.flags:
        stood_at += rule_at(rules, row.at_ms).modulus or 0
    return row.at_ms if stood_at != mark or RESET in row.flags else None


def _same_instant(session: Session, kind: str, machine: str, points: list[FactPoint]) -> list[FactPoint]:
    """Points with all that share the first one's instant: a device with a coarse clock gives several."""
    at_ms = points[0].ts_ms
    return facts.points(session, kind, machine, at_ms, at_ms + 1, with_previous=False) + points[1:]


def _register(session: Session, machine: str, span: _Span) -> list[JobSet]:
    if not span.points:
        return []
    start, end = span.points[0].ts_ms, span.points[-1].ts_ms
    points = facts.points(session, "job", machine, start, end + 1)
    if points and points[0].ts_ms < start:
        points = _same_instant(session, "job", machine, points)
    return jobs_in_time_order(JobSet(point.ts_ms, _whole(point)) for point in points)


def _stored(
    session: Session, machine: str, counter: str, since_ms: int, through_ms: int
) -> tuple[Counted | None, dict[int, Counted]]:
    """The last row before `since_ms` and the rows in [since_ms, through_ms] by time."""
    of_counter = (PartCount.machine == machine) & (PartCount.counter == counter)
    before_ms = (
        select(func.max(PartCount.at_ms)).where(of_counter, PartCount.at_ms < since_ms).scalar_subquery()
    )
    rows = session.execute(
        select(*COUNTED).where(
            of_counter, PartCount.at_ms >= func.coalesce(before_ms, since_ms), PartCount.at_ms <= through_ms
        )
    )
    counted = {row.at_ms: Counted._make(row) for row in rows}
    before = next((row for at_ms, row in counted.items() if at_ms < since_ms), None)
    if before is not None:
        del counted[before.at_ms]
    return before, counted


def _fold(
    counter: str,
    span: _Span,
    register: Sequence[JobSet],
    operations: frozenset[int],
    rules: Sequence[CounterRule],
) -> dict[int, Counted]:
    identity: dict[tuple[int, int], tuple[str, int, int]] = {}
    for point in span.points:
        # The same reading may have come twice; the smaller identity names it, whichever came first.
        key, named = (point.ts_ms, _whole(point)), (point.stream, point.position, point.ord)
        identity[key] = min(identity.get(key, named), named)
    readings = in_time_order(Reading(*key) for key in identity)
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


def _resets(rows: Mapping[int, Counted]) -> int:
    return sum(RESET in row.flags or ROLLOVER in row.flags for row in rows.values())


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
