"""A full or ageing spool: what goes is chosen, counted and recorded, and no tag loses its last value."""

import random
import time
from itertools import pairwise
from pathlib import Path

import pytest

from edge.gateway import GatewayIdentity, SpoolSettings, WhenFull
from edge.reading import DeviceSpec, Reading, Scan, Value
from edge.spool import Spool
from edge.spool_reader import SpoolReader
from wire.receipts import GapReason
from wire.sparkplug import DataType, decode

pytestmark = pytest.mark.slow

GATEWAY = GatewayIdentity("plant", "gw")
TAGS = {"state": DataType.INT32, "good": DataType.INT64, "heat": DataType.DOUBLE, "note": DataType.STRING}
DEVICES = [DeviceSpec("press", TAGS), DeviceSpec("lathe", TAGS)]
POLICIES: list[WhenFull] = ["oldest", "newest", "thin"]
MAX_BYTES = 6_000
START_MS = 1_772_409_600_000


def opened(folder: Path, when_full: WhenFull, **settings: float | None) -> Spool:
    chosen: dict[str, float | None] = {"commit_s": 0.01, "max_bytes": MAX_BYTES, **settings}
    return Spool(SpoolSettings(folder / "gw.spool", when_full=when_full, **chosen), GATEWAY, DEVICES)  # type: ignore[arg-type]


class Store:
    """A host that takes what waits, in order, and receipts it."""

    def __init__(self, spool: Spool) -> None:
        self.spool, self.reader = spool, SpoolReader(spool.settings.path)
        self.values: dict[tuple[str, str], tuple[int, Value]] = {}
        self.batches: list[int] = []
        self.gaps: list[int] = []

    def take(self, limit: int) -> int:
        (stream,) = self.reader.streams()
        entries = self.reader.entries(stream.no, stream.receipted, limit)
        for entry in entries:
            positions = range(entry.first, entry.position + 1)
            (self.batches if entry.reason is None else self.gaps).extend(positions)
            for metric in decode(entry.content).metrics if entry.reason is None else ():
                tag = self.spool.tags.by_alias[metric.alias or 0]
                newest = self.values.get((tag.device, tag.name))
                if newest is None or (metric.timestamp_ms or 0) >= newest[0]:
                    self.values[tag.device, tag.name] = (metric.timestamp_ms or 0, metric.value)
        if entries:
            self.spool.receipted(stream.no, entries[-1].position)
            self.spool.flush()
        return len(entries)


@pytest.mark.parametrize("when_full", POLICIES)
@pytest.mark.parametrize("seed", range(4))
def test_no_tag_loses_its_last_value_and_every_position_is_a_batch_or_a_gap(
    tmp_path: Path, when_full: WhenFull, seed: int
) -> None:
    rng = random.Random(seed)
    spool, said = opened(tmp_path, when_full), {}
    store = Store(spool)
    for turn in range(1, 250):
        device = rng.choice(["press", "lathe"])
        # States and texts are said rarely, as tags that report by exception are.
        tags = ["heat"] + [tag for tag in ("state", "good", "note") if rng.random() < 0.02 or turn < 3]
        said |= {(device, tag): (turn, turn) for tag in tags}
        readings = [Reading(device, tag, turn, str(turn) if tag == "note" else turn) for tag in tags]
        assert spool.put(Scan(device, tuple(readings), (0, turn)))
        spool.flush()
        counts = spool.status().counts
        assert counts.bytes_held <= MAX_BYTES
        assert counts.recounted(spool._file) == counts
        if rng.random() < 0.02:
            store.take(rng.randrange(1, 9))
    dropped = spool.status().counts.dropped
    assert dropped > 30
    while store.take(50):
        pass
    for key, (ts_ms, value) in said.items():
        found_ms, found = store.values[key]
        assert (found_ms, str(found)) == (ts_ms, str(value) if key[1] == "note" else str(found))
    assert sorted(store.batches + store.gaps) == list(range(1, spool.live.last + 1))
    store.reader.close()
    spool.close()


def test_thinning_keeps_all_of_the_time_the_recent_more_densely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is dense is told by real time, which goes on evenly here however busy the machine is.
    number = 0
    monkeypatch.setattr("edge.spool.real_ms", lambda: START_MS + 10 * number)
    spool = opened(tmp_path, "thin", max_bytes=12_000)
    for number in range(400):
        spool.put(Scan("press", (Reading("press", "heat", number, float(number)),)))
        spool.flush()
    reader = spool.reader()
    kept = [e.position for e in reader.entries(spool.live.no, 0, 1000) if e.reason is None]
    counts = spool.status().counts
    assert counts.thinned > 200
    assert counts.dropped_full <= 5  # next to nothing had to go for want of something to thin
    assert kept[0] < 60
    holes = [after - before for before, after in pairwise(kept)]
    assert max(holes) < 120
    assert sum(position > 200 for position in kept) > 1.5 * sum(position <= 200 for position in kept)
    assert kept[-20:] == list(range(381, 401))
    reader.close()
    spool.close()


def test_thinning_takes_samples_before_states_and_counters(tmp_path: Path) -> None:
    spool = opened(tmp_path, "thin", max_bytes=16_000)
    events = []
    for number in range(400):
        is_event = number % 10 == 0
        tag = "state" if is_event else "heat"
        spool.put(Scan("press", (Reading("press", tag, number, number),)))
        spool.flush()
        if is_event:
            events.append(spool.live.last)
    reader = spool.reader()
    kept = {e.position for e in reader.entries(spool.live.no, 0, 1000) if e.reason is None}
    assert spool.status().counts.thinned > 150
    assert set(events) <= kept
    reader.close()
    spool.close()


def test_the_newest_go_where_the_past_is_worth_more(tmp_path: Path) -> None:
    spool = opened(tmp_path, "newest")
    for number in range(200):
        spool.put(Scan("press", (Reading("press", "good", number, number),)))
        spool.flush()
    reader = spool.reader()
    entries = reader.entries(spool.live.no, 0, 1000)
    assert [entry.reason for entry in entries[:-1]] == [None] * (len(entries) - 1)
    assert entries[-1].reason is GapReason.DROPPED
    assert spool.status().counts.dropped_full == entries[-1].position - entries[-1].first + 1
    reader.close()
    spool.close()


def test_what_waits_too_long_becomes_a_gap_but_the_last_value_is_said_again(tmp_path: Path) -> None:
    spool = opened(tmp_path, "oldest", max_age_s=0.0)
    spool.put(Scan("press", (Reading("press", "state", 1, 5),)))
    spool.flush()
    end_s = time.monotonic() + 30
    while spool.status().counts.dropped_old < 1:
        assert time.monotonic() < end_s
        spool._forget_at_s = 0.0
        spool.flush()
    store = Store(spool)
    spool.settings = SpoolSettings(spool.settings.path)
    spool._bounds.settings = spool.settings
    spool.flush()
    while store.take(10):
        pass
    assert store.values["press", "state"] == (1, 5)
    assert 1 in store.gaps
    store.reader.close()
    spool.close()
