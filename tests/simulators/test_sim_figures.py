"""The world's OEE arithmetic against published answers and hand-made ledgers."""

from dataclasses import replace
from itertools import pairwise

import pytest
from demo_worlds import Worlds

from simulators.figures import Figures, machine_figures, parts_by_job, parts_by_order
from simulators.ledger import JobEntry, Ledger, PartEntry, StateEntry
from simulators.plant_file import Plant, Shift
from simulators.shift_calendar import length_ms, merged, overlap, planned

MINUTE_MS = 60_000
DAYS = frozenset(range(7))
MACHINE = "L1-OP10"


@pytest.fixture
def plant(demo: Plant) -> Plant:
    """The demo plant working 00:00-24:00 UTC without breaks."""
    day = Shift("day", 0, 0, DAYS, ())
    return replace(demo, timezone="UTC", shifts=(day,))


def shift_of(plant: Plant, end_min: int, breaks: tuple[tuple[int, int], ...] = ()) -> Plant:
    return replace(plant, shifts=(Shift("one", 0, end_min, DAYS, breaks),))


def midnight(plant: Plant) -> int:
    return plant.origin_ms // 86_400_000 * 86_400_000


class Day:
    """A ledger written by hand, in minutes from midnight."""

    def __init__(self, plant: Plant, through_min: float) -> None:
        self.start_ms = midnight(plant)
        end_ms = self.at(through_min)
        self.ledger = Ledger(plant.id, 0, self.start_ms, end_ms)
        self.ledger.states[MACHINE] = []
        self.ledger.parts[MACHINE] = []

    def at(self, minute: float) -> int:
        return self.start_ms + round(minute * MINUTE_MS)

    def state(self, minute: float, state: str) -> "Day":
        self.ledger.states[MACHINE].append(StateEntry(self.at(minute), state, ""))
        return self

    def part(self, minute: float, *, good: bool, ideal_s: float, order: str = "SO-1") -> "Day":
        part = PartEntry(self.at(minute), 110, order, 1, good, ideal_s, "")
        self.ledger.parts[MACHINE].append(part)
        return self

    def parts(self, count: int, rejected: int, ideal_s: float, between: tuple[float, float]) -> "Day":
        since, until = between
        for i in range(count):
            self.part(since + (until - since) * i / count, good=i >= rejected, ideal_s=ideal_s)
        return self

    def figures(self, plant: Plant, since: float, until: float) -> Figures:
        return machine_figures(self.ledger, plant, MACHINE, (self.at(since), self.at(until)))


def test_vorne_fast_guide(plant: Plant) -> None:
    """Vorne, Fast Guide to OEE: 480 min with 60 of breaks, 47 down, 60/min, 19,271 made, 423 rejected."""
    works = shift_of(plant, 480, ((120, 135), (240, 270), (360, 375)))
    day = Day(works, 480).state(0, "running").state(10, "breakdown").state(57, "running")
    for start, end in ((120, 135), (240, 270), (360, 375)):
        day.state(start, "planned_stop").state(end, "running")
    figures = day.parts(19_271, 423, 1.0, (60, 119)).figures(works, 0, 480)
    assert figures["planned_s"] == 420 * 60
    assert figures["availability"] == pytest.approx(0.888095, abs=5e-7)
    assert figures["effectiveness"] == pytest.approx(0.861081, abs=5e-7)
    assert figures["quality"] == pytest.approx(0.978050, abs=5e-7)
    assert figures["oee"] == pytest.approx(0.747937, abs=5e-7)
    assert (figures["good"], figures["rejected"]) == (18_848, 423)
    assert figures["losses"]["breakdown"] == 47 * 60


def test_flux_apq(plant: Plant) -> None:
    """InfluxData's APQ test: planned 8 h, running 3 h, 240 parts of 30 s, 4 bad."""
    works = shift_of(plant, 480)
    day = Day(works, 480).state(0, "running").state(60, "running").state(120, "idle")
    day.state(180, "running").state(210, "running").state(240, "idle")
    figures = day.parts(240, 4, 30.0, (0, 120)).figures(works, 0, 480)
    assert figures["production_s"] == 10_800
    assert figures["availability"] == pytest.approx(0.375)
    assert figures["effectiveness"] == pytest.approx(0.6666667, abs=5e-8)
    assert figures["quality"] == pytest.approx(0.9833333, abs=5e-8)
    assert figures["oee"] == pytest.approx(0.2458333, abs=5e-8)


