"""The sensor simulators, read by the gateway's own drivers: what they say, and each fault of theirs."""

import asyncio
import json
import math
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge.config import GatewayConfig
from edge.health import DeviceHealth
from edge.reading import Reading, Scan
from edge.watches import Backoff, Watches
from simulators.serve import running
from simulators.serve.serial_sensor import crc16
from wire.clock import from_environment, real_ms

pytestmark = pytest.mark.slow

MOSQUITTO = Path("/usr/sbin/mosquitto")
BINARY = {
    "type": "binary",
    "sync": "AA 55",
    "size": 17,
    "byte_order": "little",
    "length": {"offset": 2, "plus": 3},
    "checksum": {"type": "crc16-modbus", "start": 2},
    "fields": {
        "at": {"offset": 3, "type": "uint64"},
        "temp": {"offset": 11, "type": "int16"},
        "humidity": {"offset": 13, "type": "uint16"},
    },
}
LINES = {"type": "delimited", "separator": ";", "columns": ["temp", "humidity", "at"]}
TEMP = {"name": "temp", "datatype": "Double"}


async def until(claim: Callable[[], object], deadline_s: float = 60.0) -> None:
    end = time.monotonic() + deadline_s
    while not claim():
        assert time.monotonic() < end, "deadline passed"
        await asyncio.sleep(0.01)


