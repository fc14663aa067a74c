import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.oee.aim import LEAST_COVERAGE, verdict
from models.oee.policies import ISO22400
from models.oee.score import Tally

MIN = 60_000
FIGURES = ("oee", "availability", "effectiveness", "quality", "takt_adherence")


def watched(minutes: int = 60, planned: int = 60, rejected: int = 5, running: int | None = None) -> Tally:
    """A tally of which only the times and the rejects matter."""
    return Tally(
        planned_ms=planned * MIN,
        observed_ms=minutes * MIN,
        running_ms=(minutes if running is None else running) * MIN,
        good=95,
        rejected=rejected,
    )


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize(("value", "said"), [(0.59, "off"), (0.61, None), (0.62, "met"), (1.0, "met")])
def test_a_figure_about_its_target_says_nothing(figure: str, value: float, said: str | None) -> None:
    assert verdict(figure, value, 0.6, watched()) == said


@pytest.mark.parametrize(
    ("figure", "value", "target", "said"),
    [
        ("quality", 0.979, 0.98, "off"),
        ("quality", 0.985, 0.98, None),  # two points above .98 nothing could be
        ("quality", 0.99, 0.98, "met"),
        ("oee", 0.995, 0.99, "met"),
        ("oee", 0.995, 1.0, "off"),
        ("availability", 1.0, 1.0, "met"),
        ("effectiveness", 1.04, 1.0, "met"),
        ("takt_adherence", 0.99, 1.0, "off"),
        ("takt_adherence", 1.01, 1.0, None),
        ("takt_adherence", 1.02, 1.0, "met"),
    ],
)
def test_a_target_near_one_can_be_reached_again(
    figure: str, value: float, target: float, said: str | None
) -> None:
    assert verdict(figure, value, target, watched()) == said


@pytest.mark.parametrize("figure", FIGURES)
def test_a_gap_or_a_shift_that_has_just_begun_misses_nothing(figure: str) -> None:
    def said(tally: Tally, machines: int = 1) -> str | None:
        return verdict(figure, 0.1, 0.6, tally, machines=machines)

    assert said(watched(29, 29)) is None
    assert said(watched(47)) is None
    assert said(watched(48)) == "off"
    assert said(Tally()) is None
    # Of four machines half an hour each, not of all of them together.
    assert said(watched(119, 119), 4) is None
    assert said(watched(120, 120), 4) == "off"
    assert verdict(figure, None, 0.6, watched()) is None


def test_effectiveness_waits_for_half_an_hour_of_production() -> None:
    assert verdict("effectiveness", 0.1, 0.6, watched(running=29)) is None
    assert verdict("effectiveness", 0.1, 0.6, watched(running=30)) == "off"
    assert verdict("availability", 29 / 60, 0.6, watched(running=29)) == "off"


def test_one_reject_alone_misses_no_quality_but_that_of_every_part() -> None:
    assert verdict("quality", 0.9, 0.98, watched(rejected=1)) is None
    assert verdict("quality", 0.9, 0.98, watched(rejected=2)) == "off"
    assert verdict("quality", 0.9, 1.0, watched(rejected=1)) == "off"
    assert verdict("oee", 0.5, 0.6, watched(rejected=0)) == "off"


SHARES = st.floats(0, 1)


@given(figure=st.sampled_from(FIGURES), value=SHARES, target=SHARES, observed=st.integers(0, 480))
def test_off_is_below_the_target_and_met_is_not(
    figure: str, value: float, target: float, observed: int
) -> None:
    said = verdict(figure, value, target, watched(observed, 480))
    if said is not None:
        assert (said == "off") == (value < target)
        assert observed >= LEAST_COVERAGE * 480


def test_the_textbook_shift_misses_its_quality_and_nothing_else() -> None:
    """Vorne, Fast Guide to OEE: 19,271 parts of 1 s in 373 of 420 min, 423 rejected: .978 of quality."""
    tally = Tally(
        planned_ms=420 * MIN,
        observed_ms=420 * MIN,
        running_ms=373 * MIN,
        waiting_ms=47 * MIN,
        good=18_848,
        rejected=423,
        ideal_all_s=19_271.0,
        ideal_good_s=18_848.0,
    )
    score = ISO22400.score(tally)
    aims = {"oee": 0.70, "availability": 0.85, "effectiveness": 0.84, "quality": 0.98}
    said = {name: verdict(name, getattr(score, name), aim, tally) for name, aim in aims.items()}
    assert said == {"oee": "met", "availability": "met", "effectiveness": "met", "quality": "off"}
