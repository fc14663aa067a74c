"""The demo's manager sets targets once; most shifts reach them, and now and then one does not."""

from pathlib import Path

import pytest

from cloud.identity.actions import DEMO_PASSWORD
from simulators.figures import Figures, machine_figures
from simulators.ledger import Ledger
from simulators.plant_file import read_plant
from simulators.world import World
from taktline.client import Api, ApiRefused
from taktline.hand_entry import truth_by_hand
from taktline.target_entry import TargetEntry

PLANT = read_plant(Path(__file__).parents[2] / "simulators" / "plants" / "demo.toml")

HOUR_MS = 3_600_000
SHIFT_MS = 8 * HOUR_MS
SEED = 7  # of the demo


@pytest.fixture
def entry(url: str) -> TargetEntry:
    return TargetEntry(PLANT.targets, lambda: Api(url, "manager", DEMO_PASSWORD))


def targets(api: Api) -> dict[str, dict[str, float]]:
    """By scope what it aims at."""
    return {
        row.pop("scope"): {aim: value for aim, value in row.items() if value is not None}
        for row in api.get("/oee/targets")
    }


@pytest.mark.slow
def test_a_plant_without_targets_gets_those_of_its_file_and_keeps_what_people_change(
    url: str, entry: TargetEntry
) -> None:
    with Api(url, "manager", DEMO_PASSWORD) as api:
        assert entry.step(api) == len(PLANT.targets) > 3
        assert targets(api) == PLANT.targets
        api.put("/oee/targets/site", {})
        assert entry.step(api) == 0
        assert "site" not in targets(api)


@pytest.mark.slow
def test_targets_that_somebody_has_set_are_left_alone(url: str, entry: TargetEntry) -> None:
    with Api(url, "manager", DEMO_PASSWORD) as api:
        api.put("/oee/targets/line:L2", {"oee": 0.5})
        assert entry.step(api) == 0
        assert targets(api) == {"line:L2": {"oee": 0.5}}


@pytest.mark.slow
def test_who_may_not_set_targets_is_refused_and_a_later_step_goes_on(url: str, entry: TargetEntry) -> None:
    with Api(url, "operator", DEMO_PASSWORD) as operator, pytest.raises(ApiRefused, match="403"):
        entry.step(operator)
    with Api(url, "manager", DEMO_PASSWORD) as manager:
        assert entry.step(manager) == len(PLANT.targets)


class TruthOfDays:
    """What the demo's machines truly do from the shift before its start through five shifts after it."""

    def __init__(self) -> None:
        bench = PLANT.by_hand
        assert bench is not None
        start_ms, end_ms = PLANT.origin_ms - SHIFT_MS, PLANT.origin_ms + 5 * SHIFT_MS
        self.shifts = [(at_ms, at_ms + SHIFT_MS) for at_ms in range(start_ms, end_ms, SHIFT_MS)]
        ledger = Ledger(PLANT.id, SEED, start_ms, start_ms)
        ledger.record(World(PLANT, SEED, start_ms).advance(end_ms), end_ms)
        told = [(PLANT, ledger), (bench, truth_by_hand(bench, SEED, start_ms, end_ms))]
        self._of = {
            machine.id: (plant, truth, machine.line) for plant, truth in told for machine in plant.machines
        }

    def figures(self, scope: str, window: tuple[int, int]) -> list[Figures]:
        """Of the machines of a scope, in the order of the flow."""
        return [
            machine_figures(truth, plant, machine, window)
            for machine, (plant, truth, line) in self._of.items()
            if scope in {"site", f"line:{line}", f"machine:{machine}"}
        ]

    def oee(self, scope: str, window: tuple[int, int]) -> float:
        """By time: the ideal time of good parts in the planned time of all machines of a scope."""
        figures = self.figures(scope, window)
        return sum((each["oee"] or 0) * each["planned_s"] for each in figures) / sum(
            each["planned_s"] for each in figures
        )


@pytest.mark.slow
def test_most_shifts_reach_the_demos_targets_and_soon_after_its_start_one_does_not() -> None:
    truth = TruthOfDays()
    for scope, aims in PLANT.targets.items():
        reached = [0, 0, 0]
        for shift in truth.shifts:
            figures = truth.figures(scope, shift)
            good, made = (sum(each["good"] + n * each["rejected"] for each in figures) for n in (0, 1))
            reached[0] += truth.oee(scope, shift) >= aims.get("oee", 0)
            reached[1] += good / made >= aims.get("quality", 0)
            reached[2] += figures[-1]["planned_s"] / figures[-1]["good"] <= aims.get("takt_s", 1e9)
        assert min(reached) * 3 >= 2 * len(truth.shifts), (scope, reached)
    # 30 min of a shift are seen before anything is said of it; an hour of plant time is a minute of the demo.
    early = [
        scope
        for scope, aims in PLANT.targets.items()
        for minutes in (40, 60, 120)
        if truth.oee(scope, (PLANT.origin_ms, PLANT.origin_ms + minutes * 60_000)) < aims.get("oee", 0)
    ]
    assert early
    assert "line:L3" not in early
