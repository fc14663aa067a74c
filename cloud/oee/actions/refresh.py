"""Reckons the totals of finished shifts anew where they do not hold."""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from operator import attrgetter
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from cloud.db import Database
from cloud.ingest import queries as facts
from cloud.oee.actions.mark import Key, mark
from cloud.oee.events import FIRST, SHIFT_TOTALS_CHANGED
from cloud.oee.queries.figures import reckon
from cloud.oee.tables import ShiftFigure, ShiftTotal
from cloud.outbox import announce
from cloud.plant import queries as plant
from models.oee.score import Tally
from models.oee.shifts import Calendar, cells_between
from models.oee.timeline import Interval
from wire.clock import PlantClock

# One machine's stale cells are reckoned together when they follow each other, so far at most; and those of
# several machines over the same time.
TOGETHER_MS = 86_400_000
AT_ONCE = 48  # cells of one read
LONGEST_S = 0.5  # a round shares its thread with other jobs
LOOK_BACK_MS = 400 * 86_400_000
# While days of history come in, a total changes all the time: in rounds it is reckoned so often at most.
EVERY_S = 20.0
_EXACT = 1e-9


@dataclass(frozen=True, slots=True)
class _Stale:
    """A cell to be reckoned, as it was read."""

    machine: str
    start_ms: int
    end_ms: int
    marks: int
    why: str

    @property
    def key(self) -> Key:
        """Machine and start."""
        return self.machine, self.start_ms


