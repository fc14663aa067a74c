"""Planned stops: what they take from a machine's plan, and what each policy makes of them."""

from dataclasses import replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.oee.policies import POLICIES
from models.oee.shifts import (
    Calendar,
    PlannedStop,
    ShiftPattern,
    breaks_between,
    plan_of,
    planned_between,
    planned_stop_at,
    plans_between,
    shifts_between,
    to_ms,
)
from models.oee.solve import MachineRecord, solve
from models.oee.timeline import Reading, intersect, length_ms, merge
from models.production.counts import JobSet
from models.production.counts import Reading as Count

ZONE = ZoneInfo("Europe/Berlin")
MIN, HOUR = 60_000, 3_600_000
DAILY = frozenset(range(7))
DAY = ShiftPattern("day", time(6), time(14), DAILY, ((time(9), time(9, 30)), (time(12), time(12, 30))))
NIGHT = ShiftPattern("night", time(22), time(6), DAILY, ((time(2), time(2, 30)),))
OPENS = to_ms(datetime(2026, 5, 4, 6, tzinfo=ZONE))
SHIFT = (OPENS, OPENS + 8 * HOUR)


def calendar(*stops: PlannedStop) -> Calendar:
    return Calendar(ZONE, (DAY, NIGHT), planned_stops=stops)


def minutes(spans: list[tuple[int, int]]) -> float:
    return length_ms(spans) / MIN


def test_maintenance_takes_from_the_plan_what_no_break_had_taken() -> None:
    # 08:00-10:00 with the break of 09:00-09:30 within: the example of `plans_between`.
    stop = PlannedStop(OPENS + 2 * HOUR, OPENS + 4 * HOUR, frozenset({"M1"}))
    plan = plan_of(calendar(stop), "M1", *SHIFT)
    assert [minutes(spans) for spans in plan] == [330, 60, 90]
    other = plan_of(calendar(stop), "M2", *SHIFT)
    assert (minutes(other.planned), other.planned_stops) == (420, [])


def test_a_stop_of_the_site_reaches_every_machine() -> None:
    stop = PlannedStop(OPENS, OPENS + HOUR)
    plans = plans_between(calendar(stop), *SHIFT, ["M1", "M2"])
    assert plans["M1"] == plans["M2"]
    assert minutes(plans["M1"].planned_stops) == 60


def test_outside_the_shifts_a_stop_takes_nothing() -> None:
    stop = PlannedStop(OPENS + 8 * HOUR, OPENS + 16 * HOUR)
    window = (OPENS, OPENS + 16 * HOUR)
    assert plan_of(calendar(stop), "M1", *window) == plan_of(calendar(), "M1", *window)


def test_the_stop_that_ends_last_is_the_one_that_holds() -> None:
    short, long = PlannedStop(OPENS, OPENS + HOUR), PlannedStop(OPENS, OPENS + 2 * HOUR, frozenset({"M1"}))
    days = calendar(long, short)
    assert planned_stop_at(days, "M1", OPENS) == long
    assert planned_stop_at(days, "M2", OPENS) == short
    assert planned_stop_at(days, "M2", OPENS + HOUR) is None


def record(plan_days: Calendar) -> MachineRecord:
    """A shift that runs but for two hours of maintenance (08:00-10:00); a good part of 30 s each minute."""
    plan = plan_of(plan_days, "M1", *SHIFT)
    start, stop, again = SHIFT[0], OPENS + 2 * HOUR, OPENS + 4 * HOUR
    made = [at for at in range(start, SHIFT[1] + 1, MIN) if not stop < at <= again]
    return MachineRecord(
        machine="M1",
        window=SHIFT,
        horizon_ms=SHIFT[1],
        planned=plan.planned,
        breaks=merge([*plan.breaks, *plan.planned_stops]),
        observed=[SHIFT],
        states=[Reading(start, "running"), Reading(stop, "planned_stop"), Reading(again, "running")],
        jobs=[JobSet(start, 7)],
        good=[Count(at, number) for number, at in enumerate(made)],
        rejected=[],
        minor_stop_s=60,
        ideal_cycle_s={7: 30},
    )


