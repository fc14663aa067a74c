"""What ingestion tells a Prometheus server, as text."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from cloud.db import Read
from cloud.identity.access import May, User
from cloud.ingest.ingest_state import IngestState, NodeState
from cloud.ingest.runtime import IngestRuntime
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
    request: Request, _user: Annotated[User | None, Depends(MayScrape("system.read"))], session: Read
) -> Response:
    """The state of ingestion in the text format of Prometheus; without ingestion what reactions wait for."""
    outbox = sum(waiting.count for waiting in pending(session))
    ingest: IngestRuntime | None = getattr(request.app.state, "ingest", None)
    states = {} if ingest is None else {"": ingest.snapshot()}
    return Response(exposition(states, outbox=outbox), media_type=CONTENT_TYPE_LATEST)


def exposition(
    states: Mapping[str, IngestState],
    *,
    outbox: int | None = None,
    is_shared: bool = False,
    claims: Mapping[str, bool] | None = None,
) -> bytes:
    """Return states of ingestion as Prometheus reads them; names and labels of others are escaped.

    Parameters
    ----------
    states
        By Sparkplug group, which becomes a label; the group "" stands for all and gives none.
    outbox
        Deliveries that wait; None where another process tells of them.
    is_shared
        Whether all states are of one store, whose totals then stand once without a group.
    claims
        Of a worker: whether it holds each group that it may claim.
    """
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(_States(states, outbox, claims or {}, is_shared=is_shared))
    return generate_latest(registry)


_Row = tuple[str, IngestState]
_Gauge = tuple[str, str, Callable[[IngestState], float | None]]

_TOTALS: Sequence[tuple[str, str, Callable[[IngestState], float]]] = (
    ("taktline_points_stored", "Points in the store.", lambda it: it.counts.points),
    ("taktline_batches_stored", "Batches in the store.", lambda it: it.counts.batches),
    ("taktline_gaps_recorded", "Recorded gaps.", lambda it: it.counts.gaps),
    ("taktline_payloads_quarantined", "Payloads that were quarantined.", lambda it: it.counts.quarantined),
    ("taktline_commits", "Commits of the store.", lambda it: it.counts.commit_no),
)
_SIZE: _Gauge = ("taktline_store_bytes", "Size of the store.", lambda it: it.counts.size_bytes)
_NOW: Sequence[_Gauge] = (
    ("taktline_points_per_second", "Mean of the last 10 s.", lambda it: it.rates.points_per_s),
    ("taktline_batches_per_second", "Mean of the last 10 s.", lambda it: it.rates.batches_per_s),
    ("taktline_commit_p99_milliseconds", "Of the last 1,000 commits.", lambda it: it.rates.commit_ms_p99),
    ("taktline_batch_points", "Points in a batch, mean of the last 10 s.", lambda it: it.rates.batch_points),
    ("taktline_queue_messages", "Messages that wait for ingestion.", lambda it: it.queued),
    ("taktline_queue_bytes", "Bytes of the messages that wait.", lambda it: it.queued_bytes),
    ("taktline_deriver_lag_commits", "Commits whose facts are not derived yet.", lambda it: it.deriver_lag),
    ("taktline_broker_connected", "1 while the broker is reached.", lambda it: float(it.is_connected)),
)


class _States(Collector):
    """States of ingestion at one moment; no global registry, so that a scrape sees one moment."""

    def __init__(
        self,
        states: Mapping[str, IngestState],
        outbox: int | None,
        claims: Mapping[str, bool],
        *,
        is_shared: bool,
    ) -> None:
        self._rows: list[_Row] = list(states.items())
        self._outbox = outbox
        self._claims = claims
        # Every worker of a shared store counts the whole of it: once is enough.
        self._of_store: list[_Row] = [("", state) for _, state in self._rows[:1]] if is_shared else self._rows

    def collect(self) -> Iterable[Metric]:
        """Return the metrics."""
        if self._claims:
            text = "1 while this worker takes the group in."
            held = GaugeMetricFamily("taktline_group_held", text, labels=["group"])
            for group, is_held in self._claims.items():
                held.add_metric([group], float(is_held))
            yield held
        if self._outbox is not None:
            yield GaugeMetricFamily(
                "taktline_outbox_pending", "Deliveries of events that wait.", value=self._outbox
            )
        if self._rows:
            yield from self._totals()
            yield from (_gauge(gauge, self._rows) for gauge in _NOW)
            yield _gauge(_SIZE, self._of_store)
            yield from _nodes([node for _, state in self._rows for node in state.nodes])

    def _totals(self) -> Iterator[Metric]:
        for name, text, value in _TOTALS:
            total = CounterMetricFamily(name, text, labels=_labels(self._of_store))
            for group, state in self._of_store:
                total.add_metric([group] if group else [], value(state))
            yield total
        labels = _labels(self._rows)
        dropped = CounterMetricFamily(
            "taktline_messages_dropped", "Messages not taken in by overload.", labels=labels
        )
        bad = CounterMetricFamily(
            "taktline_bad_input", "Input refused or flagged, by kind.", labels=[*labels, "kind"]
        )
        for group, state in self._rows:
            of_group = [group] if group else []
            dropped.add_metric(of_group, state.dropped)
            for kind, tally in state.bad_input.items():
                bad.add_metric([*of_group, kind], tally.count)
        yield from (dropped, bad)


def _labels(rows: Sequence[_Row]) -> list[str]:
    return ["group"] if any(group for group, _ in rows) else []


def _gauge(gauge: _Gauge, rows: Sequence[_Row]) -> Metric:
    name, text, value = gauge
    family = GaugeMetricFamily(name, text, labels=_labels(rows))
    for group, state in rows:
        found = value(state)
        if found is not None:
            family.add_metric([group] if group else [], found)
    return family


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
