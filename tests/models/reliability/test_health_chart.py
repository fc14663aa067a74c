"""The health chart: its limit after published run lengths, what alarms and what does not."""

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.reliability.features import BLOCK_MS, Block
from models.reliability.health import ChartSettings, assess, average_run_length, ewma_limit, ratio

pytestmark = pytest.mark.slow

SCATTER = 0.012  # of a block's median: 6 % of a sample over the root of thirty, times 1.25


def chart_of(levels: list[float], regime: str = "A") -> list[Block]:
    return [Block(i * BLOCK_MS, level, 30, regime) for i, level in enumerate(levels)]


def noise(count: int, seed: int, level: float = 0.8) -> list[float]:
    dice = Random(seed)
    return [dice.gauss(level, SCATTER) for _ in range(count)]


@pytest.mark.parametrize(("weight", "limit"), [(0.25, 2.998), (0.10, 2.814), (0.05, 2.615)])
def test_run_length_is_twice_the_published_two_sided_500(weight: float, limit: float) -> None:
    # Lucas and Saccucci (Technometrics 32, 1990), table 3: two-sided charts with a run length of 500.
    # One side of them alarms half as often.
    assert average_run_length(weight, limit) == pytest.approx(1000, rel=0.03)


def test_the_limit_for_a_budget_gives_its_run_length_back() -> None:
    assert average_run_length(0.25, ewma_limit(0.25, 12_000)) == pytest.approx(12_000, rel=1e-3)


def test_nothing_is_judged_before_the_baseline_stands() -> None:
    found = assess(chart_of(noise(11, 1)))
    assert found.baseline is None
    assert not found.episodes
    assert all(point.rise is None for point in found.points)


def test_a_drift_alarms_while_it_is_still_small() -> None:
    levels = noise(12, 2) + [level + 0.02 * i for i, level in enumerate(noise(40, 3))]
    found = assess(chart_of(levels))
    assert len(found.episodes) == 1
    episode = found.episodes[0]
    assert episode.cleared_ms is None
    assert episode.raised_ms < (12 + 20) * BLOCK_MS
    assert ratio(episode.limit) >= 1.12


def test_a_rise_that_does_not_matter_is_no_finding_however_certain() -> None:
    levels = noise(12, 4) + [level + 0.08 for level in noise(500, 5)]
    assert not assess(chart_of(levels)).episodes


def test_an_alarm_clears_when_the_machine_is_sound_again() -> None:
    levels = noise(12, 6) + [1.3] * 10 + noise(30, 7)
    (episode,) = assess(chart_of(levels)).episodes
    assert episode.cleared_ms is not None
    assert episode.cleared_ms < (12 + 10 + 10) * BLOCK_MS


def test_a_data_gap_raises_nothing() -> None:
    blocks = chart_of(noise(12, 8))
    later = [Block(b.start_ms + 500 * BLOCK_MS, b.level, b.samples, b.regime) for b in chart_of(noise(50, 9))]
    assert not assess([*blocks, *later]).episodes


def test_a_new_product_is_not_mistaken_for_wear() -> None:
    other = [Block((12 + i) * BLOCK_MS, level + 0.3, 30, "B") for i, level in enumerate(noise(60, 10))]
    assert not assess([*chart_of(noise(12, 11)), *other]).episodes


def test_an_overhaul_ends_the_alarm_and_begins_a_new_baseline() -> None:
    levels = noise(12, 12) + [1.3] * 10 + noise(30, 13, level=1.0)
    overhaul = 22 * BLOCK_MS
    found = assess(chart_of(levels), overhauls=[overhaul])
    assert [episode.cleared_ms for episode in found.episodes] == [overhaul]
    assert found.baseline is not None
    assert found.baseline.level == pytest.approx(1.0, abs=0.02)


def test_false_alarms_of_sound_machines_keep_their_budget() -> None:
    # 40 machines of 1,000 running hours: the budget allows 40 alarms.
    per_machine = 1000 * 3_600_000 // BLOCK_MS
    raised = sum(len(assess(chart_of(noise(per_machine, 100 + seed))).episodes) for seed in range(40))
    assert raised <= 40


def test_the_statistical_limit_alone_keeps_the_budget_too() -> None:
    bare = ChartSettings(least_rise=0.0, baseline_blocks=120, false_alarms_per_1000_h=4.0)
    per_machine = 1000 * 3_600_000 // BLOCK_MS
    raised = sum(len(assess(chart_of(noise(per_machine, 200 + seed)), bare).episodes) for seed in range(10))
    assert raised <= 40


@settings(max_examples=30)
@given(st.floats(0.2, 3.0), st.integers(0, 1000))
def test_the_unit_of_the_signal_does_not_matter(factor: float, seed: int) -> None:
    levels = noise(12, seed) + [level + 0.01 * i for i, level in enumerate(noise(60, seed + 1))]
    shifted = [level + math.log(factor) for level in levels]
    raised = [episode.raised_ms for episode in assess(chart_of(levels)).episodes]
    assert [episode.raised_ms for episode in assess(chart_of(shifted)).episodes] == raised
