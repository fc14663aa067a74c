from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.oee.shifts import (
    Calendar,
    ShiftPattern,
    day_start_ms,
    is_break,
    planned_between,
    shift_at,
    shift_ended_before,
    shifts_between,
    to_ms,
)
from models.oee.timeline import clip, length_ms, merge

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
WORKDAYS = frozenset(range(6))
HOUR = 3_600_000

DEMO = Calendar(
    SHANGHAI,
    (
        ShiftPattern("early", time(8), time(16), WORKDAYS, ((time(11, 30), time(12)),)),
        ShiftPattern("late", time(16), time(0), WORKDAYS, ((time(19, 30), time(20)),)),
        ShiftPattern("night", time(0), time(8), frozenset(range(1, 7)), ((time(3, 30), time(4)),)),
    ),
)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> int:
    return to_ms(datetime.fromisoformat(text).replace(tzinfo=zone))


def test_a_day_of_three_shifts_follows_without_a_hole() -> None:
    shifts = shifts_between(DEMO, at("2026-03-03T00:00"), at("2026-03-04T00:00"))
    assert [shift.id for shift in shifts] == ["night", "early", "late"]
    assert [shift.start_ms for shift in shifts[1:]] == [shift.end_ms for shift in shifts[:-1]]


def test_planned_time_is_shifts_minus_breaks() -> None:
    planned = planned_between(DEMO, at("2026-03-03T08:00"), at("2026-03-03T16:00"))
    assert planned == [
        (at("2026-03-03T08:00"), at("2026-03-03T11:30")),
        (at("2026-03-03T12:00"), at("2026-03-03T16:00")),
    ]


def test_a_shift_that_ends_at_midnight_ends_on_the_next_day() -> None:
    late = shift_at(DEMO, at("2026-03-02T23:59"))
    assert late is not None
    assert (late.start_ms, late.end_ms) == (at("2026-03-02T16:00"), at("2026-03-03T00:00"))


def test_a_break_after_midnight_lies_in_the_overnight_shift() -> None:
    calendar = Calendar(
        SHANGHAI,
        (
            ShiftPattern(
                "n", time(22), time(6), WORKDAYS, ((time(1, 45), time(2, 15)), (time(23, 50), time(0, 10)))
            ),
        ),
    )
    shift = shift_at(calendar, at("2026-03-03T01:00"))
    assert shift is not None
    assert shift.breaks == (
        (at("2026-03-02T23:50"), at("2026-03-03T00:10")),
        (at("2026-03-03T01:45"), at("2026-03-03T02:15")),
    )
    assert is_break(shift, at("2026-03-03T02:00"))
    assert not is_break(shift, at("2026-03-03T02:15"))


def test_nothing_is_planned_on_a_free_day() -> None:
    # Sunday 2026-03-08 has only the night shift that starts at its midnight.
    sunday = (at("2026-03-08T08:00"), at("2026-03-09T08:00"))
    assert planned_between(DEMO, *sunday) == []
    assert shift_at(DEMO, at("2026-03-08T12:00")) is None
    ended = shift_ended_before(DEMO, at("2026-03-08T12:00"))
    assert ended is not None
    assert (ended.id, ended.end_ms) == ("night", at("2026-03-08T08:00"))


def test_the_shift_before_the_running_one_ended_at_its_start() -> None:
    running = shift_at(DEMO, at("2026-03-03T02:00"))
    assert running is not None
    before = shift_ended_before(DEMO, running.start_ms)
    assert before is not None
    assert (before.id, before.end_ms) == ("late", running.start_ms)


def test_a_shift_that_ends_when_it_starts_lasts_the_whole_day() -> None:
    calendar = Calendar(SHANGHAI, (ShiftPattern("d", time(6), time(6), frozenset({0})),))
    shift = shift_at(calendar, at("2026-03-03T05:59"))
    assert shift is not None
    assert shift.end_ms - shift.start_ms == 24 * HOUR


def test_a_calendar_without_shifts_has_none() -> None:
    empty = Calendar(SHANGHAI, ())
    assert shift_at(empty, 0) is None
    assert shift_ended_before(empty, 0) is None
    assert planned_between(empty, 0, HOUR) == []


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-28T22:00", 7), ("2026-10-24T22:00", 9), ("2026-03-27T22:00", 8)],
)
def test_a_night_over_a_clock_change_has_the_hours_that_passed(day: str, hours: int) -> None:
    calendar = Calendar(BERLIN, (ShiftPattern("n", time(22), time(6), frozenset(range(7))),))
    start = at(day, BERLIN)
    shift = shift_at(calendar, start)
    assert shift is not None
    assert shift.start_ms == start
    assert shift.end_ms - start == hours * HOUR


