"""The simulated plant: one seeded physical truth in integer milliseconds of plant time."""

import heapq
import itertools
from bisect import bisect_right
from operator import itemgetter

from simulators.events import CustomerOrder, Event, OrderEntered
from simulators.flow import ReadGate, Station, WorkQueue
from simulators.physics import STEP_MS
from simulators.plant_file import Plant
from simulators.shift_calendar import planned

LOOK_AHEAD_MS = 8 * 86_400_000
BORDER_RANK = -1  # before every station of the same millisecond
BY_TIME = itemgetter(0)
BY_TIME_AND_SOURCE = itemgetter(0, 1)


class World:
    """A discrete-event simulation: its events depend on plant, seed and start, not on how it is advanced.

    Parameters
    ----------
    plant
        The plant to simulate.
    seed
        Chooses one world; two seeds give two different worlds.
    start_ms
        Plant time in ms since the epoch at which the machines are powered on, all counters 0; even.

    Raises
    ------
    ValueError
        If `start_ms` is odd.
    """

    def __init__(self, plant: Plant, seed: int, start_ms: int) -> None:
        if start_ms % STEP_MS:
            raise ValueError(f"start_ms = {start_ms} must be an even number of milliseconds")
        self.plant = plant
        self.seed = seed
        self.start_ms = start_ms
        self.now_ms = start_ms - 1
        self.orders: list[CustomerOrder] = []
        self._events: list[Event] = []
        self._agenda: list[tuple[int, int, int]] = []
        self.working = self._is_working(start_ms)
        self.stations: list[Station] = []
        for index, line in enumerate(plant.lines):
            queue = WorkQueue(plant, index, seed, start_ms, self)
            flow = [
                Station(plant, machine, len(self.stations) + i, seed, self)
                for i, machine in enumerate(line.machines)
            ]
            for before, after in itertools.pairwise(flow):
                before.downstream = after
                after.upstream = before
            if line.reader:
                flow[-1].gate = ReadGate(line.reader, seed, self)
            self.stations += flow
            for position, station in enumerate(flow):
                station.power_on(start_ms, queue, position)
        self._schedule_border(start_ms)

    def wake(self, ts_ms: int, rank: int, token: int) -> None:
        """Call the station of this rank at `ts_ms` unless its token has changed by then."""
        heapq.heappush(self._agenda, (ts_ms, rank, token))

    def tell(self, event: Event) -> None:
        """Record an event; it may lie in the future."""
        self._events.append(event)

    def advance(self, to_ms: int) -> list[Event]:
        """All events after the last advance up to and including `to_ms`, ordered by time, then source.

        Raises
        ------
        ValueError
            If `to_ms` lies before the time already reached.
        """
        if to_ms < self.now_ms:
            raise ValueError(f"the world stands at {self.now_ms} and cannot go back to {to_ms}")
        agenda, stations = self._agenda, self.stations
        while agenda and agenda[0][0] <= to_ms:
            ts_ms, rank, token = heapq.heappop(agenda)
            if rank == BORDER_RANK:
                self._cross_border(ts_ms)
            elif stations[rank].token == token:
                stations[rank].fire(ts_ms)
        for station in stations:
            station.sample_before(to_ms + 1)
        self.now_ms = to_ms
        self._events.sort(key=BY_TIME_AND_SOURCE)
        upto = bisect_right(self._events, to_ms, key=BY_TIME)
        happened, self._events = self._events[:upto], self._events[upto:]
        self.orders += [event.order for event in happened if isinstance(event, OrderEntered)]
        return happened

    def _is_working(self, ts_ms: int) -> bool:
        return bool(planned(self.plant, ts_ms, ts_ms + 1))

    def _schedule_border(self, after_ms: int) -> None:
        ahead = planned(self.plant, after_ms, after_ms + LOOK_AHEAD_MS)
        border = after_ms + LOOK_AHEAD_MS
        if ahead:
            start, end = ahead[0]
            border = end if start == after_ms else start
        self.wake(border, BORDER_RANK, 0)

    def _cross_border(self, ts_ms: int) -> None:
        working = self._is_working(ts_ms)
        if working != self.working:
            self.working = working
            for station in self.stations:
                if working:
                    station.resume(ts_ms)
                else:
                    station.stop_planned(ts_ms)
        self._schedule_border(ts_ms)
