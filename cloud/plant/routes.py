"""The plant over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends

from cloud.db import Read
from cloud.identity.access import User, may
from cloud.plant import queries
from cloud.plant.access import Clock
from cloud.plant.schemas import (
    AreaOut,
    BindingOut,
    LineOut,
    MachineOut,
    Name,
    PlantOut,
    ReaderOut,
    iso,
    iso_or_none,
)

router = APIRouter(tags=["plant"])

MayReadPlant = Annotated[User, Depends(may("plant.read"))]


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
        speed=clock.speed,
        areas=[
            AreaOut(id=area.id, name=_name(area.name), lines=[_line(line) for line in area.lines])
            for area in queries.areas(session)
        ],
    )


@router.get("/bindings")
def list_bindings(session: Read, _user: MayReadPlant) -> list[BindingOut]:
    """What each bound tag means now."""
    return [
        BindingOut(
            id=row.id,
            tag=row.tag,
            role=row.role,
            machine=row.machine_id,
            reader=row.reader_id,
            code_map=row.code_map,
            version=row.version,
            valid_from=iso_or_none(row.valid_from_ms),
        )
        for row in queries.current_bindings(session)
    ]


def _name(names: queries.Names) -> Name:
    return Name(zh=names.zh, en=names.en)


def _line(line: queries.Line) -> LineOut:
    return LineOut(
        id=line.id,
        area=line.area,
        name=_name(line.name),
        machines=[
            MachineOut(
                id=machine.id,
                line=machine.line,
                sequence=machine.sequence,
                name=_name(machine.name),
                gateway=machine.gateway,
                protocol=machine.protocol,
                minor_stop_s=machine.minor_stop_s,
            )
            for machine in line.machines
        ],
        readers=[
            ReaderOut(id=reader.id, line=reader.line, name=_name(reader.name), gateway=reader.gateway)
            for reader in line.readers
        ],
    )
