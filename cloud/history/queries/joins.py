"""Which addresses go on with which: the mappings that hold, as history is read through them."""

from collections.abc import Sequence
from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud.history.schemas import TagMappingOut
from cloud.history.tables import TagMapping, TagMappingPair
from cloud.plant.schemas import iso, iso_or_none
from cloud.timeseries.continued import Join
from cloud.timeseries.converted import Conversion


def conversion_of(row: TagMapping) -> Conversion:
    """How a mapping's old values read today."""
    return Conversion(row.scale, row.shift, row.codes)


def joins(session: Session) -> list[Join]:
    """Every pair of addresses of the mappings that are not undone."""
    query = (
        select(TagMappingPair.old_tag, TagMappingPair.new_tag, TagMapping)
        .join(TagMapping, TagMapping.id == TagMappingPair.mapping_id)
        .where(TagMapping.undone_ms.is_(None))
        .order_by(TagMapping.id)
    )
    return [Join(old, new, row.from_ms, conversion_of(row)) for old, new, row in session.execute(query)]


def mappings(session: Session) -> list[TagMappingOut]:
    """Every mapping, the newest first; those that were undone too."""
    count = select(TagMappingPair.mapping_id, func.count().label("n")).group_by(TagMappingPair.mapping_id)
    pairs: dict[int, int] = dict(session.execute(count).all())
    rows = session.scalars(select(TagMapping).order_by(TagMapping.id.desc()))
    return [shown(row, pairs.get(row.id, 0)) for row in rows]


def shown(row: TagMapping, signals: int) -> TagMappingOut:
    """A mapping as the API says it."""
    return TagMappingOut(
        id=row.id,
        old=row.old,
        new=row.new,
        valid_from=iso(row.from_ms),
        scale=row.scale,
        offset=row.shift,
        values=row.codes,
        note=row.note,
        signals=signals,
        machines=row.moved,
        by=row.username,
        at=iso(row.made_ms),
        undone_at=iso_or_none(row.undone_ms),
        undone_by=row.undone_by,
    )


def clash(joined: Sequence[Join], wanted: Sequence[Join]) -> tuple[Join, Join] | None:
    """The first wanted join that contradicts another one, with that one; None when all can hold together.

    An address alternates: it goes on with another one's history, then a third goes on with its own. So none
    is gone on with twice at a time, none tells two histories, and no ring stands at one instant.
    """
    turns: dict[str, list[tuple[int, bool, Join]]] = {}
    for join in (*joined, *wanted):
        if join.old == join.new:
            turns.setdefault(f"={join.new}", []).append((join.at_ms, True, join))
        else:
            turns.setdefault(join.new, []).append((join.at_ms, True, join))
            turns.setdefault(join.old, []).append((join.at_ms, False, join))
    ours = {id(join) for join in wanted}
    for tag, events in turns.items():
        events.sort(key=lambda event: event[:2])
        for (at_ms, is_coming, one), (next_ms, is_next_coming, other) in pairwise(events):
            is_same_turn = is_coming == is_next_coming and not tag.startswith("=")
            if at_ms == next_ms or is_same_turn:
                return (one, other) if id(one) in ours or id(other) not in ours else (other, one)
    return None


def gone_at(joined: Sequence[Join], at_ms: int) -> set[str]:
    """The addresses with whose history another one goes on at a time."""
    newest: dict[str, tuple[int, bool]] = {}
    for join in joined:
        if join.at_ms <= at_ms and join.old != join.new:
            for tag, is_gone in ((join.old, True), (join.new, False)):
                newest[tag] = max(newest.get(tag, (join.at_ms, is_gone)), (join.at_ms, is_gone))
    return {tag for tag, (_, is_gone) in newest.items() if is_gone}
