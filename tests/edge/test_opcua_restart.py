"""An OPC UA server that restarts is found again and its subscription built anew, as often as it likes."""

import asyncio

import pytest
from asyncua import ua
from edge_plcs import T0, Sink, intake_of, until
from opcua_world import World, device_of, tag

from edge.drivers.opcua import watch
from edge.watches import Backoff, supervise

V = ua.VariantType


@pytest.mark.slow
def test_after_a_restart_values_come_again_and_coverage_has_a_hole() -> None:
    async def main() -> None:
        sink = Sink()
        said: list[bool] = []
        world = World({"a": (1.0, V.Double)})
        await world.start()
        device = device_of(world.url, [tag("a")])
        intake = intake_of(device, sink)
        backoff = Backoff(first_s=0.05, longest_s=0.2, refused_s=0.2)
        watching = asyncio.create_task(
            supervise(device, watch, intake, backoff, lambda _device, is_online: said.append(is_online))
        )
        try:
            for number in (2.0, 3.0):
                await until(lambda number=number: len(sink.coverage()) == number - 1)
                await world.stop()
                await until(lambda: intake.health.state == "down")
                await world.start()
                await until(lambda number=number: intake.health.sessions == number)
                await world.write("a", number, T0)
                await until(lambda number=number: (T0, number) in sink.values("a"))
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await world.stop()
        first, second, *_ = sink.coverage()
        assert first[1] < second[0]
        assert said == [False, False]
        assert not intake.health.bad

    asyncio.run(main())
