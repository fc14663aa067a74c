"""Makes and undoes mappings: an address goes on with the history of another one."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.errors import Conflict, Invalid, NotFound
from cloud.history.queries.joins import clash, conversion_of, gone_at, joins, shown
from cloud.history.schemas import MappedSignal, TagMappingIn, TagMappingOut, TagMappingPlan
from cloud.history.tables import TagMapping, TagMappingPair
from cloud.identity.access import User
from cloud.identity.actions import audit
from cloud.plant import actions as plant
from cloud.plant import queries as plant_queries
from cloud.plant.actions import HandedOver
from cloud.plant.schemas import iso, iso_or_none, ms_from_iso
from cloud.timeseries.continued import Continued, Join
from cloud.timeseries.converted import AS_IT_IS, Conversion, text_of
from cloud.timeseries.store import GOOD, Sample, Store
from wire.clock import real_ms

MOST_SIGNALS: Final = 20_000
PAGE: Final = 1000
Kind = Literal["number", "text"]
_LEVELS: Final = {2: "gateway", 3: "device", 4: "signal"}


class Pair(NamedTuple):
    """One signal: its old and its new address with their newest values."""

    old: str
    new: str
    said_before: Sample | None
    says: Sample | None


def planned(session: Session, store: Store, wanted: TagMappingIn, now_ms: int) -> TagMappingPlan:
    """What a mapping would do; nothing is changed."""
    pairs, at_ms = _checked(session, store, wanted, now_ms)
    meant = plant_queries.bindings(session)
    return TagMappingPlan(
        valid_from=iso(at_ms),
        signals=[
            MappedSignal(
                old=pair.old,
                new=pair.new,
                role=meant[pair.old].role if pair.old in meant else None,
                source=meant[pair.old].source if pair.old in meant else None,
                old_newest_at=iso_or_none(pair.said_before.ts_ms if pair.said_before else None),
                new_newest_at=iso_or_none(pair.says.ts_ms if pair.says else None),
            )
            for pair in pairs
        ],
    )


def map_tags(session: Session, store: Store, wanted: TagMappingIn, user: User, now_ms: int) -> TagMappingOut:
    """The mapping, which holds at once for history; what old signals meant goes to the new ones.

    Raises
    ------
    Invalid
        When addresses, time or conversion make no sense together.
    NotFound
        When nothing of the old address is known.
    Conflict
        When another mapping says otherwise, or a new signal means something else.
    """
    pairs, at_ms = _checked(session, store, wanted, now_ms)
    row = TagMapping(
        old=wanted.old,
        new=wanted.new,
        from_ms=at_ms,
        scale=wanted.scale,
        shift=wanted.offset,
        codes=wanted.values,
        note=wanted.note,
        moved=[],
        username=user.username,
        made_ms=real_ms(),
    )
    session.add(row)
    session.flush()
    conversion = conversion_of(row)
    recoded = None if conversion == AS_IT_IS else lambda code: text_of(conversion.value(_as_value(code))[0])
    for pair in pairs:
        made = plant.hand_over(session, pair.old, pair.new, at_ms, recoded)
        session.add(
            TagMappingPair(
                mapping_id=row.id,
                old_tag=pair.old,
                new_tag=pair.new,
                ended_version=made.ended,
                bound_version=made.bound,
            )
        )
    row.moved = _move(session, row.old, row.new)
    detail = wanted.model_dump() | {"signals": len(pairs), "machines": row.moved}
    audit(session, user, "tags.map", f"tag-mapping/{row.id}", detail)
    return shown(row, len(pairs))


def undo(session: Session, number: int, user: User) -> TagMappingOut:
    """The mapping, which holds no more: history and bindings are as before.

    A binding that somebody changed meanwhile stays as they left it. What was watched stays watched.

    Raises
    ------
    NotFound, Conflict
        When there is none of this number, or it was undone before, or a later one builds on it.
    """
    row = session.get(TagMapping, number)
    if row is None:
        raise NotFound(f"There is no mapping {number}.", code="no_such_mapping")
    if row.undone_ms is not None:
        raise Conflict(f"Mapping {number} was undone already.", code="undone_before")
    pairs = session.scalars(select(TagMappingPair).where(TagMappingPair.mapping_id == number)).all()
    row.undone_ms, row.undone_by = real_ms(), user.username
    session.flush()
    if (other := clash(joins(session), [])) is not None:
        raise Conflict(f"{_said(other[0])} builds on this mapping: undo that one first.", code="built_upon")
    kept = []
    for pair in pairs:
        made = HandedOver(pair.ended_version, pair.bound_version)
        if not plant.take_back(session, pair.old_tag, pair.new_tag, row.from_ms, made):
            kept.append(pair.new_tag)
    if row.moved:
        there = set(_read_by(session, row.new.split("/")[1]))
        plant.move_machines(session, there & set(row.moved), row.old.split("/")[1])
    audit(session, user, "tags.unmap", f"tag-mapping/{number}", {"bindings_kept": kept[:100]})
    return shown(row, len(pairs))


def _checked(session: Session, store: Store, wanted: TagMappingIn, now_ms: int) -> tuple[list[Pair], int]:
    conversion = Conversion(wanted.scale, wanted.offset, wanted.values)
    level = _level(wanted, conversion)
    at_ms = ms_from_iso(wanted.valid_from, "valid_from")
    if not 0 <= at_ms <= now_ms:
        raise _invalid("valid_from", f"{iso(at_ms)} is not in the past; plant time is {iso(now_ms)}")
    held = joins(session)
    gone = gone_at(held, at_ms)
    known = [wanted.old] if level == "signal" else _below(session, store, held, wanted.old)
    names = known if level == "signal" else [name for name in known if name not in gone]
    if known and not names:
        raise Conflict(f"Another one goes on with all of {wanted.old} by then.", code="mapping_clash")
    if len(names) > MOST_SIGNALS:
        raise _invalid("old", f"{len(names)} signals; accepted: at most {MOST_SIGNALS} at once")
    pairs = list(_with_values(Continued(store, held), store, wanted, names))
    bound = plant_queries.bindings(session)
    if not any(pair.said_before is not None or pair.old in bound for pair in pairs):
        raise NotFound(f"Nothing of {wanted.old!r} is stored or bound.", code="nothing_to_map")
    other = clash(held, [Join(pair.old, pair.new, at_ms, conversion) for pair in pairs])
    if other is not None:
        raise Conflict(
            f"{_said(other[0])} contradicts {_said(other[1])}: an address has one history at a time.",
            code="mapping_clash",
        )
    for pair in pairs:
        _check_kind(pair, conversion, at_ms)
    return pairs, at_ms


def _level(wanted: TagMappingIn, conversion: Conversion) -> str:
    levels = [_LEVELS.get(min(4, len(address.split("/", 3)))) for address in (wanted.old, wanted.new)]
    for where, level, address in zip(("old", "new"), levels, (wanted.old, wanted.new), strict=True):
        parts = address.split("/", 3)
        if level is None or not all(parts[:2]) or not parts[-1] or address != address.strip():
            raise _invalid(
                where,
                f"{address!r} is not group/gateway, group/gateway/device or group/gateway/device/signal",
            )
    if levels[0] != levels[1]:
        raise _invalid("new", f"{wanted.old!r} is a {levels[0]}, {wanted.new!r} a {levels[1]}")
    if levels[0] != "signal" and conversion != AS_IT_IS:
        raise _invalid("scale", "values are converted signal by signal")
    if wanted.old == wanted.new and conversion == AS_IT_IS:
        raise _invalid("new", "a signal that goes on with itself needs a conversion: scale, offset or values")
    if wanted.values is not None and (wanted.scale, wanted.offset) != (1.0, 0.0):
        raise _invalid("values", "either a table of values or scale and offset")
    if wanted.scale == 0:
        raise _invalid("scale", "0 would make all old values the same")
    return str(levels[0])


def _below(session: Session, store: Store, held: Sequence[Join], address: str) -> list[str]:
    """Every signal below a gateway or device that is stored, bound, or goes on with another one."""
    prefix = f"{address}/"
    found = {tag for tag in plant_queries.bindings(session) if tag.startswith(prefix)}
    found |= {join.new for join in held if join.new.startswith(prefix)}
    after = prefix
    while len(found) <= MOST_SIGNALS:
        page = [tag for tag in store.tags(prefix, after, PAGE) if tag.startswith(prefix)]
        found.update(page)
        if len(page) < PAGE:
            break
        after = page[-1]
    return sorted(found)


def _with_values(read: Continued, store: Store, wanted: TagMappingIn, names: Sequence[str]) -> Iterator[Pair]:
    for first in range(0, len(names), PAGE):
        part = names[first : first + PAGE]
        renamed = [wanted.new + name.removeprefix(wanted.old) for name in part]
        before, now = read.latest(part), store.latest(renamed)
        for old, new in zip(part, renamed, strict=True):
            yield Pair(old, new, before.get(old), now.get(new) if old != new else None)


def _check_kind(pair: Pair, conversion: Conversion, at_ms: int) -> None:
    """Nothing comes back; texts do not go on as numbers, nor numbers as texts, unless a table says how."""
    was, now = _kind(pair.said_before), _kind(pair.says)
    if pair.says is not None and pair.says.ts_ms < at_ms:
        now = None  # what it said before its time says nothing of its values since
    if conversion.values is not None:
        meant = {"text" if isinstance(value, str) else "number" for value in conversion.values.values()}
        was = "text" if meant == {"text"} else "number"
        if len(meant) != 1:
            raise _invalid("values", "new values are either all numbers or all texts")
    elif was == "text" and conversion != AS_IT_IS:
        raise _invalid("scale", f"{pair.old} tells texts: only a table of values reads them")
    if was is not None and now is not None and was != now:
        raise Invalid(
            f"{pair.old} tells a {was}, {pair.new} a {now}: give a table of values that says what each old "
            "value is today.",
            code="type_unreadable",
        )


def _kind(sample: Sample | None) -> Kind | None:
    if sample is None or sample.value is None or sample.quality != GOOD:
        return None
    return "text" if isinstance(sample.value, str) else "number"


def _as_value(code: str) -> float | str:
    try:
        return float(code)
    except ValueError:
        return code


def _move(session: Session, old: str, new: str) -> list[str]:
    """Ids of the machines and readers that the new gateway reads from now on."""
    old_parts, new_parts = old.split("/", 3), new.split("/", 3)
    if len(old_parts) == 4 or old_parts[1] == new_parts[1]:  # noqa: PLR2004  a signal has four parts
        return []
    read = _read_by(session, old_parts[1])
    moved = read if len(old_parts) == 2 else [name for name in read if name == old_parts[2]]  # noqa: PLR2004
    plant.move_machines(session, moved, new_parts[1])
    return moved


def _read_by(session: Session, gateway: str) -> list[str]:
    """Ids of the machines and readers that a gateway reads."""
    found = [one.id for one in plant_queries.machines(session) if one.gateway == gateway]
    return found + [one.id for one in plant_queries.readers(session) if one.gateway == gateway]


def _said(join: Join) -> str:
    return f"{join.old} → {join.new} from {iso(join.at_ms)}"


def _invalid(where: str, message: str) -> Invalid:
    errors = [{"where": where, "message": message}]
    return Invalid(f"{where}: {message}", code="bad_mapping", errors=errors)
