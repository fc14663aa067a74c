"""Independent edge nodes and our ingest: pysparkplug's and sparkplug-client's are taken as they are."""

from collections.abc import Callable, Iterator

import pytest
from edge_player import EdgePlayer, wait_for
from interop.peer import Peer, pysparkplug, sparkplug_client

from cloud.ingest.runtime import IngestRuntime
from wire.receipts import rebirth_command
from wire.sparkplug import encode

Require = Callable[[object, str], None]


@pytest.fixture(params=["pysparkplug", "sparkplug-client"])
def node(
    request: pytest.FixtureRequest, require: Require, ingest: IngestRuntime, broker: int
) -> Iterator[tuple[str, Peer]]:
    """An edge node of another maker with one device, once our host is there."""
    assert ingest.snapshot().is_connected
    if request.param == "pysparkplug":
        with pysparkplug(require, "node", broker) as peer:
            yield "peer-node", peer
    else:
        with sparkplug_client(require, str(broker)) as peer:
            peer.until(lambda line: line.get("kind") == "born")
            yield "peer-js", peer


def test_births_data_rebirth_and_deaths_of_another_maker_s_node_are_taken(
    node: tuple[str, Peer], ingest: IngestRuntime, player: Callable[..., EdgePlayer]
) -> None:
    name, peer = node
    temp, parts = f"suzhou/{name}/D1/temp", f"suzhou/{name}/D1/parts"

    def latest(tag: str) -> object:
        found = ingest.latest([tag]).get(tag)
        return None if found is None else found.value

    def state() -> tuple[bool, int] | None:
        nodes = {node.node: (node.is_online, node.devices_online) for node in ingest.snapshot().nodes}
        return nodes.get(name)

    wait_for(lambda: state() == (True, 1), "node and device are online")
    wait_for(lambda: (latest(temp), latest(parts)) == (20.5, 1), "the birth's values are live")
    is_python = name == "peer-node"
    new = {"name": "temp", "datatype" if is_python else "type": "DOUBLE" if is_python else "Double"}
    peer.tell(new | {"value": 21.25})
    wait_for(lambda: latest(temp) == 21.25, "the new value is stored")
    assert not next(node for node in ingest.snapshot().nodes if node.node == name).keeps_receipts

    player("asker").raw(f"spBv1.0/suzhou/NCMD/{name}", encode(rebirth_command(1_000)))
    asked = peer.until(lambda line: line.get("kind") == "NCMD")
    assert asked["metrics"][0]["name"] == "Node Control/Rebirth"
    assert asked["metrics"][0]["value"] is True

    peer.tell("die")
    wait_for(lambda: state() == (True, 0), "the device is offline")
