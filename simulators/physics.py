"""How a simulated machine's durations, faults and vibration fall out."""

import math
from random import Random

from simulators.demand import WorkOrder
from simulators.plant_file import Line, Machine, Plant

STEP_MS = 2  # machine events stand on even milliseconds, condition samples on odd ones
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
NEVER_MS = 1 << 62

SLOWEST_CYCLE = 1.6  # a cycle beyond this would be a stop
LEAST_DELAY = 0.004  # even a good cycle is a touch slower than the routing's ideal
WEAR_REPAIR_MIN = (35.0, 70.0)  # a spindle change
ONSET = (0.58, 0.66)  # share of the life after which wear becomes audible
WORN_RISE = 1.5  # relative rise of the vibration at the end of the life
RISE_POWER = 1.6
REGIME = {"running": 1.0, "setup": 0.3}
STANDSTILL = 0.16
DISTURBANCE_MEAN_H = 3.0
DISTURBANCE_S = (20.0, 90.0)
DISTURBANCE_RISE = (1.3, 1.9)
PRODUCT_STEP = 0.03


def even_ms(span_ms: float) -> int:
    """A span as a whole even number of milliseconds, at least one step."""
    return max(STEP_MS, STEP_MS * round(span_ms / STEP_MS))


class Dice:
    """The random durations of one machine, in ms; each kind has its own seeded stream."""

    def __init__(self, plant: Plant, machine: Machine, seed: int) -> None:
        self._rules = plant.rules
        self._physics = machine.physics
        self._cycles = Random(f"{seed}/{machine.id}/cycle")
        self._faults = Random(f"{seed}/{machine.id}/fault")
        self._changes = Random(f"{seed}/{machine.id}/change")
        self._reasons = Random(f"{seed}/{machine.id}/reason")

    def cycle(self, ideal_s: float) -> int:
        """One actual cycle: never below the ideal, on average a few percent above it."""
        delay = LEAST_DELAY + self._physics.cycle_spread * abs(self._cycles.gauss(0.0, 1.0))
        return even_ms(ideal_s * 1000 * min(1.0 + delay, SLOWEST_CYCLE))

    def until_jam(self) -> int:
        """Running time to the next jam."""
        return even_ms(self._faults.expovariate(1.0 / (self._physics.jam_mean_min * MINUTE_MS)))

    def jam(self) -> int:
        """How long a jam lasts."""
        return even_ms(self._faults.uniform(*self._physics.jam_s) * 1000)

    def until_breakdown(self) -> int:
        """Running time to the next random breakdown."""
        return even_ms(self._faults.expovariate(1.0 / (self._physics.break_mean_h * HOUR_MS)))

    def repair(self) -> int:
        """How long the repair of a random breakdown lasts."""
        return even_ms(self._faults.uniform(*self._physics.repair_min) * MINUTE_MS)

    def wear_repair(self) -> int:
        """How long the exchange of a worn spindle lasts."""
        return even_ms(self._faults.uniform(*WEAR_REPAIR_MIN) * MINUTE_MS)

    def reason(self, cause: str) -> int:
        """The number by which the PLC names a cause, one of several; 0 when it has none for it."""
        codes = self._rules.reason_codes.get(cause)
        return self._reasons.choice(codes) if codes else 0

    def setup(self, *, same_product: bool) -> int:
        """How long a setup lasts."""
        span = self._rules.setup_same_min if same_product else self._rules.setup_other_min
        return even_ms(self._changes.uniform(*span) * MINUTE_MS)

    def dispatch(self) -> int:
        """How long a machine without a job waits for its next one."""
        return even_ms(self._changes.uniform(*self._rules.dispatch_s) * 1000)


class Vibration:
    """The condition signal of one machine: regime, product, wear, disturbances and noise."""

    def __init__(self, plant: Plant, machine: Machine, seed: int) -> None:
        self._rules = plant.rules
        self._wear_h = machine.physics.wear_h
        self._noise = Random(f"{seed}/{machine.id}/condition")
        self._lives = Random(f"{seed}/{machine.id}/wear")
        self._products = {
            product.id: i
            for line in plant.lines
            if line.id == machine.line
            for i, product in enumerate(line.products)
        }
        self._fresh_run_ms = 0
        self.life_ms = NEVER_MS
        self._onset = 1.0
        self._calm_until = self._next_disturbance(0)
        self._disturbed_until = 0
        self._disturbance = 1.0
        self.renew(0)

    def renew(self, run_ms: int) -> None:
        """Put in a fresh spindle at `run_ms` of running time."""
        self._fresh_run_ms = run_ms
        if self._wear_h:
            self.life_ms = even_ms(self._lives.uniform(*self._wear_h) * HOUR_MS)
            self._onset = self._lives.uniform(*ONSET)

    def _next_disturbance(self, run_ms: int) -> int:
        return run_ms + round(self._noise.expovariate(1.0 / (DISTURBANCE_MEAN_H * HOUR_MS)))

    def _rise(self, run_ms: int) -> float:
        if not self._wear_h:  # most machines, asked at every sample
            return 1.0
        worn = (run_ms - self._fresh_run_ms) / self.life_ms
        if worn <= self._onset:
            return 1.0
        return 1.0 + WORN_RISE * math.pow((worn - self._onset) / (1.0 - self._onset), RISE_POWER)

    def _disturbed(self, run_ms: int) -> float:
        if run_ms >= self._calm_until:
            self._disturbed_until = run_ms + round(self._noise.uniform(*DISTURBANCE_S) * 1000)
            self._disturbance = self._noise.uniform(*DISTURBANCE_RISE)
            self._calm_until = self._next_disturbance(self._disturbed_until)
        return self._disturbance if run_ms < self._disturbed_until else 1.0

    def wears(self, run_ms: int) -> bool:
        """Whether wear raises the vibration at `run_ms` of running time."""
        return self._rise(run_ms) > 1.0

    def sample(self, state: str, product: str, run_ms: int) -> float:
        """One sample in mm/s, rounded to a thousandth.

        Parameters
        ----------
        state, product
            What the machine does and on which product it works (empty before the first).
        run_ms
            Its cumulative running time.
        """
        level = self._rules.condition_base
        if state == "running":
            level *= 1.0 + PRODUCT_STEP * self._products.get(product, 0)
            level *= self._rise(run_ms) * self._disturbed(run_ms)
        else:
            level *= REGIME.get(state, STANDSTILL)
        return round(max(0.01, level * self._noise.gauss(1.0, self._rules.condition_noise)), 3)


def fates(plant: Plant, line: Line, work_order: WorkOrder, seed: int) -> list[list[bool]]:
    """For each operation of a line the parts of a work order in sequence: True is good.

    Drawn backwards, so that each operation makes exactly the good parts that the next one needs and the last
    one the ordered quantity: what is scrapped downstream has been made up for upstream.
    """
    dice = Random(f"{seed}/fate/{work_order.number}")
    needed = work_order.quantity
    drawn: list[list[bool]] = []
    for machine in reversed(line.machines):
        parts: list[bool] = []
        good = 0
        while good < needed:
            startup = len(parts) < plant.rules.startup_parts
            chance = plant.rules.startup_reject if startup else machine.physics.reject
            parts.append(dice.random() >= chance)
            good += parts[-1]
        drawn.append(parts)
        needed = len(parts)
    return drawn[::-1]
