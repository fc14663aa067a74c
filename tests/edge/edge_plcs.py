"""Small PLCs and gateways for the tests of the edge: real servers on free ports of 127.0.0.1."""

import asyncio
import os
import struct
import time
import tty
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Self

from asyncua import Server, ua
from opcua_standard import init
from pymodbus import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from edge.config import GatewayConfig
from edge.devices.reader import Reader
from edge.health import DeviceHealth
from edge.intake import Intake
from edge.reading import Scan
from wire.clock import PlantClock

T0 = 1_772_409_600_000  # 2026-03-02T00:00:00Z
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CLOCK = PlantClock(origin=datetime(2026, 3, 2, tzinfo=UTC), anchor=datetime(2026, 1, 1, tzinfo=UTC))


async def until(claim: Callable[[], object], deadline_s: float = 60.0) -> None:
    """Wait until `claim` holds; fail after the deadline."""
    end = time.monotonic() + deadline_s
    while not claim():
        assert time.monotonic() < end, "deadline passed"
        await asyncio.sleep(0.01)


@dataclass
class Sink:
    """Takes scans as a spool would and remembers the mark of each device."""

    scans: list[Scan] = field(default_factory=list)
    marks: dict[str, int] = field(default_factory=dict)

    def hand(self, scan: Scan) -> bool:
        self.scans.append(scan)
        if scan.observed:
            self.marks[scan.device] = max(self.marks.get(scan.device, 0), scan.observed[1])
        return True

    def mark(self, device: str) -> int | None:
        return self.marks.get(device)

    def values(self, tag: str, device: str | None = None) -> list[tuple[int, object]]:
        return [
            (r.ts_ms, r.value)
            for scan in self.scans
            if device in {None, scan.device}
            for r in scan.readings
            if r.tag == tag
        ]

    def coverage(self, device: str | None = None) -> list[tuple[int, int]]:
        """The longest assertion of each session, in order."""
        longest: dict[int, int] = {}
        for scan in self.scans:
            if scan.observed and device in {None, scan.device}:
                since, through = scan.observed
                longest[since] = max(longest.get(since, since), through)
        return sorted(longest.items())


def intake_of(device: object, sink: Sink, clock: Any = CLOCK) -> Intake:
    return Intake(
        device=device.id,
        tags=device.tag,
        clock=clock,
        hand=sink.hand,
        mark=lambda: sink.mark(device.id),
        health=DeviceHealth(),
        every=isinstance(device, Reader),
    )


def config(*devices: dict[str, object], spool: str = "x.spool") -> GatewayConfig:
    tree = {"gateway": {"group": "g", "node": "n"}, "spool": {"path": spool}, "device": list(devices)}
    return GatewayConfig.model_validate(tree)


def modbus_device(name: str, port: int, unit: int = 1, entries: int = 8, **keys: object) -> dict[str, object]:
    """The simulated PLC's layout as a configuration describes it, with a ring of `entries`."""
    tag = {"table": "holding"}
    return {
        "id": name,
        "driver": "modbus",
        "endpoint": f"127.0.0.1:{port}",
        "unit": unit,
        "period_s": 0.02,
        "timeout_s": 0.3,
        "clock": {"address": 0, "type": "uint64"},
        "history": {
            "head": {"address": 17, "type": "uint32"},
            "address": 20,
            "entries": entries,
            "size": 16,
            "fields": {
                "seq": {"offset": 0, "type": "uint32"},
                "ts_ms": {"offset": 2, "type": "uint64"},
                "state": {"offset": 6, "type": "uint16"},
                "job": {"offset": 7, "type": "uint32"},
                "good": {"offset": 9, "type": "uint32"},
                "reject": {"offset": 11, "type": "uint32"},
            },
        },
        "tag": [
            {**tag, "name": "state", "datatype": "Int32", "address": 4, "type": "uint16"},
            {**tag, "name": "job", "datatype": "Int64", "address": 5, "type": "uint32"},
            {**tag, "name": "good", "datatype": "Int64", "address": 7, "type": "uint32"},
            {**tag, "name": "reject", "datatype": "Int64", "address": 9, "type": "uint32"},
            {**tag, "name": "run_s", "datatype": "Double", "address": 11, "type": "uint64", "scale": 0.001},
            {**tag, "name": "condition", "datatype": "Double", "address": 15, "type": "float32"},
        ],
        **keys,
    }


def words(form: str, *numbers: float) -> list[int]:
    raw = struct.pack(f">{form}", *numbers)
    return list(struct.unpack(f">{len(raw) // 2}H", raw))


