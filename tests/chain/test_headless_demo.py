"""The whole product against the world's own ledger, and against damage done on purpose."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from taktline.headless import judge_run, make_plan, run_until_drained, tell_on_stderr
from taktline.judge import Verdict
from taktline.sabotage import SABOTAGE
from taktline.stack import RunPlan, Stack, running

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(400)]

PLANT = Path(__file__).parents[2] / "simulators" / "plants" / "demo.toml"
DAMAGE_NAMED = {
    "drop": "points lost",
    "duplicate": "points duplicated",
    "count": "parts of",
    "state": " of L",
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Stack, Verdict]:
    """A run at x60 that has been judged; everything is stopped, the data stay."""
    folder = tmp_path_factory.mktemp("run")
    plan = make_plan(PLANT, folder, seed=11, minutes=0.8, speed=60.0, broker="auto")
    with running(plan) as stack:
        run_until_drained(stack, tell_on_stderr)
        stack.stop_gateways()
        verdict = judge_run(stack)
    return stack, verdict


def test_nothing_is_lost_doubled_or_misattributed_and_figures_agree(judged: tuple[Stack, Verdict]) -> None:
    _, verdict = judged
    assert verdict.damage == []
    report = verdict.report
    assert report["produced"] == report["stored"] > 2000
    assert (report["lost"], report["duplicated"], report["misattributed"], report["unlinked"]) == (0, 0, 0, 0)
    assert report["linked"] > 50
    assert {row["id"] for row in report["machines"]} == {m.id for m in judged[0].plan.plant.machines}
    assert all(row["coverage"] > 0.98 for row in report["machines"])
    assert report["losses_diff"] < 0.01


@pytest.mark.parametrize("kind", sorted(SABOTAGE))
def test_damage_to_what_was_stored_is_found_and_named(
    judged: tuple[Stack, Verdict], tmp_path: Path, kind: str
) -> None:
    run, _ = judged
    shutil.copytree(run.plan.folder / "cloud", tmp_path / "cloud")
    shutil.copy(run.plan.ledger, tmp_path)
    plan: RunPlan = replace(run.plan, folder=tmp_path, http_port=0)
    SABOTAGE[kind](plan.points_file, plan.database_url)
    stack = Stack(plan)
    stack.gateway_files = run.gateway_files
    try:
        stack.start_cloud()
        verdict = judge_run(stack)
    finally:
        stack.cloud.stop()
    assert any(DAMAGE_NAMED[kind] in text for text in verdict.damage), verdict.damage


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
