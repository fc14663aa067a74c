"""The simulated customers at the cloud's door: orders and releases through the API as the world has them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulators.events import CustomerOrder, OrderEntered
from simulators.world import World
from taktline.client import Api, ApiRefused
from taktline.teller import Teller

AT_ONCE = 200  # orders of one call, and the work orders of another


class OrderFeed(Teller):
    """Enters each order of the world when plant time reaches it, then releases its work orders.

    Parameters
    ----------
    world
        The world whose customers order; nobody else may advance it any more. What was ordered before it was
        handed over is entered newest first: the orders that people look at are there at once.
    now_ms
        Returns plant time in ms since the epoch.
    iso
        Writes a plant time for the API.
    connect
        Returns a new API session of a user who may enter and release orders.
    end_ms
        Orders after this plant time are not entered.
    """

    def __init__(
        self,
        world: World,
        now_ms: Callable[[], int],
        iso: Callable[[int], str],
        connect: Callable[[], Api],
        end_ms: int | None = None,
    ) -> None:
        super().__init__("orders", connect)
        self._world = world
        self._now_ms, self._iso, self._end_ms = now_ms, iso, end_ms
        self._waiting: list[CustomerOrder] = world.orders[::-1]
        self.entered = 0

    def enter_waiting(self, api: Api) -> int:
        """Return how many orders were entered that were known and not entered yet.

        Called before `start`, those of the world's past are there before data that name their jobs.

        Raises
        ------
        ApiRefused
            When the cloud does not take them; they are entered after `start`.
        """
        done = 0
        while self._waiting and not self._stop.is_set():
            some = self._waiting[:AT_ONCE]
            self._enter(api, some)
            del self._waiting[: len(some)]
            done += len(some)
        self.entered += done
        return done

    def step(self, api: Api) -> int:
        """Enter what has become due by now; returns how many orders that were. All calls are idempotent."""
        now = self._now_ms() if self._end_ms is None else min(self._now_ms(), self._end_ms)
        if now > self._world.now_ms:
            happened = self._world.advance(now)
            self._waiting += [event.order for event in happened if isinstance(event, OrderEntered)]
        return self.enter_waiting(api)

    def _enter(self, api: Api, orders: Sequence[CustomerOrder]) -> None:
        _expect_all(api.post("/orders/bulk", {"orders": [self._order(order) for order in orders]}))
        releases = [
            {
                "number": line.work_order,
                "order": order.number,
                "line": line.line,
                "quantity": str(line.quantity),
            }
            for order in orders
            for line in order.lines
        ]
        for start in range(0, len(releases), AT_ONCE):
            _expect_all(api.post("/work-orders/bulk", {"work_orders": releases[start : start + AT_ONCE]}))

    def _order(self, order: CustomerOrder) -> dict[str, Any]:
        return {
            "number": order.number,
            "customer": order.customer,
            "entered": self._iso(order.entered_ms),
            "lines": [
                {
                    "line": line.line,
                    "product": line.product,
                    "quantity": str(line.quantity),
                    "due": self._iso(line.due_ms),
                }
                for line in order.lines
            ],
        }


def _expect_all(answer: Mapping[str, Any]) -> None:
    """Raise ApiRefused when an entry of a bulk call was refused."""
    if answer["refused"]:
        first = answer["refused"][0]
        raise ApiRefused(f"{first['number']}: {first['code']} {first['detail']}")
