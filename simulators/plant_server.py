"""The simulated plant in real time: one world behind real protocol servers."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

import structlog

from simulators.events import Event, TagRead
from simulators.ledger import Ledger
from simulators.modbus_server import ModbusLine
from simulators.opcua_server import OpcuaLine
from simulators.plant_file import Plant
from simulators.plc import PlcMemory
from simulators.serial_rfid import SerialReader
from simulators.world import World
from wire.clock import REAL_TIME, real_ms

log = structlog.get_logger()

TICK_S = 0.05
MINUTE_MS = 60_000
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class ModbusUnit:
    """Where a machine answers over Modbus TCP."""

    host: str
    port: int
    unit: int


@dataclass(slots=True)
class Endpoints:
    """Where the simulated devices can be reached: OPC UA by line, Modbus by machine, serial by reader."""

    opcua: dict[str, str] = field(default_factory=dict)
    modbus: dict[str, ModbusUnit] = field(default_factory=dict)
    rfid: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """One line of JSON with the keys `opcua`, `modbus` and `rfid`."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Span:
    """From where the world runs until when; minutes count from the clock's origin.

    Parameters
    ----------
    start_min
        At most 0: the machines' power-on, whose past is run silently.
    until_min
        The world freezes at exactly this plant time; None: never.
    """

    start_min: float = 0.0
    until_min: float | None = None

    def __post_init__(self) -> None:
        if self.start_min > 0:
            raise ValueError(f"--start-min = {self.start_min:g} must not be above 0")
        if self.until_min is not None and self.until_min < 0:
            raise ValueError(f"--until-min = {self.until_min:g} must not be below 0")

    def start_ms(self, origin_ms: int) -> int:
        """Power-on in plant time, even."""
        return origin_ms + 2 * round(self.start_min * MINUTE_MS / 2)

    def until_ms(self, origin_ms: int) -> int | None:
        """The freeze in plant time."""
        return None if self.until_min is None else origin_ms + round(self.until_min * MINUTE_MS)


def origin_ms(clock: "Clock") -> int:
    """The plant time from which a span counts: the clock's origin.

    Real time has no origin; there it is the last midnight UTC, so that a restart within a day finds the same
    world.
    """
    if clock == REAL_TIME:
        return real_ms() // DAY_MS * DAY_MS
    return round(clock.origin.timestamp() * 1000)


class Clock(Protocol):
    """What the server asks of a plant clock (`wire.clock.PlantClock` is one)."""

    @property
    def origin(self) -> datetime:
        """Aware plant time from which it runs."""

    def now_ms(self) -> int:
        """Plant time of this moment, ms since the epoch."""


class Device(Protocol):
    """A server that can be stopped."""

    async def stop(self) -> None:
        """Stop listening."""


class Floor:
    """The protocol servers of a plant over what its PLCs remember.

    Parameters
    ----------
    memories
        By machine, for all machines of the plant.
    """

    def __init__(self, plant: Plant, memories: dict[str, PlcMemory]) -> None:
        self._memories = memories
        self._opcua: dict[str, OpcuaLine] = {}
        self._modbus: dict[str, ModbusLine] = {}
        self._opcua_of: dict[str, OpcuaLine] = {}
        self._modbus_of: dict[str, ModbusLine] = {}
        self._readers: dict[str, SerialReader] = {}
        self._plant = plant

    async def start(self, clock_ms: int, ports_from: int = 0) -> Endpoints:
        """All endpoints, once every server listens; `ports_from` 0 takes free ports, else they count up."""
        ports = iter(range(ports_from, ports_from + 2 * len(self._plant.lines))) if ports_from else None
        endpoints = Endpoints()
        for line in self._plant.lines:
            by_protocol = {
                protocol: [self._memories[m.id] for m in line.machines if m.protocol == protocol]
                for protocol in ("opcua", "modbus")
            }
            if machines := by_protocol["opcua"]:
                server = self._opcua[line.id] = OpcuaLine(line.id, machines)
                endpoints.opcua[line.id] = await server.start(clock_ms, next(ports) if ports else 0)
                self._opcua_of |= dict.fromkeys((memory.machine for memory in machines), server)
            if machines := by_protocol["modbus"]:
                units = self._modbus[line.id] = ModbusLine(machines)
                port = await units.start(clock_ms, next(ports) if ports else 0)
                for machine, unit in units.unit_of.items():
                    self._modbus_of[machine] = units
                    endpoints.modbus[machine] = ModbusUnit("127.0.0.1", port, unit)
        for reader in self._plant.readers:
            self._readers[reader.id] = SerialReader()
            endpoints.rfid[reader.id] = self._readers[reader.id].path
        return endpoints

    async def show(self, events: list[Event], clock_ms: int) -> None:
        """Write the events of one tick in their order, then the clocks."""
        for event in events:
            if isinstance(event, TagRead):
                self._readers[event.source].send(event)
            elif event.source in self._memories:
                memory = self._memories[event.source]
                names = memory.apply(event)
                if server := self._opcua_of.get(event.source):
                    await server.show(memory, names, event.ts_ms)
                elif "history" in names:
                    await self._modbus_of[event.source].show(memory)
        for opcua in self._opcua.values():
            await opcua.tick(clock_ms)
        for modbus in self._modbus.values():
            await modbus.tick(clock_ms)

    async def stop(self) -> None:
        """Stop all servers."""
        servers: list[Device] = [*self._opcua.values(), *self._modbus.values()]
        await asyncio.gather(*(server.stop() for server in servers))
        for reader in self._readers.values():
            reader.close()


