"""The facts that machines' figures over a window depend on."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy.orm import Session

from cloud.downtime.queries import Explained, reason_spans
from cloud.ingest import fact_columns
from cloud.ingest import queries as facts
from cloud.ingest.fact_window import FactWindow
from cloud.oee.queries.asked import DAY_MS
from cloud.oee.queries.scrap import charges_of
from cloud.plant import queries as plant
from cloud.production.queries import Rules, counted_from
from models.oee.columns import StateColumns, changes_of_count, changes_of_state
from models.oee.policies import SETUP
from models.oee.reasons import ReasonSpan
from models.oee.shifts import Plan
from models.oee.solve import Charge, MachineRecord, needs_setup_history
from models.oee.timeline import Interval, Reading, clip, merge, runs_of
from models.production.counts import BEGINS, JobSet
from models.production.counts import Reading as Count

# A setup that ended longer ago than this no longer makes rejects start-up rejects.
SETUP_HISTORY_MS = DAY_MS
# Longer histories are read as columns and thinned: a machine polled every second repeats itself a lot.
LONG_MS = 2 * DAY_MS
KINDS = ("state", "reason", "job", "good", "reject", "rework")


def records_of(
    session: Session,
    machines: Sequence[plant.Machine],
    window: Interval,
    plans: Mapping[str, Plan],
    now_ms: int,
    *,
    rules: Mapping[str, Rules],
    by: Explained,
) -> list[MachineRecord]:
    """The facts of machines that their figures over the window depend on.

    `plans` are what the calendar says of them, `rules` of their counters, `by` explains their stops.
    """
    asked, (start, end) = _Asked(window, now_ms), window
    longest_ms = max((machine.minor_stop_s * 1000 for machine in machines), default=0)
    since, reach = start - longest_ms, asked.reach(longest_ms)
    ids = [machine.id for machine in machines]
    read = _Read(
        session,
        None if reach - since > LONG_MS else FactWindow(session, KINDS, ids, since, max(end + 1, reach)),
    )
    watched = facts.coverages(session, ids, start, reach)
    charged = charges_of(session, ids, window)
    return [
        _record(
            read,
            machine,
            asked,
            plan=plans[machine.id],
            watched=watched[machine.id],
            charged=charged.get(machine.id, []),
            reasons=reason_spans(session, machine, window, now_ms, by, held=read.held),
            rules=rules.get(machine.id, {}),
        )
        for machine in machines
    ]


def _record(
    read: "_Read",
    machine: plant.Machine,
    asked: "_Asked",
    *,
    plan: Plan,
    watched: list[Interval],
    charged: list[Charge],
    reasons: list[ReasonSpan],
    rules: Rules,
) -> MachineRecord:
    start, end = asked.window
    threshold_ms = machine.minor_stop_s * 1000
    reach = asked.reach(threshold_ms)
    seen = clip(watched, start, reach)
    # A count speaks of the time up to its reading, so one at the very end belongs to the window.
    good, rejected, reworked = (
        read.counts(kind, machine.id, (start, end + 1), rules) for kind in ("good", "reject", "rework")
    )
    jobs_since = min([start, *(readings[0].ts_ms for readings in (good, rejected) if readings)])
    states, last_ms = read.states(machine.id, start - threshold_ms, reach)
    jobs = read.numbers("job", machine.id, (jobs_since, end + 1))
    record = MachineRecord(
        machine=machine.id,
        window=asked.window,
        horizon_ms=max([last_ms, *(through for _, through in seen)]),
        planned=plan.planned,
        breaks=merge([*plan.breaks, *plan.planned_stops]),
        observed=clip(seen, start, end),
        states=states,
        jobs=[JobSet(reading.ts_ms, reading.value) for reading in jobs],
        good=good,
        rejected=rejected,
        reworked=reworked,
        charged=charged,
        reasons=reasons,
        minor_stop_s=machine.minor_stop_s,
        ideal_cycle_s={},
        rules=rules,
    )
    return _with_setup_history(read, record) if needs_setup_history(record) else record


def _with_setup_history(read: "_Read", record: MachineRecord) -> MachineRecord:
    """The record with the last setup before the window and the good count that stood at its end."""
    start = record.window[0]
    earlier, _ = read.states(record.machine, start - SETUP_HISTORY_MS, start)
    states = [*earlier, *record.states]
    ends = [run.end_ms for run in runs_of(states, start) if run.value == SETUP and run.end_ms < start]
    if not ends:
        return record
    at_end = read.counts("good", record.machine, (ends[-1] + 1, ends[-1] + 1), record.rules)
    return replace(record, states=states, good=[*at_end, *record.good])


class _Asked(NamedTuple):
    """Which window, and plant now."""

    window: Interval
    now_ms: int

    def reach(self, threshold_ms: int) -> int:
        """Up to where the readings of a machine are taken.

        What happens after the window decides only how long a stop was that is going on at its end; of a stop
        that nobody has seen end we know no more than that it lasted while the machine was watched.
        """
        end = self.window[1]
        return max(end, min(self.now_ms, end + threshold_ms))


class _Read:
    """Readings as the models take them: of what was read for all machines, else read from the session."""

    def __init__(self, session: Session, held: FactWindow | None) -> None:
        self._session = session
        self.held = held

    def counts(self, kind: str, machine: str, window: Interval, rules: Rules) -> list[Count]:
        """Readings of a counter, first the last before the window at which it stood at its mark."""
        readings = self._from_mark(kind, machine, window, rules)
        # A counter of its own begins at zero. Columns do not say so; it matters only where they fall to it.
        fallen = [
            after.ts_ms
            for before, after in pairwise(readings)
            if after.value == 0 < before.value and not after.begins
        ]
        if not fallen:
            return readings
        begun = facts.times_saying(self._session, kind, machine, BEGINS, fallen)
        return [replace(each, begins=True) if each.ts_ms in begun else each for each in readings]

    def _from_mark(self, kind: str, machine: str, window: Interval, rules: Rules) -> list[Count]:
        readings = self.numbers(kind, machine, window)
        if not readings or readings[0].ts_ms >= window[0]:
            return readings
        first = (readings[0].ts_ms, readings[0].value)
        since_ms = counted_from(self._session, kind, machine, first, rules.get(kind, ()))
        if since_ms == readings[0].ts_ms:
            return readings
        return self.numbers(kind, machine, (since_ms, window[1]))

    def numbers(self, kind: str, machine: str, window: Interval) -> list[Count]:
        """Readings of a counter or a job register, the one before the window first."""
        points = self._points(kind, machine, window)
        if points is None:
            return changes_of_count(*fact_columns.number_columns(self._session, kind, machine, *window))
        return [
            Count(point.ts_ms, int(point.value), point.text == BEGINS)
            for point in points
            if point.value is not None and math.isfinite(point.value)
        ]

    def states(self, machine: str, since_ms: int, until_ms: int) -> tuple[list[Reading[str | None]], int]:
        """Readings of the state, the one before the window first; when the last one was read (0: none)."""
        points = self._points("state", machine, (since_ms, until_ms))
        if points is None:
            ts_ms, codes, names = fact_columns.text_columns(
                self._session, "state", machine, since_ms, until_ms
            )
            last_ms = int(ts_ms[-1]) if ts_ms.size else 0
            return changes_of_state(StateColumns(ts_ms, codes, names)), last_ms
        states: list[Reading[str | None]] = [
            Reading(point.ts_ms, point.text, (point.stream, point.position, point.ord)) for point in points
        ]
        return states, states[-1].ts_ms if states else 0

    def _points(self, kind: str, machine: str, window: Interval) -> Sequence[facts.FactPoint] | None:
        """Readings of a window that is not long, None of a long one."""
        held = None if self.held is None else self.held.points(kind, machine, *window)
        if held is None and window[1] - window[0] <= LONG_MS:
            return facts.points(self._session, kind, machine, *window)
        return held
