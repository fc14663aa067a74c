"""OPC UA nodes one by one: missing, found again, lost, structured, banded, many."""

import asyncio

import pytest
from asyncua import ua
from edge_plcs import T0, Sink, until
from opcua_world import World, device_of, follow, tag

from edge.intake import Intake

pytestmark = pytest.mark.slow

DOUBLE, INT32 = ua.VariantType.Double, ua.VariantType.Int32
OVERFLOWED = 0x0480


def qualities(sink: Sink, name: str) -> list[tuple[object, int]]:
    return [(r.value, r.quality) for s in sink.scans for r in s.readings if r.tag == name]


def test_a_missing_node_is_shown_tried_again_and_found_while_the_others_go_on() -> None:
    async def main() -> None:
        sink = Sink()
        async with World({"a": (1.0, DOUBLE), "b": (2.0, DOUBLE)}) as world:
            device = device_of(world.url, [tag("a"), tag("late"), tag("b")], check_nodes_s=0.1)

            async def script(intake: Intake) -> None:
                await until(lambda: sink.values("b"))
                assert intake.health.faults == {"late": "BadNodeIdUnknown"}
                assert intake.health.bad == {"bad_node": 1}
                await world.add("late", 7.0, DOUBLE)
                await world.write("a", 3.0)
                await until(lambda: (7.0, 192) in qualities(sink, "late"))
                assert intake.health.faults == {}
                await world.server.delete_nodes([world.server.get_node("ns=2;s=b")])
                await until(lambda: intake.health.faults)
                assert intake.health.faults == {"b": "BadNodeIdUnknown"}
                await world.write("a", 4.0)
                await until(lambda: (T0, 4.0) in sink.values("a"))

            intake = await follow(device, sink, script)
        assert qualities(sink, "late") == [(None, 0), (7.0, 192)]
        assert qualities(sink, "b") == [(2.0, 192), (None, 0)]
        assert intake.health.sessions == 1
        assert intake.health.bad == {"bad_node": 2}

    asyncio.run(main())


def test_parts_of_arrays_become_tags_and_a_whole_array_is_refused_with_what_would_be_accepted() -> None:
    async def main() -> None:
        sink = Sink()
        variables = {
            "zones": ([1.0, 2.0, 3.0], DOUBLE),
            "pair": ([7.0, 9.0], DOUBLE),
            "whole": ([4, 5], INT32),
            "plain": (6.0, DOUBLE),
        }
        async with World(variables) as world:
            tags = [
                tag("second", node="ns=2;s=pair", index=1),
                tag("zones", flatten=4),
                tag("whole", "Int32"),
                tag("plain"),
                tag("element", node="ns=2;s=plain", index=0),
            ]
            device = device_of(world.url, tags)

            async def script(intake: Intake) -> None:
                await until(lambda: sink.values("plain"))
                await world.write("zones", [1.0, 9.0, 3.0, 8.0], T0 + 1)
                await until(lambda: (T0 + 1, 8.0) in sink.values("zones[3]"))
                assert "zones[3]" not in intake.health.faults

            intake = await follow(device, sink, script)
        assert [v for _, v in sink.values("second")] == [9.0]
        assert [v for _, v in sink.values("zones[0]")] == [1.0]
        assert qualities(sink, "zones[3]") == [(None, 0), (8.0, 192)]
        assert intake.health.faults == {
            "whole": "ns=2;s=whole is an array of 2; accepted: index = 0 to 1, or flatten = 2",
            "element": "ns=2;s=plain is no array but a single value (float), so it has no element 0",
        }
        assert intake.health.bad["no_scalar"] == 3

    asyncio.run(main())


def test_fields_of_a_structure_become_tags() -> None:
    async def main() -> None:
        sink = Sink()
        async with World({}) as world:
            span = ua.Range(Low=1.5, High=9.5)
            await world.add("span", span, ua.VariantType.ExtensionObject)
            await world.add("spans", [span, ua.Range(2.5, 3.5)], ua.VariantType.ExtensionObject)
            tags = [
                tag("low", node="ns=2;s=span", field="Low"),
                tag("second", node="ns=2;s=spans", index=1, field="High"),
                tag("odd", node="ns=2;s=span", field="Middle"),
                tag("whole", node="ns=2;s=span", index=None),
            ]
            tags[3].pop("index")
            device = device_of(world.url, tags)

            async def script(_: Intake) -> None:
                await until(lambda: sink.values("second"))

            intake = await follow(device, sink, script)
        assert [v for _, v in sink.values("low")] == [1.5]
        assert [v for _, v in sink.values("second")] == [3.5]
        assert intake.health.faults["odd"].endswith("without a field Middle; accepted: Low, High")
        assert intake.health.faults["whole"].endswith("accepted: field = one of Low, High")

    asyncio.run(main())


