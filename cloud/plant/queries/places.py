"""Where things stand: the site, its areas, lines, machines and readers."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud.errors import Invalid, NotFound
from cloud.plant import tables


@dataclass(frozen=True, slots=True)
class Names:
    """A name in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Site:
    """The plant; `timezone` is an IANA name, `origin_ms` the plant time at which live operation starts."""

    id: str
    name: Names
    timezone: str
    currency: str
    origin_ms: int


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine; stops shorter than `minor_stop_s` are minor stops."""

    id: str
    line: str
    sequence: int
    name: Names
    gateway: str
    protocol: str
    minor_stop_s: int


@dataclass(frozen=True, slots=True)
class Reader:
    """A tag reader; a unit passes it at most `max_transit_s` after it was made."""

    id: str
    line: str
    name: Names
    gateway: str
    protocol: str
    max_transit_s: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line; machines in the order of the flow, so `machines[-1]` is where units are counted."""

    id: str
    area: str
    name: Names
    machines: tuple[Machine, ...]
    readers: tuple[Reader, ...]


@dataclass(frozen=True, slots=True)
class Area:
    """An area with its lines."""

    id: str
    name: Names
    lines: tuple[Line, ...]


def names(row: tables.Named) -> Names:
    """The name of any named row."""
    return Names(row.name_zh, row.name_en)


def site(session: Session) -> Site:
    """The plant.

    Raises
    ------
    NotFound
        When no plant file has been loaded.
    """
    row = session.scalars(select(tables.Site).order_by(tables.Site.id)).first()
    if row is None:
        raise NotFound("No plant is loaded. Set TAKTLINE_PLANT_FILE and start again.", code="no_plant")
    return Site(row.id, names(row), row.timezone, row.currency, row.origin_ms)


def has_site(session: Session) -> bool:
    """Whether a plant is loaded."""
    return session.scalar(select(func.count()).select_from(tables.Site)) != 0


def machines(session: Session) -> list[Machine]:
    """All machines by line and place in the flow."""
    query = select(tables.Machine).join(tables.Line).order_by(tables.Line.place, tables.Machine.sequence)
    return [_machine(row) for row in session.scalars(query)]


def machine(session: Session, machine_id: str) -> Machine:
    """One machine; `NotFound` names it when it does not exist."""
    row = session.get(tables.Machine, machine_id)
    if row is None:
        raise NotFound(f"There is no machine {machine_id!r}.", code="no_such_machine")
    return _machine(row)


def machines_of(session: Session, scope: str) -> list[Machine]:
    """The machines of a scope: `site`, `line:ID` or `machine:ID`.

    Raises
    ------
    Invalid
        When the scope has another form; the accepted forms are named.
    NotFound
        When the plant has no such line or machine.
    """
    kind, _, name = scope.partition(":")
    if scope == "site":
        return machines(session)
    if kind == "machine" and name:
        return [machine(session, name)]
    if kind == "line" and name:
        if session.get(tables.Line, name) is None:
            raise NotFound(f"There is no line {name!r}.", code="no_such_line")
        return [machine for machine in machines(session) if machine.line == name]
    message = f"{scope!r} is not site, line:ID or machine:ID"
    raise Invalid(f"scope: {message}", errors=[{"where": "scope", "message": message}])


def readers(session: Session) -> list[Reader]:
    """All readers by line."""
    query = select(tables.Reader).join(tables.Line).order_by(tables.Line.place, tables.Reader.id)
    return [
        Reader(row.id, row.line_id, names(row), row.gateway, row.protocol, row.max_transit_s)
        for row in session.scalars(query)
    ]


def lines(session: Session) -> list[Line]:
    """All lines with machines and readers, in the plant file's order."""
    all_machines, all_readers = machines(session), readers(session)
    return [
        Line(
            row.id,
            row.area_id,
            names(row),
            tuple(machine for machine in all_machines if machine.line == row.id),
            tuple(reader for reader in all_readers if reader.line == row.id),
        )
        for row in session.scalars(select(tables.Line).order_by(tables.Line.place))
    ]


def areas(session: Session) -> list[Area]:
    """All areas with their lines, in the plant file's order."""
    all_lines = lines(session)
    return [
        Area(row.id, names(row), tuple(line for line in all_lines if line.area == row.id))
        for row in session.scalars(select(tables.Area).order_by(tables.Area.place))
    ]


def _machine(row: tables.Machine) -> Machine:
    return Machine(row.id, row.line_id, row.sequence, names(row), row.gateway, row.protocol, row.minor_stop_s)
