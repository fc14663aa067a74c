"""OEE over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.orm import Session

from cloud.db import Read, RowId, Tx
from cloud.errors import Invalid
from cloud.identity.access import User, may
from cloud.oee import actions, queries
from cloud.oee.access import SharedMoments
from cloud.oee.schemas import (
    LineFlowIn,
    LineFlowOut,
    OeeExplained,
    OeeOut,
    ScrapIn,
    ScrapOut,
    TargetIn,
    TargetOut,
)
from cloud.plant import queries as plant
from cloud.plant.access import Clock
from cloud.plant.schemas import ms_from_iso

router = APIRouter(tags=["oee"])

MayReadPlant = Annotated[User, Depends(may("plant.read"))]


MaySetStandards = Annotated[User, Depends(may("oee.manage"))]
MayChargeScrap = Annotated[User, Depends(may("scrap.charge"))]
Since = Annotated[str, Query(alias="from", description="ISO 8601 with zone.")]
Until = Annotated[str, Query(description="ISO 8601 with zone.")]
From = Annotated[str | None, Query(alias="from", description="ISO 8601 with zone; `start` means the same.")]
To = Annotated[
    str | None, Query(alias="to", description="ISO 8601 with zone, capped at plant now; as `end`.")
]


@router.get("/oee", response_model=OeeOut)
async def show_oee(  # noqa: PLR0913, PLR0917  FastAPI passes them by name
    _user: MayReadPlant,
    moments: SharedMoments,
    scope: Annotated[str, Query(description="`site`, `line:ID` or `machine:ID`.")] = "site",
    period: Annotated[
        str | None,
        Query(description="`shift`, `previous_shift`, `today` or `last_24h`; instead of start and end."),
    ] = None,
    start: Annotated[
        str | None, Query(description="ISO 8601 with zone; at most 31 days before the end, by groups 100.")
    ] = None,
    end: Annotated[str | None, Query(description="ISO 8601 with zone; capped at plant now.")] = None,
    from_: From = None,
    to: To = None,
    by: Annotated[
        str | None,
        Query(
            description="`hour`, `shift`, `day`, `week`, `machine`, `line`, `product`: the answer has groups."
        ),
    ] = None,
    policy: Annotated[str, Query(description="`iso22400`, `vorne` or `point85`.")] = "iso22400",
) -> Response:
    """The OEE of a scope over a period or from start to end; by default over the running shift so far.

    What machines have told in the last real second may be missing in a figure that reaches up to now; what
    people have changed is in it.
    """
    ends = (start or from_, end or to)
    question = ("oee", scope, period, *ends, by, policy)
    is_over = any(ends) or period == "previous_shift"

    def look(session: Session, now_ms: int) -> OeeOut:
        most_days = queries.LONGEST_DAYS_OF_TOTALS if by not in {None, "hour"} else queries.LONGEST_DAYS
        window = _window(session, now_ms, period, ends, most_days)
        if by is not None:
            return queries.oee_by(session, scope, window, by, now_ms, policy=queries.policy_named(policy))
        return queries.oee(session, scope, window, now_ms, policy=queries.policy_named(policy))

    return Response(await moments.answer(question, look, exact=is_over), media_type="application/json")


@router.get("/oee/explain")
def explain_oee(  # noqa: PLR0917  FastAPI passes them by name
    session: Read,
    _user: MayReadPlant,
    clock: Clock,
    scope: Annotated[str, Query(description="`machine:ID`.")],
    from_: Since,
    to: Until,
    policy: Annotated[str, Query(description="`iso22400`, `vorne` or `point85`.")] = "iso22400",
    events: Annotated[int, Query(ge=0, le=100_000, description="At most so many raw readings.")] = 5_000,
) -> OeeExplained:
    """What one machine's figure was made of, down to the raw readings by their identity in the store."""
    now_ms = clock.now_ms()
    window = queries.window_between(from_, to, now_ms)
    chosen = queries.policy_named(policy)
    return queries.explain(session, scope, window, now_ms, policy=chosen, most_events=events)


@router.get("/oee/targets")
def list_targets(session: Read, _user: MayReadPlant) -> list[TargetOut]:
    """What scopes aim at."""
    return queries.Targets(session).all


@router.put("/oee/targets/{scope}")
def put_target(session: Tx, user: MaySetStandards, clock: Clock, scope: str, wanted: TargetIn) -> TargetOut:
    """Set what a scope aims at; without any figure the target is taken away."""
    return actions.set_target(session, scope, wanted, user, clock.now_ms())


@router.get("/oee/lines")
def list_line_flows(session: Read, _user: MayReadPlant) -> list[LineFlowOut]:
    """How each line flows: which of its machines are one station, and which station people named."""
    return queries.line_flows(session)


@router.put("/oee/lines/{line}")
def put_line_flow(session: Tx, user: MaySetStandards, line: str, wanted: LineFlowIn) -> LineFlowIn:
    """Say which machines of a line work in parallel and which station decides what it makes."""
    return actions.set_line_flow(session, line, wanted, user)


@router.get("/oee/scrap")
def list_scrap(session: Read, _user: MayReadPlant, scope: str, from_: Since, to: Until) -> list[ScrapOut]:
    """What was charged to the machines of a scope, by the time it arose."""
    window = (ms_from_iso(from_, "from"), ms_from_iso(to, "to"))
    return queries.charges(session, [each.id for each in plant.machines_of(session, scope)], window)


@router.post("/oee/scrap", status_code=201)
def post_scrap(session: Tx, user: MayChargeScrap, clock: Clock, wanted: ScrapIn) -> ScrapOut:
    """Charge scrap found downstream or later to the machine and the time it arose."""
    return actions.charge_scrap(session, wanted, user, clock.now_ms())


@router.post("/oee/scrap/{number}/withdraw")
def post_scrap_withdrawal(session: Tx, user: MayChargeScrap, clock: Clock, number: RowId) -> ScrapOut:
    """Take a charge back: its parts are good again."""
    return actions.withdraw_scrap(session, number, user, clock.now_ms())


def _window(
    session: Session, now_ms: int, period: str | None, ends: tuple[str | None, str | None], most_days: int
) -> tuple[int, int]:
    start, end = ends
    if start is None and end is None:
        return queries.window_of_period(queries.calendar(session), period or "shift", now_ms)
    if period is not None or start is None or end is None:
        raise Invalid(
            f"Ask for a period ({', '.join(queries.PERIODS)}), or for both start and end, not for a mixture."
        )
    return queries.window_between(start, end, now_ms, most_days)
