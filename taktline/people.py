"""The people of a simulated plant: customers who order, those at benches, the manager who sets targets."""

from collections.abc import Callable, Mapping

from simulators.world import World
from taktline.client import Api
from taktline.hand_entry import HandEntry
from taktline.order_feed import OrderFeed
from taktline.plant_time import iso
from taktline.stack import RunPlan
from taktline.target_entry import TargetEntry
from taktline.teller import Teller


class People:
    """Everybody who speaks to the cloud through its API, started and stopped together.

    Parameters
    ----------
    plan
        The run whose plant, seed and clock they live by.
    connect
        Returns a new API session of a user by name: `planner` enters orders, `operator` sheets, `manager`
        targets.
    world
        The world at the end of a history whose orders were not entered yet; None: it begins with the run.
    targets
        By scope what the manager aims at, where nobody has set any target; a run that is judged has none.
    """

    def __init__(
        self,
        plan: RunPlan,
        connect: Callable[[str], Api],
        world: World | None = None,
        targets: Mapping[str, Mapping[str, float]] | None = None,
    ) -> None:
        now_ms = plan.clock.now_ms
        worlds = [world or World(plan.plant, plan.seed, plan.start_ms)]
        self._hand: HandEntry | None = None
        bench = plan.plant.by_hand
        if bench is not None:
            worlds.append(World(bench, plan.seed, plan.start_ms))
            self._hand = HandEntry(
                bench, plan.seed, plan.start_ms, now_ms, lambda: connect("operator"), end_ms=plan.until_ms
            )
        if world is not None:
            worlds[-1].advance(world.now_ms)
        self._feeds = [
            OrderFeed(each, now_ms, iso, lambda: connect("planner"), plan.until_ms) for each in worlds
        ]
        self._tellers: list[Teller] = [*self._feeds]
        if targets:
            self._tellers.append(TargetEntry(targets, lambda: connect("manager")))
        if self._hand is not None:
            self._tellers.append(self._hand)

    def enter_waiting(self, api: Api) -> None:
        """Enter the orders of the past, before data come that name their jobs.

        Raises
        ------
        ApiRefused
            When the cloud does not take them; they are entered after `start`.
        """
        for feed in self._feeds:
            feed.enter_waiting(api)

    def start(self) -> None:
        """Begin to speak, each in a thread of their own."""
        for teller in self._tellers:
            teller.start()

    def stop(self) -> None:
        """Fall silent; returns when the threads have ended."""
        for teller in reversed(self._tellers):
            teller.stop()
