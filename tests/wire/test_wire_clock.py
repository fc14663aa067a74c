"""The plant clock: one straight line, the same for everybody, never running back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.clock import REAL_TIME, ClockWrong, PlantClock, clock_from, from_environment, real_ms

ZONES = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=ZONES)  # noqa: DTZ001 - zones are drawn
SPEEDS = st.one_of(st.sampled_from([1.0, 60.0, 120.0]), st.floats(0.01, 1000.0))
CLOCKS = st.builds(PlantClock, MOMENTS, MOMENTS, SPEEDS)
AHEAD = st.timedeltas(timedelta(0), timedelta(days=2800))  # at x1000 still before the year 9999
TEXT = "2026-03-02T16:00:00+08:00@2026-11-23T09:00:00+00:00x60"


@given(CLOCKS, AHEAD, AHEAD)
def test_plant_time_never_runs_back(clock: PlantClock, one: timedelta, other: timedelta) -> None:
    early, late = sorted((one, other))
    assert clock.to_plant(clock.anchor + early) <= clock.to_plant(clock.anchor + late)


@given(CLOCKS, AHEAD)
def test_plant_time_stands_at_the_origin_before_the_anchor(clock: PlantClock, before: timedelta) -> None:
    assert clock.to_plant(clock.anchor - before) == clock.origin


@given(CLOCKS, st.integers(0, 10**11))
def test_to_real_is_the_first_moment_that_shows_a_plant_time(clock: PlantClock, ahead_ms: int) -> None:
    origin_ms = int(clock.to_plant(clock.anchor).timestamp()) * 1000
    plant_ms = origin_ms + ahead_ms
    real = clock.to_real(plant_ms)
    reached_us = (clock.to_plant(real) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert reached_us >= plant_ms * 1000
    if real > clock.anchor:
        earlier = clock.to_plant(real - timedelta(microseconds=1))
        assert (earlier - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) < plant_ms * 1000


@given(CLOCKS)
def test_a_clock_written_as_text_is_read_back(clock: PlantClock) -> None:
    assert clock_from(str(clock)) == clock


def test_one_real_minute_is_one_plant_hour_at_speed_60() -> None:
    clock = clock_from(TEXT)
    later = datetime(2026, 11, 23, 9, 1, tzinfo=UTC)
    assert clock.to_plant(later) == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert clock.to_plant(later).tzinfo is UTC


def test_unset_means_real_time() -> None:
    assert from_environment({}) is REAL_TIME
    before = real_ms()
    assert before <= clock_from("").now_ms() <= real_ms()
    assert abs(REAL_TIME.now().timestamp() * 1000 - before) < 60_000


def test_now_and_now_ms_agree() -> None:
    clock = clock_from("2026-03-02T16:00:00+08:00@2026-01-01T00:00:00+00:00x1")
    first, second = clock.now_ms(), clock.now().timestamp() * 1000
    assert 0 <= second - first < 60_000


def test_its_pace_is_nothing_until_it_goes() -> None:
    now = datetime.now(UTC)
    origin = now - timedelta(days=200)
    assert PlantClock(origin, now + timedelta(hours=1), 60.0).pace() == 0.0
    assert PlantClock(origin, now - timedelta(hours=1), 60.0).pace() == 60.0


@pytest.mark.parametrize(
    "text",
    [
        "now",
        "2026-03-02T16:00:00@2026-11-23T09:00:00+00:00x60",  # no zone
        "2026-03-02T16:00:00+08:00@2026-11-23T09:00:00+00:00",  # no speed
        "2026-03-02T16:00:00+08:00@2026-11-23T09:00:00+00:00x0",
        "2026-03-02T16:00:00+08:00@2026-11-23T09:00:00+00:00x1001",
        "2026-03-02T16:00:00+08:00@2026-11-23T09:00:00+00:00x1.2.3",
        "yesterday@2026-11-23T09:00:00+00:00x60",
    ],
)
def test_a_text_that_is_no_clock_is_refused_naming_the_form(text: str) -> None:
    with pytest.raises(ClockWrong, match="<plant origin>@<real anchor>x<speed>"):
        from_environment({"TAKTLINE_CLOCK": text})
