"""What truly happened in the simulated world, as a record that can be written to a file and read back."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from simulators.events import (
    CustomerOrder,
    Event,
    JobChanged,
    OrderEntered,
    OrderLine,
    PartMade,
    StateChanged,
    TagRead,
    WearBegan,
)


class StateEntry(NamedTuple):
    """A machine's state from `ts_ms` on; `cause` and `reason` as in `StateChanged`."""

    ts_ms: int
    state: str
    cause: str
    reason: int = 0


class JobEntry(NamedTuple):
    """A machine's job register from `ts_ms` on."""

    ts_ms: int
    job: int


class PartEntry(NamedTuple):
    """A part that a machine finished."""

    ts_ms: int
    job: int
    order: str
    line: int
    good: bool
    ideal_s: float
    epc: str


class ReadEntry(NamedTuple):
    """One read of a tag."""

    ts_ms: int
    epc: str


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A breakdown of kind `wear` or `random`; `end_ms` is None while the repair goes on."""

    machine: str
    start_ms: int
    end_ms: int | None
    kind: str


@dataclass(slots=True)
class Ledger:
    """The record of one world from `start_ms` through `through_ms`."""

    plant: str
    seed: int
    start_ms: int
    through_ms: int
    states: dict[str, list[StateEntry]] = field(default_factory=dict)
    jobs: dict[str, list[JobEntry]] = field(default_factory=dict)
    parts: dict[str, list[PartEntry]] = field(default_factory=dict)
    reads: dict[str, list[ReadEntry]] = field(default_factory=dict)
    wear_began: dict[str, list[int]] = field(default_factory=dict)
    orders: list[CustomerOrder] = field(default_factory=list)

    def record(self, events: Iterable[Event], through_ms: int) -> None:
        """Take down what happened up to and including `through_ms`; condition samples are not kept."""
        for event in events:
            match event:
                case PartMade(ts_ms, source, job, order, line, good, ideal_s, epc):
                    part = PartEntry(ts_ms, job, order, line, good, ideal_s, epc)
                    self.parts.setdefault(source, []).append(part)
                case StateChanged(ts_ms, source, state, cause, reason):
                    self.states.setdefault(source, []).append(StateEntry(ts_ms, state, cause, reason))
                case JobChanged(ts_ms, source, job):
                    self.jobs.setdefault(source, []).append(JobEntry(ts_ms, job))
                case TagRead(ts_ms, source, epc):
                    self.reads.setdefault(source, []).append(ReadEntry(ts_ms, epc))
                case WearBegan(ts_ms, source):
                    self.wear_began.setdefault(source, []).append(ts_ms)
                case OrderEntered(_, _, order):
                    self.orders.append(order)
                case _:
                    pass
        self.through_ms = through_ms

    def breakdowns(self, kind: str | None = None) -> list[Breakdown]:
        """All breakdowns by time, or those of one kind (`wear` or `random`)."""
        found = []
        for machine, entries in self.states.items():
            for i, entry in enumerate(entries):
                if entry.state == "breakdown" and (kind is None or entry.cause == kind):
                    end_ms = entries[i + 1].ts_ms if i + 1 < len(entries) else None
                    found.append(Breakdown(machine, entry.ts_ms, end_ms, entry.cause))
        return sorted(found, key=lambda breakdown: (breakdown.start_ms, breakdown.machine))

    def wear_periods(self) -> dict[str, list[tuple[int, int]]]:
        """By machine the times [wear began, machine broke]; to the record's end where it has not broken."""
        broken = self.breakdowns("wear")
        return {
            machine: [
                (
                    began,
                    next(
                        (b.start_ms for b in broken if b.machine == machine and b.start_ms > began),
                        self.through_ms,
                    ),
                )
                for began in times
            ]
            for machine, times in self.wear_began.items()
        }

    def to_json(self) -> str:
        """The ledger as JSON; the same world gives the same text."""
        # Not `asdict` of the whole: it would copy every entry of days of history.
        document = {each.name: getattr(self, each.name) for each in fields(self)}
        document["orders"] = [asdict(order) for order in self.orders]
        document["breakdowns"] = [asdict(breakdown) for breakdown in self.breakdowns()]
        return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def digest(self) -> str:
        """SHA-256 of the JSON form as hex digits."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def write(self, path: Path) -> None:
        """Write the JSON form so that a reader sees the old file or the whole new one."""
        draft = path.with_name(f"{path.name}.draft")
        draft.write_text(self.to_json(), encoding="utf-8")
        draft.replace(path)

    @classmethod
    def from_json(cls, text: str) -> "Ledger":
        """The ledger of a JSON text.

        Raises
        ------
        ValueError
            If the text is not JSON.
        KeyError, TypeError
            If it is not a ledger.
        """
        document: dict[str, Any] = json.loads(text)
        return cls(
            plant=document["plant"],
            seed=document["seed"],
            start_ms=document["start_ms"],
            through_ms=document["through_ms"],
            states={m: [StateEntry(*row) for row in rows] for m, rows in document["states"].items()},
            jobs={m: [JobEntry(*row) for row in rows] for m, rows in document["jobs"].items()},
            parts={m: [PartEntry(*row) for row in rows] for m, rows in document["parts"].items()},
            reads={r: [ReadEntry(*row) for row in rows] for r, rows in document["reads"].items()},
            wear_began=document["wear_began"],
            orders=[
                CustomerOrder(**{**order, "lines": tuple(OrderLine(**line) for line in order["lines"])})
                for order in document["orders"]
            ],
        )
