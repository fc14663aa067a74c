"""Reckons a machine's OEE: its readings and calendar in, segments, counted parts and tallies out."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from models.oee.policies import ISO22400, SETUP, UNKNOWN, UNOBSERVED, Category, Policy
from models.oee.score import Tally
from models.oee.timeline import Interval, Reading, Run, merge, pieces, runs_of, speaks_in
from models.production.counts import (
    NO_JOB,
    RESET,
    JobSet,
    Parts,
    fold_parts,
    in_time_order,
    jobs_in_time_order,
)
from models.production.counts import Reading as Count


@dataclass(frozen=True, slots=True)
class MachineRecord:
    """What is known of one machine for one window; times in ms of plant time.

    Attributes
    ----------
    window
        `[start, end)` that is asked for.
    horizon_ms
        Up to here the readings speak, at least the window's end: a stop that is still going on has
        lasted until here.
    planned, observed
        Sorted, disjoint intervals of the shift calendar and of coverage; they may reach out of the window.
    states, jobs
        Readings in any order, doubled or not, from before the window on: far enough for the run that
        is going on at its start to be as long as `minor_stop_s`. A state of None is one nobody could read.
    good, rejected
        Readings of the cumulative counters in any order, the last before the window included.
    minor_stop_s
        A stop shorter than this is a minor stop.
    ideal_cycle_s
        Ideal seconds per part by job number.
    """

    machine: str
    window: Interval
    horizon_ms: int
    planned: Sequence[Interval]
    observed: Sequence[Interval]
    states: Sequence[Reading[str | None]]
    jobs: Sequence[JobSet]
    good: Sequence[Count]
    rejected: Sequence[Count]
    minor_stop_s: float
    ideal_cycle_s: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Segment:
    """Time of one state and one category; `stop_s` is the length of the whole stop it is part of."""

    start_ms: int
    end_ms: int
    state: str
    category: Category
    planned: bool
    stop_s: float | None = None


class Made(NamedTuple):
    """Parts counted at `ts_ms` under a job; `startup`: no good part since the last setup's end."""

    ts_ms: int
    good: int
    rejected: int
    job: int
    ideal_cycle_s: float | None
    startup: bool


@dataclass(frozen=True, slots=True)
class JobSpan:
    """A job's unbroken run in the window with the parts that count in the figure; job 0 is none."""

    start_ms: int
    end_ms: int
    job: int
    ideal_cycle_s: float | None
    good: int
    rejected: int


@dataclass(frozen=True, slots=True)
class MachineResult:
    """Everything a machine's figure was reckoned from; `tally` sums any part of the window."""

    machine: str
    window: Interval
    policy: Policy
    segments: tuple[Segment, ...]
    made: tuple[Made, ...]
    jobs: tuple[JobSpan, ...]
    resets: tuple[int, ...]
    _segment_starts: tuple[int, ...] = field(repr=False)

    def tally(self, start_ms: int | None = None, end_ms: int | None = None) -> Tally:
        """The sums over `[start_ms, end_ms)`, by default the whole window; adjacent parts add up."""
        start = self.window[0] if start_ms is None else max(start_ms, self.window[0])
        end = self.window[1] if end_ms is None else min(end_ms, self.window[1])
        if start >= end:
            return Tally()
        first = max(bisect_right(self._segment_starts, start) - 1, 0)
        last = bisect_left(self._segment_starts, end)
        times = _sum_times(self.segments[first:last], start, end)
        # A count speaks of the time up to its reading, so here the window is open at its start.
        since = bisect_right(self.made, start, key=_ts)
        until = bisect_right(self.made, end, key=_ts)
        resets = bisect_right(self.resets, end) - bisect_right(self.resets, start)
        return _tally(times, self.made[since:until], resets)


