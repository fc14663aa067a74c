"""Edge, cloud and broker killed under load at random instants: nothing lost, nothing doubled.

Meanwhile a backup is taken by command and restored some deaths later; what it lacks the gateways send again.

`make soak` runs the same with a hundred deaths of the cloud, on both relational stores.
"""

import contextlib
import os
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from kills import CloudKiller, Kill, Killer, Restorer, concluded, derived_anew, schedule, stored_by

from taktline.headless import Drain, judge_run, make_plan, run_until_drained, tell_on_stderr
from taktline.history import spool_history
from taktline.judge import Interval, Verdict
from taktline.plant_time import epoch_ms, iso
from taktline.programs import wait_until
from taktline.stack import Stack

PLANT = Path(__file__).parents[2] / "simulators" / "plants" / "demo.toml"
SEED = int(os.environ.get("TAKTLINE_KILL_SEED", "20260302"))
CLOUD_KILLS = int(os.environ.get("TAKTLINE_CLOUD_KILLS", "10"))
SPEED = 60.0
MINUTES = 1.2 * max(1.0, CLOUD_KILLS / 12)
HISTORY_MIN = 120  # a backlog in the spools, so that the cloud dies while it is busy
VICTIMS = ("gw-l1", "gw-l2", "broker", "gw-l1", "gw-l2")
SLACK_S = 2.5  # real seconds around a death: the last publish before it
RETURN_S = 20.0  # real seconds in which a restarted gateway watches all its machines again
LIMIT_S = MINUTES * 60 * 3 + 240  # the first test, whichever it is, waits for the run

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.long, pytest.mark.timeout(LIMIT_S)]


