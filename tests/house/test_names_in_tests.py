"""What tests import and name exists: a name that left the product is missed here, and not in a long run."""

import ast
from pathlib import Path

import pytest
from names_of_ours import Beside, wrong_names

FLOOR = {"floor": Beside(ast.parse("def lay() -> None: ..."))}


def test_every_name_that_tests_take_from_us_is_there(root: Path) -> None:
    files = {
        path: ast.parse(path.read_text())
        for path in sorted((root / "tests").rglob("*.py"))
        if "node_modules" not in path.parts
    }
    beside = {path.stem: Beside(tree) for path, tree in files.items()}
    wrong = {
        str(path.relative_to(root)): found
        for path, tree in files.items()
        if (found := wrong_names(tree, beside))
    }
    assert len(files) > 200
    assert not wrong


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (
            "from cloud.oee import events\n\ndef test():\n    assert events.GONE",
            "line 4: cloud.oee.events has no GONE",
        ),
        (
            "import cloud.oee.events as said\nprint([said.GONE for _ in ()])",
            "line 2: cloud.oee.events has no GONE",
        ),
        ("import cloud.oee.events\ncloud.oee.events.GONE", "line 2: cloud.oee.events has no GONE"),
        ("from wire.clock import real_ms, real_s", "line 1: wire.clock has no real_s"),
        ("import edge.gone", "line 1: No module named 'edge.gone'"),
        ("def f():\n    from edge import gone", "line 2: edge has no gone"),
        ("from wire import clock\nclock.clock_from(words='')", "line 2: clock.clock_from takes no words"),
        ("from wire.clock import PlantClock\nPlantClock(pace=1)", "line 2: PlantClock takes no pace"),
        ("from floor import lay, sweep", "line 1: the file of tests has no sweep"),
        ("import floor\nfloor.sweep()", "line 2: the file of tests has no sweep"),
    ],
)
def test_a_name_that_is_not_there_is_told(source: str, told: str) -> None:
    assert wrong_names(ast.parse(source), FLOOR) == [told]


@pytest.mark.parametrize(
    "source",
    [
        "from cloud.oee import events\n\ndef test(events):\n    assert events.GONE",
        "from cloud.oee import events\n\ndef test():\n    events = object()\n    assert events.GONE",
        "from cloud.oee import events\nassert [events.GONE for events in ()]",
        "from cloud.oee import events\nassert sorted([], key=lambda events: events.GONE)",
        "from cloud.oee import events\nevents.GONE = 1",
        "import json\njson.gone",
        "import floor\nfloor.lay().far",
    ],
)
def test_what_is_something_else_is_left_alone(source: str) -> None:
    assert wrong_names(ast.parse(source), FLOOR) == []
