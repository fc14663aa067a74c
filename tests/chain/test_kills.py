"""Edge, cloud and broker killed under load at seeded instants: nothing lost, dead time unobserved."""

import os
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from taktline.headless import judge_run, make_plan, run_until_drained, tell_on_stderr
from taktline.judge import Interval
from taktline.plant_time import epoch_ms, iso
from taktline.stack import Stack, running
from wire.clock import real_ms

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(500)]

PLANT = Path(__file__).parents[2] / "simulators" / "plants" / "demo.toml"
SEED = int(os.environ.get("TAKTLINE_KILL_SEED", "20260302"))
MINUTES, SPEED = 1.6, 60.0
VICTIMS = ("gw-l1", "gw-l2", "cloud", "broker", "gw-l1", "cloud", "gw-l2")
SLACK_S = 2.5  # real seconds around a death: the last publish before it
RETURN_S = 14.0  # real seconds in which a restarted gateway watches all its machines again


@dataclass(slots=True)
class Kill:
    """One death: real seconds after the clock's anchor, who, for how long."""

    at_s: float
    victim: str
    down_s: float
    killed_ms: int = 0
    back_ms: int = 0


@dataclass(slots=True)
class Killer:
    """Kills and restarts on schedule; looked in on a few times a second."""

    stack: Stack
    schedule: list[Kill]
    done: list[Kill] = field(default_factory=list)

    def look(self) -> None:
        clock = self.stack.plan.clock
        now_s = real_ms() / 1000 - clock.anchor.timestamp()
        for kill in self.schedule:
            program = self.stack.programs[kill.victim]
            if not kill.killed_ms and now_s >= kill.at_s:
                program.kill()
                kill.killed_ms = clock.now_ms()
            elif kill.killed_ms and not kill.back_ms and now_s >= kill.at_s + kill.down_s:
                program.start()
                kill.back_ms = clock.now_ms()


def schedule(seed: int) -> list[Kill]:
    """Seven deaths over the run; one victim is back before the next dies, but not all of its work is done."""
    dice = Random(seed)
    last_s = MINUTES * 60 - RETURN_S - 6
    times = sorted(dice.uniform(6, last_s) for _ in VICTIMS)
    order = dice.sample(VICTIMS, len(VICTIMS))
    kills = [Kill(at, victim, dice.uniform(1.0, 4.0)) for at, victim in zip(times, order, strict=True)]
    for before, after in pairwise(kills):
        after.at_s = max(after.at_s, before.at_s + before.down_s + 0.5)
    return kills


@pytest.fixture(scope="module")
def survived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Stack, list[Kill], Any, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("kills")
    plan = make_plan(PLANT, folder, seed=SEED % 1000, minutes=MINUTES, speed=SPEED, broker="auto")
    with running(plan) as stack:
        killer = Killer(stack, schedule(SEED))
        for kill in killer.schedule:
            tell_on_stderr(f"kill {kill.victim} at {kill.at_s:.1f} s for {kill.down_s:.1f} s")
        run_until_drained(stack, tell_on_stderr, killer.look)
        stack.stop_gateways()
        verdict = judge_run(stack)
        with stack.api() as api:
            window = {"start": iso(plan.start_ms), "end": iso(plan.end_ms)}
            states = {
                machine.id: api.get("/oee", scope=f"machine:{machine.id}", **window)["machines"][0]["states"]
                for machine in plan.plant.machines
            }
    return stack, killer.schedule, verdict, states


def unobserved(states: list[dict[str, Any]]) -> list[Interval]:
    return [(epoch_ms(row["start"]), epoch_ms(row["end"])) for row in states if row["state"] == "unobserved"]


def test_every_spooled_point_is_stored_once_and_all_figures_agree(survived: Any) -> None:
    _, kills, verdict, _ = survived
    assert all(kill.back_ms for kill in kills), "the run was too short for its kills"
    assert verdict.damage == []
    assert verdict.report["lost"] == verdict.report["duplicated"] == 0


def test_the_time_in_which_an_edge_was_dead_is_unobserved(survived: Any) -> None:
    stack, kills, _, states = survived
    slack_ms = round(SLACK_S * SPEED * 1000)
    for machine in stack.plan.plant.machines:
        holes = unobserved(states[machine.id])
        for kill in (kill for kill in kills if kill.victim == machine.gateway):
            dead = (kill.killed_ms + slack_ms, kill.back_ms)
            if dead[0] < dead[1]:
                assert any(a <= dead[0] and dead[1] <= b for a, b in holes), (machine.id, kill, holes)


def test_only_the_time_in_which_an_edge_was_dead_is_unobserved(survived: Any) -> None:
    stack, kills, _, states = survived
    before_ms, after_ms = round(SLACK_S * SPEED * 1000), round(RETURN_S * SPEED * 1000)
    for machine in stack.plan.plant.machines:
        allowed = [
            (kill.killed_ms - before_ms, kill.back_ms + after_ms)
            for kill in kills
            if kill.victim == machine.gateway
        ]
        # A slow machine starts its programs late; the last publish may lie a moment before the end.
        allowed.append((stack.plan.start_ms, stack.plan.start_ms + after_ms))
        allowed.append((stack.plan.end_ms - before_ms, stack.plan.end_ms))
        for a, b in unobserved(states[machine.id]):
            assert any(low <= a and b <= high for low, high in allowed), (machine.id, iso(a), iso(b), kills)


def test_the_figures_say_how_much_was_observed(survived: Any) -> None:
    _, kills, verdict, _ = survived
    assert any(kill.victim.startswith("gw") for kill in kills)
    assert all(0.3 < row["coverage"] < 1 for row in verdict.report["machines"])
