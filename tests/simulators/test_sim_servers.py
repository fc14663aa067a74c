"""Real clients see over the wire what the ledger says happened."""

import asyncio
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import serial
from asyncua.client.client import Client
from demo_worlds import DEMO
from pymodbus.client import AsyncModbusTcpClient
from served_plant import EPOCH, UNTIL_MIN, Served, history_of, running_ms, until, with_plant

from simulators.events import TagRead
from simulators.ledger import Ledger
from simulators.modbus_server import RING_START, ROW_REGISTERS
from simulators.plant_file import Plant
from simulators.plant_server import Span
from simulators.serial_rfid import SerialReader, read_line

pytestmark = pytest.mark.slow
METRICS = ("clock_ms", "state", "reason", "job", "good", "reject", "condition", "run_s", "history")


class Recorder:
    """What an OPC UA subscription delivered: (source time in ms, value) by variable, in order."""

    def __init__(self) -> None:
        self.seen: dict[str, list[tuple[int, Any]]] = {}

    def datachange_notification(self, node: Any, value: Any, notified: Any) -> None:
        stamp: datetime = notified.monitored_item.Value.SourceTimestamp
        aware = stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)
        ts_ms = (aware - EPOCH) // timedelta(milliseconds=1)
        self.seen.setdefault(node.nodeid.Identifier, []).append((ts_ms, value))


def changes_after(entries: list[tuple[int, int]], since_ms: int) -> list[tuple[int, int]]:
    """The last entry up to `since_ms` and all later ones."""
    before = [entry for entry in entries if entry[0] <= since_ms]
    return [*before[-1:], *(entry for entry in entries if entry[0] > since_ms)]


def test_an_opcua_client_sees_every_change_with_its_own_time(demo: Plant) -> None:
    recorder = Recorder()
    machines = ("L1-OP10", "L1-OP40")

    async def watch(here: Served) -> None:
        async with Client(here.endpoints.opcua["L1"]) as client:
            subscription = await client.create_subscription(50, recorder)
            nodes = [client.get_node(f"ns=2;s={m}.{name}") for m in machines for name in METRICS]
            await subscription.subscribe_data_change(nodes, queuesize=1000)
            here.release()
            clocks = recorder.seen.setdefault("L1-OP40.clock_ms", [])
            await until(lambda: bool(clocks) and clocks[-1][1] == here.until_ms)
            assert await client.get_node("ns=2;s=L1-OP10.clock_ms").read_value() == here.until_ms
            await subscription.delete()

    ledger = asyncio.run(with_plant(demo, watch))
    for machine in machines:
        seen = {name: recorder.seen[f"{machine}.{name}"] for name in METRICS}
        states = [(s.ts_ms, demo.code_of[s.state]) for s in ledger.states[machine]]
        assert seen["state"] == changes_after(states, demo.origin_ms)
        reasons = [(s.ts_ms, s.reason) for s in ledger.states[machine]]
        told = [at for n, at in enumerate(reasons) if not n or at[1] != reasons[n - 1][1]]
        assert [at for at in seen["reason"] if at[0] > demo.origin_ms] == [
            at for at in told if demo.origin_ms < at[0] <= ledger.through_ms
        ]
        good = [p.ts_ms for p in ledger.parts[machine] if p.good]
        counts = [(ts_ms, i) for i, ts_ms in enumerate(good, start=1)]
        assert seen["good"] == changes_after(counts, demo.origin_ms)
        assert len(seen["good"]) > 1
        rows = history_of(ledger, demo, machine)[-64:]
        assert seen["history"][-1][1] == [number for row in rows for number in row]
        assert all(value == running_ms(ledger, machine, ts_ms) / 1000 for ts_ms, value in seen["run_s"])
        assert len(seen["condition"]) >= UNTIL_MIN * 60 / demo.rules.condition_period_s - 1
        assert all(ts_ms == value for ts_ms, value in seen["clock_ms"])


async def read_words(client: AsyncModbusTcpClient, address: int, count: int, unit: int) -> bytes:
    answer = await client.read_holding_registers(address, count=count, device_id=unit)
    assert not answer.isError()
    return struct.pack(f">{count}H", *answer.registers)


async def read_ring(client: AsyncModbusTcpClient, unit: int) -> dict[int, tuple[int, ...]]:
    rows = {}
    size = 4 * ROW_REGISTERS
    for address in range(RING_START, RING_START + 64 * ROW_REGISTERS, size):
        for row in struct.iter_unpack(">IQHIIIH4x", await read_words(client, address, size, unit)):
            if row[0]:
                rows[row[0]] = row
    return rows


