"""Blocks of a condition signal: what they rest on, what they ignore."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reliability.features import BLOCK_MS, blocks

ALWAYS = [(0, 10**12)]
STEP = 10_000


def steady(count: int, value: float = 2.0, start: int = 0) -> list[tuple[int, float]]:
    return [(start + i * STEP, value) for i in range(count)]


def test_a_block_is_the_median_logarithm_of_its_samples() -> None:
    found = blocks([(0, 1.0), (STEP, 2.0), (2 * STEP, 100.0)], ALWAYS, [], least=3)
    assert [(b.start_ms, b.samples) for b in found] == [(0, 3)]
    assert found[0].level == pytest.approx(math.log(2.0))


def test_samples_outside_running_time_are_left_out() -> None:
    assert blocks(steady(30), [], []) == []
    half = blocks(steady(30), [(0, BLOCK_MS // 2)], [])
    assert [b.samples for b in half] == [15]


def test_a_block_with_too_few_samples_is_no_block() -> None:
    assert blocks(steady(11), ALWAYS, []) == []


def test_the_commoner_regime_of_a_cell_names_the_block() -> None:
    found = blocks(steady(30), ALWAYS, [(0, "A"), (10 * STEP, "B")])
    assert [(b.regime, b.samples) for b in found] == [("B", 20)]


@given(st.sampled_from([math.nan, math.inf, 0.0, -1.0]), st.integers(0, 29))
def test_values_that_cannot_be_are_left_out(bad: float, at: int) -> None:
    samples = steady(30)
    samples[at] = (samples[at][0], bad)
    assert [b.samples for b in blocks(samples, ALWAYS, [])] == [29]


@given(st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(random: Random) -> None:
    samples = [(i * STEP, 1.0 + (i * 7919 % 13) / 10) for i in range(120)]
    shuffled = list(samples)
    random.shuffle(shuffled)
    assert blocks(shuffled, ALWAYS, []) == blocks(samples, ALWAYS, [])


def test_a_disturbance_shorter_than_half_a_block_hardly_moves_it() -> None:
    samples = steady(30)
    for i in range(9):
        samples[i] = (samples[i][0], 4.0)
    assert blocks(samples, ALWAYS, [])[0].level == pytest.approx(math.log(2.0))
