"""Units that share a line: late and foreign answers, a dead neighbour, writes; TCP and RTU simulators."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from edge_plcs import Sink, config, intake_of, until

from edge.config import GatewayConfig
from edge.drivers.modbus import watch
from edge.drivers.modbus.bus import Seat, bus_of
from edge.drivers.modbus.frames import read
from edge.errors import DeviceUnreachable
from edge.intake import Intake
from edge.writes import WriteFailed
from simulators.serve import running
from wire.clock import from_environment

pytestmark = pytest.mark.slow

NOW = from_environment()
KINDS = ["modbus-tcp", "modbus-rtu"]


def unit_of(place: Mapping[str, Any], **keys: object) -> dict[str, object]:
    """A unit of the simulators: its clock's low half, its counter, its setpoint and two values."""
    serial = {"serial": {"baud": 115_200}} if place["endpoint"].startswith("/") else {}
    return {
        "id": f"U{place['unit']}",
        "driver": "modbus",
        "endpoint": place["endpoint"],
        "unit": place["unit"],
        "period_s": 0.05,
        "timeout_s": 0.3,
        **serial,
        "tag": [
            {"name": "count", "datatype": "Int64", "address": 4, "type": "uint32"},
            {
                "name": "setpoint",
                "datatype": "Double",
                "address": 8,
                "type": "uint16",
                "scale": 0.1,
                "writable": True,
            },
            {"name": "t0", "datatype": "Float", "address": 10, "type": "float32"},
            {"name": "t1", "datatype": "Float", "address": 12, "type": "float32"},
        ],
        **keys,
    }


def devices_of(said: Mapping[str, Any], **keys: object) -> GatewayConfig:
    return config(*(unit_of(place, **keys) for place in said["endpoints"]))


async def say(said: Mapping[str, Any], line: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", said["control"])
    writer.write(f"{line}\n".encode())
    assert await reader.readline() == b"ok\n"
    writer.close()


class Watched:
    """Every device of a gateway, watched again and again as the agent would."""

    def __init__(self, gateway: GatewayConfig) -> None:
        self.sink = Sink()
        self.intakes: dict[str, Intake] = {}
        self.ends: list[tuple[str, Exception]] = []
        self._devices = gateway.device

    async def follow(self, device: Any) -> None:
        intake = self.intakes[device.id]
        while True:
            intake.open_session()
            try:
                await watch(device, intake)
            except DeviceUnreachable as gone:
                self.ends.append((device.id, gone))
                intake.writes.close(str(gone))
                intake.health.state = "down"
            await asyncio.sleep(0.02)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        for device in self._devices:
            self.intakes[device.id] = intake_of(device, self.sink, NOW)
        tasks = [asyncio.create_task(self.follow(device)) for device in self._devices]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended

    def count(self, device: str) -> int:
        return len(self.sink.values("t0", device))

    async def goes_on(self, *devices: str) -> None:
        """Every one of these devices gives new values."""
        before = {device: self.count(device) for device in devices}
        await until(lambda: all(self.count(device) > before[device] + 2 for device in devices))


async def shown(
    kind: str, units: int, script: Callable[[Mapping[str, Any], Watched], Awaitable[None]], **keys: object
) -> Watched:
    shared = ["--units", str(units)] if kind == "modbus-tcp" else []
    async with running(kind, "--devices", str(units), "--tags", "4", *shared) as said:
        watched = Watched(devices_of(said, **keys))
        async with watched.running():
            await script(said, watched)
    return watched


@pytest.mark.parametrize("kind", KINDS)
def test_units_of_one_line_are_all_read(kind: str) -> None:
    async def script(_: Mapping[str, Any], watched: Watched) -> None:
        await watched.goes_on("U1", "U2", "U3")

    watched = asyncio.run(shown(kind, 3, script))
    assert not watched.ends
    assert not any(intake.health.bad for intake in watched.intakes.values())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "fault", ["truncate unit=2", "wrong_unit unit=2", "latency unit=2 ms=450", "exception unit=2"]
)
def test_a_unit_that_answers_wrongly_fails_alone_and_recovers(kind: str, fault: str) -> None:
    async def script(said: Mapping[str, Any], watched: Watched) -> None:
        await watched.goes_on("U1", "U2")
        await say(said, f"fault {fault}")
        await until(lambda: any(device == "U2" for device, _ in watched.ends))
        await watched.goes_on("U1")
        await say(said, "clear")
        await watched.goes_on("U1", "U2")

    watched = asyncio.run(shown(kind, 2, script, period_s=0.2))
    values = [value for _, value in watched.sink.values("t0") + watched.sink.values("t1")]
    # A shifted answer would put the counter or the setpoint where a time belongs.
    assert all(value > 1000 for value in values)


@pytest.mark.parametrize("fault", ["wrong_transaction", "reset 0.2", "restart away=0.05", "black_hole"])
def test_a_tcp_line_that_breaks_is_opened_anew(fault: str) -> None:
    async def script(said: Mapping[str, Any], watched: Watched) -> None:
        await watched.goes_on("U1", "U2")
        await say(said, f"fault {fault}")
        await until(lambda: watched.ends)
        await say(said, "clear")
        await watched.goes_on("U1", "U2")

    asyncio.run(shown("modbus-tcp", 2, script))


def test_a_damaged_rtu_answer_is_asked_for_again() -> None:
    async def script(said: Mapping[str, Any], watched: Watched) -> None:
        await watched.goes_on("U1")
        await say(said, "fault bad_checksum")
        await until(lambda: watched.intakes["U1"].health.bad["mismatched_reply"] > 1)
        await say(said, "clear")
        await watched.goes_on("U1")

    watched = asyncio.run(shown("modbus-rtu", 1, script, retries=5, timeout_s=1.0))
    assert watched.intakes["U1"].health.bad["mismatched_reply"] > 1


