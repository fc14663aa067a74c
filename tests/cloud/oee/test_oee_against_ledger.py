"""The product's figures against the arithmetic of the simulated world, which shares no code with it."""

from collections.abc import Callable, Mapping
from random import Random

import pytest
from oee_floor import HOUR_MS, Interval, cover, readings, release_orders, store_disturbed, world

from cloud.db import Database
from cloud.oee import queries
from cloud.oee.schemas import Figure, OeeOut
from cloud.plant.queries import machines
from cloud.plant.schemas import ms_from_iso
from simulators.figures import machine_figures, parts_by_job
from simulators.ledger import Ledger
from simulators.plant_file import Plant

pytestmark = pytest.mark.slow

Floor = Callable[..., tuple[Plant, Ledger]]
RATIOS = ("availability", "effectiveness", "quality", "oee", "coverage")
TIMES = ("planned_s", "observed_planned_s", "production_s")


def assert_same(ours: Figure, theirs: Mapping[str, object], where: str) -> None:
    assert (ours.good, ours.rejected) == (theirs["good"], theirs["rejected"]), where
    for name in (*RATIOS, *TIMES):
        assert getattr(ours, name) == pytest.approx(theirs[name], abs=1e-9), f"{name} of {where}"
    losses = ours.losses.model_dump()
    # The ledger goes by ISO 22400, to which breaks and rework are no losses.
    known = {**theirs["losses"], "planned_downtime": 0, "rework": 0}
    assert losses == pytest.approx(known, abs=1e-6), f"losses of {where}"


def dice(seed: int | str) -> Random:
    return Random(seed)


def windows(ledger: Ledger, random: Random, number: int) -> list[Interval]:
    """Windows with odd ends: the world's events lie on even milliseconds, so none meets an end."""
    start, end = ledger.start_ms, ledger.through_ms
    cuts = [sorted(random.sample(range(start | 1, end, 2), 2)) for _ in range(number)]
    return [(start - 1, end), *((a, b) for a, b in cuts)]


@pytest.mark.parametrize("seed", [3, pytest.param(11, marks=pytest.mark.slow)])
def test_every_machines_figures_are_the_ledgers(plant_db: Database, floor: Floor, seed: int) -> None:
    plant, ledger = floor(seed)
    with plant_db.read() as session:
        for window in windows(ledger, dice(seed), 6):
            answer = queries.oee(session, "site", window, ledger.through_ms)
            for each in answer.machines:
                if each.machine not in ledger.states:  # a bench whose people write down what it did
                    assert each.figure.observed_planned_s == 0
                    continue
                theirs = machine_figures(ledger, plant, each.machine, window)
                assert_same(each.figure, theirs, f"{each.machine} over {window}")


def test_figures_of_a_machine_watched_with_holes_are_the_ledgers_of_the_watched_time(
    plant_db: Database, floor: Floor
) -> None:
    plant, ledger = floor_holes(floor)
    with plant_db.read() as session:
        for window in windows(ledger, dice(7), 6):
            for machine in machines(session):
                if machine.id not in ledger.states:
                    continue
                covered = holes(ledger, machine.id)
                theirs = machine_figures(ledger, plant, machine.id, window, covered)
                ours = queries.oee(session, f"machine:{machine.id}", window, ledger.through_ms)
                assert_same(ours.figure, theirs, f"{machine.id} over {window}")


def holes(ledger: Ledger, machine: str) -> list[Interval]:
    random = dice(machine)
    cuts = sorted(random.sample(range(ledger.start_ms | 1, ledger.through_ms, 2), 7))
    edges = [ledger.start_ms, *cuts]
    return list(zip(edges[::2], edges[1::2], strict=True))


def floor_holes(floor: Floor) -> tuple[Plant, Ledger]:
    _, ledger = world(5)
    return floor(5, covered={machine: holes(ledger, machine) for machine in ledger.states})


