"""Vibration sensors: windows become features, lost blocks are seen, the wave is written when asked."""

import asyncio
import json
import math
import sys
import time
import wave
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Self
from zlib import crc32

import numpy as np
import pytest
from edge_plcs import CLOCK, T0, Sink, config, intake_of, until
from hypothesis import given
from hypothesis import strategies as st

from edge.drivers.serial_sensor.lines import Wrong
from edge.drivers.vibration import watch
from edge.drivers.vibration.blocks import HEADER, Block, BlockReader
from edge.errors import DeviceRefused, DeviceUnreachable
from edge.intake import Intake
from edge.reading import Scan
from edge.writes import WriteFailed

RATE = 1000.0
TAGS = [
    {"name": "rms", "datatype": "Double", "feature": "rms"},
    {"name": "low", "datatype": "Double", "feature": "band_rms", "band": [10, 100]},
    {"name": "capture", "datatype": "Boolean", "feature": "capture", "writable": True},
    {"name": "file", "datatype": "String", "feature": "capture_file"},
]


def block(
    sequence: int, *, samples: int = 100, first_ms: int = 0, flags: int = 0, rate: float = RATE
) -> bytes:
    """A block of a 50 Hz sine of amplitude 2 that goes on from block to block."""
    at = (np.arange(samples) + sequence * samples) / rate
    counts = np.round(20_000 * np.sin(2 * np.pi * 50 * at)).astype("<i2").tobytes()
    content = HEADER.pack(b"TLV1", samples, flags, sequence, rate, 1e-4, first_ms) + counts
    return content + crc32(content).to_bytes(4, "little")


