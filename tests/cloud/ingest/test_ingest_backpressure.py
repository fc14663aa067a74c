"""A store that stands still: gateways keep what does not fit, memory stays bounded, all comes once."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from edge_player import DEVICES, READER, TYPES, EdgePlayer, Sender, wait_for

from cloud.db import Database
from cloud.ingest.inbox import QUEUE_BYTES
from cloud.ingest.runtime import IngestRuntime
from cloud.settings import Settings
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import Commit, Committed, StoreRefused
from edge.gateway import GatewayIdentity, SpoolSettings, UplinkSettings
from edge.reading import DeviceSpec, Reading, Scan
from edge.spool import Spool
from edge.spool_reader import read_all_points
from edge.uplink import Uplink
from wire.clock import REAL_TIME

TEXT = 512 << 10
DEVICE = "L1-OP20"


class StandingStore(DuckDBStore):
    """A store whose commits wait for a door, then fail as on a full disk so often."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.door = threading.Event()
        self.is_waiting = threading.Event()
        self.refusals = 0

    def append(self, commit: Commit) -> Committed:
        if not self.door.is_set():
            self.is_waiting.set()
            self.door.wait(120)
        if self.refusals:
            self.refusals -= 1
            raise StoreRefused("no space left on device")
        return super().append(commit)


Taken = tuple[IngestRuntime, StandingStore]


@pytest.fixture
def standing(settings: Settings, plant: Database, tmp_path: Path) -> Iterator[Taken]:
    store = StandingStore(tmp_path / "standing.duckdb")
    runtime = IngestRuntime(settings, plant, REAL_TIME, store)
    runtime.start()
    wait_for(lambda: runtime.snapshot().is_connected, "connected")
    yield runtime, store
    store.door.set()
    runtime.stop()
    store.close()


def resident() -> int:
    """Bytes of this process in memory."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) << 10


@pytest.mark.slow
@pytest.mark.alone
def test_a_queue_is_bounded_in_bytes_while_the_store_stands_still(
    standing: Taken, player: Callable[..., EdgePlayer]
) -> None:
    runtime, store = standing
    edge = player()
    edge.birth(DEVICES)
    number = 3 * QUEUE_BYTES // (2 * TEXT)
    texts = [f"{n:06d}" + "x" * TEXT for n in range(number)]
    sender = Sender(edge, [(READER, [("tag", n * 10, texts[n])]) for n in range(number)], window=number)
    began = resident()
    sender.run_until(lambda: runtime.snapshot().dropped > 10, silence_s=60)
    assert runtime.snapshot().queued_bytes <= QUEUE_BYTES + 2 * TEXT
    assert resident() - began < 6 * QUEUE_BYTES, "what does not fit stays with the gateway"
    store.refusals = 2
    store.door.set()
    sender.window = 20  # as a gateway does: not all at once
    sender.run_until(sender.is_done, silence_s=8, deadline_s=100)
    found = Counter((r.position, str(r.value)[:6]) for r in store.audit(0, 100_000).rows)
    assert found == Counter({(n + 1, f"{n:06d}"): 1 for n in range(number)})


def test_the_spool_of_the_gateway_is_the_buffer_of_a_store_that_stands_still(
    standing: Taken, broker: int, tmp_path: Path
) -> None:
    runtime, store = standing
    tags = {name: TYPES[name] for name in ("state", "good")}
    specs, path = [DeviceSpec(DEVICE, tags)], tmp_path / "spool.db"
    spool = Spool(SpoolSettings(path, commit_s=0.02), GatewayIdentity("suzhou", "gw-l1"), specs)
    uplink = Uplink(UplinkSettings(port=broker), specs, spool, REAL_TIME)
    uplink.start()

    def read(first: int, last: int) -> None:
        for n in range(first, last):
            at = 1_000 + 10 * n
            readings = (Reading(DEVICE, "good", at, n), Reading(DEVICE, "state", at, n % 8))
            assert spool.put(Scan(DEVICE, readings, (1_000, at)))

    read(0, 200)
    wait_for(store.is_waiting.is_set, "a commit waits")
    read(200, 1000)
    assert store.counts().points == 0
    store.refusals = 2
    store.door.set()
    wait_for(lambda: uplink.drain(1.0), "everything receipted", 60)
    uplink.stop()
    spool.close()
    produced = Counter(tuple(point[:6]) for point in read_all_points(path))
    stored = Counter(tuple(row[:6]) for row in store.audit(0, 100_000).rows)
    assert len(produced) >= 2000
    assert stored == produced
    assert store.gaps() == []
    assert runtime.bad_input.snapshot()["commit_refused"].count == 2
