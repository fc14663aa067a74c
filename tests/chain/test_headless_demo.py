"""The whole product on PostgreSQL against the world's own ledger, and against damage done on purpose.

On SQLite the same run is the README's own command, see `tests/house/test_readme.py`.
"""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cloud.oee.schemas import OeeExplained
from taktline.headless import judge_run, make_plan, run_until_drained, tell_on_stderr
from taktline.judge import Verdict
from taktline.oee_command import lines
from taktline.plant_time import iso
from taktline.sabotage import SABOTAGE
from taktline.stack import Stack, running

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.long, pytest.mark.timeout(400)]

PLANT = Path(__file__).parents[2] / "simulators" / "plants" / "demo.toml"
# Each damage shows by a text that no other of them brings about.
DAMAGE_NAMED = {
    "drop": "points lost: 1,",
    "duplicate": "points duplicated: 1,",
    "count": "under job",
    "state": "availability of L",
}
Judged = tuple[Stack, Verdict, list[str], Verdict]
OPENED = "L2-OP10"
BENCH = "L3-OP10"  # without a PLC: people enter what it did


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory, module_postgres_url: str) -> Judged:
    """A run at x60, its verdict, what was damaged then, the verdict on that; everything is stopped."""
    folder = tmp_path_factory.mktemp("run")
    plan = make_plan(PLANT, folder, seed=11, minutes=0.8, speed=60.0, broker="auto")
    plan = replace(plan, database=module_postgres_url)
    with running(plan) as stack:
        run_until_drained(stack, tell_on_stderr)
        stack.stop_gateways()
        verdict = judge_run(stack)
        open_a_figure(stack)
        assert stack.cloud.stop()
        done = [damage(plan.points_file, plan.database_url) for damage in SABOTAGE.values()]
        stack.start_cloud()
        damaged = judge_run(stack)
    return stack, verdict, done, damaged


def open_a_figure(stack: Stack) -> None:
    """Write down a figure as the command line and as the running cloud explain it, below the run's folder."""
    window = {"from": iso(stack.plan.origin_ms), "to": iso(stack.plan.end_ms)}
    scope = f"machine:{OPENED}"
    words = ["--scope", scope, "--from", window["from"], "--to", window["to"]]
    said = subprocess.run(
        [sys.executable, "-m", "taktline", "oee", "explain", *words],
        env={**os.environ, **stack.cloud.env},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    (stack.plan.folder / "explained.txt").write_text(said.stdout)
    with stack.api() as api:
        answer = api.get("/oee/explain", scope=scope, events=100_000, **window)
    (stack.plan.folder / "explained.json").write_text(json.dumps(answer))


def test_the_command_explains_a_figure_as_the_running_cloud_does(judged: Judged) -> None:
    stack, verdict, *_ = judged
    said = (stack.plan.folder / "explained.txt").read_text().splitlines()
    answer = json.loads((stack.plan.folder / "explained.json").read_text())
    assert said == list(lines(OeeExplained.model_validate(answer)))
    (row,) = (row for row in verdict.report["machines"] if row["id"] == OPENED)
    assert said[0].startswith(f"{OPENED}  {iso(stack.plan.origin_ms)}")
    assert said[2].split() == ["oee", f"{row['oee']:.6f}"]
    assert row["ledger"]["good"] == sum(part["good"] for part in answer["parts"]) > 0
    kinds = {event["kind"] for event in answer["events"]}
    assert {"state", "good", "job"} <= kinds
    assert said[-1].split()[-3:] == [
        str(answer["events"][-1][name]) for name in ("stream", "position", "ord")
    ]


def test_nothing_is_lost_doubled_or_misattributed_and_figures_agree(judged: Judged) -> None:
    stack, verdict, _, _ = judged
    assert verdict.damage == []
    report = verdict.report
    assert report["produced"] == report["stored"] > 2000
    assert (report["lost"], report["duplicated"], report["misattributed"], report["unlinked"]) == (0, 0, 0, 0)
    assert report["linked"] > 50
    assert {row["id"] for row in report["machines"]} == {m.id for m in stack.plan.plant.machines} | {BENCH}
    assert all(row["coverage"] > 0.98 for row in report["machines"])
    assert report["losses_diff"] < 0.01


def test_the_run_kept_its_facts_in_postgresql(judged: Judged) -> None:
    stack, *_ = judged
    assert stack.plan.database_url.startswith("postgresql")
    assert list((stack.plan.folder / "cloud").glob("*.db")) == []


@pytest.mark.parametrize("kind", sorted(SABOTAGE))
def test_damage_to_what_was_stored_is_found_and_named(judged: Judged, kind: str) -> None:
    _, sound, done, damaged = judged
    assert len(done) == len(SABOTAGE)
    assert not any(DAMAGE_NAMED[kind] in text for text in sound.damage)
    assert any(DAMAGE_NAMED[kind] in text for text in damaged.damage), (done, damaged.damage)


def test_the_command_says_so_in_one_json_line_and_its_exit_code() -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "taktline", "demo", "--headless", "--minutes", "0.3", "--speed", "120"),
            *("--seed", "3", "--json", "--sabotage", "count"),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    report = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 1, done.stderr
    assert report["ok"] is False
    assert any("parts of" in text for text in report["damage"])
    assert report["lost"] == report["duplicated"] == 0
    assert set(report["stored_after_s"]) == {"p50", "p99"}
    assert set(report["alarms"]) == {"raised", "true", "false"}
