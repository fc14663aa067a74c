"""Reads what a window touches of a counter: its readings, and the rows that were counted of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from cloud.ingest import queries as facts
from cloud.ingest.queries import FactPoint
from cloud.ingest.tables import SignalFact
from cloud.plant.queries import EVER_MS
from cloud.production.tables import PartCount
from models.production.counters import RESET, ROLLOVER, CounterRule, rule_at
from models.production.counts import BEGINS


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
class CounterSpan:
    """The readings of a counter that a window touches, from the one before to the first one after.

    `stored` are the rows there are for them now, `epoch` the one before them. `following` is the row after
    it, `stored_mark` what its last row left counted; `is_last`: no reading is known after it.
    """

    points: Sequence[FactPoint]
    epoch: int
    stored: Mapping[int, Counted]
    is_first_ever: bool
    following: Counted | None = None
    stored_mark: int | None = None
    is_last: bool = False


def whole(point: FactPoint) -> int:
    """The number of a point; integers that a double cannot hold stand in `text`."""
    return int(point.text or 0) if point.value is None else int(point.value)


def span_of(
    session: Session, machine: str, counter: str, window: tuple[int, int], *, only_new: bool = False
) -> CounterSpan | None:
    """What a window touches of a counter; None when it has no reading there.

    Facts whose windows are still to come may lie around this one. The span grows until both of its ends
    stand on readings that have been counted, or a part would be counted twice in between.
    """
    since_ms, until_ms = window
    points = facts.points(session, counter, machine, since_ms, until_ms + 1)
    if only_new and (not points or points[-1].ts_ms < since_ms):
        return None
    after = None if until_ms >= EVER_MS else facts.next_point(session, counter, machine, until_ms)
    if after is None and not points:  # no reading is left at all: whatever was counted of this counter goes
        _, stored = _stored(session, machine, counter, 0, EVER_MS)
        return CounterSpan([], 0, stored, is_first_ever=True) if stored else None
    wider = (
        _since_counted(session, machine, counter, since_ms, points),
        _until_counted(session, machine, counter, until_ms, after),
    )
    if wider != window:
        since_ms, until_ms = wider
        points = facts.points(session, counter, machine, since_ms, until_ms + 1)
        after = facts.next_point(session, counter, machine, until_ms)
    following = None
    if after is not None:
        points += facts.points(session, counter, machine, after.ts_ms, after.ts_ms + 1, with_previous=False)
        following = _next_counted(session, machine, counter, after.ts_ms)
    # A row later than the last reading stands on readings that went.
    through_ms = points[-1].ts_ms if after is not None else max(until_ms, points[-1].ts_ms)
    before, stored = _stored(session, machine, counter, since_ms, through_ms)
    last = max(stored, default=None)
    return CounterSpan(
        points,
        0 if before is None else before.epoch,
        stored,
        is_first_ever=points[0].ts_ms >= since_ms,
        following=following,
        stored_mark=stored[last].last_value if last is not None else before and before.last_value,
        is_last=after is None,
    )


def further_ms(
    session: Session,
    key: tuple[str, str],
    span: CounterSpan,
    fold: Mapping[int, Counted],
    rules: Sequence[CounterRule],
    *,
    rows: int,
) -> int | None:
    """How much further to count, None when no row after the span stands on something else than it ends with.

    A counter that has stepped back counts nothing until it has returned to its mark: what a late reading
    changes of the mark reaches beyond the next reading, and only counting tells how far. So the answer is
    `rows` rows further on; the caller counts up to there, and asks again for more of them.
    Where a restart came to light or vanished, the epoch of every part moves with it until a counter of its
    own begins. `key` is the machine and the counter.
    """
    if span.is_last or not span.points:
        return None
    last = fold[max(fold)] if fold else None
    mark, epoch = (whole(span.points[0]), span.epoch) if last is None else (last.last_value, last.epoch)
    row = span.following
    if row is None:
        lowered = span.stored_mark is not None and mark < span.stored_mark
        return EVER_MS if lowered else None
    if BEGINS in row.flags:
        return None
    is_over = ROLLOVER in row.flags
    if row.epoch != epoch + (is_over or RESET in row.flags):
        return _before_next_begin(session, key, row.at_ms)
    stood_at = row.first_value - 1 + (rule_at(rules, row.at_ms).modulus or 0 if is_over else 0)
    if stood_at == mark and RESET not in row.flags:
        return None
    return row.at_ms if rows == 1 else _rows_later(session, key, row.at_ms, rows)


def _since_counted(
    session: Session, machine: str, counter: str, since_ms: int, points: Sequence[FactPoint]
) -> int:
    """The latest time at or before `since_ms` before which the last reading is that of the last row.

    0 where there is none: then all of the counter is counted anew.
    """
    if not points or points[0].ts_ms >= since_ms:
        return since_ms
    marked = select(PartCount.last_value).where(
        PartCount.machine == machine, PartCount.counter == counter, PartCount.at_ms < since_ms
    )
    if session.scalar(marked.order_by(PartCount.at_ms.desc()).limit(1)) == whole(points[0]):
        return since_ms
    row, earlier, read = PartCount, aliased(PartCount), SignalFact
    left_at = (
        select(earlier.last_value)
        .where(earlier.machine == machine, earlier.counter == counter, earlier.at_ms < row.at_ms)
        .order_by(earlier.at_ms.desc())
        .limit(1)
        .correlate(row)
        .scalar_subquery()
    )
    stood_at = (
        select(read.value)
        .where(read.source == machine, read.kind == counter, read.ts_ms < row.at_ms)
        .order_by(read.ts_ms.desc(), read.id.desc())
        .limit(1)
        .correlate(row)
        .scalar_subquery()
    )
    found = (
        select(row.at_ms)
        .where(row.machine == machine, row.counter == counter, row.at_ms < since_ms, left_at == stood_at)
        .order_by(row.at_ms.desc())
        .limit(1)
    )
    return session.scalar(found) or 0


def _until_counted(
    session: Session, machine: str, counter: str, until_ms: int, after: FactPoint | None
) -> int:
    """The earliest time at or after `until_ms` from which no row was counted across the next reading.

    `after` is the first reading later than `until_ms`.
    """
    following = None if after is None else _next_counted(session, machine, counter, after.ts_ms)
    if after is None or following is None or following.from_ms >= after.ts_ms:
        return until_ms
    row, later, read = PartCount, aliased(PartCount), SignalFact
    next_read: Any = (
        select(func.min(read.ts_ms))
        .where(read.source == machine, read.kind == counter, read.ts_ms > row.at_ms)
        .correlate(row)
        .scalar_subquery()
    )
    counted_from: Any = (
        select(later.from_ms)
        .where(later.machine == machine, later.counter == counter, later.at_ms > next_read)
        .order_by(later.at_ms)
        .limit(1)
        .correlate(row)
        .scalar_subquery()
    )
    # Without a later reading, or a row after it, nothing was counted across it.
    is_apart = func.coalesce(counted_from, EVER_MS) >= func.coalesce(next_read, 0)
    found = (
        select(row.at_ms)
        .where(row.machine == machine, row.counter == counter, row.at_ms >= following.at_ms, is_apart)
        .order_by(row.at_ms)
        .limit(1)
    )
    return session.scalar(found) or EVER_MS


def _next_counted(session: Session, machine: str, counter: str, at_ms: int) -> Counted | None:
    """The first row after `at_ms`, if there is one."""
    row = session.execute(
        select(*COUNTED)
        .where(PartCount.machine == machine, PartCount.counter == counter, PartCount.at_ms > at_ms)
        .order_by(PartCount.at_ms)
        .limit(1)
    ).first()
    return None if row is None else Counted._make(row)


def _rows_later(session: Session, key: tuple[str, str], at_ms: int, rows: int) -> int:
    """The time of the row that is `rows` - 1 after the one at `at_ms`."""
    later = select(PartCount.at_ms).where(
        PartCount.machine == key[0], PartCount.counter == key[1], PartCount.at_ms >= at_ms
    )
    found = session.scalar(later.order_by(PartCount.at_ms).offset(rows - 1).limit(1))
    return EVER_MS if found is None else found


def _before_next_begin(session: Session, key: tuple[str, str], at_ms: int) -> int:
    """Up to where the epoch goes on after `at_ms`: just before a counter of its own begins."""
    begins = select(func.min(PartCount.at_ms)).where(
        PartCount.machine == key[0],
        PartCount.counter == key[1],
        PartCount.at_ms > at_ms,
        PartCount.flags.contains(BEGINS),
    )
    found = session.scalar(begins)
    return EVER_MS if found is None else found - 1


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
