"""pysparkplug as a peer: one JSON line for each thing it hears, one command a line on stdin.

Runs in an environment of its own (requirements/peer-pysparkplug.txt): `host PORT` or `node PORT`.
"""

import json
import sys
from typing import Any

import pysparkplug as psp


def say(**what: Any) -> None:
    sys.stdout.write(json.dumps(what, default=str) + "\n")
    sys.stdout.flush()


def metrics(payload: Any) -> list[dict[str, Any]]:
    return [
        {
            "name": m.name,
            "value": m.value,
            "alias": m.alias,
            "datatype": int(m.datatype),
            "is_null": m.is_null,
        }
        for m in getattr(payload, "metrics", ())
    ]


def heard(_client: Any, message: Any) -> None:
    topic = message.topic
    say(
        kind=str(topic.message_type.value),
        device=topic.device_id,
        metrics=metrics(message.payload),
        seq=getattr(message.payload, "seq", None),
    )


def command(asked: dict[str, Any]) -> Any:
    kind = asked["kind"]
    metric = psp.Metric(
        psp.get_current_timestamp(),
        name=asked["name"],
        datatype=psp.DataType[asked["datatype"]],
        value=asked["value"],
    )
    payload = (psp.NCmd if kind == "NCMD" else psp.DCmd)(psp.get_current_timestamp(), metrics=(metric,))
    topic = psp.Topic(
        message_type=psp.MessageType[kind],
        group_id="plant",
        edge_node_id="gw",
        device_id=asked.get("device"),
    )
    return psp.Message(topic=topic, payload=payload, qos=psp.QoS.AT_MOST_ONCE, retain=False)


def host(port: int) -> None:
    client = psp.Client(client_id="peer-host")
    for kind in ("NBIRTH", "DBIRTH", "NDATA", "DDATA", "NDEATH", "DDEATH"):
        device = "+" if kind[0] == "D" else None
        topic = psp.Topic(
            message_type=psp.MessageType[kind], group_id="plant", edge_node_id="+", device_id=device
        )
        client.subscribe(topic, psp.QoS.AT_LEAST_ONCE, heard)
    client.connect("127.0.0.1", port=port)
    say(ready=True)
    for line in sys.stdin:
        client.publish(command(json.loads(line)), include_dtypes=True)
    client.disconnect()


def node(port: int) -> None:
    def rebirth(_edge: Any, message: Any) -> None:
        say(kind="NCMD", metrics=metrics(message.payload))

    stamp = psp.get_current_timestamp()
    temp = psp.Metric(stamp, name="temp", datatype=psp.DataType.DOUBLE, value=20.5)
    parts = psp.Metric(stamp, name="parts", datatype=psp.DataType.INT64, value=1)
    edge = psp.EdgeNode(
        "suzhou", "peer-node", (), client=psp.Client(client_id="peer-node"), cmd_callback=rebirth
    )
    edge.register(psp.Device("D1", (temp, parts)))
    edge.connect("127.0.0.1", port=port)
    say(ready=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if asked == "die":
            edge.deregister("D1")
            continue
        new = psp.Metric(
            psp.get_current_timestamp(),
            name=asked["name"],
            datatype=psp.DataType[asked["datatype"]],
            value=asked["value"],
        )
        edge.update_device("D1", (new,))
    edge.disconnect()


{"host": host, "node": node}[sys.argv[1]](int(sys.argv[2]))
