"""Messages read together to columns lead to the same commits, live values and commands as one by one."""

import itertools
import math
from collections import deque

import pytest
from gateway_messages import (
    NODE,
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

from cloud.ingest.arrival import Arrival, Block
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import StreamKey
from wire.receipts import BatchHeader
from wire.sparkplug import DataType, MetricsWriter, framed


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(said=streams())
def test_columns_stage_what_the_plain_way_stages(
    kept_store: DuckDBStore, said: list[tuple[str, bytes]]
) -> None:
    (plain, plainly), (grouped, in_groups) = new_host(kept_store), new_host(kept_store)
    arrivals = [Arrival(topic, payload, NOW_MS) for topic, payload in said]
    grouped.groups.fewest = 1
    for arrival in arrivals:
        plain.receive(arrival, 1.0)
    grouped.receive_all(deque(arrivals), 1.0)
    for now_s in (4.0, 10.0):
        plain.tick(now_s)
        grouped.tick(now_s)
    assert told_of(grouped.staged) == told_of(plain.staged)
    assert live_of(grouped) == live_of(plain)
    assert grouped.commands() == plain.commands()
    assert in_groups.snapshot() == plainly.snapshot()


def test_plain_messages_do_go_by_columns(kept_store: DuckDBStore) -> None:
    host, _ = new_host(kept_store)
    arrivals = deque(Arrival(topic, payload, NOW_MS) for topic, payload in births(0))
    for position in range(300):
        writer = MetricsWriter()
        writer.point(1, NOW_MS + position, DataType.DOUBLE, position / 7)
        writer.point(4, NOW_MS, DataType.INT32, -position)
        header = BatchHeader(OURS, position, position + 1).to_bytes()
        payload = framed(writer.section(), timestamp_ms=NOW_MS, seq=(position + 3) % 256, body=header)
        arrivals.append(Arrival("spBv1.0/g/DDATA/n/d0", payload, NOW_MS))
    host.receive_all(arrivals, 1.0)
    points = host.staged.points
    assert len(points) == 600
    assert points.batch == []  # none of them came as single values
    newest = host.live.sample(NODE, "d0", "m0")
    assert newest is not None
    assert math.isclose(float(newest.value or 0), 299 / 7)


@pytest.mark.parametrize("edge", [2**53 - 1, 2**53, 2**53 + 1, -(2**53), -(2**53) - 1, 2**63 - 1, -(2**63)])
def test_a_whole_number_that_no_double_holds_stays_exact(kept_store: DuckDBStore, edge: int) -> None:
    hosts = [new_host(kept_store)[0] for _ in range(2)]
    writer = MetricsWriter()
    writer.point(5, NOW_MS, DataType.INT64, edge)
    payload = framed(writer.section(), timestamp_ms=NOW_MS, seq=3, body=BatchHeader(OURS, 0, 1).to_bytes())
    arrivals = [Arrival(*said, NOW_MS) for said in [*births(0), ("spBv1.0/g/DDATA/n/d0", payload)]]
    for arrival in arrivals:
        hosts[0].receive(arrival, 1.0)
    hosts[1].groups.fewest = 1
    hosts[1].receive_all(deque(arrivals), 1.0)
    assert told_of(hosts[1].staged) == told_of(hosts[0].staged)


def test_blocks_from_the_network_are_read_as_single_messages_are(kept_store: DuckDBStore) -> None:
    singly, in_blocks = born_host(kept_store), born_host(kept_store)
    said = numbered(300)
    for arrival in said:
        singly.receive(arrival, 1.0)
    waiting: deque[Arrival | Block] = deque(Block.of(said[at : at + 7]) for at in range(0, 300, 7))
    in_blocks.receive_all(waiting, 1.0)
    assert not waiting
    assert told_of(in_blocks.staged) == told_of(singly.staged)
    assert [batch.received_ms for batch in in_blocks.staged.batches] == [a.received_ms for a in said]
    assert in_blocks.staged.points.batch == []  # all of them stayed columns


@pytest.mark.parametrize("sizes", [(1, 1), (2, 1), (1, 1, 40)])
def test_few_messages_in_several_blocks_are_taken_once_each(
    kept_store: DuckDBStore, sizes: tuple[int, ...]
) -> None:
    (plain, plainly), (grouped, in_groups) = new_host(kept_store), new_host(kept_store)
    said = [Arrival("spBv1.0/g/DDATA/n/d0", b"\xff", NOW_MS) for _ in range(sum(sizes))]
    for arrival in said:
        plain.receive(arrival, 1.0)
    ends = list(itertools.accumulate(sizes, initial=0))
    waiting: deque[Arrival | Block] = deque(
        Block.of(said[begin:end]) for begin, end in itertools.pairwise(ends)
    )
    grouped.receive_all(waiting, 1.0)
    assert in_groups.snapshot() == plainly.snapshot()
    assert plainly.snapshot()["malformed_payload"].count == sum(sizes)


def test_one_message_of_a_block_can_be_taken_alone(kept_store: DuckDBStore) -> None:
    host = born_host(kept_store)
    waiting: deque[Arrival | Block] = deque([Block.of(numbered(5))])
    for count in range(1, 6):
        host.receive_all(waiting, 1.0, is_single=True)
        assert len(host.staged.batches) == count
    host.receive_all(waiting, 1.0)
    assert not waiting
    assert host.staged.watermarks == {StreamKey("g/n", OURS.hex()): 5}


def test_a_repetition_in_a_block_is_stored_once_and_a_hole_waits(kept_store: DuckDBStore) -> None:
    host = born_host(kept_store)
    said = numbered(60)
    host.receive_all(deque([Block.of([*said[:20], *said[:20], *said[20:30], *said[40:]])]), 1.0)
    assert host.staged.watermarks == {StreamKey("g/n", OURS.hex()): 30}
    host.receive_all(deque([Block.of(said[30:40])]), 1.0)
    assert host.staged.watermarks == {StreamKey("g/n", OURS.hex()): 60}
    assert [batch.position for batch in host.staged.batches] == list(range(1, 61))


def test_what_a_commit_refused_comes_again_in_a_block(kept_store: DuckDBStore) -> None:
    host = born_host(kept_store)
    said = numbered(50)
    host.receive_all(deque([Block.of(said)]), 1.0)
    host.rolled_back(host.take())
    host.receive_all(deque([Block.of(said)]), 1.0)
    assert host.staged.watermarks == {StreamKey("g/n", OURS.hex()): 50}
    assert host.staged.rows() == 100


def test_after_a_surprise_the_rest_of_a_block_is_read_one_by_one(kept_store: DuckDBStore) -> None:
    host = born_host(kept_store)
    block = Block.of(numbered(20))
    whole, block.ends = block.ends, block.ends[:-1]  # a fault of ours: reading it together fails
    waiting: deque[Arrival | Block] = deque([block])
    with pytest.raises(ValueError, match="broadcast"):
        host.receive_all(waiting, 1.0)
    block.ends = whole
    assert block.is_suspect
    host.receive_all(waiting, 1.0)
    assert not waiting
    assert host.staged.watermarks == {StreamKey("g/n", OURS.hex()): 20}


def test_a_surprise_after_a_run_was_staged_doubles_nothing(
    kept_store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = born_host(kept_store)
    heard = host.live.heard_columns

    def fails(*_: object) -> None:
        raise ArithmeticError

    monkeypatch.setattr(type(host.live), "heard_columns", fails)
    waiting: deque[Arrival | Block] = deque([Block.of(numbered(20))])
    with pytest.raises(ArithmeticError):
        host.receive_all(waiting, 1.0)
    monkeypatch.setattr(type(host.live), "heard_columns", heard.__func__)
    host.receive_all(waiting, 1.0)
    assert [batch.position for batch in host.staged.batches] == list(range(1, 21))
    assert host.staged.watermarks == {StreamKey("g/n", OURS.hex()): 20}
