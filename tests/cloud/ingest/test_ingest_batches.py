"""Batches of our own gateways: stored once, receipted after the commit, whatever the network does."""

from collections.abc import Callable

import pytest
from edge_player import DEVICES, MACHINE, READER, EdgePlayer, Stream, wait_for

from cloud.db import Database
from cloud.ingest import queries
from cloud.ingest.runtime import IngestRuntime
from cloud.plant.tables import SignalBinding
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import StreamKey
from wire.receipts import Receipt
from wire.sparkplug import DataType, Metric

pytestmark = pytest.mark.slow

Players = Callable[..., EdgePlayer]


@pytest.fixture
def edge(ingest: IngestRuntime, player: Players) -> EdgePlayer:  # noqa: ARG001  it must be running
    played = player()
    played.birth(DEVICES)
    return played


def stored(store: DuckDBStore) -> list[tuple[object, ...]]:
    return [(r.stream, r.position, r.ord, r.tag, r.ts_ms, r.value) for r in store.audit(0, 100_000).rows]


def good(edge: EdgePlayer, ts_ms: int, value: int) -> list[Metric]:
    return [edge.metric(MACHINE, "good", ts_ms, value), edge.metric(MACHINE, "run_s", ts_ms, value / 2)]


def test_a_batch_is_stored_then_receipted(edge: EdgePlayer, store: DuckDBStore) -> None:
    stream = Stream()
    edge.send(stream, MACHINE, good(edge, 2_000, 7))
    wait_for(lambda: edge.stored_through(stream) == 1, "receipt")
    assert stored(store) == [
        (stream.hex, 1, 0, "suzhou/gw-l1/L1-OP10/good", 2_000, 7.0),
        (stream.hex, 1, 1, "suzhou/gw-l1/L1-OP10/run_s", 2_000, 3.5),
    ]
    assert edge.receipts[0] == Receipt("taktline", 1, stream.id, 1)


def test_a_repeated_batch_is_receipted_and_not_stored(edge: EdgePlayer, store: DuckDBStore) -> None:
    stream = Stream()
    edge.send(stream, MACHINE, good(edge, 2_000, 7))
    wait_for(lambda: edge.receipts, "first receipt")
    edge.send(stream, MACHINE, good(edge, 2_000, 7), position=1)
    wait_for(lambda: len(edge.receipts) > 1, "second receipt")
    assert len(stored(store)) == 2
    assert edge.receipts[-1] == edge.receipts[0]


def test_reordered_batches_are_stored_in_order(edge: EdgePlayer, store: DuckDBStore) -> None:
    stream = Stream()
    sent = [edge.batch(stream, good(edge, n, n)) for n in range(1, 6)]
    for index in (0, 3, 1, 4, 2):
        edge.raw(edge.topic("DDATA", MACHINE), sent[index])
    wait_for(lambda: edge.stored_through(stream) == 5, "all receipted")
    assert [row[1] for row in stored(store)] == [n for n in range(1, 6) for _ in range(2)]
    assert edge.rebirths == 0


def test_a_lost_batch_is_asked_for_by_repeating_the_receipt(edge: EdgePlayer, store: DuckDBStore) -> None:
    stream = Stream()
    edge.send(stream, MACHINE, good(edge, 1, 1))
    wait_for(lambda: edge.stored_through(stream) == 1, "first receipt")
    lost = edge.batch(stream, good(edge, 2, 2))
    edge.send(stream, MACHINE, good(edge, 3, 3))
    wait_for(lambda: [r.position for r in edge.receipts].count(1) > 1, "receipt 1 again")
    edge.raw(edge.topic("DDATA", MACHINE), lost)
    edge.send(stream, MACHINE, good(edge, 3, 3), position=3)
    wait_for(lambda: edge.stored_through(stream) == 3, "the rest")
    assert [row[4] for row in stored(store)] == [1, 1, 2, 2, 3, 3]


def test_two_streams_stand_beside_each_other(edge: EdgePlayer, store: DuckDBStore) -> None:
    old, live = Stream(), Stream()
    for n in range(1, 21):
        edge.send(old if n % 2 else live, MACHINE, good(edge, n, n))
    wait_for(lambda: edge.stored_through(old) == edge.stored_through(live) == 10, "both receipted")
    assert store.watermarks() == {
        StreamKey("suzhou/gw-l1", old.hex): 10,
        StreamKey("suzhou/gw-l1", live.hex): 10,
    }
    assert len(set(stored(store))) == 40


