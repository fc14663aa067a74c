import random

from hypothesis import given
from hypothesis import strategies as st

from models.production.counts import (
    AMBIGUOUS,
    BASELINE,
    BEGINS,
    RESET,
    JobSet,
    Parts,
    Reading,
    fold_parts,
    in_time_order,
    jobs_in_time_order,
)

readings = st.lists(st.builds(Reading, st.integers(0, 60), st.integers(0, 40)), min_size=1, max_size=30)
jobs = st.lists(st.builds(JobSet, st.integers(0, 60), st.integers(0, 4)), max_size=12)


def _fold(points: list[Reading], changes: list[JobSet]) -> list[Parts]:
    return fold_parts(in_time_order(points), jobs_in_time_order(changes))


def test_first_reading_is_a_baseline_and_makes_no_parts() -> None:
    (only,) = fold_parts([Reading(10, 500)], [])
    assert (only.count, only.flags) == (0, frozenset({BASELINE}))


def test_parts_are_the_difference_of_consecutive_readings_with_their_ordinals() -> None:
    _, parts = fold_parts([Reading(10, 7), Reading(20, 9)], [])
    assert (parts.from_ms, parts.at_ms, parts.first, parts.last, parts.count) == (10, 20, 8, 9, 2)


def test_a_smaller_value_is_a_restart_from_zero_in_a_new_epoch() -> None:
    parts = fold_parts([Reading(1, 7), Reading(2, 9), Reading(3, 3)], [])[-1]
    assert (parts.epoch, parts.first, parts.last, parts.flags) == (1, 1, 3, frozenset({RESET}))


def test_a_reset_to_zero_is_kept_though_it_made_nothing() -> None:
    parts = fold_parts([Reading(1, 7), Reading(3, 0)], [])[-1]
    assert (parts.epoch, parts.count, parts.flags) == (1, 0, frozenset({RESET}))


def test_a_part_counted_at_a_job_change_was_made_under_the_old_job() -> None:
    _, parts = fold_parts([Reading(10, 0), Reading(20, 1)], [JobSet(5, 110), JobSet(20, 210)])
    assert (parts.job, parts.flags) == (110, frozenset())


def test_parts_after_a_job_change_belong_to_the_new_job() -> None:
    _, parts = fold_parts([Reading(10, 0), Reading(20, 1)], [JobSet(5, 110), JobSet(10, 210)])
    assert parts.job == 210


def test_a_difference_over_a_job_change_goes_to_the_job_at_its_end_and_says_so() -> None:
    _, parts = fold_parts([Reading(10, 0), Reading(20, 2)], [JobSet(5, 110), JobSet(15, 210)])
    assert (parts.job, parts.flags) == (210, frozenset({AMBIGUOUS}))


def test_an_empty_register_never_competes_for_parts() -> None:
    _, parts = fold_parts([Reading(10, 0), Reading(20, 2)], [JobSet(5, 110), JobSet(15, 0)])
    assert (parts.job, parts.flags) == (110, frozenset())


def test_a_repeated_job_reading_is_not_a_change() -> None:
    _, parts = fold_parts([Reading(10, 0), Reading(20, 2)], [JobSet(5, 110), JobSet(15, 110)])
    assert (parts.job, parts.flags) == (110, frozenset())


def test_parts_without_any_job_reading_have_no_job() -> None:
    assert fold_parts([Reading(10, 0), Reading(20, 2)], [JobSet(30, 110)])[-1].job == 0


@given(readings, jobs, st.randoms(use_true_random=False))
def test_arrival_order_and_doubled_points_change_nothing(
    points: list[Reading], changes: list[JobSet], shuffler: random.Random
) -> None:
    again = points + points[: len(points) // 2]
    shuffler.shuffle(again)
    turned = changes + changes[:3]
    shuffler.shuffle(turned)
    assert _fold(again, turned) == _fold(points, changes)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 5)), min_size=1, max_size=30), jobs)
def test_a_counter_that_never_restarts_loses_and_invents_no_part(
    steps: list[tuple[int, int]], changes: list[JobSet]
) -> None:
    ts_ms = value = 0
    points = [Reading(0, 0)]
    for gap, made in steps:
        ts_ms += gap
        value += made
        points.append(Reading(ts_ms, value))
    folded = _fold(points, changes)
    ordinals = [k for parts in folded for k in range(parts.first, parts.last + 1)]
    assert ordinals == list(range(1, value + 1))


@given(readings, jobs, st.integers(0, 60))
def test_a_fold_may_be_cut_at_any_reading(points: list[Reading], changes: list[JobSet], cut: int) -> None:
    ordered, register = in_time_order(points), jobs_in_time_order(changes)
    index = min(range(len(ordered)), key=lambda i: abs(ordered[i].ts_ms - cut))
    head = fold_parts(ordered[: index + 1], register)
    epoch = head[-1].epoch if head else 0
    tail = fold_parts(ordered[index:], register, epoch=epoch, is_first_ever=False)
    assert head + tail == fold_parts(ordered, register)


@given(
    st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=5), min_size=1, max_size=4),
    st.sampled_from([0, 7]),
)
def test_counters_that_begin_of_their_own_count_as_if_each_were_alone(
    sheets: list[list[int]], gap_ms: int
) -> None:
    told, at_ms = [], 1_000
    for made in sheets:
        readings = [Reading(at_ms, 0, begins=True)]
        for more in made:
            at_ms += 10
            readings.append(Reading(at_ms, readings[-1].value + more))
        told.append(readings)
        at_ms += 1 + gap_ms
    alone = [parts for readings in told for parts in fold_parts(readings, [])]
    together = fold_parts([reading for readings in told for reading in readings], [])
    assert together == alone
    assert [sum(parts.count for parts in together if parts.epoch == each[0].ts_ms) for each in told] == [
        sum(made) for made in sheets
    ]
    assert all(RESET not in parts.flags for parts in together)


def test_what_begins_and_counts_in_one_instant_counts_from_zero() -> None:
    readings = in_time_order([Reading(5, 9), Reading(8, 3), Reading(8, 0, begins=True), Reading(9, 4)])
    _, begun, more = fold_parts(readings, [])
    assert (begun.epoch, begun.first, begun.last, begun.flags) == (8, 1, 3, frozenset({BEGINS}))
    assert (more.epoch, more.first, more.last, more.flags) == (8, 4, 4, frozenset())