def test_willmott_tpm(plant: Plant) -> None:
    """Willmott, TPM, p. 127: 910 min planned, 115 + 12 down, cycle 3 min, 203 cycles."""
    works = shift_of(plant, 910)
    day = Day(works, 910).state(0, "running").state(100, "breakdown").state(215, "running")
    day.state(300, "setup").state(312, "running").parts(203, 0, 180.0, (0, 90))
    figures = day.figures(works, 0, 910)
    assert figures["availability"] == pytest.approx(783 / 910)
    assert figures["effectiveness"] == pytest.approx(203 / 261)


def test_six_losses(plant: Plant) -> None:
    """480 min planned, 80 down of which 30 setup, cycle 0.5 min, 700 made, 100 rejected, 40 at start-up."""
    works = shift_of(plant, 480)
    day = Day(works, 480).state(0, "setup").state(30, "running")
    day.parts(40, 40, 30.0, (31, 60)).parts(660, 0, 30.0, (61, 399))
    late = [replace_good(part, good=False) for part in day.ledger.parts[MACHINE][-60:]]
    day.ledger.parts[MACHINE][-60:] = late
    day.state(400, "breakdown").state(450, "running")
    losses = day.figures(works, 0, 480)["losses"]
    assert losses["breakdown"] == 50 * 60
    assert losses["setup"] == 30 * 60
    assert losses["reduced_speed"] + losses["minor_stops"] == 50 * 60
    assert losses["production_rejects"] == 30 * 60
    assert losses["startup_rejects"] == 20 * 60


def replace_good(part: PartEntry, *, good: bool) -> PartEntry:
    return part._replace(good=good)


def test_a_stop_is_minor_by_its_whole_length_even_when_clipped(plant: Plant) -> None:
    day = Day(plant, 60).state(0, "running").state(10, "jammed").state(13, "running")
    day.state(20, "jammed").state(21.9, "running").state(30, "jammed").state(32, "running")
    long_half = day.figures(plant, 0, 11)["losses"]
    assert (long_half["breakdown"], long_half["minor_stops"]) == (60, 0)
    short_half = day.figures(plant, 14, 21)["losses"]
    assert (short_half["breakdown"], short_half["minor_stops"]) == (0, 60)
    at_threshold = day.figures(plant, 30, 31)["losses"]
    assert (at_threshold["breakdown"], at_threshold["minor_stops"]) == (60, 0)


def test_states_fall_into_their_loss_categories(plant: Plant) -> None:
    day = Day(plant, 100)
    order = ("running", "breakdown", "jammed", "setup", "starved", "blocked", "idle", "planned_stop")
    for i, state in enumerate(order):
        day.state(10 * i, state)
    day.state(80, "running")
    losses = day.figures(plant, 0, 100)["losses"]
    assert (losses["breakdown"], losses["setup"], losses["waiting"]) == (1200, 600, 2400)


def test_only_covered_time_and_its_parts_count(plant: Plant) -> None:
    day = Day(plant, 60).state(0, "running").state(10, "breakdown").state(20, "running")
    for minute in (5, 25, 35, 45):
        day.part(minute, good=True, ideal_s=60.0)
    covered = [(day.at(0), day.at(15)), (day.at(40), day.at(60)), (day.at(50), day.at(60))]
    figures = machine_figures(day.ledger, plant, MACHINE, (day.at(0), day.at(60)), covered)
    assert figures["planned_s"] == 3600
    assert figures["observed_planned_s"] == 35 * 60
    assert figures["coverage"] == pytest.approx(35 / 60)
    assert figures["availability"] == pytest.approx(30 / 35)
    assert figures["good"] == 2
    assert figures["losses"]["breakdown"] == 5 * 60


def test_nothing_planned_gives_no_figure(plant: Plant) -> None:
    works = shift_of(plant, 480)
    day = Day(works, 600).state(0, "running").part(500, good=True, ideal_s=30.0)
    figures = day.figures(works, 490, 600)
    assert [figures[name] for name in ("availability", "effectiveness", "quality", "oee", "coverage")] == [
        None
    ] * 5
    assert (figures["good"], figures["planned_s"]) == (0, 0.0)


def test_a_window_edge_belongs_to_the_next_window(plant: Plant) -> None:
    day = Day(plant, 60).state(0, "running").part(30, good=True, ideal_s=30.0)
    assert day.figures(plant, 0, 30)["good"] == 0
    assert day.figures(plant, 30, 60)["good"] == 1


