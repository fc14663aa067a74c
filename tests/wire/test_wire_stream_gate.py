"""A stream's gate: once, in order, and nothing called missing that is stored."""

from hypothesis import given
from hypothesis import strategies as st

from wire.receipts import BatchHeader, GapReason
from wire.stream_gate import StreamGate, Verdict

STREAM = bytes(16)


def batch(position: int) -> BatchHeader:
    return BatchHeader(STREAM, position - 1, position)


def gap(first: int, last: int) -> BatchHeader:
    return BatchHeader(STREAM, first - 1, last, GapReason.DROPPED)


def positions(verdict: Verdict[int]) -> list[tuple[int, int]]:
    return [(entry.first, entry.header.position) for entry in verdict.accepted]


def offer(gate: StreamGate[int], header: BatchHeader, now_s: float = 0.0) -> list[tuple[int, int]]:
    return positions(gate.offer(header, header.position, now_s))


@given(st.permutations(range(1, 9)), st.lists(st.integers(1, 8), max_size=8))
def test_any_order_with_repeats_is_accepted_once_and_in_order(order: list[int], repeats: list[int]) -> None:
    gate: StreamGate[int] = StreamGate()
    accepted = [entry for position in [*order, *repeats] for entry in offer(gate, batch(position))]
    assert accepted == [(position, position) for position in range(1, 9)]
    assert gate.staged_through == 8
    assert gate.stored_through == 0
    assert gate.held == 0


def test_the_receipt_is_repeated_only_for_what_is_committed() -> None:
    gate: StreamGate[int] = StreamGate(4)
    assert gate.offer(batch(4), 4, 0.0) == Verdict((), repeat_receipt=True)
    offer(gate, batch(5))
    assert gate.offer(batch(5), 5, 0.0) == Verdict((), repeat_receipt=False)
    gate.committed()
    assert gate.offer(batch(5), 5, 0.0) == Verdict((), repeat_receipt=True)
    assert gate.stored_through == 5


def test_a_gap_is_clipped_to_what_is_not_stored() -> None:
    gate: StreamGate[int] = StreamGate(6)
    assert offer(gate, gap(3, 9)) == [(7, 9)]
    assert offer(gate, gap(1, 9)) == []
    assert offer(gate, batch(10)) == [(10, 10)]


def test_what_lies_beyond_a_hole_waits_then_is_let_go() -> None:
    gate: StreamGate[int] = StreamGate(hold_s=2.0)
    assert offer(gate, batch(3), 10.0) == []
    assert not gate.expired(11.9)
    assert gate.expired(12.0)
    assert gate.held == 0
    assert not gate.expired(99.0)
    assert offer(gate, batch(1), 12.0) + offer(gate, batch(2), 12.0) == [(1, 1), (2, 2)]


def test_a_failed_commit_takes_everything_back_and_says_no_receipt() -> None:
    gate: StreamGate[int] = StreamGate(hold_s=1.0)
    offer(gate, batch(1))
    gate.rolled_back()
    assert gate.staged_through == 0
    assert offer(gate, batch(2), 0.0) == []
    assert not gate.expired(5.0)  # a host that cannot store must not make the edge give a batch up
    assert gate.held == 0
    assert offer(gate, batch(1), 6.0) == [(1, 1)]
    gate.committed()
    offer(gate, batch(3), 7.0)
    assert gate.expired(8.0)


def test_no_more_is_held_than_allowed() -> None:
    gate: StreamGate[int] = StreamGate(held_max=3)
    for position in range(2, 9):
        offer(gate, batch(position))
    assert gate.held == 3
    assert offer(gate, batch(1)) == [(1, 1), (2, 2), (3, 3), (4, 4)]