class ModbusPlc:
    """A PLC with the layout of `modbus_device`, whose program is the test."""

    RING = 8

    def __init__(self, units: tuple[int, ...] = (1,), *, framer: FramerType = FramerType.SOCKET) -> None:
        self.units = units
        self.framer = framer
        self.port = 0
        self.head = dict.fromkeys(units, 0)
        self.cells = {unit: [0] * (20 + self.RING * 16) for unit in units}
        self.requests: list[tuple[int, int]] = []
        self._server: ModbusTcpServer | None = None

    async def start(self) -> None:
        async def seen(_code: int, _start: int, address: int, count: int, *_: object) -> None:
            self.requests.append((address, count))

        devices = [
            SimDevice(
                id=unit,
                simdata=[SimData(address=0, values=cells, datatype=DataType.REGISTERS)],
                action=seen,
            )
            for unit, cells in self.cells.items()
        ]
        self._server = ModbusTcpServer(devices, framer=self.framer, address=("127.0.0.1", self.port))
        await self._server.serve_forever(background=True)
        self.port = self._server.transport.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        await self._server.shutdown()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def write(self, address: int, values: list[int], unit: int = 1) -> None:
        self.cells[unit][address : address + len(values)] = values
        if self._server is not None:
            await self._server.async_setValues(unit, 16, address, values)

    async def show(
        self,
        clock_ms: int,
        state: int = 1,
        job: int = 0,
        good: int = 0,
        reject: int = 0,
        *,
        run_ms: int = 0,
        condition: float = 2.0,
        unit: int = 1,
    ) -> None:
        """One tick of the PLC's program: the whole header at once."""
        header = words("QHIIIQf", clock_ms, state, job, good, reject, run_ms, condition)
        await self.write(0, header + words("I", self.head[unit]), unit)

    async def note(
        self, ts_ms: int, state: int, job: int, good: int, reject: int = 0, *, unit: int = 1
    ) -> None:
        """One entry of the ring."""
        self.head[unit] += 1
        seq = self.head[unit]
        entry = [*words("IQHIII", seq, ts_ms, state, job, good, reject), 0, 0, 0]
        await self.write(20 + (seq - 1) % self.RING * 16, entry, unit)


def opcua_device(name: str, port: int, **keys: object) -> dict[str, object]:
    node = f"ns=2;s={name}"
    datatypes = {"state": "Int32", "job": "Int64", "good": "Int64", "reject": "Int64", "condition": "Double"}
    return {
        "id": name,
        "driver": "opcua",
        "endpoint": f"opc.tcp://127.0.0.1:{port}",
        "publishing_ms": 50,
        "timeout_s": 1.0,
        "clock": {"node": f"{node}.clock_ms"},
        "history": {
            "node": f"{node}.history",
            "columns": ["seq", "ts_ms", "state", "job", "good", "reject"],
        },
        "tag": [
            {"name": tag, "datatype": datatype, "node": f"{node}.{tag}"}
            for tag, datatype in datatypes.items()
        ],
        **keys,
    }


class OpcUaPlc:
    """An OPC UA server with one machine, whose program is the test."""

    TYPES: ClassVar = {
        "state": ua.VariantType.Int32,
        "job": ua.VariantType.Int64,
        "good": ua.VariantType.Int64,
        "reject": ua.VariantType.Int64,
        "condition": ua.VariantType.Double,
        "clock_ms": ua.VariantType.UInt64,
        "history": ua.VariantType.Int64,
    }

    def __init__(self, name: str = "M1", port: int = 0) -> None:
        self.name, self.port = name, port
        self.rows: list[list[int]] = []
        self.last: dict[str, tuple[object, int]] = {
            tag: ([] if tag == "history" else 0.0 if tag == "condition" else 0, T0) for tag in self.TYPES
        }
        self._server: Server | None = None

    async def start(self) -> None:
        server = Server()
        await init(server)
        server.set_endpoint(f"opc.tcp://127.0.0.1:{self.port}")
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        await server.register_namespace("urn:test:plant")
        folder = await server.nodes.objects.add_folder(2, self.name)
        for tag, kind in self.TYPES.items():
            await folder.add_variable(
                ua.NodeId(f"{self.name}.{tag}", 2), tag, ua.Variant(self.last[tag][0], kind)
            )
        await server.start()
        self._server = server
        self.port = server.bserver.port
        for tag, (value, ts_ms) in self.last.items():
            await self.write(tag, value, ts_ms)

    async def stop(self) -> None:
        assert self._server is not None
        await self._server.stop()
        self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            await self.stop()

    async def write(self, tag: str, value: object, ts_ms: int, status: int = 0) -> None:
        self.last[tag] = (value, ts_ms)
        if self._server is None:
            return
        data = ua.DataValue(
            ua.Variant(value, self.TYPES[tag]),
            StatusCode=ua.StatusCode(status),
            SourceTimestamp=EPOCH + timedelta(milliseconds=ts_ms),
        )
        await self._server.write_attribute_value(ua.NodeId(f"{self.name}.{tag}", 2), data)

    async def change(self, ts_ms: int, state: int, job: int, good: int, reject: int = 0) -> None:
        """A change of state or job: its values and its row in the history."""
        self.rows.append([len(self.rows) + 1, ts_ms, state, job, good, reject])
        for tag, value in {"state": state, "job": job, "good": good, "reject": reject}.items():
            await self.write(tag, value, ts_ms)
        await self.write("history", [cell for row in self.rows[-64:] for cell in row], ts_ms)


class Pty:
    """A serial reader: the test writes its lines."""

    def __init__(self) -> None:
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)

    def say(self, *lines: bytes) -> None:
        for line in lines:
            os.write(self.master, line)

    def close(self) -> None:
        for descriptor in (self.master, self._slave):
            if descriptor >= 0:
                os.close(descriptor)
        self.master = self._slave = -1


class Proxy:
    """A TCP link to a local port that can turn into a black hole or be cut."""

    def __init__(self, target: int) -> None:
        self.target, self.port = target, 0
        self.is_black_hole = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.target)
        self._writers |= {writer, back}
        for source, target in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._pump(source, target))
            self._tasks.add(task)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while chunk := await source.read(65536):
            if not self.is_black_hole:
                target.write(chunk)
        target.close()
