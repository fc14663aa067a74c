"""What a simulated Modbus unit does to its answers on their way out."""

import asyncio
import contextlib
import socket
import struct
from typing import Any, Final, cast

from pymodbus.pdu import ModbusPDU
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.server.requesthandler import ServerRequestHandler
from pymodbus.simulator import SimDevice

from simulators.faults import LINK_FAULTS, Fault, FaultKind, Faults
from simulators.serve.modbus_units import UNIT_KEYS, VALUE_FAULTS, concerns

# The generic faults of a link can be put on one unit here, since several may share the link.
_LINK: Final = {
    name: FaultKind(
        kind.text, kind.keys if name == "reset" else {**UNIT_KEYS, **kind.keys}, is_event=kind.is_event
    )
    for name, kind in LINK_FAULTS.items()
}
RTU_FAULTS: Final = {
    **{name: kind for name, kind in _LINK.items() if name != "reset"},
    **VALUE_FAULTS,
    "wrong_unit": FaultKind("answers name another unit", UNIT_KEYS),
    "bad_checksum": FaultKind("answers are damaged", UNIT_KEYS),
}
TCP_FAULTS: Final = {
    **_LINK,
    **VALUE_FAULTS,
    "wrong_transaction": FaultKind("answers name another transaction", UNIT_KEYS),
    "wrong_unit": FaultKind("answers name another unit", UNIT_KEYS),
    "restart": FaultKind("the server is away for so many seconds", {"away": 1.0}, is_event=True),
}
_TRANSACTION_BYTES: Final = 2
_TCP_UNIT_AT: Final = 6
_LINGER_OFF: Final = struct.pack("ii", 1, 0)


class FaultyConnection(ServerRequestHandler):
    """One connection; what it sends goes through the faults.

    Parameters
    ----------
    owner : Server
        The server whose connection it is.
    delay_s : float
        How long every answer takes, real seconds.
    """

    def __init__(self, owner: "TcpServer | SerialServer") -> None:
        super().__init__(owner, None, None, None)  # type: ignore[no-untyped-call]  # unannotated there
        self._owner = owner
        # A unit does one thing after the other: no answer overtakes the one before.
        self._free_at_s: dict[int, float] = {}

    def callback_connected(self) -> None:
        """Take a connection, unless the fault `reset` lasts."""
        super().callback_connected()
        if "reset" in self._owner.setting.faults.kinds and self._owner.setting.faults.now("reset"):
            _cut(self.transport)

    def server_send(self, pdu: ModbusPDU | None, addr: tuple[Any, ...] | None) -> None:  # noqa: ARG002
        """Send an answer as the faults leave it; where it goes is the connection's."""
        if pdu is None:
            return
        setting = self._owner.setting
        number = setting.first + pdu.dev_id - 1
        packet = _spoiled(self.framer.buildFrame(pdu), number, setting)
        delay_s = setting.delay_s
        latency = setting.faults.now("latency")
        if latency is not None and concerns(latency, number):
            delay_s += latency["ms"] / 1000
        if not packet:
            return
        now_s = self.loop.time()
        at_s = max(now_s + delay_s, self._free_at_s.get(pdu.dev_id, 0.0))
        self._free_at_s[pdu.dev_id] = at_s
        if at_s > now_s:
            self.loop.call_at(at_s, self._send, packet)
        else:
            self._send(packet)

    def _send(self, packet: bytes) -> None:
        if self.transport is not None:
            self.send(packet)


class Setting:
    """What a server of some units is told.

    Parameters
    ----------
    faults : Faults
        Faults of the whole simulator.
    first : int
        Number of the unit with address 1.
    delay_s : float
        How long every answer takes, real seconds.
    is_rtu : bool
        Whether frames begin with the unit rather than with a transaction.
    """

    def __init__(self, faults: Faults, first: int, delay_s: float, *, is_rtu: bool) -> None:
        self.faults = faults
        self.first = first
        self.delay_s = delay_s
        self.is_rtu = is_rtu


def _spoiled(packet: bytes, number: int, setting: Setting) -> bytes:
    """An answer's frame as it leaves; empty when it does not."""
    now = setting.faults.now
    if concerns(now("black_hole"), number):
        return b""
    raw = bytearray(packet)
    if "wrong_transaction" in setting.faults.kinds and concerns(now("wrong_transaction"), number):
        raw[_TRANSACTION_BYTES - 1] ^= 0x55
    if concerns(now("wrong_unit"), number):
        raw[0 if setting.is_rtu else _TCP_UNIT_AT] ^= 0x55
    if setting.is_rtu and concerns(now("bad_checksum"), number):
        raw[-1] ^= 0xFF
    cut = now("truncate")
    if cut is not None and concerns(cut, number):
        del raw[int(cut["bytes"]) or len(raw) // 2 :]
    return bytes(raw)


def _cut(transport: asyncio.BaseTransport | None) -> None:
    """End a connection with a reset."""
    if not isinstance(transport, asyncio.Transport):
        return
    plug: socket.socket | None = transport.get_extra_info("socket")
    if plug is not None:
        with contextlib.suppress(OSError):
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_OFF)
    transport.abort()


class TcpServer(ModbusTcpServer):
    """A Modbus TCP server of some units on 127.0.0.1."""

    def __init__(self, devices: list[SimDevice], setting: Setting, port: int) -> None:
        super().__init__(devices, address=("127.0.0.1", port), ignore_missing_devices=True)
        self.setting = setting

    def callback_new_connection(self) -> FaultyConnection:
        """Handle a connection."""
        return FaultyConnection(self)

    def reset(self, _fault: Fault) -> None:
        """Cut every connection."""
        for handler in list(self.active_connections.values()):
            _cut(handler.transport)

    @property
    def bound_port(self) -> int:
        """Where it listens."""
        return int(cast("Any", self.transport).sockets[0].getsockname()[1])


class SerialServer(ModbusSerialServer):
    """A Modbus RTU server of some units on a serial port."""

    def __init__(self, devices: list[SimDevice], setting: Setting, path: str) -> None:
        super().__init__(devices, port=path, baudrate=115_200, ignore_missing_devices=True)
        self.setting = setting

    def callback_new_connection(self) -> FaultyConnection:
        """Handle the line."""
        return FaultyConnection(self)
