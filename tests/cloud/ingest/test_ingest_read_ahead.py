"""What was read before its turn is staged as if it had not been."""

import itertools
from collections import deque

import pytest
from gateway_messages import (
    NOW_MS,
    OURS,
    births,
    born_host,
    live_of,
    new_host,
    numbered,
    streams,
    told_of,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud.ingest.arrival import Arrival, Block
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import StreamKey
from wire.receipts import BatchHeader
from wire.sparkplug import DataType, MetricsWriter, framed


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(said=streams(), sizes=st.lists(st.integers(1, 9), min_size=30, max_size=30), ahead=st.integers(0, 5))
def test_what_was_read_ahead_is_staged_as_if_it_was_not(
    kept_store: DuckDBStore, said: list[tuple[str, bytes]], sizes: list[int], ahead: int
) -> None:
    (plain, plainly), (early, read_early) = new_host(kept_store), new_host(kept_store)
    early.groups.fewest = 1
    arrivals = [Arrival(topic, payload, NOW_MS) for topic, payload in said]
    for arrival in arrivals:
        plain.receive(arrival, 1.0)
    waiting: deque[Arrival | Block] = deque()
    for is_data, part in itertools.groupby(arrivals, lambda arrival: "/DDATA/" in arrival.topic):
        singles = list(part)
        for size in sizes if is_data else ():
            block, singles = singles[:size], singles[size:]
            waiting += [Block.of(block)] if block else []
        waiting += singles
    came, waiting = waiting, deque()
    for each in came:  # what was read ahead is followed by more, births among it
        waiting.append(each)
        left = itertools.count(ahead, -1)
        early.read_ahead(waiting, lambda left=left: next(left) <= 0)  # type: ignore[misc]
        if len(waiting) > ahead:
            early.receive_all(waiting, 1.0)
    early.receive_all(waiting, 1.0)
    assert not waiting
    for now_s in (4.0, 10.0):
        plain.tick(now_s)
        early.tick(now_s)
    assert told_of(early.staged) == told_of(plain.staged)
    assert live_of(early) == live_of(plain)
    assert early.commands() == plain.commands()
    assert read_early.snapshot() == plainly.snapshot()


def test_reading_ahead_stages_nothing_and_a_birth_meanwhile_holds(kept_store: DuckDBStore) -> None:
    host = born_host(kept_store)
    waiting: deque[Arrival | Block] = deque([Block.of(numbered(20)), Block.of(numbered(20, first=20))])
    host.read_ahead(waiting, lambda: False)
    assert sum(map(len, waiting)) == 40
    assert host.staged.is_empty()
    for topic, payload in births(1):  # the same aliases mean other tags now
        host.receive(Arrival(topic, payload, NOW_MS), 1.0)
    host.receive_all(waiting, 1.0)
    names = {host.book.names[tag] for tag in host.staged.points.arrays().tag.tolist()}
    assert names == {"g/n/d0/m1", "g/n/d0/m4"}
    assert host.staged.rows() == 80


def test_a_surprise_in_reading_ahead_leaves_everything_where_it_was(kept_store: DuckDBStore) -> None:
    host = born_host(kept_store)
    good, odd = Block.of(numbered(20)), Block.of(numbered(20, first=20))
    host.read_ahead(deque([good]), lambda: False)
    whole, odd.ends = odd.ends, odd.ends[:-1]  # a fault of ours: reading it together fails
    waiting: deque[Arrival | Block] = deque([odd])
    with pytest.raises(ValueError, match="broadcast"):
        host.read_ahead(waiting, lambda: False)
    odd.ends = whole
    assert list(waiting) == [odd]
    host.receive_all(deque([good]), 1.0)
    host.receive_all(waiting, 1.0)
    assert host.staged.watermarks == {StreamKey("g/n", OURS.hex()): 40}


def test_two_streams_of_one_node_in_a_block_are_staged_as_one_by_one(kept_store: DuckDBStore) -> None:
    singly, in_blocks = born_host(kept_store), born_host(kept_store)
    said = []
    for position, arrival in enumerate(numbered(60)):
        other = position % 7 == 3
        header = BatchHeader(b"t" * 16 if other else OURS, *_places(position, is_other=other)).to_bytes()
        writer = MetricsWriter()
        writer.point(1, NOW_MS + position, DataType.DOUBLE, position / 7)
        payload = framed(writer.section(), timestamp_ms=NOW_MS, seq=(position + 3) % 256, body=header)
        said.append(Arrival(arrival.topic, payload, NOW_MS))
    for arrival in said:
        singly.receive(arrival, 1.0)
    in_blocks.receive_all(deque([Block.of(said)]), 1.0)
    assert told_of(in_blocks.staged) == told_of(singly.staged)
    assert len(in_blocks.staged.watermarks) == 2


def _places(position: int, *, is_other: bool) -> tuple[int, int]:
    """Return (previous, position) of the message in its own stream of every seventh, or of the others."""
    others = (position + 3) // 7
    place = others if is_other else position - others
    return place, place + 1
