import json
import math

import pytest

from taktline.bench import main


@pytest.mark.slow
def test_the_oee_benchmark_gives_its_figures_as_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["oee", "--machines", "3", "--rounds", "1", "--json"]) == 0
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line["bench"] == "oee"
    assert {"month_states_ms", "month_segments_ms", "fleet_month_ms", "reference_changes_ms"} <= line.keys()
    figures = {name: value for name, value in line.items() if isinstance(value, int | float)}
    assert all(math.isfinite(value) and value > 0 for value in figures.values()), figures
    assert line["states"] == 30 * 86_400


def test_a_fleet_that_cannot_be_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["oee", "--machines", "0"]) == 2
    assert "accepted are 1 to 1000" in capsys.readouterr().err
