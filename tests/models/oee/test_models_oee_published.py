"""Published answers, each with its source (`oracles/README.md` of the reference material)."""

from dataclasses import astuple, replace

import pytest

from models.oee.indicators import indicators_of
from models.oee.losses import Losses, sum_s
from models.oee.policies import ISO22400, POINT85, POLICIES, VORNE, Policy
from models.oee.score import Tally, score_iso22400, total
from models.oee.solve import MachineRecord, solve
from models.oee.timeline import Interval, Reading
from models.production.counts import JobSet
from models.production.counts import Reading as Count

MIN = 60_000
HOUR = 60 * MIN
JOB = 101


def machine(
    planned: list[Interval],
    states: list[tuple[int, str]],
    good: list[tuple[int, int]],
    rejected: list[tuple[int, int]],
    cycle_s: float,
) -> MachineRecord:
    start, end = planned[0][0], planned[-1][1]
    return MachineRecord(
        machine="M",
        window=(start, end),
        horizon_ms=end,
        planned=planned,
        observed=[(start, end)],
        states=[Reading(at, state) for at, state in states],
        jobs=[JobSet(start, JOB)],
        good=[Count(at, value) for at, value in good],
        rejected=[Count(at, value) for at, value in rejected],
        minor_stop_s=0,
        ideal_cycle_s={JOB: cycle_s},
    )


def test_vorne_fast_guide_to_oee() -> None:
    # Shift 480 min, breaks 60; downtime 47; ideal 60 parts/min; 19,271 made, 423 rejected.
    planned = [(0, 120 * MIN), (150 * MIN, 300 * MIN), (330 * MIN, 480 * MIN)]
    states = [(0, "running"), (200 * MIN, "breakdown"), (247 * MIN, "running")]
    good = [(0, 500), (100 * MIN, 6_500), (480 * MIN, 500 + 19_271 - 423)]
    rejected = [(0, 7), (299 * MIN, 430)]
    tally = solve(machine(planned, states, good, rejected, cycle_s=1.0)).tally()
    score = score_iso22400(tally)
    assert (tally.observed_ms, tally.production_ms) == (420 * MIN, 373 * MIN)
    assert score.availability == pytest.approx(373 / 420, abs=1e-12)
    assert score.effectiveness == pytest.approx(0.861081, abs=5e-7)
    assert score.quality == pytest.approx(0.978050, abs=5e-7)
    assert score.oee == pytest.approx(0.747937, abs=5e-7)
    assert score.quality_plain == pytest.approx(score.quality)
    assert score.coverage == 1


def test_vorne_guide_under_each_policy() -> None:
    # The same shift: Point85 keeps the 60 min of breaks in the denominator, so only its availability differs.
    breaks = [(120 * MIN, 150 * MIN), (300 * MIN, 330 * MIN)]
    planned = [(0, 120 * MIN), (150 * MIN, 300 * MIN), (330 * MIN, 480 * MIN)]
    states = [(0, "running"), (200 * MIN, "breakdown"), (247 * MIN, "running")]
    record = machine(planned, states, [(0, 0), (480 * MIN, 18_848)], [(0, 0), (480 * MIN, 423)], cycle_s=1.0)
    tally = solve(replace(record, breaks=breaks)).tally()
    vorne, point85 = VORNE.score(tally), POINT85.score(tally)
    assert tally.break_ms == 60 * MIN
    assert vorne.availability == pytest.approx(0.888095, abs=5e-7)
    assert vorne.effectiveness == pytest.approx(0.861081, abs=5e-7)
    assert vorne.quality == pytest.approx(0.978050, abs=5e-7)
    assert vorne.oee == pytest.approx(0.747937, abs=5e-7)
    assert point85.availability == pytest.approx(373 / 480, abs=1e-12)
    assert point85.oee == pytest.approx(373 / 480 * 0.8610813 * 0.9780499, abs=5e-7)


