"""How fast ingestion is, end to end: broker, decoding, commit, receipt."""

import threading
import time
from collections.abc import Callable

import pytest
from edge_player import EdgePlayer, Stream, wait_for

from cloud.ingest.arrival import Arrival
from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.host import Host
from cloud.ingest.runtime import IngestRuntime
from cloud.timeseries.duckdb import DuckDBStore
from wire.clock import REAL_TIME
from wire.sparkplug import DataType

BATCHES, METRICS = 3000, 100
DEVICE = {"plc": {f"m{k}": DataType.DOUBLE for k in range(METRICS)}}


def _made(edge: EdgePlayer, stream: Stream) -> list[bytes]:
    return [
        edge.batch(stream, [edge.metric("plc", f"m{k}", n * 250 + k, n + k / 8) for k in range(METRICS)])
        for n in range(BATCHES)
    ]


@pytest.mark.slow
def test_end_to_end_rate_of_hundred_metric_batches(
    ingest: IngestRuntime, player: Callable[..., EdgePlayer], store: DuckDBStore
) -> None:
    edge, stream = player(), Stream()
    edge.birth(DEVICE)
    messages = _made(edge, stream)
    topic = edge.topic("DDATA", "plc")
    tick = threading.Event()
    started, cpu = time.monotonic(), time.process_time()
    for number, message in enumerate(messages):
        while number - edge.stored_through(stream) > 2000:
            tick.wait(0.002)
        edge.raw(topic, message)
    wait_for(lambda: edge.stored_through(stream) == BATCHES, "all receipted", 90)
    took, cpu = time.monotonic() - started, time.process_time() - cpu
    assert store.counts().points == BATCHES * METRICS
    state = ingest.snapshot()
    rate, per_core = BATCHES * METRICS / took, BATCHES * METRICS / cpu
    told = f"end to end {rate:,.0f} points/s, {per_core:,.0f} points per CPU second (player included)"
    print(f"\n{told}, commit p99 {state.rates.commit_ms_p99:.1f} ms")  # noqa: T201  the figure
    assert rate > 5_000


@pytest.mark.slow
def test_rate_of_the_ingest_thread_alone(
    broker: int, player: Callable[..., EdgePlayer], store: DuckDBStore
) -> None:
    del broker
    edge, stream = player(), Stream()
    host = Host("taktline", store, REAL_TIME, BadInputLog())
    said: list[Arrival] = []
    edge.raw = lambda topic, payload, qos=0: said.append(Arrival(topic, payload, qos))  # type: ignore[method-assign]
    edge.birth(DEVICE)
    said += [Arrival(edge.topic("DDATA", "plc"), message, 0) for message in _made(edge, stream)]
    taking = storing = 0.0
    for number, arrival in enumerate(said):
        cpu = time.process_time()
        host.receive(arrival, 0.0)
        taking += time.process_time() - cpu
        if number % 500 == 499 or number == len(said) - 1:
            cpu = time.process_time()
            store.append(host.take())
            host.committed()
            storing += time.process_time() - cpu
    points = BATCHES * METRICS
    assert store.counts().points == points
    told = f"decode and order {points / taking:,.0f}, commit {points / storing:,.0f}"
    print(f"\n{told}, together {points / (taking + storing):,.0f} points per CPU second")  # noqa: T201
