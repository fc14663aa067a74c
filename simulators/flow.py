"""A production line's flow: stations that pass parts on, starve, block, jam, break and are set up.

A station has at most one timer. What it shall do at the timer stands in `_then`; a planned stop takes the
timer away and gives it back with its remaining time. Two events of one station never fall on the same
millisecond: what follows an event comes one step later, and a planned stop at a calendar border goes before
any timer.
"""

from collections.abc import Callable
from random import Random
from typing import Protocol

from simulators.demand import Demand, WorkOrder
from simulators.epc import sgtin96
from simulators.events import (
    ConditionSampled,
    Event,
    JobChanged,
    OrderEntered,
    PartMade,
    StateChanged,
    TagRead,
    WearBegan,
)
from simulators.physics import NEVER_MS, STEP_MS, Dice, Vibration, even_ms, fates
from simulators.plant_file import MANUAL, Line, Machine, Plant, Reader

ANTENNAS = (1, 2)
RSSI_DBM = (-66, -44)
READS = (1, 4)
READ_GAP_MS = (40, 280)  # four reads stay within one second


class Agenda(Protocol):
    """What a station needs of the world around it."""

    working: bool

    def wake(self, ts_ms: int, rank: int, token: int) -> None:
        """Call the station of this rank at `ts_ms` unless its token has changed by then."""

    def tell(self, event: Event) -> None:
        """Record an event; it may lie in the future."""


class ReadGate:
    """The tag reader that every good unit passes on its way out of the line."""

    def __init__(self, reader: Reader, seed: int, agenda: Agenda) -> None:
        self._reader = reader
        self._dice = Random(f"{seed}/{reader.id}/reads")
        self._agenda = agenda
        self._busy_until = 0

    def unit_leaves(self, ts_ms: int, epc: str) -> None:
        """Let the unit finished at `ts_ms` pass; its reads come after those of the unit before it."""
        dice = self._dice
        read_ms = max(
            ts_ms + even_ms(dice.uniform(*self._reader.transit_s) * 1000), self._busy_until + STEP_MS
        )
        for _ in range(dice.randint(*READS)):
            read = TagRead(read_ms, self._reader.id, epc, dice.choice(ANTENNAS), dice.randint(*RSSI_DBM))
            self._agenda.tell(read)
            self._busy_until = read_ms
            read_ms += dice.randint(*READ_GAP_MS)


class WorkQueue:
    """The work orders of one line in their sequence, handed to each operation in turn."""

    def __init__(self, plant: Plant, line_index: int, seed: int, start_ms: int, agenda: Agenda) -> None:
        self._plant = plant
        self._line: Line = plant.lines[line_index]
        self._seed = seed
        self._agenda = agenda
        self._demand = Demand(plant, line_index, seed, start_ms)
        self._told = 0
        self._running: dict[int, tuple[WorkOrder, list[list[bool]]]] = {}
        self._taken: dict[int, int] = {}  # by how many operations; they take a work order in any order
        self._tell_orders(start_ms)

    def _tell_orders(self, now_ms: int) -> None:
        for order in self._demand.entered[self._told :]:
            self._agenda.tell(OrderEntered(now_ms, order.number, order))
        self._told = len(self._demand.entered)

    def take(self, index: int, position: int, now_ms: int) -> tuple[WorkOrder, list[bool]]:
        """The line's `index`-th work order (from 0) and the fates of its parts at operation `position`."""
        if index not in self._running:
            work_order = self._demand.next_work_order(now_ms)
            self._running[index] = work_order, fates(self._plant, self._line, work_order, self._seed)
            self._tell_orders(now_ms)
        work_order, drawn = self._running[index]
        taken = self._taken[index] = self._taken.get(index, 0) + 1
        if taken == len(drawn):
            del self._running[index], self._taken[index]
        return work_order, drawn[position]


