"""Vibration sensors that stream their waveform: features of every window, the wave itself on demand."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Final

from edge.devices.vibration import VibrationDevice
from edge.drivers.chunks import Chunks
from edge.drivers.serial_sensor.lines import Wrong
from edge.drivers.skew import Skew
from edge.drivers.vibration.blocks import Block, BlockReader
from edge.drivers.vibration.capture import Ring, write_capture
from edge.drivers.vibration.windows import Windows
from edge.errors import DeviceUnreachable, SpoolRefused
from edge.intake import Intake, Sample
from edge.writes import Write

OPEN_S: Final = 5.0
# Sequence numbers are 32 bits wide; a step of more than half of them is a step back.
_SEQUENCES: Final = 1 << 32


async def watch(device: VibrationDevice, intake: Intake) -> None:
    """Read the blocks of `device` until the stream is gone; never returns.

    The sensor is observed from the first sample of its first block to the last of its newest window. A lost
    block ends that: the window begun is dropped and what follows is a stretch of its own.

    Raises
    ------
    DeviceUnreachable
        When the stream cannot be opened, ends, or brings no block for `silence_s`.
    DeviceRefused
        When numpy is missing, or the sensor samples too slowly for a band that is asked for.
    """
    windows = Windows(device)
    chunks = Chunks(device.endpoint)
    await chunks.open(device.serial, OPEN_S)
    session = _Session(device, intake, windows)
    serving = asyncio.create_task(session.serve_writes())
    try:
        await session.listen(chunks)
    finally:
        serving.cancel()
        chunks.close()


class _Session:
    """The stream from its opening to its end."""

    def __init__(self, device: VibrationDevice, intake: Intake, windows: Windows) -> None:
        self._device = device
        self._intake = intake
        self._windows = windows
        self._ring = Ring(device.capture_s)
        self._last: Block | None = None
        self._window: list[Block] = []
        self._window_samples = 0
        self._since_ms: int | None = None
        self._skew = Skew(intake)
        self._captures = {tag.feature: tag.name for tag in device.tag if tag.feature.startswith("capture")}

    async def listen(self, chunks: Chunks) -> None:
        """Take block after block."""
        loop = asyncio.get_running_loop()
        reader, heard_s = BlockReader(), loop.time()
        while True:
            chunk = await chunks.next(max(0.0, heard_s + self._device.silence_s - loop.time()))
            for found in reader.feed(chunk):
                if isinstance(found, Wrong):
                    self._intake.flag(found.kind, example=found.example)
                    continue
                heard_s = loop.time()
                await self._take(found)
            if loop.time() >= heard_s + self._device.silence_s:
                silence = f"sent no block for {self._device.silence_s:g} s"
                raise DeviceUnreachable(f"{self._device.endpoint} {silence}")

    async def _take(self, block: Block) -> None:
        self._intake.health.polls += 1
        if not self._follows(block):
            return
        self._windows.refuse_slow(block.rate_hz)
        first_ms = self._first_ms(block)
        if self._since_ms is None:
            self._since_ms = first_ms
            if capture := self._captures.get("capture"):
                self._intake.take([Sample(capture, first_ms, raw=False)], None)
        if block.is_clipped:
            self._intake.flag("clipped", example=f"block {block.sequence}")
        self._ring.keep(block, first_ms)
        self._window.append(block)
        self._window_samples += block.samples
        if self._window_samples >= self._device.window_s * block.rate_hz:
            window, self._window, self._window_samples = self._window, [], 0
            through_ms = first_ms + round(self._plant_ms(block.seconds))
            values = await asyncio.to_thread(self._windows.values, window)
            samples = [Sample(name, through_ms, value) for name, value in values.items()]
            self._intake.take(samples, (min(self._since_ms, through_ms), through_ms))

    def _follows(self, block: Block) -> bool:
        """Whether the block is a new one; what it does not follow without a gap is forgotten."""
        last, is_new = self._last, True
        if last is not None:
            step = (block.sequence - last.sequence) % _SEQUENCES
            if step == 0 and block == last:
                self._intake.flag("repeated_block", example=f"block {block.sequence}")
                return False
            if step != 1:
                is_back = step == 0 or step > _SEQUENCES // 2
                kind, lost = ("sensor_restarted", 1) if is_back else ("lost_blocks", step - 1)
                self._intake.flag(kind, lost, f"block {block.sequence} after {last.sequence}")
            is_new = step != 1 or (block.rate_hz, block.scale) != (last.rate_hz, last.scale)
        if is_new:
            self._ring.clear()
            self._window, self._window_samples, self._since_ms = [], 0, None
        self._last = block
        return True

    def _first_ms(self, block: Block) -> int:
        """Plant time of the block's first sample, by the sensor's clock if it has one."""
        now_ms = self._intake.clock.now_ms()
        if not block.first_ms:
            return now_ms - round(self._plant_ms(block.seconds))
        self._skew.note(block.first_ms, now_ms)
        return block.first_ms

    def _plant_ms(self, seconds: float) -> float:
        return seconds * 1000 * self._intake.clock.speed

    async def serve_writes(self) -> None:
        """Answer every write to the capture tag with a file, once."""
        while True:
            await self._intake.writes.wait()
            while write := self._intake.writes.take():
                await self._capture(write)

    async def _capture(self, write: Write) -> None:
        blocks = self._ring.snapshot()
        if write.value is not True:
            write.failed("accepted: true, which writes the last seconds to a file")
            return
        if not blocks:
            write.failed("no waveform has come yet")
            return
        folder, keep = Path(self._device.capture_dir or "."), self._device.capture_keep
        try:
            file = await asyncio.to_thread(write_capture, folder, self._device.id, blocks, keep)
        except OSError as error:
            write.failed(f"the file cannot be written: {error.strerror}")
            return
        write.done(read_back=True)
        if name := self._captures.get("capture_file"):
            # The file is there; that its name was lost is counted by the intake and recorded by the spool.
            # The next write must find somebody who serves it.
            with suppress(SpoolRefused):
                self._intake.take([Sample(name, self._intake.clock.now_ms(), file.name)], None)
