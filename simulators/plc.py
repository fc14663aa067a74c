"""What a simulated PLC remembers and shows of its machine."""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from simulators.events import ConditionSampled, Event, JobChanged, PartMade, StateChanged

HISTORY_ROWS = 64


class HistoryEntry(NamedTuple):
    """State, job, counters and reason from `ts_ms` on; `seq` counts a machine's entries from 1."""

    seq: int
    ts_ms: int
    state: int
    job: int
    good: int
    reject: int
    reason: int


class PlcMemory:
    """The memory of one machine's PLC, brought up to date event by event.

    Parameters
    ----------
    code_of
        State numbers by state.
    """

    def __init__(self, machine: str, code_of: Mapping[str, int]) -> None:
        self.machine = machine
        self._code_of = code_of
        self._running_code = code_of["running"]
        self.state = 0
        self.job = 0
        self.good = 0
        self.reject = 0
        self.reason = 0
        self.condition = 0.0
        self.history: deque[HistoryEntry] = deque(maxlen=HISTORY_ROWS)
        self.history_head = 0
        self._run_ms = 0
        self._since_ms = 0
        self.first_ms = 0
        self.changed_ms: dict[str, int] = {}

    def run_ms(self, clock_ms: int) -> int:
        """Cumulative running time up to `clock_ms`."""
        return self._run_ms + (clock_ms - self._since_ms if self.state == self._running_code else 0)

    def _enter(self, ts_ms: int) -> None:
        self.history_head += 1
        counted = (self.good, self.reject)
        entry = HistoryEntry(self.history_head, ts_ms, self.state, self.job, *counted, self.reason)
        self.history.append(entry)

    def apply(self, event: Event) -> tuple[str, ...]:
        """The names of what changed, in the order in which the PLC shows it.

        `run_s` is shown when a state ends or begins; `history` stands for a new entry.
        """
        names = self._take(event)
        if not self.changed_ms:
            self.first_ms = event.ts_ms
        for name in names:
            self.changed_ms[name] = event.ts_ms
        return names

    def _take(self, event: Event) -> tuple[str, ...]:
        match event:
            case ConditionSampled(mm_s=value):
                self.condition = value
                return ("condition",)
            case PartMade(good=True):
                self.good += 1
                return ("good",)
            case PartMade():
                self.reject += 1
                return ("reject",)
            case StateChanged(ts_ms=ts_ms, state=state, reason=reason):
                self._run_ms = self.run_ms(ts_ms)
                self._since_ms = ts_ms
                self.state = self._code_of[state]
                told = ("state", "reason") if reason != self.reason else ("state",)
                self.reason = reason
                self._enter(ts_ms)
                return (*told, "run_s", "history")
            case JobChanged(ts_ms=ts_ms, job=job):
                self.job = job
                self._enter(ts_ms)
                return ("job", "history")
            case _:
                return ()

    def flat_history(self) -> list[int]:
        """The history's rows one after the other, newest last."""
        return [number for entry in self.history for number in entry]

    def value(self, name: str, ts_ms: int) -> int | float:
        """The value of a plain metric at `ts_ms`.

        Raises
        ------
        KeyError
            If there is no such metric.
        """
        if name == "run_s":
            return self.run_ms(ts_ms) / 1000
        if name == "condition":
            return self.condition
        numbers = {"state": self.state, "job": self.job, "good": self.good, "reject": self.reject}
        return (numbers | {"reason": self.reason})[name]