def test_shifts_that_meet_in_a_skipped_hour_leave_no_hole() -> None:
    # 02:30 does not exist on 2026-03-29: one ends and the other begins at the same instant.
    days = frozenset(range(7))
    calendar = Calendar(
        BERLIN,
        (ShiftPattern("a", time(18), time(2, 30), days), ShiftPattern("b", time(2, 30), time(18), days)),
    )
    start, end = at("2026-03-28T00:00", BERLIN), at("2026-03-30T00:00", BERLIN)
    assert planned_between(calendar, start, end) == [(start, end)]


def test_the_local_day_starts_at_local_midnight() -> None:
    noon = int(datetime(2026, 3, 2, 17, tzinfo=UTC).timestamp() * 1000)
    assert day_start_ms(DEMO, noon) == at("2026-03-03T00:00")


instants = st.integers(at("2026-01-01T00:00"), at("2026-12-31T00:00"))
clock_times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30]))
patterns = st.builds(
    ShiftPattern,
    st.sampled_from("abc"),
    clock_times,
    clock_times,
    st.frozensets(st.integers(0, 6)),
    st.lists(st.tuples(clock_times, clock_times), max_size=2).map(tuple),
)


@settings(deadline=None)
@given(
    st.lists(patterns, max_size=3),
    st.sampled_from([SHANGHAI, BERLIN]),
    instants,
    st.integers(0, 200),
    st.data(),
)
def test_planned_time_of_a_window_is_that_of_its_parts(
    shifts: list[ShiftPattern], zone: ZoneInfo, start: int, hours: int, data: st.DataObject
) -> None:
    calendar = Calendar(zone, tuple(shifts))
    end = start + hours * HOUR
    cut = data.draw(st.integers(start, end))
    whole = planned_between(calendar, start, end)
    parts = [*planned_between(calendar, start, cut), *planned_between(calendar, cut, end)]
    assert merge(parts) == whole
    assert clip(whole, start, end) == whole
    assert length_ms(whole) <= end - start


def covers(start: time, end: time, minute: int) -> bool:
    """Whether a minute, reckoned from the midnight before `start`, lies between two clock times."""
    opens, closes = start.hour * 60 + start.minute, end.hour * 60 + end.minute
    return opens <= minute < (closes if closes > opens else closes + 1440)


def works(pattern: ShiftPattern, moment: datetime) -> bool:
    """The wall clock alone, in a zone without clock changes: yesterday's shift may still run."""
    for days_ago in (0, 1):
        minute = moment.hour * 60 + moment.minute + 1440 * days_ago
        if (moment.weekday() - days_ago) % 7 not in pattern.weekdays:
            continue
        if not covers(pattern.start, pattern.end, minute):
            continue
        resting = any(
            covers(start, end, minute - (1440 if start < pattern.start else 0))
            for start, end in pattern.breaks
        )
        if not resting:
            return True
    return False


@settings(deadline=None)
@given(st.lists(patterns, max_size=3), instants)
def test_a_minute_is_planned_exactly_when_a_shift_works_it_by_the_wall_clock(
    shifts: list[ShiftPattern], at_ms: int
) -> None:
    at_ms -= at_ms % 900_000
    moment = datetime.fromtimestamp(at_ms / 1000, SHANGHAI)
    planned = planned_between(Calendar(SHANGHAI, tuple(shifts)), at_ms, at_ms + 1)
    assert bool(planned) is any(works(pattern, moment) for pattern in shifts)


def test_a_shift_that_changes_on_a_day_is_the_old_one_before_and_the_new_one_after() -> None:
    changes = date(2026, 3, 4)
    old = ShiftPattern("early", time(8), time(16), WORKDAYS, until=changes)
    new = ShiftPattern("early", time(6), time(14), WORKDAYS, since=changes)
    shifts = shifts_between(Calendar(SHANGHAI, (old, new)), at("2026-03-03 00:00"), at("2026-03-05 00:00"))
    assert [(shift.id, shift.start_ms, shift.end_ms) for shift in shifts] == [
        ("early", at("2026-03-03 08:00"), at("2026-03-03 16:00")),
        ("early", at("2026-03-04 06:00"), at("2026-03-04 14:00")),
    ]
