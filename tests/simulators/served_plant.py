"""A plant server to look at with real clients."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from simulators.figures import segments
from simulators.ledger import Ledger
from simulators.plant_file import Plant
from simulators.plant_server import Endpoints, Span, serve
from wire.clock import PlantClock, real_ms

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SPEED = 60.0
START_MIN = -90.0
UNTIL_MIN = 4.0  # of plant time: four real seconds
DEADLINE_S = 60.0


@dataclass(frozen=True)
class Served:
    """Where a plant is served; its world waits for `release` and freezes at `until_ms`."""

    endpoints: Endpoints
    until_ms: int
    release: Callable[[], None]


class HeldClock:
    """A plant clock that stands at its origin until it is released."""

    def __init__(self, origin: datetime) -> None:
        self.origin = origin
        self._running: PlantClock | None = None

    def release(self) -> None:
        anchor = EPOCH + timedelta(milliseconds=real_ms() + 1000)
        self._running = PlantClock(self.origin, anchor, SPEED)

    def now_ms(self) -> int:
        clock = self._running
        return clock.now_ms() if clock else (self.origin - EPOCH) // timedelta(milliseconds=1)


async def with_plant(plant: Plant, watch: Callable[[Served], Awaitable[None]], seed: int = 11) -> Ledger:
    """The ledger of a plant that was served at x60 while `watch` ran; `watch` releases the clock."""
    clock = HeldClock(EPOCH + timedelta(milliseconds=plant.origin_ms))
    stop = asyncio.Event()
    ready: asyncio.Future[Endpoints] = asyncio.get_running_loop().create_future()
    span = Span(START_MIN, UNTIL_MIN)
    server = asyncio.create_task(serve(plant, seed, clock, span, ready=ready.set_result, stop=stop))
    try:
        endpoints = await asyncio.wait_for(ready, DEADLINE_S)
        until_ms = plant.origin_ms + round(UNTIL_MIN * 60_000)
        await watch(Served(endpoints, until_ms, clock.release))
        stop.set()
        return await asyncio.wait_for(server, DEADLINE_S)
    finally:
        server.cancel()
        with suppress(asyncio.CancelledError):
            await server


async def until(condition: Callable[[], bool]) -> None:
    """Return as soon as the condition holds."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110  the condition belongs to a client that sets no event
            await asyncio.sleep(0.02)


def running_ms(ledger: Ledger, machine: str, at_ms: int) -> int:
    """Running time of a machine from power-on to `at_ms`."""
    runs = (run for run in segments(ledger, machine) if run.state == "running")
    return sum(max(0, min(run.end_ms, at_ms) - run.start_ms) for run in runs)


def history_of(ledger: Ledger, plant: Plant, machine: str) -> list[tuple[int, ...]]:
    """The rows (seq, ts, state, job, good, reject, reason) that a PLC must have written."""
    moments = [(s.ts_ms, "state", plant.code_of[s.state]) for s in ledger.states[machine]]
    moments += [(j.ts_ms, "job", j.job) for j in ledger.jobs[machine]]
    reasons = {s.ts_ms: s.reason for s in ledger.states[machine]}
    shown = {"state": 0, "job": 0, "reason": 0}
    rows: list[tuple[int, ...]] = []
    for seq, (ts_ms, name, value) in enumerate(sorted(moments), start=1):
        shown[name] = value
        shown["reason"] = reasons.get(ts_ms, shown["reason"])
        parts = [p for p in ledger.parts.get(machine, []) if p.ts_ms <= ts_ms]
        good = sum(p.good for p in parts)
        counted = (good, len(parts) - good)
        rows.append((seq, ts_ms, shown["state"], shown["job"], *counted, shown["reason"]))
    return rows
