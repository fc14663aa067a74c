"""A device's own list of its last changes, read once per session."""

import asyncio

from asyncua.client.client import Client
from asyncua.ua.uaerrors import UaError

from edge.devices.opcua import OpcUaDevice
from edge.drivers.opcua.connection import reason
from edge.errors import DeviceRefused
from edge.intake import Intake, Sample


async def replay(device: OpcUaDevice, intake: Intake, client: Client) -> list[Sample]:
    """What the device knows of the time since it was last observed.

    Raises
    ------
    DeviceRefused
        When the server does not give the list.
    """
    history = device.history
    if history is None:
        return []
    try:
        async with asyncio.timeout(device.timeout_s):
            cells = await client.get_node(history.node).read_value()
    except UaError as error:
        intake.flag("bad_history")
        raise DeviceRefused(f"{device.endpoint}: history {history.node}: {reason(error)}") from error
    width = len(history.columns)
    cells = [] if cells is None else cells
    if not isinstance(cells, list) or len(cells) % width:
        intake.flag("bad_history")
        return []
    rows = [
        dict(zip(history.columns, cells[at : at + width], strict=True)) for at in range(0, len(cells), width)
    ]
    mark = intake.mark()
    if mark is not None and rows and rows[0]["seq"] > 1 and rows[0]["ts_ms"] > mark:
        intake.flag("ring_overrun")
    samples = []
    for row in rows:
        ts_ms = int(row.pop("ts_ms"))
        del row["seq"]
        if mark is None or ts_ms > mark:
            samples += [Sample(tag, ts_ms, raw, kept=True) for tag, raw in row.items()]
    return samples
