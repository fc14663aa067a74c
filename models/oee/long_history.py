"""The tally of a long history out of columns, with numpy: the same sums as `solve` makes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.oee.columns import StateColumns, Times, Whole, changes_of_state, in_time_order
from models.oee.policies import ISO22400, SETUP, Policy
from models.oee.score import Tally
from models.oee.solve import GOOD, REJECT, MachineRecord, solve
from models.oee.timeline import merge
from models.production.counters import JITTER, RESET, ROLLOVER, CounterRule, rule_at
from models.production.counters import step as move
from models.production.counts import JobSet, jobs_in_time_order

Flags: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class CountColumns:
    """Readings of a cumulative counter as columns, in any order, the last before the window included.

    They do not say where a counter of its own begins: there it counts as restarted.
    """

    ts_ms: Times
    values: Whole


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """What a counter added between consecutive readings, (from_ms, at_ms], where it added any."""

    from_ms: Times
    at_ms: Times
    parts: Whole
    is_reset: Flags


def tally_of_columns(
    record: MachineRecord,
    states: StateColumns,
    good: CountColumns,
    rejected: CountColumns,
    policy: Policy = ISO22400,
) -> Tally:
    """The sums over the record's window, as `solve(record).tally()` gives them.

    Parameters
    ----------
    record
        Everything but states and counts, whose readings in it are not looked at.
    states, good, rejected
        Their readings as columns.
    policy
        What the states mean.
    """
    changes = changes_of_state(states)
    timed = solve(replace(record, states=changes, good=(), rejected=()), policy)
    seen = merge((s.start_ms, s.end_ms) for s in timed.segments if s.planned and s.category != "unobserved")
    starts = np.array([start for start, _ in seen], np.int64)
    ends = np.array([end for _, end in seen], np.int64)
    steps = {
        True: _steps(good, record.rules.get(GOOD, ())),
        False: _steps(rejected, record.rules.get(REJECT, ())),
    }
    setup_ends = np.array([b.ts_ms for a, b in pairwise(changes) if a.value == SETUP], np.int64)
    good_at = steps[True].at_ms[steps[True].parts > 0]
    sums = timed.tally()
    register = jobs_in_time_order(record.jobs)
    for is_good, made in steps.items():
        within = (made.at_ms > record.window[0]) & (made.at_ms <= record.window[1])
        counts = within & _speaks_in(starts, ends, made.at_ms)
        ideal = _ideal(record, register, made)
        startup = _startup(made.at_ms, setup_ends, good_at) & (not is_good)
        sums = _added(sums, made, counts, ideal, startup, is_good=is_good)
        if is_good and record.rework_jobs:
            of_rework = counts & np.isin(_jobs(register, made), list(record.rework_jobs))
            sums = replace(sums, reworked=sums.reworked + int(made.parts[of_rework].sum()))
        sums = replace(sums, resets=sums.resets + int((made.is_reset & within).sum()))
    return sums


def _steps(column: CountColumns, rules: Sequence[CounterRule]) -> _Steps:
    """What a counter added from reading to reading; see `counts.fold_parts`."""
    ts_ms, values = in_time_order(column.ts_ms, column.values)
    if not values.size:
        return _Steps(ts_ms, ts_ms, values, np.empty(0, bool))
    before, after, resets = _unfolded(ts_ms, values, rules)
    parts = after - before
    changed = np.flatnonzero((parts != 0) | resets)
    return _Steps(ts_ms[:-1][changed], ts_ms[1:][changed], parts[changed], resets[changed])


def _unfolded(ts_ms: Times, values: Whole, rules: Sequence[CounterRule]) -> tuple[Whole, Whole, Flags]:
    """What was counted before and after each step, and whether the counter restarted there.

    Between falls a counter only grows, so that what was counted is the greater of its value and of what was
    counted when the stretch began: only the falls and the end of the range are looked at one by one.
    """
    step = np.diff(values)
    odd = step < 0
    for rule in rules:
        if rule.modulus is not None:  # what stands so near the end may have stepped back over it
            is_near = values >= rule.modulus - rule.over_the_end(rule.modulus)
            odd |= is_near[1:] | is_near[:-1]
        first = int(np.searchsorted(ts_ms, rule.since_ms))
        if 0 < first < values.size:
            odd[first - 1] = True
    counted, before = values.copy(), values[:-1].copy()
    resets = np.zeros(step.size, bool)
    breaks = [*(np.flatnonzero(odd) + 1).tolist(), values.size]
    for place, following in pairwise(breaks):
        mark, value = int(counted[place - 1]), int(values[place])
        rule = rule_at(rules, int(ts_ms[place]))
        kind = move(mark, value, rule)
        resets[place - 1] = kind == RESET
        before[place - 1] = {RESET: 0, ROLLOVER: mark - (rule.modulus or 0)}.get(kind, mark)
        floor = mark if kind == JITTER else value
        counted[place] = floor
        counted[place + 1 : following] = np.maximum(values[place + 1 : following], floor)
        before[place : following - 1] = counted[place : following - 1]
    return before, counted[1:], resets


def _speaks_in(starts: Times, ends: Times, at_ms: Times) -> Flags:
    """Whether readings speak of time inside sorted, disjoint intervals; see `timeline.speaks_in`."""
    if not starts.size:
        return np.zeros(at_ms.size, bool)
    place = np.searchsorted(starts, at_ms, "left") - 1
    spoken: Flags = (place >= 0) & (at_ms <= ends[place])
    return spoken


def _jobs(register: list[JobSet], made: _Steps) -> Whole:
    """The job of each step, 0 where none is known; see `counts.fold_parts`."""
    if not register:
        return np.zeros(made.at_ms.size, np.int64)
    times = np.array([change.ts_ms for change in register], np.int64)
    jobs = np.array([change.job for change in register], np.int64)
    places = np.arange(jobs.size)
    working = np.maximum.accumulate(np.where(jobs != 0, places, -1))
    low = np.maximum(np.searchsorted(times, made.from_ms, "right") - 1, 0)
    high = np.searchsorted(times, made.at_ms, "left")
    last = np.where(high > 0, working[np.maximum(high - 1, 0)], -1)
    known = (last >= low) & (last >= 0)
    found: Whole = np.where(known, jobs[np.maximum(last, 0)], 0)
    return found


def _ideal(record: MachineRecord, register: list[JobSet], made: _Steps) -> Numbers:
    """The ideal cycle of each step's job in s, NaN where none is known."""
    jobs, place = np.unique(_jobs(register, made), return_inverse=True)
    return np.array([record.ideal_cycle_s.get(job, np.nan) for job in jobs.tolist()], np.float64)[place]


