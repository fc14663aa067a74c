"""Marks the shift totals that no longer hold."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.orm import Session

from cloud.oee.events import FIRST
from cloud.oee.tables import ShiftFigure, ShiftTotal
from models.oee.shifts import Calendar, cells_between
from models.oee.timeline import Interval

CHUNK = 400
JOBS_OF_ORDER = 100  # a job number is work order × 100 + operation
Key = tuple[str, int]  # machine, start of the cell


def mark_windows(
    session: Session, shifts: Calendar, windows: Mapping[str, Iterable[Interval]], why: str
) -> int:
    """How many totals were marked: those of the cells that the windows of machines touch.

    A cell that nobody has reckoned yet gets its row, so that finished shifts are found without a search.
    """
    wanted: dict[Key, tuple[int, str]] = {}
    for machine, spans in windows.items():
        for since, until in spans:
            for cell in cells_between(shifts, since, until):
                wanted[machine, cell.start_ms] = (cell.end_ms, cell.shift)
    return mark(session, wanted, why)


def mark(session: Session, wanted: Mapping[Key, tuple[int, str]], why: str) -> int:
    """How many totals were marked stale; `wanted` has end and shift of each cell by machine and start."""
    keys = sorted(wanted)
    marked = 0
    for start in range(0, len(keys), CHUNK):
        some = keys[start : start + CHUNK]
        known = _known(session, some)
        fresh = [key for key in some if key in known and not known[key].stale]
        # A cell that waits for its first reckoning need not be marked again and again while its shift runs.
        again = [key for key in some if key in known]
        if again:
            session.execute(
                update(ShiftFigure)
                .where(tuple_(ShiftFigure.machine, ShiftFigure.start_ms).in_(again))
                .values(marks=ShiftFigure.marks + 1)
            )
        if fresh:
            session.execute(
                update(ShiftFigure)
                .where(tuple_(ShiftFigure.machine, ShiftFigure.start_ms).in_(fresh))
                .values(stale=True, stale_why=why)
            )
        for key in again:
            if (known[key].end_ms, known[key].shift) != wanted[key]:  # the calendar says otherwise now
                _move(session, key, *wanted[key])
        _insert(session, {key: wanted[key] for key in some if key not in known})
        marked += len(fresh)
    return marked


def mark_all(session: Session, since_ms: int, until_ms: int, why: str, *, machine: str | None = None) -> None:
    """Nothing comes back; totals in the window are marked, also of cells that the calendar has no more."""
    within = [ShiftFigure.start_ms < until_ms, ShiftFigure.end_ms > since_ms]
    within += [] if machine is None else [ShiftFigure.machine == machine]
    session.execute(
        update(ShiftFigure).where(*within).values(stale=True, stale_why=why, marks=ShiftFigure.marks + 1)
    )


def mark_jobs(session: Session, work_order: int, why: str) -> None:
    """Nothing comes back; the totals in which a work order ran are marked: its ideal cycles changed."""
    first = work_order * JOBS_OF_ORDER
    ran = select(ShiftTotal.machine, ShiftTotal.start_ms).where(
        ShiftTotal.job >= first, ShiftTotal.job < first + JOBS_OF_ORDER
    )
    session.execute(
        update(ShiftFigure)
        .where(tuple_(ShiftFigure.machine, ShiftFigure.start_ms).in_(ran))
        .values(stale=True, stale_why=why, marks=ShiftFigure.marks + 1)
    )


def _known(session: Session, keys: list[Key]) -> dict[Key, Any]:
    columns = (ShiftFigure.stale, ShiftFigure.end_ms, ShiftFigure.shift)
    rows = session.execute(
        select(ShiftFigure.machine, ShiftFigure.start_ms, *columns).where(
            tuple_(ShiftFigure.machine, ShiftFigure.start_ms).in_(keys)
        )
    )
    return {(row.machine, row.start_ms): row for row in rows}


def _move(session: Session, key: Key, end_ms: int, shift: str) -> None:
    session.execute(
        update(ShiftFigure)
        .where(ShiftFigure.machine == key[0], ShiftFigure.start_ms == key[1])
        .values(end_ms=end_ms, shift=shift)
    )


def _insert(session: Session, cells: Mapping[Key, tuple[int, str]]) -> None:
    rows = [
        {
            "machine": machine,
            "start_ms": start_ms,
            "end_ms": end_ms,
            "shift": shift,
            "stale": True,
            "stale_why": FIRST,
            "marks": 0,
            "revision": 0,
        }
        for (machine, start_ms), (end_ms, shift) in cells.items()
    ]
    if rows:
        insert = insert_postgresql if session.get_bind().dialect.name == "postgresql" else insert_sqlite
        session.execute(insert(ShiftFigure).on_conflict_do_nothing(), rows)
