"""Killed at any instant, ingestion loses nothing and doubles nothing: compared as sets, not as counts."""

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from edge_player import DEVICES, MACHINE, EdgePlayer, Sender
from sqlalchemy import select

from cloud.db import Database
from cloud.ingest import queries
from cloud.ingest.tables import SignalFact
from cloud.timeseries.duckdb import DuckDBStore
from wire.sparkplug import Value

KILLS = 4


def batches(number: int) -> list[tuple[str, list[tuple[str, int, Value]]]]:
    """Batches of 25 readings of each of four metrics."""
    made = []
    for n in range(number):
        points: list[tuple[str, int, Value]] = []
        for k in range(25):
            ts_ms = 1_000_000 + n * 250 + k * 10
            points += [
                ("good", ts_ms, n * 25 + k),
                ("state", ts_ms, 1 + k % 3),
                ("condition", ts_ms, n + k / 7),
                ("observed_since", ts_ms, 1_000_000),
            ]
        made.append((MACHINE, points))
    return made


def _is_past(edge: EdgePlayer, sender: Sender, position: int) -> bool:
    return edge.stored_through(sender.stream) > position


def _is_over(sender: Sender, at_s: float) -> bool:
    return time.monotonic() > at_s or sender.is_done()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killed_under_load_nothing_is_lost_or_doubled(
    program: Callable[[], subprocess.Popen[bytes]],
    plant: Database,
    player: Callable[..., EdgePlayer],
    tmp_path: Path,
) -> None:
    rng = random.Random(7)
    edge = player()
    edge.birth(DEVICES)
    # A small window: however fast the machine, the load outlasts the kills.
    sender = Sender(edge, batches(1200), window=40)
    for _ in range(KILLS):
        running = program()
        before = edge.stored_through(sender.stream)
        sender.run_until(partial(_is_past, edge, sender, before))
        die_at = time.monotonic() + rng.uniform(0.05, 0.4)
        sender.run_until(partial(_is_over, sender, die_at))
        assert not sender.is_done(), "the load must outlast the kills"
        running.send_signal(signal.SIGKILL)
        running.wait()
    running = program()
    sender.run_until(sender.is_done)
    running.terminate()
    assert running.wait(30) == 0

    store = DuckDBStore(tmp_path / "points.duckdb")
    rows = store.audit(0, 1_000_000).rows
    watermark = next(iter(store.watermarks().values()))
    store.close()
    stored = Counter((r.stream, r.position, r.ord, r.tag, r.ts_ms, r.value) for r in rows)
    produced = sender.produced()
    lost, doubled = len(produced - set(stored)), sum(stored.values()) - len(stored)
    told = f"kills {KILLS}, points {len(produced)}, lost {lost}, doubled {doubled}"
    print(f"\n{told}, messages {sender.sent_messages}")  # noqa: T201  the figure of this proof
    assert set(stored) == produced
    assert doubled == 0
    assert watermark == len(sender.batches)
    _assert_facts_agree(plant, produced)


def _assert_facts_agree(plant: Database, produced: set[tuple[object, ...]]) -> None:
    with plant.read() as session:
        facts = session.execute(
            select(
                SignalFact.stream,
                SignalFact.position,
                SignalFact.ord,
                SignalFact.kind,
                SignalFact.ts_ms,
                SignalFact.value,
            )
        ).all()
        coverage = queries.coverage(session, MACHINE, 0, 1 << 60)
    wanted = {
        (stream, position, place, str(tag).rsplit("/", 1)[1], ts_ms, value)
        for stream, position, place, tag, ts_ms, value in produced
        if not str(tag).endswith("observed_since")
    }
    assert len(facts) == len(wanted)
    assert {tuple(fact) for fact in facts} == wanted
    assert coverage == [(1_000_000, max(int(str(point[4])) for point in produced))]
