"""The OPC UA side of a line: one server with a folder of variables for each of its machines."""

from collections.abc import Iterable, Sequence
from datetime import UTC, timedelta

from asyncua import ua
from asyncua.server.server import Server

from simulators.plc import PlcMemory

NAMESPACE = 2  # the layout promises ns=2
NAMESPACE_URI = "urn:taktline:simulated-plc"
EPOCH = ua.DateTime(1970, 1, 1, tzinfo=UTC)
TYPE_OF = {
    "clock_ms": ua.VariantType.UInt64,
    "state": ua.VariantType.Int32,
    "job": ua.VariantType.Int64,
    "good": ua.VariantType.Int64,
    "reject": ua.VariantType.Int64,
    "reason": ua.VariantType.Int32,
    "run_s": ua.VariantType.Double,
    "condition": ua.VariantType.Double,
    "history": ua.VariantType.Int64,
}


def _stamped(name: str, value: float | list[int], ts_ms: int) -> ua.DataValue:
    variant = ua.Variant(value, TYPE_OF[name])
    return ua.DataValue(variant, SourceTimestamp=EPOCH + timedelta(milliseconds=ts_ms))


def _shown(memory: PlcMemory, name: str, ts_ms: int) -> ua.DataValue:
    value = memory.flat_history() if name == "history" else memory.value(name, ts_ms)
    return _stamped(name, value, ts_ms)


class OpcuaLine:
    """An OPC UA server for some machines; every write bears the plant time of its event as source timestamp.

    Parameters
    ----------
    name
        Of the server, usually the line's.
    memories
        What its machines show; read at the start and at every change.
    """

    def __init__(self, name: str, memories: Iterable[PlcMemory]) -> None:
        self._name = name
        self._memories = {memory.machine: memory for memory in memories}
        self._server = Server()
        self._nodes: dict[tuple[str, str], ua.NodeId] = {}
        self.url = ""

    async def start(self, clock_ms: int, port: int = 0) -> str:
        """The endpoint's URL, once the server listens on 127.0.0.1; port 0 takes a free one.

        Raises
        ------
        OSError
            If the port is taken.
        """
        server = self._server
        await server.init()
        server.set_server_name(f"Taktline simulated PLCs, {self._name}")
        server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/{self._name}")
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        index = await server.register_namespace(NAMESPACE_URI)
        if index != NAMESPACE:
            raise RuntimeError(f"the namespace stands at {index}, the layout promises {NAMESPACE}")
        for machine, memory in self._memories.items():
            folder = await server.nodes.objects.add_folder(
                ua.NodeId.from_string(f"ns={NAMESPACE};s={machine}"), ua.QualifiedName(machine, NAMESPACE)
            )
            for name, variant_type in TYPE_OF.items():
                node = ua.NodeId.from_string(f"ns={NAMESPACE};s={machine}.{name}")
                empty = ua.Variant([0] if name == "history" else 0, variant_type)
                await folder.add_variable(node, ua.QualifiedName(name, NAMESPACE), empty)
                self._nodes[machine, name] = node
            await self.show(memory, [n for n in TYPE_OF if n != "clock_ms"], None)
            await self._write(machine, _stamped("clock_ms", clock_ms, clock_ms), "clock_ms")
        await server.start()
        if server.bserver is None:
            raise RuntimeError("the OPC UA server did not start to listen")
        self.url = f"opc.tcp://127.0.0.1:{server.bserver.port}/{self._name}"
        return self.url

    async def show(self, memory: PlcMemory, names: Sequence[str], ts_ms: int | None) -> None:
        """Write what changed at `ts_ms` (None: each at its own last change)."""
        for name in names:
            at = memory.changed_ms.get(name, memory.first_ms) if ts_ms is None else ts_ms
            await self._write(memory.machine, _shown(memory, name, at), name)

    async def tick(self, clock_ms: int) -> None:
        """Write the clocks, after everything else of a tick."""
        value = _stamped("clock_ms", clock_ms, clock_ms)
        for machine in self._memories:
            await self._write(machine, value, "clock_ms")

    async def _write(self, machine: str, value: ua.DataValue, name: str) -> None:
        await self._server.write_attribute_value(self._nodes[machine, name], value)

    async def stop(self) -> None:
        """Stop listening and close all sessions."""
        await self._server.stop()