class Station:
    """One machine in the flow of its line."""

    def __init__(self, plant: Plant, machine: Machine, rank: int, seed: int, agenda: Agenda) -> None:
        self.machine = machine
        self.rank = rank
        self.token = 0
        self.upstream: Station | None = None
        self.downstream: Station | None = None
        self.gate: ReadGate | None = None
        self._agenda = agenda
        self._dice = Dice(plant, machine, seed)
        self._vibration = Vibration(plant, machine, seed)
        self._prefix = plant.rules.company_prefix
        self._serial_before = seed % 1000 * 10_000_000
        self._period_ms = even_ms(plant.rules.condition_period_s * 1000)
        # What the machine shows
        self.state = ""
        self.since_ms = 0
        self.run_ms = 0  # running time up to since_ms
        self.units = 0
        self._next_sample_ms = 0
        # What it is about
        self._phase = "idle"  # the state under a planned stop
        self._reason = 0  # why it is in this phase
        self._paused = False
        self._due: int | None = None
        self._left_ms: int | None = None  # of the timer that a planned stop took away
        self._then: Callable[[int], None] = self._take_job
        self._cutting = False
        self._cut_since = 0
        self._cycle_left = 0
        self._jam_left = self._dice.until_jam()
        self._break_left = self._dice.until_breakdown()
        self._wear_left = self._vibration.life_ms
        self._wear_told = False
        # What it works on
        self._queue: WorkQueue | None = None
        self._position = 0
        self._orders_taken = 0
        self._work: WorkOrder | None = None
        self._job = 0
        self._ideal_s = 0.0
        self._product = ""
        self._last_product = ""
        self._fates: list[bool] = []
        self._made = 0
        self._waiting_parts = 0  # in the buffer before this station
        self._holds_part = False  # finished, but the buffer behind is full

    # ---- the world calls these ----

    def power_on(self, start_ms: int, queue: WorkQueue, position: int) -> None:
        """Join the line's queue as operation `position` and show the first state at `start_ms`."""
        self._queue = queue
        self._position = position
        spread = self.rank * 1_237 * STEP_MS % self._period_ms
        self._next_sample_ms = start_ms + spread + 1
        self.since_ms = start_ms
        first = self._dice.dispatch()
        if self._agenda.working:
            self._show(start_ms, "idle")
            self._in(start_ms, first, self._take_job)
        else:
            self._paused = True
            self._left_ms = first
            self._show(start_ms, "planned_stop")

    def fire(self, ts_ms: int) -> None:
        """Do what the timer was set for."""
        self._due = None
        self._then(ts_ms)

    def stop_planned(self, ts_ms: int) -> None:
        """Begin a planned stop; a repair goes on."""
        if self._phase == "breakdown":
            return
        if self._cutting:
            self._settle(ts_ms)
        self._left_ms = None if self._due is None else self._due - ts_ms
        self._due = None
        self.token += 1
        self._paused = True
        self._show(ts_ms, "planned_stop")

    def resume(self, ts_ms: int) -> None:
        """End a planned stop and go on with what was left."""
        if not self._paused:
            return
        self._paused = False
        if self._cutting:
            self._run(ts_ms)
            return
        self._show(ts_ms, self._phase)
        if self._left_ms is not None:
            self._in(ts_ms, self._left_ms, self._then)

    def sample_before(self, ts_ms: int) -> None:
        """Take the condition samples that fall before `ts_ms`; the state shown holds over all of them."""
        at = self._next_sample_ms
        if at >= ts_ms or self.machine.protocol == MANUAL:
            return  # without a PLC nothing is sampled
        # Samples are most of what happens in a plant: what does not change between them is looked up once.
        tell, sample, machine = self._agenda.tell, self._vibration.sample, self.machine.id
        state, product, period_ms = self.state, self._product, self._period_ms
        before_ms, since_ms = self.run_ms, self.since_ms
        may_wear = not self._wear_told and self.machine.physics.wear_h is not None
        while at < ts_ms:
            run_ms = before_ms + (at - since_ms if state == "running" else 0)
            tell(ConditionSampled(at, machine, sample(state, product, run_ms)))
            if may_wear and self._vibration.wears(run_ms):
                self._wear_told, may_wear = True, False
                tell(WearBegan(at, machine))
            at += period_ms
        self._next_sample_ms = at

    # ---- states and timers ----

    def _in(self, now_ms: int, span_ms: int, then: Callable[[int], None]) -> None:
        self.token += 1
        self._then = then
        self._due = now_ms + max(STEP_MS, span_ms)
        self._agenda.wake(self._due, self.rank, self.token)

    def _show(self, ts_ms: int, state: str, cause: str = "") -> None:
        if state == self.state:
            return
        self.sample_before(ts_ms)
        if self.state == "running":
            self.run_ms += ts_ms - self.since_ms
        self.state = state
        self.since_ms = ts_ms
        reason = self._reason if state == self._phase else 0
        self._agenda.tell(StateChanged(ts_ms, self.machine.id, state, cause, reason))

    def _enter(self, ts_ms: int, phase: str, cause: str = "") -> None:
        self._phase = phase
        self._reason = self._dice.reason(cause or phase)
        self._show(ts_ms, phase, cause)

    # ---- jobs ----

    def _take_job(self, ts_ms: int) -> None:
        assert self._queue is not None  # noqa: S101  power_on comes before any timer
        self._work, self._fates = self._queue.take(self._orders_taken, self._position, ts_ms)
        self._orders_taken += 1
        self._made = 0
        step = self._work.product.routing[self._position]
        self._ideal_s = step.ideal_s
        self._job = self._work.number * 100 + step.sequence
        self.sample_before(ts_ms)
        self._last_product, self._product = self._product, self._work.product.id
        self._agenda.tell(JobChanged(ts_ms, self.machine.id, self._job))
        self._in(ts_ms, STEP_MS, self._set_up)

    def _set_up(self, ts_ms: int) -> None:
        self._enter(ts_ms, "setup")
        span = self._dice.setup(same_product=self._product == self._last_product)
        self._in(ts_ms, span, self._decide)

    def _leave_job(self, ts_ms: int) -> None:
        self._job = 0
        self._agenda.tell(JobChanged(ts_ms, self.machine.id, 0))
        self._in(ts_ms, self._dice.dispatch(), self._take_job)

    # ---- parts ----

    def _decide(self, ts_ms: int) -> None:
        if self._holds_part:
            self._enter(ts_ms, "blocked")
        elif self._made == len(self._fates):
            self._enter(ts_ms, "idle")
            self._in(ts_ms, STEP_MS, self._leave_job)
        elif self.upstream is not None and self._waiting_parts == 0:
            self._enter(ts_ms, "starved")
        else:
            if self.upstream is not None:
                self._waiting_parts -= 1
                self.upstream.room_behind(ts_ms)
            self._cycle_left = self._dice.cycle(self._ideal_s)
            self._run(ts_ms)

    def part_arrives(self, ts_ms: int) -> None:
        """Take a part of the station before into the buffer."""
        self._waiting_parts += 1
        self._look_again(ts_ms, "starved")

    def room_behind(self, ts_ms: int) -> None:
        """Let a finished part that was held go into the buffer, where a place came free."""
        if self._holds_part and self.downstream is not None:
            self._holds_part = False
            self.downstream.part_arrives(ts_ms)
            self._look_again(ts_ms, "blocked")

    def _look_again(self, ts_ms: int, waiting_as: str) -> None:
        if self._phase == waiting_as and self._due is None and not self._paused:
            self._in(ts_ms, STEP_MS, self._decide)

    def has_room(self) -> bool:
        """Whether the buffer before this station takes another part."""
        return self.upstream is not None and self._waiting_parts < self.upstream.machine.physics.buffer

    def _finish_part(self, ts_ms: int) -> None:
        good = self._fates[self._made]
        self._made += 1
        assert self._work is not None  # noqa: S101  a part is cut only for a work order
        epc = ""
        if good and self.downstream is None:
            self.units += 1
            epc = sgtin96(self._work.product.gtin, self._prefix, self._serial_before + self.units)
        part = PartMade(
            ts_ms, self.machine.id, self._job, self._work.order, self._work.line, good, self._ideal_s, epc
        )
        self._agenda.tell(part)
        if good and self.downstream is not None:
            if self.downstream.has_room():
                self.downstream.part_arrives(ts_ms)
            else:
                self._holds_part = True
        elif good and self.gate is not None:
            self.gate.unit_leaves(ts_ms, epc)
        self._in(ts_ms, STEP_MS, self._decide)

    # ---- running and faults ----

    def _run(self, ts_ms: int) -> None:
        self._cutting = True
        self._cut_since = ts_ms
        self._enter(ts_ms, "running")
        span = min(self._cycle_left, self._jam_left, self._break_left, self._wear_left)
        self._in(ts_ms, span, self._cut)

    def _settle(self, ts_ms: int) -> None:
        ran = ts_ms - self._cut_since
        self._cut_since = ts_ms
        self._cycle_left -= ran
        self._jam_left -= ran
        self._break_left -= ran
        self._wear_left -= ran

    def _cut(self, ts_ms: int) -> None:
        self._settle(ts_ms)
        self._cutting = False
        if self._wear_left <= 0:
            self._enter(ts_ms, "breakdown", "wear")
            self._in(ts_ms, self._dice.wear_repair(), self._spindle_changed)
        elif self._break_left <= 0:
            self._break_left = self._dice.until_breakdown()
            self._enter(ts_ms, "breakdown", "random")
            self._in(ts_ms, self._dice.repair(), self._repaired)
        elif self._jam_left <= 0:
            self._jam_left = self._dice.until_jam()
            self._enter(ts_ms, "jammed")
            self._in(ts_ms, self._dice.jam(), self._run)
        else:
            self._finish_part(ts_ms)

    def _spindle_changed(self, ts_ms: int) -> None:
        self.sample_before(ts_ms)
        self._vibration.renew(self.run_ms)
        self._wear_told = False
        self._wear_left = self._vibration.life_ms if self.machine.physics.wear_h else NEVER_MS
        self._repaired(ts_ms)

    def _repaired(self, ts_ms: int) -> None:
        if self._agenda.working:
            self._run(ts_ms)
            return
        self._phase = "running"
        self._reason = 0
        self._cutting = True
        self._paused = True
        self._cut_since = ts_ms
        self._show(ts_ms, "planned_stop")
