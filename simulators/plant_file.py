"""The plant file as the simulated world reads it."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
STATES = ("running", "setup", "starved", "blocked", "jammed", "breakdown", "planned_stop", "idle")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPAN = 2  # a span in the file is [least, most]


class PlantFileWrong(ValueError):
    """A plant file that cannot be simulated; the message names file, key and what is accepted."""


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
    """One machine of a line."""

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
    """The simulated plant."""

    id: str
    timezone: str
    origin_ms: int
    shifts: tuple[Shift, ...]
    lines: tuple[Line, ...]
    customers: tuple[str, ...]
    state_codes: Mapping[int, str]
    rules: Rules

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


class _Table:
    """One table of the file; its accessors name the key in their errors."""

    def __init__(self, values: Mapping[str, object], where: str) -> None:
        self._values = values
        self._where = where

    def _get(self, key: str, accepted: str, convert: Callable[[object], T]) -> T:
        try:
            return convert(self._values[key])
        except KeyError:
            raise PlantFileWrong(f"{self._where}.{key} is missing; accepted: {accepted}") from None
        except (TypeError, ValueError, AttributeError):
            found = self._values[key]
            raise PlantFileWrong(f"{self._where}.{key} = {found!r} is wrong; accepted: {accepted}") from None

    def has(self, key: str) -> bool:
        return key in self._values

    def text(self, key: str) -> str:
        return self._get(key, "a text", _text)

    def number(self, key: str) -> float:
        return self._get(key, "a number not below 0", _number)

    def share(self, key: str) -> float:
        return self._get(key, "a share from 0 to below 1", _share)

    def span(self, key: str) -> tuple[float, float]:
        return self._get(key, "[least, most], numbers not below 0", _span)

    def minute(self, key: str) -> int:
        return self._get(key, 'a time of day such as "19:30"', _minute_of_day)

    def moment_ms(self, key: str) -> int:
        return self._get(key, "a date-time with offset", _moment_ms)

    def table(self, key: str) -> "_Table":
        return _Table(self._get(key, "a table", _mapping), f"{self._where}.{key}")

    def tables(self, key: str) -> list["_Table"]:
        rows = self._get(key, "a list of tables", lambda v: [_mapping(row) for row in _list(v)])
        return [_Table(row, f"{self._where}.{key}[{i}]") for i, row in enumerate(rows)]

    def choices(self, key: str, accepted: tuple[str, ...]) -> list[str]:
        def convert(value: object) -> list[str]:
            return [accepted[accepted.index(_text(item))] for item in _list(value)]

        return self._get(key, f"a list of {', '.join(accepted)}", convert)

    def codes(self, key: str) -> tuple[int, ...]:
        def convert(value: object) -> tuple[int, ...]:
            return tuple(int(_number(item)) for item in _list(value))

        return self._get(key, "a list of whole numbers not below 0", convert)

    def items(self) -> list[tuple[str, object]]:
        return list(self._values.items())

    def wrong(self, problem: str) -> PlantFileWrong:
        return PlantFileWrong(f"{self._where}: {problem}")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise TypeError
    return float(value)


def _share(value: object) -> float:
    share = _number(value)
    if share >= 1:
        raise ValueError
    return share


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _span(value: object) -> tuple[float, float]:
    numbers = [_number(item) for item in _list(value)]
    if len(numbers) != SPAN or numbers[0] > numbers[1]:
        raise ValueError
    return numbers[0], numbers[1]


def _minute_of_day(value: object) -> int:
    hours, minutes = _text(value).split(":")
    of_day = int(hours) * 60 + int(minutes)
    if not (0 <= int(minutes) < 60 and 0 <= of_day < 24 * 60):  # noqa: PLR2004  the clock's own numbers
        raise ValueError
    return of_day


def _moment_ms(value: object) -> int:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError
    return round(value.timestamp() * 1000)


def _shift(table: _Table) -> Shift:
    days = frozenset(DAYS.index(day) for day in table.choices("days", DAYS))
    breaks = tuple((pause.minute("start"), pause.minute("end")) for pause in table.tables("breaks"))
    return Shift(table.text("id"), table.minute("start"), table.minute("end"), days, breaks)


def _machine(table: _Table) -> Machine:
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
        gateway=table.text("gateway"),
        protocol=table.text("protocol"),
        minor_stop_s=table.number("minor_stop_s"),
        physics=physics,
    )


def _reader(table: _Table) -> Reader:
    transit = table.table("world").span("transit_s")
    return Reader(table.text("id"), table.text("line"), table.text("gateway"), transit)


def _product(table: _Table) -> Product:
    routing = tuple(
        Operation(int(row.number("operation")), row.text("machine"), row.number("ideal_cycle_s"))
        for row in table.tables("routing")
    )
    return Product(table.text("id"), table.text("gtin"), table.text("line"), routing)


def _lines(root: _Table) -> tuple[Line, ...]:
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
        for product in made:
            if [step.machine for step in product.routing] != [machine.id for machine in flow]:
                raise table.wrong(
                    f"the routing of {product.id} must visit the machines of {name} in flow order"
                )
        end = [reader for reader in readers if reader.line == name]
        lines.append(Line(name, flow, end[0] if end else None, made))
    return tuple(lines)


def _state_codes(table: _Table) -> dict[int, str]:
    codes = {int(code): str(state) for code, state in table.items() if code.isdigit()}
    if sorted(codes.values()) != sorted(STATES):
        raise table.wrong(f"one number for each of {', '.join(STATES)} is needed")
    return codes


def _rules(table: _Table) -> Rules:
    setup = table.table("setup_min")
    few, many = table.span("order_quantity")
    reasons = table.table("reason_codes") if table.has("reason_codes") else _Table({}, "")
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
        root = _Table(tomllib.loads(path.read_text(encoding="utf-8")), path.name)
    except tomllib.TOMLDecodeError as problem:
        raise PlantFileWrong(f"{path.name} is not TOML: {problem}") from None
    plant = root.table("plant")
    return Plant(
        id=plant.text("id"),
        timezone=plant.text("timezone"),
        origin_ms=plant.moment_ms("origin"),
        shifts=tuple(_shift(table) for table in root.tables("shift")),
        lines=_lines(root),
        customers=tuple(table.text("id") for table in root.tables("customer")),
        state_codes=_state_codes(root.table("state_codes")),
        rules=_rules(root.table("world")),
    )
