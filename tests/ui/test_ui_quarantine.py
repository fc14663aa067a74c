"""A payload that nobody understands waits in quarantine until somebody who may replays it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from browser import PATIENCE_MS, Visitor
from playwright.sync_api import Browser, Locator, Page, expect

from simulators.plant_file import read_plant
from taktline.plant_time import anchor_in, clock_starting
from taktline.programs import wait_until
from taktline.stack import RunPlan, Stack
from tests.cloud.ingest.edge_player import EdgePlayer
from wire.sparkplug import DataType, Payload

pytestmark = [pytest.mark.ui, pytest.mark.slow, pytest.mark.alone]

PATIENCE_S = PATIENCE_MS / 1000
NODE, TOPIC = "foreign", "spBv1.0/suzhou/DDATA/foreign/pump"
TAGS = {"pump": {"speed": DataType.DOUBLE}}
QUARANTINE, REPLAY = "隔离区", "重放"


@dataclass(frozen=True, slots=True)
class Door:
    """A cloud with its broker and nothing else, and a node of a third party that may speak."""

    stack: Stack
    node: EdgePlayer

    def quarantined(self) -> int:
        with self.stack.api() as api:
            return int(api.get("/system")["quarantined"])

    def knows_pump(self) -> bool:
        with self.stack.api() as api:
            nodes = [each for each in api.get("/gateways") if each["node"] == NODE]
            return any(device["id"] == "pump" for each in nodes for device in each["devices"])

    def stored(self) -> list[tuple[str, float]]:
        with self.stack.api() as api:
            return [(row[3], row[5]) for row in api.audit_points()]


@pytest.fixture
def door(require: Callable[[object, str], None], root: Path, tmp_path: Path) -> Iterator[Door]:
    plant_file = root / "simulators/plants/demo.toml"
    plant = read_plant(plant_file)
    clock = clock_starting(plant.origin_ms, anchor_in(0), 1.0)
    ui_dir = root / "cloud/ui/dist"
    require((ui_dir / "index.html").exists(), "the built web app")
    stack = Stack(RunPlan(plant_file, plant, 7, clock, tmp_path, plant.origin_ms, ui_dir=ui_dir))
    try:
        stack.start_broker()
        stack.start_cloud()
        node = EdgePlayer(stack.broker_address[1], NODE, is_ours=False)
        node.answers_rebirth = False  # as one whose births were lost on the way
        yield Door(stack, node)
        node.close()
    finally:
        stack.stop()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh profile; the session of another product's demo would not be let in here."""
    visitor = Visitor.arriving(browser, "", "zh", "desk")
    yield visitor.page
    visitor.page.context.close()


def kept(page: Page, door: Door, username: str) -> Locator:
    """The row of the payload on the System page, as a user sees it."""
    page.context.clear_cookies()
    visitor = Visitor(page, door.stack.url, "zh", "desk").logged_in_by_form(username)
    table = visitor.go("/system").get_by_role("table", name=QUARANTINE)
    row = table.get_by_role("row").filter(has_text=TOPIC)
    expect(row).to_have_count(1, timeout=PATIENCE_MS)
    return row


def test_a_payload_in_quarantine_is_replayed_by_who_may_and_the_page_says_what_became_of_it(
    door: Door, page: Page
) -> None:
    door.node.aliases["pump", "speed"] = 1
    poison = Payload(10, 1, (door.node.metric("pump", "speed", 10, 1.5),))
    door.node.publish("DDATA", "pump", poison)
    assert wait_until(lambda: door.quarantined() == 1, PATIENCE_S), door.stack.cloud.tail()

    row = kept(page, door, "manager")
    expect(row).to_contain_text("no birth of this node was seen")
    assert row.get_by_role("button").count() == 0, "a manager may not replay"
    url = f"{door.stack.url}/api/v1/system/quarantine/1/replay"
    assert page.context.request.post(url).status == 403

    row = kept(page, door, "admin")
    expect(row.get_by_role("status")).to_have_count(0)
    row.get_by_role("button", name=REPLAY).click()
    expect(row.get_by_role("status")).to_have_text("仍无法理解", timeout=PATIENCE_MS)
    expect(row).to_contain_text("metric 1 is not in the birth of 'pump'")
    assert door.stored() == []

    door.node.birth(TAGS)
    assert wait_until(door.knows_pump, PATIENCE_S), door.stack.cloud.tail()
    row.get_by_role("button", name=REPLAY).click()
    expect(row.get_by_role("status")).to_have_text("已存储 · 1 个数据点", timeout=PATIENCE_MS)
    expect(row.get_by_role("button")).to_have_count(0)
    assert door.stored() == [(f"suzhou/{NODE}/pump/speed", 1.5)]
    page.reload()
    expect(row.get_by_role("status")).to_have_text("已存储 · 1 个数据点", timeout=PATIENCE_MS)
    expect(row.get_by_role("button")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
