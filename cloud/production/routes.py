"""Production over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from cloud.db import Read, RowId, Tx
from cloud.errors import Invalid
from cloud.identity.access import User, may
from cloud.plant.access import Clock
from cloud.plant.schemas import ms_from_iso
from cloud.production import actions, queries
from cloud.production.schemas import (
    CountByJob,
    IdealCycleIn,
    IdealCycleOut,
    LinkCounts,
    ReleaseRefused,
    ReworkIn,
    WorkOrderIn,
    WorkOrderOut,
    WorkOrdersIn,
    WorkOrdersReleased,
)

router = APIRouter(tags=["production"])

MayReadPlant = Annotated[User, Depends(may("plant.read"))]
Start = Annotated[str, Query(description="ISO 8601 with a zone; included")]
End = Annotated[str, Query(description="ISO 8601 with a zone; excluded")]


@router.post("/work-orders", status_code=201)
def release_work_order(
    order: WorkOrderIn, session: Tx, user: Annotated[User, Depends(may("work_orders.write"))], clock: Clock
) -> WorkOrderOut:
    """The work order as recorded; the same again is the same answer, anything else a conflict."""
    released = actions.release_work_order(session, order, user, clock.now_ms())
    return queries.work_orders_out(session, [released])[0]


@router.post("/work-orders/bulk")
def release_work_orders(
    wanted: WorkOrdersIn, session: Tx, user: Annotated[User, Depends(may("work_orders.write"))], clock: Clock
) -> WorkOrdersReleased:
    """What became of each of up to 500 releases; the same again is no error."""
    found = actions.release_work_orders(session, wanted.work_orders, user, clock.now_ms())
    return WorkOrdersReleased(
        released=found.released,
        unchanged=found.unchanged,
        refused=[
            ReleaseRefused(
                index=index,
                number=wanted.work_orders[index].number,
                code=refused.code,
                detail=refused.detail,
            )
            for index, refused in found.refused
        ],
    )


@router.put("/work-orders/{number}/rework")
def put_rework(
    number: RowId,
    wanted: ReworkIn,
    session: Tx,
    user: Annotated[User, Depends(may("work_orders.write"))],
) -> WorkOrderOut:
    """The work order; what is good of its jobs counts as reworked, or no longer, in all figures."""
    flagged = actions.flag_rework(session, number, user, is_rework=wanted.rework)
    return queries.work_orders_out(session, [flagged])[0]


@router.get("/production/ideal-cycles")
def list_ideal_cycles(session: Read, _user: MayReadPlant) -> list[IdealCycleOut]:
    """The ideal cycle of each product on each machine of its routing."""
    return queries.ideal_cycles(session)


@router.put("/production/ideal-cycles")
def put_ideal_cycle(
    wanted: IdealCycleIn, session: Tx, user: Annotated[User, Depends(may("oee.manage"))]
) -> list[IdealCycleOut]:
    """All ideal cycles after one was changed; figures of jobs that ran are reckoned anew when it says so."""
    actions.set_ideal_cycle(session, wanted, user)
    return queries.ideal_cycles(session)


@router.get("/production/counts-by-job")
def count_by_job(session: Read, _user: MayReadPlant, start: Start, end: End) -> list[CountByJob]:
    """Parts counted in [start, end) by machine and job number, with the order they were linked to."""
    return [
        CountByJob(
            machine=count.machine,
            job=count.job,
            order=count.order,
            line=count.line,
            good=count.good,
            rejected=count.rejected,
        )
        for count in queries.counts_by_job(session, *_window(start, end))
    ]


@router.get("/production/link-counts")
def count_links(session: Read, _user: MayReadPlant, start: Start, end: End) -> LinkCounts:
    """Parts counted in [start, end) with and without an operation."""
    links = queries.link_counts(session, *_window(start, end))
    return LinkCounts(linked=links.linked, unlinked=links.unlinked, ambiguous=links.ambiguous)


def _window(start: str, end: str) -> tuple[int, int]:
    window = ms_from_iso(start, "start"), ms_from_iso(end, "end")
    if window[0] > window[1]:
        raise Invalid(f"end: {end} lies before start {start}", code="bad_window")
    return window