async def say(place: dict[str, Any], line: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", place["control"])
    writer.write(f"{line}\n".encode())
    assert (await reader.readline()).decode().strip() == "ok"
    writer.close()


class Watched:
    """What a gateway makes of one device."""

    def __init__(self, device: dict[str, Any]) -> None:
        tree = {"gateway": {"group": "g", "node": "n"}, "spool": {"path": "x"}, "device": [device]}
        self.readings: list[Reading] = []
        self._watches = Watches(
            GatewayConfig.model_validate(tree),
            from_environment({}),
            self._hand,
            lambda _device: None,
            backoff=Backoff(first_s=0.02, longest_s=0.1),
        )

    def _hand(self, scan: Scan) -> bool:
        self.readings += scan.readings
        return True

    @property
    def health(self) -> DeviceHealth:
        (health,) = self._watches.health.devices.values()
        return health

    def of(self, tag: str) -> list[Reading]:
        return [reading for reading in self.readings if reading.tag == tag]

    async def more(self, tag: str, count: int = 2) -> list[Reading]:
        """The next readings of a tag."""
        seen = len(self.of(tag))
        await until(lambda: len(self.of(tag)) >= seen + count)
        return self.of(tag)[seen:]


@asynccontextmanager
async def watching(device: dict[str, Any]) -> AsyncIterator[Watched]:
    watched = Watched({"id": "S", **device})
    watched._watches.start()
    try:
        yield watched
    finally:
        await watched._watches.stop()


@pytest.mark.parametrize(("kind", "framing"), [("lines", LINES), ("binary", BINARY)])
def test_a_serial_sensor_is_read_through_every_fault(kind: str, framing: dict[str, Any]) -> None:
    async def main() -> None:
        form = "iso" if kind == "lines" else "unix_ms"
        async with running("serial-sensor", "--framing", kind, "--period", "0.02") as place:
            device = {
                "driver": "serial_sensor",
                "endpoint": place["endpoint"],
                "framing": framing,
                "time": {"field": "at", "form": form},
                "tag": [{**TEMP, "scale": 1.0 if kind == "lines" else 0.01}],
            }
            async with watching(device) as watched:
                bad = watched.health.bad
                first = (await watched.more("temp"))[0]
                assert isinstance(first.value, float)
                assert 15 < first.value < 30
                assert abs(first.ts_ms - real_ms()) < 10_000
                for fault in (
                    "truncate",
                    "garbage bytes=20",
                    *(["bad_checksum"] if kind == "binary" else []),
                ):
                    before = bad.total()
                    await say(place, f"fault {fault}")
                    await until(lambda before=before: bad.total() > before)
                    await say(place, "clear")
                    await watched.more("temp")
                await say(place, "fault clock_skew s=7200")
                await until(lambda: bad["clock_skew"])
                await say(place, "clear")
                await say(place, "fault freeze")
                polls = watched.health.polls
                await until(lambda: watched.health.polls > polls + 5)
                frozen = len(watched.of("temp"))
                polls = watched.health.polls
                await until(lambda: watched.health.polls > polls + 5)
                assert len(watched.of("temp")) == frozen
                await say(place, "clear")
                if kind == "lines":
                    await say(place, "fault nan")
                    await until(lambda: bad["not_a_number"])

    asyncio.run(main())


def test_a_serial_sensor_answers_when_it_is_asked() -> None:
    async def main() -> None:
        async with running("serial-sensor", "--ask") as place:
            device = {
                "driver": "serial_sensor",
                "endpoint": place["endpoint"],
                "framing": LINES,
                "poll": {"command": "MEAS?\n", "period_s": 0.02, "timeout_s": 0.2},
                "tag": [TEMP],
            }
            async with watching(device) as watched:
                await watched.more("temp", 3)
                await say(place, "fault black_hole")
                await until(lambda: watched.health.state == "down")
                assert watched.health.bad["no_answer"] >= 3
                await say(place, "clear")
                await watched.more("temp")

    asyncio.run(main())


def test_a_vibration_sensor_shows_its_bearing_and_its_losses() -> None:
    async def main() -> None:
        options = ("--rate", "8000", "--block", "200", "--rpm", "3000", "--amplitude", "4")
        async with running("vibration", *options) as place:
            device = {
                "driver": "vibration",
                "endpoint": place["endpoint"],
                "window_s": 0.25,
                "envelope_band": [2200, 3800],
                "silence_s": 1.0,
                "tag": [
                    {"name": "shaft", "datatype": "Double", "feature": "band_rms", "band": [40, 60]},
                    {
                        "name": "knock",
                        "datatype": "Double",
                        "feature": "envelope_amplitude",
                        "hz": 88.0,
                        "tolerance_hz": 4.0,
                    },
                ],
            }
            async with watching(device) as watched:
                bad = watched.health.bad
                shaft, quiet = (await watched.more("shaft", 1))[0], watched.of("knock")[-1]
                assert shaft.value == pytest.approx(4 / math.sqrt(2), rel=0.05)
                await say(place, "fault bearing hz=88 amplitude=20")
                await until(lambda: float(watched.of("knock")[-1].value or 0) > 5 * float(quiet.value or 0))
                await say(place, "fault lost_blocks count=3")
                await until(lambda: bad["lost_blocks"] == 3)
                for fault, kind in (
                    ("clipped", "clipped"),
                    ("bad_checksum", "bad_block"),
                    ("clock_skew", "clock_skew"),
                    ("restart", "sensor_restarted"),
                ):
                    await say(place, f"fault {fault}")
                    await until(lambda kind=kind: bad[kind])
                    await say(place, "clear")
                await say(place, "fault no_clock")
                await watched.more("shaft", 1)
                await say(place, "fault reset")
                await until(lambda: watched.health.sessions == 2)
                await say(place, "fault black_hole 1.5")
                await until(lambda: watched.health.sessions == 3)

    asyncio.run(main())


@contextmanager
def mosquitto(folder: Path) -> Iterator[int]:
    conf = folder / "mosquitto.conf"
    port = _free_port()
    conf.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n")
    process = subprocess.Popen([MOSQUITTO, "-c", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end, pause = time.monotonic() + 15, threading.Event()
        while not _listens(port):
            assert time.monotonic() < end
            pause.wait(0.01)
        yield port
    finally:
        process.kill()
        process.wait()


def test_mqtt_sensors_are_read_through_every_fault(
    tmp_path: Path, require: Callable[[object, str], None]
) -> None:
    async def main(port: int) -> None:
        broker = f"127.0.0.1:{port}"
        async with running("mqtt-sensor", "--broker", broker, "--sensors", "2", "--period", "0.03") as place:
            assert place["topics"] == ["hall/1/climate", "hall/2/climate"]
            device = {
                "driver": "mqtt_sensor",
                "endpoint": broker,
                "time": {"path": "at", "form": "unix_ms"},
                "levels": {"n": ["1", "2"]},
                "tag": [{**TEMP, "name": "temp_{n}", "topic": "hall/{n}/climate", "path": "values.t"}],
            }
            async with watching(device) as watched:
                for tag in ("temp_1", "temp_2"):
                    assert 15 < float((await watched.more(tag, 1))[0].value or 0) < 30
                for fault, kind in (
                    ("nan", "not_a_number"),
                    ("garbage", "bad_payload"),
                    ("truncate bytes=9", "bad_payload"),
                    ("clock_skew", "clock_skew"),
                    ("no_time", "bad_time"),
                ):
                    before = watched.health.bad[kind]
                    await say(place, f"fault {fault}")
                    await until(lambda kind=kind, before=before: watched.health.bad[kind] > before)
                    await say(place, "clear")
                    await watched.more("temp_1", 1)

    require(MOSQUITTO.exists(), "Mosquitto")
    with mosquitto(tmp_path) as port:
        asyncio.run(main(port))


def test_the_command_line_serves_a_sensor_alone(tmp_path: Path) -> None:
    link = tmp_path / "oven"
    process = subprocess.Popen(
        [sys.executable, "-m", "simulators", "serve", "serial-sensor", "--link", link],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert said["endpoint"] == str(link)
        assert link.is_symlink()
    finally:
        process.terminate()
        assert process.wait(60) == 0
    assert not link.is_symlink()


def test_the_simulators_checksum_is_the_catalogues() -> None:
    assert crc16(b"123456789") == 0x4B37


def _free_port() -> int:
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        return int(plug.getsockname()[1])


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
