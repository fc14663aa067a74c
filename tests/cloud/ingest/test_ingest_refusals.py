"""A store that refuses, a queue that overflows: ingestion goes on, the edge sends again, nothing is lost."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from edge_player import DEVICES, MACHINE, EdgePlayer, Sender, Stream, wait_for

from cloud.db import Database
from cloud.ingest.runtime import IngestRuntime
from cloud.settings import Settings
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import Commit, Committed, ContentRefused, StoreRefused
from wire.clock import REAL_TIME
from wire.sparkplug import DataType, Payload, Value

Players = Callable[..., EdgePlayer]


class MoodyStore(DuckDBStore):
    """A store that refuses some commits, never those with a value of 666, and takes its time when told to."""

    refusals = 0
    poison = 666.0

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def append(self, commit: Commit) -> Committed:
        self.may_go_on.wait(60)
        if self.refusals:
            self.refusals -= 1
            raise StoreRefused("no space left on device")
        if self.poison in commit.points.value:
            raise ContentRefused("cannot hold it")
        return super().append(commit)


QUEUE_MESSAGES = 5_000  # fewer than in a plant, so that a test fills them soon


@pytest.fixture
def moody(settings: Settings, plant: Database, tmp_path: Path) -> Iterator[tuple[IngestRuntime, MoodyStore]]:
    store = MoodyStore(tmp_path / "moody.duckdb")
    runtime = IngestRuntime(settings, plant, REAL_TIME, store, most_messages=QUEUE_MESSAGES)
    runtime.start()
    wait_for(lambda: runtime.snapshot().is_connected, "connected")
    yield runtime, store
    store.may_go_on.set()
    runtime.stop()
    store.close()


def readings(number: int, *, poisoned: int | None = None) -> list[tuple[str, list[tuple[str, int, Value]]]]:
    value = [666 if n == poisoned else n % 600 for n in range(number)]
    return [(MACHINE, [("good", n * 10, value[n]), ("run_s", n * 10, 0.5)]) for n in range(number)]


def points(store: DuckDBStore) -> list[tuple[object, ...]]:
    return [(r.stream, r.position, r.ord, r.tag, r.ts_ms, r.value) for r in store.audit(0, 100_000).rows]


@pytest.mark.slow
def test_a_store_that_is_away_for_a_while_loses_nothing(
    moody: tuple[IngestRuntime, MoodyStore], player: Players
) -> None:
    runtime, store = moody
    edge = player()
    edge.birth(DEVICES)
    sender = Sender(edge, readings(300))
    store.refusals = 3
    sender.run_until(sender.is_done)
    found = points(store)
    assert set(found) == sender.produced()
    assert len(found) == len(sender.produced())
    assert runtime.bad_input.snapshot()["commit_refused"].count == 3


@pytest.mark.slow
def test_what_the_store_can_never_hold_becomes_a_gap_and_the_rest_is_stored(
    moody: tuple[IngestRuntime, MoodyStore], player: Players
) -> None:
    _, store = moody
    edge = player()
    edge.birth(DEVICES)
    sender = Sender(edge, readings(60, poisoned=30))
    sender.run_until(sender.is_done)
    assert set(points(store)) == {point for point in sender.produced() if point[1] != 31}
    assert [(gap.first, gap.last, gap.reason) for gap in store.gaps()] == [(31, 31, "unstorable")]


@pytest.mark.slow
def test_a_full_queue_drops_unreceipted_batches_and_gets_them_again(
    moody: tuple[IngestRuntime, MoodyStore], player: Players
) -> None:
    runtime, store = moody
    edge = player()
    edge.birth(DEVICES)
    number = QUEUE_MESSAGES + 2000
    sender = Sender(edge, readings(number), window=number)
    store.may_go_on.clear()
    sender.run_until(lambda: runtime.snapshot().dropped > 500, silence_s=60)
    store.may_go_on.set()
    sender.run_until(sender.is_done)
    found = points(store)
    assert len(found) == len(set(found))
    assert set(found) == sender.produced()
    assert runtime.bad_input.snapshot()["dropped_by_overload"].count == runtime.snapshot().dropped


def test_stopping_commits_and_derives_what_has_arrived(
    settings: Settings, plant: Database, store: DuckDBStore, player: Players
) -> None:
    runtime = IngestRuntime(settings, plant, REAL_TIME, store)
    runtime.start()
    edge = player()
    wait_for(lambda: runtime.snapshot().is_connected, "connected")
    edge.birth(DEVICES)
    stream = Stream()
    edge.send(stream, MACHINE, [edge.metric(MACHINE, "good", 5, 1)])
    wait_for(lambda: runtime._host.staged.batches or store.counts().batches, "arrived")
    runtime.stop()
    assert store.counts().points == 1
    assert runtime.snapshot().deriver_lag == 0


def test_a_replay_that_the_store_can_never_hold_stays_in_quarantine(
    moody: tuple[IngestRuntime, MoodyStore], player: Players
) -> None:
    runtime, store = moody
    other = player("other", is_ours=False)
    other.answers_rebirth = False
    tags = {"pump": {"run_s": DataType.DOUBLE}}
    other._devices = tags
    other.aliases["pump", "run_s"] = 1
    other.publish("DDATA", "pump", Payload(10, 1, (other.metric("pump", "run_s", 10, 666.0),)))
    wait_for(lambda: runtime.snapshot().counts.quarantined == 1, "kept without a birth")
    other.birth(tags)
    wait_for(lambda: runtime.devices("suzhou", "other"), "born")
    # Refused with others' messages it is told to try again, refused alone that the store cannot hold it.
    outcomes = [runtime.replay(1).result(60) for _ in range(2)]
    assert [done.outcome for done in outcomes] == ["refused", "refused"]
    assert "cannot hold it" in outcomes[1].detail
    store.poison = -1.0
    assert runtime.replay(1).result(60).outcome == "stored"
    assert [point[5] for point in points(store)] == [666.0]
