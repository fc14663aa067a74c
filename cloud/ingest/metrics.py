"""What ingestion tells a Prometheus server, as text."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from cloud.db import Read
from cloud.identity.access import May, User
from cloud.ingest.ingest_state import IngestState, NodeState
from cloud.ingest.routes import Ingest
from cloud.outbox import pending

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
# Whoever sends one of these has passed a proxy: the address is the proxy's.
PROXIED = ("forwarded", "x-forwarded", "x-real-ip", "x-client-ip", "via")

router = APIRouter(tags=["system"])


class MayScrape(May):
    """A dependency that lets a scraper on this machine in without a login, others with the permission."""

    def __call__(self, request: Request) -> User | None:  # type: ignore[override]  # nobody has to be logged in
        """The user of a request that does not come from this machine itself.

        Raises
        ------
        NotAllowed
            401 when nobody is logged in, 403 when the role lacks the permission.
        """
        is_near = request.client is not None and request.client.host in LOOPBACK
        if is_near and not any(name.startswith(PROXIED) for name in request.headers):
            return None
        return super().__call__(request)


@router.get("/metrics", include_in_schema=False)
def show_metrics(
    _user: Annotated[User | None, Depends(MayScrape("system.read"))], ingest: Ingest, session: Read
) -> Response:
    """The state of ingestion in the text format of Prometheus."""
    outbox = sum(waiting.count for waiting in pending(session))
    return Response(exposition(ingest.snapshot(), outbox), media_type=CONTENT_TYPE_LATEST)


def exposition(state: IngestState, outbox: int) -> bytes:
    """Return the state as Prometheus reads it; names and labels of others are escaped by the library."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(_State(state, outbox))
    return generate_latest(registry)


class _State(Collector):
    """One state of ingestion; no global registry, so that a scrape sees one moment."""

    def __init__(self, state: IngestState, outbox: int) -> None:
        self._state = state
        self._outbox = outbox

    def collect(self) -> Iterable[Metric]:
        """Return the metrics."""
        yield from self._totals()
        yield from self._now()
        yield from _nodes(self._state.nodes)

    def _totals(self) -> Iterator[Metric]:
        counts = self._state.counts
        totals = (
            ("taktline_points_stored", "Points in the store.", counts.points),
            ("taktline_batches_stored", "Batches in the store.", counts.batches),
            ("taktline_gaps_recorded", "Recorded gaps.", counts.gaps),
            ("taktline_payloads_quarantined", "Payloads that were quarantined.", counts.quarantined),
            ("taktline_messages_dropped", "Messages not taken in by overload.", self._state.dropped),
            ("taktline_commits", "Commits of the store.", counts.commit_no),
        )
        for name, text, value in totals:
            yield CounterMetricFamily(name, text, value=value)
        bad = CounterMetricFamily("taktline_bad_input", "Input refused or flagged, by kind.", labels=["kind"])
        for kind, tally in self._state.bad_input.items():
            bad.add_metric([kind], tally.count)
        yield bad

    def _now(self) -> Iterator[Metric]:
        state = self._state
        gauges: Sequence[tuple[str, str, float | None]] = (
            ("taktline_points_per_second", "Mean of the last 10 s.", state.rates.points_per_s),
            ("taktline_batches_per_second", "Mean of the last 10 s.", state.rates.batches_per_s),
            ("taktline_commit_p99_milliseconds", "Of the last 1,000 commits.", state.rates.commit_ms_p99),
            ("taktline_batch_points", "Points in a batch, mean of the last 10 s.", state.rates.batch_points),
            ("taktline_queue_messages", "Messages that wait for ingestion.", state.queued),
            ("taktline_queue_bytes", "Bytes of the messages that wait.", state.queued_bytes),
            ("taktline_deriver_lag_commits", "Commits whose facts are not derived yet.", state.deriver_lag),
            ("taktline_outbox_pending", "Deliveries of events that wait.", self._outbox),
            ("taktline_store_bytes", "Size of the store.", state.counts.size_bytes),
            ("taktline_broker_connected", "1 while the broker is reached.", float(state.is_connected)),
        )
        for name, text, value in gauges:
            if value is not None:
                yield GaugeMetricFamily(name, text, value=value)


def _nodes(nodes: Sequence[NodeState]) -> Iterator[Metric]:
    labels = ["group", "node"]
    online = GaugeMetricFamily("taktline_gateway_online", "1 while a gateway is born.", labels=labels)
    devices = GaugeMetricFamily("taktline_gateway_devices_online", "Devices that are born.", labels=labels)
    points = CounterMetricFamily("taktline_gateway_points", "Its points in the store.", labels=labels)
    gaps = CounterMetricFamily("taktline_gateway_gaps", "Its recorded gaps.", labels=labels)
    lag = GaugeMetricFamily("taktline_gateway_lag_seconds", "Sending to commit, newest batch.", labels=labels)
    seen = GaugeMetricFamily("taktline_gateway_last_seen_seconds", "Plant time, Unix seconds.", labels=labels)
    mark = GaugeMetricFamily(
        "taktline_gateway_watermark", "Position through which its stream is stored.", labels=labels
    )
    age = GaugeMetricFamily(
        "taktline_gateway_watermark_age_seconds", "Since its newest batch was stored.", labels=labels
    )
    for node in nodes:
        named = [node.group, node.node]
        online.add_metric(named, float(node.is_online))
        devices.add_metric(named, node.devices_online)
        points.add_metric(named, node.points)
        gaps.add_metric(named, node.gaps)
        if node.lag_s is not None:
            lag.add_metric(named, node.lag_s)
        if node.last_seen_ms is not None:
            seen.add_metric(named, node.last_seen_ms / 1000)
        if node.watermark is not None:
            mark.add_metric(named, node.watermark)
        if node.watermark_age_s is not None:
            age.add_metric(named, node.watermark_age_s)
    yield from (online, devices, points, gaps, lag, seen, mark, age)