class Sensor:
    """A sensor on TCP whose program is the test."""

    def __init__(self) -> None:
        self.writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.endpoint = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def _accept(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer

    async def say(self, *parts: bytes) -> None:
        await until(lambda: self.writer)
        assert self.writer is not None
        self.writer.write(b"".join(parts))

    async def __aexit__(self, *_: object) -> None:
        if self.writer:
            self.writer.close()
        self._server.close()


def device(endpoint: str, **keys: object) -> object:
    tree = {"id": "V1", "driver": "vibration", "endpoint": endpoint, "window_s": 0.2, "tag": TAGS}
    return config({**tree, "capture_dir": "captures", **keys}).device[0]


async def follow(watched: object, sink: Sink, script: Callable[[Intake], Awaitable[None]]) -> Intake:
    intake = intake_of(watched, sink)
    intake.open_session()
    session = asyncio.create_task(watch(watched, intake))
    acting = asyncio.ensure_future(script(intake))
    done, _ = await asyncio.wait({session, acting}, return_when=asyncio.FIRST_COMPLETED, timeout=60)
    (session if acting in done else acting).cancel()
    await asyncio.gather(session, acting, return_exceptions=True)
    for task in (session, acting):
        if not task.cancelled() and (error := task.exception()):
            raise error
    return intake


def test_every_window_gives_its_features_at_the_time_of_its_last_sample() -> None:
    async def main() -> None:
        sink = Sink()
        async with Sensor() as sensor:

            async def script(_: Intake) -> None:
                start = CLOCK.now_ms()
                await sensor.say(*[block(i, first_ms=start + 100 * i) for i in range(4)])
                await until(lambda: len(sink.coverage()) == 1 and sink.coverage()[0][1] == start + 400)
                assert sink.coverage() == [(start, start + 400)]
                assert [ts for ts, _ in sink.values("rms")] == [start + 200]

            await follow(
                device(sensor.endpoint, tag=[{**TAGS[0], "deadband": {"absolute": 0.1}}, *TAGS[1:]]),
                sink,
                script,
            )
        assert sink.values("rms")[0][1] == pytest.approx(2 / math.sqrt(2), rel=1e-3)
        assert sink.values("low")[0][1] == pytest.approx(2 / math.sqrt(2), rel=1e-3)

    asyncio.run(main())


def test_a_lost_block_is_counted_and_not_covered_and_a_restart_is_told_apart() -> None:
    async def main() -> None:
        sink = Sink()
        async with Sensor() as sensor:

            async def script(intake: Intake) -> None:
                start = CLOCK.now_ms()
                order = [0, 1, 2, 2, 6, 7, 8, 0, 1]
                await sensor.say(*[block(n, first_ms=start + 100 * i) for i, n in enumerate(order)])
                await sensor.say(b"\x00garbage" * 9, block(2)[:50], block(2, first_ms=start + 900))
                await until(lambda: intake.health.bad["bad_block"])
                await until(lambda: len(sink.coverage()) == 3)
                # The two blocks 2 differ in their time: the sensor started again.
                assert intake.health.bad["lost_blocks"] == 3
                assert intake.health.bad["sensor_restarted"] == 2
                assert intake.health.examples["lost_blocks"] == "block 6 after 2"

            await follow(device(sensor.endpoint), sink, script)

    asyncio.run(main())


def test_the_last_seconds_are_written_when_asked_and_old_files_go(tmp_path: Path) -> None:
    async def main() -> None:
        sink = Sink()
        async with Sensor() as sensor:
            watched = device(sensor.endpoint, capture_s=0.25, capture_dir=str(tmp_path / "c"), capture_keep=1)

            async def script(intake: Intake) -> None:
                soon = time.monotonic() + 20
                await sensor.say(*[block(i, first_ms=T0 + 100 * i) for i in range(6)])
                await until(lambda: len(sink.values("rms")) >= 1 and intake.health.polls == 6)
                assert await asyncio.wrap_future(intake.writes.put("capture", True, soon)) is True
                await until(lambda: sink.values("file"))
                await sensor.say(block(6, first_ms=T0 + 600))
                await until(lambda: intake.health.polls == 7)
                assert await asyncio.wrap_future(intake.writes.put("capture", True, soon)) is True
                with pytest.raises(WriteFailed, match="accepted: true"):
                    await asyncio.wrap_future(intake.writes.put("capture", False, soon))
                await until(lambda: len(sink.values("file")) == 2)

            await follow(watched, sink, script)
        (file,) = (tmp_path / "c").glob("*.wav")
        assert file.name == sink.values("file")[-1][1] == "V1-20260302T000000400Z.wav"
        meaning = json.loads(file.with_suffix(".json").read_text())
        assert (meaning["samples"], meaning["rate_hz"]) == (300, RATE)
        with wave.open(str(file)) as written:
            counts = np.frombuffer(written.readframes(1000), dtype="<i2")
        assert len(counts) == 300
        assert np.abs(counts).max() * meaning["unit_per_count"] == pytest.approx(2, rel=0.01)

    asyncio.run(main())


def test_a_spool_that_is_full_when_a_capture_is_told_ends_no_later_write(tmp_path: Path) -> None:
    class Full(Sink):
        def hand(self, scan: Scan) -> bool:
            return not any(reading.tag == "file" for reading in scan.readings) and super().hand(scan)

    async def main() -> None:
        async with Sensor() as sensor:

            async def script(intake: Intake) -> None:
                await sensor.say(*[block(i, first_ms=T0 + 100 * i) for i in range(4)])
                await until(lambda: intake.health.polls == 4)
                for _ in range(3):
                    answer = intake.writes.put("capture", True, time.monotonic() + 20)
                    assert await asyncio.wrap_future(answer) is True
                await until(lambda: intake.health.bad["spool_refused"])

            await follow(device(sensor.endpoint, capture_dir=str(tmp_path)), Full(), script)

    asyncio.run(main())


def test_a_sensor_that_is_too_slow_or_without_numpy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main(**keys: object) -> None:
        async with Sensor() as sensor:

            async def script(_: Intake) -> None:
                await sensor.say(block(0))
                await asyncio.Event().wait()

            await follow(device(sensor.endpoint, **keys), Sink(), script)

    fast = {"name": "x", "datatype": "Double", "feature": "velocity_rms", "band": [10, 1000]}
    with pytest.raises(DeviceRefused, match=r"1000 Hz is asked for.*accepted: bands up to 500 Hz"):
        asyncio.run(main(tag=[fast]))
    with pytest.raises(DeviceUnreachable, match="sent no block"):
        asyncio.run(main(silence_s=0.2))
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(DeviceRefused, match="install taktline"):
        asyncio.run(main())


@given(
    st.lists(st.tuples(st.binary(max_size=30), st.booleans()), max_size=6),
    st.lists(st.integers(0, 900), max_size=8),
)
def test_every_whole_block_is_found_behind_any_garbage_and_cut(
    story: list[tuple[bytes, bool]], places: list[int]
) -> None:
    data = b""
    for number, (garbage, is_whole) in enumerate(story):
        data += garbage + (block(number, samples=20) if is_whole else block(number, samples=20)[:40])
    # A false header inside the garbage waits for as much as the longest block may have.
    data += block(99, samples=20) + bytes(33_000)
    ends = sorted({min(place, len(data)) for place in places} | {len(data)})
    reader = BlockReader()
    found = [item for a, b in zip([0, *ends], ends, strict=False) for item in reader.feed(data[a:b])]
    expected = [number for number, (_, is_whole) in enumerate(story) if is_whole] + [99]
    assert [item.sequence for item in found if isinstance(item, Block)] == expected


@given(st.lists(st.binary(max_size=100), max_size=20))
def test_any_bytes_are_blocks_or_garbage(chunks: list[bytes]) -> None:
    reader = BlockReader()
    assert all(isinstance(found, Block | Wrong) for chunk in chunks for found in reader.feed(b"TLV1" + chunk))
    assert len(reader._skipped) <= 32


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"feature": "band_rms"}, "band_rms: accepted: a band with"),
        ({"feature": "rms", "band": [1, 2]}, "rms: accepted: a band with"),
        ({"feature": "band_rms", "band": [20, 2]}, "band [20, 2] is empty"),
        ({"feature": "envelope_amplitude", "hz": 87.0, "defect": "bpfo"}, "accepted: one of hz, defect"),
        ({"feature": "envelope_amplitude", "hz": 87.0}, "an envelope needs envelope_band"),
        ({"feature": "rms", "datatype": "Int32"}, "rms does not fit Int32; accepted: Double, Float"),
        ({"feature": "capture", "datatype": "Boolean"}, "accepted: writable = true on a capture"),
        ({"feature": "rsm"}, "'rsm' is not accepted; accepted: 'rms'"),
    ],
)
def test_a_mistake_in_the_file_is_named(
    keys: dict[str, object], expected: str, findings: Callable[[dict[str, object]], list[str]]
) -> None:
    tag = {"name": "t", "datatype": "Double", **keys}
    found = findings({"id": "V1", "driver": "vibration", "endpoint": "10.0.0.1:5400", "tag": [tag]})
    assert any(expected in finding for finding in found), found