def solve(record: MachineRecord, policy: Policy = ISO22400) -> MachineResult:
    """A machine's segments, counted parts and job spans over the record's window.

    Planned time without coverage, before the first state reading or in a state without a meaning is
    `unobserved`; parts count where their reading speaks of observed planned time. Late, doubled and
    reordered readings give the same result as the clean stream.
    """
    start, end = record.window
    runs = runs_of(record.states, max(record.horizon_ms, end))
    segments = _segments(record, runs, policy)
    seen = merge((s.start_ms, s.end_ms) for s in segments if s.planned and s.category != "unobserved")
    jobs = jobs_in_time_order(record.jobs)
    good = fold_parts(in_time_order(record.good), jobs, is_first_ever=False)
    rejected = fold_parts(in_time_order(record.rejected), jobs, is_first_ever=False)
    made = _made(record, good, rejected, runs, seen)
    resets = sorted(p.at_ms for p in (*good, *rejected) if RESET in p.flags and start < p.at_ms <= end)
    return MachineResult(
        machine=record.machine,
        window=record.window,
        policy=policy,
        segments=tuple(segments),
        made=tuple(made),
        jobs=tuple(_spans(record, _job_runs(jobs, record.window), made)),
        resets=tuple(resets),
        _segment_starts=tuple(segment.start_ms for segment in segments),
    )


def needs_setup_history(record: MachineRecord) -> bool:
    """Whether a reject stands before the first good part of the window.

    Only then does a setup from before the window decide whether it is a start-up reject, so that only then
    readings from further back are worth loading.
    """
    reject_ms = _first_count_ms(record.rejected, record.window[0])
    good_ms = _first_count_ms(record.good, record.window[0])
    return reject_ms is not None and (good_ms is None or reject_ms < good_ms)


def _first_count_ms(readings: Sequence[Count], after_ms: int) -> int | None:
    ordered = in_time_order(readings)
    # A counter that restarted and stands at zero has counted nothing yet.
    counted = (b.ts_ms for a, b in pairwise(ordered) if b.value not in {a.value, 0} and b.ts_ms > after_ms)
    return next(counted, None)


def _segments(record: MachineRecord, runs: list[Run[str | None]], policy: Policy) -> list[Segment]:
    """The window without holes: each run cut where the plan or the coverage begins or ends."""
    start, end = record.window
    first_ms = min(runs[0].start_ms, end) if runs else end
    unread: list[Run[str | None]] = [Run(start, first_ms, UNOBSERVED)] if start < first_ms else []
    blocks = [
        (since, until, planned, observed)
        for opens, closes, planned in pieces(record.planned, start, end)
        for since, until, observed in pieces(record.observed, opens, closes)
    ]
    segments: list[Segment] = []
    block = 0
    for run in (*unread, *runs):
        kind = _kind(run, record.minor_stop_s, policy)
        while block < len(blocks) and blocks[block][0] < run.end_ms:
            since, until, planned, observed = blocks[block]
            opens, closes = max(since, run.start_ms), min(until, run.end_ms)
            if opens < closes:
                _append(segments, (opens, closes), kind, planned=planned, observed=observed)
            if until > run.end_ms:
                break
            block += 1
    return segments


def _kind(run: Run[str | None], minor_stop_s: float, policy: Policy) -> tuple[str, Category, float | None]:
    """State, category and, for a stop, its whole length in s."""
    state = run.value or UNKNOWN
    category = policy.category_of.get(state, "unobserved")
    if category in {"production", "unobserved"}:
        return state, category, None
    stop_s = (run.end_ms - run.start_ms) / 1000
    return state, "minor_stops" if policy.is_minor(stop_s, minor_stop_s) else category, stop_s


def _append(
    segments: list[Segment],
    span: Interval,
    kind: tuple[str, Category, float | None],
    *,
    planned: bool,
    observed: bool,
) -> None:
    """Append a segment; time that nobody observed goes on whatever state was filled in for it later."""
    state, category, stop_s = kind
    if not observed or state == UNOBSERVED:
        last = segments[-1] if segments else None
        if last is not None and last.state == UNOBSERVED and last.planned is planned:
            span = (segments.pop().start_ms, span[1])
        segments.append(Segment(*span, UNOBSERVED, "unobserved", planned))
    elif planned or category == "unobserved":
        segments.append(Segment(*span, state, category, planned, stop_s))
    else:
        segments.append(Segment(*span, state, "unplanned", planned, stop_s))


