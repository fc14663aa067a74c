"""What the store says about a quarantined payload that is to be read again."""

from collections.abc import Iterable

from cloud.timeseries.store import Store, StreamKey
from wire.receipts import BatchHeader
from wire.session_events import NodeId


def is_replayed(stream: str, store: Store, staged: Iterable[StreamKey]) -> bool:
    """Return whether the points of a replay are stored under its stream, or about to be."""
    return any(key.stream == stream for key in (*store.watermarks(), *staged))


def is_in_gap(node: NodeId, header: BatchHeader, store: Store) -> bool:
    """Return whether a batch of ours is recorded as one that will not come again."""
    key = StreamKey(f"{node.group}/{node.node}", header.stream.hex())
    return any(
        gap.first <= header.position <= gap.last for gap in store.gaps() if (gap.node, gap.stream) == key
    )
