"""Tells facts from a sheet as if a machine had said them: as signals, which the deriver reads."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final, get_args

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.derive import FactMaker
from cloud.ingest.tables import SignalFact
from cloud.manual.queries import signals_of
from cloud.manual.tables import ManualSheet
from cloud.plant import queries as plant
from cloud.plant.queries import Binding
from cloud.plant.schemas import MachineState
from cloud.timeseries.store import BAD, GOOD, REBOUND, SignalRow
from models.oee.shifts import plan_of
from models.oee.timeline import Interval, intersect, length_ms
from models.production.counts import BEGINS
from wire.coverage import OBSERVED_SINCE

Span = dict[str, Any]

_NOTHING: Final = 0
STATES: Final = dict(enumerate(get_args(MachineState), 1))
_CODES: Final = {str(code): state for code, state in STATES.items()} | {str(_NOTHING): "unobserved"}
_CODE_OF: Final = {state: code for code, state in STATES.items()}
LONGEST_MS: Final = 24 * 3_600_000  # of a sheet; what changes in one is announced as one window
# How finely parts are laid over the time in which they were made.
STEP_MS: Final = 15 * 60_000
COUNTERS: Final = ("good", "reject")
_ROLES: Final = ("state", "job", *COUNTERS, OBSERVED_SINCE)


def tell(session: Session, machine: str, sheets: Sequence[ManualSheet], changed: tuple[int, int]) -> None:
    """Nothing comes back; the facts of a machine are those of its sheets, and what changed is announced.

    Each sheet has counters of its own, which begin at zero with it: no other sheet's counts move.

    Parameters
    ----------
    session
        The transaction that keeps the sheet.
    machine
        Whose sheets.
    sheets
        The newest versions by start, withdrawn ones among them: all that begin within the length of the
        longest sheet before and after the changed one.
    changed
        Start of the sheet that changed, and the later end of what it was and is.
    """
    stream = _stream(machine)
    known = _told(session, machine, [sheet.start_ms for sheet in sheets])
    rows: list[SignalRow] = []
    shifts, bound = plant.calendar(session), plant.binding_versions(session)
    live = [sheet for sheet in sheets if not sheet.withdrawn]
    starts = {sheet.start_ms for sheet in live}
    for sheet in sheets:
        if not _hangs_on(sheet, changed):
            continue
        if sheet.withdrawn and any(other.start_ms < sheet.start_ms < other.end_ms for other in live):
            said = []  # another sheet tells this time now
        else:
            planned = plan_of(shifts, machine, sheet.start_ms, sheet.end_ms).planned
            signals = signals_of(bound, machine, sheet.start_ms, sheet.end_ms)
            said = [
                each
                for each in _said(sheet, planned, ends_open=sheet.end_ms in starts)
                if each[0] not in signals  # a signal tells it: not even that it is nothing
            ]
        gone = known.get(sheet.start_ms, 0) - len(said)
        told_now = [*((each, GOOD) for each in said), *[(("state", sheet.start_ms, _NOTHING), BAD)] * gone]
        begun: set[str] = set()
        for place, ((role, ts_ms, value), quality) in enumerate(told_now):
            identity = (stream, sheet.start_ms, place, _tag(machine, role), REBOUND, machine)
            text = BEGINS if role in COUNTERS and role not in begun else None
            begun.add(role)
            rows.append(SignalRow(*identity, ts_ms, float(value), text, quality))
    bindings = {_tag(machine, role): (_binding(machine, role),) for role in _ROLES}
    FactMaker(lambda: bindings, BadInputLog()).derive(session, rows, apart_ms=LONGEST_MS)


def _hangs_on(sheet: ManualSheet, changed: tuple[int, int]) -> bool:
    """Whether what a sheet says may differ now: it is the changed one, touches it, or lies under it."""
    since_ms, until_ms = changed
    if sheet.withdrawn:
        return since_ms <= sheet.start_ms < until_ms
    return since_ms in {sheet.start_ms, sheet.end_ms}


def _told(session: Session, machine: str, starts: Sequence[int]) -> dict[int, int]:
    """How many signals sheets of a machine have made by their start: one more than the last place in use."""
    query = (
        select(SignalFact.position, func.max(SignalFact.ord))
        .where(
            SignalFact.kind.in_(("state", "job", *COUNTERS)),  # the unique index begins with it
            SignalFact.stream == _stream(machine),
            SignalFact.position.in_(starts),
        )
        .group_by(SignalFact.position)
    )
    return {start_ms: last + 1 for start_ms, last in session.execute(query)}


def _stream(machine: str) -> str:
    return hashlib.sha256(f"manual/{machine}".encode()).hexdigest()[:32]


def _said(sheet: ManualSheet, planned: Sequence[Interval], *, ends_open: bool) -> list[tuple[str, int, int]]:
    """Role, plant ms and value of each signal; `ends_open`: another sheet goes on where this one ends."""
    if sheet.withdrawn:
        return [("state", sheet.start_ms, _NOTHING), ("job", sheet.start_ms, 0)]
    said = _ended(sheet)
    since = sheet.start_ms
    for at, period in enumerate(sheet.periods):
        said.append(("state", period["start_ms"], _CODE_OF[period["state"]]))
        follows = at + 1 < len(sheet.periods) and sheet.periods[at + 1]["start_ms"] == period["end_ms"]
        if at == 0 or sheet.periods[at - 1]["end_ms"] != period["start_ms"]:
            since = period["start_ms"]
        if not follows:
            said.append((OBSERVED_SINCE, period["end_ms"], since))
            if not (ends_open and period["end_ms"] == sheet.end_ms):
                said.append(("state", period["end_ms"], _NOTHING))
    counts = dict.fromkeys(COUNTERS, 0)
    for at, run in enumerate(sheet.runs):
        said.append(("job", run["start_ms"], run["job"]))
        for counter, before in counts.items():
            said.append((counter, run["start_ms"], before))
            said += [
                (counter, ts_ms, before + made) for ts_ms, made in _made(run, counter, sheet.periods, planned)
            ]
            counts[counter] = before + run[counter]
        follows = at + 1 < len(sheet.runs) and sheet.runs[at + 1]["start_ms"] == run["end_ms"]
        if not follows and not (ends_open and run["end_ms"] == sheet.end_ms):
            said.append(("job", run["end_ms"], 0))
    return said


def _ended(sheet: ManualSheet) -> list[tuple[str, int, int]]:
    """What ends what the sheet before left open, where this one does not begin with something of its own."""
    return [
        (role, sheet.start_ms, _NOTHING)
        for role, spans in (("state", sheet.periods), ("job", sheet.runs))
        if not spans or spans[0]["start_ms"] > sheet.start_ms
    ]


def _made(
    run: Span, counter: str, periods: Sequence[Span], planned: Sequence[Interval]
) -> list[tuple[int, int]]:
    """When (plant ms) how many parts of a run had been made, wherever it changes.

    Nobody wrote down when each part was made: an even pace is taken over the planned time in which it ran.
    """
    whole = [(run["start_ms"], run["end_ms"])]
    ran = [(each["start_ms"], each["end_ms"]) for each in periods if each["state"] == "running"]
    made_in = intersect(intersect(whole, ran), planned) or intersect(whole, ran) or whole
    total, done, told, found = length_ms(made_in), 0, 0, []
    for since, until in made_in:
        for start in range(since, until, STEP_MS):
            end = min(start + STEP_MS, until)
            done += end - start
            made = round(run[counter] * done / total)
            if made > told:
                # Just before the end: what is counted when the next job has begun would be anybody's guess.
                found.append((end - 1, made))
                told = made
    return found


def _tag(machine: str, role: str) -> str:
    return f"manual/entry/{machine}/{role}"


def _binding(machine: str, role: str) -> Binding:
    return Binding(
        tag=_tag(machine, role),
        role=role,
        source=machine,
        kind="machine",
        code_map=_CODES if role == "state" else None,
        version=1,
        valid_from_ms=None,
        retired=False,
    )
