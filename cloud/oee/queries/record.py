"""The facts that a machine's figure over a window depends on."""

import math
from dataclasses import replace

from sqlalchemy.orm import Session

from cloud.downtime.queries import Explained, reason_spans
from cloud.ingest import fact_columns
from cloud.ingest import queries as facts
from cloud.oee.queries.asked import DAY_MS
from cloud.oee.queries.scrap import charges_of
from cloud.plant import queries as plant
from cloud.production.queries import Rules, counted_from
from models.oee.columns import StateColumns, changes_of_count, changes_of_state
from models.oee.policies import SETUP
from models.oee.solve import MachineRecord, needs_setup_history
from models.oee.timeline import Interval, Reading, clip, runs_of
from models.production.counts import JobSet
from models.production.counts import Reading as Count

# A setup that ended longer ago than this no longer makes rejects start-up rejects.
SETUP_HISTORY_MS = DAY_MS
# Longer histories are read as columns and thinned: a machine polled every second repeats itself a lot.
LONG_MS = 2 * DAY_MS


def record_of(
    session: Session,
    machine: plant.Machine,
    window: Interval,
    planned: list[Interval],
    now_ms: int,
    *,
    rules: Rules,
    by: Explained,
) -> MachineRecord:
    """The facts of one machine that its figure over the window depends on.

    `rules` are of its counters, `by` explains its stops.
    """
    start, end = window
    threshold_ms = machine.minor_stop_s * 1000
    # What happens after the window decides only how long a stop was that is going on at its end; of a stop
    # that nobody has seen end we know no more than that it lasted while the machine was watched.
    reach = max(end, min(now_ms, end + threshold_ms))
    watched = facts.coverage(session, machine.id, start, reach)
    # A count speaks of the time up to its reading, so one at the very end belongs to the window.
    good = _counts(session, "good", machine.id, (start, end + 1), rules)
    rejected = _counts(session, "reject", machine.id, (start, end + 1), rules)
    reworked = _counts(session, "rework", machine.id, (start, end + 1), rules)
    jobs_since = min([start, *(readings[0].ts_ms for readings in (good, rejected) if readings)])
    states, last_ms = _states(session, machine.id, start - threshold_ms, reach)
    horizon = max([last_ms, *(through for _, through in watched)])
    jobs = _numbers(session, "job", machine.id, (jobs_since, end + 1))
    record = MachineRecord(
        machine=machine.id,
        window=window,
        horizon_ms=horizon,
        planned=planned,
        observed=clip(watched, start, end),
        states=states,
        jobs=[JobSet(reading.ts_ms, reading.value) for reading in jobs],
        good=good,
        rejected=rejected,
        reworked=reworked,
        charged=charges_of(session, machine.id, window),
        reasons=reason_spans(session, machine, window, now_ms, by),
        minor_stop_s=machine.minor_stop_s,
        ideal_cycle_s={},
        rules=rules,
    )
    return _with_setup_history(session, record) if needs_setup_history(record) else record


def _with_setup_history(session: Session, record: MachineRecord) -> MachineRecord:
    """The record with the last setup before the window and the good count that stood at its end."""
    start = record.window[0]
    earlier, _ = _states(session, record.machine, start - SETUP_HISTORY_MS, start)
    states = [*earlier, *record.states]
    ends = [run.end_ms for run in runs_of(states, start) if run.value == SETUP and run.end_ms < start]
    if not ends:
        return record
    at_end = _counts(session, "good", record.machine, (ends[-1] + 1, ends[-1] + 1), record.rules)
    return replace(record, states=states, good=[*at_end, *record.good])


def _counts(session: Session, kind: str, machine: str, window: Interval, rules: Rules) -> list[Count]:
    """Readings of a counter, first the last before the window at which it stood at its mark."""
    readings = _numbers(session, kind, machine, window)
    if not readings or readings[0].ts_ms >= window[0]:
        return readings
    first = (readings[0].ts_ms, readings[0].value)
    since_ms = counted_from(session, kind, machine, first, rules.get(kind, ()))
    if since_ms == readings[0].ts_ms:
        return readings
    return _numbers(session, kind, machine, (since_ms, window[1]))


def _numbers(session: Session, kind: str, machine: str, window: Interval) -> list[Count]:
    """Readings of a counter or a job register, the one before the window first."""
    if window[1] - window[0] > LONG_MS:
        return changes_of_count(*fact_columns.number_columns(session, kind, machine, *window))
    return [
        Count(point.ts_ms, int(point.value))
        for point in facts.points(session, kind, machine, *window)
        if point.value is not None and math.isfinite(point.value)
    ]


def _states(
    session: Session, machine: str, since_ms: int, until_ms: int
) -> tuple[list[Reading[str | None]], int]:
    """Readings of the state, the one before the window first; when the last one was read (0 = none was)."""
    if until_ms - since_ms > LONG_MS:
        ts_ms, codes, names = fact_columns.text_columns(session, "state", machine, since_ms, until_ms)
        last_ms = int(ts_ms[-1]) if ts_ms.size else 0
        return changes_of_state(StateColumns(ts_ms, codes, names)), last_ms
    states: list[Reading[str | None]] = [
        Reading(point.ts_ms, point.text, (point.stream, point.position, point.ord))
        for point in facts.points(session, "state", machine, since_ms, until_ms)
    ]
    return states, states[-1].ts_ms if states else 0
