"""Tallies of machines over cells of the shift calendar: from totals where they hold, else reckoned."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud.oee.queries.figures import reckon
from cloud.oee.queries.origin import Origin
from cloud.oee.tables import ShiftFigure, ShiftTotal
from cloud.plant import queries as plant
from models.oee.policies import ISO22400, Policy
from models.oee.score import Tally
from models.oee.shifts import Calendar, Cell
from models.oee.timeline import Interval

_FIELDS = tuple(Tally.__dataclass_fields__)
_KINDS = tuple(float if name.startswith("ideal_") else int for name in _FIELDS)
_SUMS = tuple(func.sum(getattr(ShiftTotal, name)) for name in _FIELDS)
_DAY_MS = 86_400_000
MOST_NAMED = 500  # cells that one question names to the database

By = Literal["job", "machine", "cell"]


class Place(NamedTuple):
    """Where a tally belongs; what the question does not ask for is empty."""

    machine: str
    start_ms: int
    job: int


@dataclass(slots=True)
class Tallied:
    """Tallies by place, in no order, with the origin of each machine's cell."""

    tallies: list[tuple[Place, Tally]] = field(default_factory=list)
    origins: dict[tuple[str, int], Origin] = field(default_factory=dict)


def tallied(
    session: Session,
    machines: Sequence[plant.Machine],
    shifts: Calendar,
    cells: Sequence[tuple[Cell, Interval]],
    *,
    now_ms: int,
    by: Collection[By],
    policy: Policy = ISO22400,
) -> Tallied:
    """The tallies of machines over cells.

    Parameters
    ----------
    session
        A read session.
    machines
        Whose.
    shifts
        The calendar that the cells are of.
    cells
        In time order, each with the part of it that is asked for.
    now_ms
        Plant now.
    by
        What the places name; what is not asked for is summed in the database.
    policy
        What the states mean; totals hold for every policy, since they part only in scoring.
    """
    found = Tallied()
    if not cells or not machines:
        return found
    held = _held(session, machines, cells)
    whole = _whole(cells)
    keys = {key for key in held if key[1] in whole}
    complete = [at for at in sorted(whole) if all((machine.id, at) in keys for machine in machines)]
    _add_up(session, machines, complete, found, by=by)
    added = set(complete)
    left = [pair for pair in cells if pair[0].start_ms not in added]
    spells: dict[tuple[tuple[Cell, Interval], ...], list[plant.Machine]] = {}
    for machine in machines if left else ():
        kept = [cell.start_ms for cell, _ in left if (machine.id, cell.start_ms) in keys]
        _add_up(session, [machine], kept, found, by={*by, "machine", "cell"})
        fresh = [pair for pair in left if (machine.id, pair[0].start_ms) not in keys]
        for spell in _spells(fresh):
            spells.setdefault(tuple(spell), []).append(machine)
    for pairs, together in spells.items():
        window = (pairs[0][1][0], pairs[-1][1][1])
        results, _ = reckon(session, together, shifts, window, now_ms=now_ms, policy=policy)
        for result in results:
            for cell, asked in pairs:
                tallies = result.by_job(*asked) if "job" in by else {0: result.tally(*asked)}
                found.tallies += [
                    (Place(result.machine, cell.start_ms, job), each) for job, each in tallies.items()
                ]
    for machine in machines:
        for cell, _ in cells:
            key = (machine.id, cell.start_ms)
            found.origins[key] = _origin(held.get(key), from_totals=key in keys)
    return found


_Held = tuple[int | None, int | None, str | None]  # computed, changed, why


def _whole(cells: Sequence[tuple[Cell, Interval]]) -> set[int]:
    return {cell.start_ms for cell, asked in cells if asked == (cell.start_ms, cell.end_ms)}


def _held(
    session: Session, machines: Sequence[plant.Machine], cells: Sequence[tuple[Cell, Interval]]
) -> dict[tuple[str, int], _Held]:
    """When and why the totals that hold were reckoned, by machine and start."""
    rows = session.execute(
        select(
            ShiftFigure.machine,
            ShiftFigure.start_ms,
            ShiftFigure.end_ms,
            ShiftFigure.computed_ms,
            ShiftFigure.changed_ms,
            ShiftFigure.why,
        ).where(
            ShiftFigure.machine.in_([machine.id for machine in machines]),
            ShiftFigure.start_ms >= cells[0][0].start_ms,
            ShiftFigure.start_ms <= cells[-1][0].start_ms,
            ~ShiftFigure.stale,
        )
    )
    ends = {cell.start_ms: cell.end_ms for cell, _ in cells}
    return {
        (machine, start): (computed, changed, why)
        for machine, start, end, computed, changed, why in rows
        if ends.get(start) == end
    }


def _origin(held: _Held | None, *, from_totals: bool) -> Origin:
    computed, changed, why = held or (None, None, None)
    return Origin(int(from_totals), int(not from_totals), computed, changed, why)


def _add_up(
    session: Session,
    machines: Sequence[plant.Machine],
    starts: Sequence[int],
    found: Tallied,
    *,
    by: Collection[By],
) -> None:
    """Nothing comes back; the totals of the cells that begin at `starts` are added up by the database."""
    if not starts:
        return
    one_sum = "cell" not in by and len(starts) <= MOST_NAMED
    asked: list[Any] = [func.max(ShiftTotal.start_ms)] if one_sum else [ShiftTotal.start_ms]
    asked += [ShiftTotal.machine] if "machine" in by else []
    asked += [ShiftTotal.job] if "job" in by else []
    query = select(*asked, *_SUMS).where(
        ShiftTotal.machine.in_([machine.id for machine in machines]),
        ShiftTotal.start_ms >= starts[0],
        ShiftTotal.start_ms <= starts[-1],
    )
    if one_sum:
        query = query.where(ShiftTotal.start_ms.in_(starts))
    wanted = set(starts)
    for row in session.execute(query.group_by(*asked[1:] if one_sum else asked)):
        if row[0] not in wanted:
            continue
        rest = iter(row[1:])
        machine = next(rest) if "machine" in by else ""
        job = next(rest) if "job" in by else 0
        # PostgreSQL sums whole numbers to decimals.
        values: Any = (kind(value) for kind, value in zip(_KINDS, rest, strict=True))
        found.tallies.append((Place(machine, row[0], job), Tally(*values)))


def _spells(cells: Sequence[tuple[Cell, Interval]]) -> Iterator[list[tuple[Cell, Interval]]]:
    """Cells near each other, at most a day together: one window is reckoned cheaper than its parts."""
    spell: list[tuple[Cell, Interval]] = []
    for pair in cells:
        if spell and pair[1][1] - spell[0][1][0] > _DAY_MS:
            yield spell
            spell = []
        spell.append(pair)
    if spell:
        yield spell
