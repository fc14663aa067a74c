"""Reckons a machine's OEE: its readings and calendar in, segments, counted parts and tallies out."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

from models.oee.policies import ISO22400, SETUP, UNKNOWN, UNOBSERVED, Category, Policy
from models.oee.reasons import ReasonSpan, categorised
from models.oee.result import JobSpan, MachineResult, Made, Segment
from models.oee.timeline import (
    Interval,
    Reading,
    Run,
    clip,
    intersect,
    merge,
    pieces,
    runs_of,
    speaks_in,
)
from models.production.counters import RESET, CounterRule
from models.production.counts import (
    NO_JOB,
    JobSet,
    Parts,
    fold_parts,
    in_time_order,
    jobs_in_time_order,
)
from models.production.counts import Reading as Count

GOOD, REJECT, REWORK = "good", "reject", "rework"


class Charge(NamedTuple):
    """Parts read as good at `ts_ms` that turned out to be scrap later; under the job that made them."""

    ts_ms: int
    quantity: int
    job: int


@dataclass(frozen=True, slots=True)
class MachineRecord:
    """What is known of one machine for one window; times in ms of plant time.

    Attributes
    ----------
    window
        `[start, end)` that is asked for.
    horizon_ms
        Up to here the readings speak, wherever the window ends: a stop that is still going on has lasted
        until here, and of what came after nobody knows.
    planned, observed
        Sorted, disjoint intervals of the shift calendar and of coverage; they may reach out of the window.
    breaks
        The same of the shifts' breaks in which no other shift works, and of planned stops; they are no
        planned time.
    states, jobs
        Readings in any order, doubled or not, from before the window on: far enough for the run that
        is going on at its start to be as long as `minor_stop_s`. A state of None is one nobody could read.
    good, rejected
        Readings of the cumulative counters in any order, the last before the window included.
    minor_stop_s
        A stop shorter than this is a minor stop.
    ideal_cycle_s
        Ideal seconds per part by job number.
    reasons
        What stops count as by their reasons; sorted, disjoint.
    reworked
        Readings of the counter of parts that were good only after rework, as `good`.
    charged
        Parts counted as good that turned out to be scrap later.
    rules
        What is declared of the counters `good`, `reject` and `rework`, by time.
    rework_jobs
        Jobs in which parts that failed before are made good: whatever is good of them is reworked.
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
    breaks: Sequence[Interval] = ()
    reasons: Sequence[ReasonSpan] = ()
    reworked: Sequence[Count] = ()
    charged: Sequence[Charge] = ()
    rules: Mapping[str, Sequence[CounterRule]] = field(default_factory=dict)
    rework_jobs: AbstractSet[int] = frozenset()


def solve(record: MachineRecord, policy: Policy = ISO22400) -> MachineResult:
    """A machine's segments, counted parts and job spans over the record's window.

    Planned time without coverage, before the first state reading or in a state without a meaning is
    `unobserved`; parts count where their reading speaks of observed planned time. Late, doubled and
    reordered readings give the same result as the clean stream.
    """
    start, end = record.window
    runs = runs_of(record.states, max(record.horizon_ms, end))
    segments = categorised(_segments(record, runs, policy), record.reasons)
    seen = merge((s.start_ms, s.end_ms) for s in segments if s.planned and s.category != "unobserved")
    jobs = jobs_in_time_order(record.jobs)
    good = _parts(record, GOOD, record.good, jobs)
    rejected = _parts(record, REJECT, record.rejected, jobs)
    made = sorted([*_made(record, good, rejected, runs, seen), *_charged(record, seen)], key=_ts)
    reworked = _parts(record, REWORK, record.reworked, jobs)
    resets = sorted(p.at_ms for p in (*good, *rejected) if RESET in p.flags and start < p.at_ms <= end)
    return MachineResult(
        machine=record.machine,
        window=record.window,
        policy=policy,
        segments=tuple(segments),
        made=tuple(made),
        jobs=tuple(_spans(record, _job_runs(jobs, record.window), made)),
        resets=tuple(resets),
        breaks=tuple(intersect(clip(record.breaks, start, end), record.observed)),
        reworked=tuple(_reworked(record, reworked, made, seen)),
        begun=_begun(segments, runs, record.reasons),
        _segment_starts=tuple(segment.start_ms for segment in segments),
    )