@dataclass(frozen=True, slots=True)
class Survived:
    """What a run with deaths left behind; its programs have ended."""

    stack: Stack
    kills: list[Kill]
    cloud: CloudKiller
    restorer: Restorer
    verdict: Verdict
    states: dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def survived(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Survived:
    folder = tmp_path_factory.mktemp("kills")
    plan = make_plan(PLANT, folder, seed=SEED % 1000, minutes=MINUTES, speed=SPEED, broker="auto")
    plan = replace(plan, start_ms=plan.origin_ms - HISTORY_MIN * 60_000)
    if os.environ.get("TAKTLINE_KILL_STORE") == "postgresql":
        plan = replace(plan, database=request.getfixturevalue("module_postgres_url"))
    tell_on_stderr(f"TAKTLINE_KILL_SEED={SEED} TAKTLINE_CLOUD_KILLS={CLOUD_KILLS}")
    stack = Stack(plan)
    try:
        stack.start_broker()
        stack.cloud.start()
        stack.start_plant()
        spool_history(plan, stack.gateway_files)
        stack.start_gateways()
        stack.start_cloud()
        return _hurt_and_judged(stack)
    finally:
        stack.stop()
        end_what_is_left(plan.folder)


def end_what_is_left(folder: Path) -> None:
    """Kill whatever still runs on a file of the run: it would listen to the serial lines of later tests."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (
                str(folder).encode() in (process / "cmdline").read_bytes()
                and int(process.name) != os.getpid()
            ):
                tell_on_stderr(f"process {process.name} outlived the run")
                os.kill(int(process.name), signal.SIGKILL)


def _hurt_and_judged(stack: Stack) -> Survived:
    dice = Random(SEED)
    others = Killer(stack, schedule(dice, VICTIMS, 6.0, MINUTES * 60 - RETURN_S - 6.0))
    cloud = CloudKiller(stack, dice, CLOUD_KILLS)

    restorer = Restorer(stack, (CLOUD_KILLS // 3, 2 * CLOUD_KILLS // 3))

    def look() -> None:
        others.look()
        cloud.look()
        restorer.look(cloud.done)

    run_until_drained(stack, tell_on_stderr, look)
    while not cloud.is_done:
        look()
        wait_until(lambda: False, 0.1)
    drain = Drain(stack)
    assert wait_until(lambda: not drain.waits_for(), 90.0, every_s=0.2), drain.waits_for()
    if restorer.people is not None:
        restorer.people.stop()
    stack.stop_gateways()
    verdict = judge_run(stack)
    tell_on_stderr(f"the cloud died {cloud.done} times, {cloud.unready} of them before it was ready")
    plan = stack.plan
    with stack.api() as api:
        window = {"start": iso(plan.start_ms), "end": iso(plan.end_ms)}
        states = {
            machine.id: api.get("/oee", scope=f"machine:{machine.id}", **window)["machines"][0]["states"]
            for machine in plan.plant.machines
        }
    return Survived(stack, others.schedule, cloud, restorer, verdict, states)


def unobserved(states: list[dict[str, Any]]) -> list[Interval]:
    return [(epoch_ms(row["start"]), epoch_ms(row["end"])) for row in states if row["state"] == "unobserved"]


def test_every_spooled_point_is_stored_once_and_all_figures_agree(survived: Survived) -> None:
    assert all(kill.back_ms for kill in survived.kills), "the run was too short for its kills"
    assert survived.cloud.done == CLOUD_KILLS
    verdict = survived.verdict
    assert verdict.damage == []
    assert verdict.report["lost"] == verdict.report["duplicated"] == 0
    assert verdict.report["produced"] == verdict.report["stored"] > 10_000


def test_facts_and_coverage_are_those_of_one_undisturbed_derivation(
    survived: Survived, tmp_path: Path
) -> None:
    with stored_by(survived.stack) as (db, store):
        assert store.counts().commit_no > CLOUD_KILLS
        facts, coverage = concluded(db)
        clean_facts, clean_coverage = derived_anew(store, survived.stack, tmp_path)
    assert len(facts) > 5_000
    assert facts == clean_facts
    assert coverage == clean_coverage


def test_a_backup_was_restored_meanwhile_and_the_gateways_closed_the_hole(survived: Survived) -> None:
    made, restored = survived.restorer.told
    assert "up to commit" in made
    assert "generation" in restored
    with stored_by(survived.stack) as (_, store):
        assert store.generation > 1


def test_the_time_in_which_an_edge_was_dead_is_unobserved(survived: Survived) -> None:
    slack_ms = round(SLACK_S * SPEED * 1000)
    for machine in survived.stack.plan.plant.machines:
        holes = unobserved(survived.states[machine.id])
        for kill in (kill for kill in survived.kills if kill.victim == machine.gateway):
            dead = (kill.killed_ms + slack_ms, kill.back_ms)
            if dead[0] < dead[1]:
                assert any(a <= dead[0] and dead[1] <= b for a, b in holes), (machine.id, kill, holes)


def test_only_the_time_in_which_an_edge_was_dead_is_unobserved(survived: Survived) -> None:
    plan = survived.stack.plan
    before_ms, after_ms = round(SLACK_S * SPEED * 1000), round(RETURN_S * SPEED * 1000)
    for machine in plan.plant.machines:
        allowed = [
            (kill.killed_ms - before_ms, kill.back_ms + after_ms)
            for kill in survived.kills
            if kill.victim == machine.gateway
        ]
        # A slow machine starts its programs late; the last publish may lie a moment before the end.
        allowed.append((plan.origin_ms, plan.origin_ms + after_ms))
        allowed.append((plan.end_ms - before_ms, plan.end_ms))
        for a, b in unobserved(survived.states[machine.id]):
            assert any(low <= a and b <= high for low, high in allowed), (machine.id, iso(a), iso(b))


def test_the_figures_say_how_much_was_observed(survived: Survived) -> None:
    assert any(kill.victim.startswith("gw") for kill in survived.kills)
    read = {machine.id for machine in survived.stack.plan.plant.machines}  # by gateways, not entered by hand
    rows = [row for row in survived.verdict.report["machines"] if row["id"] in read]
    assert len(rows) == len(read)
    assert all(0.3 < row["coverage"] < 1 for row in rows)
