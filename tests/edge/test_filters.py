"""Laws of scaling, deadband and report by exception."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.filters import ChangeFilter, Deadband
from edge.scaling import INTEGER_RANGES, Scaling, Unfit

numbers = st.floats(-1e6, 1e6)


@given(st.lists(numbers, min_size=1), st.floats(0.01, 1e3))
def test_what_is_held_back_stays_within_the_deadband_of_the_value_reported_last(
    values: list[float], width: float
) -> None:
    change = ChangeFilter(Deadband(absolute=width))
    reported: float | None = None
    for value in values:
        if change.passes(value, 192):
            assert reported is None or abs(value - reported) > width
            reported = value
        else:
            assert reported is not None
            assert abs(value - reported) <= width


@given(st.lists(numbers, min_size=1), st.floats(0.1, 100))
def test_percent_deadband_refers_to_the_value_reported_last(values: list[float], percent: float) -> None:
    change = ChangeFilter(Deadband(percent=percent))
    reported: float | None = None
    for value in values:
        if change.passes(value, 192):
            reported = value
        else:
            assert reported is not None
            assert abs(value - reported) <= abs(reported) * percent / 100


@given(st.one_of(st.none(), st.booleans(), st.integers(), numbers, st.text()), st.sampled_from([0, 192, 500]))
def test_the_first_value_always_passes_and_its_repetition_never(value: object, quality: int) -> None:
    change = ChangeFilter()
    assert change.passes(value, quality)
    assert not change.passes(value, quality)
    change.reset()
    assert change.passes(value, quality)


@given(numbers, st.floats(0, 1e9))
def test_a_change_of_quality_always_passes(value: float, width: float) -> None:
    change = ChangeFilter(Deadband(absolute=width))
    change.passes(value, 192)
    assert change.passes(value, 0)
    assert change.passes(value, 192)


def test_slow_drift_is_reported_when_it_has_left_the_band() -> None:
    change = ChangeFilter(Deadband(absolute=1.0))
    assert [step for step in range(21) if change.passes(step / 10, 192)] == [0, 11]


def test_a_noted_value_is_what_later_ones_are_compared_with() -> None:
    change = ChangeFilter()
    change.note(7, 192)
    assert not change.passes(7, 192)
    assert change.passes(8, 192)


@given(st.integers(), st.sampled_from(sorted(INTEGER_RANGES)))
def test_an_integer_is_passed_on_exactly_or_refused(raw: int, datatype: str) -> None:
    low, high = INTEGER_RANGES[datatype]
    scaling = Scaling(datatype)
    if low <= raw <= high:
        assert scaling.value(raw) == raw
    else:
        with pytest.raises(Unfit):
            scaling.value(raw)


@given(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.integers())
    )
)
@pytest.mark.parametrize("datatype", ["Int32", "UInt64", "Float", "Double", "Boolean", "String"])
def test_whatever_a_device_says_is_a_value_or_unfit(datatype: str, raw: object) -> None:
    try:
        value = Scaling(datatype, 2.0 if datatype in {"Int32", "Double"} else 1.0).value(raw)
    except Unfit:
        return
    assert not isinstance(value, float) or math.isfinite(value)


@given(numbers, st.floats(1e-3, 1e3), numbers)
def test_scaling_is_a_straight_line(raw: float, scale: float, offset: float) -> None:
    assume(scale != 0)
    assert Scaling("Double", scale, offset).value(raw) == pytest.approx(raw * scale + offset)


def test_milliseconds_become_seconds() -> None:
    assert Scaling("Double", 0.001).value(61_500) == 61.5
