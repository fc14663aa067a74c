"""How long the ingest thread waits for more: once for what came, and not at all beside plenty."""

import threading
import time

import pytest

from cloud.ingest.arrival import Arrival, Block
from cloud.ingest.groups import MOST, MOST_BYTES
from cloud.ingest.inbox import GATHER_S, Inbox
from wire.clock import real_ms

TOPIC = "spBv1.0/g/DDATA/n/d"


class _Waits(threading.Event):
    """An event that notes how long it was waited for; while there is `more`, that comes instead."""

    def __init__(self) -> None:
        super().__init__()
        self.waited_s: list[float] = []
        self.inbox: Inbox | None = None
        self.more: list[Block] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited_s.append(timeout or 0.0)
        if self.more and self.inbox is not None:
            self.inbox.put(self.more.pop())
            return False
        return super().wait(timeout)


def _block(messages: int, *, age_ms: int = 0, size: int = 10) -> Block:
    return Block.of([Arrival(TOPIC, bytes(size), real_ms() - age_ms)] * messages)


@pytest.fixture
def waits() -> _Waits:
    return _Waits()


@pytest.fixture
def inbox(waits: _Waits) -> Inbox:
    waits.inbox = Inbox(100_000, waits)
    return waits.inbox


def test_few_messages_are_waited_with_for_a_moment(inbox: Inbox, waits: _Waits) -> None:
    began_s = time.monotonic()
    inbox.put(_block(3))
    inbox.take_out(MOST, MOST_BYTES, 0.0)
    assert time.monotonic() - began_s > 0.9 * GATHER_S
    assert sum(waits.waited_s) <= 2 * GATHER_S


def test_what_has_waited_already_waits_no_longer(inbox: Inbox, waits: _Waits) -> None:
    inbox.put(_block(3, age_ms=round(1000 * GATHER_S) + 1))
    inbox.take_out(MOST, MOST_BYTES, 0.0)
    assert waits.waited_s == []
    assert sum(map(len, inbox.taken)) == 3


@pytest.mark.parametrize("plenty", [_block(MOST), _block(10, size=MOST_BYTES)])
def test_beside_plenty_nothing_is_waited_for(inbox: Inbox, waits: _Waits, plenty: Block) -> None:
    inbox.put(_block(3))
    inbox.put(plenty)
    inbox.take_out(MOST, MOST_BYTES, 0.0)
    assert waits.waited_s == []


def test_waiting_ends_as_soon_as_plenty_has_come(inbox: Inbox, waits: _Waits) -> None:
    waits.more = [_block(MOST)]
    inbox.put(_block(3, age_ms=-3_600_000))  # just come, however slow this machine is
    inbox.take_out(MOST, MOST_BYTES, 0.0)
    assert len(waits.waited_s) == 1


def test_a_clock_set_back_holds_nothing_up_for_long(inbox: Inbox, waits: _Waits) -> None:
    inbox.put(_block(3, age_ms=-3_600_000))
    inbox.take_out(MOST, MOST_BYTES, 0.0)
    assert 0 < sum(waits.waited_s) <= 2 * GATHER_S
