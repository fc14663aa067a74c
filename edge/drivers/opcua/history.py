"""A device's own list of its last changes, read once per session."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from asyncua.client.client import Client
from asyncua.ua.uaerrors import UaError

from edge.devices.opcua import OpcUaDevice
from edge.drivers.opcua.connection import reason
from edge.errors import DeviceRefused
from edge.intake import Intake, Sample

_SHOWN: Final = 60  # characters of a value in an example
_PLACES: Final = ("seq", "ts_ms")  # of a row among the others; without them nothing is known of it


async def replay(device: OpcUaDevice, intake: Intake, client: Client) -> list[Sample]:
    """What the device knows of the time since it was last observed.

    A row without a number and a time is left out, counted as `bad_history`, and its example says which cell.

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
        intake.flag("bad_history", example=f"{history.node}: {reason(error)}; accepted: a readable array")
        raise DeviceRefused(f"{device.endpoint}: history {history.node}: {reason(error)}") from error
    cells = [] if cells is None else cells
    width = len(history.columns)
    if not isinstance(cells, list) or len(cells) % width:
        found = f"{len(cells)} cells" if isinstance(cells, list) else _shown(cells)
        accepted = f"an array of whole rows of {width} cells: {', '.join(history.columns)}"
        intake.flag("bad_history", example=f"{history.node} = {found}; accepted: {accepted}")
        return []
    rows = _rows(history.node, history.columns, cells, intake)
    mark = intake.mark()
    if mark is not None and rows and rows[0]["seq"] > 1 and rows[0]["ts_ms"] > mark:
        intake.flag("ring_overrun", example=_overrun(history.node, rows[0], mark))
    samples = []
    for row in rows:
        ts_ms = int(row.pop("ts_ms"))
        del row["seq"]
        if mark is None or ts_ms > mark:
            samples += [Sample(tag, ts_ms, raw, kept=True) for tag, raw in row.items()]
    return samples


def _rows(node: str, columns: Sequence[str], cells: Sequence[Any], intake: Intake) -> list[dict[str, Any]]:
    """The rows that say which they are and of when."""
    width = len(columns)
    rows = []
    for at in range(0, len(cells), width):
        row = dict(zip(columns, cells[at : at + width], strict=True))
        wrong = next((name for name in _PLACES if not _is_whole(row[name])), None)
        if wrong is None:
            rows.append(row)
            continue
        place = f"{node}[{at + list(columns).index(wrong)}]"
        example = f"{place}, {wrong} of row {at // width} = {_shown(row[wrong])}; accepted: a whole number"
        intake.flag("bad_history", example=example)
    return rows


def _is_whole(cell: object) -> bool:
    return not isinstance(cell, bool) and (
        isinstance(cell, int) or (isinstance(cell, float) and cell.is_integer())
    )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _overrun(node: str, oldest: dict[str, Any], mark: int) -> str:
    return f"{node} begins with row {oldest['seq']} at {oldest['ts_ms']} ms, observed before until {mark} ms"
