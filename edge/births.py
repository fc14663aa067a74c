"""Birth and death certificates of the node and its devices."""

from typing import Final

from edge.spool_batches import Tags
from edge.spool_file import TagAlias
from edge.spool_latest import LatestValues
from wire.quality import STALE
from wire.receipts import REBIRTH, STORED_THROUGH
from wire.session import BD_SEQ
from wire.sparkplug import DataType, Metric, Payload, encode

_CONTROL: Final = "Node Control/"  # what nobody has said yet is not stale


def node_death(bd_seq: int) -> bytes:
    """NDEATH payload, the will too: bdSeq alone, no seq, no time (Sparkplug 3.0, 6.4.20)."""
    return encode(Payload(metrics=(Metric(name=BD_SEQ, datatype=DataType.INT64, value=bd_seq),)))


class Births:
    """Writes certificates from the spool's aliases and newest durable values.

    Parameters
    ----------
    tags : Tags
        Aliases of all tags; a device's certificate lists every tag it ever had here.
    latest : LatestValues
        Newest durable value by alias; a tag without one is born null with quality 500.
    keeps_receipts : bool
        Whether the node takes receipts; a host sends them where the birth has a metric for them.
    """

    def __init__(self, tags: Tags, latest: LatestValues, *, keeps_receipts: bool = True) -> None:
        self._tags = tags
        self._latest = latest
        self._keeps_receipts = keeps_receipts

    def node(self, bd_seq: int, now_ms: int) -> bytes:
        """NBIRTH payload with seq 0; `now_ms` is plant time."""
        controls = (
            Metric(BD_SEQ, None, now_ms, DataType.INT64, bd_seq),
            Metric(REBIRTH, None, now_ms, DataType.BOOLEAN, value=False),
        )
        tags = self._tags.of("").values()
        metrics = tuple(
            self._metric(tag, now_ms, is_present=True)
            for tag in tags
            if self._keeps_receipts or tag.name != STORED_THROUGH
        )
        return encode(Payload(now_ms, 0, controls + metrics))

    def device(self, device: str, seq: int, now_ms: int, *, is_present: bool) -> bytes:
        """DBIRTH payload; all of an absent device is null and stale, it is born for its backlog alone."""
        metrics = tuple(
            self._metric(tag, now_ms, is_present=is_present) for tag in self._tags.of(device).values()
        )
        return encode(Payload(now_ms, seq, metrics))

    def _metric(self, tag: TagAlias, now_ms: int, *, is_present: bool) -> Metric:
        newest = self._latest.get(tag.alias) if is_present else None
        if newest is None and tag.name.startswith(_CONTROL):
            return Metric(tag.name, tag.alias, now_ms, tag.datatype, None, is_null=True)
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
