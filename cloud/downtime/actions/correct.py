"""Writes down what people say about stops; nothing that was said is ever changed."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.orm import Session

from cloud.downtime import schemas
from cloud.downtime.events import announce_windows
from cloud.downtime.queries.reasons import tree
from cloud.downtime.queries.stops import stops_in
from cloud.downtime.tables import DowntimeCorrection
from cloud.errors import Conflict, Invalid, NotFound
from cloud.identity.access import User
from cloud.identity.actions import audit
from cloud.plant import queries as plant
from cloud.plant.schemas import iso, ms_from_iso
from models.oee.downtime import Stop
from models.oee.timeline import Interval

LONGEST_MS = 31 * 86_400_000


def assign(session: Session, wanted: schemas.AssignIn, user: User, now_ms: int) -> list[int]:
    """Numbers of the corrections that give the stops their reason, and of their notes.

    Raises
    ------
    Invalid
        When the reason is no active leaf for one of the machines; nothing is written then.
    Conflict
        When no stop stands there any more, or somebody else gave it a reason that the sender has not seen.
    """
    reasons = tree(session)
    rows = []
    for ref, stop in zip(wanted.stops, _stops_of(session, wanted.stops, now_ms), strict=True):
        if ref.seen is not None and ref.seen != (stop.correction or 0):
            raise Conflict(
                f"Somebody else has explained the stop of {ref.machine} at {ref.start} meanwhile.",
                code="stop_changed",
            )
        if wanted.reason is not None and not reasons.is_usable(wanted.reason, ref.machine):
            raise Invalid(
                f"{wanted.reason!r} is no active reason with a loss category for {ref.machine}.",
                code="reason_not_usable",
            )
        rows.append(_row("assign", ref.machine, stop, user, now_ms, reason=wanted.reason))
        if wanted.note.strip():
            rows.append(_row("note", ref.machine, stop, user, now_ms, text=wanted.note.strip()))
    return _write(session, rows, user)


def note(session: Session, wanted: schemas.NoteIn, user: User, now_ms: int) -> list[int]:
    """Number of the note; `Conflict` when no stop stands there any more."""
    [stop] = _stops_of(session, [wanted.stop], now_ms)
    return _write(session, [_row("note", wanted.stop.machine, stop, user, now_ms, text=wanted.text)], user)


def split(session: Session, wanted: schemas.SplitIn, user: User, now_ms: int) -> list[int]:
    """Number of the correction that cuts a stop in two.

    Raises
    ------
    Conflict
        When no stop that may be corrected goes over that instant.
    """
    at_ms = ms_from_iso(wanted.at, "at")
    stops = _standing(session, wanted.machine, (at_ms, at_ms + 1), now_ms)
    whole = next((stop for stop in stops if stop.start_ms < at_ms < stop.end_ms), None)
    if whole is None:
        raise Conflict(f"No stop of {wanted.machine} goes over {wanted.at}.", code="no_such_stop")
    row = _row("split", wanted.machine, Stop(at_ms, at_ms, "", 0, is_minor=False), user, now_ms)
    return _write(session, [row], user, {wanted.machine: (whole.start_ms, whole.end_ms)})


def merge(session: Session, wanted: schemas.MergeIn, user: User, now_ms: int) -> list[int]:
    """Number of the correction that makes one stop of neighbours.

    Raises
    ------
    Conflict
        When there are not at least two stops, or the machine produced between them.
    """
    start_ms, end_ms = ms_from_iso(wanted.start, "start"), ms_from_iso(wanted.end, "end")
    _check_span(start_ms, end_ms)
    stops = _standing(session, wanted.machine, (start_ms, end_ms), now_ms, with_minor=True)
    joined = [stop for stop in stops if start_ms <= stop.start_ms and stop.end_ms <= end_ms]
    together = sum(stop.length_ms for stop in joined)
    if len(joined) < 2 or joined[-1].end_ms - joined[0].start_ms != together:  # noqa: PLR2004  two make one
        raise Conflict(
            f"From {wanted.start} to {wanted.end} {wanted.machine} has no two stops in a row.",
            code="not_neighbours",
        )
    whole = Stop(joined[0].start_ms, joined[-1].end_ms, "", 0, is_minor=False)
    return _write(session, [_row("merge", wanted.machine, whole, user, now_ms)], user)


def withdraw(session: Session, number: int, user: User, now_ms: int) -> None:
    """Nothing comes back; the correction no longer counts, and what it overruled holds again.

    Raises
    ------
    NotFound
        When there is no such correction.
    Conflict
        When it has been withdrawn already.
    """
    row = session.get(DowntimeCorrection, number)
    if row is None:
        raise NotFound(f"There is no correction {number}.", code="no_such_correction")
    if row.withdrawn_ms is not None:
        raise Conflict(f"Correction {number} was withdrawn already.", code="withdrawn_before")
    before = _reach(session, row, now_ms)
    row.withdrawn_by, row.withdrawn_ms = user.username, now_ms
    session.flush()
    after = _reach(session, row, now_ms)
    audit(session, user, "downtime.withdraw", f"correction/{number}", {"kind": row.kind})
    announce_windows(session, {row.machine: (min(before[0], after[0]), max(before[1], after[1]))})


def _reach(session: Session, row: DowntimeCorrection, now_ms: int) -> Interval:
    """Where the stops lie that a correction meets, whole: one may have gone on since it was spoken of."""
    around = (row.start_ms - 1, row.end_ms + 1)
    stops = _standing(session, row.machine, around, now_ms, with_minor=True)
    return (
        min([row.start_ms, *(stop.start_ms for stop in stops)]),
        max([row.end_ms + 1, *(stop.end_ms for stop in stops)]),
    )


def _stops_of(session: Session, refs: Sequence[schemas.StopRef], now_ms: int) -> list[Stop]:
    """The stops that stand where the sender saw some, in that order: they may have grown meanwhile.

    The readings of each machine are folded once, however many of its stops are named: nobody else writes
    until this is done.
    """
    spans = [(ms_from_iso(ref.start, "start"), ms_from_iso(ref.end, "end")) for ref in refs]
    windows: dict[str, Interval] = {}
    for ref, (start_ms, end_ms) in zip(refs, spans, strict=True):
        _check_span(start_ms, end_ms)
        since, until = windows.get(ref.machine, (start_ms, end_ms))
        windows[ref.machine] = (min(since, start_ms), max(until, end_ms))
    standing = {
        machine: {stop.start_ms: stop for stop in _standing(session, machine, window, now_ms)}
        for machine, window in windows.items()
    }
    found = []
    for ref, (start_ms, _) in zip(refs, spans, strict=True):
        stop = standing[ref.machine].get(start_ms)
        if stop is None:
            raise Conflict(
                f"No stop of {ref.machine} begins at {ref.start}: late readings or somebody else changed it.",
                code="no_such_stop",
            )
        found.append(stop)
    return found


def _standing(
    session: Session, machine: str, window: tuple[int, int], now_ms: int, *, with_minor: bool = False
) -> list[Stop]:
    [found] = stops_in(session, [plant.machine(session, machine)], window, now_ms)
    return [stop for stop in found.stops if with_minor or not stop.is_minor]


def _check_span(start_ms: int, end_ms: int) -> None:
    if not 0 <= start_ms < end_ms <= start_ms + LONGEST_MS:
        raise Invalid("start: it is not before the end, lies before 1970, or the stop is over 31 days long.")


def _row(
    kind: str, machine: str, stop: Stop, user: User, now_ms: int, *, reason: str | None = None, text: str = ""
) -> DowntimeCorrection:
    return DowntimeCorrection(
        machine=machine,
        kind=kind,
        start_ms=stop.start_ms,
        end_ms=stop.end_ms,
        reason_id=reason,
        text=text,
        username=user.username,
        said_ms=now_ms,
    )


def _write(
    session: Session,
    rows: Iterable[DowntimeCorrection],
    user: User,
    reach: Mapping[str, Interval] | None = None,
) -> list[int]:
    """Numbers of the rows; by machine `reach` is where stops change, by default where the rows speak."""
    windows = dict(reach or {})
    numbers = []
    for row in rows:
        session.add(row)
        session.flush()
        numbers.append(row.id)
        detail = {"start": iso(row.start_ms), "end": iso(row.end_ms), "reason": row.reason_id}
        audit(session, user, f"downtime.{row.kind}", f"machine/{row.machine}", detail | {"number": row.id})
        since, until = windows.get(row.machine, (row.start_ms, row.end_ms + 1))
        windows[row.machine] = (min(since, row.start_ms), max(until, row.end_ms + 1))
    announce_windows(session, windows)
    return numbers
