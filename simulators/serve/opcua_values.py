"""The variables of a simulated OPC UA server: how they change, and what faults do to them."""

import asyncio
import math
import time
from datetime import UTC, datetime, timedelta

from asyncua import ua
from asyncua.server.server import Server
from asyncua.ua.status_codes import StatusCodes

from simulators.faults import Fault, Faults
from wire.clock import from_environment

NAMESPACE = 2
# A larger folder makes browsing and the building of the address space slow.
PER_FOLDER = 500
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SINE_S = 60.0


def _node(name: str) -> ua.NodeId:
    return ua.NodeId(ua.String(name), ua.Int16(NAMESPACE))


class _Settled(ua.DataValue):
    """A value that nobody changes in place: copying it costs the server more than all else of a write."""

    def __deepcopy__(self, _memo: object) -> "_Settled":
        return self


class Values:
    """Variables `ns=2;s=n0000` and on, all Double, in folders of at most 500.

    Each is `clock` (the plant time of its change, Unix ms), a `counter` of its changes or a `sine`. They
    change in turn, so many a second in all, in a burst at each tick with one plant time.

    Parameters
    ----------
    count : int
        Variables.
    rate : float
        Changes per real second in all.
    tick_s : float
        Real seconds between bursts.
    kind : str
        `clock`, `counter` or `sine`.
    faults : Faults
        Those in force.
    """

    def __init__(self, count: int, rate: float, tick_s: float, kind: str, faults: Faults) -> None:
        self._count, self._rate, self._tick_s, self._kind = count, rate, tick_s, kind
        self._faults = faults
        self._clock = from_environment()
        self._nodes = [_node(f"n{number:04}") for number in range(count)]
        self._numbers = [0] * count
        self._server: Server | None = None
        self._removed: int | None = None
        self.written = 0
        faults.when("counter_reset", self._reset)

    def _reset(self, _fault: Fault) -> None:
        self._numbers = [0] * self._count

    async def appear(self, server: Server) -> None:
        """Add all variables to a server that is about to start."""
        folder = None
        for number in range(self._count):
            if number % PER_FOLDER == 0:
                folder = await server.nodes.objects.add_folder(
                    _node(f"folder{number // PER_FOLDER}"),
                    ua.QualifiedName(f"folder{number // PER_FOLDER}", NAMESPACE),
                )
            await self._add(folder or server.nodes.objects, number)
        self._server = server

    async def _add(self, folder: object, number: int) -> None:
        node = self._nodes[number]
        empty = ua.Variant(0.0, ua.VariantType.Double)
        variable = await folder.add_variable(node, ua.QualifiedName(str(node.Identifier), NAMESPACE), empty)  # type: ignore[attr-defined]
        await variable.write_value(self._value(number, self._clock.now_ms()))
        await variable.set_writable()

    def disappear(self) -> None:
        """The server is gone; changes wait for the next one."""
        self._server = None

    async def run(self) -> None:
        """Change values until cancelled; what falls due while the server is away is left out."""
        began_s, due = time.monotonic(), 0
        tick = 0
        while True:
            tick += 1
            await asyncio.sleep(max(0.0, began_s + tick * self._tick_s - time.monotonic()))
            upto = int(tick * self._tick_s * self._rate)
            if self._server is not None:
                await self._tend(self._server)
                if not self._faults.now("freeze"):
                    await self._burst(self._server, due, upto)
            due = upto

    async def _burst(self, server: Server, first: int, end: int) -> None:
        now_ms = self._clock.now_ms()
        for change in range(max(first, end - self._count), end):
            number = change % self._count
            if number == self._removed:
                continue
            self._numbers[number] += 1
            await server.write_attribute_value(self._nodes[number], self._value(number, now_ms))
            self.written += 1
            if self._server is not server:
                return

    def _value(self, number: int, now_ms: int) -> ua.DataValue:
        if self._kind == "clock":
            value = float(now_ms)
        elif self._kind == "counter":
            value = float(self._numbers[number])
        else:
            value = math.sin(2 * math.pi * (now_ms / 1000 / SINE_S + number / self._count))
        if self._faults.now("nan"):
            value = math.nan
        bad, skew = self._faults.now("bad_status"), self._faults.now("clock_skew")
        at_ms = now_ms + (skew["by"] * 1000 if skew else 0)
        return _Settled(
            ua.Variant(value, ua.VariantType.Double),
            StatusCode=ua.StatusCode(ua.UInt32(bad["code"] if bad else 0)),
            SourceTimestamp=EPOCH + timedelta(milliseconds=at_ms),  # type: ignore[arg-type]
        )

    async def _tend(self, server: Server) -> None:
        """Take away or bring back the variable that the fault names."""
        fault = self._faults.now("remove_node")
        wanted = int(fault["node"]) % self._count if fault else None
        if wanted == self._removed:
            return
        if self._removed is not None:
            number, self._removed = self._removed, None
            folder = server.get_node(_node(f"folder{number // PER_FOLDER}"))
            await self._add(folder, number)
        if wanted is not None:
            self._removed = wanted
            gone = ua.DataValue(StatusCode=ua.StatusCode(ua.UInt32(StatusCodes.BadNodeIdUnknown)))
            await server.write_attribute_value(self._nodes[wanted], gone)
            await server.delete_nodes([server.get_node(self._nodes[wanted])])
