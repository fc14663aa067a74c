"""What machines and lines side by side finished, and how it keeps the takt; figures reckoned by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.oee.score import Tally
from models.oee.takt import Finished, takt_adherence

HOUR_MS = 3_600_000


def made(good: int, planned_h: float, observed_h: float | None = None) -> Finished:
    observed = planned_h if observed_h is None else observed_h
    return Finished.by_machine(
        Tally(good=good, planned_ms=round(planned_h * HOUR_MS), observed_ms=round(observed * HOUR_MS))
    )


def test_vornes_shift_against_a_takt() -> None:
    # 420 min with a takt of 1.2 s ask for 21,000 parts.
    assert takt_adherence([(made(18_848, 7), 1.2)]) == pytest.approx(18_848 / 21_000)


def test_two_parallel_machines_exactly_on_the_takt_keep_it() -> None:
    # Together one part in 60 s: 240 each in 8 h, 480 asked for. Added times would say 50 %.
    station = Finished.side_by_side([made(240, 8), made(240, 8)])
    assert (station.good, station.planned_ms) == (480, 8 * HOUR_MS)
    assert takt_adherence([(station, 60)]) == pytest.approx(1)


def test_two_lines_exactly_on_their_takt_keep_that_of_the_site() -> None:
    # Each a part in 60 s, so the site one in 30 s.
    lines = [made(480, 8), made(480, 8)]
    assert takt_adherence([(Finished.side_by_side(lines), 30)]) == pytest.approx(1)
    assert takt_adherence([(line, 60) for line in lines]) == pytest.approx(1)


def test_lines_against_takts_of_their_own_add_up_by_parts() -> None:
    # 480 of 480 and 360 of 720: 840 of 1,200, not the mean of 100 % and 50 %.
    assert takt_adherence([(made(480, 8), 60), (made(360, 8), 40)]) == pytest.approx(0.7)


def test_time_that_nobody_watched_asks_for_nothing() -> None:
    # 80 in 2 h and 40 in the hour that was watched: 120 in 1.5 h, 45 s each.
    station = Finished.side_by_side([made(80, 2), made(40, 2, 1)])
    assert (station.planned_ms, station.observed_ms) == (2 * HOUR_MS, 1.5 * HOUR_MS)
    assert takt_adherence([(station, 45)]) == pytest.approx(1)
    assert takt_adherence([(made(0, 2, 0), 45)]) is None
    assert takt_adherence([(Finished.side_by_side([]), 45)]) is None


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=6), st.floats(0.1, 600), st.floats(0.5, 24))
def test_how_the_parts_are_shared_out_in_a_station_changes_nothing(
    goods: list[int], takt_s: float, length_h: float
) -> None:
    together = Finished.side_by_side([made(good, length_h) for good in goods])
    alone = made(sum(goods), length_h)
    assert takt_adherence([(together, takt_s)]) == pytest.approx(takt_adherence([(alone, takt_s)]))