def test_effectiveness_above_one_is_not_capped(plant: Plant) -> None:
    day = Day(plant, 60).state(0, "running").parts(90, 0, 60.0, (0, 60))
    figures = day.figures(plant, 0, 60)
    assert figures["effectiveness"] == pytest.approx(1.5)
    assert figures["losses"]["reduced_speed"] == pytest.approx(-1800)


def test_startup_rejects_end_with_the_first_good_part(plant: Plant) -> None:
    day = Day(plant, 60).state(0, "setup").state(10, "running")
    for minute, good in ((11, False), (12, False), (13, True), (14, False)):
        day.part(minute, good=good, ideal_s=30.0)
    losses = day.figures(plant, 0, 60)["losses"]
    assert (losses["startup_rejects"], losses["production_rejects"]) == (60, 30)
    # The setup lies before the window; its consequence does not.
    assert day.figures(plant, 12, 60)["losses"]["startup_rejects"] == 30


def test_parts_are_tallied_by_job_and_order(plant: Plant) -> None:
    day = Day(plant, 60).state(0, "running")
    day.part(1, good=True, ideal_s=30.0).part(2, good=False, ideal_s=30.0)
    day.part(3, good=True, ideal_s=30.0, order="SO-2")
    window = (day.at(0), day.at(60))
    assert parts_by_job(day.ledger, window) == {(MACHINE, 110): {"good": 2, "rejected": 1}}
    assert parts_by_order(day.ledger, window) == {
        (MACHINE, "SO-1", 1): {"good": 1, "rejected": 1},
        (MACHINE, "SO-2", 1): {"good": 1, "rejected": 0},
    }
    covered = {MACHINE: [(day.at(2), day.at(3))]}
    assert parts_by_order(day.ledger, window, covered) == {(MACHINE, "SO-1", 1): {"good": 0, "rejected": 1}}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_losses_and_good_production_fill_the_planned_time(seed: int, demo: Plant, worlds: Worlds) -> None:
    ledger = worlds.ledger(seed, 14.0)
    window = (ledger.start_ms + 1_234_567, ledger.through_ms - 7_654_321)
    for machine in demo.machines:
        figures = machine_figures(ledger, demo, machine.id, window)
        good_s = sum(
            p.ideal_s for p in ledger.parts[machine.id] if p.good and window[0] <= p.ts_ms < window[1]
        )
        lost_s = sum(value for value in figures["losses"].values() if isinstance(value, float))
        assert good_s + lost_s == pytest.approx(figures["observed_planned_s"])
        assert figures["oee"] == pytest.approx(good_s / figures["observed_planned_s"])
        assert figures["coverage"] == 1.0


def test_figures_of_parts_of_a_window_add_up(demo: Plant, worlds: Worlds) -> None:
    ledger = worlds.ledger(4, 14.0)
    cuts = [ledger.start_ms, ledger.start_ms + 11_111_111, ledger.start_ms + 33_333_333, ledger.through_ms]
    whole = machine_figures(ledger, demo, MACHINE, (cuts[0], cuts[-1]))
    pieces = [machine_figures(ledger, demo, MACHINE, window) for window in pairwise(cuts)]
    assert sum(piece["good"] for piece in pieces) == whole["good"]
    assert sum(piece["losses"]["minor_stops"] for piece in pieces) == pytest.approx(
        whole["losses"]["minor_stops"]
    )
    assert sum(piece["production_s"] for piece in pieces) == pytest.approx(whole["production_s"])


def test_the_calendar_of_the_demo(demo: Plant) -> None:
    """Monday 08:00 to Sunday 08:00 local, without half an hour of each of 18 shifts."""
    monday = demo.origin_ms - 16 * 3_600_000
    week = planned(demo, monday, monday + 7 * 86_400_000)
    assert length_ms(week) == (18 * 8 * 60 - 18 * 30) * MINUTE_MS
    assert week[0] == (monday + 8 * 3_600_000, monday + 8 * 3_600_000 + 210 * MINUTE_MS)
    assert week[-1][1] == monday + 6 * 86_400_000 + 8 * 3_600_000


def test_intervals_merge_and_overlap() -> None:
    assert merged([(5, 7), (1, 3), (3, 4), (6, 9), (2, 2)]) == [(1, 4), (5, 9)]
    assert overlap([(1, 4), (5, 9)], [(3, 6), (8, 20)]) == [(3, 4), (5, 6), (8, 9)]


def test_jobs_survive_in_the_ledger_file(plant: Plant) -> None:
    day = Day(plant, 60).state(0, "running")
    day.ledger.jobs[MACHINE] = [JobEntry(day.at(1), 110)]
    assert Ledger.from_json(day.ledger.to_json()) == day.ledger
