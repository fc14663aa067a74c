"""Rubbish, odd values and third parties: counted, flagged, kept apart; nothing stops."""

import math
import random
from collections.abc import Callable

import pytest
from edge_player import DEVICES, MACHINE, READER, EdgePlayer, Stream, wait_for

from cloud.db import Database
from cloud.ingest import queries
from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.rows import CommitRows, TagBook
from cloud.ingest.runtime import IngestRuntime
from cloud.settings import Settings
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import FUTURE, GOOD, BatchRow
from wire.clock import REAL_TIME, real_ms
from wire.node_metrics import device_metric
from wire.session_events import Point
from wire.sparkplug import DataType, Metric, Payload, encode

pytestmark = pytest.mark.slow

Players = Callable[..., EdgePlayer]
T0 = 1_772_409_600_000
FOREIGN = {"pump": {"speed": DataType.DOUBLE, "name": DataType.STRING}}


@pytest.fixture
def edge(ingest: IngestRuntime, player: Players) -> EdgePlayer:  # noqa: ARG001  it must be running
    played = player()
    played.birth(DEVICES)
    return played


def counted(ingest: IngestRuntime, kind: str) -> int:
    tally = ingest.bad_input.snapshot().get(kind)
    return tally.count if tally else 0


def test_rubbish_of_every_kind_is_quarantined_and_stops_nothing(
    edge: EdgePlayer, ingest: IngestRuntime, store: DuckDBStore
) -> None:
    rng = random.Random(5)
    good = encode(Payload(1, 1, (Metric(None, 1, 1, 4, 5),)))
    rubbish = [rng.randbytes(rng.randrange(1, 300)) for _ in range(30)]
    rubbish += [good[:n] for n in range(1, len(good))]
    rubbish += [b"\xff" * 1000, b'{"ts": 5}']
    for number, payload in enumerate(rubbish):
        edge.raw(edge.topic("DDATA", MACHINE) if number % 2 else edge.topic("NBIRTH") + "x", payload)
    for topic in ("a", "a/WHAT/b", "a/DDATA/b", "/NDATA/b"):
        edge.raw(f"spBv1.0/{topic}", b"\x00\x01")
    for state in (b"", b"{", b'{"online": 5}', b'{"online": false, "timestamp": 1}'):
        edge.client.publish("spBv1.0/STATE/taktline", state, qos=1)
    edge.birth(DEVICES)
    stream = Stream()
    edge.send(stream, MACHINE, [edge.metric(MACHINE, "good", 5, 1)])
    wait_for(lambda: edge.stored_through(stream) == 1, "still taking in")
    assert counted(ingest, "malformed_payload") > 10
    assert counted(ingest, "wrong_topic") == 4
    kept = store.quarantined(1000)
    whole = store.quarantined_whole(next(row.id for row in kept if row.size == 1000))
    assert whole is not None
    assert whole.head == b"\xff" * 1000
    assert {"malformed_payload", "wrong_topic"} <= {row.reason.split(":")[0] for row in kept}
    assert max(len(row.head) for row in kept) <= 256
    assert b"\xff" * 256 in {row.head for row in kept}
    assert edge.host_states[-1].is_online


def test_the_same_rubbish_again_is_counted_and_kept_once(edge: EdgePlayer, ingest: IngestRuntime) -> None:
    for _ in range(5):
        edge.raw(edge.topic("NDATA"), b"\xff\xff\xff")
    wait_for(lambda: counted(ingest, "malformed_payload") == 5, "counted")
    wait_for(lambda: ingest.snapshot().counts.quarantined, "kept")
    assert ingest.snapshot().counts.quarantined == 1


