"""Says what tags mean: each change is a new version, the older ones stay."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.errors import Conflict, Invalid, NotFound
from cloud.identity.access import User
from cloud.identity.actions import audit
from cloud.outbox import announce
from cloud.plant import queries, schemas, tables
from cloud.plant.events import COUNTER_DECLARED
from cloud.plant.schemas import iso_or_none
from wire.coverage import OBSERVED_SINCE

MACHINE_ROLES: Final = ("state", "reason", "job", "good", "reject", "run_s", "condition", OBSERVED_SINCE)
# Bound by hand where a machine has such a signal: parts that were good only after rework.
MORE_MACHINE_ROLES: Final = ("rework",)
CODED_ROLES: Final = ("state", "reason")
NO_REASON: Final = "none"  # what a reason code means while the machine has nothing to say
READER_ROLES: Final = ("tag", OBSERVED_SINCE)
STATES: Final = get_args(schemas.MachineState)
MOST_CODES: Final = 200
_TAG: Final = re.compile(r"[^/\s]+/[^/\s]+/[^/]*/\S(.*\S)?")
_CODE: Final = re.compile(r"-?\d{1,10}")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a tag is to mean: a role at a machine or at a reader."""

    tag: str
    role: str
    machine: str | None = None
    reader: str | None = None
    code_map: Mapping[str, str] | None = None
    valid_from_ms: int | None = None


def bind(session: Session, meanings: Iterable[Meaning]) -> list[str]:
    """The tags whose meaning changed, each with a new version of its binding.

    A tag that already means the same keeps its version.
    """
    newest: dict[str, tables.SignalBinding] = {
        row.tag: row
        for row in session.scalars(select(tables.SignalBinding).order_by(tables.SignalBinding.version))
    }
    changed = []
    for meaning in meanings:
        old = newest.get(meaning.tag)
        code_map = None if meaning.code_map is None else dict(meaning.code_map)
        wanted = (meaning.role, meaning.machine, meaning.reader, code_map, False)
        if old and wanted == (old.role, old.machine_id, old.reader_id, old.code_map, old.retired):
            continue
        row = tables.SignalBinding(
            tag=meaning.tag,
            version=old.version + 1 if old else 1,
            role=meaning.role,
            machine_id=meaning.machine,
            reader_id=meaning.reader,
            code_map=code_map,
            valid_from_ms=meaning.valid_from_ms,
        )
        session.add(row)
        newest[meaning.tag] = row
        changed.append(meaning.tag)
    session.flush()
    return changed


def change_binding(session: Session, wanted: schemas.BindingIn, user: User) -> tables.SignalBinding:
    """The new version of a tag's binding, or the newest one if it says the same already.

    Facts that were derived under the older meaning are derived again by ingestion, from the stored points.

    Raises
    ------
    Invalid
        When the role, machine, reader, code map or tag cannot be meant.
    NotFound
        When there is no such machine or reader.
    Conflict
        When somebody changed it meanwhile, or another tag has this role at the same time.
    """
    newest = _newest(session, wanted.tag, wanted.replaces)
    valid_from_ms = _since(wanted.valid_from)
    _check(session, wanted)
    if newest is not None and newest.role == OBSERVED_SINCE and not newest.retired:
        raise Invalid(
            f"{wanted.tag} tells what was watched; what was watched stays watched.", code="coverage_stays"
        )
    if wanted.role != OBSERVED_SINCE:
        _check_alone(session, wanted, valid_from_ms)
    row = tables.SignalBinding(
        tag=wanted.tag,
        version=newest.version + 1 if newest else 1,
        role=wanted.role,
        machine_id=wanted.machine,
        reader_id=wanted.reader,
        code_map=wanted.code_map,
        valid_from_ms=valid_from_ms,
        retired=False,
        modulus=wanted.modulus,
        jitter=wanted.jitter,
    )
    if newest is not None and _said(newest) == _said(row):
        return newest
    if row.role in queries.COUNTER_ROLES:
        _announce_declared(session, row)
    session.add(row)
    session.flush()
    held = None if newest is None or newest.retired else _kept(newest)
    audit(session, user, "bindings.change", f"tag/{row.tag}", {"before": held, "after": _kept(row)})
    return row


def end_binding(session: Session, wanted: schemas.BindingEnd, user: User) -> tables.SignalBinding:
    """The new version of a tag's binding, by which it means nothing from a time on.

    Raises
    ------
    NotFound
        When the tag is not bound.
    Conflict
        When somebody changed it meanwhile.
    Invalid
        When the tag tells what was watched.
    """
    newest = _newest(session, wanted.tag, wanted.replaces)
    if newest is None or newest.retired:
        raise NotFound(f"The tag {wanted.tag!r} is not bound.", code="no_such_binding")
    if newest.role == OBSERVED_SINCE:
        raise Invalid(
            f"{wanted.tag} tells what was watched; what was watched stays watched.", code="coverage_stays"
        )
    row = tables.SignalBinding(
        tag=newest.tag,
        version=newest.version + 1,
        role=newest.role,
        machine_id=newest.machine_id,
        reader_id=newest.reader_id,
        code_map=newest.code_map,
        valid_from_ms=_since(wanted.valid_from),
        retired=True,
        modulus=newest.modulus,
        jitter=newest.jitter,
    )
    session.add(row)
    session.flush()
    audit(session, user, "bindings.end", f"tag/{row.tag}", {"valid_from": wanted.valid_from})
    return row


