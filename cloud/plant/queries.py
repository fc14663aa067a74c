"""What other slices ask about the plant."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from cloud.errors import Invalid, NotFound
from cloud.plant import tables
from models.oee.shifts import Calendar, DayException, ShiftPattern

EVER_MS = 1 << 62  # later than any plant time
COUNTER_ROLES = ("good", "reject", "rework")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


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


@dataclass(frozen=True, slots=True)
class Break:
    """A break in local wall-clock time."""

    start: time
    end: time
    name: Names


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift pattern in local wall-clock time; `weekdays` (0 = Monday) on which it starts."""

    id: str
    name: Names
    start: time
    end: time
    weekdays: frozenset[int]
    breaks: tuple[Break, ...]


@dataclass(frozen=True, slots=True)
class RoutingStep:
    """One operation of a routing; `ideal_cycle_s` seconds per part."""

    operation: int
    machine: str
    ideal_cycle_s: float


@dataclass(frozen=True, slots=True)
class BomLine:
    """How much of an item one piece takes."""

    item: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Product:
    """A product; `price_minor` per piece in minor units of the site's currency; routing by operation."""

    id: str
    name: Names
    gtin: str
    line: str
    price_minor: int
    routing: tuple[RoutingStep, ...]
    bom: tuple[BomLine, ...]


@dataclass(frozen=True, slots=True)
class Binding:
    """What a tag means: its role at the machine or reader `source`; `code_map` translates state numbers.

    `modulus` and `jitter` are declared of counters; see `models.production.counters.CounterRule`.

    A version holds for points from `valid_from_ms` on (plant time; None = since ever) until a newer one does;
    a retired one says that the tag means nothing from then on.
    """

    tag: str
    role: str
    source: str
    kind: Literal["machine", "reader"]
    code_map: Mapping[str, str] | None
    version: int
    valid_from_ms: int | None = None
    retired: bool = False
    modulus: int | None = None
    jitter: int | None = None


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


def shifts(session: Session) -> list[Shift]:
    """All shift patterns, in the plant file's order."""
    breaks: dict[str, list[Break]] = {}
    for row in session.scalars(select(tables.ShiftBreak).order_by(tables.ShiftBreak.place)):
        pause = Break(time.fromisoformat(row.start), time.fromisoformat(row.end), names(row))
        breaks.setdefault(row.shift_id, []).append(pause)
    return [
        Shift(
            id=row.id,
            name=names(row),
            start=time.fromisoformat(row.start),
            end=time.fromisoformat(row.end),
            weekdays=frozenset(WEEKDAYS.index(day) for day in row.days),
            breaks=tuple(breaks.get(row.id, ())),
        )
        for row in session.scalars(select(tables.Shift).order_by(tables.Shift.place))
    ]


def calendar(session: Session) -> Calendar:
    """The shift calendar as `models.oee.shifts` takes it."""
    patterns = tuple(
        ShiftPattern(
            id=shift.id,
            start=shift.start,
            end=shift.end,
            weekdays=shift.weekdays,
            breaks=tuple((pause.start, pause.end) for pause in shift.breaks),
        )
        for shift in shifts(session)
    )
    return Calendar(ZoneInfo(site(session).timezone), patterns, tuple(_exceptions(session)))


def _exceptions(session: Session) -> Iterator[DayException]:
    for row in session.scalars(select(tables.CalendarException).order_by(tables.CalendarException.id)):
        kind: Any = row.kind
        start, end = (None if at is None else time.fromisoformat(at) for at in (row.start, row.end))
        yield DayException(date.fromisoformat(row.day), kind, row.shift, start, end)


