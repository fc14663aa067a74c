"""Opens, moves and closes the units that the counts of a line's last machine stand for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class UnitsChanged:
    """The plant time over which units were opened, moved or closed."""

    since_ms: int
    until_ms: int


def replace_units(
    session: Session, machine: str, gone: Sequence[Interval], come: Sequence[Interval]
) -> UnitsChanged:
    """The time over which units changed, after the counts `gone` were replaced by the counts `come`.

    A unit that both stand for keeps its row, and so its tag until the reads are bound again.

    Parameters
    ----------
    session
        A writing session.
    machine
        The last machine of a line.
    gone, come
        Counts as (epoch, first ordinal, last ordinal, from_ms, at_ms, operation).
    """
    work_orders = _work_orders(session, [interval[-1] for interval in (*gone, *come)])
    before, after = _origins(gone, work_orders), _origins(come, work_orders)
    closed = [key for key in before if key not in after]
    opened = [key for key in after if key not in before]
    moved = [key for key, origin in after.items() if key in before and before[key] != origin]
    _close(session, machine, closed)
    _open(session, machine, {key: after[key] for key in opened})
    _move(session, machine, {key: after[key] for key in moved})
    _number(session, machine, before, after, (*closed, *opened, *moved))
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


def _origins(intervals: Sequence[Interval], work_orders: Mapping[int, int]) -> dict[Key, _Origin]:
    return {
        (epoch, ordinal): _Origin(from_ms, at_ms, None if operation is None else work_orders[operation])
        for epoch, first, last, from_ms, at_ms, operation in intervals
        for ordinal in range(first, last + 1)
    }


def _close(session: Session, machine: str, keys: Sequence[Key]) -> None:
    rows = [{"m": machine, "e": epoch, "o": ordinal} for epoch, ordinal in keys]
    if rows:
        session.connection().execute(_table().delete().where(*_by_key()), rows)


def _open(session: Session, machine: str, origins: Mapping[Key, _Origin]) -> None:
    rows = [
        {"machine": machine, "epoch": epoch, "ordinal": ordinal, **origin._asdict()}
        for (epoch, ordinal), origin in origins.items()
    ]
    if rows:
        session.execute(insert(Unit), rows)


def _move(session: Session, machine: str, origins: Mapping[Key, _Origin]) -> None:
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _Origin._fields}
    rows = [
        {"m": machine, "e": epoch, "o": ordinal}
        | {f"new_{name}": value for name, value in origin._asdict().items()}
        for (epoch, ordinal), origin in origins.items()
    ]
    if rows:
        change_units(session, values | {"number": None}, rows)


def _number(
    session: Session,
    machine: str,
    before: Mapping[Key, _Origin],
    after: Mapping[Key, _Origin],
    changed: Iterable[Key],
) -> None:
    start: dict[int, Key] = {}
    for key in changed:
        for origins in (before, after):
            work_order = origins[key].work_order if key in origins else None
            if work_order is not None:
                start[work_order] = min(start.get(work_order, key), key)
    for work_order, key in start.items():
        number_units(session, machine, work_order, key)
