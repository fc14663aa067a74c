"""Serial UHF readers: polled or told to poll, noise passed over, silence and refusals said clearly."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from edge_plcs import CLOCK, Sink, config, until
from rfid_world import EPCS, Script, follow

from edge.devices import Device
from edge.errors import DeviceRefused, DeviceUnreachable
from edge.intake import Intake
from simulators.faults import Faults
from simulators.serial_uhf import READERS, SERIAL_READER_FAULTS, SerialReader

pytestmark = pytest.mark.slow

protocols = pytest.mark.parametrize("protocol", ["chafon18", "r200"])
World = tuple[SerialReader, Script, Faults]


@asynccontextmanager
async def served(protocol: str) -> AsyncIterator[World]:
    """A simulated reader on a pseudo terminal, its time going on."""
    script, faults = Script(), Faults(SERIAL_READER_FAULTS)
    reader = READERS[protocol](script, faults)
    reader.line.open()

    async def tick() -> None:
        while True:
            reader.advance(CLOCK.now_ms())
            await asyncio.sleep(0.01)

    ticking = asyncio.create_task(tick())
    try:
        yield reader, script, faults
    finally:
        ticking.cancel()
        reader.line.close()


def device_of(reader: SerialReader, protocol: str, **keys: object) -> Device:
    tree = {
        "id": "R1",
        "driver": "rfid_serial",
        "endpoint": reader.line.path,
        "protocol": protocol,
        "poll_s": 0.05,
        "timeout_s": 1.0,
        "tag": [{"name": "tag", "datatype": "String"}],
        **keys,
    }
    return config(tree).device[0]


@protocols
def test_every_tag_is_read_and_coverage_grows(protocol: str) -> None:
    async def main() -> None:
        sink = Sink()
        async with served(protocol) as (reader, field, _):

            async def script(intake: Intake) -> None:
                await until(sink.coverage)
                for epc in EPCS[:40]:
                    field.put(epc)
                await until(lambda: len(sink.values("tag")) == 40)
                await until(lambda: len(sink.scans) > 4)
                ((since, through),) = sink.coverage()
                assert since < through <= intake.clock.now_ms()
                assert not intake.health.bad

            await follow(device_of(reader, protocol), sink, script)
        assert [value for _, value in sink.values("tag")] == EPCS[:40]

    asyncio.run(main())


@protocols
def test_noise_between_frames_is_counted_and_passed_over(protocol: str) -> None:
    async def main() -> None:
        sink = Sink()
        async with served(protocol) as (reader, field, faults):
            faults.begin("noise", bytes=7)

            async def script(intake: Intake) -> None:
                await until(sink.coverage)
                for epc in EPCS[:10]:
                    field.put(epc)
                await until(lambda: len(sink.values("tag")) == 10)
                assert intake.health.bad["bad_frame"]

            await follow(device_of(reader, protocol), sink, script)

    asyncio.run(main())


@protocols
def test_a_silent_reader_is_unreachable(protocol: str) -> None:
    async def main() -> None:
        sink = Sink()
        async with served(protocol) as (reader, _, faults):

            async def script(_: Intake) -> None:
                await until(sink.coverage)
                faults.begin("black_hole")
                await asyncio.Event().wait()

            await follow(device_of(reader, protocol, timeout_s=0.3), sink, script)

    with pytest.raises(DeviceUnreachable, match=r"no answer to inventory|silent for"):
        asyncio.run(main())


@protocols
def test_the_transmit_power_is_set(protocol: str) -> None:
    async def main() -> None:
        sink = Sink()
        async with served(protocol) as (reader, _, _faults):

            async def script(_: Intake) -> None:
                await until(sink.coverage)

            device = device_of(reader, protocol, antenna=[{"port": 1, "power_dbm": 20.0}])
            await follow(device, sink, script)
            assert reader.power_dbm == 20

    asyncio.run(main())


@protocols
def test_a_power_that_the_reader_does_not_have_is_refused(protocol: str) -> None:
    async def main() -> None:
        async with served(protocol) as (reader, _, _faults):
            device = device_of(reader, protocol, antenna=[{"port": 1, "power_dbm": 38.0}])
            await follow(device, Sink(), lambda _: asyncio.Event().wait())

    with pytest.raises(DeviceRefused, match="38 dBm refused"):
        asyncio.run(main())


def test_a_module_that_forgot_to_poll_is_told_again() -> None:
    async def main() -> None:
        sink = Sink()
        async with served("r200") as (reader, field, faults):

            async def script(_: Intake) -> None:
                await until(sink.coverage)
                faults.begin("restart")
                await until(lambda: reader._rounds)
                field.put(EPCS[0])
                await until(lambda: sink.values("tag"))

            await follow(device_of(reader, "r200", timeout_s=0.5), sink, script)
        assert len(sink.coverage()) == 1

    asyncio.run(main())


def test_a_cut_answer_costs_one_poll_and_is_counted() -> None:
    async def main() -> None:
        sink = Sink()
        async with served("r200") as (reader, field, faults):

            async def script(intake: Intake) -> None:
                await until(sink.coverage)
                faults.begin("truncate")
                field.put(EPCS[0])
                await until(lambda: reader.made)
                faults.clear()
                field.put(EPCS[1])
                await until(lambda: sink.values("tag"))
                assert intake.health.bad["bad_frame"]

            await follow(device_of(reader, "r200"), sink, script)
        assert [value for _, value in sink.values("tag")][-1] == EPCS[1]

    asyncio.run(main())


def test_visits_are_smoothed_on_a_polled_reader_too() -> None:
    async def main() -> None:
        sink = Sink()
        tags = [
            {"name": name, "datatype": "String", "on": name, "field": "epc"}
            for name in ("arrived", "departed")
        ]
        async with served("chafon18") as (reader, field, _):
            device = device_of(reader, "chafon18", tag=tags, presence={"gone_s": 0.4})

            async def script(_: Intake) -> None:
                await until(lambda: reader.made or field.put(EPCS[0]) is None)
                for step in range(5):
                    field.put(EPCS[0], at_ms=CLOCK.now_ms() + 50 * step)
                await until(lambda: sink.values("departed"))

            await follow(device, sink, script)
        assert len(sink.values("arrived")) == 1
        assert len(sink.values("departed")) == 1

    asyncio.run(main())