def _newest(session: Session, tag: str, replaces: int) -> tables.SignalBinding | None:
    versions = queries.versions_of(session, tag)
    newest = versions[0] if versions else None
    now = 0 if newest is None else newest.version
    if now != replaces:
        raise Conflict(
            f"Version {now} of {tag} holds, not {replaces}: look at it and try again.", code="binding_changed"
        )
    return newest


def _since(text: str | None) -> int | None:
    return None if text is None else schemas.ms_from_iso(text, "valid_from")


def _said(row: tables.SignalBinding) -> tuple[object, ...]:
    place = (row.role, row.machine_id, row.reader_id)
    return (*place, row.code_map, row.valid_from_ms, row.retired, row.modulus, row.jitter)


def _kept(row: tables.SignalBinding) -> dict[str, Any]:
    """What the audit log keeps of a version."""
    return {
        "version": row.version,
        "role": row.role,
        "machine": row.machine_id,
        "reader": row.reader_id,
        "code_map": row.code_map,
        "valid_from": iso_or_none(row.valid_from_ms),
        "modulus": row.modulus,
        "jitter": row.jitter,
    }


def _announce_declared(session: Session, row: tables.SignalBinding) -> None:
    """Nothing comes back; readings that say the same as before may count otherwise: this is announced."""
    declared = {(version.modulus, version.jitter) for version in queries.versions_of(session, row.tag)}
    if declared - {(row.modulus, row.jitter)} or (row.modulus, row.jitter) != (None, None):
        window = [row.valid_from_ms or 0, queries.EVER_MS]
        announce(session, COUNTER_DECLARED, {"windows": {row.machine_id: window}})


def _check(session: Session, wanted: schemas.BindingIn) -> None:
    wrong: list[tuple[str, str]] = []
    if not _TAG.fullmatch(wanted.tag):
        wrong.append(("tag", f"{wanted.tag!r} is not group/node/device/metric"))
    roles = (*MACHINE_ROLES, *MORE_MACHINE_ROLES) if wanted.machine is not None else READER_ROLES
    if (wanted.machine is None) == (wanted.reader is None):
        wrong.append(("machine", "name either a machine or a reader"))
    elif wanted.role not in roles:
        wrong.append(("role", f"{wanted.role!r} is not one of {', '.join(roles)}"))
    wrong += _wrong_codes(session, wanted)
    wrong += _wrong_counter(wanted)
    if wrong:
        errors = [{"where": where, "message": message} for where, message in wrong]
        said = "; ".join(f"{where}: {message}" for where, message in wrong)
        raise Invalid(said, code="bad_binding", errors=errors)
    if wanted.machine is not None:
        queries.machine(session, wanted.machine)
    elif session.get(tables.Reader, wanted.reader) is None:
        raise NotFound(f"There is no reader {wanted.reader!r}.", code="no_such_reader")


def _wrong_codes(session: Session, wanted: schemas.BindingIn) -> list[tuple[str, str]]:
    codes = wanted.code_map
    if wanted.role not in CODED_ROLES:
        return [] if codes is None else [("code_map", "only a state or a reason has one")]
    if not codes or len(codes) > MOST_CODES:
        return [("code_map", f"a {wanted.role} needs 1 to {MOST_CODES} codes")]
    wrong = [(f"code_map.{code}", "a code is a whole number") for code in codes if not _CODE.fullmatch(code)]
    return wrong + [
        (f"code_map.{code}", f"{meant!r} is not {accepted}")
        for code, meant in codes.items()
        if (accepted := _refusal(session, wanted.role, meant)) is not None
    ]


def _wrong_counter(wanted: schemas.BindingIn) -> list[tuple[str, str]]:
    said = {"modulus": wanted.modulus, "jitter": wanted.jitter}
    if wanted.role not in queries.COUNTER_ROLES:
        roles = ", ".join(queries.COUNTER_ROLES)
        return [(name, f"only {roles} has one") for name, value in said.items() if value is not None]
    if wanted.modulus is not None and wanted.jitter is not None and wanted.jitter * 4 > wanted.modulus:
        return [("jitter", f"{wanted.jitter} is more than a quarter of the modulus {wanted.modulus}")]
    return []


def _refusal(session: Session, role: str, meant: str) -> str | None:
    """What would be accepted instead of `meant`; None when it is accepted."""
    if role == "state":
        return None if meant in STATES else f"one of {', '.join(STATES)}"
    reason = session.get(tables.DowntimeReason, meant)
    if meant == NO_REASON or (reason is not None and reason.category is not None):
        return None
    return f"{NO_REASON!r} or a reason with a loss category"


def _check_alone(session: Session, wanted: schemas.BindingIn, since_ms: int | None) -> None:
    """Nothing comes back; two tags that tell the same thing at the same time would contradict each other."""
    source = wanted.machine or wanted.reader
    for tag, versions in queries.binding_versions(session).items():
        until_ms: int | None = None
        for version in versions:
            holds_later = since_ms is None or until_ms is None or until_ms > since_ms
            is_same = (version.role, version.source) == (wanted.role, source)
            if tag != wanted.tag and is_same and not version.retired and holds_later:
                raise Conflict(
                    f"{tag} is the {wanted.role} of {source} then: end that binding first.",
                    code="role_taken",
                )
            until_ms = version.valid_from_ms