def test_vorne_guide_with_two_products_in_one_hour_each_at_its_own_ideal_cycle() -> None:
    # The same shift, but the last 5,000 parts take 2 s each: 9,271 · 1 s + 5,000 · 2 s are the 19,271 s
    # of the guide, and 223 · 1 s + 100 · 2 s the 423 s of its rejects, so its answers stay.
    planned = [(0, 120 * MIN), (150 * MIN, 300 * MIN), (330 * MIN, 480 * MIN)]
    states = [(0, "running"), (200 * MIN, "breakdown"), (247 * MIN, "running")]
    good = [(0, 0), (270 * MIN, 9_048), (480 * MIN, 9_048 + 4_900)]
    rejected = [(0, 0), (270 * MIN, 223), (480 * MIN, 323)]
    record = replace(
        machine(planned, states, good, rejected, cycle_s=1.0),
        jobs=[JobSet(0, JOB), JobSet(270 * MIN, 201)],
        ideal_cycle_s={JOB: 1.0, 201: 2.0},
    )
    result = solve(record)
    score = score_iso22400(result.tally())
    assert score.effectiveness == pytest.approx(0.861081, abs=5e-7)
    assert score.quality == pytest.approx(0.978050, abs=5e-7)
    assert score.oee == pytest.approx(0.747937, abs=5e-7)
    assert score.quality_plain == pytest.approx(13_948 / 14_271, abs=1e-12)
    hour = result.tally(240 * MIN, 300 * MIN)  # both products ran in it
    assert (hour.good, hour.ideal_all_s) == (9_048, 9_271)
    parts = result.by_job(0, 480 * MIN)
    assert {job: each.ideal_all_s for job, each in parts.items() if each.good} == {JOB: 9_271, 201: 10_000}


def test_vorne_guide_with_its_rejects_reworked_keeps_its_answer_by_the_first_pass() -> None:
    # Vorne counts as good what is so the first time: 423 parts made good by rework cost what rejects cost.
    planned = [(0, 120 * MIN), (150 * MIN, 300 * MIN), (330 * MIN, 480 * MIN)]
    states = [(0, "running"), (200 * MIN, "breakdown"), (247 * MIN, "running")]
    record = machine(planned, states, [(0, 0), (480 * MIN, 19_271)], [(0, 0)], cycle_s=1.0)
    tally = solve(replace(record, reworked=[Count(0, 0), Count(480 * MIN, 423)])).tally()
    vorne, iso = VORNE.score(tally), ISO22400.score(tally)
    assert vorne.quality == pytest.approx(0.978050, abs=5e-7)
    assert vorne.oee == pytest.approx(0.747937, abs=5e-7)
    assert (iso.quality, iso.availability) == (1, vorne.availability)
    assert indicators_of(tally).first_pass_yield == pytest.approx(0.978050, abs=5e-7)


def test_the_policies_weigh_rejects_of_unlike_products_differently() -> None:
    # 100 parts of 60 s all good, 100 parts of 6 s of which 50 bad: by time 5 % is lost, by count a quarter.
    tally = Tally(
        planned_ms=2 * HOUR,
        observed_ms=2 * HOUR,
        running_ms=2 * HOUR,
        good=150,
        rejected=50,
        ideal_all_s=6_600,
        ideal_good_s=6_300,
    )
    assert ISO22400.score(tally).quality == pytest.approx(6_300 / 6_600)
    assert VORNE.score(tally).quality == 0.75


@pytest.mark.parametrize("policy", POLICIES.values(), ids=list(POLICIES))
def test_no_planned_time_has_no_figure_and_no_part_has_no_oee(policy: Policy) -> None:
    assert policy.score(Tally()).oee is None
    assert policy.score(Tally(planned_ms=HOUR, observed_ms=HOUR, running_ms=HOUR)).oee == 0


def test_influxdata_flux_experimental_oee_apq() -> None:
    # Planned 8 h, ideal cycle 30 s, window 00:00-04:00; parts 1200 -> 1440, bad 10 -> 14.
    states = [(0, "running"), (HOUR, "running"), (2 * HOUR, "idle"), (3 * HOUR, "running")]
    states += [(3 * HOUR + 30 * MIN, "running"), (4 * HOUR, "idle")]
    good = [(0, 1190), (4 * HOUR, 1426)]
    rejected = [(0, 10), (4 * HOUR, 14)]
    tally = solve(machine([(0, 8 * HOUR)], states, good, rejected, cycle_s=30.0)).tally()
    score = score_iso22400(tally)
    assert tally.running_ms == 10_800_000
    assert score.availability == 0.375
    assert score.effectiveness == pytest.approx(0.6666667, abs=5e-8)
    assert score.quality == pytest.approx(0.9833333, abs=5e-8)
    assert score.oee == pytest.approx(0.2458333, abs=5e-8)


