"""What the simulated PLCs and readers showed over a stretch of time, report by exception."""

from collections.abc import Iterator
from typing import NamedTuple

from simulators.events import Event, TagRead
from simulators.plant_file import Plant
from simulators.plc import PlcMemory
from simulators.world import World

METRICS = ("state", "job", "good", "reject", "run_s", "condition")
STRIDE_MS = 3_600_000


class Change(NamedTuple):
    """A metric of a machine or reader took a value."""

    ts_ms: int
    source: str
    tag: str
    value: int | float | str


def history(plant: Plant, seed: int, start_ms: int, since_ms: int, until_ms: int) -> Iterator[Change]:
    """All changes in [since_ms, until_ms] by time, in a world powered on at `start_ms`.

    Each machine first gives all its metrics as they stand at `since_ms`. `state` is the PLC's number; `run_s`
    comes with changes of state, `condition` at its period, a reader's `tag` with each read after `since_ms`.

    Raises
    ------
    ValueError
        If `start_ms` is odd or later than `since_ms`.
    """
    world = World(plant, seed, start_ms)
    memories = {machine.id: PlcMemory(machine.id, plant.code_of) for machine in plant.machines}
    for event in world.advance(since_ms):
        if event.source in memories:
            memories[event.source].apply(event)
    shown: dict[tuple[str, str], int | float] = {}
    for machine, memory in memories.items():
        for name in METRICS:
            shown[machine, name] = memory.value(name, since_ms)
            yield Change(since_ms, machine, name, shown[machine, name])
    for reached in [*range(since_ms + STRIDE_MS, until_ms, STRIDE_MS), until_ms]:
        for event in world.advance(reached):
            if isinstance(event, TagRead):
                yield Change(event.ts_ms, event.source, "tag", event.epc)
            elif event.source in memories:
                yield from _changes(event, memories[event.source], shown)


def _changes(event: Event, memory: PlcMemory, shown: dict[tuple[str, str], int | float]) -> Iterator[Change]:
    for name in memory.apply(event):
        if name in METRICS:
            value = memory.value(name, event.ts_ms)
            if shown[memory.machine, name] != value:
                shown[memory.machine, name] = value
                yield Change(event.ts_ms, memory.machine, name, value)
