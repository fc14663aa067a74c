from dataclasses import replace

import pytest

from models.oee.changeovers import changeovers
from models.oee.indicators import indicators_of
from models.oee.losses import in_parts, losses_iso22400
from models.oee.policies import POLICIES
from models.oee.score import Tally, score_iso22400
from models.oee.solve import Charge, MachineRecord, solve
from models.oee.timeline import Reading
from models.production.counts import JobSet
from models.production.counts import Reading as Count

MIN = 60_000
DAY = 1440 * MIN
VORNE = Tally(
    planned_ms=420 * MIN,
    observed_ms=420 * MIN,
    running_ms=373 * MIN,
    breakdown_ms=47 * MIN,
    good=18_848,
    rejected=423,
    ideal_all_s=19_271,
    ideal_good_s=18_848,
    failures=2,
)


def test_indicators_of_vornes_shift() -> None:
    found = indicators_of(VORNE, DAY)
    oee = score_iso22400(VORNE).oee
    assert oee is not None
    assert found.teep == pytest.approx(oee * 420 / 1440, abs=1e-12)
    assert found.nee == pytest.approx(oee, abs=1e-12)  # nothing was set up
    assert (found.mttf_s, found.mttr_s, found.mtbf_s) == (186.5 * 60, 23.5 * 60, 210 * 60)
    assert found.technical_efficiency == pytest.approx(373 / 420)
    assert found.scrap_ratio == pytest.approx(423 / 19_271)
    assert found.first_pass_yield == pytest.approx(18_848 / 19_271)
    assert found.takt_adherence is None  # one machine's tally does not say what its line finished


def test_setup_is_unit_processing_time_in_nee() -> None:
    tally = replace(VORNE, breakdown_ms=17 * MIN, setup_ms=30 * MIN, setups=2)
    found, oee = indicators_of(tally), score_iso22400(tally).oee
    assert oee is not None
    assert found.nee == pytest.approx(oee * 403 / 373, abs=1e-12)
    assert found.setup_ratio == pytest.approx(30 / 403)
    assert found.mean_setup_s == 900


def test_without_failures_planned_time_or_parts_there_is_no_mean_and_no_ratio() -> None:
    found = indicators_of(Tally())
    assert found.mtbf_s is found.mttr_s is found.mttf_s is None
    assert found.nee is found.scrap_ratio is found.teep is None
    assert in_parts(losses_iso22400(Tally()), Tally()) is None


def test_six_losses_in_parts() -> None:
    # The six losses exercise: cycle 0.5 min, so 50 min of breakdown are 100 parts, 100 rejects are 100.
    tally = Tally(
        planned_ms=480 * MIN,
        observed_ms=480 * MIN,
        running_ms=400 * MIN,
        breakdown_ms=50 * MIN,
        setup_ms=30 * MIN,
        good=600,
        rejected=100,
        ideal_all_s=700 * 30,
        ideal_good_s=600 * 30,
        ideal_startup_s=40 * 30,
    )
    lost = in_parts(losses_iso22400(tally), tally)
    assert lost is not None
    assert (lost.breakdown_s, lost.setup_s, lost.reduced_speed_s) == (100, 60, 100)
    assert (lost.production_rejects_s, lost.startup_rejects_s) == (60, 40)


def record(**more: object) -> MachineRecord:
    plain = MachineRecord(
        machine="M",
        window=(0, 100 * MIN),
        horizon_ms=100 * MIN,
        planned=[(0, 50 * MIN), (60 * MIN, 100 * MIN)],
        observed=[(0, 100 * MIN)],
        states=[
            Reading(0, "running"),
            Reading(20 * MIN, "setup"),
            Reading(30 * MIN, "running"),
            Reading(45 * MIN, "breakdown"),
            Reading(65 * MIN, "running"),
        ],
        jobs=[JobSet(0, 101), JobSet(18 * MIN, 0), JobSet(22 * MIN, 201)],
        good=[Count(0, 0), Count(10 * MIN, 5), Count(17 * MIN, 8), Count(36 * MIN, 10), Count(90 * MIN, 20)],
        rejected=[Count(0, 0)],
        minor_stop_s=60,
        ideal_cycle_s={101: 60, 201: 120},
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def test_a_stop_that_a_break_cuts_is_one_failure() -> None:
    tally = solve(record()).tally()
    assert (tally.failures, tally.setups) == (1, 1)
    assert tally.breakdown_ms == 10 * MIN  # 45-50 and 60-65, the break between is not planned


def test_a_changeover_lasts_from_good_part_to_good_part() -> None:
    [change] = changeovers(solve(record()), {101: "A", 201: "B"})
    assert (change.from_product, change.to_product, change.is_done) == ("A", "B", True)
    assert (change.start_ms, change.end_ms, change.setup_ms) == (17 * MIN, 36 * MIN, 10 * MIN)
    assert changeovers(solve(record()), {101: "A", 201: "A"}) == []


def test_reworked_parts_are_good_but_not_at_the_first_pass() -> None:
    tally = solve(record(reworked=[Count(0, 0), Count(36 * MIN, 2)])).tally()
    found = indicators_of(tally)
    assert (tally.good, tally.reworked) == (20, 2)
    assert found.first_pass_yield == pytest.approx(18 / 20)
    assert found.rework_ratio == pytest.approx(2 / 20)


def test_good_parts_of_a_job_of_rework_are_reworked_and_count_as_the_policy_says() -> None:
    tally = solve(record(rework_jobs={201}, reworked=[Count(0, 0), Count(36 * MIN, 2)])).tally()
    assert (tally.good, tally.reworked) == (20, 12)  # what the counter says of the job is not added
    assert solve(record(rework_jobs={201})).by_job(0, 100 * MIN)[201].reworked == 12
    iso, vorne, point85 = (POLICIES[name].score(tally) for name in ("iso22400", "vorne", "point85"))
    assert (iso.quality, vorne.quality, point85.quality) == (1, 8 / 20, 8 / 20)
    assert vorne.oee == pytest.approx((iso.oee or 0) * 8 / 20)
    assert vorne.quality_plain == 1


def test_scrap_found_later_is_rejected_where_it_was_made() -> None:
    before = solve(record()).tally(0, 20 * MIN)
    charged = solve(record(charged=[Charge(17 * MIN, 3, 101)]))
    after = charged.tally(0, 20 * MIN)
    assert (before.good, before.rejected, after.good, after.rejected) == (8, 0, 5, 3)
    assert after.ideal_all_s == before.ideal_all_s
    assert after.ideal_good_s == before.ideal_good_s - 180
    assert charged.tally(20 * MIN, 100 * MIN) == solve(record()).tally(20 * MIN, 100 * MIN)
