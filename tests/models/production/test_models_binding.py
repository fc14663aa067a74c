from hypothesis import given
from hypothesis import strategies as st

from models.production.binding import FirstRead, Made, bind, first_reads


def _exact(*made_s: int) -> list[Made]:
    return [Made((0, k), at * 1000 - 1000, at * 1000) for k, at in enumerate(made_s, start=1)]


def test_a_read_binds_the_unit_made_before_it() -> None:
    units = _exact(10)
    read = FirstRead(16_000, "E1")
    assert bind(units, [read], max_transit_ms=20_000) == {read: units[0]}


def test_after_a_lost_read_the_next_tag_binds_its_own_unit() -> None:
    units = _exact(10, 50)
    read = FirstRead(56_000, "E2")
    assert bind(units, [read], max_transit_ms=20_000) == {read: units[1]}


def test_a_stray_tag_without_a_unit_binds_nothing() -> None:
    assert bind(_exact(10), [FirstRead(56_000, "EX")], max_transit_ms=20_000) == {}


def test_a_unit_made_after_the_read_is_no_candidate() -> None:
    assert bind(_exact(10), [FirstRead(8_000, "EX")], max_transit_ms=20_000) == {}


def test_the_oldest_of_several_units_in_one_interval_wins() -> None:
    units = [Made((0, k), 0, 60_000) for k in (1, 2)]
    reads = [FirstRead(15_000, "E1"), FirstRead(50_000, "E2")]
    assert list(bind(units, reads, max_transit_ms=20_000).values()) == units


def test_repeated_reads_of_a_tag_count_once_at_the_first() -> None:
    assert first_reads([(30, "B"), (12, "A"), (10, "A"), (11, "A")]) == [
        FirstRead(10, "A"),
        FirstRead(30, "B"),
    ]


@given(
    st.lists(
        st.tuples(st.integers(25, 90), st.integers(1, 19), st.booleans(), st.integers(1, 20)), max_size=25
    )
)
def test_lost_reads_never_shift_tags_when_parts_are_further_apart_than_the_way(
    parts: list[tuple[int, int, bool, int]],
) -> None:
    units, reads, truth = [], [], {}
    at_s = 0
    for k, (cycle_s, transit_s, is_read, seen_late_s) in enumerate(parts, start=1):
        at_s += cycle_s
        # The counter is read a little before and exactly at the part, as report by exception does.
        unit = Made((0, k), at_s * 1000 - seen_late_s, at_s * 1000)
        units.append(unit)
        if is_read:
            read = FirstRead((at_s + transit_s) * 1000, f"E{k}")
            reads.append(read)
            truth[read] = unit
    assert bind(units, reads, max_transit_ms=20_000) == truth


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), max_size=15),
    st.lists(st.integers(0, 120), max_size=15, unique=True),
    st.integers(0, 15),
)
def test_binding_a_prefix_of_the_reads_does_not_depend_on_later_reads(
    widths: list[tuple[int, int]], read_times: list[int], cut: int
) -> None:
    units, at = [], 0
    for k, (gap, width) in enumerate(widths, start=1):
        units.append(Made((0, k), at + gap, at + gap + width))
        at += gap + width
    reads = sorted(FirstRead(ts, f"E{ts}") for ts in read_times)
    whole = bind(units, reads, max_transit_ms=12)
    part = bind(units, reads[:cut], max_transit_ms=12)
    assert part == {read: unit for read, unit in whole.items() if read in reads[:cut]}
    assert len({unit.key for unit in whole.values()}) == len(whole)