def test_a_modbus_client_reads_consistent_registers_and_the_whole_history(demo: Plant) -> None:
    machine = "L2-OP30"
    polls: list[tuple[Any, ...]] = []
    rows: dict[int, tuple[int, ...]] = {}

    async def watch(here: Served) -> None:
        where = here.endpoints.modbus[machine]
        client = AsyncModbusTcpClient(where.host, port=where.port)
        assert await client.connect()
        here.release()
        try:
            while not polls or polls[-1][0] < here.until_ms:
                raw = await read_words(client, 0, 20, where.unit)
                polls.append(struct.unpack(">QHIIIQfIH", raw))
                rows.update(await read_ring(client, where.unit))
                await asyncio.sleep(0.05)
            refused = await client.write_register(4, 1, device_id=where.unit)
            assert refused.isError()
        finally:
            client.close()

    ledger = asyncio.run(with_plant(demo, watch))
    expected = history_of(ledger, demo, machine)
    assert [rows[seq] for seq in sorted(rows)] == expected[min(rows) - 1 :]
    assert len(polls) > 20
    for clock_ms, state, job, good, reject, run_ms, condition, head, reason in polls:
        row = [entry for entry in expected if entry[1] <= clock_ms][-1]
        assert (head, state, job, reason) == (row[0], row[2], row[3], row[6])
        parts = [p for p in ledger.parts[machine] if p.ts_ms <= clock_ms]
        assert (good + reject, good) == (len(parts), sum(p.good for p in parts))
        assert run_ms == running_ms(ledger, machine, clock_ms)
        assert 0.1 < condition < 10


def test_a_serial_listener_hears_every_read(demo: Plant) -> None:
    heard: dict[str, bytes] = {reader.id: b"" for reader in demo.readers}

    async def watch(here: Served) -> None:
        ports = {name: serial.Serial(path, timeout=0) for name, path in here.endpoints.rfid.items()}
        where = here.endpoints.modbus["L1-OP20"]
        client = AsyncModbusTcpClient(where.host, port=where.port)
        assert await client.connect()
        here.release()
        is_frozen = False
        while not is_frozen:
            (clock_ms,) = struct.unpack(">Q", await read_words(client, 0, 4, where.unit))
            is_frozen = clock_ms == here.until_ms
            for name, port in ports.items():
                heard[name] += port.read(65_536)
            await asyncio.sleep(0.02)
        client.close()
        for port in ports.values():
            port.close()

    ledger = asyncio.run(with_plant(demo, watch))
    for reader in demo.readers:
        lines = heard[reader.id].decode("ascii").split("\r\n")
        assert lines.pop() == ""
        reads = [(line.split(";")[0], line.split(";")[3]) for line in lines]
        true = [
            (r.epc, read_line(TagRead(r.ts_ms, "", r.epc, 1, -50)).decode().strip().split(";")[3])
            for r in ledger.reads[reader.id]
            if r.ts_ms > demo.origin_ms
        ]
        assert reads == true
        assert reads


def test_an_unheard_reader_never_blocks_and_loses_whole_lines_only() -> None:
    reader = SerialReader()
    try:
        sent = [TagRead(1_772_438_400_000 + i, "R", f"{i:024X}", 1, -55) for i in range(500)]
        with serial.Serial(reader.path, timeout=0.2) as port:
            taken = [read for read in sent if reader.send(read)]
            assert reader.dropped == len(sent) - len(taken) > 0
            heard = port.read(1_000_000)
            late = TagRead(1_772_438_500_000, "R", "F" * 24, 1, -55)
            assert reader.send(late)
            heard += port.read(1_000_000)
        assert heard == b"".join(read_line(read) for read in [*taken, late])
    finally:
        reader.close()


@pytest.mark.parametrize(("start", "end"), [(1.0, None), (0.0, -1.0)])
def test_a_span_out_of_order_is_refused(start: float, end: float | None) -> None:
    with pytest.raises(ValueError, match="must not be"):
        Span(start, end)


def start_program(clock: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "simulators", "plant", "--plant", str(DEMO), "--seed", "3", *arguments]
    environment = {**os.environ, "TAKTLINE_CLOCK": clock}
    return subprocess.Popen(
        command,
        env=environment,
        cwd=DEMO.parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_program_writes_its_ledger_on_sigterm_and_restarts_into_the_same_world(tmp_path: Path) -> None:
    # The clock stands at its origin: whoever starts now sees the same plant time.
    clock = "2026-03-02T16:00:00+08:00@2100-01-01T00:00:00+00:00x60"
    digests = []
    for name in ("first", "second"):
        path = tmp_path / f"{name}.json"
        program = start_program(clock, "--start-min", "-480", "--ledger", str(path))
        try:
            assert program.stdout is not None
            endpoints = json.loads(program.stdout.readline())
            assert set(endpoints) == {"opcua", "modbus", "rfid"}
            program.send_signal(signal.SIGTERM)
            rest, _ = program.communicate(timeout=30)
        finally:
            program.kill()
            program.wait()
        assert (program.returncode, rest) == (0, "")
        digests.append(Ledger.from_json(path.read_text()).digest())
    assert digests[0] == digests[1]


@pytest.mark.parametrize("offset", [0, 1])
def test_the_program_names_a_taken_port(offset: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        first = taken.getsockname()[1] - offset
        clock = "2026-03-02T16:00:00+08:00@2100-01-01T00:00:00+00:00x60"
        program = start_program(clock, "--ports-from", str(first))
        said, told = program.communicate(timeout=60)
    assert (program.returncode, said) == (2, "")
    assert str(first + offset) in told or "address already in use" in told
    assert "Traceback" not in told


def test_the_program_names_a_wrong_setting() -> None:
    program = start_program("tomorrow")
    _, told = program.communicate(timeout=30)
    assert program.returncode == 2
    assert "not a plant clock" in told
    assert "Traceback" not in told
