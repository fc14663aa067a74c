"""What stands on a page as "now": newest wins, deaths make stale, births bring to life."""

from collections.abc import Callable

import pytest
from edge_player import DEVICES, MACHINE, EdgePlayer, wait_for

from cloud.ingest.live_values import LiveValues
from cloud.ingest.runtime import IngestRuntime
from wire.clock import real_ms
from wire.quality import GOOD, STALE
from wire.session_events import NodeId, Point
from wire.sparkplug import DataType, Metric, Payload

pytestmark = pytest.mark.slow

NODE = NodeId("g", "n")
NOW = 1_000_000


def speed(ts_ms: int, value: float) -> Point:
    return Point("speed", ts_ms, value, GOOD, DataType.DOUBLE, is_historical=False)


def test_older_and_future_values_never_win() -> None:
    live = LiveValues()
    live.heard(NODE, "d", [speed(NOW + 10**9, 9.0)], NOW)
    live.heard(NODE, "d", [speed(50, 1.0), speed(60, 2.0), speed(55, 3.0)], NOW)
    sample = live.sample(NODE, "d", "speed")
    assert sample is not None
    assert (sample.ts_ms, sample.value, sample.quality) == (60, 2.0, GOOD)


def test_a_device_death_makes_stale_at_its_own_time_and_a_birth_revives() -> None:
    live = LiveValues()
    live.born(NODE, "d", [speed(50, 1.0)], NOW)
    live.born(NODE, "e", [speed(50, 1.0)], NOW)
    live.device_died(NODE, "d", 70)
    live.node_died(NODE, 90)
    assert [(live.sample(NODE, d, "speed") or (0,))[0] for d in "de"] == [70, 90]
    live.node_born(NODE, 95)
    live.born(NODE, "d", [speed(96, 2.0)], NOW)
    qualities = {d: sample.quality for d in "de" if (sample := live.sample(NODE, d, "speed"))}
    assert qualities == {"d": GOOD, "e": STALE}


def test_a_birth_without_a_metric_takes_it_away() -> None:
    live = LiveValues()
    live.born(NODE, "d", [speed(50, 1.0)], NOW)
    live.born(NODE, "d", [], NOW)
    assert live.sample(NODE, "d", "speed") is None


@pytest.mark.tck(
    "tck-id-operational-behavior-edge-node-termination-host-action-ddeath-devices-tags-stale",
    "tck-id-operational-behavior-edge-node-termination-host-action-ndeath-devices-tags-stale",
)
def test_deaths_on_the_wire_make_live_values_stale(
    ingest: IngestRuntime, player: Callable[..., EdgePlayer]
) -> None:
    other = player("other", is_ours=False)
    other.birth({MACHINE: {"good": DataType.INT64}})
    metric = (other.metric(MACHINE, "good", 5_000, 7),)
    other.publish("DDATA", MACHINE, Payload(5_000, other.next_seq(), metric))
    tag = f"suzhou/other/{MACHINE}/good"
    wait_for(lambda: tag in ingest.latest([tag]) and ingest.latest([tag])[tag].quality == GOOD, "alive")
    other.publish("DDEATH", MACHINE, Payload(6_000, other.next_seq(), ()))
    wait_for(lambda: ingest.latest([tag])[tag].quality == STALE, "stale")
    assert ingest.latest([tag])[tag][:2] == (6_000, 7)
    before = real_ms()
    other.birth({MACHINE: {"good": DataType.INT64}})
    wait_for(lambda: ingest.latest([tag])[tag].quality != STALE, "alive again")
    wrong = Payload(metrics=(Metric(name="bdSeq", datatype=DataType.INT64, value=other.bd_seq + 1),))
    other.publish("NDEATH", None, wrong)
    other.publish("NDEATH", None, other._death())
    other.publish("NDEATH", None, other._death())
    wait_for(lambda: ingest.latest([tag])[tag].quality == STALE, "stale by the node's death")
    assert ingest.latest([tag])[tag].ts_ms >= before
    assert ingest.bad_input.snapshot()["let_go"].count >= 1


@pytest.mark.tck("tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-tags-stale")
def test_a_node_s_death_makes_its_own_values_stale_at_host_time(
    ingest: IngestRuntime, player: Callable[..., EdgePlayer]
) -> None:
    other = player("other", is_ours=False)
    said = (
        Metric(name="bdSeq", timestamp_ms=1_000, datatype=DataType.INT64, value=other.bd_seq),
        Metric(name="temp", timestamp_ms=1_000, datatype=DataType.DOUBLE, value=21.5),
    )
    other.publish("NBIRTH", None, Payload(1_000, 0, said))

    def now() -> tuple[object, ...] | None:
        return ingest.live.sample(NodeId("suzhou", "other"), "", "temp")

    wait_for(lambda: now() == (1_000, 21.5, GOOD), "alive")
    before = real_ms()
    other.publish("NDEATH", None, other._death())
    wait_for(lambda: (now() or (0, 0, GOOD))[2] == STALE, "stale")
    at_ms, value, _ = now() or (0, 0, 0)
    assert before <= at_ms <= real_ms()
    assert value == 21.5


def test_a_watched_third_party_is_covered_but_not_over_its_holes(
    ingest: IngestRuntime, player: Callable[..., EdgePlayer], store: "object"
) -> None:
    # gw-l1 of the demo plant, played by a node that keeps no receipts: its coverage tag is bound.
    other = player("gw-l1", is_ours=False)
    other.answers_rebirth = False
    tags = {"good": DEVICES[MACHINE]["good"]}
    other.birth({MACHINE: tags})
    for ts_ms in (10_000, 20_000):
        metric = (other.metric(MACHINE, "good", ts_ms, ts_ms),)
        other.publish("DDATA", MACHINE, Payload(ts_ms, other.next_seq(), metric))
    other.next_seq()  # made, never sent
    for ts_ms in (40_000, 50_000):
        metric = (other.metric(MACHINE, "good", ts_ms, ts_ms),)
        other.publish("DDATA", MACHINE, Payload(ts_ms, other.next_seq(), metric))
    wait_for(lambda: ingest.snapshot().nodes and ingest.snapshot().nodes[0].gaps == 1, "hole given up")
    wait_for(lambda: ingest.snapshot().counts.signal_commit_no > 1, "signals")
    wait_for(lambda: ingest.snapshot().deriver_lag == 0, "derived")
    from cloud.ingest import queries  # noqa: PLC0415  beside its one use

    with ingest._db.read() as session:
        covered = queries.coverage(session, MACHINE, 0, 99_000)
    assert covered[0] == (10_000, 20_000)
    assert covered[-1] == (40_000, 50_000)
    assert store is not None
