"""The people at the demo's bench enter what happened there, and leave alone what others have corrected."""

from collections.abc import Callable, Iterator
from contextlib import closing
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
from taktline.plant_time import epoch_ms, iso

PLANT_FILE = Path(__file__).parents[2] / "simulators" / "plants" / "demo.toml"
PLANT = read_plant(PLANT_FILE)
BENCH = "L3-OP10"
SEED = 5
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
BEGAN_MS = PLANT.origin_ms - 40 * HOUR_MS  # Sunday at midnight: a night shift, then rest until Monday

pytestmark = pytest.mark.slow


class WatchedApi(Api):
    """A session that notes the sheets which are sent; `then` is called after each."""

    sent: list[str]
    then: Callable[[], None]

    def put(self, path: str, body: dict[str, Any]) -> Any:
        answer = super().put(path, body)
        self.sent.append(body["start"])
        self.then()
        return answer


class Desk:
    """The bench's people, whose plant time the test turns."""

    def __init__(self, url: str, began_ms: int = BEGAN_MS) -> None:
        bench = PLANT.by_hand
        assert bench is not None
        self.url, self.bench, self.began_ms, self.now_ms = url, bench, began_ms, began_ms
        world = World(bench, SEED, began_ms)
        world.advance(PLANT.origin_ms + 2 * HOUR_MS)
        with Api(url, "planner", DEMO_PASSWORD) as api:
            assert OrderFeed(world, lambda: 0, iso, lambda: api).enter_waiting(api) > 2
        self.entry = self.people()
        self.api = WatchedApi(url, "operator", DEMO_PASSWORD)
        self.api.sent, self.api.then = [], lambda: None

    def close(self) -> None:
        self.api.http.close()

    def people(self) -> HandEntry:
        return HandEntry(self.bench, SEED, self.began_ms, lambda: self.now_ms, lambda: self.api)

    def written_at(self, ms: int) -> int:
        self.now_ms = ms
        return self.entry.step(self.api)

    def sheets(self) -> list[dict[str, Any]]:
        window = {"start": iso(BEGAN_MS - 24 * HOUR_MS), "end": iso(PLANT.origin_ms + 2 * HOUR_MS)}
        found: list[dict[str, Any]] = self.api.get("/manual/sheets", machine=BENCH, **window)
        return found


@pytest.fixture
def desk(url: str) -> Iterator[Desk]:
    with closing(Desk(url)) as made:
        yield made


def test_what_people_enter_makes_the_figures_of_the_world(desk: Desk) -> None:
    through_ms = PLANT.origin_ms + 61 * MINUTE_MS
    assert desk.written_at(through_ms) == 3, "the night, the morning and the hour since"
    assert [sheet["version"] for sheet in desk.sheets()] == [1, 1, 1]
    assert desk.api.sent == sorted(desk.api.sent, reverse=True), "what pages show first was entered first"
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


def test_while_the_past_is_entered_the_running_shift_is_entered_when_it_is_due(url: str) -> None:
    """The first two sheets take 40 plant minutes each: an hour of the shift is over before the rest."""
    began_ms = PLANT.origin_ms - 56 * HOUR_MS  # Saturday morning
    with closing(Desk(url, began_ms)) as desk:
        desk.now_ms = PLANT.origin_ms + 2 * MINUTE_MS

        def pass_time() -> None:
            if len(desk.api.sent) <= 2:
                desk.now_ms += 40 * MINUTE_MS

        desk.api.then = pass_time
        steps = [desk.entry.step(desk.api) for _ in range(3)]
        assert steps == [2, 3, 0]
        hours = [(PLANT.origin_ms - epoch_ms(start)) // HOUR_MS for start in desk.api.sent]
        assert hours == [8, 40, 0, 48, 56], "Monday, the night before, the running shift, then Saturday"
        truth = truth_by_hand(desk.bench, SEED, began_ms, desk.now_ms)
        window = (began_ms, desk.now_ms)
        answer = desk.api.get("/oee", scope=f"machine:{BENCH}", start=iso(window[0]), end=iso(window[1]))
        figure, expected = answer["figure"], machine_figures(truth, desk.bench, BENCH, window)
        assert (figure["good"], figure["rejected"]) == (expected["good"], expected["rejected"])
        for name in ("availability", "effectiveness", "quality", "coverage"):
            assert figure[name] == pytest.approx(expected[name], abs=1e-9)


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
