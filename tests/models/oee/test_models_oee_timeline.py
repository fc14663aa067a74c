import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from models.oee.timeline import (
    Interval,
    Reading,
    Run,
    clip,
    intersect,
    length_ms,
    merge,
    pieces,
    runs_of,
    speaks_in,
    subtract,
)

SPAN = 40
instants = st.integers(0, SPAN)
raw = st.lists(st.tuples(instants, instants), max_size=6)
lists = raw.map(merge)


def cells(intervals: list[Interval]) -> set[int]:
    return {cell for start, end in intervals for cell in range(start, end)}


@settings(deadline=None)
@given(raw)
def test_merge_keeps_exactly_the_covered_time(intervals: list[Interval]) -> None:
    merged = merge(intervals)
    assert cells(merged) == cells(intervals)
    assert length_ms(merged) == len(cells(intervals))
    assert all(a[1] < b[0] for a, b in itertools.pairwise(merged))


@settings(deadline=None)
@given(lists, lists)
def test_intersection_and_difference_are_those_of_the_covered_time(
    left: list[Interval], right: list[Interval]
) -> None:
    assert cells(intersect(left, right)) == cells(left) & cells(right)
    assert cells(subtract(left, right)) == cells(left) - cells(right)
    assert merge([*intersect(left, right), *subtract(left, right)]) == left


@settings(deadline=None)
@given(lists, instants, instants)
def test_clipping_is_intersection_with_one_interval(intervals: list[Interval], a: int, b: int) -> None:
    assert clip(intervals, a, b) == intersect(intervals, merge([(a, b)]))


@settings(deadline=None)
@given(lists, instants, instants)
def test_pieces_fill_the_window_and_say_what_is_inside(intervals: list[Interval], a: int, b: int) -> None:
    start, end = min(a, b), max(a, b)
    cut = list(pieces(intervals, start, end))
    assert [cell for since, until, _ in cut for cell in range(since, until)] == list(range(start, end))
    covered = cells(intervals)
    assert all((cell in covered) is inside for since, until, inside in cut for cell in range(since, until))
    assert all(x[2] is not y[2] for x, y in itertools.pairwise(cut))


@settings(deadline=None)
@given(lists, instants)
def test_a_count_speaks_of_the_time_just_before_it(intervals: list[Interval], at: int) -> None:
    assert speaks_in(intervals, at) is (at - 1 in cells(intervals))


@settings(deadline=None)
@given(st.lists(st.tuples(instants, st.sampled_from("abc")), max_size=12))
def test_runs_follow_each_other_and_never_repeat_a_value(points: list[tuple[int, str]]) -> None:
    readings = [Reading(at, value, ("s", 1, order)) for order, (at, value) in enumerate(points)]
    runs = runs_of(readings, SPAN)
    assert all(a.end_ms == b.start_ms for a, b in itertools.pairwise(runs))
    assert all(a.value != b.value for a, b in itertools.pairwise(runs))
    standing = {run.value for run in runs for cell in range(run.start_ms, run.end_ms) if cell == SPAN - 1}
    earlier = [r for r in readings if r.ts_ms < SPAN]
    last = {max(earlier, key=lambda r: (r.ts_ms, r.order)).value} if earlier else set()
    assert standing == last


def test_a_change_and_its_return_in_one_millisecond_split_nothing() -> None:
    readings = [Reading(0, "a"), Reading(5, "b", ("s", 1, 0)), Reading(5, "a", ("s", 1, 1))]
    assert runs_of(readings, 10) == [Run(0, 10, "a")]


def test_readings_from_the_end_on_are_left_out() -> None:
    assert runs_of([Reading(0, "a"), Reading(10, "b")], 10) == [Run(0, 10, "a")]
