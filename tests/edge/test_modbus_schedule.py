"""Laws of the schedule: no drift, no turn twice, what was missed is counted."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.drivers.modbus.schedule import Schedule, phase_s

periods = st.lists(st.integers(1, 100).map(lambda n: n / 10), min_size=1, max_size=4)


@given(periods, st.integers(1, 300))
def test_a_punctual_device_polls_each_class_on_its_grid_for_ever(each_s: list[float], turns: int) -> None:
    schedule = Schedule(each_s, 1000.0)
    polled: list[list[float]] = [[] for _ in each_s]
    for _ in range(turns):
        now_s = schedule.due_s
        due, missed = schedule.take(now_s)
        assert due
        assert missed == 0
        for number in due:
            polled[number].append(now_s)
    for period_s, times in zip(each_s, polled, strict=True):
        for step, time_s in enumerate(times):
            assert time_s == pytest.approx(1000.0 + step * period_s, abs=0.0011)


@given(periods, st.lists(st.floats(0, 40), min_size=1, max_size=30))
def test_turns_taken_and_missed_add_up_to_the_time_that_passed(
    each_s: list[float], late: list[float]
) -> None:
    schedule = Schedule(each_s, 0.0)
    taken = [0] * len(each_s)
    missed_in_all = 0
    now_s = 0.0
    for late_s in late:
        now_s = max(now_s, schedule.due_s) + late_s
        due, missed = schedule.take(now_s)
        missed_in_all += missed
        for number in due:
            taken[number] += 1
        assert schedule.due_s > now_s
    expected = sum(int((now_s + 0.001) / period_s + 1e-9) + 1 for period_s in each_s)
    assert abs(sum(taken) + missed_in_all - expected) <= len(each_s)


def test_classes_whose_periods_are_multiples_are_read_together() -> None:
    schedule = Schedule([0.1, 1.0], 0.0)
    dues = [schedule.take(schedule.due_s)[0] for _ in range(21)]
    assert [i for i, due in enumerate(dues) if due == [0, 1]] == [0, 10, 20]


@given(st.text(max_size=20), st.floats(0.01, 100))
def test_a_device_keeps_its_phase_within_its_period(name: str, period_s: float) -> None:
    assert 0 <= phase_s(name, period_s) < min(period_s, 1.0)
    assert phase_s(name, period_s) == phase_s(name, period_s)


def test_many_devices_spread_over_the_second() -> None:
    phases = sorted(phase_s(f"M{number}", 1.0) for number in range(100))
    gaps = [b - a for a, b in pairwise(phases)]
    assert max(gaps) < 0.15
