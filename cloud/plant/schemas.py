"""What the API says about the plant: where things stand, what a signal means."""

from pydantic import BaseModel


class Name(BaseModel):
    """A name in both languages."""

    zh: str
    en: str


class MachineOut(BaseModel):
    """One machine of a line."""

    id: str
    line: str
    sequence: int
    name: Name
    gateway: str
    protocol: str
    minor_stop_s: int


class ReaderOut(BaseModel):
    """One tag reader at the end of a line."""

    id: str
    line: str
    name: Name
    gateway: str


class LineOut(BaseModel):
    """One production line with its machines in the order of the flow."""

    id: str
    area: str
    name: Name
    machines: list[MachineOut]
    readers: list[ReaderOut]


class AreaOut(BaseModel):
    """One area of the site."""

    id: str
    name: Name
    lines: list[LineOut]


class PlantOut(BaseModel):
    """The site with its areas, lines, machines and readers."""

    id: str
    name: Name
    timezone: str
    currency: str
    plant_now: str
    speed: float
    areas: list[AreaOut]


class BindingOut(BaseModel):
    """What one tag means: which machine or reader, which role, since when."""

    id: int
    tag: str
    role: str
    machine: str | None
    reader: str | None
    code_map: dict[str, str] | None
    version: int
    valid_from: str | None
