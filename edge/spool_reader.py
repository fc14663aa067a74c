"""Reads a spool beside its writer: what is still to be sent, and every point it holds."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from edge.spool_file import POSITION_MASK, Entry, Stream, TagAlias, entry_key
from edge.spool_opening import connected
from wire.receipts import GapReason
from wire.sparkplug import DataType, Value, decode, typed
from wire.topics import tag_address

_READ_AT_ONCE: Final = 256


class SpoolReader:
    """Reads a spool's file beside its writer: it sees what is committed, nothing else."""

    def __init__(self, path: Path) -> None:
        self._db = connected(path, read_only=True)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def streams(self) -> list[Stream]:
        """Streams that hold entries, oldest first."""
        rows = self._db.execute(
            "SELECT no, id, receipted, (SELECT max(key) FROM entries"
            " WHERE key > (no << 40) AND key < ((no + 1) << 40)) AS last"
            " FROM streams WHERE last IS NOT NULL ORDER BY no"
        )
        return [Stream(no, bytes(i), receipted, key & POSITION_MASK) for no, i, receipted, key in rows]

    def entries(self, stream_no: int, after: int, limit: int) -> list[Entry]:
        """At most `limit` entries of a stream whose position is beyond `after`, in order."""
        rows = self._db.execute(
            "SELECT key, first, reason, coalesce(id, ''), content"
            " FROM entries LEFT JOIN devices ON no = device WHERE key > ? AND key < ? ORDER BY key LIMIT ?",
            (entry_key(stream_no, after), entry_key(stream_no + 1, 0), limit),
        )
        return [
            Entry(
                stream_no,
                key & POSITION_MASK,
                first,
                None if reason is None else GapReason(reason),
                device,
                content or b"",
            )
            for key, first, reason, device, content in rows
        ]

    def waiting(self) -> tuple[int, int | None]:
        """Batches without a receipt, and the real time (ms) at which the oldest was written."""
        row = self._db.execute(
            "SELECT count(*), min(written_ms) FROM streams CROSS JOIN entries"
            " ON key > (no << 40) + receipted AND key < ((no + 1) << 40) WHERE reason IS NULL"
        ).fetchone()
        return row[0], row[1]

    def owner(self) -> str:
        """`group/node` of the gateway whose spool this is."""
        return str(self._db.execute("SELECT value FROM node WHERE key = 'owner'").fetchone()[0])

    def every_alias(self) -> dict[int, TagAlias]:
        """All tags by alias, retired ones included."""
        rows = self._db.execute("SELECT alias, device, name, datatype FROM aliases")
        return {alias: TagAlias(alias, device, name, DataType(kind)) for alias, device, name, kind in rows}


class SpooledPoint(NamedTuple):
    """A point as the spool holds it; (stream, position, ord) is its identity for life.

    `stream` is 32 hex digits, `tag` is `group/node/device/metric`, `ts_ms` is plant time.
    """

    stream: str
    position: int
    ord: int
    tag: str
    ts_ms: int
    value: Value
    quality: int


def read_all_points(path: Path) -> Iterator[SpooledPoint]:
    """Every point in the spool's file, those kept after their receipt included, oldest first.

    Points whose batch became a gap are not there any more. The spool may be in use.

    Raises
    ------
    SpoolWrong
        When the file cannot be opened.
    """
    reader = SpoolReader(path)
    try:
        group, node = reader.owner().split("/")
        tags = {
            alias: (tag_address(group, node, tag.device, tag.name), tag.datatype)
            for alias, tag in reader.every_alias().items()
        }
        for stream in reader.streams():
            after = 0
            while entries := reader.entries(stream.no, after, _READ_AT_ONCE):
                after = entries[-1].position
                for entry in entries:
                    yield from _points(stream.id.hex(), entry, tags)
    finally:
        reader.close()


def _points(stream: str, entry: Entry, tags: Mapping[int, tuple[str, DataType]]) -> Iterator[SpooledPoint]:
    for index, metric in enumerate(decode(entry.content).metrics):
        tag, datatype = tags[metric.alias or 0]
        value = typed(metric.value, datatype)
        yield SpooledPoint(
            stream, entry.position, index, tag, metric.timestamp_ms or 0, value, metric.quality
        )
