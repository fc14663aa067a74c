"""Restart, rollover and jitter of counters; the sums are reckoned by hand or against the true count."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.production.counters import CounterRule, Doubt, rule_at, step
from models.production.counts import RESET, ROLLOVER, Parts, Reading, fold_parts, in_time_order

BITS_16 = CounterRule(modulus=65_536)
DECIMAL = CounterRule(modulus=10_000, jitter=5)


def folded(values: list[int], rule: CounterRule | None = None) -> list[Parts]:
    readings = [Reading(10 * place, value) for place, value in enumerate(values)]
    return fold_parts(readings, [], [] if rule is None else [rule], is_first_ever=False)


def made(values: list[int], rule: CounterRule | None = None) -> int:
    return sum(parts.count for parts in folded(values, rule))


@pytest.mark.parametrize(
    ("mark", "value", "rule", "kind"),
    [
        (65_530, 5, BITS_16, "rollover"),
        (30_000, 5, BITS_16, "reset"),
        (65_530, 5, CounterRule(), "reset"),
        (65_535, 0, BITS_16, "rollover"),
        (9_990, 10, DECIMAL, "rollover"),
        (500, 498, CounterRule(), "jitter"),
        (500, 494, CounterRule(), "reset"),
        (9, 8, CounterRule(), "reset"),  # a hundredth of nine is nothing
        (1_000_000, 999_950, CounterRule(), "jitter"),
        (1_000_000, 999_949, CounterRule(), "reset"),  # a little is at most 50
        (9, 8, DECIMAL, "jitter"),
        (3, 0, DECIMAL, "reset"),  # it began anew
        (2, 9_998, DECIMAL, "jitter"),  # stepped back over the end of its range
        (2, 9_990, DECIMAL, "forward"),
        (500, 498, CounterRule(jitter=0), "reset"),
        (70_000, 5, BITS_16, "reset"),  # it counts further than was declared
        (7, 7, BITS_16, "forward"),
    ],
)
def test_a_fall_is_a_restart_a_rollover_or_jitter(
    mark: int, value: int, rule: CounterRule, kind: str
) -> None:
    assert step(mark, value, rule) == kind


def test_parts_over_the_end_of_the_range_are_counted_once() -> None:
    first, over, last = folded([65_528, 65_530, 5, 7], BITS_16)
    assert (first.count, over.count, last.count) == (2, 11, 2)
    assert (over.epoch, over.first, over.last, over.flags) == (1, -5, 5, frozenset({ROLLOVER}))
    assert (last.epoch, last.first, last.last) == (1, 6, 7)


def test_a_rollover_counts_as_a_restart_where_nothing_is_declared() -> None:
    _, parts = folded([65_528, 65_530, 5])
    assert (parts.count, parts.flags) == (5, frozenset({RESET}))


def test_a_step_back_and_the_way_back_count_nothing() -> None:
    assert [parts.count for parts in folded([500, 498, 499, 500, 501])] == [1]
    assert [parts.flags for parts in folded([500, 498, 500])] == []
    assert made([500, 503, 501, 502, 505]) == 5


def test_jitter_over_the_end_of_the_range_counts_nothing_twice() -> None:
    assert made([9_998, 1, 9_999, 2], DECIMAL) == 4  # 9,999, 0, 1 and 2


def test_a_counter_that_was_replaced_follows_the_rule_of_its_time() -> None:
    rules = [CounterRule(0, modulus=10_000), CounterRule(25, modulus=None)]
    readings = [Reading(0, 9_990), Reading(10, 5), Reading(20, 9_000), Reading(30, 5)]
    parts = fold_parts(readings, [], rules, is_first_ever=False)
    assert [each.count for each in parts] == [15, 8_995, 5]
    assert [rule_at(rules, at).modulus for at in (-1, 0, 24, 25)] == [None, 10_000, 10_000, None]


@given(
    st.sampled_from([(100, 2), (1_000, 3), (65_536, 40)]),
    st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=60),
    st.randoms(use_true_random=False),
)
def test_a_counter_that_rolls_over_and_steps_back_counts_what_was_made(
    declared: tuple[int, int], steps: list[tuple[int, bool]], shuffler: random.Random
) -> None:
    """The machine's true count is the oracle; its counter shows it modulo the range, now and then behind."""
    modulus, jitter = declared
    true = modulus - 30
    readings = [Reading(0, true)]
    for place, (parts, stands_back) in enumerate(steps, start=1):
        true += parts
        behind = min(shuffler.randrange(jitter + 1), parts) if stands_back else 0
        shown = true if not stands_back else true - behind
        readings.append(Reading(20 * place, shown % modulus))
        if stands_back and true % modulus > jitter:  # to exactly zero it would restart
            back = true - shuffler.randrange(jitter + 1)
            readings += [Reading(20 * place + 3, true % modulus), Reading(20 * place + 6, back % modulus)]
    readings.append(Reading(20 * len(steps) + 10, true % modulus))
    doubled = readings + readings[::2]
    shuffler.shuffle(doubled)
    rule = CounterRule(0, modulus, jitter)
    found = fold_parts(in_time_order(doubled), [], [rule], is_first_ever=False)
    assert sum(parts.count for parts in found) == true - (modulus - 30)
    ordinals = [(parts.epoch, k) for parts in found for k in range(parts.first, parts.last + 1)]
    assert ordinals == sorted(set(ordinals))


RULES = [CounterRule(), CounterRule(jitter=0), CounterRule(jitter=7), CounterRule(modulus=300, jitter=4)]


@given(
    st.sampled_from([*RULES, CounterRule(modulus=200)]),
    st.integers(0, 320),
    st.lists(st.one_of(st.integers(-9, 9), st.sampled_from([-400, -60, 60, 150, 290])), max_size=25),
)
def test_no_mark_lies_outside_the_doubt_and_without_doubt_the_reading_is_the_mark(
    rule: CounterRule, first: int, moves: list[int]
) -> None:
    """Every mark that can have stood before is tried."""
    values = [first]
    for move in moves:
        values.append(max(values[-1] + move, 0) % (rule.modulus or 10_000))
    marks, doubt = set(range(700)), None
    for place, value in enumerate(values):
        marks = {mark if step(mark, value, rule) == "jitter" else value for mark in marks}
        doubt = Doubt.at(value, rule) if doubt is None else doubt.after(value, rule)
        if doubt is None:
            assert marks == {value}, (place, value)
            break
        inside = set(range(doubt.low, doubt.low + doubt.span + 1))
        inside |= {mark - rule.modulus for mark in inside} if rule.modulus else set()
        assert marks <= inside, (place, value, doubt)


def test_doubt_ends_where_the_counter_has_passed_all_it_may_have_counted_or_begins_anew() -> None:
    doubt = Doubt.at(500, CounterRule())
    assert doubt == Doubt(500, 6)
    assert [doubt.after(value, CounterRule()) is None for value in (505, 506, 480, 0)] == [
        False,
        True,
        True,
        True,
    ]
    assert Doubt.at(0, CounterRule()) is Doubt.at(7, CounterRule(jitter=0)) is None
