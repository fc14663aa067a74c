"""A receipt is said again only when the edge is to go back: otherwise it would give up good batches."""

import pytest

from cloud.ingest.receipts import REPEAT_S, ReceiptBook
from cloud.timeseries.store import StreamKey

KEY = StreamKey("suzhou/gw-l1", "a" * 32)


@pytest.fixture
def book() -> ReceiptBook:
    opened = ReceiptBook()
    opened.is_due(KEY)
    assert opened.take(10.0, lambda _: 5, (), may_repeat=False) == [(KEY, 5)]
    opened.is_due(KEY)
    return opened


def test_news_is_said_at_once(book: ReceiptBook) -> None:
    assert book.take(10.1, lambda _: 6, (KEY,), may_repeat=False) == [(KEY, 6)]


def test_a_repetition_waits_for_its_time(book: ReceiptBook) -> None:
    assert book.take(10.1, lambda _: 5, (), may_repeat=True) == []
    assert book.take(10.0 + REPEAT_S, lambda _: 5, (), may_repeat=True) == [(KEY, 5)]
    assert book.take(99.0, lambda _: 5, (), may_repeat=True) == []


def test_nothing_is_repeated_while_the_host_itself_is_behind(book: ReceiptBook) -> None:
    assert book.take(99.0, lambda _: 5, (), may_repeat=False) == []
    assert book.take(99.0, lambda _: 5, (KEY,), may_repeat=True) == []
    assert book.take(99.1, lambda _: 5, (), may_repeat=True) == [(KEY, 5)]
