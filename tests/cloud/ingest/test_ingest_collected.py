"""How long bytes of a broker wait for more: for a moment, and not at all beside plenty."""

import pytest

from cloud.ingest.collected import LITTLE, WAIT_S, Collected
from cloud.ingest.groups import MOST, MOST_BYTES

PUBLISH, PINGRESP = b"\x30", b"\xd0\x00"


class _Clock:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def collected(clock: _Clock) -> Collected:
    return Collected(clock)


def _comes(collected: Collected, size: int, *, rest: bytes = b"", message_bytes: int = 250) -> bool:
    collected.add(PUBLISH * size)
    return collected.is_due(rest, size, message_bytes)


def test_a_little_waits_for_more_and_not_for_ever(collected: Collected, clock: _Clock) -> None:
    assert not _comes(collected, 1000)
    clock.now_s += 0.9 * WAIT_S
    assert not _comes(collected, 1000)
    clock.now_s += 0.2 * WAIT_S  # counted from what came first
    assert _comes(collected, 1000)
    assert len(collected.take().text) == 3000
    assert not _comes(collected, 1000)


def test_plenty_does_not_wait(collected: Collected) -> None:
    assert not _comes(collected, MOST_BYTES - 1)
    assert _comes(collected, 1)


def test_as_many_messages_as_are_read_together_do_not_wait(collected: Collected) -> None:
    assert not _comes(collected, 10 * MOST - 1, message_bytes=10)
    assert _comes(collected, 1, message_bytes=10)


def test_much_does_not_wait_once_nothing_more_comes(collected: Collected) -> None:
    assert not _comes(collected, LITTLE)
    assert _comes(collected, 0)


def test_a_little_waits_also_while_nothing_more_comes(collected: Collected) -> None:
    assert not _comes(collected, LITTLE - 1)
    assert not _comes(collected, 0)


def test_what_is_no_data_message_does_not_wait(collected: Collected) -> None:
    collected.add(PINGRESP)
    assert collected.is_due(b"", 2, 0)


def test_the_rest_of_a_message_is_known_by_its_beginning(collected: Collected) -> None:
    collected.add(PINGRESP)  # bytes of a payload
    assert not collected.is_due(PUBLISH, 2, 0)


def test_what_came_is_told_with_where_it_ended(collected: Collected) -> None:
    for part in (b"ab", b"", b"cde"):
        collected.add(part)
    came = collected.take()
    assert (came.text, came.ends.tolist(), len(came.ms)) == (b"abcde", [2, 5], 2)
    assert collected.size == 0
