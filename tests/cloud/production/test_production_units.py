"""Which units change when counts are replaced, against working it out unit by unit."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from cloud.production.actions import units
from cloud.production.actions.units import Interval

WORK_ORDERS = {110: 1, 120: 1, 210: 2}


@st.composite
def counts(draw: st.DrawFn) -> list[Interval]:
    """Disjoint counts of two epochs, some of no parts."""
    found: list[Interval] = []
    for epoch in (0, 1):
        ordinal = 1
        for size in draw(st.lists(st.integers(0, 5), max_size=6)):
            ordinal += draw(st.integers(0, 3))
            job = draw(st.sampled_from([None, *WORK_ORDERS]))
            found.append((epoch, ordinal, ordinal + size - 1, draw(st.integers(0, 2)), 9, job))
            ordinal += size
    return draw(st.permutations(found))


def one_by_one(intervals: Sequence[Interval]) -> dict[tuple[int, int], tuple[int, int, int | None]]:
    return {
        (epoch, ordinal): (from_ms, at_ms, WORK_ORDERS.get(job or 0))
        for epoch, first, last, from_ms, at_ms, job in intervals
        for ordinal in range(first, last + 1)
    }


@given(gone=counts(), come=counts())
def test_ranges_say_of_each_unit_what_changes(gone: list[Interval], come: list[Interval]) -> None:
    before, after = one_by_one(gone), one_by_one(come)
    ranges = units._ranges(units._origins(gone, WORK_ORDERS), units._origins(come, WORK_ORDERS))
    changed = {(each.epoch, n): each for each in ranges for n in range(each.first, each.last + 1)}
    assert len(changed) == sum(each.last - each.first + 1 for each in ranges)
    assert set(changed) == {key for key in before | after if before.get(key) != after.get(key)}
    for key, each in changed.items():
        assert each.before == before.get(key)
        assert each.after == after.get(key)
