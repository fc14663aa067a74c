"""Writes to a unit: once, before the next read, and read back."""

from typing import Protocol

from edge.devices.modbus import ModbusDevice, ModbusTag
from edge.drivers.modbus.frames import Question, read, write_coil, write_registers
from edge.drivers.modbus.numbers import ValueUnfit, decoder, encoded
from edge.drivers.modbus.scans import span_of
from edge.errors import DeviceUnreachable
from edge.intake import Intake
from edge.scaling import Unfit
from edge.writes import Write, WriteValue

_REFUSED = {
    1: "it knows no such function",
    2: "it has no such address",
    3: "it does not take this value",
    4: "it failed",
}


class Ask(Protocol):
    """Asks the unit one question."""

    async def __call__(self, question: Question, *, is_write: bool = False) -> tuple[int | None, bytes]:
        """Exception code or None, and the answer from its function code on."""


async def serve(device: ModbusDevice, intake: Intake, ask: Ask) -> None:
    """Do each write of `intake.writes` when it comes; never returns.

    Raises
    ------
    DeviceUnreachable
        When the unit stops answering; the write in hand is answered first.
    """
    tags = {tag.name: tag for tag in device.tag if tag.writable}
    while True:
        await intake.writes.wait()
        while (write := intake.writes.take()) is not None:
            tag = tags.get(write.tag)
            if tag is None:
                write.failed(f"{write.tag!r} is not writable here")
            else:
                await _do(device, tag, write, ask)


def question_of(device: ModbusDevice, tag: ModbusTag, value: WriteValue) -> Question:
    """The request that makes the metric of `tag` hold `value`.

    Raises
    ------
    ValueUnfit
        When the registers cannot hold it.
    """
    if tag.type == "bit":
        if value not in (0, 1):
            raise ValueUnfit(f"{value!r} is neither on nor off")
        return write_coil(tag.address, is_on=bool(value))
    return write_registers(tag.address, encoded(device.place(tag), _raw(tag, value)))


def _raw(tag: ModbusTag, value: WriteValue) -> float | str:
    """The raw number behind a metric's value: whole where registers hold whole numbers."""
    if isinstance(value, str) or (tag.scale == 1 and tag.offset == 0):
        return value
    number = (value - tag.offset) / tag.scale
    return number if tag.type.startswith("float") else round(number)


async def _do(device: ModbusDevice, tag: ModbusTag, write: Write, ask: Ask) -> None:
    try:
        question = question_of(device, tag, write.value)
    except ValueUnfit as unfit:
        write.failed(f"not written: {unfit}")
        return
    is_sent = False
    try:
        code, _ = await ask(question, is_write=True)
        if code is not None:
            write.failed(f"unit {device.unit} refuses: {_REFUSED.get(code, f'exception code {code}')}")
            return
        is_sent = True
        write.done(await _read_back(device, tag, ask))
    except DeviceUnreachable as gone:
        known = "written, but not read back" if is_sent else "unknown whether it was written"
        write.failed(f"{known}: {gone}")
        raise


async def _read_back(device: ModbusDevice, tag: ModbusTag, ask: Ask) -> WriteValue:
    span = span_of(tag)
    code, pdu = await ask(read(span.table, span.address, span.count), is_write=True)
    if code is not None:
        raise DeviceUnreachable(f"exception code {code} at reading it back")
    (raw,) = decoder(span, [device.place(tag)]).values(pdu[2:])
    try:
        return tag.scaling.value(raw)
    except Unfit as unfit:
        raise DeviceUnreachable(f"what stands there now is {unfit.kind}") from unfit
