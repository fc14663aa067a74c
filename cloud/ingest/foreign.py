"""Nodes that keep no receipts: third parties and JSON telemetry, under a stream that the host makes up."""

import uuid
from collections.abc import Sequence

from cloud.ingest.arrival import Arrival
from cloud.ingest.quarantine import replay_stream
from cloud.ingest.rows import CommitRows, TagBook
from cloud.timeseries.store import BatchRow, Commit, GapRow, Store, StreamKey
from wire.clock import PlantClock
from wire.coverage import OBSERVED_SINCE
from wire.quality import GOOD
from wire.session_events import NodeId, Point
from wire.sparkplug import DataType


class ForeignNodes:
    """Takes third parties as they are: at most once; lost messages become gaps.

    Their coverage is the host's own word: while the numbers of a device's messages follow one another it was
    watched. Where the tag `observed_since` of such a device is bound, each message carries that claim, from
    its birth or the last hole to the message's own time.
    """

    def __init__(self, rows: CommitRows, book: TagBook, store: Store, clock: PlantClock) -> None:
        self._rows = rows
        self._book = book
        self._store = store
        self._clock = clock
        self._keys: dict[NodeId, StreamKey] = {}
        self._position: dict[StreamKey, int] = {}
        self._last: dict[int, tuple[int, object]] = {}
        self._since_ms: dict[tuple[NodeId, str], int] = {}

    def take(
        self,
        node: NodeId,
        device: str,
        points: Sequence[Point],
        arrival: Arrival,
        *,
        sent_ms: int | None,
    ) -> None:
        """Stage the points of a message, at most MAX_POINTS."""
        if arrival.replay is not None:
            self._take_again(node, device, points, arrival, sent_ms=sent_ms)
            return
        key = self._key(node)
        position = self._position[key] = self._position[key] + 1
        self._rows.commit.watermarks[key] = position
        prefix = f"{key.node}/{device}/"
        for tag, point in zip(
            self._book.of_device(prefix, [point.name for point in points]), points, strict=True
        ):
            self._last[tag] = (point.ts_ms, point.value)
        now_ms = self._clock.now_ms()
        claim = self._claim(node, device, prefix, points, sent_ms, now_ms)
        sent = now_ms if sent_ms is None else min(sent_ms, 1 << 62)
        batch = BatchRow(key.stream, position, key.node, sent, arrival.received_ms)
        self._rows.add(batch, prefix, [*points, *claim], now_ms)

    def _take_again(
        self, node: NodeId, device: str, points: Sequence[Point], arrival: Arrival, *, sent_ms: int | None
    ) -> None:
        # Old news: it claims no coverage and is not the last that was heard.
        key = StreamKey(f"{node.group}/{node.node}", replay_stream(arrival))
        self._rows.commit.watermarks[key] = 1
        now_ms = self._clock.now_ms()
        sent = now_ms if sent_ms is None else min(sent_ms, 1 << 62)
        self._rows.add(
            BatchRow(key.stream, 1, key.node, sent, arrival.received_ms),
            f"{key.node}/{device}/",
            points,
            now_ms,
        )

    def _claim(  # noqa: PLR0917  the parts of a message
        self,
        node: NodeId,
        device: str,
        prefix: str,
        points: Sequence[Point],
        sent_ms: int | None,
        now_ms: int,
    ) -> list[Point]:
        if sent_ms is None or not 0 <= sent_ms <= now_ms:
            return []  # a clock that runs ahead proves nothing
        tag = self._book.index(prefix + OBSERVED_SINCE)
        if self._book.meanings[tag] is None or any(point.name == OBSERVED_SINCE for point in points):
            return []
        since_ms = self._since_ms.setdefault((node, device), sent_ms)
        if since_ms > sent_ms:
            return []
        return [Point(OBSERVED_SINCE, sent_ms, since_ms, GOOD, DataType.DATETIME, is_historical=False)]

    def missed(self, node: NodeId, count: int) -> None:
        """Stage the gap of messages that never came; nothing is covered before the next one."""
        key = self._key(node)
        first = self._position[key] + 1
        last = self._position[key] = self._position[key] + count
        commit = self._rows.commit
        commit.watermarks[key] = last
        commit.gaps.append(GapRow(*key, first, last, "missed"))
        self.unwatched(node)

    def unwatched(self, node: NodeId, device: str | None = None) -> None:
        """End the watching of a device, or of all of a node."""
        for watched in list(self._since_ms):
            if watched[0] == node and device in (None, watched[1]):
                del self._since_ms[watched]

    def not_stored_yet(self, node: NodeId, device: str, points: Sequence[Point]) -> list[Point]:
        """Return the points of a birth that repeat no stored (time, value) of their tag."""
        tags = self._book.of_device(f"{node.group}/{node.node}/{device}/", [point.name for point in points])
        unheard = [self._book.names[tag] for tag in tags if tag not in self._last]
        stored = self._store.latest(unheard) if unheard else {}
        fresh = []
        for tag, point in zip(tags, points, strict=True):
            last = self._last.get(tag)
            if last is None and (sample := stored.get(self._book.names[tag])) is not None:
                last = (sample.ts_ms, sample.value)
            if last != (point.ts_ms, point.value) and point.value is not None:
                fresh.append(point)
        return fresh

    def rolled_back(self, commit: Commit, comes_again: set[NodeId]) -> None:
        """Record what a refused commit lost of nodes that do not send again."""
        for batch in commit.batches:
            key = StreamKey(batch.node, batch.stream)
            if key in self._position and NodeId(*batch.node.split("/", 1)) not in comes_again:
                self._rows.commit.gaps.append(GapRow(*key, batch.position, batch.position, "refused"))
                self._rows.commit.watermarks[key] = self._position[key]

    def _key(self, node: NodeId) -> StreamKey:
        key = self._keys.get(node)
        if key is None:
            key = self._keys[node] = StreamKey(f"{node.group}/{node.node}", uuid.uuid4().hex)
            self._position[key] = 0
        return key
