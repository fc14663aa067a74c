"""Opens, moves and closes the units that the counts of a line's last machine stand for."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Table, and_, bindparam, func, insert, or_, select
from sqlalchemy.orm import Session

from cloud.production.tables import Operation, Unit

Interval = tuple[int, int, int, int, int, int | None]
Key = tuple[int, int]


class _Origin(NamedTuple):
    made_from_ms: int
    made_ms: int
    work_order: int | None


class _Range(NamedTuple):
    """Units `first` to `last` of an epoch, and what they stood and stand for; None: for nothing."""

    epoch: int
    first: int
    last: int
    before: _Origin | None
    after: _Origin | None

    @property
    def is_renumbered(self) -> bool:
        """Whether numbers within a work order may differ, not only when the units were made."""
        old, new = self.before, self.after
        return old is None or new is None or old.work_order != new.work_order


@dataclass(frozen=True, slots=True)
class UnitsChanged:
    """The plant time over which units were opened, moved or closed."""

    since_ms: int
    until_ms: int


def replace_units(
    session: Session, machine: str, gone: Sequence[Interval], come: Sequence[Interval]
) -> UnitsChanged:
    """The time over which units changed, after the counts `gone` were replaced by the counts `come`.

    A unit that both stand for keeps its row, and so its tag until the reads are bound again. What changes is
    worked out by ranges: while the past of a counter comes in, thousands of parts move with one reading.

    Parameters
    ----------
    session
        A writing session.
    machine
        The last machine of a line.
    gone, come
        Counts as (epoch, first ordinal, last ordinal, from_ms, at_ms, operation); those of one are disjoint.
    """
    work_orders = _work_orders(session, [interval[-1] for interval in (*gone, *come)])
    ranges = _ranges(_origins(gone, work_orders), _origins(come, work_orders))
    _close(session, machine, [each for each in ranges if each.after is None])
    _open(session, machine, [each for each in ranges if each.before is None])
    _move(session, machine, [each for each in ranges if each.before is not None and each.after is not None])
    _number(session, machine, [each for each in ranges if each.is_renumbered])
    every = (*gone, *come)
    return UnitsChanged(min(interval[3] for interval in every), max(interval[4] for interval in every))


def number_units(session: Session, machine: str, work_order: int, start: Key) -> None:
    """Nothing comes back; the work order's units from `start` on are numbered in the order they were made."""
    of_order = (Unit.machine == machine) & (Unit.work_order == work_order)
    earlier = or_(Unit.epoch < start[0], and_(Unit.epoch == start[0], Unit.ordinal < start[1]))
    before = session.scalar(select(func.count()).where(of_order, earlier)) or 0
    rows = session.execute(
        select(Unit.epoch, Unit.ordinal, Unit.number)
        .where(of_order, ~earlier)
        .order_by(Unit.epoch, Unit.ordinal)
    )
    renumbered = [
        {"m": machine, "e": row.epoch, "o": row.ordinal, "number": number}
        for number, row in enumerate(rows, start=before + 1)
        if row.number != number
    ]
    if renumbered:
        change_units(session, {"number": bindparam("number")}, renumbered)