def test_a_gap_is_a_row_and_never_a_stall(
    edge: EdgePlayer, store: DuckDBStore, ingest: IngestRuntime
) -> None:
    stream = Stream()
    edge.send(stream, MACHINE, good(edge, 1, 1))
    edge.send_gap(stream, MACHINE, 2, 9)
    edge.send(stream, MACHINE, good(edge, 10, 10))
    wait_for(lambda: edge.stored_through(stream) == 10, "receipts past the gap")
    assert [tuple(gap) for gap in store.gaps()] == [("suzhou/gw-l1", stream.hex, 2, 9, "dropped")]
    assert [row[1] for row in stored(store)] == [1, 1, 10, 10]
    assert ingest.snapshot().nodes[0].gaps == 1


def test_our_births_are_never_appended_but_are_live_values(
    edge: EdgePlayer, store: DuckDBStore, ingest: IngestRuntime
) -> None:
    stream = Stream()
    edge.send(stream, MACHINE, good(edge, 2_000, 7))
    wait_for(lambda: edge.receipts, "receipt")
    assert len(stored(store)) == 2
    tag = "suzhou/gw-l1/L1-OP10/state"
    assert store.latest([tag]) == {}
    assert ingest.latest([tag])[tag].ts_ms == 1_000


def test_an_unknown_node_is_asked_for_its_births(ingest: IngestRuntime, player: Players) -> None:
    edge = player()
    edge.birth(DEVICES)
    stream = Stream()
    wait_for(lambda: ingest.snapshot().nodes, "births heard")
    edge.aliases[MACHINE, "new"] = 99
    edge.send(stream, MACHINE, [edge.metric(MACHINE, "new", 5, 1.0)])
    wait_for(lambda: edge.rebirths == 1, "rebirth asked")
    assert edge.stored_through(stream) == 0
    edge.birth({**DEVICES, MACHINE: {**DEVICES[MACHINE], "new": DataType.DOUBLE}})
    edge.send(stream, MACHINE, [edge.metric(MACHINE, "new", 5, 1.0)], position=1)
    wait_for(lambda: edge.stored_through(stream) == 1, "stored after the birth")
    assert edge.rebirths == 1


def test_facts_follow_the_points(edge: EdgePlayer, ingest: IngestRuntime, plant: Database) -> None:
    stream = Stream()
    observed = edge.metric(MACHINE, "observed_since", 9_000, 1_000)
    metrics = [edge.metric(MACHINE, "state", 2_000, 1), *good(edge, 2_000, 7), observed]
    edge.send(stream, MACHINE, metrics)
    edge.send(stream, READER, [edge.metric(READER, "tag", 4_000, "E28011")])
    edge.send(stream, MACHINE, [edge.metric(MACHINE, "state", 3_000, 77)])
    wait_for(lambda: edge.stored_through(stream) == 3, "receipts")
    wait_for(lambda: ingest.snapshot().deriver_lag == 0, "derived")
    with plant.read() as session:
        states = queries.points(session, "state", MACHINE, 0, 10_000)
        assert [(p.ts_ms, p.text) for p in states] == [(2_000, "running"), (3_000, "unknown:77")]
        assert queries.latest(session, "tag", [READER, "nobody"])[READER].text == "E28011"
        assert queries.coverage(session, MACHINE, 0, 5_000) == [(1_000, 5_000)]
        following = queries.next_point(session, "good", MACHINE, 0)
        assert following is not None
        assert following.value == 7.0
    assert ingest.bad_input.snapshot()["unknown_state_code"].count == 1


def test_a_binding_made_while_running_brings_the_stored_points(
    edge: EdgePlayer, ingest: IngestRuntime, plant: Database
) -> None:
    edge.birth({**DEVICES, "press": {"strokes": DataType.INT64}})
    stream = Stream()
    for n in range(3):
        edge.send(stream, "press", [edge.metric("press", "strokes", 100 + n, n)])
    wait_for(lambda: edge.stored_through(stream) == 3, "receipts")
    tag = "suzhou/gw-l1/press/strokes"
    with plant.write() as session:
        session.add(SignalBinding(tag=tag, version=1, role="good", machine_id="L2-OP10"))

    def counts() -> list[float | None]:
        with plant.read() as session:
            return [point.value for point in queries.points(session, "good", "L2-OP10", 0, 1000)]

    wait_for(lambda: counts() == [0.0, 1.0, 2.0], "facts of the stored points")
    edge.send(stream, "press", [edge.metric("press", "strokes", 103, 3)])
    wait_for(lambda: counts() == [0.0, 1.0, 2.0, 3.0], "facts of new points")
    assert ingest.snapshot().deriver_lag == 0
