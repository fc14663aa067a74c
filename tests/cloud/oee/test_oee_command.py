"""`taktline oee explain` prints what `GET /api/v1/oee` answers, read from the same database."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from oee_floor import CLOCK, DAY, HOUR_MS, settle, store
from typer.testing import CliRunner

from cloud.db import Database
from simulators.ledger import Ledger
from simulators.plant_file import Plant
from taktline.oee_command import app as oee_app

pytestmark = pytest.mark.slow

Floor = Callable[..., tuple[Plant, Ledger]]
Said = dict[str, list[list[str]]]
RATIOS = ("oee", "availability", "effectiveness", "quality", "coverage")
POLICIES = ("iso22400", "vorne", "point85")


@pytest.fixture
def plant(plant_db: Database, client: TestClient, floor: Floor, tmp_path: Path) -> Iterator[Path]:
    """The folder of a plant with rework and takts, its shift totals kept."""
    _, ledger = floor(3)
    bound = {"tag": "suzhou/gw-l1/L1-OP10/rework", "role": "rework", "machine": "L1-OP10"}
    assert client.put("/api/v1/bindings", json=bound).status_code == 200
    start = ledger.start_ms
    with plant_db.write() as session:
        store(session, [("rework", "L1-OP10", start, 0), ("rework", "L1-OP10", start + HOUR_MS, 7)], 10**6)
    for scope, takt_s in (("machine:L1-OP10", 45), ("line:L1", 50), ("site", 25)):
        put = client.put(f"/api/v1/oee/targets/{scope}", json={"oee": 0.8, "takt_s": takt_s})
        assert put.status_code == 200
    settle(plant_db, ledger)
    return tmp_path


def told(folder: Path, scope: str, policy: str, *more: str) -> Said:
    """What the command prints: under each heading the words of its rows; the figure is under ''."""
    words = ["--scope", scope, "--policy", policy, "--from", DAY["from"], "--to", DAY["to"], *more]
    run = CliRunner().invoke(
        oee_app, ["explain", *words], env={"TAKTLINE_DATA": str(folder), "TAKTLINE_CLOCK": str(CLOCK)}
    )
    assert run.exit_code == 0, run.output
    said: Said = {"": []}
    under = ""
    for line in run.output.splitlines()[2:]:
        if line.startswith("  "):
            said[under].append(line.split())
        else:
            under = line.split(":")[0].split(",")[0]
            said[under] = []
    return said


def asked(client: TestClient, scope: str, policy: str, **more: str) -> Any:
    answer = client.get("/api/v1/oee", params={**DAY, "scope": scope, "policy": policy, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def numbers(words: Sequence[str]) -> list[float | None]:
    return [None if word in {"none", "-"} else float(word) for word in words]


def row_of(figure: Mapping[str, Any]) -> list[float | None]:
    times = [figure[name] for name in ("observed_planned_s", "production_s", "break_s")]
    return [
        *(figure[name] for name in RATIOS),
        *times,
        figure["good"],
        figure["rejected"],
        figure["reworked"],
    ]


def agree(words: Sequence[str], expected: Sequence[float | None]) -> None:
    """Printed ratios have six places, times three; the counts are whole."""
    places = [*[6e-7] * len(RATIOS), *[6e-4] * 3, 0, 0, 0]
    for printed, value, within in zip(numbers(words), expected, places, strict=True):
        assert printed == (value if value is None else pytest.approx(value, abs=within, rel=0))


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("scope", ["machine:L1-OP10", "line:L1", "site"])
def test_the_command_prints_the_figure_that_the_api_gives(
    plant: Path, client: TestClient, scope: str, policy: str
) -> None:
    said, figure = told(plant, scope, policy), asked(client, scope, policy)["figure"]
    head = {words[0]: words[1:] for words in said[""]}
    for name in RATIOS:
        assert float(head[name][0]) == pytest.approx(figure[name], abs=6e-7), name
    shown = [head["planned"][0], head["planned"][3], head["breaks"][0], head["production"][0]]
    times = [figure[name] for name in ("planned_s", "observed_planned_s", "break_s", "production_s")]
    assert numbers(shown) == pytest.approx(times, abs=6e-4)
    assert figure["break_s"] > 0
    assert figure["reworked"] == 7
    assert head["parts"][::2] == [str(figure[name]) for name in ("good", "rejected", "reworked")]
    assert {name: float(s) for name, s, _ in said[f"losses by {policy}"]} == pytest.approx(
        figure["losses"], abs=6e-4
    )
    indicators = {name: numbers([value])[0] for name, value in said["indicators"]}
    assert indicators == pytest.approx(figure["indicators"], rel=1e-5)
    assert indicators["takt_adherence"] is not None


@pytest.mark.usefixtures("plant")
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("scope", ["machine:L1-OP10", "line:L1", "site"])
def test_the_losses_of_an_answer_end_at_the_oee_beside_them(
    client: TestClient, scope: str, policy: str
) -> None:
    figure = asked(client, scope, policy)["figure"]
    losses = figure["losses"]
    whole_s = figure["observed_planned_s"] + losses["planned_downtime"]
    assert whole_s - sum(losses.values()) == pytest.approx(figure["oee"] * whole_s)
    assert losses["planned_downtime"] == (figure["break_s"] if policy == "point85" else 0)
    assert (losses["rework"] > 0) == (policy != "iso22400")


@pytest.mark.parametrize("scope", ["line:L1", "site"])
def test_the_command_prints_the_figures_of_the_machines_and_of_the_constraint(
    plant: Path, client: TestClient, scope: str
) -> None:
    said, answer = told(plant, scope, "point85"), asked(client, scope, "point85")
    machines = said["machines"]
    assert [words[0] for words in machines] == [each["machine"] for each in answer["machines"]]
    for words, each in zip(machines, answer["machines"], strict=True):
        agree(words[1:], row_of(each["figure"]))
    if scope == "site":
        assert "constraint" not in said
    else:
        [words] = said["constraint"]
        agree(words[2:], row_of(answer["constraint"]["figure"]))
        assert words[:2] == [answer["constraint"]["station"], "+".join(answer["constraint"]["machines"])]


@pytest.mark.parametrize("by", ["hour", "shift", "line", "product"])
def test_the_command_prints_the_groups_that_the_api_gives(plant: Path, client: TestClient, by: str) -> None:
    said, answer = told(plant, "site", "vorne", "--by", by), asked(client, "site", "vorne", by=by)
    rows = said[f"by {by}"]
    # The key of a shift has words of its own.
    assert [" ".join(words[:-13]) for words in rows] == [group["key"] or "-" for group in answer["groups"]]
    assert len(rows) >= 2
    for words, group in zip(rows, answer["groups"], strict=True):
        agree(words[-11:], row_of(group["figure"]))
        assert words[-13:-11] == [group["start"], group["end"]]


def test_breaks_are_printed_so_that_the_denominator_of_point85_can_be_followed(plant: Path) -> None:
    said = told(plant, "machine:L1-OP10", "point85")
    head = {words[0]: words[1:] for words in said[""]}
    pbt, breaks, apt = float(head["planned"][3]), float(head["breaks"][0]), float(head["production"][0])
    assert len(said["breaks"]) > 0
    assert float(head["availability"][0]) == pytest.approx(apt / (pbt + breaks), abs=1e-6)
