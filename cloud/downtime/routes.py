"""Stops and their reasons over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from cloud.db import Read, RowId, Tx
from cloud.downtime import actions, queries, schemas
from cloud.errors import Invalid
from cloud.identity.access import User, may
from cloud.plant.access import Clock
from cloud.plant.schemas import LossCategory, ms_from_iso

router = APIRouter(tags=["downtime"])

LONGEST_MS = 31 * 86_400_000

MayRead = Annotated[User, Depends(may("plant.read"))]
MayAssign = Annotated[User, Depends(may("downtime.assign"))]
MayManage = Annotated[User, Depends(may("downtime.manage"))]

Scope = Annotated[str, Query(description="`site`, `line:ID` or `machine:ID`.", max_length=80)]
Start = Annotated[
    str, Query(description="ISO 8601 with zone; at most 31 days before the end.", max_length=40)
]
End = Annotated[str, Query(description="ISO 8601 with zone; capped at plant now.", max_length=40)]
Machine = Annotated[str, Query(max_length=60)]


def _window(start: str, end: str, now_ms: int) -> tuple[int, int]:
    start_ms, end_ms = ms_from_iso(start, "start"), min(ms_from_iso(end, "end"), now_ms)
    if not 0 <= start_ms < end_ms <= start_ms + LONGEST_MS:
        message = (
            "it must lie before the end and before plant now, after 1970, at most 31 days before the end"
        )
        raise Invalid(f"start: {message}", errors=[{"where": "start", "message": message}])
    return start_ms, end_ms


@router.get("/downtime")
def list_stops(  # noqa: PLR0913, PLR0917  FastAPI passes them by name
    session: Read,
    _user: MayRead,
    clock: Clock,
    start: Start,
    end: End,
    scope: Scope = "site",
    min_s: Annotated[float | None, Query(ge=0)] = None,
    state: Annotated[str | None, Query(max_length=30)] = None,
    reason: Annotated[str | None, Query(description="A reason, a group, `unassigned` or `assigned`.")] = None,
    category: Annotated[LossCategory | None, Query(description="The loss that a stop counts as.")] = None,
    after: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> schemas.DowntimePage:
    """The stops that overlap a window, newest first; minor stops in groups."""
    now_ms = clock.now_ms()
    wanted = queries.StopFilter(min_s, state, reason, category)
    window = _window(start, end, now_ms)
    return queries.downtime_page(session, scope, window, now_ms, wanted=wanted, limit=limit, after=after)


@router.get("/downtime/pareto")
def show_pareto(  # noqa: PLR0917
    session: Read,
    _user: MayRead,
    clock: Clock,
    start: Start,
    end: End,
    scope: Scope = "site",
    by: queries.By = "reason",
    measure: queries.Measure = "minutes",
) -> schemas.ParetoOut:
    """The stops of a window summed up, greatest first."""
    now_ms = clock.now_ms()
    window = _window(start, end, now_ms)
    return queries.pareto(session, scope, window, now_ms, by=by, measure=measure)


@router.get("/downtime/corrections")
def list_corrections(
    session: Read, _user: MayRead, clock: Clock, start: Start, end: End, scope: Scope = "site"
) -> list[schemas.CorrectionOut]:
    """What was said about the stops of a window, and what became of it."""
    now_ms = clock.now_ms()
    return queries.corrections_out(session, scope, _window(start, end, now_ms), now_ms)


@router.get("/downtime/history")
def list_changes(
    session: Read, _user: MayRead, clock: Clock, machine: Machine, start: Start, end: End
) -> list[schemas.ChangeOut]:
    """Who changed what about the stops of a machine, with before and after, the newest first."""
    now_ms = clock.now_ms()
    return queries.changes_out(session, machine, _window(start, end, now_ms), now_ms)


@router.post("/downtime/assign")
def assign_reason(
    wanted: schemas.AssignIn, session: Tx, user: MayAssign, clock: Clock
) -> schemas.CorrectionsOut:
    """Gives one or many stops a reason; all or none of them."""
    return schemas.CorrectionsOut(numbers=actions.assign(session, wanted, user, clock.now_ms()))


@router.post("/downtime/split")
def split_stop(wanted: schemas.SplitIn, session: Tx, user: MayAssign, clock: Clock) -> schemas.CorrectionsOut:
    """Cuts a stop in two."""
    return schemas.CorrectionsOut(numbers=actions.split(session, wanted, user, clock.now_ms()))


@router.post("/downtime/merge")
def merge_stops(
    wanted: schemas.MergeIn, session: Tx, user: MayAssign, clock: Clock
) -> schemas.CorrectionsOut:
    """Makes one stop of neighbours."""
    return schemas.CorrectionsOut(numbers=actions.merge(session, wanted, user, clock.now_ms()))


@router.post("/downtime/notes")
def note_stop(wanted: schemas.NoteIn, session: Tx, user: MayAssign, clock: Clock) -> schemas.CorrectionsOut:
    """Keeps a note about a stop."""
    return schemas.CorrectionsOut(numbers=actions.note(session, wanted, user, clock.now_ms()))


@router.post("/downtime/corrections/{number}/withdraw", status_code=204)
def withdraw_correction(number: RowId, session: Tx, user: MayAssign, clock: Clock) -> None:
    """The correction no longer counts."""
    actions.withdraw(session, number, user, clock.now_ms())


@router.get("/downtime/reasons")
def list_reasons(session: Read, _user: MayRead) -> list[schemas.ReasonOut]:
    """The tree of reasons, parents before their children."""
    return queries.reasons_out(session)


@router.post("/downtime/reasons")
def add_reason(wanted: schemas.NewReasonIn, session: Tx, user: MayManage) -> schemas.ReasonOut:
    """A new reason."""
    row = actions.add_reason(session, wanted, user)
    return queries.reason_out(queries.tree(session), row)


@router.put("/downtime/reasons/order")
def order_reasons(wanted: schemas.ReasonOrderIn, session: Tx, user: MayManage) -> list[schemas.ReasonOut]:
    """The tree with the reasons below a group in another order."""
    actions.order_reasons(session, wanted, user)
    return queries.reasons_out(session)


@router.put("/downtime/reasons/{reason}")
def change_reason(
    reason: str, wanted: schemas.ReasonIn, session: Tx, user: MayManage, clock: Clock
) -> schemas.ReasonOut:
    """The reason as it is from now on; reasons are never deleted, they become inactive."""
    row = actions.change_reason(session, reason, wanted, user, clock.now_ms())
    return queries.reason_out(queries.tree(session), row)


@router.get("/downtime/reasons/recent")
def list_recent_reasons(
    session: Read, _user: MayRead, machine: Machine, limit: Annotated[int, Query(ge=1, le=50)] = 8
) -> list[str]:
    """The reasons that people gave on a machine, the one given last first."""
    return queries.recent_reasons(session, machine, limit)


@router.get("/downtime/codes")
def list_codes(session: Read, _user: MayRead, clock: Clock) -> list[schemas.CodesOut]:
    """What the reason codes of each PLC mean, and which came without a meaning."""
    return queries.codes_out(session, clock.now_ms())


@router.put("/downtime/codes")
def change_codes(wanted: schemas.CodesIn, session: Tx, user: MayManage, clock: Clock) -> schemas.CodesOut:
    """What the codes mean from then on; reasons of stored stops follow within seconds."""
    return queries.code_out(session, actions.change_codes(session, wanted, user), clock.now_ms())


@router.get("/downtime/rules")
def list_rules(session: Read, _user: MayRead) -> list[schemas.RuleOut]:
    """The rules in the order in which they are asked."""
    return [queries.rule_out(row) for row in queries.rule_rows(session)]


@router.post("/downtime/rules")
def add_rule(wanted: schemas.RuleIn, session: Tx, user: MayManage, clock: Clock) -> schemas.RuleOut:
    """A new rule, asked last."""
    return queries.rule_out(actions.add_rule(session, wanted, user, clock.now_ms()))


@router.put("/downtime/rules/order")
def order_rules(
    wanted: schemas.RuleOrderIn, session: Tx, user: MayManage, clock: Clock
) -> list[schemas.RuleOut]:
    """The rules in their new order."""
    actions.order_rules(session, wanted, user, clock.now_ms())
    return [queries.rule_out(row) for row in queries.rule_rows(session)]


@router.post("/downtime/rules/preview")
def preview_rule(
    wanted: schemas.PreviewIn, session: Read, _user: MayManage, clock: Clock
) -> schemas.PreviewOut:
    """What a rule would do to the stops of a window; nothing is kept."""
    now_ms = clock.now_ms()
    window = _window(wanted.start, wanted.end, now_ms)
    draft = actions.draft_rule(session, wanted.rule)
    return queries.preview(session, draft, wanted.replaces, window, now_ms)


@router.put("/downtime/rules/{rule}")
def change_rule(
    rule: RowId, wanted: schemas.RuleIn, session: Tx, user: MayManage, clock: Clock
) -> schemas.RuleOut:
    """The rule as it is from now on."""
    return queries.rule_out(actions.change_rule(session, rule, wanted, user, clock.now_ms()))
