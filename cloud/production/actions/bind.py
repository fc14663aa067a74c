"""Binds tags read at the end of a line to the units made there."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, bindparam, delete, or_, select, update
from sqlalchemy.orm import Session

from cloud.ingest import queries as facts
from cloud.production.actions.units import Key, change_units
from cloud.production.tables import TagRead, Unit
from models.production.binding import FirstRead, Made, bind

CHUNK = 200
Binding = tuple[Key, int, str]  # unit, time of the read, reader


def note_reads(session: Session, machine: str, reader: str, since_ms: int, until_ms: int) -> tuple[int, int]:
    """The time over which first reads changed, after the reads of [since_ms, until_ms] were noted.

    Parameters
    ----------
    session
        A writing session.
    machine
        The last machine of the reader's line.
    reader
        Reader id.
    since_ms, until_ms
        Plant time of the first and the last new read, both included.
    """
    earliest: dict[str, int] = {}
    for point in facts.points(session, "tag", reader, since_ms, until_ms + 1, with_previous=False):
        if point.text:
            earliest.setdefault(point.text, point.ts_ms)
    epcs = list(earliest)
    known = {
        row.epc: row
        for start in range(0, len(epcs), CHUNK)
        for row in session.scalars(
            select(TagRead).where(TagRead.machine == machine, TagRead.epc.in_(epcs[start : start + CHUNK]))
        )
    }
    high = until_ms
    for epc, ts_ms in earliest.items():
        row = known.get(epc)
        if row is None:
            session.add(TagRead(machine=machine, epc=epc, first_ms=ts_ms, reader=reader))
        elif (ts_ms, reader) < (row.first_ms, row.reader):
            high = max(high, row.first_ms)
            row.first_ms, row.reader = ts_ms, reader
    session.flush()
    return since_ms, high


def forget_reads(session: Session, machine: str) -> None:
    """Nothing comes back; no unit of a machine bears a tag and no read of its line is noted any more."""
    session.execute(delete(TagRead).where(TagRead.machine == machine))
    session.execute(
        update(Unit)
        .where(Unit.machine == machine, Unit.epc.is_not(None))
        .values(epc=None, tagged_ms=None, reader=None)
    )
    session.expire_all()


def bind_tags(session: Session, machine: str, since_ms: int, until_ms: int, *, max_transit_ms: int) -> int:
    """Number of units whose tag changed after binding the first reads from `since_ms` on again.

    The answer depends on the facts alone. Reads before `since_ms` keep their units; later ones are bound
    again until a read that no changed unit can reach finds its old unit: from there on nothing differs.

    Parameters
    ----------
    session
        A writing session.
    machine
        The last machine of a line.
    since_ms, until_ms
        Plant time over which units or first reads changed.
    max_transit_ms
        Longest way from the machine to the line's readers, ms of plant time.
    """
    last_bound = session.execute(
        select(Unit.epoch, Unit.ordinal)
        .where(Unit.machine == machine, Unit.tagged_ms < since_ms)
        .order_by(Unit.tagged_ms.desc(), Unit.epoch.desc(), Unit.ordinal.desc())
        .limit(1)
    ).first()
    pointer: Key = (-1, 0) if last_bound is None else (last_bound.epoch, last_bound.ordinal)
    after = FirstRead(since_ms, "")
    changed = 0
    while reads := _reads(session, machine, after):
        chunk = list(reads)
        units = _free_units(session, machine, pointer, chunk[0].ts_ms - max_transit_ms, chunk[-1].ts_ms)
        bound = bind(units, chunk, max_transit_ms=max_transit_ms)
        stored = _stored(session, machine, chunk)
        changed += _rebind(session, machine, reads, bound, stored)
        after = chunk[-1]
        is_beyond = after.ts_ms > until_ms + max_transit_ms
        if is_beyond and stored.get(after.epc) == _binding(after, reads[after], bound.get(after)):
            break
        pointer = max([pointer, *(unit.key for unit in bound.values())])
    return changed


def _reads(session: Session, machine: str, after: FirstRead) -> dict[FirstRead, str]:
    """The next first reads after one, in time order, each with its reader."""
    later = or_(
        TagRead.first_ms > after.ts_ms, and_(TagRead.first_ms == after.ts_ms, TagRead.epc > after.epc)
    )
    rows = session.execute(
        select(TagRead.first_ms, TagRead.epc, TagRead.reader)
        .where(TagRead.machine == machine, TagRead.first_ms >= after.ts_ms, later)
        .order_by(TagRead.first_ms, TagRead.epc)
        .limit(CHUNK)
    )
    return {FirstRead(row.first_ms, row.epc): row.reader for row in rows}


def _free_units(session: Session, machine: str, pointer: Key, since_ms: int, until_ms: int) -> list[Made]:
    """Units after the pointer that a read could belong to: made after `since_ms`, begun before `until_ms`."""
    beyond = or_(Unit.epoch > pointer[0], and_(Unit.epoch == pointer[0], Unit.ordinal > pointer[1]))
    rows = session.execute(
        select(Unit.epoch, Unit.ordinal, Unit.made_from_ms, Unit.made_ms)
        .where(Unit.machine == machine, Unit.made_ms >= since_ms, Unit.made_from_ms < until_ms, beyond)
        .order_by(Unit.epoch, Unit.ordinal)
    )
    return [Made((row.epoch, row.ordinal), row.made_from_ms, row.made_ms) for row in rows]


def _stored(session: Session, machine: str, reads: Sequence[FirstRead]) -> dict[str, Binding]:
    rows = session.execute(
        select(Unit.epc, Unit.epoch, Unit.ordinal, Unit.tagged_ms, Unit.reader).where(
            Unit.machine == machine, Unit.epc.in_([read.epc for read in reads])
        )
    )
    return {row.epc: ((row.epoch, row.ordinal), row.tagged_ms, row.reader) for row in rows}


def _binding(read: FirstRead, reader: str, unit: Made | None) -> Binding | None:
    return None if unit is None else (unit.key, read.ts_ms, reader)


def _rebind(
    session: Session,
    machine: str,
    reads: Mapping[FirstRead, str],
    bound: Mapping[FirstRead, Made],
    stored: Mapping[str, Binding],
) -> int:
    cleared, tagged = [], []
    for read, reader in reads.items():
        unit, before = bound.get(read), stored.get(read.epc)
        if before == _binding(read, reader, unit):
            continue
        if before is not None:
            cleared.append({"m": machine, "e": before[0][0], "o": before[0][1]})
        if unit is not None:
            key = {"m": machine, "e": unit.key[0], "o": unit.key[1]}
            tagged.append(key | {"new_epc": read.epc, "new_ms": read.ts_ms, "new_reader": reader})
    if cleared:
        change_units(session, {"epc": None, "tagged_ms": None, "reader": None}, cleared)
    if tagged:
        values: dict[str, Any] = {
            "epc": bindparam("new_epc"),
            "tagged_ms": bindparam("new_ms"),
            "reader": bindparam("new_reader"),
        }
        change_units(session, values, tagged)
    return len(cleared) + len(tagged)