@pytest.mark.parametrize(
    ("policy", "unplanned", "planned"),
    [("iso22400", 330 / 420, 1.0), ("vorne", 330 / 420, 1.0), ("point85", 330 / 480, 330 / 480)],
)
def test_maintenance_costs_availability_only_where_nobody_planned_it_or_point85_counts_it(
    policy: str, unplanned: float, planned: float
) -> None:
    stop = PlannedStop(OPENS + 2 * HOUR, OPENS + 4 * HOUR, frozenset({"M1"}))
    for days, expected in ((calendar(), unplanned), (calendar(stop), planned)):
        tally = solve(record(days), POLICIES[policy]).tally()
        assert POLICIES[policy].score(tally).availability == pytest.approx(expected)


def test_what_a_machine_makes_in_a_planned_stop_is_in_no_figure() -> None:
    stop = PlannedStop(OPENS + 4 * HOUR, OPENS + 5 * HOUR)  # a trial: it runs on from 10:00 to 11:00
    before, after = (solve(record(days)).tally() for days in (calendar(), calendar(stop)))
    assert before.good - after.good == 60
    assert before.production_ms - after.production_ms == before.observed_ms - after.observed_ms == HOUR
    assert after.break_ms - before.break_ms == HOUR


def test_a_shift_that_is_planned_to_stand_has_no_figure() -> None:
    tally = solve(record(calendar(PlannedStop(*SHIFT)))).tally()
    assert (tally.planned_ms, tally.good) == (0, 0)
    assert [POLICIES[name].score(tally).oee for name in ("iso22400", "vorne")] == [None, None]


stops = st.lists(
    st.builds(
        lambda at, length, whose: PlannedStop(at, at + length, whose),
        st.integers(OPENS - 30 * HOUR, OPENS + 30 * HOUR),
        st.integers(1, 30 * HOUR),
        st.sampled_from([None, frozenset({"M1"}), frozenset({"M2"}), frozenset({"M1", "M2"})]),
    ),
    max_size=5,
)
windows = st.tuples(
    st.integers(OPENS - 30 * HOUR, OPENS + 30 * HOUR), st.integers(0, 40 * HOUR), st.integers(0, 40 * HOUR)
)


@given(said=stops, asked=windows)
def test_time_of_shifts_is_planned_or_a_break_or_a_planned_stop(
    said: list[PlannedStop], asked: tuple[int, int, int]
) -> None:
    days, (start, end) = calendar(*said), (asked[0], asked[0] + asked[1])
    plan = plan_of(days, "M1", start, end)
    of_shifts = [(each.start_ms, each.end_ms) for each in shifts_between(days, start, end)]
    assert merge([*plan.planned, *plan.breaks, *plan.planned_stops]) == intersect(
        merge(of_shifts), merge([(start, end)])
    )
    assert sum(map(length_ms, plan)) == length_ms(merge([*plan.planned, *plan.breaks, *plan.planned_stops]))
    assert plan.breaks == breaks_between(days, start, end)
    for stop in said:
        if stop.reaches("M1"):
            assert intersect(plan.planned, [(stop.start_ms, stop.end_ms)]) == []


@given(said=stops, asked=windows)
def test_plans_of_parts_of_a_window_add_up(said: list[PlannedStop], asked: tuple[int, int, int]) -> None:
    days, start = calendar(*said), asked[0]
    cut, end = start + asked[1], start + asked[1] + asked[2]
    whole = plan_of(days, "M1", start, end)
    for name in ("planned", "breaks", "planned_stops"):
        parts = [getattr(plan_of(days, "M1", *part), name) for part in ((start, cut), (cut, end))]
        assert merge([*parts[0], *parts[1]]) == getattr(whole, name)


@given(said=stops)
def test_the_order_in_which_stops_are_said_does_not_matter_and_none_leaves_the_plan(
    said: list[PlannedStop],
) -> None:
    window = (OPENS - 24 * HOUR, OPENS + 48 * HOUR)
    days = calendar(*said)
    assert plan_of(days, "M1", *window) == plan_of(
        replace(days, planned_stops=tuple(reversed(said))), "M1", *window
    )
    assert plan_of(calendar(), "M1", *window).planned == planned_between(days, *window)


def test_a_stop_over_the_change_to_summer_time_is_as_long_as_the_clock_says() -> None:
    night = date(2026, 3, 28)
    start = to_ms(datetime.combine(night, time(22), ZONE))
    end = to_ms(datetime.combine(night.replace(day=29), time(6), ZONE))
    plan = plan_of(calendar(PlannedStop(start, end)), "M1", start, end)
    assert (plan.planned, minutes(plan.planned_stops) + minutes(plan.breaks)) == ([], 7 * 60)
