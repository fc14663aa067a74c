"""Writes notes for the next shift; what was written stays, with who changed it and when."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud.identity.access import User
from cloud.identity.actions import audit
from cloud.kpi.queries import around, handover_shown, versions_of
from cloud.kpi.schemas import HandoverNoteIn, HandoverNoteOut, HandoverRef, HandoverTextIn
from cloud.kpi.tables import HandoverNote
from cloud.outbox import announce
from cloud.plant import queries as plant
from cloud.plant.schemas import iso, ms_from_iso

CHANGE_ANY = "handover.manage"


def write_note(session: Session, wanted: HandoverNoteIn, user: User, now_ms: int) -> HandoverNoteOut:
    """The new note of the shift that ran at `wanted.at`.

    Raises
    ------
    Invalid, NotFound
        When the scope is none, the time lies after plant now, or no shift ran at or before it.
    """
    plant.machines_of(session, wanted.scope)
    at_ms = ms_from_iso(wanted.at, "at")
    if at_ms > now_ms:
        message = "a note is written for a shift that has begun"
        raise Invalid(f"at: {message}", errors=[{"where": "at", "message": message}])
    shift = around(plant.calendar(session), at_ms, now_ms).shift
    # Writers take turns, so nobody else takes this number.
    number = (session.scalar(select(func.max(HandoverNote.number))) or 0) + 1
    note = HandoverNote(
        number=number,
        version=1,
        scope=wanted.scope,
        shift_start_ms=shift.start_ms,
        text=wanted.text,
        withdrawn=False,
        username=user.username,
        said_ms=now_ms,
    )
    return _keep(session, [], note, user)


def change_note(
    session: Session, number: int, wanted: HandoverTextIn, user: User, now_ms: int
) -> HandoverNoteOut:
    """The note with another text.

    Raises
    ------
    NotFound
        When there is no such note, or it was withdrawn.
    NotAllowed
        When somebody else wrote it and the role lacks `handover.manage`.
    Conflict
        When it was changed meanwhile.
    """
    return _follow(session, number, wanted, user, now_ms, text=wanted.text)


def withdraw_note(
    session: Session, number: int, wanted: HandoverRef, user: User, now_ms: int
) -> HandoverNoteOut:
    """The note, which holds no more; refusals are those of `change_note`."""
    return _follow(session, number, wanted, user, now_ms, text=None)


def _follow(
    session: Session, number: int, wanted: HandoverRef, user: User, now_ms: int, *, text: str | None
) -> HandoverNoteOut:
    """The note with one more version: with another text, or withdrawn with None."""
    versions = versions_of(session, number)
    first, last = versions[0], versions[-1]
    if last.withdrawn:
        raise NotFound(f"Note {number} was withdrawn by {last.username}.", code="no_such_note")
    if first.username != user.username and CHANGE_ANY not in user.permissions:
        raise NotAllowed(
            f"Note {number} is by {first.username}; only they may change it.", code="not_your_note"
        )
    if last.version != wanted.replaces:
        detail = (
            f"Version {last.version} of this note holds, not {wanted.replaces}: look at it and try again."
        )
        raise Conflict(detail, code="note_changed")
    note = HandoverNote(
        number=number,
        version=last.version + 1,
        scope=last.scope,
        shift_start_ms=last.shift_start_ms,
        text=last.text if text is None else text,
        withdrawn=text is None,
        username=user.username,
        said_ms=now_ms,
    )
    return _keep(session, versions, note, user)


def _keep(session: Session, before: list[HandoverNote], note: HandoverNote, user: User) -> HandoverNoteOut:
    session.add(note)
    session.flush()
    shift = iso(note.shift_start_ms)
    detail = {"scope": note.scope, "shift": shift, "version": note.version, "text": note.text}
    audit(
        session,
        user,
        "handover.withdraw" if note.withdrawn else "handover.note",
        f"note/{note.number}",
        detail,
    )
    announce(session, "HandoverNoted", {"shift": shift, "scope": note.scope})
    return handover_shown([*before, note])
