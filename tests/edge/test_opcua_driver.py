"""OPC UA: source timestamps, coverage that follows the server's clock, sessions that end honestly."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from asyncua import ua
from edge_plcs import T0, OpcUaPlc, Proxy, Sink, config, intake_of, opcua_device, until

from edge.drivers.opcua import watch
from edge.errors import DeviceRefused, DeviceUnreachable
from edge.intake import Intake

pytestmark = pytest.mark.slow

BAD_SENSOR = 0x808C0000
UNCERTAIN_LAST = 0x40900000


async def follow(
    plc: OpcUaPlc, sink: Sink, script: Callable[[Intake], Awaitable[None]], port: int = 0, **keys: object
) -> Intake:
    """One session with `plc` while `script` runs; what ends the session early is raised."""
    device = config(opcua_device(plc.name, port or plc.port, **keys)).device[0]
    intake = intake_of(device, sink)
    intake.open_session()
    session = asyncio.create_task(watch(device, intake))
    acting = asyncio.ensure_future(script(intake))
    done, _ = await asyncio.wait({session, acting}, return_when=asyncio.FIRST_COMPLETED, timeout=30)
    (session if acting in done else acting).cancel()
    await asyncio.gather(session, acting, return_exceptions=True)
    for task in (session, acting):
        if not task.cancelled() and (error := task.exception()):
            raise error
    return intake


def test_values_carry_their_source_time_and_none_of_a_burst_vanishes() -> None:
    async def main() -> None:
        sink = Sink()
        async with OpcUaPlc() as plc:
            await plc.write("clock_ms", T0, T0)

            async def script(_: Intake) -> None:
                await until(lambda: sink.scans)
                for number in range(1, 51):
                    await plc.write("good", number, T0 + number * 37)
                    await plc.write("state", 1 + number % 2, T0 + number * 37)
                await plc.write("clock_ms", T0 + 2000, T0 + 2000)
                await until(lambda: sink.coverage() == [(T0, T0 + 2000)])

            await follow(plc, sink, script)
        assert sink.values("good") == [(T0 + number * 37, number) for number in range(51)]
        assert sink.values("state")[1:] == [(T0 + number * 37, 1 + number % 2) for number in range(1, 51)]

    asyncio.run(main())


def test_coverage_never_runs_ahead_of_what_has_been_handed_over() -> None:
    async def main() -> None:
        sink = Sink()
        async with OpcUaPlc() as plc:
            await plc.write("clock_ms", T0, T0)

            async def script(_: Intake) -> None:
                await until(lambda: sink.scans)
                for tick in range(1, 60):
                    now = T0 + tick * 100
                    await plc.write("good", tick, now - 50)
                    await plc.write("clock_ms", now, now)
                    await asyncio.sleep(0.01)
                await until(lambda: sink.coverage() == [(T0, T0 + 5900)])

            await follow(plc, sink, script)
        seen: list[int] = []
        for scan in sink.scans:
            seen += [r.ts_ms for r in scan.readings if r.tag == "good"]
            if scan.observed:
                through = scan.observed[1]
                expected = {T0 + tick * 100 - 50 for tick in range(1, 60) if tick * 100 + T0 <= through}
                assert expected <= set(seen)
        assert len(seen) == 60

    asyncio.run(main())


def test_history_after_the_mark_is_replayed_once_and_before_coverage() -> None:
    async def main() -> None:
        sink = Sink(marks={"M1": T0 + 1000})
        async with OpcUaPlc() as plc:
            await plc.change(T0 + 500, 1, 100, 1)
            await plc.change(T0 + 1500, 5, 100, 3)
            await plc.change(T0 + 2500, 1, 200, 4)
            await plc.write("good", 6, T0 + 8000)
            await plc.write("clock_ms", T0 + 9000, T0 + 9000)

            async def script(_: Intake) -> None:
                await until(sink.coverage)

            intake = await follow(plc, sink, script)
        assert sink.values("state") == [(T0 + 1500, 5), (T0 + 2500, 1)]
        assert sink.values("good") == [(T0 + 1500, 3), (T0 + 2500, 4), (T0 + 8000, 6)]
        assert sink.values("job") == [(T0 + 1500, 100), (T0 + 2500, 200)]
        assert sink.coverage() == [(T0 + 9000, T0 + 9000)]
        assert not intake.health.bad

    asyncio.run(main())


def test_bad_status_becomes_quality_and_the_other_items_go_on() -> None:
    async def main() -> None:
        sink = Sink()
        async with OpcUaPlc() as plc:
            await plc.write("clock_ms", T0, T0)

            async def script(_: Intake) -> None:
                await until(lambda: sink.scans)
                await plc.write("condition", 9.0, T0 + 1, BAD_SENSOR)
                await plc.write("good", 1, T0 + 2)
                await until(lambda: sink.values("good")[-1][1] == 1)
                await plc.write("condition", 2.5, T0 + 3, UNCERTAIN_LAST)
                await plc.write("condition", 2.5, T0 + 4)
                await until(lambda: sink.values("condition")[-1][0] == T0 + 4)

            await follow(plc, sink, script)
        found = [
            (r.ts_ms - T0, r.value, r.quality) for s in sink.scans for r in s.readings if r.tag == "condition"
        ]
        assert found == [(0, 0.0, 192), (1, None, 0), (3, 2.5, 500), (4, 2.5, 192)]

    asyncio.run(main())


def test_a_node_the_server_lacks_is_flagged_and_the_others_are_read() -> None:
    async def main() -> None:
        sink = Sink()
        async with OpcUaPlc() as plc:
            await plc.write("clock_ms", T0, T0)
            tags = [
                {"name": "good", "datatype": "Int64", "node": "ns=2;s=M1.good"},
                {"name": "oil", "datatype": "Double", "node": "ns=2;s=M1.oil"},
            ]

            async def script(_: Intake) -> None:
                await until(lambda: sink.values("good"))

            intake = await follow(plc, sink, script, tag=tags, history=None)
        assert [r.quality for s in sink.scans for r in s.readings if r.tag == "oil"] == [0]
        assert intake.health.bad["bad_node"] == 1

    asyncio.run(main())


def test_a_server_without_any_of_the_nodes_is_a_refusal() -> None:
    async def main() -> None:
        async with OpcUaPlc() as plc:
            tags = [{"name": "oil", "datatype": "Double", "node": "ns=2;s=M1.oil"}]

            async def script(_: Intake) -> None:
                await asyncio.Event().wait()

            with pytest.raises(DeviceRefused, match="none of its 1 nodes"):
                await follow(plc, Sink(), script, tag=tags, history=None)

    asyncio.run(main())


def test_a_server_that_stops_ends_the_session() -> None:
    async def main() -> None:
        sink = Sink()
        async with OpcUaPlc() as plc:
            await plc.write("clock_ms", T0, T0)

            async def script(_: Intake) -> None:
                await until(lambda: sink.scans)
                stopping.append(asyncio.create_task(plc.stop()))
                await asyncio.Event().wait()

            stopping: list[asyncio.Task[None]] = []
            with pytest.raises(DeviceUnreachable):
                await asyncio.wait_for(follow(plc, sink, script), 30)
            await stopping[0]

    asyncio.run(main())


def test_a_black_hole_ends_the_session_within_seconds() -> None:
    async def main() -> None:
        sink = Sink()
        async with OpcUaPlc() as plc, Proxy(plc.port) as proxy:
            await plc.write("clock_ms", T0, T0)

            async def script(_: Intake) -> None:
                await until(lambda: sink.scans)
                proxy.is_black_hole = True
                await asyncio.Event().wait()

            with pytest.raises(DeviceUnreachable):
                await asyncio.wait_for(follow(plc, sink, script, proxy.port), 30)

    asyncio.run(main())


def test_a_clock_that_goes_back_ends_the_session() -> None:
    async def main() -> None:
        sink = Sink()
        async with OpcUaPlc() as plc:
            await plc.write("clock_ms", T0 + 5000, T0 + 5000)

            async def script(_: Intake) -> None:
                await until(lambda: sink.scans)
                await plc.write("clock_ms", T0, T0)
                await asyncio.Event().wait()

            with pytest.raises(DeviceUnreachable, match="clock went back"):
                await follow(plc, sink, script)

    asyncio.run(main())


def test_a_clock_that_leaps_starts_coverage_anew() -> None:
    async def main() -> None:
        sink = Sink()
        async with OpcUaPlc() as plc:
            await plc.write("clock_ms", T0, T0)

            async def script(_: Intake) -> None:
                await until(lambda: sink.scans)
                for at in (30_000, 3_600_000, 3_601_000):
                    await plc.write("clock_ms", T0 + at, T0 + at)
                    await until(lambda at=at: sink.coverage() and sink.coverage()[-1][1] == T0 + at)

            intake = await follow(plc, sink, script)
        assert sink.coverage() == [(T0, T0 + 30_000), (T0 + 3_600_000, T0 + 3_601_000)]
        assert intake.health.bad == {"clock_leapt": 1}

    asyncio.run(main())


def test_numbers_no_float_should_be_are_flagged_and_nothing_stops() -> None:
    async def main() -> None:
        sink = Sink()
        async with OpcUaPlc() as plc:
            await plc.write("clock_ms", T0, T0)

            async def script(_: Intake) -> None:
                await until(lambda: sink.scans)
                await plc.write("condition", float("inf"), T0 + 1)
                await plc.write("good", 5, T0 + 20 * 365 * 86_400_000)
                await plc.write("condition", 3.0, T0 + 2)
                await until(lambda: sink.values("condition")[-1][1] == 3.0)

            intake = await follow(plc, sink, script)
        assert intake.health.bad == {"not_a_number": 1, "future_time": 1}
        assert intake.health.examples == {
            "not_a_number": f"condition = inf at {T0 + 1} ms; accepted: Double",
            "future_time": f"good = 5 at {T0 + 20 * 365 * 86_400_000} ms; "
            "accepted: a time from 2000 to a day from now",
        }
        assert [r.quality for s in sink.scans for r in s.readings if r.tag == "good"] == [192, 0]

    asyncio.run(main())


class OddHistory(OpcUaPlc):
    """A PLC whose list of changes has numbers of another kind."""

    TYPES = OpcUaPlc.TYPES | {"history": ua.VariantType.Double}


def test_a_history_that_cannot_be_read_says_which_value_where_and_what_is_accepted() -> None:
    async def main() -> None:
        for plc, cells, replayed, example in (
            (
                OpcUaPlc(),
                [1, T0 + 1000, 5, 100],
                [],
                (
                    "ns=2;s=M1.history = 4 cells; accepted: an array of whole rows of 6 cells: "
                    "seq, ts_ms, state, job, good, reject"
                ),
            ),
            (
                OddHistory(),
                [1.0, T0 + 1000.0, 5.0, 100.0, 3.0, 0.0, 2.0, T0 + 0.5, 1.0, 100.0, 4.0, 0.0],
                [(T0 + 1000, 5)],
                f"ns=2;s=M1.history[7], ts_ms of row 1 = {T0 + 0.5!r}; accepted: a whole number",
            ),
        ):
            sink = Sink(marks={"M1": T0})
            async with plc:
                await plc.write("history", cells, T0 + 1000)
                await plc.write("clock_ms", T0 + 2000, T0 + 2000)

                async def script(_: Intake, sink: Sink = sink) -> None:
                    await until(sink.coverage)

                intake = await follow(plc, sink, script)
            assert [value for value in sink.values("state") if value[0] > T0] == replayed
            assert intake.health.bad == {"bad_history": 1}
            assert intake.health.examples == {"bad_history": example}

    asyncio.run(main())
