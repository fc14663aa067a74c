"""Hands what one tag means to another one that goes on with it, or takes that back."""

from collections.abc import Callable, Collection
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.errors import Conflict, Invalid
from cloud.plant import queries, tables
from cloud.plant.actions.bind import CODED_ROLES
from wire.coverage import OBSERVED_SINCE

LONGEST: Final = 300  # characters of a tag that is bound

# What a code of the old tag is called at the new one; None for tags whose values stay as they are.
Recoded = Callable[[str], str] | None


class HandedOver(NamedTuple):
    """The versions that a hand-over made: the old binding's end, the new binding; or None."""

    ended: int | None
    bound: int | None


def hand_over(session: Session, old: str, new: str, at_ms: int, recoded: Recoded = None) -> HandedOver:
    """The versions made so that `new` means from plant time `at_ms` on what `old` meant until then.

    A new tag that means the same already keeps its binding. What was watched stays watched: a tag that tells
    it is bound beside the old one.

    Raises
    ------
    Conflict
        When the new tag means something else (`binding_differs`).
    Invalid
        When the new tag is too long to be bound, or facts are made of values in another unit.
    """
    was = _newest(session, old)
    if was is None or was.retired:
        return HandedOver(None, None)
    is_coded = was.role in CODED_ROLES
    if recoded is not None and not is_coded:
        raise Invalid(
            f"{old} is bound as {was.role}, and facts take its values as they come: let the gateway scale "
            "the new signal to the old unit, or end the binding first.",
            code="converted_fact",
        )
    if len(new) > LONGEST:
        raise Invalid(f"{new}: {len(new)} characters; a bound signal has at most {LONGEST}", code="long_tag")
    codes = was.code_map if recoded is None else {recoded(k): v for k, v in (was.code_map or {}).items()}
    now = _newest(session, new)
    bound = None
    if now is not None and not now.retired and old != new:
        if (now.role, now.machine_id, now.reader_id) != (was.role, was.machine_id, was.reader_id):
            raise Conflict(
                f"{new} is bound as {now.role} of {now.machine_id or now.reader_id}, but {old} is the "
                f"{was.role} of {was.machine_id or was.reader_id}: end one of the bindings first.",
                code="binding_differs",
            )
    elif old != new or codes != was.code_map:
        bound = _add(session, was, new, at_ms, codes=codes).version
    ended = None
    if was.role != OBSERVED_SINCE and old != new:
        ended = _add(session, was, old, at_ms, retired=True).version
    return HandedOver(ended, bound)


def take_back(session: Session, old: str, new: str, at_ms: int, made: HandedOver) -> bool:
    """Whether the bindings are again as before the hand-over; False when somebody changed them meanwhile."""
    now_old, now_new = _newest(session, old), _newest(session, new)
    versions = {made.ended: now_old, made.bound: now_new}
    if any(number is not None and (row is None or row.version != number) for number, row in versions.items()):
        return False
    if made.ended is not None:
        _restore(session, old, made.ended, at_ms)
    if made.bound is not None and now_new is not None:
        if old == new:
            _restore(session, new, made.bound, at_ms)
        else:
            _add(session, now_new, new, at_ms, retired=True)
    return True


def move_machines(session: Session, sources: Collection[str], gateway: str) -> None:
    """Nothing comes back; machines and readers of these ids are read by this gateway."""
    for machine in session.scalars(select(tables.Machine).where(tables.Machine.id.in_(sources))):
        machine.gateway = gateway
    for reader in session.scalars(select(tables.Reader).where(tables.Reader.id.in_(sources))):
        reader.gateway = gateway


def _restore(session: Session, tag: str, made: int, at_ms: int) -> None:
    """Say again what held before version `made`."""
    before = next(row for row in queries.versions_of(session, tag) if row.version < made)
    since_ms = at_ms if before.valid_from_ms is None else max(at_ms, before.valid_from_ms)
    _add(session, before, tag, since_ms, codes=before.code_map, retired=before.retired)


def _newest(session: Session, tag: str) -> tables.SignalBinding | None:
    return next(iter(queries.versions_of(session, tag)), None)


def _add(
    session: Session,
    meant: tables.SignalBinding,
    tag: str,
    at_ms: int,
    *,
    codes: dict[str, str] | None = None,
    retired: bool = False,
) -> tables.SignalBinding:
    newest = _newest(session, tag)
    row = tables.SignalBinding(
        tag=tag,
        version=newest.version + 1 if newest else 1,
        role=meant.role,
        machine_id=meant.machine_id,
        reader_id=meant.reader_id,
        code_map=meant.code_map if retired else codes,
        valid_from_ms=at_ms,
        retired=retired,
        modulus=meant.modulus,
        jitter=meant.jitter,
    )
    session.add(row)
    session.flush()
    return row
