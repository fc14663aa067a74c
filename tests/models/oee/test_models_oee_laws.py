"""Laws of OEE that hold for any machine, and a checker that walks every millisecond."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.oee.losses import sum_s
from models.oee.policies import POLICIES
from models.oee.score import Tally, score_iso22400, total
from models.oee.solve import Charge, MachineRecord, needs_setup_history, solve
from models.oee.timeline import Interval, Reading, merge
from models.production.counts import JobSet
from models.production.counts import Reading as Count

T = TypeVar("T")
SPAN = 60
STATES = ["running", "setup", "starved", "blocked", "jammed", "breakdown", "planned_stop", "idle"]
AVAILABILITY = {"breakdown": "breakdown", "jammed": "breakdown", "setup": "setup"}

instants = st.integers(-SPAN, 2 * SPAN)
intervals = st.lists(st.tuples(instants, instants), max_size=5).map(merge)


@st.composite
def counts(draw: st.DrawFn) -> list[Count]:
    at = draw(st.lists(instants, unique=True, max_size=12).map(sorted))
    value, readings = draw(st.integers(0, 5)), []
    for ts_ms in at:
        step = draw(st.integers(-1, 3))
        value = 0 if step < 0 else value + step
        readings.append(Count(ts_ms, value))
    return readings


charges = st.lists(st.builds(Charge, instants, st.integers(1, 3), st.sampled_from([0, 101, 102])), max_size=2)


@st.composite
def records(draw: st.DrawFn) -> MachineRecord:
    start = draw(st.integers(0, SPAN - 1))
    end = draw(st.integers(start, SPAN))
    states = draw(st.lists(st.tuples(instants, st.sampled_from([*STATES, None, "odd"])), max_size=14))
    jobs = draw(st.lists(st.tuples(instants, st.sampled_from([0, 101, 102, 201])), max_size=5))
    return MachineRecord(
        machine="M",
        window=(start, end),
        horizon_ms=end + draw(st.integers(0, 20)),
        planned=draw(intervals),
        observed=draw(intervals),
        states=[Reading(at, state) for at, state in dict(states).items()],
        jobs=[JobSet(at, job) for at, job in dict(jobs).items()],
        good=draw(counts()),
        rejected=draw(counts()),
        minor_stop_s=draw(st.integers(0, 12)) / 1000,
        ideal_cycle_s={101: 0.002, 102: 0.005},
    )


def close(left: Tally, right: Tally) -> bool:
    exact = ("ideal_all_s", "ideal_good_s", "ideal_startup_s")
    sums = [replace(t, ideal_all_s=0, ideal_good_s=0, ideal_startup_s=0) for t in (left, right)]
    return sums[0] == sums[1] and all(
        getattr(left, n) == pytest.approx(getattr(right, n), abs=1e-9) for n in exact
    )


# ---- laws


@settings(max_examples=50)
@given(records())
def test_oee_is_the_product_of_its_factors(record: MachineRecord) -> None:
    score = score_iso22400(solve(record).tally())
    if score.availability and score.effectiveness is not None and score.quality is not None:
        product = score.availability * score.effectiveness * score.quality
        assert score.oee == pytest.approx(product, abs=1e-12)


@settings(max_examples=50)
@given(records())
def test_production_stops_and_unobserved_time_are_the_planned_time(record: MachineRecord) -> None:
    tally = solve(record).tally()
    stops = tally.breakdown_ms + tally.setup_ms + tally.waiting_ms
    assert tally.production_ms + stops + tally.unobserved_ms == tally.planned_ms


@pytest.mark.parametrize("name", POLICIES)
@settings(max_examples=80)
@given(st.lists(st.tuples(records(), counts(), intervals, charges), min_size=1, max_size=3))
def test_losses_are_the_time_that_oee_misses_under_each_policy(
    name: str, machines: list[tuple[MachineRecord, list[Count], list[Interval], list[Charge]]]
) -> None:
    # The sum of several machines too: with products of unlike cycles, parts without one, rework and breaks.
    policy = POLICIES[name]
    tally = total(
        solve(replace(record, reworked=reworked, breaks=breaks, charged=charged), policy).tally()
        for record, reworked, breaks, charged in machines
    )
    score, losses = policy.score(tally), policy.losses(tally)
    of_s = (tally.observed_ms + (tally.break_ms if name == "point85" else 0)) / 1000
    assert (score.oee is None) == (of_s == 0)
    if score.oee is not None:
        assert sum_s(losses) == pytest.approx(of_s * (1 - score.oee), abs=1e-9)
    if name == "iso22400":
        assert (losses.rework_s, losses.planned_downtime_s) == (0, 0)


@settings(max_examples=50)
@given(records())
def test_segments_fill_the_window_without_overlap(record: MachineRecord) -> None:
    at = record.window[0]
    for segment in solve(record).segments:
        assert segment.start_ms == at < segment.end_ms
        at = segment.end_ms
    assert at == record.window[1]


@settings(max_examples=50)
@given(records(), st.randoms(use_true_random=False))
def test_shuffled_and_doubled_readings_change_nothing(record: MachineRecord, random: Random) -> None:
    def disturbed(readings: Sequence[T]) -> list[T]:
        doubled = [*readings, *readings[::2]]
        random.shuffle(doubled)
        return doubled

    late = replace(
        record,
        states=disturbed(record.states),
        jobs=disturbed(record.jobs),
        good=disturbed(record.good),
        rejected=disturbed(record.rejected),
    )
    assert solve(late) == solve(record)


@settings(max_examples=50)
@given(records(), instants)
def test_a_window_split_at_any_instant_adds_up(record: MachineRecord, at: int) -> None:
    whole = solve(record)
    start, end = record.window
    at = min(max(at, start), end)
    halves = [
        solve(replace(record, window=window, horizon_ms=record.horizon_ms))
        for window in ((start, at), (at, end))
    ]
    assert close(total(half.tally() for half in halves), whole.tally())
    assert close(total([whole.tally(start, at), whole.tally(at, end)]), whole.tally())
    assert close(halves[0].tally(), whole.tally(start, at))


@settings(max_examples=50)
@given(records())
def test_job_spans_hold_all_parts_of_the_figure(record: MachineRecord) -> None:
    result = solve(record)
    tally = result.tally()
    assert sum(span.good for span in result.jobs) == tally.good
    assert sum(span.rejected for span in result.jobs) == tally.rejected
    if record.window[0] < record.window[1]:
        assert (result.jobs[0].start_ms, result.jobs[-1].end_ms) == record.window


@settings(max_examples=50)
@given(records(), instants)
def test_the_tallies_by_job_add_up_to_the_figure_of_any_part(record: MachineRecord, at: int) -> None:
    result = solve(record)
    start, end = record.window
    at = min(max(at, start), end)
    for since, until in ((start, end), (start, at), (at, end)):
        assert close(total(result.by_job(since, until).values()), result.tally(since, until))


@settings(max_examples=50)
@given(records())
def test_a_repeated_reading_of_the_same_state_splits_nothing(record: MachineRecord) -> None:
    clean = solve(record)
    ordered = sorted(record.states)
    between = [
        Reading((a.ts_ms + b.ts_ms) // 2, a.value)
        for a, b in pairwise(ordered)
        if a.ts_ms < (a.ts_ms + b.ts_ms) // 2 < b.ts_ms
    ]
    assert solve(replace(record, states=[*record.states, *between])) == clean


@settings(max_examples=50)
@given(records())
def test_without_need_of_history_the_setup_before_the_window_changes_nothing(record: MachineRecord) -> None:
    if not needs_setup_history(record):
        first = min((reading.ts_ms for reading in record.states), default=SPAN)
        # Longer than any threshold either way, so that only the setup's end differs.
        earlier: list[Reading[str | None]] = [Reading(first - 100, "setup"), Reading(first - 50, "running")]
        if first <= record.window[0]:
            changed = solve(replace(record, states=[*record.states, *earlier]))
            assert changed.tally().ideal_startup_s == solve(record).tally().ideal_startup_s


# ---- the checker: definitions applied to each millisecond


def inside(intervals: Sequence[Interval], cell: int) -> bool:
    return any(start <= cell < end for start, end in intervals)


def standing(readings: Sequence[tuple[int, object]], cell: int) -> object:
    earlier = [(at, value) for at, value in readings if at <= cell]
    return max(earlier, key=lambda reading: reading[0])[1] if earlier else None


def stop_length(record: MachineRecord, states: Sequence[tuple[int, object]], cell: int) -> int:
    state, first, last = standing(states, cell), cell, cell
    oldest = min(at for at, _ in states)
    while first > oldest and standing(states, first - 1) == state:
        first -= 1
    while last + 1 < record.horizon_ms and standing(states, last + 1) == state:
        last += 1
    return last - first + 1


def category(record: MachineRecord, cell: int) -> str:
    states = [(r.ts_ms, r.value) for r in record.states]
    state = standing(states, cell)
    if not inside(record.observed, cell) or state not in STATES:
        return "unobserved"
    if state == "running":
        return "running"
    if stop_length(record, states, cell) < round(record.minor_stop_s * 1000):
        return "minor"
    return AVAILABILITY.get(str(state), "waiting")


def steps(readings: Sequence[Count]) -> list[tuple[int, int, int]]:
    ordered = sorted((r.ts_ms, r.value) for r in readings)
    return [
        (before[0], after[0], after[1] - before[1] if after[1] >= before[1] else after[1])
        for before, after in pairwise(ordered)
    ]


def is_startup(record: MachineRecord, at: int, goods: list[tuple[int, int, int]]) -> bool:
    states = [(r.ts_ms, r.value) for r in record.states]
    ends = [
        e for e in range(-SPAN, at) if standing(states, e - 1) == "setup" and standing(states, e) != "setup"
    ]
    return bool(ends) and not any(parts and ends[-1] < t <= at for _, t, parts in goods)


def walked(record: MachineRecord) -> Tally:
    sums = dict.fromkeys(("running", "minor", "breakdown", "setup", "waiting", "unobserved"), 0)
    start, end = record.window
    for cell in range(start, end):
        if inside(record.planned, cell):
            sums[category(record, cell)] += 1
    jobs = [(r.ts_ms, r.job) for r in record.jobs]
    goods = steps(record.good)
    good = rejected = without = 0
    ideal_all = ideal_good = ideal_startup = 0.0
    for is_good, made in ((True, goods), (False, steps(record.rejected))):
        for since, at, parts in made:
            # What a reading at `at` speaks of is the millisecond before it.
            counts_here = start < at <= end and inside(record.planned, at - 1)
            if not counts_here or category(record, at - 1) == "unobserved":
                continue
            working = [job for cell in range(since, at) if (job := standing(jobs, cell))]
            ideal = record.ideal_cycle_s.get(int(str(working[-1]))) if working else None
            good += parts if is_good else 0
            rejected += 0 if is_good else parts
            without += parts if ideal is None else 0
            ideal_all += (ideal or 0) * parts
            ideal_good += (ideal or 0) * parts if is_good else 0
            if not is_good and is_startup(record, at, goods):
                ideal_startup += (ideal or 0) * parts
    observed = sum(sums.values()) - sums["unobserved"]
    return Tally(
        planned_ms=sum(sums.values()),
        observed_ms=observed,
        running_ms=sums["running"],
        minor_ms=sums["minor"],
        breakdown_ms=sums["breakdown"],
        setup_ms=sums["setup"],
        waiting_ms=sums["waiting"],
        good=good,
        rejected=rejected,
        ideal_all_s=ideal_all,
        ideal_good_s=ideal_good,
        ideal_startup_s=ideal_startup,
        parts_without_ideal=without,
    )


@settings(deadline=None, max_examples=150)
@given(records())
def test_the_result_is_what_walking_each_millisecond_gives(record: MachineRecord) -> None:
    tally = replace(solve(record).tally(), resets=0, unknown_state_ms=0, failures=0, setups=0)
    assert close(tally, walked(record))
