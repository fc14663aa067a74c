"""Frames as the sensors of the tests send them."""

import struct
from collections.abc import Mapping

from edge.checksums import CHECKSUMS
from edge.devices.serial_sensor import BinaryKeys
from edge.drivers.serial_sensor.frames import _LETTERS, _ORDERS


def frame_of(keys: BinaryKeys, values: Mapping[str, float]) -> bytes:
    """The frame that carries `values`; what no field covers is 0."""
    frame = bytearray(keys.size)
    sync = bytes.fromhex(keys.sync)
    frame[: len(sync)] = sync
    order = _ORDERS[keys.byte_order]
    if keys.length:
        form = struct.Struct(order + _LETTERS[keys.length.type])
        form.pack_into(frame, keys.length.offset, keys.size - keys.length.plus)
    for name, field in keys.fields.items():
        struct.pack_into(order + _LETTERS[field.type], frame, field.offset, values[name])
    if keys.checksum:
        width, compute = CHECKSUMS[keys.checksum.type]
        checksum = compute(bytes(frame[keys.checksum.start : -width]))
        frame[-width:] = checksum.to_bytes(width, keys.checksum.byte_order or keys.byte_order)
    return bytes(frame)
