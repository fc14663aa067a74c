"""Wear announces itself; nothing else does."""

from statistics import fmean, pstdev

import pytest
from demo_worlds import Worlds

from simulators.events import ConditionSampled, PartMade
from simulators.figures import segments
from simulators.ledger import Ledger
from simulators.plant_file import Plant

pytestmark = pytest.mark.slow

SEEDS = (1, 2, 3)
HOURS = 30.0


def running_spans(ledger: Ledger, machine: str) -> list[tuple[int, int]]:
    return [(r.start_ms, r.end_ms) for r in segments(ledger, machine) if r.state == "running"]


def running_ms(ledger: Ledger, machine: str, since_ms: int, until_ms: int) -> int:
    clipped = ((max(a, since_ms), min(b, until_ms)) for a, b in running_spans(ledger, machine))
    return sum(b - a for a, b in clipped if b > a)


def samples(worlds: Worlds, seed: int, machine: str) -> list[tuple[int, float]]:
    """Condition samples taken while the machine ran, by running time since power-on."""
    found = []
    spans = running_spans(worlds.ledger(seed, HOURS), machine)
    done, i = 0, 0
    for event in worlds.events(seed, HOURS):
        if isinstance(event, ConditionSampled) and event.source == machine:
            while i < len(spans) and spans[i][1] <= event.ts_ms:
                done += spans[i][1] - spans[i][0]
                i += 1
            if i < len(spans) and spans[i][0] <= event.ts_ms:
                found.append((done + event.ts_ms - spans[i][0], event.mm_s))
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_a_worn_spindle_breaks_within_its_life_and_is_heard_before(
    seed: int, demo: Plant, worlds: Worlds
) -> None:
    ledger = worlds.ledger(seed, HOURS)
    worn = [m for m in demo.machines if m.physics.wear_h]
    assert worn
    for machine in worn:
        assert machine.physics.wear_h
        signal = samples(worlds, seed, machine.id)
        fresh_ms, since_ms = 0, ledger.start_ms
        lives = [b for b in ledger.breakdowns("wear") if b.machine == machine.id]
        assert lives
        for breakdown in lives:
            life_ms = running_ms(ledger, machine.id, since_ms, breakdown.start_ms)
            low, high = machine.physics.wear_h
            assert low * 3_600_000 <= life_ms <= high * 3_600_000 * 1.001
            calm = [v for run, v in signal if fresh_ms <= run < fresh_ms + 0.5 * life_ms]
            late = [v for run, v in signal if fresh_ms + 0.9 * life_ms <= run < fresh_ms + life_ms]
            warned = [v for run, v in signal if fresh_ms + 0.75 * life_ms <= run < fresh_ms + 0.8 * life_ms]
            assert fmean(late) > 1.7 * fmean(calm)
            assert fmean(warned) > 1.1 * fmean(calm)
            fresh_ms += life_ms
            since_ms = breakdown.start_ms


@pytest.mark.parametrize("seed", SEEDS)
def test_the_ledger_knows_when_wear_became_audible(seed: int, demo: Plant, worlds: Worlds) -> None:
    ledger = worlds.ledger(seed, HOURS)
    periods = ledger.wear_periods()
    assert set(periods) == {machine.id for machine in demo.machines if machine.physics.wear_h}
    for machine, spans in periods.items():
        since_ms = ledger.start_ms
        broken = [b.start_ms for b in ledger.breakdowns("wear") if b.machine == machine]
        assert [end for _, end in spans][: len(broken)] == broken
        for began, end in spans[: len(broken)]:
            life_ms = running_ms(ledger, machine, since_ms, end)
            assert 0.57 < running_ms(ledger, machine, since_ms, began) / life_ms < 0.67
            since_ms = end


@pytest.mark.parametrize("seed", SEEDS)
def test_other_machines_stay_calm(seed: int, demo: Plant, worlds: Worlds) -> None:
    ledger = worlds.ledger(seed, HOURS)
    for machine in demo.machines:
        if machine.physics.wear_h:
            continue
        assert not [b for b in ledger.breakdowns("wear") if b.machine == machine.id]
        values = [value for _, value in samples(worlds, seed, machine.id)]
        quarter = len(values) // 4
        level = fmean(values)
        for i in range(4):
            assert fmean(values[i * quarter : (i + 1) * quarter]) == pytest.approx(level, rel=0.06)
        assert 0.03 < pstdev(values) / level < 0.15


def test_a_standing_machine_is_quiet(demo: Plant, worlds: Worlds) -> None:
    ledger = worlds.ledger(1, HOURS)
    breaks = [r for r in segments(ledger, "L1-OP10") if r.state == "planned_stop"]
    quiet = [
        e.mm_s
        for e in worlds.events(1, HOURS)
        if isinstance(e, ConditionSampled)
        and e.source == "L1-OP10"
        and any(r.start_ms <= e.ts_ms < r.end_ms for r in breaks)
    ]
    assert quiet
    assert max(quiet) < demo.rules.condition_base / 3


def test_rejects_gather_after_a_setup(demo: Plant, worlds: Worlds) -> None:
    first: list[bool] = []
    later: list[bool] = []
    for seed in SEEDS:
        parts = [e for e in worlds.events(seed, HOURS) if isinstance(e, PartMade)]
        for machine in demo.machines:
            seen: dict[int, int] = {}
            for part in (p for p in parts if p.source == machine.id):
                seen[part.job] = seen.get(part.job, 0) + 1
                (first if seen[part.job] <= demo.rules.startup_parts else later).append(not part.good)
    assert fmean(first) == pytest.approx(demo.rules.startup_reject, abs=0.06)
    assert fmean(later) < 0.02
