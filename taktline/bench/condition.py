"""How well the condition alarm foresees wear: the product's model on worlds it was not set by."""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.reliability.features import Block, blocks
from models.reliability.health import assess
from simulators.events import ConditionSampled, JobChanged, OrderEntered, StateChanged
from simulators.ledger import Ledger
from simulators.plant_file import Plant, read_plant
from simulators.world import World
from taktline.bench import BenchWrong

HOUR_MS = 3_600_000
DEMO_PLANT = Path(__file__).resolve().parents[2] / "simulators" / "plants" / "demo.toml"
TUNING_SEEDS = tuple(range(101, 106))  # what was looked at when the settings were chosen
JUDGED_SEEDS = tuple(range(1, 11))  # never looked at before


def machine_blocks(plant: Plant, seed: int, hours: float) -> tuple[dict[str, list[Block]], Ledger]:
    """Return every machine's blocks and the ledger of a world of so many plant hours."""
    start = plant.origin_ms
    world = World(plant, seed, start)
    events = world.advance(start + round(hours * HOUR_MS))
    ledger = Ledger(plant.id, seed, start, start)
    ledger.record(events, world.now_ms)
    products: dict[int, str] = {}
    samples: dict[str, list[tuple[int, float]]] = {}
    regimes: dict[str, list[tuple[int, str]]] = {}
    running: dict[str, list[tuple[int, int]]] = {}
    for event in events:
        match event:
            case ConditionSampled(ts_ms, machine, value):
                samples.setdefault(machine, []).append((ts_ms, value))
            case OrderEntered(_, _, order):
                products |= {line.work_order: line.product for line in order.lines}
            case JobChanged(ts_ms, machine, job):
                regimes.setdefault(machine, []).append((ts_ms, products.get(job // 100, "")))
            case StateChanged(ts_ms, machine, state):
                _run(running.setdefault(machine, []), ts_ms, state, world.now_ms)
            case _:
                pass
    found = {
        machine: blocks(rows, running[machine], regimes.get(machine, ())) for machine, rows in samples.items()
    }
    return found, ledger


def _run(intervals: list[tuple[int, int]], ts_ms: int, state: str, end_ms: int) -> None:
    if intervals and intervals[-1][1] == end_ms:
        intervals[-1] = (intervals[-1][0], ts_ms)
    if state == "running":
        intervals.append((ts_ms, end_ms))


def judge_seed(plant: Plant, seed: int, hours: float) -> dict[str, Any]:
    """Return true, false and missed alarms of one world, and how early the true ones came."""
    by_machine, ledger = machine_blocks(plant, seed, hours)
    wear = ledger.wear_periods()
    broken = {(b.machine, b.start_ms) for b in ledger.breakdowns("wear")}
    raised = [(m, e) for m, rows in by_machine.items() for e in assess(rows).episodes]
    true = [
        (machine, episode, period)
        for machine, episode in raised
        for period in wear.get(machine, ())
        if period[0] <= episode.raised_ms <= period[1]
    ]
    foreseen = {(machine, period[1]) for machine, _, period in true} & broken
    leads = [(period[1] - e.raised_ms) / HOUR_MS for m, e, period in true if (m, period[1]) in broken]
    return {
        "seed": seed,
        "wear_breakdowns": len(broken),
        "foreseen": len(foreseen),
        "raised": len(raised),
        "true": len(true),
        "false": len(raised) - len(true),
        "lead_h": sorted(round(lead, 2) for lead in leads),
    }


def bench(plant_file: Path, seeds: Sequence[int] = JUDGED_SEEDS, hours: float = 72.0) -> dict[str, Any]:
    """Return the sums over the seeds and each seed's row; `lead_h`: plant hours from alarm to breakdown."""
    plant = read_plant(plant_file)
    began = time.process_time()
    rows = [judge_seed(plant, seed, hours) for seed in seeds]
    leads = sorted(lead for row in rows for lead in row["lead_h"])
    machine_hours = hours * len(plant.machines) * len(seeds)
    totals = {
        name: sum(row[name] for row in rows)
        for name in ("wear_breakdowns", "foreseen", "raised", "true", "false")
    }
    return {
        "seeds": list(seeds),
        "plant_hours": hours,
        **totals,
        "missed": totals["wear_breakdowns"] - totals["foreseen"],
        "false_per_1000_machine_h": round(1000 * totals["false"] / machine_hours, 3),
        "lead_h_median": leads[len(leads) // 2] if leads else None,
        "lead_h_least": leads[0] if leads else None,
        "cpu_s": round(time.process_time() - began, 1),
        "by_seed": rows,
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be chosen."""
    parser.add_argument("--hours", type=float, default=72.0, help="plant hours of each seed, at least 1")
    parser.add_argument("--plant", type=Path, default=DEMO_PLANT, metavar="FILE", help="plant file (TOML)")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of the judged seeds."""
    if options.hours < 1:
        raise BenchWrong(f"--hours {options.hours:g}; accepted: 1 or more")
    return bench(options.plant, JUDGED_SEEDS, options.hours)
