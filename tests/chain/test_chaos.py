"""From a device to the store through every fault there is: lost 0, doubled 0, order kept."""

import os
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from chaos_world import ChaosWorld, chaos_world, lasts, settled

from taktline.headless import tell_on_stderr
from taktline.judge import compare_points

SEED = int(os.environ.get("TAKTLINE_CHAOS_SEED", "20260302"))
FAULTS = int(os.environ.get("TAKTLINE_CHAOS_FAULTS", "200"))

RECOVERED_S = 90.0
# `make soak` asks for thousands of faults: two seconds for each.
pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(max(400, 2 * FAULTS))]
# How often each fault comes in a random run: a death costs seconds until its program is back.
WEIGHTS = {
    "stall": 6,
    "black hole": 6,
    "reset": 8,
    "half-open": 6,
    "refused": 6,
    "latency": 6,
    "device reset": 5,
    "device clock jumps": 5,
    "edge disk full": 5,
    "cloud disk full": 4,
    "edge killed": 4,
    "cloud killed": 3,
    "broker killed": 3,
}


def judge(world: ChaosWorld, until: dict[str, int]) -> None:
    """Nothing comes back; what was spooled up to positions is stored once, and nothing else is."""
    spooled, stored = world.judged()
    identities = [(row.stream, row.position, row.ord) for row in stored]
    assert len(set(identities)) == len(identities), "a point is stored twice"
    known = {(point.stream, point.position, point.ord) for point in spooled}
    assert known.issuperset(identities), "a point is stored that was never spooled"
    produced = [point for point in spooled if point.position <= until.get(point.stream, 0)]
    expected = {(point.stream, point.position, point.ord) for point in produced}
    judged = [row for row in stored if (row.stream, row.position, row.ord) in expected]
    verdict = compare_points(produced, judged)
    assert verdict.damage == []
    numbers = [point for point in produced if point.tag.endswith("/COUNTER/n")]
    assert len(numbers) > 100, "hardly anything was produced"
    by_stream: dict[str, list[tuple[int, int, float]]] = {}
    for row in judged:
        if row.tag.endswith("/COUNTER/n") and isinstance(row.value, int | float):
            by_stream.setdefault(row.stream, []).append((row.position, row.ord, float(row.value)))
    for stream, rows in by_stream.items():
        values = [value for _, _, value in rows]
        assert rows == sorted(rows), f"{stream} was stored out of order"
        assert values == sorted(set(values)), f"{stream}: the device's numbers are out of order"
    tell_on_stderr(
        f"{len(produced)} points, {len(numbers)} numbers, {len(by_stream)} streams: all stored once"
    )


def test_each_fault_alone_is_recovered_from(tmp_path: Path) -> None:
    with chaos_world(tmp_path) as world:
        until: dict[str, int] = {}
        for name, hurt in world.faults.items():
            began = time.monotonic()
            hurt(0.5)
            said = world.counter.said
            lasts(0.5)  # how long the fault lasts
            until = settled(world, RECOVERED_S)
            assert world.counter.said > said, f"{name}: the device is not heard any more"
            tell_on_stderr(f"{name}: all was stored {time.monotonic() - began:.1f} s after it began")
        judge(world, until)


def test_hundreds_of_faults_at_random_lose_nothing(tmp_path: Path) -> None:
    dice = Random(SEED)
    tell_on_stderr(f"TAKTLINE_CHAOS_SEED={SEED} TAKTLINE_CHAOS_FAULTS={FAULTS}")
    names = dice.choices(list(WEIGHTS), list(WEIGHTS.values()), k=FAULTS)
    with chaos_world(tmp_path) as world:
        for name in names:
            world.faults[name](dice.random())
            lasts(dice.uniform(0.05, 0.4))  # how long it lasts: half of the time the next one joins it
            if dice.random() < 0.5:
                world.heal()
                lasts(dice.uniform(0.0, 0.3))
        until = settled(world, RECOVERED_S)
        said = world.counter.said
        lasts(0.3)
        until = settled(world, RECOVERED_S)
        assert world.counter.said > said, "the device is not heard any more"
        tell_on_stderr(f"faults: {dict(sorted(Counter(names).items()))}")
        judge(world, until)


def test_the_weights_name_every_fault(tmp_path: Path) -> None:
    world = ChaosWorld(tmp_path)
    assert set(WEIGHTS) == set(world.faults)
    world.link.close()
    world.counter.close()