def change_units(session: Session, values: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Nothing comes back; each row's unit (`m`, `e`, `o` = machine, epoch, ordinal) gets its `values`."""
    session.connection().execute(_table().update().where(*_by_key()).values(**values), list(rows))


def _table() -> Table:
    table = Unit.__table__
    assert isinstance(table, Table)  # noqa: S101  a mapped class of one table
    return table


def _by_key() -> tuple[Any, ...]:
    columns = _table().c
    return (
        columns.machine == bindparam("m"),
        columns.epoch == bindparam("e"),
        columns.ordinal == bindparam("o"),
    )


def _work_orders(session: Session, jobs: Iterable[int | None]) -> dict[int, int]:
    known = {job for job in jobs if job is not None}
    if not known:
        return {}
    rows = session.execute(select(Operation.job, Operation.work_order).where(Operation.job.in_(known)))
    return {row.job: row.work_order for row in rows}


def _origins(intervals: Iterable[Interval], work_orders: Mapping[int, int]) -> dict[Key, tuple[int, _Origin]]:
    """By the first unit of each count, in their order: its last one, and what they stand for."""
    return {
        (epoch, first): (last, _Origin(from_ms, at_ms, None if operation is None else work_orders[operation]))
        for epoch, first, last, from_ms, at_ms, operation in sorted(intervals, key=itemgetter(0, 1))
        if last >= first
    }


def _ranges(gone: Mapping[Key, tuple[int, _Origin]], come: Mapping[Key, tuple[int, _Origin]]) -> list[_Range]:
    """The ranges of units that stand for something else in `come` than in `gone`, in their order."""
    cuts = {key for some in (gone, come) for key in some}
    cuts |= {(epoch, last + 1) for some in (gone, come) for (epoch, _), (last, _) in some.items()}
    before, after = _Standing(gone), _Standing(come)
    ranges = []
    for (epoch, first), (end_epoch, end) in pairwise(sorted(cuts)):
        if end_epoch == epoch:
            old, new = before.of((epoch, first)), after.of((epoch, first))
            if old != new:
                ranges.append(_Range(epoch, first, end - 1, old, new))
    return ranges


class _Standing:
    """Tells which count a unit belongs to."""

    def __init__(self, counts: Mapping[Key, tuple[int, _Origin]]) -> None:
        self._keys = list(counts)
        self._counts = list(counts.values())

    def of(self, unit: Key) -> _Origin | None:
        """What a unit stands for; None for nothing."""
        place = bisect_right(self._keys, unit) - 1
        if place < 0 or self._keys[place][0] != unit[0]:
            return None
        last, origin = self._counts[place]
        return origin if unit[1] <= last else None


def _close(session: Session, machine: str, ranges: Iterable[_Range]) -> None:
    rows = [_bounds(machine, each) for each in ranges]
    if rows:
        session.connection().execute(_table().delete().where(*_within()), rows)


def _open(session: Session, machine: str, ranges: Iterable[_Range]) -> None:
    rows = [
        {"machine": machine, "epoch": each.epoch, "ordinal": ordinal, **each.after._asdict()}
        for each in ranges
        if each.after is not None
        for ordinal in range(each.first, each.last + 1)
    ]
    if rows:
        session.execute(insert(Unit), rows)


def _move(session: Session, machine: str, ranges: Iterable[_Range]) -> None:
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _Origin._fields}
    renumbered: list[dict[str, Any]] = []
    retimed: list[dict[str, Any]] = []
    for each in ranges:
        if each.after is not None:
            new = {f"new_{name}": value for name, value in each.after._asdict().items()}
            (renumbered if each.is_renumbered else retimed).append(_bounds(machine, each) | new)
    if renumbered:
        session.connection().execute(
            _table().update().where(*_within()).values(**values, number=None), renumbered
        )
    if retimed:
        session.connection().execute(_table().update().where(*_within()).values(**values), retimed)


def _bounds(machine: str, units: _Range) -> dict[str, Any]:
    return {"m": machine, "e": units.epoch, "first": units.first, "last": units.last}


def _within() -> tuple[Any, ...]:
    columns = _table().c
    return (
        columns.machine == bindparam("m"),
        columns.epoch == bindparam("e"),
        columns.ordinal.between(bindparam("first"), bindparam("last")),
    )


def _number(session: Session, machine: str, changed: Iterable[_Range]) -> None:
    """Nothing comes back; each work order's units are numbered anew from the first one that changed."""
    start: dict[int, Key] = {}
    for each in changed:
        for origin in (each.before, each.after):
            if origin is not None and origin.work_order is not None:
                start.setdefault(origin.work_order, (each.epoch, each.first))
    for work_order, key in start.items():
        number_units(session, machine, work_order, key)
