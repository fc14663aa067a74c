"""Chafon UHFReader18: asked for an inventory again and again, stamped with the gateway's clock."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

from edge.devices.rfid_serial import RfidDevice
from edge.drivers.rfid_serial.port import Port
from edge.errors import DeviceRefused, DeviceUnreachable
from edge.intake import Intake
from edge.presence import Sight
from edge.sightings import Sightings
from wire.readers.uhf18 import (
    BROADCAST,
    TAGS_IN,
    Answer,
    Command,
    Frame,
    FrameStream,
    FrameWrong,
    decode_tags,
)

ANTENNA = 1


async def talk(device: RfidDevice, intake: Intake, port: Port, sightings: Sightings) -> None:
    """Poll until the reader is gone; coverage reaches to when the last answered poll was asked."""
    line = _Line(device, intake, port)
    if device.power_dbm is not None:
        status = (await line.ask(Command.POWER, bytes([round(device.power_dbm)]))).status
        if status != Answer.OK:
            raise DeviceRefused(f"{device.endpoint}: power {device.power_dbm:g} dBm refused, status {status}")
    since_ms = intake.clock.now_ms()
    while True:
        asked_ms, due_s = intake.clock.now_ms(), monotonic() + device.poll_s
        async for epc in line.inventory():
            now_ms = intake.clock.now_ms()
            sightings.see(Sight(epc, ANTENNA, None, now_ms, now_ms))
        intake.health.polls += 1
        sightings.flush((since_ms, asked_ms), asked_ms)
        if (late_s := monotonic() - due_s) > 0:
            intake.health.overruns += late_s > device.poll_s
        await asyncio.sleep(max(0.0, due_s - monotonic()))


class _Line:
    """Questions and answers on one port, one after the other."""

    def __init__(self, device: RfidDevice, intake: Intake, port: Port) -> None:
        self._device = device
        self._intake = intake
        self._port = port
        self._stream = FrameStream(is_answer=True)
        self._frames: list[Frame] = []

    async def inventory(self) -> AsyncIterator[str]:
        """The codes of one inventory, over as many answers as the reader needs."""
        answer = await self.ask(Command.INVENTORY)
        while True:
            if answer.status in TAGS_IN:
                try:
                    codes = decode_tags(answer.data)
                except FrameWrong as wrong:
                    self._intake.flag("bad_frame", example=f"{wrong}: {answer.data.hex()}")
                    codes = []
                for code in codes:
                    yield code
            elif answer.status != Answer.NO_TAG:
                self._intake.flag("inventory_failed", example=f"status 0x{answer.status or 0:02x}")
            if answer.status != Answer.MORE:
                return
            answer = await self._answer(Command.INVENTORY, monotonic() + self._device.timeout_s)

    async def ask(self, command: Command, data: bytes = b"") -> Frame:
        """The answer to one command.

        Raises
        ------
        DeviceUnreachable
            When none comes in time.
        """
        # What came unasked belongs to an older question: it must not answer this one.
        self._frames.clear()
        self._take(await self._port.read(0), is_silent=True)
        self._frames.clear()
        self._port.write(Frame(self._device.address, command, data).encode())
        return await self._answer(command, monotonic() + self._device.timeout_s)

    async def _answer(self, command: Command, until_s: float) -> Frame:
        while True:
            while self._frames:
                frame = self._frames.pop(0)
                is_ours = self._device.address in {BROADCAST, frame.address}
                if frame.command == command and is_ours:
                    return frame
                self._intake.flag("stray_frame", example=frame.encode().hex())
            left_s = until_s - monotonic()
            if left_s <= 0:
                raise DeviceUnreachable(f"{self._device.endpoint}: no answer to {command.name.lower()}")
            # Half of what is left: a beginning that will not end is given up while an answer may still hide
            # in it.
            chunk = await self._port.read(max(0.01, left_s / 2))
            self._take(chunk, is_silent=not chunk)

    def _take(self, chunk: bytes, *, is_silent: bool) -> None:
        bad = self._stream.bad
        self._frames += self._stream.feed(chunk)
        if is_silent:
            self._frames += self._stream.give_up()
        if self._stream.bad > bad:
            self._intake.flag("bad_frame", self._stream.bad - bad, example=chunk.hex())