def _startup(at_ms: Times, setup_ends: Times, good_at: Times) -> Flags:
    """Whether no good part was counted since the last setup's end; see `solve`."""
    place = np.searchsorted(setup_ends, at_ms, "left") - 1
    if not setup_ends.size:
        return np.zeros(at_ms.size, bool)
    ended = setup_ends[np.maximum(place, 0)]
    none_since = np.searchsorted(good_at, at_ms, "right") == np.searchsorted(good_at, ended, "right")
    startup: Flags = (place >= 0) & none_since
    return startup


def _added(
    sums: Tally, made: _Steps, counts: Flags, ideal: Numbers, startup: Flags, *, is_good: bool
) -> Tally:
    """The sums with the parts of one counter that count."""
    parts = np.where(counts, made.parts, 0)
    unknown = np.isnan(ideal)
    spent_s = np.where(unknown, 0.0, ideal) * parts
    ideal_s = float(spent_s.sum())
    total = int(parts.sum())
    return replace(
        sums,
        good=sums.good + (total if is_good else 0),
        rejected=sums.rejected + (0 if is_good else total),
        ideal_all_s=sums.ideal_all_s + ideal_s,
        ideal_good_s=sums.ideal_good_s + (ideal_s if is_good else 0.0),
        ideal_startup_s=sums.ideal_startup_s + float(spent_s[startup].sum()),
        parts_without_ideal=sums.parts_without_ideal + int(parts[unknown].sum()),
    )
