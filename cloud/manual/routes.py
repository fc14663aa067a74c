"""Manual entry over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from cloud.db import Read, Tx
from cloud.identity.access import User, may
from cloud.manual import actions, queries, schemas
from cloud.plant.access import Clock
from cloud.plant.schemas import ms_from_iso

router = APIRouter(prefix="/manual", tags=["manual entry"])

MayRead = Annotated[User, Depends(may("plant.read"))]
MayEnter = Annotated[User, Depends(may("manual.enter"))]
Machine = Annotated[str, Query(max_length=60)]
Time = Annotated[str, Query(description="ISO 8601 with zone.", max_length=40)]


@router.get("/machines")
def list_manual_machines(session: Read, _user: MayRead) -> list[schemas.ManualMachine]:
    """The machines whose state no signal tells."""
    return queries.manual_machines(session)


@router.get("/sheets")
def list_sheets(
    session: Read, _user: MayRead, machine: Machine, start: Time, end: Time
) -> list[schemas.SheetOut]:
    """The sheets of a machine that begin in a window, in the version that holds, by start."""
    since, until = ms_from_iso(start, "start"), ms_from_iso(end, "end")
    return [queries.sheet_out(row) for row in queries.newest_sheets(session, machine, since, until)]


@router.get("/sheets/versions")
def list_sheet_versions(
    session: Read, _user: MayRead, machine: Machine, start: Time
) -> list[schemas.SheetOut]:
    """Every version of a sheet with who said it, the newest first."""
    return [queries.sheet_out(row) for row in queries.versions(session, machine, ms_from_iso(start, "start"))]


@router.put("/sheets")
def fill_in_sheet(wanted: schemas.SheetIn, session: Tx, user: MayEnter, clock: Clock) -> schemas.SheetOut:
    """What the machine did; OEE, stops and orders follow as if its PLC had said it."""
    return queries.sheet_out(actions.fill_in(session, wanted, user, clock.now_ms()))


@router.post("/sheets/withdraw")
def withdraw_sheet(wanted: schemas.SheetRef, session: Tx, user: MayEnter, clock: Clock) -> schemas.SheetOut:
    """The sheet tells nothing any more; its time is unobserved again."""
    return queries.sheet_out(actions.withdraw(session, wanted, user, clock.now_ms()))
