"""Writes to an OPC UA server: in its datatype, once, read back; and nothing that it cannot hold."""

import asyncio
import time

import pytest
from asyncua import ua
from edge_plcs import Sink, until
from opcua_world import World, device_of, follow, tag

from edge.intake import Intake
from edge.writes import WriteFailed

pytestmark = pytest.mark.slow

V = ua.VariantType


def test_a_write_is_checked_scaled_done_once_and_read_back() -> None:
    async def main() -> None:
        sink = Sink()
        variables = {
            "speed": (0, V.Int16),
            "on": (False, V.Boolean),
            "recipe": ("", V.String),
            "fixed": (1.0, V.Double),
            "many": ([1.0], V.Double),
        }
        async with World(variables) as world:
            for name in ("speed", "on", "recipe", "many"):
                await world.server.get_node(f"ns=2;s={name}").set_writable()
            tags = [
                tag("speed", "Double", scale=0.1, writable=True),
                tag("on", "Boolean", writable=True),
                tag("recipe", "String", writable=True),
                tag("fixed", writable=True),
                tag("many", writable=True),
            ]
            device = device_of(world.url, tags)

            async def script(intake: Intake) -> None:
                await until(lambda: sink.values("fixed"))

                async def ask(name: str, value: float | str) -> object:
                    answer = intake.writes.put(name, value, time.monotonic() + 20)
                    return await asyncio.wait_for(asyncio.wrap_future(answer), 60)

                assert await ask("speed", 12.34) == pytest.approx(12.3)
                assert await world.read("speed") == 123
                assert await ask("on", True) is True
                assert await ask("recipe", "B7") == "B7"
                with pytest.raises(WriteFailed, match="does not fit Int16; accepted: -32768 to 32767"):
                    await ask("speed", 4000.0)
                with pytest.raises(WriteFailed, match="refused it: Bad"):
                    await ask("fixed", 2.0)
                with pytest.raises(WriteFailed, match="is an array"):
                    await ask("many", 2.0)
                assert await world.read("speed") == 123
                assert await world.read("fixed") == 1.0
                await until(lambda: [v for _, v in sink.values("speed")][-1] == pytest.approx(12.3))

            await follow(device, sink, script)

    asyncio.run(main())