class TotalsKeeper:
    """Keeps the totals of finished shifts, a few at a time.

    Parameters
    ----------
    db
        Where everything stands.
    clock
        The plant clock: a shift is finished when its last stop can no longer turn out to be a minor one.
    seconds
        A monotonic clock.
    """

    def __init__(
        self, db: Database, clock: PlantClock, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._db = db
        self._clock = clock
        self._seconds = seconds
        self._opened_until: dict[str, int] = {}
        self._reckoned_s: dict[Key, float] = {}  # lately, in rounds

    def round(self) -> None:
        """Nothing comes back; half a second's worth of stale totals hold again, each at most every 20 s."""
        begun_s = self._seconds()
        self._reckoned_s = {key: at_s for key, at_s in self._reckoned_s.items() if begun_s - at_s < EVERY_S}
        self.open_finished()
        while done := self._step(but=self._reckoned_s.keys()):
            self._reckoned_s |= dict.fromkeys(done, self._seconds())
            if self._seconds() >= begun_s + LONGEST_S:
                break

    def settle(self) -> int:
        """How many totals were reckoned until all of finished shifts hold."""
        self.open_finished()
        done = 0
        while some := self.step():
            done += some
        return done

    def open_finished(self) -> None:
        """Nothing comes back; each finished cell since a machine was first watched has its row."""
        now_ms = self._clock.now_ms()
        with self._db.read() as session:
            if not plant.has_site(session):
                return
            shifts = plant.calendar(session)
            known = {machine.id for machine in plant.machines(session)}
            watched = facts.first_watched_ms(session) if known - self._opened_until.keys() else {}
        wanted, opened = {}, {}
        for machine in sorted(known & {*watched, *self._opened_until}):
            since = self._opened_until.get(machine, max(watched.get(machine, 0), now_ms - LOOK_BACK_MS))
            ended = [cell for cell in cells_between(shifts, since, now_ms) if since < cell.end_ms <= now_ms]
            for cell in ended:
                wanted[machine, cell.start_ms] = (cell.end_ms, cell.shift)
            opened[machine] = max([since, *(cell.end_ms for cell in ended)])
        if wanted:
            with self._db.write() as session:
                _open(session, wanted)
        self._opened_until |= opened  # not before the rows are there: the next round tries again

    def step(self) -> int:
        """How many cells were looked at; 0 when the totals of all finished shifts hold."""
        return len(self._step())

    def _step(self, *, but: Collection[Key] = ()) -> list[Key]:
        """The cells that were looked at, none of those in `but`."""
        now_ms = self._clock.now_ms()
        with self._db.read() as session:
            stale = [cell for cell in _stale(session, now_ms, AT_ONCE + len(but)) if cell.key not in but]
            del stale[AT_ONCE:]
            if not stale:
                return []
            shifts = plant.calendar(session)
            found = [
                pair
                for window, groups in _by_window(stale).items()
                for pair in _reckon(session, shifts, window, groups, now_ms=now_ms)
            ]
        with self._db.write() as session:
            changed: dict[str, Interval] = {}
            for cell, tallies in found:
                if _keep(session, cell, tallies, now_ms):
                    since, until = changed.get(cell.machine, (cell.start_ms, cell.end_ms))
                    changed[cell.machine] = (min(since, cell.start_ms), max(until, cell.end_ms))
            if changed:
                windows = {machine: list(window) for machine, window in changed.items()}
                announce(session, SHIFT_TOTALS_CHANGED, {"windows": windows})
        return [cell.key for cell in stale]


def _open(session: Session, wanted: dict[tuple[str, int], tuple[int, str]]) -> None:
    """Rows for cells that have none; those that have one are left alone."""
    first = min(start for _, start in wanted)
    there = session.execute(
        select(ShiftFigure.machine, ShiftFigure.start_ms).where(ShiftFigure.start_ms >= first)
    )
    missing = wanted.keys() - {(machine, start_ms) for machine, start_ms in there}
    mark(session, {key: wanted[key] for key in missing}, FIRST)


def _stale(session: Session, now_ms: int, at_most: int) -> list[_Stale]:
    threshold = {machine.id: machine.minor_stop_s * 1000 for machine in plant.machines(session)}
    rows = session.execute(
        select(
            ShiftFigure.machine,
            ShiftFigure.start_ms,
            ShiftFigure.end_ms,
            ShiftFigure.marks,
            ShiftFigure.stale_why,
        )
        .where(ShiftFigure.stale, ShiftFigure.end_ms + max(threshold.values(), default=0) <= now_ms)
        .order_by(ShiftFigure.start_ms, ShiftFigure.machine)
        .limit(at_most)
    )
    return [_Stale(*row) for row in rows]


def _by_window(stale: Sequence[_Stale]) -> dict[Interval, list[list[_Stale]]]:
    """The cells of each machine that are reckoned together, by the time over which they are."""
    windows: dict[Interval, list[list[_Stale]]] = {}
    for cells in _together(stale):
        windows.setdefault((cells[0].start_ms, cells[-1].end_ms), []).append(cells)
    return windows


def _together(stale: Sequence[_Stale]) -> Iterable[list[_Stale]]:
    """Cells of one machine near each other: reckoning one window costs less than reckoning its parts."""
    group: list[_Stale] = []
    for cell in sorted(stale, key=attrgetter("key")):
        if group and (cell.machine != group[0].machine or cell.end_ms - group[0].start_ms > TOGETHER_MS):
            yield group
            group = []
        group.append(cell)
    if group:
        yield group


def _reckon(
    session: Session,
    shifts: Calendar,
    window: Interval,
    groups: Sequence[Sequence[_Stale]],
    *,
    now_ms: int,
) -> list[tuple[_Stale, dict[int, Tally]]]:
    """The tallies of the cells by job, of each machine's in a window; none where the calendar has no cell."""
    machines = [plant.machine(session, cells[0].machine) for cells in groups]
    results, _ = reckon(session, machines, shifts, window, now_ms=now_ms)
    there = {(cell.start_ms, cell.end_ms) for cell in cells_between(shifts, *window)}
    return [
        (cell, result.by_job(cell.start_ms, cell.end_ms) if (cell.start_ms, cell.end_ms) in there else {})
        for result, cells in zip(results, groups, strict=True)
        for cell in cells
    ]


def _keep(session: Session, cell: _Stale, tallies: dict[int, Tally], now_ms: int) -> bool:
    """Whether the totals say something else than before; the row is left stale if a mark came meanwhile."""
    of_cell = (ShiftTotal.machine == cell.machine, ShiftTotal.start_ms == cell.start_ms)
    row = session.get(ShiftFigure, (cell.machine, cell.start_ms))
    if row is None:
        return False
    before = {each.job: tally_of(each) for each in session.scalars(select(ShiftTotal).where(*of_cell))}
    changes = row.computed_ms is None or not _same(before, tallies)
    if changes:
        session.execute(delete(ShiftTotal).where(*of_cell))
        rows = [
            {"machine": cell.machine, "start_ms": cell.start_ms, "job": job, **asdict(tally)}
            for job, tally in tallies.items()
        ]
        if rows:  # none when the calendar no longer has the cell: its row stays, should it come back
            session.execute(insert(ShiftTotal), rows)
    kept: dict[str, Any] = {"computed_ms": now_ms}
    if changes:
        kept |= {"changed_ms": now_ms, "why": cell.why, "revision": row.revision + 1}
    if row.marks == cell.marks:
        kept["stale"] = False
    session.execute(
        update(ShiftFigure)
        .where(ShiftFigure.machine == cell.machine, ShiftFigure.start_ms == cell.start_ms)
        .values(**kept)
    )
    return changes


def tally_of(row: ShiftTotal) -> Tally:
    """The tally that a row keeps."""
    return Tally(**{name: getattr(row, name) for name in Tally.__dataclass_fields__})


def _same(before: dict[int, Tally], after: dict[int, Tally]) -> bool:
    """Whether figures are the same; sums of floats may differ by the order of their terms."""
    if before.keys() != after.keys():
        return False
    return all(
        abs(getattr(before[job], name) - getattr(after[job], name)) <= _EXACT
        for job in before
        for name in Tally.__dataclass_fields__
    )
