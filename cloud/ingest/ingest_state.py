"""What is said about ingestion as a whole and about each edge node."""

from collections.abc import Mapping
from dataclasses import dataclass

from cloud.ingest.bad_input import Tally
from cloud.ingest.pulse import Pulse, Rates
from cloud.ingest.silent_nodes import Seen
from cloud.timeseries.store import Store, StoreCounts
from wire.clock import real_ms
from wire.session import NodeSession


@dataclass(frozen=True, slots=True)
class NodeState:
    """One edge node; `last_seen_ms` plant time, lag real seconds.

    `watermark` is the position through which its stream is stored, None before the first commit since the
    start, `watermark_age_s` real seconds since its newest batch was stored.
    """

    group: str
    node: str
    is_online: bool
    keeps_receipts: bool
    last_seen_ms: int | None
    devices: int
    devices_online: int
    points: int
    gaps: int
    lag_s: float | None
    watermark: int | None = None
    watermark_age_s: float | None = None


@dataclass(frozen=True, slots=True)
class IngestState:
    """The state of ingestion at one moment; `deriver_lag` in commits, `queued` in messages and bytes."""

    is_connected: bool
    rates: Rates
    counts: StoreCounts
    deriver_lag: int
    queued: int
    queued_bytes: int
    dropped: int
    nodes: list[NodeState]
    bad_input: Mapping[str, Tally]


def node_states(
    store: Store, pulse: Pulse, sessions: Mapping[str, NodeSession], seen: Mapping[str, Seen]
) -> list[NodeState]:
    """Return the state of every node that has points or was heard since the start, by name `group/node`."""
    totals = store.by_node()
    nodes = []
    for name in sorted({*totals, *sessions, *seen}):
        group, _, node = name.partition("/")
        session, heard, stored = sessions.get(name), seen.get(name), totals.get(name)
        is_online = session is not None and session.is_online
        nodes.append(
            NodeState(
                group=group,
                node=node,
                is_online=is_online,
                keeps_receipts=session is not None and session.keeps_receipts,
                last_seen_ms=heard.last_ms if heard else None,
                devices=len(heard.devices) if heard else 0,
                devices_online=len(session.devices) if session is not None and is_online else 0,
                points=stored.points if stored else 0,
                gaps=stored.gaps if stored else 0,
                lag_s=pulse.lag_s(name),
                watermark=pulse.position(name),
                watermark_age_s=_age_s(stored.last_committed_ms if stored else None),
            )
        )
    return nodes


def _age_s(at_ms: int | None) -> float | None:
    """Return real seconds since a real time, None for none."""
    return None if at_ms is None else max(0.0, (real_ms() - at_ms) / 1000)
