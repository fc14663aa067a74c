"""Laws of the Modbus request planner."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.drivers.modbus.plan import Limits, Ring, Span, clock_first, plan

spans = st.lists(
    st.builds(
        Span,
        st.sampled_from(["holding", "input"]),
        st.integers(0, 3000),
        st.integers(1, 4),
    ),
    max_size=60,
)
limits = st.builds(
    Limits,
    st.integers(0, 124),
    st.integers(4, 125),
    st.lists(
        st.tuples(st.integers(0, 3000), st.integers(0, 3000)).map(lambda p: (min(p), max(p))), max_size=4
    ).map(tuple),
)


def is_readable(span: Span, allowed: Limits) -> bool:
    return allowed.is_free(span.address, span.end)


@given(spans, limits)
def test_every_wanted_number_lies_whole_in_one_request(wanted: list[Span], allowed: Limits) -> None:
    readable = [span for span in wanted if is_readable(span, allowed)]
    requests = plan(readable, allowed)
    assert all(any(request.covers(span) for request in requests) for span in readable)


@given(spans, limits)
def test_no_request_is_too_large_or_touches_a_forbidden_register(wanted: list[Span], allowed: Limits) -> None:
    for request in plan([span for span in wanted if is_readable(span, allowed)], allowed):
        assert 1 <= request.count <= min(allowed.registers, 125)
        registers = set(range(request.address, request.end))
        assert not any(registers & set(range(low, high + 1)) for low, high in allowed.forbidden)


@given(spans, limits)
def test_no_request_reads_a_longer_gap_than_allowed(wanted: list[Span], allowed: Limits) -> None:
    readable = [span for span in wanted if is_readable(span, allowed)]
    for request in plan(readable, allowed):
        used = sorted({a for s in readable if s.table == request.table for a in range(s.address, s.end)})
        inside = [a for a in used if request.address <= a < request.end]
        gaps = [after - before - 1 for before, after in pairwise(inside)]
        assert max(gaps, default=0) <= allowed.gap


@given(spans, limits)
def test_order_and_repetition_of_wishes_change_nothing(wanted: list[Span], allowed: Limits) -> None:
    readable = [span for span in wanted if is_readable(span, allowed)]
    assert plan(readable, allowed) == plan([*reversed(readable), *readable], allowed)


def test_neighbours_within_the_gap_share_a_request() -> None:
    assert plan([Span("holding", 0, 4), Span("holding", 6, 2)], Limits(gap=2)) == [Span("holding", 0, 8)]
    assert len(plan([Span("holding", 0, 4), Span("holding", 6, 2)], Limits(gap=1))) == 2


@pytest.mark.parametrize("span", [Span("holding", 10, 4), Span("holding", 0, 126)])
def test_what_cannot_be_read_is_refused(span: Span) -> None:
    with pytest.raises(ValueError, match="cannot be read in one request"):
        plan([span], Limits(forbidden=((12, 12),)))


def test_the_clock_is_read_first() -> None:
    requests = [Span("holding", 0, 10), Span("holding", 500, 10)]
    assert clock_first(requests, Span("holding", 502, 4))[0].address == 500


@given(
    st.integers(1, 200), st.integers(0, 200), st.integers(1, 100), st.integers(1, 40), st.integers(40, 125)
)
def test_ring_requests_hold_each_entry_once_whole_and_in_order(
    first: int, more: int, entries: int, size: int, registers: int
) -> None:
    ring = Ring("holding", 1000, entries, size)
    last = first + min(more, entries - 1)
    allowed = Limits(registers=registers)
    read = []
    for start, request in ring.requests(first, last, allowed):
        assert request.count <= registers
        assert request.address >= 1000
        assert request.end <= 1000 + entries * size
        for number in range(start, start + request.count // size):
            assert request.address + (number - start) * size == 1000 + (number - 1) % entries * size
            read.append(number)
    assert read == list(range(first, last + 1))


def test_the_seam_of_the_ring_splits_a_request() -> None:
    ring = Ring("holding", 20, 64, 16)
    assert ring.requests(63, 66, Limits()) == [
        (63, Span("holding", 20 + 62 * 16, 32)),
        (65, Span("holding", 20, 32)),
    ]
