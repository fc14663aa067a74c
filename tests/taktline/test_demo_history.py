"""Two weeks of the demo's history stay small enough to be worked in, and nobody waits for them to look."""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from edge.spool_reader import SpoolReader, read_all_points
from simulators.plant_file import read_plant
from taktline.demo import DemoOptions, started
from taktline.history import spool_history
from taktline.plant_time import clock_starting
from taktline.programs import free_port
from taktline.stack import RunPlan, Stack
from wire.clock import real_ms

pytestmark = pytest.mark.slow

DAY_MS = 86_400_000
DAYS = 14
MOST_POINTS = 3_000_000


def test_fourteen_days_of_the_demo_are_three_million_points_at_most(root: Path, tmp_path: Path) -> None:
    """Reckoned from one working day; of the fourteen, two are Sundays without shifts."""
    plant_file = root / "simulators/plants/demo.toml"
    plant = read_plant(plant_file)
    end_ms = plant.origin_ms + DAY_MS
    clock = clock_starting(end_ms, real_ms() + 3_600_000, 1.0)
    stack = Stack(RunPlan(plant_file, plant, 7, clock, tmp_path, plant.origin_ms))
    stack.describe_gateways()
    readings = spool_history(stack.plan, stack.gateway_files).readings
    points = Counter(
        point.tag.rsplit("/", 1)[-1] for spool in stack.spools.values() for point in read_all_points(spool)
    )
    assert {"state", "job", "good", "condition", "tag", "observed_since"} <= points.keys()
    assert points.total() - points["observed_since"] == readings
    assert 10_000 < points.total() <= MOST_POINTS / DAYS, points


@pytest.mark.alone
@pytest.mark.timeout(400)
def test_the_first_page_is_served_while_the_history_still_waits_in_the_spools(
    require: Callable[[object, str], None], root: Path, tmp_path: Path
) -> None:
    ui_dir = root / "cloud/ui/dist"
    require((ui_dir / "index.html").exists(), "the built web app")
    plant_file = root / "simulators/plants/demo.toml"
    options = DemoOptions(plant_file, port=free_port(), ui_dir=ui_dir, history_min=1440)
    with started(options, tmp_path, threading.Event()) as stack:
        page = httpx.get(stack.url, timeout=30)
        with stack.api() as api:
            live = api.get("/live")
        left = sum(_waiting(spool) for spool in stack.spools.values())
    assert (page.status_code, page.headers["content-type"].split(";")[0]) == (200, "text/html")
    assert {each.id for each in read_plant(plant_file).machines} <= {
        tile["machine"] for tile in live["tiles"]
    }
    assert left > 0


def _waiting(spool: Path) -> int:
    reader = SpoolReader(spool)
    try:
        return reader.waiting()[0]
    finally:
        reader.close()
