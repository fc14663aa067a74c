"""The notes that a shift leaves to the next one."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.errors import NotFound
from cloud.kpi.schemas import HandoverNoteOut, HandoverVersion
from cloud.kpi.tables import HandoverNote
from cloud.plant import queries as plant
from cloud.plant.schemas import iso


def handover_notes(
    session: Session, scope: str, machines: Iterable[plant.Machine], since_ms: int, until_ms: int
) -> list[HandoverNoteOut]:
    """The notes of shifts that began in `[since_ms, until_ms)` plant time, in the order of writing.

    The report of the site lists all notes; that of a line or a machine lists its own, those of what stands
    in it, and those of what it stands in: what was written for the whole plant is read everywhere.

    Parameters
    ----------
    session
        A read session.
    scope
        `site`, `line:ID` or `machine:ID`.
    machines
        The machines of the scope.
    since_ms, until_ms
        Plant ms.
    """
    query = (
        select(HandoverNote)
        .where(HandoverNote.shift_start_ms >= since_ms, HandoverNote.shift_start_ms < until_ms)
        .order_by(HandoverNote.number, HandoverNote.version)
    )
    if scope != "site":
        near = {"site", scope}
        for machine in machines:
            near |= {f"line:{machine.line}", f"machine:{machine.id}"}
        query = query.where(HandoverNote.scope.in_(near))
    notes: dict[int, list[HandoverNote]] = {}
    for row in session.scalars(query):
        notes.setdefault(row.number, []).append(row)
    return [shown(versions) for versions in notes.values()]


def versions_of(session: Session, number: int) -> list[HandoverNote]:
    """Every version of a note, the oldest first.

    Raises
    ------
    NotFound
        When there is no such note.
    """
    query = select(HandoverNote).where(HandoverNote.number == number).order_by(HandoverNote.version)
    found = list(session.scalars(query))
    if not found:
        raise NotFound(f"There is no note {number}.", code="no_such_note")
    return found


def shown(versions: Sequence[HandoverNote]) -> HandoverNoteOut:
    """A note as the report shows it, from all its versions, the oldest first."""
    first, last = versions[0], versions[-1]
    return HandoverNoteOut(
        number=last.number,
        version=last.version,
        scope=last.scope,
        text=last.text,
        by=first.username,
        at=iso(first.said_ms),
        withdrawn=last.withdrawn,
        versions=[
            HandoverVersion(
                version=each.version,
                text=each.text,
                withdrawn=each.withdrawn,
                by=each.username,
                at=iso(each.said_ms),
            )
            for each in versions
        ],
    )
