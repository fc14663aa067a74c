from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.oee.shifts import (
    Calendar,
    DayException,
    ShiftPattern,
    cells_between,
    planned_between,
    shifts_between,
    to_ms,
)
from models.oee.timeline import length_ms

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3_600_000
DAILY = frozenset(range(7))
NIGHT = ShiftPattern("night", time(22), time(6), DAILY, ((time(2), time(2, 30)),))
EARLY = ShiftPattern("early", time(6), time(14), DAILY)


def at(text: str) -> int:
    return to_ms(datetime.fromisoformat(text).replace(tzinfo=BERLIN))


def calendar(*exceptions: DayException) -> Calendar:
    return Calendar(BERLIN, (NIGHT, EARLY), exceptions)


def shifts(day: str, *exceptions: DayException) -> list[tuple[str, float]]:
    found = shifts_between(calendar(*exceptions), at(f"{day}T06:00"), at(f"{day}T23:59"))
    return [(shift.id, (shift.end_ms - shift.start_ms) / HOUR) for shift in found]


def test_a_holiday_closes_the_shifts_that_begin_on_it() -> None:
    day = DayException(date(2026, 5, 1), "closed")
    assert shifts("2026-05-01", day) == []
    assert shifts("2026-05-02", day) == [("early", 8), ("night", 8)]
    assert shifts("2026-05-01", DayException(date(2026, 5, 1), "closed", "early")) == [("night", 8)]


def test_overtime_moves_the_end_of_one_shift_on_one_day() -> None:
    longer = DayException(date(2026, 5, 4), "changed", "early", end=time(16))
    assert shifts("2026-05-04", longer) == [("early", 10), ("night", 8)]
    assert shifts("2026-05-05", longer) == [("early", 8), ("night", 8)]


def test_an_extra_shift_comes_on_top() -> None:
    extra = DayException(date(2026, 5, 4), "extra", start=time(15), end=time(19))
    assert shifts("2026-05-04", extra) == [("early", 8), ("extra", 4), ("night", 8)]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-28", 7), ("2026-10-24", 9)])
def test_a_night_shift_over_a_clock_change_is_one_cell_of_the_day_it_began_on(day: str, hours: int) -> None:
    start = at(f"{day}T22:00")
    [cell] = cells_between(calendar(), start, start + HOUR)
    assert (cell.shift, cell.day.isoformat(), (cell.end_ms - cell.start_ms) / HOUR) == ("night", day, hours)


def test_where_shifts_overlap_each_instant_has_one_cell() -> None:
    inner = DayException(date(2026, 5, 4), "extra", "meeting", time(8), time(9))
    day = at("2026-05-04T06:00"), at("2026-05-04T14:00")
    cells = cells_between(calendar(inner), *day)
    assert [(cell.shift, (cell.end_ms - cell.start_ms) / HOUR) for cell in cells] == [
        ("early", 2),
        ("meeting", 1),
        ("early", 5),
    ]


@pytest.mark.timeout(60)
def test_the_cells_of_decades_are_found_in_one_walk() -> None:
    """A walk over all shifts for each cell took hours here, with the writer's lock held."""
    cells = cells_between(calendar(), at("1970-01-02T06:00"), at("2026-01-01T06:00"))
    assert len(cells) == 2 * (date(2026, 1, 1) - date(1970, 1, 2)).days
    assert all(one.end_ms <= other.start_ms for one, other in pairwise(cells))


kinds = st.sampled_from(["closed", "changed", "extra"])
names = st.sampled_from(["early", "night"])
times = st.sampled_from([time(5), time(9, 30), time(13), time(23)])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), kinds, st.sampled_from(["early", "night"]), times, times), max_size=6
    )
)
def test_planned_time_lies_in_cells_that_do_not_overlap(
    said: list[tuple[int, str, str, time, time]],
) -> None:
    first = date(2026, 3, 26)  # the clock changes on the 29th
    exceptions = [
        DayException(first + timedelta(days=day), kind, shift, start, end)  # type: ignore[arg-type]
        for day, kind, shift, start, end in said
    ]
    window = at("2026-03-26T00:00"), at("2026-04-01T00:00")
    cells = cells_between(calendar(*exceptions), *window)
    assert all(a.end_ms <= b.start_ms for a, b in pairwise(cells))
    planned = planned_between(calendar(*exceptions), *window)
    within = [
        span
        for cell in cells
        for span in planned_between(
            calendar(*exceptions), max(cell.start_ms, window[0]), min(cell.end_ms, window[1])
        )
    ]
    assert length_ms(within) == length_ms(planned)
