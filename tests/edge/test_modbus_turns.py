"""Who may speak on a bus: a unit that missed one question does not wait behind a dead one."""

import asyncio

from edge.drivers.modbus.turns import Rank, Turns, Wish


def test_of_two_silent_units_the_one_that_missed_less_is_asked_first() -> None:
    async def script() -> list[str]:
        turns = Turns(lambda: asyncio.get_running_loop().time() + 1.0)
        first: list[str] = []

        async def probe(name: str, misses: int) -> None:
            await turns.take(Wish(Rank.PROBE, misses, wants_s=0.5, needs_s=0.1))
            first.append(name)
            turns.give_back()

        await turns.take(Wish(Rank.POLL, 0.0, wants_s=0.5))
        dead = asyncio.create_task(probe("dead", 9))
        await asyncio.sleep(0)
        lively = asyncio.create_task(probe("lively", 1))
        await asyncio.sleep(0)
        turns.give_back()
        await asyncio.wait_for(asyncio.gather(dead, lively), 60)
        return first

    assert asyncio.run(script()) == ["lively", "dead"]
