"""The gateway files of a simulated floor, written from the plant file and the simulators' endpoints."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulators.plant_file import Plant

GATEWAY = """\
# Written by `taktline`; what every key means stands in edge/examples/gateway.toml.
[gateway]
group = "{group}"
node = "{node}"

[uplink]
host = "{broker_host}"
port = {broker_port}
primary_host = "taktline"
{backlog}{login}
[spool]
path = "{node}.spool"
max_mb = 512
commit_s = 0.25
"""

LOGIN = """\
ca_file = "{folder}/ca.pem"
cert_file = "{folder}/gateway.pem"
key_file = "{folder}/gateway.key"
"""

MODBUS = """
[[device]]
id = "{id}"
driver = "modbus"
endpoint = "{host}:{port}"
unit = {unit}
period_s = {period_s}
clock = {{ address = 0, type = "uint64" }}
tag = [
    {{ name = "state", datatype = "Int32", address = 4, type = "uint16" }},
    {{ name = "reason", datatype = "Int32", address = 19, type = "uint16" }},
    {{ name = "job", datatype = "Int64", address = 5, type = "uint32" }},
    {{ name = "good", datatype = "Int64", address = 7, type = "uint32" }},
    {{ name = "reject", datatype = "Int64", address = 9, type = "uint32" }},
    {{ name = "run_s", datatype = "Double", address = 11, type = "uint64", scale = 0.001, {run_deadband} }},
    {{ name = "condition", datatype = "Double", address = 15, type = "float32", {condition_deadband} }},
]

[device.history]
head = {{ address = 17, type = "uint32" }}
address = 20
entries = 64
size = 16

[device.history.fields]
seq = {{ offset = 0, type = "uint32" }}
ts_ms = {{ offset = 2, type = "uint64" }}
state = {{ offset = 6, type = "uint16" }}
job = {{ offset = 7, type = "uint32" }}
good = {{ offset = 9, type = "uint32" }}
reject = {{ offset = 11, type = "uint32" }}
reason = {{ offset = 13, type = "uint16" }}
"""

OPCUA = """
[[device]]
id = "{id}"
driver = "opcua"
endpoint = "{endpoint}"
publishing_ms = {publishing_ms}
clock = {{ node = "ns=2;s={id}.clock_ms" }}
history = {{ node = "ns=2;s={id}.history", columns = {columns} }}
tag = [
    {{ name = "state", datatype = "Int32", node = "ns=2;s={id}.state" }},
    {{ name = "reason", datatype = "Int32", node = "ns=2;s={id}.reason" }},
    {{ name = "job", datatype = "Int64", node = "ns=2;s={id}.job" }},
    {{ name = "good", datatype = "Int64", node = "ns=2;s={id}.good" }},
    {{ name = "reject", datatype = "Int64", node = "ns=2;s={id}.reject" }},
    {{ name = "run_s", datatype = "Double", node = "ns=2;s={id}.run_s", {run_deadband} }},
    {{ name = "condition", datatype = "Double", node = "ns=2;s={id}.condition", {condition_deadband} }},
]
"""

# Running seconds grow with every poll; a reading each half minute of running is enough.
RUN_DEADBAND = "deadband = { absolute = 30.0 }"
# Half of the noise of a running spindle: its samples pass mostly, those of a standing machine hardly ever.
CONDITION_DEADBAND = "deadband = { absolute = 0.05 }"
DEADBANDS = {"run_deadband": RUN_DEADBAND, "condition_deadband": CONDITION_DEADBAND}
HISTORY_COLUMNS = '["seq", "ts_ms", "state", "job", "good", "reject", "reason"]'

RFID = """
[[device]]
id = "{id}"
driver = "rfid_serial"
endpoint = "{path}"
tag = [{{ name = "tag", datatype = "String", field = "epc" }}]
"""


def unknown_endpoints(plant: Plant) -> dict[str, Any]:
    """Return endpoints at which nobody answers, for files from which only tags and spools are read."""
    return {
        "opcua": {line.id: "opc.tcp://127.0.0.1:1" for line in plant.lines},
        "modbus": {
            machine.id: {"host": "127.0.0.1", "port": 1, "unit": unit}
            for line in plant.lines
            for unit, machine in enumerate(line.machines, start=1)
        },
        "rfid": {reader.id: "/dev/null" for reader in plant.readers},
    }


def write_gateways(
    plant: Plant,
    endpoints: Mapping[str, Any],
    folder: Path,
    broker: tuple[str, int],
    *,
    certs: Path | None = None,
    backlog_kb_s: float | None = None,
) -> dict[str, Path]:
    """Return the written gateway files by edge node id.

    Parameters
    ----------
    plant
        The plant whose machines and readers the gateways serve.
    endpoints
        What the plant server printed: `opcua` by line, `modbus` by machine, `rfid` by reader.
    folder
        Where the files and the spools stand.
    broker
        Host and port.
    certs
        Folder with a folder of certificates for each gateway; None connects without TLS.
    backlog_kb_s
        Most kilobytes of a backlog that a gateway sends in a real second; None: as fast as it goes.
    """
    texts: dict[str, str] = {}

    def add(node: str, text: str) -> None:
        if node not in texts:
            backlog = f"backlog_kb_s = {backlog_kb_s:g}\n" if backlog_kb_s else ""
            login = LOGIN.format(folder=certs.absolute() / node) if certs else ""
            texts[node] = GATEWAY.format(
                group=plant.id,
                node=node,
                broker_host=broker[0],
                broker_port=broker[1],
                backlog=backlog,
                login=login,
            )
        texts[node] += text

    for machine in plant.machines:
        keys: dict[str, Any] = {"id": machine.id, **DEADBANDS}
        if machine.protocol == "modbus":
            keys |= {"period_s": 0.25, **endpoints["modbus"][machine.id]}
            add(machine.gateway, MODBUS.format(**keys))
        else:
            keys |= {"endpoint": endpoints["opcua"][machine.line], "publishing_ms": 200}
            keys |= {"columns": HISTORY_COLUMNS}
            add(machine.gateway, OPCUA.format(**keys))
    for line in plant.lines:
        if line.reader is not None:
            path = endpoints["rfid"][line.reader.id]
            add(line.reader.gateway, RFID.format(id=line.reader.id, path=path))
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for node, text in texts.items():
        files[node] = folder / f"{node}.toml"
        files[node].write_text(text, encoding="utf-8")
    return files
