"""Writes down what people say a machine did; nothing that was said is ever changed."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy.orm import Session

from cloud.errors import Conflict, Invalid, NotFound
from cloud.identity.access import User
from cloud.identity.actions import audit
from cloud.manual import events, queries, schemas
from cloud.manual.events import LONGEST_MS
from cloud.manual.tables import ManualSheet
from cloud.plant import queries as plant
from cloud.plant.schemas import iso, ms_from_iso
from cloud.production.queries import operations_by_job

# Figures of longer ago stay as they were reported.
OLDEST_MS = 31 * 86_400_000

Span = dict[str, Any]


def fill_in(session: Session, wanted: schemas.SheetIn, user: User, now_ms: int) -> ManualSheet:
    """The new version of a sheet; the facts of the machine follow in the same transaction.

    Raises
    ------
    Invalid
        When times leave the sheet, lie after plant now or overlap, or a job does not run on this machine.
    NotFound
        When there is no such machine.
    Conflict
        When a signal tells what is entered of the machine, somebody else changed the sheet, or it overlaps
        another one.
    """
    plant.machine(session, wanted.machine)
    start_ms, end_ms = ms_from_iso(wanted.start, "start"), ms_from_iso(wanted.end, "end")
    if not max(0, now_ms - OLDEST_MS) <= start_ms < end_ms <= min(now_ms, start_ms + LONGEST_MS):
        raise _invalid(
            "start", "a sheet lies within the last 31 days, ends by plant now and is at most 24 hours long"
        )
    periods: list[Span] = [_span(each, "periods") | {"state": each.state} for each in wanted.periods]
    runs: list[Span] = [
        _span(each, "runs") | {"job": each.job, "good": each.good, "reject": each.reject}
        for each in wanted.runs
    ]
    _check_spans("periods", periods, (start_ms, end_ms))
    _check_spans("runs", runs, (start_ms, end_ms))
    _check_speechless(session, wanted.machine, (start_ms, end_ms), runs)
    _check_jobs(session, wanted.machine, runs)
    row = ManualSheet(
        machine=wanted.machine,
        start_ms=start_ms,
        end_ms=end_ms,
        version=wanted.replaces + 1,
        withdrawn=False,
        periods=periods,
        runs=runs,
        note=wanted.note.strip(),
        username=user.username,
        said_ms=now_ms,
    )
    return _keep(session, row, wanted.replaces, user)


def withdraw(session: Session, wanted: schemas.SheetRef, user: User, now_ms: int) -> ManualSheet:
    """The version by which a sheet tells nothing any more.

    Raises
    ------
    NotFound
        When there is no such sheet.
    Invalid
        When it is too old.
    Conflict
        When somebody else changed it meanwhile.
    """
    start_ms = ms_from_iso(wanted.start, "start")
    known = queries.versions(session, wanted.machine, start_ms)
    if not known or known[0].withdrawn:
        raise NotFound(f"{wanted.machine} has no sheet that begins at {wanted.start}.", code="no_such_sheet")
    if start_ms < now_ms - OLDEST_MS:
        raise _invalid("start", "a sheet that began more than 31 days ago stays as it is")
    row = ManualSheet(
        machine=wanted.machine,
        start_ms=start_ms,
        end_ms=known[0].end_ms,
        version=wanted.replaces + 1,
        withdrawn=True,
        periods=[],
        runs=[],
        note="",
        username=user.username,
        said_ms=now_ms,
    )
    return _keep(session, row, wanted.replaces, user)


def _keep(session: Session, row: ManualSheet, replaces: int, user: User) -> ManualSheet:
    around = (row.start_ms - LONGEST_MS, row.start_ms + LONGEST_MS + 1)
    sheets = {sheet.start_ms: sheet for sheet in queries.newest_sheets(session, row.machine, *around)}
    before = sheets.get(row.start_ms)
    newest = 0 if before is None else before.version
    if newest != replaces:
        raise Conflict(
            f"Version {newest} of this sheet holds, not {replaces}: look at it and try again.",
            code="sheet_changed",
        )
    for sheet in sheets.values():
        is_other = sheet.start_ms != row.start_ms and not (sheet.withdrawn or row.withdrawn)
        if is_other and sheet.start_ms < row.end_ms and row.start_ms < sheet.end_ms:
            raise Conflict(
                f"The sheet from {iso(sheet.start_ms)} to {iso(sheet.end_ms)} overlaps it.",
                code="sheet_overlaps",
            )
    session.add(row)
    session.flush()
    sheets[row.start_ms] = row
    until_ms = row.end_ms if before is None else max(row.end_ms, before.end_ms)
    changed = (row.start_ms, until_ms)
    events.tell(session, row.machine, [sheets[start] for start in sorted(sheets)], changed)
    detail = {"start": iso(row.start_ms), "version": row.version, "withdrawn": row.withdrawn}
    audit(session, user, "manual.sheet", f"machine/{row.machine}", detail)
    return row


def _check_speechless(session: Session, machine: str, window: tuple[int, int], runs: Sequence[Span]) -> None:
    """Nothing comes back; what a signal tells and people say too would count twice."""
    signals = queries.signals_of(plant.binding_versions(session), machine, *window)
    if "state" in signals:
        raise Conflict(
            f"{signals['state']} tells the state of {machine}: end that binding first.", code="machine_speaks"
        )
    for role, what in (("job", "job"), ("good", "good parts"), ("reject", "rejected parts")):
        if role in signals and any(run[role] for run in runs):
            raise Conflict(
                f"{signals[role]} tells the {what} of {machine} then: enter none, or end that binding first.",
                code="signal_tells_it",
            )


def _span(each: schemas.Period | schemas.RunIn, where: str) -> Span:
    return {"start_ms": ms_from_iso(each.start, where), "end_ms": ms_from_iso(each.end, where)}


def _check_spans(where: str, spans: Sequence[Span], within: tuple[int, int]) -> None:
    for span in spans:
        if not within[0] <= span["start_ms"] < span["end_ms"] <= within[1]:
            raise _invalid(where, f"{iso(span['start_ms'])} to {iso(span['end_ms'])} is not inside the sheet")
    for one, other in pairwise(spans):
        if other["start_ms"] < one["end_ms"]:
            raise _invalid(where, f"{iso(other['start_ms'])} is before the end of the one before")


def _check_jobs(session: Session, machine: str, runs: Sequence[Span]) -> None:
    wanted = {run["job"] for run in runs if run["job"]}
    known = operations_by_job(session, wanted)
    for job in sorted(wanted):
        if job not in known or known[job].machine != machine:
            raise _invalid("runs", f"job {job} is no released operation of {machine}")


def _invalid(where: str, message: str) -> Invalid:
    return Invalid(f"{where}: {message}", code="bad_sheet", errors=[{"where": where, "message": message}])