class _Truth:
    """One world with its ledger, never beyond the freeze."""

    def __init__(self, plant: Plant, seed: int, clock: Clock, span: Span) -> None:
        origin = origin_ms(clock)
        self._clock = clock
        self._until_ms = span.until_ms(origin)
        self._world = World(plant, seed, span.start_ms(origin))
        self.ledger = Ledger(plant.id, seed, self._world.start_ms, self._world.start_ms)

    @property
    def is_frozen(self) -> bool:
        return self._world.now_ms == self._until_ms

    @property
    def now_ms(self) -> int:
        return self._world.now_ms

    def catch_up(self) -> list[Event]:
        now_ms = max(self._clock.now_ms(), self._world.now_ms)
        events = self._world.advance(now_ms if self._until_ms is None else min(now_ms, self._until_ms))
        self.ledger.record(events, self._world.now_ms)
        return events


async def serve(
    plant: Plant,
    seed: int,
    clock: Clock,
    span: Span,
    *,
    ledger_file: Path | None = None,
    ports_from: int = 0,
    ready: Callable[[Endpoints], None] | None = None,
    stop: asyncio.Event | None = None,
) -> Ledger:
    """The ledger, after the simulated plant has been served in real time until `stop` was set.

    The world is made from the seed and run silently up to the present, so a restarted server shows the
    counters and histories it would have shown had it never stopped. At the freeze all clocks stand still, the
    ledger is written, and the servers stay up.

    Parameters
    ----------
    clock
        Says which plant time it is.
    ledger_file
        Written at the freeze and at the end.
    ready
        Called once with the endpoints.
    """
    stop = stop or asyncio.Event()
    truth = _Truth(plant, seed, clock, span)
    memories = {machine.id: PlcMemory(machine.id, plant.code_of) for machine in plant.machines}
    for event in truth.catch_up():
        if event.source in memories:
            memories[event.source].apply(event)
    floor = Floor(plant, memories)
    try:
        endpoints = await floor.start(truth.now_ms, ports_from)
        if ready:
            ready(endpoints)
        await _run(truth, floor, ledger_file, stop)
    finally:
        await floor.stop()
        if ledger_file:
            truth.ledger.write(ledger_file)
    return truth.ledger


async def _run(truth: _Truth, floor: Floor, ledger_file: Path | None, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time()
    while not stop.is_set():
        if truth.is_frozen:
            if ledger_file:
                # In a thread: the devices go on answering while a long record is written.
                await asyncio.to_thread(truth.ledger.write, ledger_file)
            log.info("world_frozen", plant_ms=truth.now_ms, parts=sum(map(len, truth.ledger.parts.values())))
            await stop.wait()
            return
        events = truth.catch_up()
        await floor.show(events, truth.now_ms)
        due = max(due + TICK_S, loop.time())
        loop.call_at(due, (tick := asyncio.Event()).set)
        waiting = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(tick.wait())]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
