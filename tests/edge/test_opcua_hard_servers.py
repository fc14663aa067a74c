"""OPC UA servers that forget a session while the connection lives, or take no deadband."""

import asyncio
import itertools

from asyncua import ua
from edge_plcs import T0, Sink, intake_of, until
from opcua_world import World, device_of, follow, tag

from edge.drivers.opcua import watch
from edge.intake import Intake
from edge.watches import Backoff, supervise

V = ua.VariantType


def test_a_session_that_the_server_forgot_is_built_anew_on_a_connection_that_lived() -> None:
    async def main() -> None:
        sink = Sink()
        async with World({"a": (1.0, V.Double)}) as world:
            device = device_of(world.url, [tag("a")])
            intake = intake_of(device, sink)
            backoff = Backoff(first_s=0.05, longest_s=0.2, refused_s=0.2)
            watching = asyncio.create_task(supervise(device, watch, intake, backoff, lambda *_: None))
            try:
                for number in (2.0, 3.0):
                    sessions = intake.health.sessions
                    await until(lambda: intake.health.state == "up" and sink.coverage())
                    (connection,) = world.server.bserver.clients
                    assert connection.processor.session is not None
                    # As after a lost keep-alive: session and subscriptions are gone, TCP is not.
                    await connection.processor.session.close_session(True)
                    await until(lambda: intake.health.sessions > max(1, sessions))  # noqa: B023  waited for here
                    await world.write("a", number, T0)
                    await until(lambda: (T0, number) in sink.values("a"))  # noqa: B023
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
        spans = sink.coverage()
        assert len(spans) >= 3
        assert all(before[1] < after[0] for before, after in itertools.pairwise(spans))
        assert not intake.health.bad

    asyncio.run(main())


class NoFilters(World):
    """A server that refuses every filter, as small PLCs do."""

    async def start(self) -> None:
        await super().start()
        service = self.server.iserver.subscription_service
        create = service.create_monitored_items
        self.refused = 0

        async def without_filters(
            params: ua.CreateMonitoredItemsParameters,
        ) -> list[ua.MonitoredItemCreateResult]:
            asked, results = params.ItemsToCreate, []
            for item in asked:
                if not hasattr(item.RequestedParameters.Filter, "DeadbandValue"):
                    params.ItemsToCreate = [item]
                    results += await create(params)
                else:
                    refusal = ua.MonitoredItemCreateResult()
                    refusal.StatusCode = ua.StatusCode(ua.StatusCodes.BadMonitoredItemFilterUnsupported)
                    results.append(refusal)
                    self.refused += 1
            return results

        service.create_monitored_items = without_filters  # type: ignore[method-assign]


def test_a_server_that_refuses_deadbands_is_read_without_and_they_are_applied_here() -> None:
    async def main() -> None:
        sink = Sink()
        async with NoFilters({"a": (1.0, V.Double), "b": (1.0, V.Double)}) as world:
            tags = [tag("a", deadband={"absolute": 2.0}), tag("b")]

            async def script(intake: Intake) -> None:
                await until(lambda: sink.values("a") and sink.values("b"))
                for number, value in enumerate((2.0, 4.0, 5.0, 9.0), 1):
                    await world.write("a", value, T0 + number)
                    await world.write("b", value, T0 + number)
                    await until(lambda: (T0 + number, value) in sink.values("b"))  # noqa: B023  waited for here
                await until(lambda: (T0 + 4, 9.0) in sink.values("a"))
                assert not intake.health.bad

            await follow(device_of(world.url, tags, deadband_at="server"), sink, script)
            assert world.refused == 1
        assert [value for _, value in sink.values("a")] == [1.0, 4.0, 9.0]

    asyncio.run(main())
