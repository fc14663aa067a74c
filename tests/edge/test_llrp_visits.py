"""What the LLRP driver makes of reads: plant time from any clock, visits that outlive a break of the link."""

import asyncio
import json

import pytest
from edge_plcs import CLOCK, Sink, intake_of, until
from rfid_world import EPCS, HandClock, follow, llrp_device, llrp_reader

from edge.drivers.rfid_llrp.reader_time import ReaderTime
from edge.intake import Intake
from simulators.llrp_reader import Nature
from wire.readers.llrp_device import Announcement, Capabilities

pytestmark = pytest.mark.slow


def test_a_reader_without_a_clock_counts_from_its_start_and_gets_plant_time() -> None:
    async def main() -> None:
        sink = Sink()
        async with llrp_reader(Nature(Capabilities(has_clock=False))) as (reader, field, _):

            async def script(_: Intake) -> None:
                await until(lambda: reader.active)
                read = field.put(EPCS[0])
                await until(lambda: sink.values("tag"))
                ((ts_ms, _),) = sink.values("tag")
                # The greeting's delay is all that stands between the two clocks.
                assert abs(ts_ms - read.at_ms) < 2000

            await follow(llrp_device(reader.port), sink, script)

    asyncio.run(main())


def test_visits_have_an_arrival_and_a_departure_with_role_and_identity() -> None:
    async def main() -> None:
        sink, clock = Sink(), HandClock()
        tags = [
            {"name": "arrived", "datatype": "String", "on": "arrived", "field": "epc_uri"},
            {"name": "departed", "datatype": "String", "on": "departed", "field": "event"},
            {"name": "entry", "datatype": "String", "on": "arrived", "role": "entry"},
            {"name": "where", "datatype": "String", "on": "departed", "field": "role"},
        ]
        antennas = [{"port": 1, "role": "entry"}, {"port": 2, "role": "exit"}]
        async with llrp_reader(clock=clock) as (reader, field, _):
            device = llrp_device(reader.port, tag=tags, antenna=antennas, presence={"gone_s": 0.3})

            async def script(_: Intake) -> None:
                await until(lambda: reader.active)
                first = field.put(EPCS[0], 1, -70)
                await until(lambda: sink.values("arrived"))
                clock.at_ms += 200
                last = field.put(EPCS[0], 2, -44)
                await until(lambda: reader.counts.made == 2)
                clock.at_ms += 5000
                await until(lambda: sink.values("departed"))
                assert sink.values("arrived")[0][0] == first.at_ms
                ((ts_ms, said),) = sink.values("departed")
                assert ts_ms == last.at_ms
                told = json.loads(str(said))
                assert (told["seen"], told["antenna"], told["rssi_dbm"], told["role"]) == (2, 2, -44, "exit")
                assert told["uri"].startswith("urn:epc:id:sgtin:")
                assert told["first"] < told["last"]

            await follow(device, sink, script, intake_of(device, sink, clock))
        assert [value for _, value in sink.values("entry")] == [EPCS[0]]
        assert [value for _, value in sink.values("where")] == ["exit"]

    asyncio.run(main())


def test_a_break_of_the_link_makes_no_tag_depart() -> None:
    async def main() -> None:
        sink, clock = Sink(), HandClock()
        tags = [
            {"name": name, "datatype": "String", "on": name, "field": "epc"}
            for name in ("arrived", "departed")
        ]
        async with llrp_reader(clock=clock) as (reader, field, _):
            device = llrp_device(reader.port, tag=tags, presence={"gone_s": 1.0})
            intake = intake_of(device, sink, clock)

            async def before(_: Intake) -> None:
                await until(lambda: reader.active)
                field.put(EPCS[0])
                await until(lambda: sink.values("arrived"))

            await follow(device, sink, before, intake)
            # The tag stays in the field for longer than `gone_s` while nobody is connected.
            for step in range(1, 5):
                clock.at_ms += 400
                last = field.put(EPCS[0])
                await until(lambda held=step: len(reader.waiting) == held)

            async def after(_: Intake) -> None:
                await until(lambda: not reader.waiting)
                clock.at_ms += 10_000
                await until(lambda: sink.values("departed"))

            await follow(device, sink, after, intake)
        assert len(sink.values("arrived")) == 1
        assert sink.values("departed") == [(last.at_ms, EPCS[0])]

    asyncio.run(main())


@pytest.mark.parametrize(
    ("utc_ms", "flag"), [(-86_400_000 * 2, "clock_not_set"), (-20_000, "clock_skew"), (0, None)]
)
def test_a_readers_clock_is_compared_with_the_gateways(utc_ms: int, flag: str | None) -> None:
    intake = intake_of(llrp_device(1), Sink())
    now_us = CLOCK.now_ms() * 1000
    there_us = now_us + utc_ms * 1000
    time = ReaderTime(Announcement(utc_us=there_us), intake, is_trusted=True)
    assert list(intake.health.bad) == ([flag] if flag else [])
    found = time.plant_ms(there_us, is_uptime=False)
    # A clock that is merely off is the reader's own time; one that was never set is only a distance.
    expected = there_us if flag != "clock_not_set" else now_us
    assert abs(found - expected // 1000) < 2000