def products(session: Session, ids: Iterable[str] | None = None) -> dict[str, Product]:
    """Products by id, all or those of `ids` that exist, each with routing and bill of material."""
    wanted = None if ids is None else set(ids)

    def among(column: InstrumentedAttribute[str]) -> ColumnElement[bool]:
        return true() if wanted is None else column.in_(wanted)

    products = select(tables.Product).where(among(tables.Product.id)).order_by(tables.Product.id)
    steps: dict[str, list[RoutingStep]] = {}
    routings = select(tables.RoutingStep).where(among(tables.RoutingStep.product_id))
    for step in session.scalars(routings.order_by(tables.RoutingStep.operation)):
        routing_step = RoutingStep(step.operation, step.machine_id, step.ideal_cycle_s)
        steps.setdefault(step.product_id, []).append(routing_step)
    boms: dict[str, list[BomLine]] = {}
    bills = select(tables.BomLine).where(among(tables.BomLine.product_id))
    for line in session.scalars(bills.order_by(tables.BomLine.item_id)):
        boms.setdefault(line.product_id, []).append(BomLine(line.item_id, line.quantity))
    return {
        row.id: Product(
            id=row.id,
            name=names(row),
            gtin=row.gtin,
            line=row.line_id,
            price_minor=row.price_minor,
            routing=tuple(steps.get(row.id, ())),
            bom=tuple(boms.get(row.id, ())),
        )
        for row in session.scalars(products)
    }


def product(session: Session, product_id: str) -> Product:
    """One product; `NotFound` names it when it does not exist."""
    found = products(session, [product_id])
    if not found:
        raise NotFound(f"There is no product {product_id!r}.", code="no_such_product")
    return found[product_id]


def current_bindings(session: Session) -> list[tables.SignalBinding]:
    """The rows that hold now: the newest version of each tag, without retired ones, by tag."""
    binding = tables.SignalBinding
    newest = select(binding.tag, func.max(binding.version).label("version")).group_by(binding.tag).subquery()
    query = (
        select(binding)
        .join(newest, (newest.c.tag == binding.tag) & (newest.c.version == binding.version))
        .where(~binding.retired)
        .order_by(binding.tag)
    )
    return list(session.scalars(query))


def bindings(session: Session) -> dict[str, Binding]:
    """What each bound tag means now, by tag `group/node/device/metric`."""
    return {row.tag: _binding(row) for row in current_bindings(session)}


def versions_of(session: Session, tag: str) -> list[tables.SignalBinding]:
    """Every version of a tag's binding, the newest first."""
    query = select(tables.SignalBinding).where(tables.SignalBinding.tag == tag)
    return list(session.scalars(query.order_by(tables.SignalBinding.version.desc())))


def binding_versions(session: Session) -> dict[str, tuple[Binding, ...]]:
    """The versions that hold at some time, by tag, the newest first: ask `meaning_at` for one of them.

    One that a newer version replaces from its very beginning holds at no time and is left out.
    """
    found: dict[str, tuple[Binding, ...]] = {}
    query = select(tables.SignalBinding).order_by(
        tables.SignalBinding.tag, tables.SignalBinding.version.desc()
    )
    for row in session.scalars(query):
        newer = found.get(row.tag, ())
        until_ms = newer[-1].valid_from_ms if newer else EVER_MS
        if until_ms is not None and (row.valid_from_ms is None or row.valid_from_ms < until_ms):
            found[row.tag] = (*newer, _binding(row))
    return found


def meaning_at(versions: Sequence[Binding], at_ms: int) -> Binding | None:
    """What a tag meant at plant time `at_ms` by its versions, newest first; None when it meant nothing."""
    for version in versions:
        if version.valid_from_ms is None or version.valid_from_ms <= at_ms:
            return None if version.retired else version
    return None


def _binding(row: tables.SignalBinding) -> Binding:
    return Binding(
        tag=row.tag,
        role=row.role,
        source=row.machine_id or row.reader_id or "",
        kind="machine" if row.machine_id else "reader",
        code_map=row.code_map,
        version=row.version,
        valid_from_ms=row.valid_from_ms,
        retired=row.retired,
        modulus=row.modulus,
        jitter=row.jitter,
    )


def _machine(row: tables.Machine) -> Machine:
    return Machine(row.id, row.line_id, row.sequence, names(row), row.gateway, row.protocol, row.minor_stop_s)
