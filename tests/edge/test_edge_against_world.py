"""The drivers against the simulated plant at speed: they report what the ledger says, to the millisecond."""

import asyncio
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from edge_plcs import EPOCH, Sink, config, modbus_device, opcua_device, until

from edge.watches import Watches
from simulators.ledger import Ledger
from simulators.plant_file import read_plant
from simulators.plant_server import Endpoints, Span, serve
from wire.clock import PlantClock

SPEED = 120.0
MINUTES = 24.0


HISTORY = ["seq", "ts_ms", "state", "job", "good", "reject", "reason"]


def simulated_opcua(machine: str, endpoint: str) -> dict[str, object]:
    """A machine of the simulated plant, which also says why it stands."""
    said = opcua_device(machine, 0, endpoint=endpoint, publishing_ms=200, timeout_s=10.0)
    reason = {"name": "reason", "datatype": "Int32", "node": f"ns=2;s={machine}.reason"}
    history = {"node": f"ns=2;s={machine}.history", "columns": HISTORY}
    return said | {"tag": [*cast("list[object]", said["tag"]), reason], "history": history}


async def live(root: Path) -> tuple[Ledger, Sink, dict[str, dict[str, object]], list[str]]:
    """Twelve real seconds of the demo plant, watched by its gateways until everything has arrived."""
    plant = read_plant(root / "simulators/plants/demo.toml")
    clock = PlantClock(datetime(2026, 3, 2, 8, tzinfo=UTC), datetime.now(UTC) + timedelta(seconds=4), SPEED)
    origin_ms = round((clock.origin - EPOCH) / timedelta(milliseconds=1))
    until_ms = origin_ms + int(MINUTES * 60_000)
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    world = asyncio.create_task(serve(plant, 7, clock, Span(0.0, MINUTES), ready=ready.set_result, stop=stop))
    endpoints: Endpoints = await asyncio.wait_for(ready, 60)
    devices = [
        simulated_opcua(machine.id, endpoints.opcua[machine.line])
        if machine.protocol == "opcua"
        else modbus_device(
            machine.id,
            endpoints.modbus[machine.id].port,
            endpoints.modbus[machine.id].unit,
            entries=64,
            period_s=0.25,
            timeout_s=10.0,
        )
        for machine in plant.machines
    ]
    tag = [{"name": "tag", "datatype": "String"}]
    devices += [
        {"id": reader, "driver": "rfid_serial", "endpoint": path, "tag": tag}
        for reader, path in endpoints.rfid.items()
    ]
    sink = Sink()
    gateway = Watches(config(*devices), clock, sink.hand, sink.mark)
    gateway.start()
    machines = [machine.id for machine in plant.machines]
    await until(
        lambda: (
            all(sink.marks.get(machine, 0) >= until_ms for machine in machines)
            and all(sink.marks.get(reader, 0) >= until_ms for reader in endpoints.rfid)
        ),
        60,
    )
    await gateway.stop()
    stop.set()
    return await world, sink, gateway.health.summary(), machines


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_at_x120_states_jobs_counts_and_reads_are_those_of_the_ledger(root: Path) -> None:
    ledger, sink, health, machines = asyncio.run(live(root))
    plant = read_plant(root / "simulators/plants/demo.toml")
    opcua = {machine.id for machine in plant.machines if machine.protocol == "opcua"}
    counted: dict[str, int] = defaultdict(int)
    for machine in machines:
        # On a busy machine the gateway may come after the world began; then its coverage begins then.
        [(since_ms, through_ms)] = sink.coverage(machine)
        assert since_ms >= ledger.start_ms
        assert through_ms == ledger.through_ms
        states = changes(sink.values("state", machine))
        assert states == [(entry.ts_ms, plant.code_of[entry.state]) for entry in changes_of(ledger, machine)]
        jobs = changes(sink.values("job", machine))
        # The ledger begins with the first job set, the PLC with its register at power-on: none.
        assert jobs == changes(
            [(ledger.start_ms, 0), *((e.ts_ms, e.job) for e in ledger.jobs.get(machine, []))]
        )
        for tag, is_good in (("good", True), ("reject", False)):
            made = [part.ts_ms for part in ledger.parts.get(machine, []) if part.good is is_good]
            found = dict(sink.values(tag, machine))
            assert max(found.values(), default=0) == len(made)
            counted[tag] += len(made)
            for ts_ms, value in found.items():
                assert value == sum(at <= ts_ms for at in made), (machine, tag, ts_ms)
            if machine in opcua:
                assert {ts_ms for ts_ms in made if ts_ms > since_ms} <= set(found)
    for reader, reads in ledger.reads.items():
        assert sorted(sink.values("tag", reader)) == sorted((read.ts_ms, read.epc) for read in reads)
    assert counted["good"] > 50
    assert not any(figures["bad"] or figures["errors"] for figures in health.values()), health


def changes(points: list[tuple[int, object]]) -> list[tuple[int, object]]:
    """Points in time order without those that repeat the value before."""
    kept: list[tuple[int, object]] = []
    for point in sorted(points):
        if not kept or kept[-1][1] != point[1]:
            kept.append(point)
    return kept


def changes_of(ledger: Ledger, machine: str) -> list[object]:
    entries = ledger.states[machine]
    return [
        entry
        for before, entry in zip([None, *entries], entries, strict=False)
        if not before or before.state != entry.state
    ]