def test_a_machine_opens_to_segments_that_make_its_figure(plant_db: Database, floor: Floor) -> None:
    _, ledger = floor(3)
    window = (ledger.start_ms + HOUR_MS + 1, ledger.through_ms)
    with plant_db.read() as session:
        answers = [
            queries.oee(session, f"machine:{machine.id}", window, ledger.through_ms)
            for machine in machines(session)
            if machine.id in ledger.states
        ]
    for answer in answers:
        each = answer.machines[0]
        assert answer.figure == each.figure
        assert_segments_make(answer)
        made = {
            job: (tally["good"], tally["rejected"])
            for (machine, job), tally in parts_by_job(ledger, window).items()
            if machine == each.machine
        }
        by_job: dict[int, tuple[int, int]] = {}
        for span in each.jobs:
            good, rejected = by_job.get(span.job, (0, 0))
            by_job[span.job] = (good + span.good, rejected + span.rejected)
        assert {job: parts for job, parts in by_job.items() if any(parts)} == made
        orders = {line.work_order: o for o in ledger.orders for line in o.lines}
        assert all(
            (span.order, span.customer) == (orders[span.job // 100].number, orders[span.job // 100].customer)
            for span in each.jobs
        )


def assert_segments_make(answer: OeeOut) -> None:
    each = answer.machines[0]
    assert [s.end for s in each.states[:-1]] == [s.start for s in each.states[1:]]
    assert (each.states[0].start, each.states[-1].end) == (answer.start, answer.end)
    sums: dict[str, float] = {}
    for segment in each.states:
        if segment.planned:
            length = ms_from_iso(segment.end, "end") - ms_from_iso(segment.start, "start")
            sums[segment.category] = sums.get(segment.category, 0) + length / 1000
    for name in ("breakdown", "setup", "waiting", "minor_stops"):
        assert sums.get(name, 0) == pytest.approx(getattr(each.figure.losses, name))
    assert sum(sums.values()) == pytest.approx(each.figure.planned_s)
    assert sum(span.good for span in each.jobs) == each.figure.good
    assert sum(span.rejected for span in each.jobs) == each.figure.rejected


def test_late_doubled_and_reordered_facts_give_the_figures_of_the_clean_stream(plant_db: Database) -> None:
    plant, ledger = world(3)
    whole = [(ledger.start_ms, ledger.through_ms)]
    with plant_db.write() as session:
        release_orders(session, ledger)
        rows = []
        for machine in ledger.states:
            rows += readings(ledger, machine, whole)
            cover(session, machine, whole)
        store_disturbed(session, rows, dice(1))
    with plant_db.read() as session:
        for window in windows(ledger, dice(2), 2):
            for each in queries.oee(session, "site", window, ledger.through_ms).machines:
                if each.machine not in ledger.states:
                    continue
                theirs = machine_figures(ledger, plant, each.machine, window)
                assert_same(each.figure, theirs, f"{each.machine} over {window}")


def test_line_and_site_are_aggregated_by_time_and_quantity(plant_db: Database, floor: Floor) -> None:
    _, ledger = floor(3)
    window = (ledger.start_ms, ledger.through_ms)
    with plant_db.read() as session:
        site = queries.oee(session, "site", window, ledger.through_ms)
        line = queries.oee(session, "line:L2", window, ledger.through_ms)
    assert [each.machine for each in line.machines] == ["L2-OP10", "L2-OP20", "L2-OP30", "L2-OP40"]
    for answer in (site, line):
        figures = [each.figure for each in answer.machines]
        production = sum(figure.production_s for figure in figures)
        planned = sum(figure.observed_planned_s for figure in figures)
        assert answer.figure.availability == pytest.approx(production / planned)
        effective = sum((figure.oee or 0) * figure.observed_planned_s for figure in figures)
        assert answer.figure.oee == pytest.approx(effective / planned)
        assert not any(each.states or each.jobs for each in answer.machines)
        assert len(answer.trend) == 16
        assert answer.trend[0].start == answer.start
    lunch = next(hour for hour in site.trend if hour.start == "2026-03-02T03:00:00.000Z")
    assert lunch.oee is not None


def test_the_running_shift_of_the_live_page_is_that_of_the_oee_page(plant_db: Database, floor: Floor) -> None:
    plant, ledger = floor(3)
    now_ms = plant.origin_ms + 3 * HOUR_MS + 1
    with plant_db.read() as session:
        live = queries.shift_figures(session, now_ms)
        window = queries.window_of_period(queries.calendar(session), "shift", now_ms)
        page = queries.oee(session, "site", window, now_ms)
        sunday = queries.shift_figures(session, now_ms + 6 * 24 * HOUR_MS)
    assert live.shift is not None
    assert (live.shift.id, live.shift.start_ms) == ("late", plant.origin_ms)
    assert {each.machine: each.figure for each in page.machines} == dict(live.figures)
    assert all(live.figures[machine].good > 0 for machine in ledger.states)
    assert sunday.shift is None
    assert {figure.oee for figure in sunday.figures.values()} == {None}
