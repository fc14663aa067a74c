"""The plant file as the simulated world reads it."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from simulators.plant_table import PlantFileWrong, Table

STATES = ("running", "setup", "starved", "blocked", "jammed", "breakdown", "planned_stop", "idle")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
AIMS = ("oee", "availability", "effectiveness", "quality", "takt_s")
MANUAL = "manual"  # the protocol of a machine without a PLC
FIRST_ORDER, FIRST_ORDER_BY_HAND = 100_000, 2_000_000


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift by local wall-clock minutes of the day; an end at or before the start lies on the next day."""

    id: str
    start_min: int
    end_min: int
    days: frozenset[int]  # Monday is 0
    breaks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Physics:
    """How one machine behaves; hours and minutes of faults count running time."""

    jam_mean_min: float
    jam_s: tuple[float, float]
    break_mean_h: float
    repair_min: tuple[float, float]
    wear_h: tuple[float, float] | None
    reject: float
    cycle_spread: float
    buffer: int


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine of a line; one without a PLC has the protocol `manual` and no gateway."""

    id: str
    line: str
    sequence: int
    gateway: str
    protocol: str
    minor_stop_s: float
    physics: Physics


@dataclass(frozen=True, slots=True)
class Reader:
    """The tag reader at the end of a line."""

    id: str
    line: str
    gateway: str
    transit_s: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Operation:
    """One step of a routing with its ideal cycle in seconds per part."""

    sequence: int
    machine: str
    ideal_s: float


@dataclass(frozen=True, slots=True)
class Product:
    """A product made on one line."""

    id: str
    gtin: str
    line: str
    routing: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A serial flow: machines in the order of the parts."""

    id: str
    machines: tuple[Machine, ...]
    reader: Reader | None
    products: tuple[Product, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for the whole simulated world."""

    company_prefix: str
    setup_same_min: tuple[float, float]
    setup_other_min: tuple[float, float]
    dispatch_s: tuple[float, float]
    startup_reject: float
    startup_parts: int
    reason_codes: Mapping[str, tuple[int, ...]]  # by cause of a breakdown, or state: what the PLC may say
    order_quantity: tuple[int, int]
    order_lead_h: tuple[float, float]
    order_entered_before_h: float
    condition_period_s: float
    condition_base: float
    condition_noise: float


@dataclass(frozen=True, slots=True)
class Plant:
    """The simulated plant.

    `lines` are those whose machines have PLCs, `benches` those of whose machines only people tell;
    `reasons` names the PLCs' reason numbers, `targets` by scope what its manager aims at. Orders are
    numbered from `first_order` on.
    """

    id: str
    timezone: str
    origin_ms: int
    shifts: tuple[Shift, ...]
    lines: tuple[Line, ...]
    customers: tuple[str, ...]
    state_codes: Mapping[int, str]
    rules: Rules
    benches: tuple[Line, ...] = ()
    reasons: Mapping[int, str] = field(default_factory=dict)
    targets: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    first_order: int = FIRST_ORDER

    @property
    def by_hand(self) -> "Plant | None":
        """The part of the plant that no PLC tells of, as a plant of its own; None where there is none.

        Its world has no machines to run in, so that no part is rejected for that.
        """
        if not self.benches:
            return None
        rules = replace(self.rules, startup_parts=0)
        lines = self.benches
        return replace(self, lines=lines, benches=(), rules=rules, first_order=FIRST_ORDER_BY_HAND)

    @property
    def machines(self) -> tuple[Machine, ...]:
        """All machines, line by line in the order of the flow."""
        return tuple(machine for line in self.lines for machine in line.machines)

    @property
    def readers(self) -> tuple[Reader, ...]:
        """All tag readers."""
        return tuple(line.reader for line in self.lines if line.reader)

    @property
    def code_of(self) -> dict[str, int]:
        """State numbers of the PLCs by state."""
        return {state: code for code, state in self.state_codes.items()}

    def machine(self, machine_id: str) -> Machine:
        """The machine of this id.

        Raises
        ------
        KeyError
            If the plant has no such machine.
        """
        for machine in self.machines:
            if machine.id == machine_id:
                return machine
        raise KeyError(machine_id)


def _shift(table: Table) -> Shift:
    days = frozenset(DAYS.index(day) for day in table.choices("days", DAYS))
    breaks = tuple((pause.minute("start"), pause.minute("end")) for pause in table.tables("breaks"))
    return Shift(table.text("id"), table.minute("start"), table.minute("end"), days, breaks)


def _machine(table: Table) -> Machine:
    world = table.table("world")
    physics = Physics(
        jam_mean_min=world.number("jam_mean_min"),
        jam_s=world.span("jam_s"),
        break_mean_h=world.number("break_mean_h"),
        repair_min=world.span("repair_min"),
        wear_h=world.span("wear_h") if world.has("wear_h") else None,
        reject=world.share("reject"),
        cycle_spread=world.number("cycle_spread"),
        buffer=max(1, int(world.number("buffer"))),
    )
    return Machine(
        id=table.text("id"),
        line=table.text("line"),
        sequence=int(table.number("sequence")),
        gateway="" if table.text("protocol") == MANUAL else table.text("gateway"),
        protocol=table.text("protocol"),
        minor_stop_s=table.number("minor_stop_s"),
        physics=physics,
    )


def _reader(table: Table) -> Reader:
    transit = table.table("world").span("transit_s")
    return Reader(table.text("id"), table.text("line"), table.text("gateway"), transit)


def _product(table: Table) -> Product:
    routing = tuple(
        Operation(int(row.number("operation")), row.text("machine"), row.number("ideal_cycle_s"))
        for row in table.tables("routing")
    )
    return Product(table.text("id"), table.text("gtin"), table.text("line"), routing)


def _lines(root: Table) -> tuple[Line, ...]:
    machines = [_machine(table) for table in root.tables("machine")]
    readers = [_reader(table) for table in root.tables("reader")] if root.has("reader") else []
    products = [_product(table) for table in root.tables("product")]
    lines = []
    for table in root.tables("line"):
        name = table.text("id")
        flow = tuple(sorted((m for m in machines if m.line == name), key=lambda m: m.sequence))
        made = tuple(product for product in products if product.line == name)
        if not flow or not made:
            raise table.wrong(f"line {name} needs at least one machine and one product")
        if len({machine.protocol == MANUAL for machine in flow}) > 1:
            raise table.wrong(f"on line {name} either every machine has a PLC or none")
        for product in made:
            if [step.machine for step in product.routing] != [machine.id for machine in flow]:
                raise table.wrong(
                    f"the routing of {product.id} must visit the machines of {name} in flow order"
                )
        end = [reader for reader in readers if reader.line == name]
        lines.append(Line(name, flow, end[0] if end else None, made))
    return tuple(lines)


def _state_codes(table: Table) -> dict[int, str]:
    codes = {int(code): str(state) for code, state in table.items() if code.isdigit()}
    if sorted(codes.values()) != sorted(STATES):
        raise table.wrong(f"one number for each of {', '.join(STATES)} is needed")
    return codes


def _reasons(root: Table) -> dict[int, str]:
    table = root.table("reason_codes") if root.has("reason_codes") else Table({}, "")
    return {int(code): str(reason) for code, reason in table.items() if code.isdigit()}


def _targets(world: Table, lines: Sequence[Line]) -> dict[str, dict[str, float]]:
    """By scope its aims: ratios and takt_s, the seconds of planned time per part."""
    table = world.table("targets") if world.has("targets") else Table({}, "")
    machines = [f"machine:{machine.id}" for line in lines for machine in line.machines]
    scopes = ["site", *(f"line:{line.id}" for line in lines), *machines]
    targets = {}
    for scope in table.names():
        if scope not in scopes:
            raise table.wrong(f"{scope!r} is no scope; accepted: {', '.join(scopes)}")
        aims = table.table(scope)
        for aim in aims.names():
            if aim not in AIMS:
                raise aims.wrong(f"{aim!r} is no aim; accepted: {', '.join(AIMS)}")
        targets[scope] = {
            aim: aims.number(aim) if aim == "takt_s" else aims.share(aim) for aim in aims.names()
        }
    return targets


def _rules(table: Table) -> Rules:
    setup = table.table("setup_min")
    few, many = table.span("order_quantity")
    reasons = table.table("reason_codes") if table.has("reason_codes") else Table({}, "")
    return Rules(
        company_prefix=table.text("company_prefix"),
        setup_same_min=setup.span("same_product"),
        setup_other_min=setup.span("other_product"),
        dispatch_s=table.span("dispatch_s"),
        startup_reject=table.share("startup_reject"),
        startup_parts=int(table.number("startup_parts")),
        reason_codes={cause: reasons.codes(cause) for cause, _ in reasons.items()},
        order_quantity=(int(few), int(many)),
        order_lead_h=table.span("order_lead_h"),
        order_entered_before_h=table.number("order_entered_before_h"),
        condition_period_s=table.number("condition_period_s"),
        condition_base=table.number("condition_base_mm_s"),
        condition_noise=table.number("condition_noise"),
    )


def read_plant(path: Path) -> Plant:
    """The plant of a plant file.

    Raises
    ------
    PlantFileWrong
        If the file is not TOML, or a key is missing or wrong; names file, key and accepted values.
    OSError
        If the file cannot be read.
    """
    try:
        root = Table(tomllib.loads(path.read_text(encoding="utf-8")), path.name)
    except tomllib.TOMLDecodeError as problem:
        raise PlantFileWrong(f"{path.name} is not TOML: {problem}") from None
    plant = root.table("plant")
    lines = _lines(root)
    return Plant(
        id=plant.text("id"),
        timezone=plant.text("timezone"),
        origin_ms=plant.moment_ms("origin"),
        shifts=tuple(_shift(table) for table in root.tables("shift")),
        lines=tuple(line for line in lines if line.machines[0].protocol != MANUAL),
        customers=tuple(table.text("id") for table in root.tables("customer")),
        state_codes=_state_codes(root.table("state_codes")),
        rules=_rules(root.table("world")),
        benches=tuple(line for line in lines if line.machines[0].protocol == MANUAL),
        reasons=_reasons(root),
        targets=_targets(root.table("world"), lines),
    )
