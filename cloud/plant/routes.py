"""The plant over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from cloud.db import Read, RowId, Tx
from cloud.identity.access import User, may
from cloud.plant import actions, queries
from cloud.plant.access import Clock
from cloud.plant.schemas import (
    AreaOut,
    BindingEnd,
    BindingIn,
    BindingOut,
    CalendarExceptionIn,
    CalendarExceptionOut,
    LineOut,
    MachineOut,
    MinorStopIn,
    Name,
    PlantOut,
    ReaderOut,
    ShiftOut,
    ShiftPatternIn,
    ShiftPatternOut,
    iso,
    iso_or_none,
    ms_from_iso,
)
from cloud.plant.tables import SignalBinding

router = APIRouter(tags=["plant"])

MayReadPlant = Annotated[User, Depends(may("plant.read"))]
MayWritePlant = Annotated[User, Depends(may("plant.write"))]
MaySetStandards = Annotated[User, Depends(may("oee.manage"))]
ShiftId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,59}$")]


@router.get("/plant")
def show_plant(session: Read, _user: MayReadPlant, clock: Clock) -> PlantOut:
    """The site with its areas, lines, machines and readers, and the plant's time."""
    site = queries.site(session)
    return PlantOut(
        id=site.id,
        name=_name(site.name),
        timezone=site.timezone,
        currency=site.currency,
        plant_now=iso(clock.now_ms()),
        speed=clock.pace(),
        areas=[
            AreaOut(id=area.id, name=_name(area.name), lines=[_line(line) for line in area.lines])
            for area in queries.areas(session)
        ],
    )


@router.put("/machines/{machine}/minor-stop")
def put_minor_stop(session: Tx, user: MaySetStandards, machine: str, wanted: MinorStopIn) -> MachineOut:
    """Say which stops of a machine are minor ones; figures of the past are reckoned anew, too."""
    return _machine(actions.set_minor_stop(session, machine, wanted.minor_stop_s, user))


@router.get("/calendar/shifts")
def list_shifts(
    session: Read,
    _user: MayReadPlant,
    start: Annotated[str, Query(description="ISO 8601 with zone.", max_length=40)],
    end: Annotated[str, Query(description="At most 31 days later.", max_length=40)],
) -> list[ShiftOut]:
    """The shifts that take place between two times, whole, the newest first."""
    return actions.shifts_that_take_place(session, ms_from_iso(start, "start"), ms_from_iso(end, "end"))


@router.get("/calendar/patterns")
def list_shift_patterns(session: Read, _user: MayReadPlant) -> list[ShiftPatternOut]:
    """The shifts of the week, each in all its versions."""
    return actions.shift_patterns(session)


@router.put("/calendar/patterns/{shift}")
def put_shift_pattern(
    session: Tx, user: MaySetStandards, clock: Clock, shift: ShiftId, wanted: ShiftPatternIn
) -> list[ShiftPatternOut]:
    """Say how a shift is from a day on, or that there is a new one; figures since then are reckoned anew."""
    actions.change_shift(session, shift, wanted, user, clock.now_ms())
    return actions.shift_patterns(session)


@router.delete("/calendar/patterns/{shift}/{day}")
def delete_shift_version(
    session: Tx, user: MaySetStandards, clock: Clock, shift: ShiftId, day: date
) -> list[ShiftPatternOut]:
    """Take a change of a shift back."""
    actions.withdraw_shift_version(session, shift, day, user, clock.now_ms())
    return actions.shift_patterns(session)


@router.get("/calendar/exceptions")
def list_calendar_exceptions(session: Read, _user: MayReadPlant) -> list[CalendarExceptionOut]:
    """The days that are otherwise than their weekday: holidays, overtime, extra shifts, planned stops."""
    return actions.calendar_exceptions(session)


@router.post("/calendar/exceptions", status_code=201)
def post_calendar_exception(
    session: Tx, user: MaySetStandards, clock: Clock, wanted: CalendarExceptionIn
) -> CalendarExceptionOut:
    """Say that a day is otherwise, or that machines are planned to stand; figures are reckoned anew."""
    return actions.add_calendar_exception(session, wanted, user, clock.now_ms())


@router.delete("/calendar/exceptions/{number}", status_code=204)
def delete_calendar_exception(session: Tx, user: MaySetStandards, clock: Clock, number: RowId) -> None:
    """Take an exception back."""
    actions.remove_calendar_exception(session, number, user, clock.now_ms())


@router.get("/bindings")
def list_bindings(session: Read, _user: MayReadPlant) -> list[BindingOut]:
    """What each bound tag means now."""
    return [_binding(row) for row in queries.current_bindings(session)]


@router.get("/bindings/versions")
def list_binding_versions(
    session: Read, _user: MayReadPlant, tag: Annotated[str, Query(max_length=300)]
) -> list[BindingOut]:
    """Every version of a tag's binding, the newest first."""
    return [_binding(row) for row in queries.versions_of(session, tag)]


@router.put("/bindings")
def change_binding(wanted: BindingIn, session: Tx, user: MayWritePlant) -> BindingOut:
    """What the tag means from now on; facts of its stored points are derived again within seconds."""
    return _binding(actions.change_binding(session, wanted, user))


@router.post("/bindings/end")
def end_binding(wanted: BindingEnd, session: Tx, user: MayWritePlant) -> BindingOut:
    """The version by which the tag means nothing any more; facts of its stored points go within seconds."""
    return _binding(actions.end_binding(session, wanted, user))


def _binding(row: SignalBinding) -> BindingOut:
    return BindingOut(
        id=row.id,
        tag=row.tag,
        role=row.role,
        machine=row.machine_id,
        reader=row.reader_id,
        code_map=row.code_map,
        version=row.version,
        valid_from=iso_or_none(row.valid_from_ms),
        retired=row.retired,
        modulus=row.modulus,
        jitter=row.jitter,
    )


def _name(names: queries.Names) -> Name:
    return Name(zh=names.zh, en=names.en)


def _line(line: queries.Line) -> LineOut:
    return LineOut(
        id=line.id,
        area=line.area,
        name=_name(line.name),
        machines=[_machine(machine) for machine in line.machines],
        readers=[
            ReaderOut(id=reader.id, line=reader.line, name=_name(reader.name), gateway=reader.gateway)
            for reader in line.readers
        ],
    )


def _machine(machine: queries.Machine) -> MachineOut:
    return MachineOut(
        id=machine.id,
        line=machine.line,
        sequence=machine.sequence,
        name=_name(machine.name),
        gateway=machine.gateway,
        protocol=machine.protocol,
        minor_stop_s=machine.minor_stop_s,
    )
