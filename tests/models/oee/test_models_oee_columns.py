"""Thinned columns give what all the readings give."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.oee.columns import StateColumns, changes_of_count, changes_of_job, changes_of_state
from models.oee.long_history import CountColumns, tally_of_columns
from models.oee.solve import MachineRecord, solve
from models.oee.timeline import Reading
from models.production.counters import CounterRule
from models.production.counts import JobSet
from models.production.counts import Reading as Count

NAMES = ("running", "idle", "breakdown", "setup", "jammed")
at = st.integers(0, 40)
# Few instants and few values: repetitions, doubled instants and every order are likely.
states = st.lists(st.tuples(at, st.integers(-1, len(NAMES) - 1)), max_size=60)
numbers = st.lists(st.tuples(at, st.integers(0, 4)), max_size=60)
# Steps back within the tolerance, over the end of the range and out of it.
counters = st.lists(
    st.tuples(at, st.sampled_from([0, 1, 2, 3, 4, 7, 8, 9, 297, 298, 299, 300, 301])), max_size=60
)
rules = st.lists(
    st.builds(
        CounterRule, st.integers(0, 40), st.sampled_from([None, 10, 302]), st.sampled_from([None, 0, 1, 2])
    ),
    max_size=2,
).map(lambda found: sorted(found, key=lambda rule: rule.since_ms))


def column(pairs: list[tuple[int, int]], place: int) -> "np.typing.NDArray[np.int64]":
    return np.array([pair[place] for pair in pairs], np.int64)


@settings(max_examples=200, deadline=None)
@given(states, numbers, counters, counters, rules)
@example([(0, 0)], [], [], [(0, 0), (6, 300), (7, 301), (8, 1)], [CounterRule(0, 302, 2)])
def test_thinned_columns_and_plain_readings_give_the_same_result(
    state: list[tuple[int, int]],
    job: list[tuple[int, int]],
    good: list[tuple[int, int]],
    rejected: list[tuple[int, int]],
    declared: list[CounterRule],
) -> None:
    plain = MachineRecord(
        machine="M",
        window=(5, 35),
        horizon_ms=38,
        planned=[(0, 12), (14, 40)],
        observed=[(3, 30), (31, 40)],
        states=[
            Reading(ms, None if code < 0 else NAMES[code], ("", place, 0))
            for place, (ms, code) in enumerate(state)
        ],
        jobs=[JobSet(ms, value) for ms, value in job],
        good=[Count(ms, value) for ms, value in good],
        rejected=[Count(ms, value) for ms, value in rejected],
        minor_stop_s=0.004,
        ideal_cycle_s={1: 0.001, 2: 0.003},
        rules={"good": declared, "reject": declared[:1]},
    )
    thin = replace(
        plain,
        states=changes_of_state(StateColumns(column(state, 0), column(state, 1), NAMES)),
        jobs=changes_of_job(column(job, 0), column(job, 1)),
        good=changes_of_count(column(good, 0), column(good, 1)),
        rejected=changes_of_count(column(rejected, 0), column(rejected, 1)),
    )
    long = tally_of_columns(
        replace(plain, states=(), good=(), rejected=()),
        StateColumns(column(state, 0), column(state, 1), NAMES),
        CountColumns(column(good, 0), column(good, 1)),
        CountColumns(column(rejected, 0), column(rejected, 1)),
    )
    assert asdict(long) == pytest.approx(asdict(solve(plain).tally()), abs=1e-9)
    assert solve(thin).segments == solve(plain).segments
    assert solve(thin).jobs == solve(plain).jobs
    assert asdict(solve(thin).tally()) == pytest.approx(asdict(solve(plain).tally()), abs=1e-9)


def test_a_rank_decides_between_states_of_one_millisecond() -> None:
    columns = StateColumns(
        np.array([7, 7], np.int64), np.array([0, 1], np.int64), NAMES, rank=np.array([2, 1], np.int64)
    )
    assert changes_of_state(columns) == [Reading(7, "running")]