def test_odd_values_are_stored_with_a_flag_and_never_become_facts(
    edge: EdgePlayer, ingest: IngestRuntime, store: DuckDBStore, plant: Database
) -> None:
    stream = Stream()
    odd = [
        edge.metric(MACHINE, "condition", 10, math.nan),
        edge.metric(MACHINE, "condition", 11, math.inf),
        edge.metric(MACHINE, "condition", 12, None),
        edge.metric(MACHINE, "condition", 13, 3.0, quality=500),
        edge.metric(MACHINE, "condition", 14, 1e300),
        edge.metric(MACHINE, "good", 15, 2**62 + 1),
        edge.metric(MACHINE, "condition", 16, 2.5),
    ]
    edge.send(stream, MACHINE, odd)
    wait_for(lambda: edge.stored_through(stream) == 1, "receipt")
    rows = {row.ts_ms: (row.value, row.quality) for row in store.audit(0, 100).rows}
    assert str(rows[10][0]) == "nan"
    assert rows[10][1] == 0
    assert rows[11] == (math.inf, 0)
    assert rows[12] == (None, 0)
    assert rows[13] == (3.0, 500)
    assert rows[14] == (1e300, GOOD)
    assert rows[15] == (2**62 + 1, GOOD)
    counts = {kind: counted(ingest, kind) for kind in ("not_finite", "null_value", "bad_quality")}
    assert counts == {"not_finite": 2, "null_value": 1, "bad_quality": 1}
    said = {kind: ingest.bad_input.snapshot()[kind].example for kind in counts}
    assert said["null_value"] == (
        "suzhou/gw-l1/L1-OP10/condition = None, quality 192, at 12 ms; "
        "accepted: a value, or null with the quality that says why"
    )
    assert said["bad_quality"] == (
        "suzhou/gw-l1/L1-OP10/condition = 3.0, quality 500, at 13 ms; accepted: quality 192 (good)"
    )
    wait_for(lambda: ingest.snapshot().deriver_lag == 0, "derived")
    with plant.read() as session:
        assert [p.ts_ms for p in queries.points(session, "condition", MACHINE, 0, 99)] == [14, 16]


def test_what_a_gateway_does_not_know_of_itself_is_no_bad_input() -> None:
    bad_input = BadInputLog()
    rows = CommitRows(TagBook(), bad_input)
    unknown = Point(device_metric("L1-RFID", "Clock Skew"), T0, None, 500, DataType.DOUBLE, False)
    rows.add(BatchRow("s", 1, "suzhou/gw-l1", T0, T0), "suzhou/gw-l1//", [unknown], T0)
    rows.add(BatchRow("s", 2, "suzhou/gw-l1", T0, T0), "suzhou/gw-l1/M/", [unknown], T0)
    assert bad_input.snapshot()["bad_quality"].count == 1, "of a machine's tag it is one"
    assert list(rows.commit.points.quality) == [500, 500]


def test_a_time_from_the_future_is_flagged_and_never_wins_latest(
    edge: EdgePlayer, ingest: IngestRuntime, store: DuckDBStore, plant: Database
) -> None:
    stream, now = Stream(), real_ms()
    for ts_ms in (now, now + 3 * 86_400_000, 2**63 - 1):
        edge.send(stream, MACHINE, [edge.metric(MACHINE, "state", ts_ms, 1)])
    wait_for(lambda: edge.stored_through(stream) == 3, "receipts")
    tag = "suzhou/gw-l1/L1-OP10/state"
    assert [row.quality for row in store.audit(0, 9).rows] == [GOOD, FUTURE, FUTURE]
    assert store.latest([tag])[tag].ts_ms == now
    assert counted(ingest, "future_time") == 2
    wait_for(lambda: ingest.snapshot().deriver_lag == 0, "derived")
    with plant.read() as session:
        assert queries.latest(session, "state", [MACHINE])[MACHINE].ts_ms == now


def test_claims_that_end_before_they_begin_cover_nothing(
    edge: EdgePlayer, ingest: IngestRuntime, plant: Database
) -> None:
    stream = Stream()
    edge.send(stream, MACHINE, [edge.metric(MACHINE, "observed_since", 1_000, 5_000)])
    edge.send(stream, READER, [edge.metric(READER, "tag", 1_000, "E2\x00端")])
    wait_for(lambda: edge.stored_through(stream) == 2, "receipts")
    wait_for(lambda: ingest.snapshot().deriver_lag == 0, "derived")
    with plant.read() as session:
        assert queries.coverage(session, MACHINE, 0, 99_000) == []
        assert queries.latest(session, "tag", [READER])[READER].text == "E2\\0端"
    assert counted(ingest, "coverage_backwards") == 1


