"""Birth and death certificates of the node and its devices."""

from collections.abc import Mapping

from edge.spool_batches import Committed, Tags
from edge.spool_file import TagAlias
from wire.quality import STALE
from wire.receipts import REBIRTH, STORED_THROUGH
from wire.session import BD_SEQ
from wire.sparkplug import DataType, Metric, Payload, encode


def node_death(bd_seq: int) -> bytes:
    """NDEATH payload, the will too: bdSeq alone, no seq, no time (Sparkplug 3.0, 6.4.20)."""
    return encode(Payload(metrics=(Metric(name=BD_SEQ, datatype=DataType.INT64, value=bd_seq),)))


class Births:
    """Writes certificates from the spool's aliases and newest durable values.

    Parameters
    ----------
    tags : Tags
        Aliases of all tags; a device's certificate lists every tag it ever had here.
    latest : mapping of int to Committed
        Newest durable value by alias; a tag without one is born null with quality 500.
    """

    def __init__(self, tags: Tags, latest: Mapping[int, Committed]) -> None:
        self._tags = tags
        self._latest = latest

    def node(self, bd_seq: int, now_ms: int) -> bytes:
        """NBIRTH payload with seq 0; `now_ms` is plant time."""
        stored_through = self._tags.of("")[STORED_THROUGH]
        metrics = (
            Metric(BD_SEQ, None, now_ms, DataType.INT64, bd_seq),
            Metric(REBIRTH, None, now_ms, DataType.BOOLEAN, value=False),
            Metric(STORED_THROUGH, stored_through.alias, now_ms, DataType.STRING, None, is_null=True),
        )
        return encode(Payload(now_ms, 0, metrics))

    def device(self, device: str, seq: int, now_ms: int, *, is_present: bool) -> bytes:
        """DBIRTH payload; all of an absent device is null and stale, it is born for its backlog alone."""
        metrics = tuple(self._metric(tag, now_ms, is_present) for tag in self._tags.of(device).values())
        return encode(Payload(now_ms, seq, metrics))

    def _metric(self, tag: TagAlias, now_ms: int, is_present: bool) -> Metric:  # noqa: FBT001 - private
        newest = self._latest.get(tag.alias) if is_present else None
        if newest is None:
            return Metric(tag.name, tag.alias, now_ms, tag.datatype, None, is_null=True, quality=STALE)
        return Metric(
            tag.name,
            tag.alias,
            newest.ts_ms,
            tag.datatype,
            newest.value,
            is_null=newest.value is None,
            quality=newest.quality,
        )


def device_death(seq: int, now_ms: int) -> bytes:
    """DDEATH payload: seq and plant time alone."""
    return encode(Payload(now_ms, seq))