def _job_runs(jobs: list[JobSet], window: Interval) -> list[Run[int]]:
    """The job runs clipped to the window; before the first reading no job is known."""
    start, end = window
    readings = [Reading(change.ts_ms, change.job) for change in jobs]
    if not readings or readings[0].ts_ms > start:
        readings.append(Reading(start, NO_JOB))
    runs = runs_of(readings, end)
    return [Run(max(run.start_ms, start), run.end_ms, run.value) for run in runs if run.end_ms > start]


def _made(
    record: MachineRecord,
    good: list[Parts],
    rejected: list[Parts],
    runs: list[Run[str | None]],
    seen: list[Interval],
) -> list[Made]:
    """The parts that count, by the time of their reading."""
    good_at = [parts.at_ms for parts in good if parts.count]
    setup_ends = [run.end_ms for run in runs if run.value == SETUP]
    made = []
    for parts in good:
        if parts.count and speaks_in(seen, parts.at_ms):
            ideal = record.ideal_cycle_s.get(parts.job)
            made.append(Made(parts.at_ms, parts.count, 0, parts.job, ideal, startup=False))
    for parts in rejected:
        if parts.count and speaks_in(seen, parts.at_ms):
            ideal = record.ideal_cycle_s.get(parts.job)
            startup = _is_startup(parts.at_ms, setup_ends, good_at)
            made.append(Made(parts.at_ms, 0, parts.count, parts.job, ideal, startup))
    return sorted(made, key=_ts)


def _is_startup(ts_ms: int, setup_ends: list[int], good_at: list[int]) -> bool:
    """Whether no good part was counted after the last setup's end, up to and including `ts_ms`."""
    position = bisect_left(setup_ends, ts_ms)
    if position == 0:
        return False
    return bisect_right(good_at, ts_ms) == bisect_right(good_at, setup_ends[position - 1])


def _spans(record: MachineRecord, runs: list[Run[int]], made: list[Made]) -> list[JobSpan]:
    """The job runs with what was made under them."""
    good, rejected = [0] * len(runs), [0] * len(runs)
    starts = [run.start_ms for run in runs]
    for parts in made:
        # A count at the instant of a job change was made under the job that ended there; one that came
        # late is put to the last run of its job before it.
        standing = bisect_left(starts, parts.ts_ms) - 1
        place = next((p for p in range(standing, -1, -1) if runs[p].value == parts.job), standing)
        good[place] += parts.good
        rejected[place] += parts.rejected
    return [
        JobSpan(run.start_ms, run.end_ms, run.value, record.ideal_cycle_s.get(run.value), *counts)
        for run, *counts in zip(runs, good, rejected, strict=True)
    ]


def _ts(made: Made) -> int:
    return made.ts_ms


def _sum_times(segments: Sequence[Segment], start: int, end: int) -> dict[str, int]:
    times = dict.fromkeys(("production", "breakdown", "setup", "waiting", "minor_stops"), 0)
    times |= {"planned": 0, "unobserved": 0, "unknown": 0}
    for segment in segments:
        if not segment.planned:
            continue
        length = min(segment.end_ms, end) - max(segment.start_ms, start)
        times["planned"] += length
        times[segment.category] += length
        if segment.category == "unobserved" and segment.state != UNOBSERVED:
            times["unknown"] += length
    return times


def _tally(times: Mapping[str, int], made: Sequence[Made], resets: int) -> Tally:
    known = [(m, m.ideal_cycle_s) for m in made if m.ideal_cycle_s is not None]
    return Tally(
        planned_ms=times["planned"],
        observed_ms=times["planned"] - times["unobserved"],
        running_ms=times["production"],
        minor_ms=times["minor_stops"],
        breakdown_ms=times["breakdown"],
        setup_ms=times["setup"],
        waiting_ms=times["waiting"],
        good=sum(m.good for m in made),
        rejected=sum(m.rejected for m in made),
        ideal_all_s=sum(ideal * (m.good + m.rejected) for m, ideal in known),
        ideal_good_s=sum(ideal * m.good for m, ideal in known),
        ideal_startup_s=sum(ideal * m.rejected for m, ideal in known if m.startup),
        parts_without_ideal=sum(m.good + m.rejected for m in made if m.ideal_cycle_s is None),
        resets=resets,
        unknown_state_ms=times["unknown"],
    )
