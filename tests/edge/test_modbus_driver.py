"""Modbus: what a poll reports, and what breaks its coverage."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from edge_plcs import T0, ModbusPlc, Proxy, Sink, config, intake_of, modbus_device, until

from edge.drivers.modbus import watch
from edge.errors import DeviceRefused, DeviceUnreachable
from edge.intake import Intake


async def follow(
    plc: ModbusPlc, sink: Sink, script: Callable[[Intake], Awaitable[None]], port: int = 0, **keys: object
) -> Intake:
    """One session with `plc` while `script` runs; what ends the session early is raised."""
    device = config(modbus_device("M1", port or plc.port, **keys)).device[0]
    intake = intake_of(device, sink)
    intake.open_session()
    session = asyncio.create_task(watch(device, intake))
    acting = asyncio.ensure_future(script(intake))
    done, _ = await asyncio.wait({session, acting}, return_when=asyncio.FIRST_COMPLETED, timeout=60)
    (session if acting in done else acting).cancel()
    await asyncio.gather(session, acting, return_exceptions=True)
    for task in (session, acting):
        if not task.cancelled() and (error := task.exception()):
            raise error
    return intake


def test_header_is_one_request_and_carries_the_device_clock() -> None:
    async def main() -> None:
        sink = Sink()
        async with ModbusPlc() as plc:
            await plc.show(T0 + 1000, 1, 4210, 17, 2, run_ms=61_500, condition=2.5)

            async def script(_: Intake) -> None:
                await until(lambda: sink.scans)

            await follow(plc, sink, script)
            assert set(plc.requests) == {(0, 19)}
        assert {(r.tag, r.ts_ms, r.value, r.quality) for r in sink.scans[0].readings} == {
            ("state", T0 + 1000, 1, 192),
            ("job", T0 + 1000, 4210, 192),
            ("good", T0 + 1000, 17, 192),
            ("reject", T0 + 1000, 2, 192),
            ("run_s", T0 + 1000, 61.5, 192),
            ("condition", T0 + 1000, 2.5, 192),
        }
        assert sink.scans[0].observed == (T0 + 1000, T0 + 1000)

    asyncio.run(main())


def test_changes_between_two_polls_come_from_the_ring_to_the_millisecond() -> None:
    async def main() -> None:
        sink = Sink()
        async with ModbusPlc() as plc:
            await plc.show(T0)

            async def script(_: Intake) -> None:
                await until(lambda: sink.scans)
                await plc.note(T0 + 1003, 5, 4210, 7)
                await plc.note(T0 + 1777, 1, 4210, 7)
                await plc.show(T0 + 2000, 1, 4210, 9)
                await until(lambda: sink.coverage() == [(T0, T0 + 2000)])

            await follow(plc, sink, script)
        assert sink.values("state") == [(T0, 1), (T0 + 1003, 5), (T0 + 1777, 1)]
        assert sink.values("good") == [(T0, 0), (T0 + 1003, 7), (T0 + 1777, 7), (T0 + 2000, 9)]
        stamps = [r.ts_ms for r in sink.scans[-1].readings]
        assert stamps == sorted(stamps)

    asyncio.run(main())


def test_unchanged_values_are_not_reported_again_but_coverage_grows() -> None:
    async def main() -> None:
        sink = Sink()
        async with ModbusPlc() as plc:
            await plc.show(T0)

            async def script(_: Intake) -> None:
                for second in range(5):
                    await plc.show(T0 + second * 1000)
                    await until(lambda at=T0 + second * 1000: sink.coverage() == [(T0, at)])

            await follow(plc, sink, script)
        assert sum(len(scan.readings) for scan in sink.scans) == 6

    asyncio.run(main())


def test_a_session_begins_with_the_entries_after_the_mark_and_before_its_coverage() -> None:
    async def main() -> None:
        sink = Sink(marks={"M1": T0 + 1000})
        async with ModbusPlc() as plc:
            await plc.note(T0 + 500, 1, 100, 1)
            await plc.note(T0 + 1500, 5, 100, 3)
            await plc.note(T0 + 2500, 1, 200, 4)
            await plc.show(T0 + 9000, 1, 200, 6)

            async def script(_: Intake) -> None:
                await until(lambda: sink.scans)

            await follow(plc, sink, script)
        assert sink.values("state") == [(T0 + 1500, 5), (T0 + 2500, 1)]
        assert sink.values("job") == [(T0 + 1500, 100), (T0 + 2500, 200)]
        assert sink.values("good") == [(T0 + 1500, 3), (T0 + 2500, 4), (T0 + 9000, 6)]
        assert sink.coverage() == [(T0 + 9000, T0 + 9000)]

    asyncio.run(main())


def test_without_a_mark_the_whole_ring_is_replayed_across_its_seam() -> None:
    async def main() -> None:
        sink = Sink()
        async with ModbusPlc() as plc:
            for number in range(1, 12):
                await plc.note(T0 + number, number, 0, number)
            await plc.show(T0 + 100, 11, 0, 11)

            async def script(_: Intake) -> None:
                await until(lambda: sink.scans)

            intake = await follow(plc, sink, script)
            assert all(count <= 125 for _, count in plc.requests)
        assert sink.values("state") == [(T0 + number, number) for number in range(4, 12)]
        assert not intake.health.bad

    asyncio.run(main())


def test_an_overrun_ring_breaks_coverage_and_is_counted() -> None:
    async def main() -> None:
        sink = Sink()
        async with ModbusPlc() as plc:
            await plc.show(T0)

            async def script(_: Intake) -> None:
                await until(lambda: sink.scans)
                plc.head[1] += 5  # five entries that the ring has already forgotten
                for number in range(8):
                    await plc.note(T0 + 100 + number, 1 + number % 2, 0, number)
                await plc.show(T0 + 1000, 2, 0, 8)
                await until(lambda: len(sink.coverage()) == 2)
                await plc.show(T0 + 2000, 2, 0, 8)
                await until(lambda: sink.coverage()[-1][1] == T0 + 2000)

            intake = await follow(plc, sink, script)
        assert intake.health.bad == {"ring_overrun": 5}
        assert sink.coverage() == [(T0, T0), (T0 + 1000, T0 + 2000)]
        assert len(sink.values("state")) == 9

    asyncio.run(main())


def test_an_entry_that_is_not_yet_written_holds_coverage_until_it_is() -> None:
    async def main() -> None:
        sink = Sink()
        async with ModbusPlc() as plc:
            await plc.show(T0)

            async def script(intake: Intake) -> None:
                await until(lambda: sink.scans)
                plc.head[1] = 1
                await plc.show(T0 + 1000, 5)
                polls = intake.health.polls
                await until(lambda: intake.health.polls > polls + 3)
                assert sink.coverage() == [(T0, T0)]
                plc.head[1] = 0
                await plc.note(T0 + 700, 5, 0, 0)
                await until(lambda: sink.coverage() == [(T0, T0 + 1000)])

            await follow(plc, sink, script)
        assert (T0 + 700, 5) in sink.values("state")

    asyncio.run(main())


def test_a_clock_that_goes_back_ends_the_session() -> None:
    async def main() -> None:
        sink = Sink()
        async with ModbusPlc() as plc:
            await plc.show(T0 + 5000)

            async def script(_: Intake) -> None:
                await until(lambda: sink.scans)
                await plc.show(T0)
                await asyncio.Event().wait()

            with pytest.raises(DeviceUnreachable, match="clock went back"):
                await follow(plc, sink, script)

    asyncio.run(main())


def test_a_clock_that_leaps_starts_coverage_anew() -> None:
    async def main() -> None:
        sink = Sink()
        async with ModbusPlc() as plc:
            await plc.show(T0)

            async def script(_: Intake) -> None:
                await until(lambda: sink.scans)
                await plc.show(T0 + 30_000)
                await until(lambda: sink.coverage() == [(T0, T0 + 30_000)])
                await plc.show(T0 + 3_600_000)
                await until(lambda: len(sink.coverage()) == 2)

            intake = await follow(plc, sink, script)
        assert sink.coverage() == [(T0, T0 + 30_000), (T0 + 3_600_000, T0 + 3_600_000)]
        assert intake.health.bad == {"clock_leapt": 1}

    asyncio.run(main())


def test_a_restarted_ring_ends_the_session() -> None:
    async def main() -> None:
        sink = Sink()
        async with ModbusPlc() as plc:
            await plc.note(T0 - 10, 1, 0, 0)
            await plc.note(T0 - 5, 1, 0, 0)
            await plc.show(T0)

            async def script(_: Intake) -> None:
                await until(lambda: sink.scans)
                plc.head[1] = 0
                await plc.note(T0 + 5, 1, 0, 0)
                await plc.show(T0 + 10)
                await asyncio.Event().wait()

            with pytest.raises(DeviceUnreachable, match="history restarted"):
                await follow(plc, sink, script)

    asyncio.run(main())


def test_silence_ends_the_session_within_the_timeout() -> None:
    async def main() -> None:
        sink = Sink()
        async with ModbusPlc() as plc, Proxy(plc.port) as proxy:
            await plc.show(T0)

            async def script(_: Intake) -> None:
                await until(lambda: sink.scans)
                proxy.is_black_hole = True
                await asyncio.Event().wait()

            with pytest.raises(DeviceUnreachable):
                await asyncio.wait_for(follow(plc, sink, script, proxy.port), 30)

    asyncio.run(main())


def test_an_address_the_unit_does_not_have_is_a_refusal() -> None:
    async def main() -> None:
        async with ModbusPlc() as plc:
            await plc.show(T0)
            extra = {"name": "x", "datatype": "Int32", "address": 9000, "type": "uint16"}

            async def script(_: Intake) -> None:
                await asyncio.Event().wait()

            with pytest.raises(DeviceRefused, match="9000"):
                await follow(plc, Sink(), script, tag=[extra], history=None)

    asyncio.run(main())


def test_numbers_no_float_should_be_are_flagged_and_nothing_stops() -> None:
    async def main() -> None:
        sink = Sink()
        async with ModbusPlc() as plc:
            await plc.show(T0, condition=float("nan"))

            async def script(_: Intake) -> None:
                await until(lambda: sink.scans)
                await plc.show(T0 + 1000, condition=2.25)
                await until(lambda: len(sink.values("condition")) == 2)
                await plc.show(T0 + 9 * 365 * 86_400_000, condition=3.0)
                await until(lambda: len(sink.values("condition")) == 3)

            intake = await follow(plc, sink, script)
        qualities = [(r.value, r.quality) for s in sink.scans for r in s.readings if r.tag == "condition"]
        assert qualities == [(None, 0), (2.25, 192), (3.0, 0)]
        assert intake.health.bad["not_a_number"] == 1
        assert [value for _, value in sink.values("bad_input")][:1] == [1]
        assert intake.health.bad["future_time"] > 0
        assert sink.coverage() == [(T0, T0 + 1000)]

    asyncio.run(main())


def test_little_word_order_and_an_input_table_are_read() -> None:
    async def main() -> None:
        sink = Sink()
        async with ModbusPlc() as plc:
            await plc.write(30, [0x0002, 0x0001])
            tag = {"name": "n", "datatype": "Int64", "address": 30, "type": "uint32", "table": "input"}

            async def script(_: Intake) -> None:
                await until(lambda: sink.scans)

            await follow(plc, sink, script, tag=[tag], history=None, clock=None, word_order="little")
        assert sink.values("n")[0][1] == 0x0001_0002
        assert sink.coverage()

    asyncio.run(main())
