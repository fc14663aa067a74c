"""The Modbus TCP side of a line: one server with a unit of holding registers for each of its machines."""

import asyncio
import struct
from collections.abc import Sequence
from typing import cast

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from simulators.plc import HISTORY_ROWS, HistoryEntry, PlcMemory

RING_START = 20
ROW_REGISTERS = 16
REGISTERS = RING_START + HISTORY_ROWS * ROW_REGISTERS
HOLDING = 3  # function code "read holding registers"
WRITING = {5, 6, 15, 16, 22, 23}
# clock_ms, state, job, good, reject, run_ms, condition, history_head, reason
HEADER = struct.Struct(">QHIIIQfIH")
# seq, ts_ms, state, job, good, reject, reason, two spare
ROW = struct.Struct(">IQHIIIH2H")


def _words(raw: bytes) -> list[int]:
    return [word for (word,) in struct.iter_unpack(">H", raw)]


def header_words(memory: PlcMemory, clock_ms: int) -> list[int]:
    """Registers 0 to 19 of a machine at `clock_ms`, as docs/architecture.md lays them out."""
    return _words(
        HEADER.pack(
            clock_ms,
            memory.state,
            memory.job,
            memory.good,
            memory.reject,
            memory.run_ms(clock_ms),
            memory.condition,
            memory.history_head,
            memory.reason,
        )
    )


def row_words(entry: HistoryEntry) -> list[int]:
    """The 16 registers of a history entry."""
    return _words(ROW.pack(*entry, 0, 0))


def row_address(seq: int) -> int:
    """The register at which history entry number `seq` (from 1) stands."""
    return RING_START + (seq - 1) % HISTORY_ROWS * ROW_REGISTERS


async def _refuse_writes(
    function_code: int,
    _start: int,
    _address: int,
    _count: int,
    _registers: list[int],
    _values: list[int] | list[bool] | None,
) -> ExcCodes | None:
    return ExcCodes.ILLEGAL_FUNCTION if function_code in WRITING else None


class ModbusLine:
    """A Modbus TCP server for some machines; unit numbers count from 1 in their order.

    Registers of a machine change between two requests, never within one: updates run on the server's own
    event loop without giving way.
    """

    def __init__(self, memories: Sequence[PlcMemory]) -> None:
        self._memories = dict(enumerate(memories, start=1))
        self.unit_of = {memory.machine: unit for unit, memory in self._memories.items()}
        self._server: ModbusTcpServer | None = None
        self.port = 0

    async def start(self, clock_ms: int, port: int = 0) -> int:
        """The port, once the server listens on 127.0.0.1; port 0 takes a free one.

        Raises
        ------
        OSError
            If the port is taken.
        """
        devices = []
        for unit, memory in self._memories.items():
            words = [0] * REGISTERS
            words[:RING_START] = header_words(memory, clock_ms)
            for entry in memory.history:
                at = row_address(entry.seq)
                words[at : at + ROW_REGISTERS] = row_words(entry)
            registers = SimData(address=0, values=words, datatype=DataType.REGISTERS)
            devices.append(SimDevice(id=unit, simdata=[registers], action=_refuse_writes))
        self._server = ModbusTcpServer(devices, address=("127.0.0.1", port))
        try:
            await self._server.serve_forever(background=True)
        except RuntimeError:
            self._server = None
            raise OSError(f"Modbus TCP cannot listen on 127.0.0.1:{port}") from None
        listener = cast("asyncio.Server", self._server.transport)  # declared wider than what a server holds
        self.port = int(listener.sockets[0].getsockname()[1])
        return self.port

    async def show(self, memory: PlcMemory) -> None:
        """Write the newest history entry of a machine."""
        entry = memory.history[-1]
        await self._write(self.unit_of[memory.machine], row_address(entry.seq), row_words(entry))

    async def tick(self, clock_ms: int) -> None:
        """Write the live registers of all machines as they stand at `clock_ms`."""
        for unit, memory in self._memories.items():
            await self._write(unit, 0, header_words(memory, clock_ms))

    async def _write(self, unit: int, address: int, words: list[int]) -> None:
        if self._server is None:
            raise RuntimeError("the Modbus server has not been started")
        await self._server.async_setValues(unit, HOLDING, address, words)

    async def stop(self) -> None:
        """Stop listening and close all connections."""
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]  # pymodbus leaves it unannotated
