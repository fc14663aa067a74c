"""Single rules of OEE, one case each."""

from dataclasses import replace

import pytest

from models.oee.losses import losses_iso22400
from models.oee.score import score_iso22400
from models.oee.solve import MachineRecord, MachineResult, needs_setup_history, solve
from models.oee.timeline import Reading
from models.production.counts import JobSet
from models.production.counts import Reading as Count

BLANK = MachineRecord(
    machine="M",
    window=(0, 1_000_000),
    horizon_ms=1_000_000,
    planned=[(0, 1_000_000)],
    observed=[(0, 1_000_000)],
    states=[],
    jobs=[JobSet(0, 101)],
    good=[],
    rejected=[],
    minor_stop_s=120,
    ideal_cycle_s={101: 10.0},
)


def simple(states: list[tuple[int, str]], **changes: object) -> MachineResult:
    record = replace(BLANK, states=[Reading(at, state) for at, state in states])
    return solve(replace(record, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(("stop_ms", "category"), [(119_999, "minor_stops"), (120_000, "breakdown")])
def test_a_stop_is_minor_only_below_the_threshold(stop_ms: int, category: str) -> None:
    result = simple([(0, "running"), (100_000, "jammed"), (100_000 + stop_ms, "running")])
    assert result.segments[1].category == category
    assert result.segments[1].stop_s == stop_ms / 1000


def test_a_stop_clipped_by_the_window_is_judged_by_its_whole_length() -> None:
    result = simple([(-100_000, "starved"), (50_000, "running")])
    assert (result.segments[0].category, result.segments[0].end_ms) == ("waiting", 50_000)


def test_planned_time_zero_gives_null() -> None:
    score = score_iso22400(simple([(0, "running")], planned=[]).tally())
    assert (score.availability, score.effectiveness, score.quality, score.oee) == (None,) * 4
    assert score.coverage is None


def test_planned_time_that_nobody_observed_gives_null_and_no_coverage() -> None:
    score = score_iso22400(simple([(0, "running")], observed=[]).tally())
    assert (score.oee, score.coverage) == (None, 0)


def test_effectiveness_above_one_is_shown_and_flagged() -> None:
    tally = simple([(0, "running")], good=[Count(0, 0), Count(1_000_000, 150)]).tally()
    score = score_iso22400(tally)
    assert score.effectiveness == 1.5
    assert score.flags == ("effectiveness_above_1",)
    assert losses_iso22400(tally).reduced_speed_s == -500


def test_a_restarted_counter_is_counted_from_zero_and_flagged() -> None:
    tally = simple([(0, "running")], good=[Count(0, 900), Count(10, 901), Count(500, 3)]).tally()
    assert tally.good == 4
    assert "counter_reset" in score_iso22400(tally).flags


def test_parts_first_seen_after_a_gap_were_made_in_the_gap() -> None:
    good = [Count(0, 0), Count(100_000, 5), Count(300_000, 20), Count(310_000, 21)]
    tally = simple([(0, "running")], observed=[(0, 100_000), (300_000, 1_000_000)], good=good).tally()
    assert tally.good == 6


def test_parts_reported_at_the_instant_a_break_begins_were_made_before_it() -> None:
    good = [Count(0, 0), Count(400_000, 4), Count(500_000, 5)]
    planned = [(0, 400_000), (500_000, 1_000_000)]
    assert simple([(0, "running")], planned=planned, good=good).tally().good == 4


def test_parts_of_an_unknown_job_count_and_are_flagged() -> None:
    tally = simple([(0, "running")], jobs=[], good=[Count(0, 0), Count(10, 2)]).tally()
    assert (tally.good, tally.ideal_all_s) == (2, 0)
    assert "ideal_cycle_unknown" in score_iso22400(tally).flags


def test_a_product_change_inside_the_window_uses_each_products_own_ideal_cycle() -> None:
    result = simple(
        [(0, "running")],
        jobs=[JobSet(0, 101), JobSet(500_000, 102)],
        ideal_cycle_s={101: 10.0, 102: 40.0},
        good=[Count(0, 0), Count(500_000, 45), Count(900_000, 55)],
        rejected=[Count(0, 0), Count(600_000, 1)],
    )
    score = score_iso22400(result.tally())
    assert score.effectiveness == pytest.approx((45 * 10 + 11 * 40) / 1000)
    assert score.quality == pytest.approx((450 + 400) / 890)
    assert score.quality_plain == pytest.approx(55 / 56)
    assert [(span.job, span.good, span.rejected) for span in result.jobs] == [(101, 45, 0), (102, 10, 1)]


def test_rejects_after_a_setup_are_startup_rejects_until_the_first_good_part() -> None:
    tally = simple(
        [(0, "setup"), (200_000, "running")],
        good=[Count(0, 0), Count(400_000, 1)],
        rejected=[Count(0, 0), Count(300_000, 2), Count(500_000, 3)],
    ).tally()
    losses = losses_iso22400(tally)
    assert (losses.startup_rejects_s, losses.production_rejects_s) == (20, 10)


def test_an_unknown_state_is_unobserved_and_flagged() -> None:
    tally = simple([(0, "running"), (600_000, "odd")]).tally()
    assert tally.observed_ms == 600_000
    assert "state_unknown" in score_iso22400(tally).flags


@pytest.mark.parametrize(("reject_ms", "startup_s"), [(200_000, 0), (200_001, 10), (400_000, 0)])
def test_a_reject_at_the_setups_end_or_with_the_first_good_part_is_no_startup_reject(
    reject_ms: int, startup_s: float
) -> None:
    tally = simple(
        [(0, "setup"), (200_000, "running")],
        good=[Count(0, 0), Count(400_000, 1)],
        rejected=[Count(0, 0), Count(reject_ms, 1)],
    ).tally()
    assert losses_iso22400(tally).startup_rejects_s == startup_s


def test_a_setup_from_before_the_window_decides_until_the_first_good_part() -> None:
    states = [(-500_000, "setup"), (-300_000, "running")]
    rejected = [Count(-100_000, 0), Count(5_000, 1)]
    still_open = simple(states, good=[Count(-400_000, 7), Count(-100_000, 7)], rejected=rejected)
    closed = simple(states, good=[Count(-400_000, 7), Count(-100_000, 8)], rejected=rejected)
    assert still_open.tally().ideal_startup_s == 10
    assert closed.tally().ideal_startup_s == 0


def test_a_counter_that_restarts_at_zero_has_counted_no_good_part() -> None:
    good = [Count(-400_000, 7), Count(2_000, 0)]
    rejected = [Count(-100_000, 0), Count(5_000, 1)]
    states = [(-500_000, "setup"), (-300_000, "running")]
    assert simple(states, good=good, rejected=rejected).tally().ideal_startup_s == 10
    record = replace(BLANK, good=good, rejected=rejected)
    assert needs_setup_history(record)
    assert not needs_setup_history(replace(record, good=[*good, Count(3_000, 1)]))


def test_time_before_the_first_state_reading_is_unobserved() -> None:
    result = simple([(400_000, "running")])
    assert [(s.state, s.category) for s in result.segments] == [
        ("unobserved", "unobserved"),
        ("running", "production"),
    ]
