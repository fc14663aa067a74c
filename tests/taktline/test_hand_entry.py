"""The people at the demo's bench enter what happened there, and leave alone what others have corrected."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud.identity.actions import DEMO_PASSWORD
from simulators.figures import machine_figures
from simulators.plant_file import read_plant
from simulators.world import World
from taktline.client import Api
from taktline.hand_entry import HandEntry, truth_by_hand
from taktline.judge import LOSSES
from taktline.order_feed import OrderFeed
from taktline.plant_time import iso

PLANT_FILE = Path(__file__).parents[2] / "simulators" / "plants" / "demo.toml"
PLANT = read_plant(PLANT_FILE)
BENCH = "L3-OP10"
SEED = 5
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
BEGAN_MS = PLANT.origin_ms - 40 * HOUR_MS  # Sunday at midnight: a night shift, then rest until Monday

pytestmark = pytest.mark.slow


class Desk:
    """The bench's people, whose plant time the test turns."""

    def __init__(self, url: str) -> None:
        bench = PLANT.by_hand
        assert bench is not None
        self.url, self.bench, self.now_ms = url, bench, BEGAN_MS
        world = World(bench, SEED, BEGAN_MS)
        world.advance(PLANT.origin_ms + 2 * HOUR_MS)
        with Api(url, "planner", DEMO_PASSWORD) as api:
            assert OrderFeed(world, lambda: 0, iso, lambda: api).enter_waiting(api) > 2
        self.entry = self.people()
        self.api = Api(url, "operator", DEMO_PASSWORD)

    def people(self) -> HandEntry:
        return HandEntry(self.bench, SEED, BEGAN_MS, lambda: self.now_ms, lambda: self.api)

    def written_at(self, ms: int) -> int:
        self.now_ms = ms
        return self.entry.step(self.api)

    def sheets(self) -> list[dict[str, Any]]:
        window = {"start": iso(BEGAN_MS - 24 * HOUR_MS), "end": iso(PLANT.origin_ms + 2 * HOUR_MS)}
        found: list[dict[str, Any]] = self.api.get("/manual/sheets", machine=BENCH, **window)
        return found


@pytest.fixture
def desk(url: str) -> Iterator[Desk]:
    made = Desk(url)
    yield made
    made.api.http.close()


def test_what_people_enter_makes_the_figures_of_the_world(desk: Desk) -> None:
    through_ms = PLANT.origin_ms + 61 * MINUTE_MS
    assert desk.written_at(through_ms) == 3, "the night, the morning and the hour since"
    assert [sheet["version"] for sheet in desk.sheets()] == [1, 1, 1]
    truth = truth_by_hand(desk.bench, SEED, BEGAN_MS, through_ms)
    window = (BEGAN_MS, through_ms)
    answer = desk.api.get("/oee", scope=f"machine:{BENCH}", start=iso(window[0]), end=iso(window[1]))
    figure, expected = answer["figure"], machine_figures(truth, desk.bench, BENCH, window)
    assert expected["good"] > 400
    assert expected["losses"]["breakdown"] > 0
    for name in ("good", "rejected"):
        assert figure[name] == expected[name]
    for name in ("availability", "effectiveness", "quality", "coverage"):
        assert figure[name] == pytest.approx(expected[name], abs=1e-9)
    for loss in LOSSES[:5]:
        assert figure["losses"][loss] == pytest.approx(expected["losses"][loss], abs=0.01), loss
    stops = desk.api.get("/downtime", scope=f"machine:{BENCH}", start=iso(window[0]), end=iso(window[1]))
    reasons = {stop["reason"] for stop in stops["items"] if stop["state"] == "breakdown"}
    assert reasons
    assert reasons <= set(PLANT.reasons.values())


def test_the_running_shift_is_written_every_hour_and_goes_on_after_a_restart(desk: Desk) -> None:
    assert desk.written_at(PLANT.origin_ms + 59 * MINUTE_MS) == 2
    assert desk.written_at(PLANT.origin_ms + 65 * MINUTE_MS) == 0, "looked a few minutes ago"
    assert desk.written_at(PLANT.origin_ms + 69 * MINUTE_MS) == 1
    desk.entry = desk.people()
    assert desk.written_at(PLANT.origin_ms + 80 * MINUTE_MS) == 0
    assert [sheet["end"] for sheet in desk.sheets()][-1] == iso(PLANT.origin_ms + 69 * MINUTE_MS)


def test_a_sheet_that_somebody_has_corrected_stays_theirs(desk: Desk) -> None:
    desk.written_at(PLANT.origin_ms - 8 * HOUR_MS + 61 * MINUTE_MS)
    morning = desk.sheets()[-1]
    names = ("machine", "start", "end", "periods", "runs", "note")
    theirs = {name: morning[name] for name in names} | {"note": "counted again", "runs": []}
    with Api(desk.url, "manager", DEMO_PASSWORD) as manager:
        manager.put("/manual/sheets", theirs | {"replaces": morning["version"]})
    assert desk.written_at(PLANT.origin_ms - 4 * HOUR_MS) == 0
    assert desk.written_at(PLANT.origin_ms + 61 * MINUTE_MS) == 1, "the shift after it alone"
    kept = next(sheet for sheet in desk.sheets() if sheet["start"] == morning["start"])
    assert (kept["version"], kept["by"], kept["note"]) == (2, "manager", "counted again")