@pytest.mark.alone
@pytest.mark.timed
@pytest.mark.parametrize("kind", KINDS)
def test_a_dead_unit_does_not_slow_its_neighbours(kind: str) -> None:
    async def script(said: Mapping[str, Any], watched: Watched) -> None:
        await watched.goes_on("U1", "U2", "U3")
        await say(said, "fault black_hole unit=1")
        await until(lambda: watched.ends)
        for name in ("U2", "U3"):
            watched.sink.scans = [scan for scan in watched.sink.scans if scan.device != name]
        await until(lambda: min(watched.count("U2"), watched.count("U3")) > 25)

    watched = asyncio.run(shown(kind, 3, script, period_s=0.2, timeout_s=1.0))
    values = [watched.sink.values("t0", name) for name in ("U2", "U3")]
    errors = [abs(b - a - 200) for times in values for (_, a), (_, b) in pairwise(times)]
    # Without the breaker every question to the dead unit would hold the others up for a second.
    assert sorted(errors)[int(0.9 * len(errors))] < 100


@pytest.mark.parametrize("kind", KINDS)
def test_a_write_goes_before_reads_once_and_is_read_back(kind: str) -> None:
    async def script(_: Mapping[str, Any], watched: Watched) -> None:
        await watched.goes_on("U1", "U2")
        answers: list[Future[Any]] = [
            watched.intakes[name].writes.put("setpoint", value, 1e9)
            for name, value in (("U1", 41.5), ("U2", 6553.6), ("U2", 7.0))
        ]
        await until(lambda: all(answer.done() for answer in answers))
        assert answers[0].result() == 41.5
        with pytest.raises(WriteFailed, match="does not fit uint16"):
            answers[1].result()
        assert answers[2].result() == 7.0
        await until(lambda: 41.5 in [value for _, value in watched.sink.values("setpoint", "U1")])

    watched = asyncio.run(shown(kind, 2, script))
    assert not watched.ends


def test_a_write_that_is_refused_or_lost_says_so() -> None:
    tag = {"name": "t0", "datatype": "Float", "address": 10, "type": "float32", "writable": True}

    async def script(said: Mapping[str, Any], watched: Watched) -> None:
        await watched.goes_on("U1")
        writes = watched.intakes["U1"].writes
        refused = writes.put("t0", 1.0, 1e9)
        await until(refused.done)
        with pytest.raises(WriteFailed, match="no such address"):
            refused.result()
        await say(said, "fault black_hole")
        lost = writes.put("t0", 2.0, 1e9)
        await until(lost.done)
        with pytest.raises(WriteFailed, match=r"unknown whether|not reached|no answer"):
            lost.result()

    asyncio.run(shown("modbus-tcp", 1, script, tag=[tag]))


def test_a_late_answer_is_never_taken_for_another() -> None:
    """RTU: two questions of one length; the answer to the first comes while the second is asked."""

    async def main() -> None:
        async with running("modbus-rtu", "--devices", "1", "--tags", "4") as said:
            device = config(unit_of(said["endpoints"][0], retries=0)).device[0]
            flagged: list[str] = []
            seat = Seat(device, flagged.append)
            bus = bus_of(device)
            await bus.join(seat)
            await bus.ask(seat, read("holding", 4, 2))
            await say(said, "fault latency ms=400")
            with pytest.raises(DeviceUnreachable):
                await bus.ask(seat, read("holding", 10, 2))
            await say(said, "clear")
            answers = []
            for _ in range(20):
                try:
                    _, pdu = await bus.ask(seat, read("holding", 4, 2))
                    answers.append(int.from_bytes(pdu[2:], "big"))
                except DeviceUnreachable:
                    continue
            # The counter is small; a time as float32 would be above a thousand million as an integer.
            assert answers
            assert max(answers) < 1000
            assert flagged
            bus.leave(seat)

    asyncio.run(main())


def test_scan_classes_are_read_at_periods_of_their_own() -> None:
    tags = [
        {"name": "t0", "datatype": "Float", "address": 10, "type": "float32", "scan": "fast"},
        {"name": "t1", "datatype": "Float", "address": 12, "type": "float32"},
    ]

    async def script(_: Mapping[str, Any], watched: Watched) -> None:
        await until(lambda: len(watched.sink.values("t1")) > 5)

    watched = asyncio.run(
        shown("modbus-tcp", 1, script, tag=tags, scan={"fast": 0.02}, period_s=0.2, timeout_s=2.0)
    )
    fast, slow = len(watched.sink.values("t0")), len(watched.sink.values("t1"))
    assert fast > 3 * slow


def test_a_line_that_is_gone_is_told_by_its_name(tmp_path: Path) -> None:
    async def main() -> None:
        device = config(unit_of({"endpoint": str(tmp_path / "ttyS9"), "unit": 1})).device[0]
        with pytest.raises(DeviceUnreachable, match="ttyS9 cannot be opened"):
            await watch(device, intake_of(device, Sink(), NOW))

    asyncio.run(main())


def test_devices_of_one_line_must_agree_on_it() -> None:
    place = {"endpoint": "/dev/ttyUSB0", "unit": 1}
    other = {**unit_of({**place, "unit": 2}), "serial": {"baud": 9600}}
    with pytest.raises(ValueError, match="share /dev/ttyUSB0"):
        config(unit_of(place), other)
