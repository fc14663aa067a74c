"""Facts of points whose tag means something else now."""

from collections.abc import Collection, Iterator, MutableMapping
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from cloud.ingest.tables import SignalFact

Identity = tuple[str, int, int]  # stream, position, ord
CHUNK = 500
KINDS = ("state", "reason", "job", "good", "reject", "rework", "run_s", "condition", "tag")
_SAID = ("kind", "source", "ts_ms", "value", "text", "quality")


def supersede(
    session: Session, again: Collection[Identity], facts: MutableMapping[Identity, dict[str, Any]]
) -> list[tuple[str, str, int]]:
    """Facts (kind, source, plant ms) that are gone or say something else now.

    A fact that is derived anew keeps its row, and with it its place among readings of the same millisecond.

    Parameters
    ----------
    session
        The deriver's transaction.
    again
        Points whose facts are derived anew.
    facts
        What points become; those that stand there already are taken out, changed ones are written here.
    """
    went: list[tuple[str, str, int]] = []
    gone: list[int] = []
    changed: list[dict[str, Any]] = []
    for row in _standing(session, again):
        identity = (row.stream, row.position, row.ord)
        wanted = facts.get(identity)
        if wanted is not None and all(wanted[name] == getattr(row, name) for name in _SAID):
            del facts[identity]
            continue
        went.append((row.kind, row.source, row.ts_ms))
        if wanted is None:
            gone.append(row.id)
        else:
            changed.append({"id": row.id} | {name: wanted[name] for name in _SAID})
    for start in range(0, len(gone), CHUNK):
        session.execute(delete(SignalFact).where(SignalFact.id.in_(gone[start : start + CHUNK])))
    if changed:
        session.execute(update(SignalFact), changed)
    return went


def _standing(session: Session, again: Collection[Identity]) -> Iterator[Any]:
    positions: dict[str, set[int]] = {}
    for stream, position, _ in again:
        positions.setdefault(stream, set()).add(position)
    columns = [getattr(SignalFact, name) for name in ("id", "stream", "position", "ord", *_SAID)]
    for stream, of_stream in positions.items():
        asked = sorted(of_stream)
        for start in range(0, len(asked), CHUNK):
            rows = session.execute(
                select(*columns).where(
                    SignalFact.kind.in_(KINDS),  # the unique index begins with it
                    SignalFact.stream == stream,
                    SignalFact.position.in_(asked[start : start + CHUNK]),
                )
            ).all()
            yield from (row for row in rows if (row.stream, row.position, row.ord) in again)
