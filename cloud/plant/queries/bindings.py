"""What signals mean, in all versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud.plant import tables

EVER_MS = 1 << 62  # later than any plant time
COUNTER_ROLES = ("good", "reject", "rework")


@dataclass(frozen=True, slots=True)
class Binding:
    """What a tag means: its role at the machine or reader `source`; `code_map` translates state numbers.

    `modulus` and `jitter` are declared of counters; see `models.production.counters.CounterRule`.

    A version holds for points from `valid_from_ms` on (plant time; None = since ever) until a newer one does;
    a retired one says that the tag means nothing from then on.
    """

    tag: str
    role: str
    source: str
    kind: Literal["machine", "reader"]
    code_map: Mapping[str, str] | None
    version: int
    valid_from_ms: int | None = None
    retired: bool = False
    modulus: int | None = None
    jitter: int | None = None


def current_bindings(session: Session) -> list[tables.SignalBinding]:
    """The rows that hold now: the newest version of each tag, without retired ones, by tag."""
    binding = tables.SignalBinding
    newest = select(binding.tag, func.max(binding.version).label("version")).group_by(binding.tag).subquery()
    query = (
        select(binding)
        .join(newest, (newest.c.tag == binding.tag) & (newest.c.version == binding.version))
        .where(~binding.retired)
        .order_by(binding.tag)
    )
    return list(session.scalars(query))


def bindings(session: Session) -> dict[str, Binding]:
    """What each bound tag means now, by tag `group/node/device/metric`."""
    return {row.tag: _binding(row) for row in current_bindings(session)}


def versions_of(session: Session, tag: str) -> list[tables.SignalBinding]:
    """Every version of a tag's binding, the newest first."""
    query = select(tables.SignalBinding).where(tables.SignalBinding.tag == tag)
    return list(session.scalars(query.order_by(tables.SignalBinding.version.desc())))


def binding_versions(session: Session) -> dict[str, tuple[Binding, ...]]:
    """The versions that hold at some time, by tag, the newest first: ask `meaning_at` for one of them.

    One that a newer version replaces from its very beginning holds at no time and is left out.
    """
    found: dict[str, tuple[Binding, ...]] = {}
    query = select(tables.SignalBinding).order_by(
        tables.SignalBinding.tag, tables.SignalBinding.version.desc()
    )
    for row in session.scalars(query):
        newer = found.get(row.tag, ())
        until_ms = newer[-1].valid_from_ms if newer else EVER_MS
        if until_ms is not None and (row.valid_from_ms is None or row.valid_from_ms < until_ms):
            found[row.tag] = (*newer, _binding(row))
    return found


def meaning_at(versions: Sequence[Binding], at_ms: int) -> Binding | None:
    """What a tag meant at plant time `at_ms` by its versions, newest first; None when it meant nothing."""
    for version in versions:
        if version.valid_from_ms is None or version.valid_from_ms <= at_ms:
            return None if version.retired else version
    return None


def _binding(row: tables.SignalBinding) -> Binding:
    return Binding(
        tag=row.tag,
        role=row.role,
        source=row.machine_id or row.reader_id or "",
        kind="machine" if row.machine_id else "reader",
        code_map=row.code_map,
        version=row.version,
        valid_from_ms=row.valid_from_ms,
        retired=row.retired,
        modulus=row.modulus,
        jitter=row.jitter,
    )
