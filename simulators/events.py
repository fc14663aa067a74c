"""What happens in the simulated world, as immutable records.

Every record begins with its plant time and its source, so a list of them sorts by (ts_ms, source).
"""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of a customer order; it is made under one work order."""

    line: int
    product: str
    quantity: int
    due_ms: int
    work_order: int


@dataclass(frozen=True, slots=True)
class CustomerOrder:
    """A customer order; all its lines are made on one production line."""

    number: str
    customer: str
    entered_ms: int
    production_line: str
    lines: tuple[OrderLine, ...]


class StateChanged(NamedTuple):
    """A machine entered a state.

    `cause` is `wear` or `random` for a breakdown, else empty; `reason` is the number by which its PLC says
    why it stands, 0 where it says nothing.
    """

    ts_ms: int
    source: str
    state: str
    cause: str
    reason: int = 0


class JobChanged(NamedTuple):
    """A machine's job register changed; 0 is no job."""

    ts_ms: int
    source: str
    job: int


class PartMade(NamedTuple):
    """A machine finished a part; `epc` is set for good parts of a line's last machine."""

    ts_ms: int
    source: str
    job: int
    order: str
    line: int
    good: bool
    ideal_s: float
    epc: str


class ConditionSampled(NamedTuple):
    """Vibration velocity of a machine, RMS in mm/s."""

    ts_ms: int
    source: str
    mm_s: float


class WearBegan(NamedTuple):
    """A machine's wear began to raise its vibration; no PLC shows this."""

    ts_ms: int
    source: str


class TagRead(NamedTuple):
    """A reader saw a tag."""

    ts_ms: int
    source: str
    epc: str
    antenna: int
    rssi_dbm: int


class OrderEntered(NamedTuple):
    """A customer's order became known; its source is the order's number."""

    ts_ms: int
    source: str
    order: CustomerOrder


Event: TypeAlias = (
    StateChanged | JobChanged | PartMade | ConditionSampled | WearBegan | TagRead | OrderEntered
)
