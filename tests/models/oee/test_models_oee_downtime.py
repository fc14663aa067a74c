"""Laws of stops and their corrections."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.oee.downtime import (
    Correction,
    Stop,
    category_of,
    fates,
    is_stop,
    spans_of,
    stops_of,
    with_reasons,
)
from models.oee.policies import ISO22400, Category
from models.oee.reasons import ReasonSpan, categorised
from models.oee.solve import MachineRecord, solve
from models.oee.stop_rules import Circumstance, StopRule, reason_by
from models.oee.timeline import Reading, Run, clip, intersect, length_ms, runs_of

SPAN = 100
STATES = ["running", "setup", "starved", "jammed", "breakdown", "idle", None]
CATEGORIES: dict[str, Category] = {"tool": "breakdown", "material": "waiting", "die": "setup"}

BARE = MachineRecord(
    machine="M",
    window=(0, SPAN),
    horizon_ms=SPAN,
    planned=[],
    observed=[],
    states=[],
    jobs=[],
    good=[],
    rejected=[],
    minor_stop_s=0.003,
    ideal_cycle_s={},
)

readings = st.lists(
    st.tuples(st.integers(0, SPAN), st.sampled_from(STATES)), max_size=20, unique_by=lambda each: each[0]
)


@st.composite
def corrections(draw: st.DrawFn) -> list[Correction]:
    said = []
    for number in range(1, draw(st.integers(0, 8)) + 1):
        start = draw(st.integers(0, SPAN))
        end = start + draw(st.integers(1, 60))
        kind = draw(st.sampled_from(["assign", "split", "merge", "note"]))
        reason = draw(st.sampled_from([*CATEGORIES, None])) if kind == "assign" else None
        said.append(Correction(number, kind, start, start if kind == "split" else end, reason))
    return said


def runs(said: Sequence[tuple[int, str | None]]) -> list[Run[str | None]]:
    return runs_of([Reading(at, state) for at, state in said], SPAN)


def folded(said: Sequence[tuple[int, str | None]], corrected: Sequence[Correction]) -> list[Stop]:
    return with_reasons(stops_of(runs(said), corrected, 0.003, ISO22400), corrected, [], lambda _: None)


@settings(max_examples=80)
@given(readings, corrections())
def test_corrections_never_make_or_lose_stop_time(
    said: list[tuple[int, str | None]], corrected: list[Correction]
) -> None:
    stood = sum(run.end_ms - run.start_ms for run in runs(said) if is_stop(run, ISO22400))
    stops = folded(said, corrected)
    assert sum(stop.length_ms for stop in stops) == stood
    assert all(a.end_ms <= b.start_ms for a, b in pairwise(stops))
    assert all(stop.length_ms > 0 for stop in stops)


@settings(max_examples=80)
@given(readings, corrections(), st.data())
def test_a_split_and_a_merge_undo_each_other(
    said: list[tuple[int, str | None]], corrected: list[Correction], data: st.DataObject
) -> None:
    stops = folded(said, corrected)
    long = [stop for stop in stops if stop.length_ms > 1]
    if long:
        stop = data.draw(st.sampled_from(long))
        at = data.draw(st.integers(stop.start_ms + 1, stop.end_ms - 1))
        split = Correction(100, "split", at, at)
        merge = Correction(101, "merge", stop.start_ms, stop.end_ms)
        cut = folded(said, [*corrected, split])
        assert len(cut) == len(stops) + 1
        assert folded(said, [*corrected, split, merge]) == stops
    pairs = [(a, b) for a, b in pairwise(stops) if a.end_ms == b.start_ms]
    if pairs:
        left, right = data.draw(st.sampled_from(pairs))
        merge = Correction(100, "merge", left.start_ms, right.end_ms)
        split = Correction(101, "split", right.start_ms, right.start_ms)
        assert len(folded(said, [*corrected, merge])) == len(stops) - 1
        assert folded(said, [*corrected, merge, split]) == stops


@settings(max_examples=50)
@given(readings, corrections(), st.integers(0, 1 << 30))
def test_the_order_in_which_readings_and_corrections_arrive_does_not_matter(
    said: list[tuple[int, str | None]], corrected: list[Correction], seed: int
) -> None:
    random = Random(seed)
    shuffled, turned = [*said, *said[::2]], corrected[:]
    random.shuffle(shuffled)
    random.shuffle(turned)
    assert folded(shuffled, turned) == folded(said, corrected)
    stops = folded(said, corrected)
    fate = fates(runs(said), stops, corrected, ISO22400)
    assert fates(runs(shuffled), stops, turned, ISO22400) == fate


@settings(max_examples=50)
@given(readings, corrections())
def test_what_changed_nothing_is_not_called_active(
    said: list[tuple[int, str | None]], corrected: list[Correction]
) -> None:
    whole = folded(said, corrected)
    fate = fates(runs(said), whole, corrected, ISO22400)
    assert set(fate) == {each.number for each in corrected}
    for each in corrected:
        others = [other for other in corrected if other is not each]
        if each.kind in {"split", "merge"} and fate[each.number] == "unmatched":
            assert [(s.start_ms, s.end_ms) for s in folded(said, others)] == [
                (s.start_ms, s.end_ms) for s in whole
            ]


@settings(max_examples=50)
@given(readings, corrections())
def test_reasons_move_time_between_losses_and_keep_their_sum(
    said: list[tuple[int, str | None]], corrected: list[Correction]
) -> None:
    record = MachineRecord(
        machine="M",
        window=(0, SPAN),
        horizon_ms=SPAN,
        planned=[(5, 60), (70, SPAN)],
        observed=[(0, 40), (45, SPAN)],
        states=[Reading(at, state) for at, state in said],
        jobs=[],
        good=[],
        rejected=[],
        minor_stop_s=0.003,
        ideal_cycle_s={},
    )
    spans = spans_of(folded(said, corrected), CATEGORIES.get, ISO22400)
    plain, reasoned = solve(record).tally(), solve(replace(record, reasons=spans)).tally()
    assert (plain.planned_ms, plain.observed_ms, plain.running_ms) == (
        reasoned.planned_ms,
        reasoned.observed_ms,
        reasoned.running_ms,
    )
    lost = [t.breakdown_ms + t.setup_ms + t.waiting_ms + t.minor_ms for t in (plain, reasoned)]
    assert lost[0] == lost[1]


@settings(max_examples=150)
@given(readings, corrections(), st.integers(0, SPAN // 2), st.integers(0, 40))
def test_stops_count_the_same_one_by_one_as_in_the_figure(
    said: list[tuple[int, str | None]], corrected: list[Correction], start: int, minor_ms: int
) -> None:
    planned, observed = [(5, 60), (70, SPAN)], [(0, 40), (45, SPAN)]
    counted = intersect(planned, observed)
    stops = with_reasons(
        stops_of(runs(said), corrected, minor_ms / 1000, ISO22400), corrected, [], lambda _: None
    )
    record = replace(
        BARE,
        window=(start, SPAN),
        planned=planned,
        observed=observed,
        states=[Reading(at, state) for at, state in said],
        minor_stop_s=minor_ms / 1000,
        reasons=spans_of(stops, CATEGORIES.get, ISO22400),
    )
    lost = dict.fromkeys(("breakdown", "setup", "waiting", "minor_stops"), 0)
    for stop in stops:
        name = "minor_stops" if stop.is_minor else category_of(stop, CATEGORIES.get, ISO22400)
        lost[name] += length_ms(clip(counted, max(stop.start_ms, start), max(stop.end_ms, start)))
    tally = solve(record).tally()
    assert lost == {
        "breakdown": tally.breakdown_ms,
        "setup": tally.setup_ms,
        "waiting": tally.waiting_ms,
        "minor_stops": tally.minor_ms,
    }


def test_short_stops_that_were_merged_are_one_long_stop_and_fail_once() -> None:
    said = [(0, "running"), (20, "jammed"), (22, "starved"), (23, "breakdown"), (25, "running")]
    record = replace(
        BARE, states=[Reading(at, state) for at, state in said], planned=[(0, SPAN)], observed=[(0, SPAN)]
    )
    apart, together = folded(said, []), folded(said, [Correction(1, "merge", 20, 25)])
    assert [stop.is_minor for stop in apart] == [True, True, True]
    assert spans_of(apart, CATEGORIES.get, ISO22400) == []
    assert (solve(record).tally().minor_ms, solve(record).tally().failures) == (5, 0)
    [stop] = together
    assert (stop.state, stop.is_minor, stop.is_merged, stop.reason) == ("jammed", False, True, None)
    spans = spans_of(together, CATEGORIES.get, ISO22400)
    assert spans == [ReasonSpan(20, 25, "breakdown")]
    merged = solve(replace(record, reasons=spans)).tally()
    assert (merged.minor_ms, merged.breakdown_ms, merged.failures) == (0, 5, 1)


def test_a_reason_decides_which_loss_the_time_counts_as() -> None:
    said = [(0, "running"), (20, "idle"), (50, "running")]
    tool = Correction(1, "assign", 20, 50, "tool")
    spans = spans_of(folded(said, [tool]), CATEGORIES.get, ISO22400)
    assert spans == [ReasonSpan(20, 50, "breakdown")]
    record = MachineRecord(
        machine="M",
        window=(10, 40),
        horizon_ms=SPAN,
        planned=[(0, 30)],
        observed=[(0, SPAN)],
        states=[Reading(at, state) for at, state in said],
        jobs=[],
        good=[],
        rejected=[],
        minor_stop_s=0.003,
        ideal_cycle_s={},
        reasons=spans,
    )
    result = solve(record)
    assert [(s.start_ms, s.end_ms, s.category) for s in result.segments] == [
        (10, 20, "production"),
        (20, 30, "breakdown"),
        (30, 40, "unplanned"),
    ]
    assert result.tally().breakdown_ms == 10


def test_segments_are_cut_where_a_split_gave_half_of_a_stop_another_reason() -> None:
    said = [(0, "running"), (20, "idle"), (60, "running")]
    corrected = [
        Correction(1, "split", 40, 40),
        Correction(2, "assign", 20, 40, "tool"),
        Correction(3, "assign", 40, 60, "die"),
    ]
    spans = spans_of(folded(said, corrected), CATEGORIES.get, ISO22400)
    assert spans == [ReasonSpan(20, 40, "breakdown"), ReasonSpan(40, 60, "setup")]
    assert categorised([], spans) == []


def test_a_reason_given_while_the_machine_stands_holds_for_the_whole_stop() -> None:
    said = [(0, "running"), (10, "breakdown"), (90, "running")]
    assert folded(said, [Correction(1, "assign", 10, 15, "tool")])[0].reason == "tool"


def test_a_reason_survives_late_readings_that_cut_the_stop() -> None:
    tool = Correction(1, "assign", 10, 90, "tool")
    late = [(0, "running"), (10, "breakdown"), (40, "running"), (60, "idle"), (90, "running")]
    assert [stop.reason for stop in folded(late, [tool])] == ["tool", "tool"]


def test_a_correction_that_late_readings_left_without_a_stop_is_told() -> None:
    corrected = [
        Correction(1, "assign", 10, 50, "tool"),
        Correction(2, "split", 30, 30),
        Correction(3, "merge", 10, 60),
        Correction(4, "note", 10, 50),
    ]
    said: list[tuple[int, str | None]] = [(0, "running"), (80, "idle")]
    stops = folded(said, corrected)
    assert set(fates(runs(said), stops, corrected, ISO22400).values()) == {"unmatched"}


def test_a_later_word_supersedes_an_earlier_one() -> None:
    said: list[tuple[int, str | None]] = [(0, "running"), (10, "idle"), (60, "running")]
    corrected = [
        Correction(1, "assign", 10, 60, "tool"),
        Correction(2, "split", 30, 30),
        Correction(3, "merge", 10, 60),
        Correction(4, "assign", 10, 60, "die"),
    ]
    stops = folded(said, corrected)
    assert [(stop.reason, stop.source, stop.correction) for stop in stops] == [("die", "operator", 4)]
    assert fates(runs(said), stops, corrected, ISO22400) == {
        1: "superseded",
        2: "superseded",
        3: "active",
        4: "active",
    }


def test_an_operator_is_believed_before_the_plc_and_the_plc_before_a_rule() -> None:
    stops = stops_of(runs([(0, "idle"), (30, "running"), (60, "idle")]), [], 0.003, ISO22400)
    plc: list[Run[str | None]] = [Run(0, 5, "tool"), Run(5, 40, "die"), Run(40, SPAN, None)]

    def by_rule(_stop: Stop) -> str:
        return "material"

    found = with_reasons(stops, [], plc, by_rule)
    assert [(stop.reason, stop.source) for stop in found] == [("die", "plc"), ("material", "rule")]
    said = with_reasons(stops, [Correction(1, "assign", 0, 30, "tool")], plc, by_rule)
    assert (said[0].reason, said[0].source) == ("tool", "operator")
    taken_back = [Correction(1, "assign", 0, 30, "tool"), Correction(2, "assign", 0, 30)]
    assert with_reasons(stops, taken_back, plc, by_rule)[0].source == "plc"


def test_a_minor_stop_takes_no_correction() -> None:
    said: list[tuple[int, str | None]] = [(0, "running"), (10, "jammed"), (12, "running")]
    corrected = [Correction(1, "assign", 10, 12, "tool")]
    stops = folded(said, corrected)
    assert (stops[0].is_minor, stops[0].reason) == (True, None)
    assert fates(runs(said), stops, corrected, ISO22400) == {1: "unmatched"}


STOP = Circumstance("L1-OP10", "idle", 600.0, "BD-280", 23 * 60, 4)


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (StopRule("r"), True),
        (StopRule("r", states=frozenset({"idle"}), machines=frozenset({"L1-OP10"})), True),
        (StopRule("r", states=frozenset({"setup"})), False),
        (StopRule("r", products=frozenset({"BD-320"})), False),
        (StopRule("r", min_s=600, max_s=601), True),
        (StopRule("r", max_s=600), False),
        (StopRule("r", from_minute=22 * 60, to_minute=6 * 60), True),
        (StopRule("r", from_minute=6 * 60, to_minute=22 * 60), False),
        (StopRule("r", weekdays=frozenset({0})), False),
    ],
)
def test_a_rule_asks_what_it_names_and_nothing_else(rule: StopRule, *, fits: bool) -> None:
    assert rule.fits(STOP) is fits


def test_the_first_rule_that_fits_names_the_reason() -> None:
    rules = [StopRule("a", states=frozenset({"setup"})), StopRule("b"), StopRule("c")]
    assert reason_by(rules, STOP) == "b"
    assert reason_by([], STOP) is None
