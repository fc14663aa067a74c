"""What the simulated customers order: an endless seeded stream for each production line."""

from collections import deque
from dataclasses import dataclass
from random import Random

from simulators.events import CustomerOrder, OrderLine
from simulators.plant_file import Line, Plant, Product

MAX_LINES = 3
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """The release of one order line to its production line."""

    number: int
    order: str
    line: int
    product: Product
    quantity: int

    @property
    def bottleneck_s(self) -> float:
        """Seconds that its slowest operation needs at the ideal cycle."""
        return self.quantity * max(step.ideal_s for step in self.product.routing)


class Demand:
    """The order stream of one production line.

    Customer, products and quantities of the k-th order, its number and its work order numbers depend on
    (seed, k) alone. It is entered when the known work falls short of `order_entered_before_h` hours at the
    ideal cycle, so it is known at least that long before its production.
    """

    def __init__(self, plant: Plant, line_index: int, seed: int, start_ms: int) -> None:
        self._plant = plant
        self._index = line_index
        self._line: Line = plant.lines[line_index]
        self._products = {product.id: product for product in self._line.products}
        self._seed = seed
        self._next_order = 0
        self._known_s = 0.0
        self._waiting: deque[WorkOrder] = deque()
        self._horizon_s = plant.rules.order_entered_before_h * 3600
        self.entered: list[CustomerOrder] = []
        while self._known_s < self._horizon_s:
            # What is known when the world begins was entered as if production had already been going on.
            self._enter(start_ms + 2 * round((self._known_s - self._horizon_s) * 500))

    def next_work_order(self, now_ms: int) -> WorkOrder:
        """The work order that the line's first operation takes next; enters orders to keep the horizon."""
        taken = self._waiting.popleft()
        self._known_s -= taken.bottleneck_s
        while self._known_s < self._horizon_s:
            self._enter(now_ms)
        return taken

    def _enter(self, entered_ms: int) -> None:
        order = self.order(self._next_order, entered_ms)
        self._next_order += 1
        self.entered.append(order)
        for line in order.lines:
            released = WorkOrder(
                line.work_order, order.number, line.line, self._products[line.product], line.quantity
            )
            self._waiting.append(released)
            self._known_s += released.bottleneck_s

    def order(self, k: int, entered_ms: int) -> CustomerOrder:
        """The k-th order of this line, from 0, as it reads when entered at `entered_ms`."""
        rules = self._plant.rules
        dice = Random(f"{self._seed}/order/{self._line.id}/{k}")
        rank = k * len(self._plant.lines) + self._index
        first = self._plant.first_order + self._seed * 7919 % 9000 * 100
        first_work_order = first + rank * MAX_LINES
        lines = []
        for i in range(dice.choices((1, 2, 3), (5, 3, 1))[0]):
            lead_ms = 2 * round(dice.uniform(*rules.order_lead_h) * HOUR_MS / 2)
            lines.append(
                OrderLine(
                    line=i + 1,
                    product=dice.choice(self._line.products).id,
                    quantity=dice.randint(*rules.order_quantity),
                    due_ms=entered_ms + lead_ms,
                    work_order=first_work_order + i,
                )
            )
        number = f"SO-{first + rank:06d}"
        return CustomerOrder(
            number=number,
            customer=dice.choice(self._plant.customers),
            entered_ms=entered_ms,
            production_line=self._line.id,
            lines=tuple(lines),
        )