def needs_setup_history(record: MachineRecord) -> bool:
    """Whether a reject stands before the first good part of the window.

    Only then does a setup from before the window decide whether it is a start-up reject, so that only then
    readings from further back are worth loading.
    """
    reject_ms = _first_count_ms(_parts(record, REJECT, record.rejected, ()), record.window[0])
    good_ms = _first_count_ms(_parts(record, GOOD, record.good, ()), record.window[0])
    return reject_ms is not None and (good_ms is None or reject_ms < good_ms)


def _parts(
    record: MachineRecord, kind: str, readings: Sequence[Count], jobs: Sequence[JobSet]
) -> list[Parts]:
    return fold_parts(in_time_order(readings), jobs, record.rules.get(kind, ()), is_first_ever=False)


def _first_count_ms(parts: Sequence[Parts], after_ms: int) -> int | None:
    return next((each.at_ms for each in parts if each.count and each.at_ms > after_ms), None)


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
        kind = _kind(run, record, policy)
        while block < len(blocks) and blocks[block][0] < run.end_ms:
            since, until, planned, observed = blocks[block]
            opens, closes = max(since, run.start_ms), min(until, run.end_ms)
            if opens < closes:
                _append(segments, (opens, closes), kind, planned=planned, observed=observed)
            if until > run.end_ms:
                break
            block += 1
    return segments


def _kind(run: Run[str | None], record: MachineRecord, policy: Policy) -> tuple[str, Category, float | None]:
    """State, category and, for a stop, its whole length in s."""
    state = run.value or UNKNOWN
    category = policy.category_of.get(state, "unobserved")
    if category in {"production", "unobserved"}:
        return state, category, None
    # The last run was drawn to the window's end; as a stop it has only lasted as long as somebody watched.
    until_ms = max(min(run.end_ms, record.horizon_ms), run.start_ms)
    stop_s = (until_ms - run.start_ms) / 1000
    return state, "minor_stops" if policy.is_minor(stop_s, record.minor_stop_s) else category, stop_s


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
    return made


def _charged(record: MachineRecord, seen: list[Interval]) -> list[Made]:
    """What moves parts from good to rejected at the time they were made."""
    return [
        Made(at, -quantity, quantity, job, record.ideal_cycle_s.get(job), startup=False)
        for at, quantity, job in record.charged
        if speaks_in(seen, at)
    ]


def _reworked(
    record: MachineRecord, counted: list[Parts], made: Sequence[Made], seen: list[Interval]
) -> list[Made]:
    """Parts that were good only after rework: those of the counter, and all good ones of jobs of rework."""
    return [
        Made(parts.at_ms, parts.count, 0, parts.job, None, startup=False)
        for parts in counted
        if parts.count and parts.job not in record.rework_jobs and speaks_in(seen, parts.at_ms)
    ] + [each for each in made if each.job in record.rework_jobs and each.good]


def _begun(
    segments: Sequence[Segment], runs: Sequence[Run[str | None]], stops: Sequence[ReasonSpan]
) -> dict[str, tuple[int, ...]]:
    """When stops began, by category; where a break or the window's edge cuts one, it does not begin again.

    Nor does it where the state changes within one stop.
    """
    starts = {run.start_ms for run in runs}
    for stop in stops:
        starts -= {run.start_ms for run in runs if stop.start_ms < run.start_ms < stop.end_ms}
    return {
        category: tuple(
            s.start_ms for s in segments if s.planned and s.category == category and s.start_ms in starts
        )
        for category in ("breakdown", "setup")
    }


def _ts(made: Made) -> int:
    return made.ts_ms


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
