"""The simulated customers at the cloud's door: orders and releases through the API as the world has them."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from simulators.events import CustomerOrder, OrderEntered
from simulators.world import World
from taktline.client import Api, ApiRefused

log = structlog.get_logger()
LOOK_EVERY_S = 0.5
AT_ONCE = 200  # orders of one call, and the work orders of another


class OrderFeed:
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
        self._world = world
        self._now_ms, self._iso, self._connect, self._end_ms = now_ms, iso, connect, end_ms
        self._waiting: list[CustomerOrder] = world.orders[::-1]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="order-feed", daemon=True)
        self._trouble = ""
        self.entered = 0

    def start(self) -> None:
        """Start entering orders in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop entering orders; returns when the thread has ended."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

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

    def _note(self, trouble: str) -> None:
        """Log when orders cannot be entered and when they can again, not every attempt between."""
        if trouble and not self._trouble:
            log.warning("orders_wait", reason=trouble)
        elif self._trouble and not trouble:
            log.info("orders_entered_again")
        self._trouble = trouble

    def _run(self) -> None:
        with self._connect() as api:
            while not self._stop.is_set():
                try:
                    self.step(api)
                    self._note("")
                except ApiRefused as refused:
                    # The cloud may be restarting; the order stays in the queue and is entered again.
                    self._note(str(refused))
                self._stop.wait(LOOK_EVERY_S)


def _expect_all(answer: Mapping[str, Any]) -> None:
    """Raise ApiRefused when an entry of a bulk call was refused."""
    if answer["refused"]:
        first = answer["refused"][0]
        raise ApiRefused(f"{first['number']}: {first['code']} {first['detail']}")
