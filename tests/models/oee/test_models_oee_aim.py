import pytest

from models.oee.aim import verdict
from models.oee.score import Tally

MIN = 60_000


def tally(oee: float, observed_min: int = 60, planned_min: int = 60) -> Tally:
    ideal_s = oee * observed_min * 60
    return Tally(
        planned_ms=planned_min * MIN,
        observed_ms=observed_min * MIN,
        running_ms=observed_min * MIN,
        good=10,
        ideal_all_s=ideal_s,
        ideal_good_s=ideal_s,
    )


@pytest.mark.parametrize(
    ("oee", "target", "said"),
    [(0.59, 0.6, "off"), (0.61, 0.6, None), (0.63, 0.6, "met"), (1.0, 0.99, "met"), (0.995, 1.0, "off")],
)
def test_a_figure_about_its_target_says_nothing(oee: float, target: float, said: str | None) -> None:
    assert verdict(tally(oee), target) == said


def test_a_gap_or_a_shift_that_has_just_begun_misses_nothing() -> None:
    assert verdict(tally(0.1, observed_min=29, planned_min=29), 0.6) is None
    assert verdict(tally(0.1, observed_min=47), 0.6) is None
    assert verdict(tally(0.1, observed_min=48), 0.6) == "off"
    assert verdict(Tally(), 0.6) is None
    # Of four machines half an hour each, not of all of them together.
    assert verdict(tally(0.1, observed_min=119, planned_min=119), 0.6, machines=4) is None
    assert verdict(tally(0.1, observed_min=120, planned_min=120), 0.6, machines=4) == "off"
