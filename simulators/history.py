"""What the simulated PLCs and readers showed over a stretch of time, report by exception."""

from collections.abc import Iterator
from typing import NamedTuple

from simulators.events import ConditionSampled, Event, TagRead
from simulators.plant_file import Plant
from simulators.plc import PlcMemory
from simulators.world import World

METRICS = ("state", "reason", "job", "good", "reject", "run_s", "condition")
STRIDE_MS = 3_600_000


class Change(NamedTuple):
    """A metric of a machine or reader took a value."""

    ts_ms: int
    source: str
    tag: str
    value: int | float | str


class Shown:
    """What the PLCs and readers of a world show while it is advanced by whoever asks for it here.

    `state` and `reason` are the PLC's numbers; `run_s` comes with changes of state, `condition` at its
    period, a reader's `tag` with each read.

    Parameters
    ----------
    world
        A world that has not been advanced yet. It stands where its changes have been asked for.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self._memories = {
            machine.id: PlcMemory(machine.id, world.plant.code_of) for machine in world.plant.machines
        }
        self._told: dict[tuple[str, str], int | float] = {}

    def standing(self) -> list[Change]:
        """All metrics of all machines as they stand now."""
        at_ms = max(self.world.now_ms, self.world.start_ms)
        for machine, memory in self._memories.items():
            for name in METRICS:
                self._told[machine, name] = memory.value(name, at_ms)
        return [Change(at_ms, machine, name, value) for (machine, name), value in self._told.items()]

    def pass_silently(self, until_ms: int) -> None:
        """Advance the world through `until_ms` without a word."""
        for event in self.world.advance(until_ms):
            if event.source in self._memories:
                self._memories[event.source].apply(event)

    def changes(self, until_ms: int) -> Iterator[Change]:
        """All changes after what was asked for before, through `until_ms`, by time."""
        memories, told = self._memories, self._told
        since_ms = max(self.world.now_ms, self.world.start_ms)
        for reached in [*range(since_ms + STRIDE_MS, until_ms, STRIDE_MS), until_ms]:
            for event in self.world.advance(reached):
                if isinstance(event, ConditionSampled):  # most of all events
                    ts_ms, source, value = event
                    memories[source].condition = value
                    if told[source, "condition"] != value:
                        told[source, "condition"] = value
                        yield Change(ts_ms, source, "condition", value)
                elif isinstance(event, TagRead):
                    yield Change(event.ts_ms, event.source, "tag", event.epc)
                elif event.source in memories:
                    yield from self._changes(event, memories[event.source])

    def _changes(self, event: Event, memory: PlcMemory) -> Iterator[Change]:
        for name in memory.apply(event):
            if name in METRICS:
                value = memory.value(name, event.ts_ms)
                if self._told[memory.machine, name] != value:
                    self._told[memory.machine, name] = value
                    yield Change(event.ts_ms, memory.machine, name, value)


def history(plant: Plant, seed: int, start_ms: int, since_ms: int, until_ms: int) -> Iterator[Change]:
    """All changes in [since_ms, until_ms] by time, in a world powered on at `start_ms`.

    Each machine first gives all its metrics as they stand at `since_ms`; a reader's `tag` comes with each
    read after `since_ms`.

    Raises
    ------
    ValueError
        If `start_ms` is odd or later than `since_ms`.
    """
    shown = Shown(World(plant, seed, start_ms))
    shown.pass_silently(since_ms)
    yield from shown.standing()
    yield from shown.changes(until_ms)