def test_a_third_party_is_stored_at_most_once_and_its_losses_are_gaps(
    ingest: IngestRuntime, player: Players, store: DuckDBStore
) -> None:
    other = player("other", is_ours=False)
    other.birth(FOREIGN)

    def data(ts_ms: int, speed: float) -> bytes:
        return encode(Payload(ts_ms, other.next_seq(), (other.metric("pump", "speed", ts_ms, speed),)))

    other.raw(other.topic("DDATA", "pump"), data(10, 1.5))
    repeated = data(11, 2.5)
    other.raw(other.topic("DDATA", "pump"), repeated)
    other.raw(other.topic("DDATA", "pump"), repeated)
    data(12, 3.5)  # made, never sent
    other.answers_rebirth = False
    other.raw(other.topic("DDATA", "pump"), data(13, 4.5))
    wait_for(lambda: other.rebirths == 1, "rebirth asked after the hole")
    wait_for(lambda: store.counts().points == 3, "stored")
    rows = store.audit(0, 9).rows
    assert [(r.tag, r.position, r.ts_ms, r.value) for r in rows] == [
        ("suzhou/other/pump/speed", 1, 10, 1.5),
        ("suzhou/other/pump/speed", 2, 11, 2.5),
        ("suzhou/other/pump/speed", 4, 13, 4.5),
    ]
    assert [(g.first, g.last, g.reason) for g in store.gaps()] == [(3, 3, "missed")]
    assert other.receipts == []
    nodes = {node.node: node for node in ingest.snapshot().nodes}
    assert (nodes["other"].keeps_receipts, nodes["other"].gaps, nodes["other"].points) == (False, 1, 3)


def test_births_of_a_third_party_are_appended_without_repetition(
    ingest: IngestRuntime,  # noqa: ARG001  it must be running
    player: Players,
    store: DuckDBStore,
) -> None:
    other = player("other", is_ours=False)
    name = Metric("name", 1, 50, DataType.STRING, "pump 7")
    born = encode(Payload(60, 1, (Metric("speed", 2, 50, DataType.DOUBLE, 4.0), name)))
    for _ in range(3):
        other.birth({})
        other.raw(other.topic("DBIRTH", "pump"), born)
    moved = encode(Payload(70, 1, (Metric("speed", 2, 65, DataType.DOUBLE, 4.0), name)))
    other.birth({})
    other.raw(other.topic("DBIRTH", "pump"), moved)
    wait_for(lambda: store.counts().points == 3, "stored")
    assert [(r.tag.rsplit("/")[-1], r.ts_ms, r.value) for r in store.audit(0, 9).rows] == [
        ("speed", 50, 4.0),
        ("name", 50, "pump 7"),
        ("speed", 65, 4.0),
    ]


def test_counters_survive_a_restart(
    settings: Settings, plant: Database, store: DuckDBStore, player: Players
) -> None:
    first = IngestRuntime(settings, plant, REAL_TIME, store)
    first.start()
    wait_for(lambda: first.snapshot().is_connected, "connected")
    edge = player()
    edge.raw(edge.topic("NDATA"), b"\xff\xff")
    wait_for(lambda: counted(first, "malformed_payload") == 1, "counted")
    first.stop()
    second = IngestRuntime(settings, plant, REAL_TIME, store)
    second.start()
    assert counted(second, "malformed_payload") == 1
    second.stop()


def test_the_host_says_offline_when_it_leaves_and_online_when_it_is_there(
    settings: Settings, plant: Database, store: DuckDBStore, player: Players
) -> None:
    edge = player()
    runtime = IngestRuntime(settings, plant, REAL_TIME, store)
    runtime.start()
    wait_for(lambda: edge.host_states and edge.host_states[-1].is_online, "online")
    edge.client.publish("spBv1.0/STATE/taktline", b'{"online": false, "timestamp": 5}', qos=1, retain=True)
    wait_for(lambda: len(edge.host_states) >= 3 and edge.host_states[-1].is_online, "online again")
    runtime.stop()
    wait_for(lambda: not edge.host_states[-1].is_online, "offline")
    assert edge.host_states[-1].timestamp_ms >= edge.host_states[0].timestamp_ms
