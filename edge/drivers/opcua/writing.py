"""Writes to an OPC UA server: checked against its own datatype, written once, read back."""

import asyncio
from typing import Any, Final

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.uaerrors import UaError

from edge.devices.opcua import OpcUaDevice, OpcUaTag
from edge.drivers.opcua.connection import reason
from edge.drivers.opcua.values import NoScalar, plain, quality_of, status_name
from edge.intake import Intake
from edge.scaling import Unfit
from edge.writes import Write, WriteFailed, WriteValue
from wire.quality import BAD

WHOLE: Final = {
    ua.VariantType.SByte: (-(2**7), 2**7 - 1),
    ua.VariantType.Byte: (0, 2**8 - 1),
    ua.VariantType.Int16: (-(2**15), 2**15 - 1),
    ua.VariantType.UInt16: (0, 2**16 - 1),
    ua.VariantType.Int32: (-(2**31), 2**31 - 1),
    ua.VariantType.UInt32: (0, 2**32 - 1),
    ua.VariantType.Int64: (-(2**63), 2**63 - 1),
    ua.VariantType.UInt64: (0, 2**64 - 1),
}
REAL: Final = frozenset({ua.VariantType.Float, ua.VariantType.Double})
LARGEST_FLOAT32: Final = 3.4028234663852886e38


async def serve_writes(device: OpcUaDevice, intake: Intake, client: Client) -> None:
    """Do one write after the other while the session lasts; never returns, never tries one again."""
    tags = {tag.name: tag for tag in device.tag}
    while True:
        await intake.writes.wait()
        while (write := intake.writes.take()) is not None:
            try:
                async with asyncio.timeout(device.timeout_s):
                    write.done(await _written(tags[write.tag], write, client))
            except WriteFailed as failed:
                write.failed(str(failed))
            except TimeoutError:
                write.failed("unknown whether it was written: the server did not answer in time")
            except (UaError, OSError) as error:
                write.failed(f"unknown whether it was written: {reason(error)}")


async def _written(tag: OpcUaTag, write: Write, client: Client) -> WriteValue:
    """The value that the server holds after the write, scaled like any reading."""
    session = client.uaclient.session
    node = ua.NodeId.from_string(tag.node)
    now = (await session.read_attributes([node], AttributeIds.Value))[0]
    if now.Value is None or now.Value.VariantType is ua.VariantType.Null:
        kind = await client.get_node(node).read_data_type_as_variant_type()
    elif now.Value.is_array:
        raise WriteFailed(f"{tag.node} is an array; accepted: a scalar node")
    else:
        kind = now.Value.VariantType
    raw = raw_of(tag, write.value, kind)
    # The value alone: many servers refuse a client's status or timestamps.
    wanted = ua.DataValue(ua.Variant(raw, kind))
    status = (await session.write_attributes([node], [wanted], AttributeIds.Value))[0]
    if not status.is_good():
        raise WriteFailed(f"the server refused it: {status.name}")
    held = (await session.read_attributes([node], AttributeIds.Value))[0]
    code = 0 if held.StatusCode is None else int(held.StatusCode.value)
    if quality_of(code) == BAD or held.Value is None:
        raise WriteFailed(f"written, but it cannot be read back: {status_name(code)}")
    try:
        return tag.scaling.value(plain(held.Value.Value))
    except (Unfit, NoScalar) as odd:
        raise WriteFailed(f"written, but what is read back does not fit {tag.datatype}: {odd}") from odd


def raw_of(tag: OpcUaTag, value: WriteValue, kind: ua.VariantType) -> Any:
    """The node's value for one of the metric: scaling undone, in the server's datatype.

    Raises
    ------
    WriteFailed
        When the server's datatype cannot hold it; nothing has been written then.
    """
    if kind is ua.VariantType.Boolean and isinstance(value, bool):
        return value
    if kind is ua.VariantType.String and isinstance(value, str):
        return value
    if (kind in WHOLE or kind in REAL) and isinstance(value, int | float) and not isinstance(value, bool):
        return _number(tag, value, kind)
    raise WriteFailed(
        f"{tag.node} holds {kind.name}, which cannot be made of {type(value).__name__} {value!r}"
    )


def _number(tag: OpcUaTag, value: float, kind: ua.VariantType) -> int | float:
    is_same = tag.scale == 1 and tag.offset == 0
    raw = value if is_same else (value - tag.offset) / tag.scale
    if kind in REAL:
        if kind is ua.VariantType.Float and abs(raw) > LARGEST_FLOAT32:
            raise WriteFailed(f"{raw:g} is too large for {kind.name}")
        return float(raw)
    whole = round(raw)
    low, high = WHOLE[kind]
    # A scaled number is as near as the device's steps allow; an unscaled one must be what was asked for.
    if is_same and whole != raw:
        raise WriteFailed(f"{tag.node} holds {kind.name}; accepted: a whole number")
    if not low <= whole <= high:
        raise WriteFailed(f"{whole} does not fit {kind.name}; accepted: {low} to {high}")
    return whole
