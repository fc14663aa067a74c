"""The lag of the live page is the age of a part when it is first shown, whatever the page left out before."""

from pathlib import Path

import pytest

from simulators.events import PartMade
from simulators.plant_file import read_plant
from simulators.world import World
from taktline.bench.live_lag import Shown, lag_keys

PLANT = read_plant(Path(__file__).parents[2] / "simulators" / "plants" / "demo.toml")
MINUTE_MS = 60_000
SHIFT_MS = PLANT.origin_ms  # the late shift begins with the plant
MACHINE = "L1-OP10"


@pytest.fixture
def made() -> list[int]:
    """When the machine made good parts in the first hours."""
    events = World(PLANT, 7, PLANT.origin_ms).advance(PLANT.origin_ms + 180 * MINUTE_MS)
    return [e.ts_ms for e in events if isinstance(e, PartMade) and e.good and e.source == MACHINE]


def test_a_part_has_waited_from_when_it_was_made_until_it_is_first_shown(made: list[int]) -> None:
    shown = Shown(World(PLANT, 7, PLANT.origin_ms), 60.0)
    now_ms = made[2] + 60_000
    shown.look(SHIFT_MS, {MACHINE: 2}, now_ms)
    assert shown.lags_s == pytest.approx([(now_ms - ts_ms) / 60_000 for ts_ms in made[:2]])
    shown.look(SHIFT_MS, {MACHINE: 2}, now_ms + 600)
    assert len(shown.lags_s) == 2, "each is counted once"
    shown.look(SHIFT_MS, {MACHINE: 3}, now_ms + 1200)
    assert shown.lags_s[2:] == pytest.approx([(now_ms + 1200 - made[2]) / 60_000])


def test_parts_that_were_never_shown_count_with_how_long_they_wait(made: list[int]) -> None:
    world = World(PLANT, 7, PLANT.origin_ms)
    shown = Shown(world, 60.0)
    now_ms = made[0] + 1
    shown.look(SHIFT_MS, {}, now_ms)
    assert shown.lags_s == []
    waited_s = (now_ms + 60_000 - made[0]) / 60_000
    assert any(each == pytest.approx(waited_s) for each in shown.waiting_s(now_ms + 60_000))


def test_another_shift_begins_with_its_own_parts(made: list[int]) -> None:
    shown = Shown(World(PLANT, 7, PLANT.origin_ms), 60.0)
    shown.look(SHIFT_MS, {MACHINE: 2}, made[4])
    later_ms = made[3]
    shown.look(later_ms, {MACHINE: 1}, made[4] + 60_000)
    assert shown.lags_s[-1] == pytest.approx(1.0)


def test_figures_are_rounded_and_none_without_parts() -> None:
    assert lag_keys("lag", [1.234, 2.0]) == {"lag_p50_s": 2.0, "lag_p99_s": 2.0, "lag_worst_s": 2.0}
    assert lag_keys("lag", []) == {"lag_p50_s": None, "lag_p99_s": None, "lag_worst_s": None}
