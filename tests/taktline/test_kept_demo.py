"""A demo that is kept goes on where it was left; lengths of history are read as people write them."""

from pathlib import Path

import pytest

from taktline.demo import DemoOptions, history_minutes, make_plan, remember
from taktline.kept import FILE, KeptWrong, kept_in

PLANT = Path(__file__).parents[2] / "simulators" / "plants" / "demo.toml"


def test_a_kept_demo_goes_on_with_its_world_after_all_that_was_told(tmp_path: Path) -> None:
    first = make_plan(DemoOptions(PLANT, seed=9, history_min=14 * 1440), tmp_path)
    remember(first)
    kept = kept_in(tmp_path)
    assert kept is not None
    again = make_plan(DemoOptions(PLANT, seed=7, history_min=0), tmp_path, kept)
    assert (again.seed, again.start_ms) == (9, first.start_ms)
    assert again.origin_ms > kept.reached_ms >= first.origin_ms
    assert again.origin_ms % 2 == 0


def test_a_start_that_did_not_come_to_its_end_is_made_anew(tmp_path: Path) -> None:
    for name in ("broker", "gateways", "logs"):
        (tmp_path / name).mkdir()
    assert kept_in(tmp_path) is None
    assert kept_in(tmp_path / "not there yet") is None


@pytest.mark.parametrize("text", ["", "[]", '{"seed": 7}', "{"])
def test_a_damaged_record_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(KeptWrong, match=r"demo\.json"):
        kept_in(tmp_path)


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(KeptWrong, match=r"holiday\.jpg; accepted: a new or empty folder"):
        kept_in(tmp_path)


@pytest.mark.parametrize(
    ("text", "minutes"), [("14d", 20_160), ("8h", 480), ("0", 0), ("0.5h", 30), ("60d", 86_400)]
)
def test_a_length_of_history_is_days_or_hours(text: str, minutes: int) -> None:
    assert history_minutes(text) == minutes


@pytest.mark.parametrize("text", ["", "14", "d", "-1h", "61d", "nanh", "8 hours", "1e9d"])
def test_any_other_length_is_refused_with_what_is_accepted(text: str) -> None:
    with pytest.raises(ValueError, match="accepted: days or hours such as 14d or 8h"):
        history_minutes(text)