@pytest.mark.parametrize("at", ["server", "gateway"])
def test_deadbands_hold_back_what_is_too_small_wherever_they_are_applied(at: str) -> None:
    async def main() -> None:
        sink = Sink()
        async with World(
            dict.fromkeys(("abs", "scaled", "ranged", "own", "last", "end"), (0.0, DOUBLE))
        ) as world:
            node = world.server.get_node("ns=2;s=ranged")
            await node.add_property(
                0, "EURange", ua.Variant(ua.Range(0.0, 50.0), ua.VariantType.ExtensionObject)
            )
            tags = [
                tag("abs", deadband={"absolute": 1.0}),
                tag("scaled", scale=0.1, deadband={"absolute": 0.1}),
                tag("ranged", deadband={"percent": 2.0}),
                tag("own", deadband={"percent": 2.0}, range=[0, 200]),
                tag("last", deadband={"percent": 10.0}),
                tag("end"),
            ]
            device = device_of(world.url, tags, deadband_at=at)

            async def script(_: Intake) -> None:
                await until(lambda: sink.values("end"))
                for number, value in enumerate([10.0, 10.9, 12.1, 12.0, 16.2, 17.1], start=1):
                    for name in ("abs", "scaled", "ranged", "own", "last"):
                        await world.write(name, value, T0 + number)
                await world.write("end", 1.0, T0)
                await until(lambda: (T0, 1.0) in sink.values("end"))

            await follow(device, sink, script)
        found = {name: [v for _, v in sink.values(name)] for name in ("abs", "ranged", "own", "last")}
        assert found == {
            "abs": [0.0, 10.0, 12.1, 16.2],
            "ranged": [0.0, 10.0, 12.1, 16.2],
            "own": [0.0, 10.0, 16.2],
            "last": [0.0, 10.0, 12.1, 16.2],
        }
        assert [round(v, 3) for _, v in sink.values("scaled")] == [0.0, 1.0, 1.21, 1.62]

    asyncio.run(main())


def test_an_overflowed_queue_leaves_a_hole_in_the_coverage_and_the_session_goes_on() -> None:
    async def main() -> None:
        sink = Sink()
        async with World({"a": (1.0, DOUBLE)}) as world:

            async def script(intake: Intake) -> None:
                await until(sink.coverage)
                before = sink.coverage()[0]
                await world.write("a", 2.0, None, OVERFLOWED)
                await until(lambda: len(sink.coverage()) > 1)
                assert sink.coverage()[0][0] == before[0]
                assert sink.coverage()[1][0] > sink.coverage()[0][1]
                assert intake.health.bad == {"queue_overflow": 1}

            intake = await follow(device_of(world.url, [tag("a")]), sink, script)
        assert intake.health.sessions == 1
        assert qualities(sink, "a") == [(1.0, 192), (2.0, 192)]

    asyncio.run(main())


def test_two_thousand_tags_come_in_one_subscription() -> None:
    async def main() -> None:
        sink = Sink()
        names = [f"t{number:04}" for number in range(2000)]
        async with World(dict.fromkeys(names, (0.0, DOUBLE))) as world:
            device = device_of(world.url, [tag(name) for name in names], timeout_s=20.0)

            async def script(_: Intake) -> None:
                await until(lambda: sink.values("t1999"), 60)
                for number, name in enumerate(names, start=1):
                    await world.write(name, float(number))
                await until(lambda: (T0, 2000.0) in sink.values("t1999"), 60)

            intake = await follow(device, sink, script, 100)
        last = {r.tag: r.value for s in sink.scans for r in s.readings}
        assert last == {name: float(number) for number, name in enumerate(names, start=1)}
        assert not intake.health.bad
        assert not intake.health.faults

    asyncio.run(main())
