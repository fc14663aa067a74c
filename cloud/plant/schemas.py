"""What the API says about the plant: where things stand, what a signal means."""

from datetime import UTC, datetime, timedelta

from pydantic import BaseModel

from cloud.errors import Invalid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ISO_FORM = "an ISO 8601 time with a zone, for example 2026-03-02T08:00:00.000Z"


def iso(ms: int) -> str:
    """The time `ms` milliseconds after the Unix epoch as the API writes it: `2026-03-02T08:00:00.000Z`."""
    return (EPOCH + timedelta(milliseconds=ms)).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def iso_or_none(ms: int | None) -> str | None:
    """The time as the API writes it; null stays null."""
    return None if ms is None else iso(ms)


def ms_from_iso(text: str, where: str) -> int:
    """Milliseconds since the Unix epoch of an ISO time with zone; fractions of a millisecond are cut off.

    Raises
    ------
    Invalid
        Naming the field `where` and the accepted form.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        message = f"{text!r} is not {ISO_FORM}"
        raise Invalid(f"{where}: {message}", code="bad_time", errors=[{"where": where, "message": message}])
    return (moment - EPOCH) // timedelta(milliseconds=1)


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
