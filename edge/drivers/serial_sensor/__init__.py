"""Sensors that write lines or binary frames on a serial port, by themselves or when asked."""

import asyncio
from typing import Final

from edge.devices.serial_sensor import BinaryKeys, SerialSensorDevice, SerialSensorTag
from edge.drivers.chunks import Chunks
from edge.drivers.field_values import FieldWrong, moment, raw_of
from edge.drivers.serial_sensor.frames import FrameReader
from edge.drivers.serial_sensor.lines import Fields, LineReader, Wrong
from edge.drivers.skew import Skew
from edge.errors import DeviceUnreachable
from edge.intake import Intake, Sample
from wire.quality import BAD

OPEN_S: Final = 5.0
# Polls without an answer after which the sensor counts as gone.
MOST_MISSES: Final = 3


async def watch(device: SerialSensorDevice, intake: Intake) -> None:
    """Read what `device` says until the port is gone; never returns.

    The sensor is observed from its first to its newest good line: between them it was heard. Silence for
    longer than `silence_s`, or three polls without an answer, ends the session, so that it is not covered.

    Raises
    ------
    DeviceUnreachable
        When the port cannot be opened, hangs up or the sensor is silent.
    """
    chunks = Chunks(device.endpoint)
    await chunks.open(device.serial, OPEN_S)
    try:
        session = _Session(device, intake, chunks)
        await (session.ask() if device.poll else session.listen())
    finally:
        chunks.close()


class _Session:
    """The sensor from the opening of its port to its end."""

    def __init__(self, device: SerialSensorDevice, intake: Intake, chunks: Chunks) -> None:
        self._device = device
        self._intake = intake
        self._chunks = chunks
        keys = device.framing
        self._reader = FrameReader(keys) if isinstance(keys, BinaryKeys) else LineReader(device)
        self._decimal = "." if isinstance(keys, BinaryKeys) else keys.decimal
        self._since_ms: int | None = None
        self._skew = Skew(intake)
        self._broken: set[str] = set()

    async def listen(self) -> None:
        silence_s = self._device.silence_s or None
        loop = asyncio.get_running_loop()
        heard_s = loop.time()
        while True:
            left_s = silence_s and max(0.0, heard_s + silence_s - loop.time())
            if self._take(await self._chunks.next(left_s)):
                heard_s = loop.time()
            elif silence_s and loop.time() >= heard_s + silence_s:
                raise DeviceUnreachable(f"{self._device.endpoint} said nothing of use for {silence_s:g} s")

    async def ask(self) -> None:
        poll = self._device.poll
        assert poll is not None  # noqa: S101 - the caller looked
        loop = asyncio.get_running_loop()
        due_s, misses = loop.time(), 0
        while True:
            # What came unasked or too late belongs to no question.
            self._chunks.clear()
            self._reader.clear()
            self._chunks.write(poll.frame)
            misses = 0 if await self._answered(loop.time() + poll.timeout_s) else misses + 1
            if misses:
                self._intake.flag("no_answer")
            if misses >= MOST_MISSES:
                raise DeviceUnreachable(f"{self._device.endpoint} left {misses} questions without an answer")
            due_s += poll.period_s
            if due_s < loop.time():
                self._intake.health.overruns += 1
                due_s = loop.time()
            await asyncio.sleep(due_s - loop.time())

    async def _answered(self, until_s: float) -> bool:
        loop = asyncio.get_running_loop()
        while (left_s := until_s - loop.time()) > 0:
            if self._take(await self._chunks.next(left_s)):
                return True
        return False

    def _take(self, chunk: bytes) -> bool:
        """Whether `chunk` completed anything of use."""
        samples: list[Sample] = []
        through_ms: int | None = None
        for found in self._reader.feed(chunk):
            if isinstance(found, Wrong):
                self._intake.flag(found.kind, example=found.example)
                continue
            self._intake.health.polls += 1
            ts_ms = self._time(found)
            if ts_ms is not None:
                through_ms = ts_ms
                samples += self._samples(found, ts_ms)
        if through_ms is None:
            return False
        if self._since_ms is None or through_ms < self._since_ms:
            self._since_ms = through_ms
        self._intake.take(samples, (self._since_ms, through_ms))
        return True

    def _time(self, fields: Fields) -> int | None:
        """Plant time of a line; None when it says one that cannot be read."""
        now_ms = self._intake.clock.now_ms()
        keys = self._device.time
        if keys is None:
            return now_ms
        try:
            ts_ms = moment(fields.get(keys.field), keys.form)
        except FieldWrong as wrong:
            self._intake.flag("bad_time", example=str(wrong))
            return None
        self._skew.note(ts_ms, now_ms)
        return ts_ms

    def _samples(self, fields: Fields, ts_ms: int) -> list[Sample]:
        return [
            self._sample(tag, fields[tag.source], ts_ms) for tag in self._device.tag if tag.source in fields
        ]

    def _sample(self, tag: SerialSensorTag, given: str | float, ts_ms: int) -> Sample:
        if not isinstance(given, str):
            return Sample(tag.name, ts_ms, given)
        try:
            sample = Sample(tag.name, ts_ms, raw_of(given, tag.datatype, self._decimal))
        except FieldWrong:
            # A probe that is broken says so in its cell, line after line; the other cells are right.
            if tag.name not in self._broken:
                self._intake.flag("bad_field", example=f"{tag.source}: {given!r}")
            self._broken.add(tag.name)
            return Sample(tag.name, ts_ms, None, BAD)
        self._broken.discard(tag.name)
        return sample