def test_willmott_tpm_page_127() -> None:
    # 910 min planned; 115 + 12 min down; cycle 3 min; 203 cycles.
    states = [(0, "running"), (60 * MIN, "breakdown"), (175 * MIN, "running")]
    states += [(400 * MIN, "setup"), (412 * MIN, "running")]
    good = [(0, 0), (910 * MIN, 203)]
    score = score_iso22400(solve(machine([(0, 910 * MIN)], states, good, [(0, 0)], cycle_s=180.0)).tally())
    assert score.availability == pytest.approx(783 / 910, abs=1e-12)
    assert score.effectiveness == pytest.approx(203 / 261, abs=1e-12)


def test_aggregation_is_by_time_not_by_averaging_ratios() -> None:
    # Machine 1: .80 over 100 h, machine 2: .45 over 300 h planned: .5375, not .625.
    one = Tally(planned_ms=100 * HOUR, observed_ms=100 * HOUR, running_ms=80 * HOUR)
    two = Tally(planned_ms=300 * HOUR, observed_ms=300 * HOUR, running_ms=135 * HOUR)
    assert score_iso22400(one).availability == 0.80
    assert score_iso22400(two).availability == 0.45
    assert score_iso22400(total([one, two])).availability == pytest.approx(0.5375, abs=1e-12)


def test_six_losses_in_minutes() -> None:
    # Planned 480 min; 80 down of which 30 setup; cycle 0.5 min; 700 made; 100 rejected, 40 at start-up.
    states = [(0, "running"), (100 * MIN, "setup"), (130 * MIN, "running")]
    states += [(300 * MIN, "breakdown"), (350 * MIN, "running")]
    rejected = [(0, 0), (140 * MIN, 40), (450 * MIN, 100)]
    good = [(0, 0), (150 * MIN, 1), (480 * MIN, 600)]
    tally = solve(machine([(0, 480 * MIN)], states, good, rejected, cycle_s=30.0)).tally()
    losses = ISO22400.losses(tally)
    assert losses.breakdown_s / 60 == 50
    assert losses.setup_s / 60 == 30
    assert (losses.reduced_speed_s + losses.minor_stops_s) / 60 == 50
    assert losses.production_rejects_s / 60 == 30
    assert losses.startup_rejects_s / 60 == 20


def test_vorne_and_point85_lose_rework_and_breaks_too() -> None:
    # The same 480 min with 60 min of breaks beside them and 70 good parts reworked, by hand in minutes.
    tally = Tally(
        planned_ms=480 * MIN,
        observed_ms=480 * MIN,
        running_ms=400 * MIN,
        breakdown_ms=50 * MIN,
        setup_ms=30 * MIN,
        break_ms=60 * MIN,
        good=600,
        rejected=100,
        reworked=70,
        ideal_all_s=700 * 30,
        ideal_good_s=600 * 30,
        ideal_startup_s=40 * 30,
    )
    by_hand = {
        "iso22400": Losses(0, 50, 30, 0, 0, 50, 20, 30, 0),
        "vorne": Losses(0, 50, 30, 0, 0, 50, 20, 30, 35),
        "point85": Losses(60, 50, 30, 0, 0, 50, 20, 30, 35),
    }
    effective_min = {"iso22400": 300, "vorne": 265, "point85": 265}
    for name, policy in POLICIES.items():
        losses, oee = policy.losses(tally), policy.score(tally).oee
        found = [s / 60 for s in astuple(losses)]
        assert found == pytest.approx(astuple(by_hand[name])), name
        whole_min = 540 if name == "point85" else 480
        assert whole_min - sum_s(losses) / 60 == pytest.approx(effective_min[name]), name
        assert oee == pytest.approx(effective_min[name] / whole_min), name


def test_the_policy_is_found_by_its_name() -> None:
    assert POLICIES["iso22400"] is ISO22400
