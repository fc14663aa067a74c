"""The standard address space of asyncua's server, built once per process: building it takes 2.7 s of CPU."""

from pathlib import Path

from asyncua.server.address_space import AttributeValue, NodeData
from asyncua.server.server import Server

_built: dict[object, NodeData] = {}


async def init(server: Server) -> None:
    """Initialise a server with a copy of the standard nodes; their values are never changed in place."""
    build = server.iserver.load_standard_address_space

    async def load(shelf: Path | None = None) -> None:
        if not _built:
            await build(shelf)
            _built.update(_copies(server.iserver.aspace._nodes))
        else:
            server.iserver.aspace._nodes.update(_copies(_built))

    server.iserver.load_standard_address_space = load  # type: ignore[method-assign]
    await server.init()


def _copies(nodes: dict[object, NodeData]) -> dict[object, NodeData]:
    return {key: _copy(node) for key, node in nodes.items()}


def _copy(node: NodeData) -> NodeData:
    copy = NodeData(node.nodeid)
    copy.attributes = {key: AttributeValue(one.value) for key, one in node.attributes.items()}
    copy.references = list(node.references)
    copy.call = node.call
    return copy
