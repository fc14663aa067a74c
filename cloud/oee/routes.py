"""OEE over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from cloud.db import Read
from cloud.errors import Invalid
from cloud.identity.access import User, may
from cloud.oee import queries
from cloud.oee.schemas import OeeOut
from cloud.plant.access import Clock

router = APIRouter(tags=["oee"])

MayReadPlant = Annotated[User, Depends(may("plant.read"))]


@router.get("/oee")
def show_oee(  # noqa: PLR0917  FastAPI passes them by name
    session: Read,
    _user: MayReadPlant,
    clock: Clock,
    scope: Annotated[str, Query(description="`site`, `line:ID` or `machine:ID`.")] = "site",
    period: Annotated[
        str | None,
        Query(description="`shift`, `previous_shift`, `today` or `last_24h`; instead of start and end."),
    ] = None,
    start: Annotated[
        str | None, Query(description="ISO 8601 with zone; at most 31 days before the end.")
    ] = None,
    end: Annotated[str | None, Query(description="ISO 8601 with zone; capped at plant now.")] = None,
) -> OeeOut:
    """The OEE of a scope over a period or from start to end; by default over the running shift so far."""
    now_ms = clock.now_ms()
    return queries.oee(session, scope, _window(session, now_ms, period, start, end), now_ms)


def _window(
    session: Read, now_ms: int, period: str | None, start: str | None, end: str | None
) -> tuple[int, int]:
    if start is None and end is None:
        return queries.window_of_period(queries.calendar(session), period or "shift", now_ms)
    if period is not None or start is None or end is None:
        raise Invalid(
            f"Ask for a period ({', '.join(queries.PERIODS)}), or for both start and end, not for a mixture."
        )
    return queries.window_between(start, end, now_ms)
