"""The real gateway against the real ingest: what the spool was given is what the store holds."""

import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from edge_player import TYPES, wait_for

from cloud.db import Database
from cloud.timeseries.duckdb import DuckDBStore
from edge.gateway import GatewayIdentity, SpoolSettings, UplinkSettings
from edge.reading import DeviceSpec, Reading, Scan
from edge.spool import Spool
from edge.spool_reader import read_all_points
from edge.uplink import Uplink
from wire.clock import REAL_TIME

DEVICES = ("L1-OP10", "L1-OP20", "L1-OP30")
TAGS = {name: TYPES[name] for name in ("state", "job", "good", "condition")}


def _scan(rng: random.Random, device: str, at_ms: int, number: int) -> Scan:
    readings = (
        Reading(device, "good", at_ms, number),
        Reading(device, "state", at_ms, rng.randrange(1, 9)),
        Reading(device, "condition", at_ms, rng.choice([rng.random() * 9, None, 2.0**60])),
        Reading(device, "job", at_ms, 2**53 + number),
    )
    return Scan(device, readings, (1_000, at_ms))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_real_edge_and_the_killed_ingest_agree_point_by_point(
    broker: int, program: Callable[[], subprocess.Popen[bytes]], plant: Database, tmp_path: Path
) -> None:
    del plant  # its tables and bindings are what the program reads
    rng = random.Random(11)
    specs = [DeviceSpec(device, TAGS) for device in DEVICES]
    path = tmp_path / "spool.db"
    spool = Spool(SpoolSettings(path, commit_s=0.05), GatewayIdentity("suzhou", "gw-l1"), specs)
    uplink = Uplink(UplinkSettings(port=broker), specs, spool, REAL_TIME)
    uplink.start()
    number, tick = 0, threading.Event()
    for _ in range(4):
        running = program()
        until = time.monotonic() + rng.uniform(2.0, 4.0)
        while time.monotonic() < until:
            number += 1
            for device in DEVICES:
                assert spool.put(_scan(rng, device, 1_000 + number * 10, number))
            tick.wait(0.005)
        running.kill()
        running.wait()
    running = program()
    wait_for(lambda: uplink.drain(1.0), "everything receipted", 60)
    running.terminate()
    assert running.wait(30) == 0
    uplink.stop()
    spool.close()

    produced = Counter(tuple(point[:6]) for point in read_all_points(path))
    store = DuckDBStore(tmp_path / "points.duckdb")
    stored = Counter(tuple(row[:6]) for row in store.audit(0, 1_000_000).rows)
    gaps = store.gaps()
    store.close()
    print(f"\n{len(produced)} points, {len(gaps)} gaps")  # noqa: T201  the size of this proof
    assert gaps == []
    assert stored == produced
    assert set(stored.values()) == {1}
