"""A `Store` made of a database of points with a relational ledger beside it."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from cloud.db import Database
from cloud.timeseries import ledger_reads as reads
from cloud.timeseries.holdings import Compacted, Holdings
from cloud.timeseries.ledger import Ledger
from cloud.timeseries.ledger_pages import Page, is_cut, pages_of, written_tags
from cloud.timeseries.point_columns import PointArrays
from cloud.timeseries.store import (
    NOTHING_TAKEN,
    REBOUND,
    AuditRow,
    AuditRows,
    BatchTimes,
    Commit,
    Committed,
    GapRow,
    Meaning,
    NodeTotals,
    Quarantined,
    Sample,
    SignalPage,
    SignalRow,
    StoreCounts,
    StoreRefused,
    StreamKey,
    Window,
)
from cloud.timeseries.tag_search import tags_with

# One commit is derived in one relational transaction, so it must not grow with the length of the history.
COPIED_AT_ONCE = 20_000
# Commits whose points went by retention, per relational transaction.
FORGOTTEN_AT_ONCE = 500
# One audit cursor is batch * 2^16 + ord + 1, so a page ends anywhere inside a batch.
ORD_BITS = 16
_SEEN_PER_MS = 1_000


def _real_ms() -> int:
    return time.time_ns() // 1_000_000


class StoredPoint(NamedTuple):
    """One point with its identity as the database of points gives it back."""

    stream: str
    position: int
    ord: int
    tag: str
    ts_ms: int
    value: float | int | str | None
    quality: int


class Points(Protocol):
    """A database that holds points alone; a point written again replaces itself."""

    def write(self, commit: Commit, points: PointArrays, seen: int) -> None:
        """Store the points of a commit durably; `seen` numbers its first batch in the order of writing.

        Raises StoreRefused; then any part of them may be there, and the same points may be written again.
        """
        ...

    def latest(self, tags: Sequence[str]) -> Mapping[str, Sample]:
        """Return the value with the greatest time per tag; a time flagged as future never wins."""
        ...

    def raw(self, tag: str, since_ms: int, until_ms: int) -> list[Sample]:
        """Return the points of a tag sorted by time, then order of writing, whatever their quality."""
        ...

    def aggregate(self, tag: str, since_ms: int, until_ms: int, window_ms: int) -> list[Window]:
        """Return windows aligned to the epoch over the good values of a tag."""
        ...

    def state_durations(self, tag: str, since_ms: int, until_ms: int) -> Mapping[float, int]:
        """Return milliseconds per good value, each holding until the next, the one before included."""
        ...

    def of_batches(self, pages: Sequence[Page]) -> list[StoredPoint]:
        """Return the points of some batches in any order."""
        ...

    def of_tags(self, tags: Sequence[str], at_once: int) -> Iterator[list[StoredPoint]]:
        """Return the points of some tags in lists of at most `at_once`, in the order of writing if it can."""
        ...

    def drop_before(self, until_ms: int) -> None:
        """Forget every point before a time."""
        ...

    def size_bytes(self) -> int:
        """Return the bytes on disk, 0 where the database does not say."""
        ...

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        ...


class LedgerStore:
    """A `Store`: points first, then one relational transaction with the watermark, the signals, the rest.

    A crash between both leaves points that no watermark covers; their batch has no receipt, comes again, and
    its points replace themselves. Several processes may share a store, each with streams of its own.

    Parameters
    ----------
    points
        The database of points; closed with the store.
    db
        A migrated relational database; not closed with the store.
    real_ms
        The real clock in milliseconds since the epoch: the time a commit carries.
    ledger
        Its relational half, where it is not the plain one.
    """

    def __init__(
        self,
        points: Points,
        db: Database,
        real_ms: Callable[[], int] = _real_ms,
        ledger: Ledger | None = None,
    ) -> None:
        self._points = points
        self._db = db
        self._real_ms = real_ms
        self._ledger = ledger or Ledger(db, real_ms)
        self._lock = threading.RLock()
        self._seen = 0
        self._tags: set[str] = set()
        self._is_closed = False

    @property
    def generation(self) -> int:
        """Return the store's generation, raised when a backup is restored."""
        return self._ledger.number("generation") or 1

    def raise_generation(self) -> int:
        """Return the new generation; to be called once after a backup of the ledger was restored."""
        return self._ledger.raise_generation()

    def append(self, commit: Commit) -> Committed:
        """Return the number of the commit after storing all of it.

        Raises
        ------
        WatermarkWentBack
            When a batch lies at or below its stream's watermark; nothing of the commit is stored.
        ContentRefused
            When one of the databases can never hold what the commit contains.
        StoreRefused
            When one of them refused for now. Points may be there then, without a watermark; the same commit
            overwrites them.
        """
        with self._lock:
            if self._is_closed:
                raise StoreRefused("the store is closed")
            self._ledger.check(commit)
            points = commit.points.arrays()
            pages = pages_of(commit, points)
            seen = self._next_seen()
            if commit.rows():
                self._points.write(commit, points, seen)
            self._seen = seen + max(0, len(pages) - 1)
            tags = written_tags(commit, points) - self._tags
            done = self._ledger.record(commit, pages, seen=self._seen, tags=tags)
            self._tags |= tags
            return done

    def _next_seen(self) -> int:
        """Return the next number in the order of writing; it grows over restarts and a restored ledger."""
        last = max(self._seen, self._ledger.number("seen"))
        return max(last + 1, self._real_ms() * _SEEN_PER_MS)

    def latest(self, tags: Sequence[str]) -> Mapping[str, Sample]:
        """Return the value with the greatest time per known tag; a time flagged as future never wins."""
        return self._points.latest(tags) if tags else {}

    def raw(self, tag: str, since_ms: int, until_ms: int) -> list[Sample]:
        """Return the points of a tag sorted by time, then order of writing, whatever their quality."""
        return self._points.raw(tag, since_ms, until_ms)

    def aggregate(self, tag: str, since_ms: int, until_ms: int, window_ms: int) -> list[Window]:
        """Return windows aligned to the epoch over the good values of a tag; empty ones are left out."""
        return self._points.aggregate(tag, since_ms, until_ms, window_ms)

    def state_durations(self, tag: str, since_ms: int, until_ms: int) -> Mapping[float, int]:
        """Return milliseconds per good value, each holding until the next one or the end."""
        return self._points.state_durations(tag, since_ms, until_ms)

    def tags(self, contains: str, after: str | None, limit: int) -> list[str]:
        """Return up to `limit` tags after `after` in the order of names whose name contains a text."""
        with self._db.read() as session:
            return tags_with(reads.tags(session), contains, after, limit)

    def compact(self, until_ms: int) -> Compacted:
        """Return that nothing was done: the database of points merges and compacts by itself."""
        del until_ms
        return Compacted(0, 0, 0)

    def holdings(self) -> Holdings:
        """Return that no hours are kept here."""
        return Holdings(0, 0, 0, [])

    def drop_before(self, until_ms: int, sums_until_ms: int | None = None) -> int:  # noqa: ARG002  no sums here
        """Return how many points older than `until_ms` were dropped; watermarks, gaps, signal log stay.

        The points go first: a crash in between leaves a ledger that counts too many until the next call.
        """
        with self._lock:
            self._points.drop_before(until_ms)
            dropped, after = 0, 0
            while True:
                with self._db.read() as session:
                    old = reads.commits_before(session, until_ms, after, FORGOTTEN_AT_ONCE)
                if not old:
                    return dropped
                cut = [page for pages in old.values() for page in pages if is_cut(page, until_ms)]
                kept = Counter((p.stream, p.position) for p in self._points.of_batches(cut))
                dropped += self._ledger.forget(old, kept, until_ms)
                after = max(old)

    def trim_signal_log(self, through: int) -> int:
        """Return how many signals of the commits up to `through` were forgotten."""
        return self._ledger.trim(through)

    def bound(self) -> Mapping[str, Meaning]:
        """Return the meanings that stored points went to the signal log with."""
        with self._db.read() as session:
            return reads.bound(session)

    def rebind(self, meanings: Mapping[str, Meaning]) -> int:
        """Return how many points of tags whose meaning came, changed or went were copied to the signal log.

        Copies carry the role REBOUND, in commits of their own of at most COPIED_AT_ONCE points. A crash in
        between copies them once more; whoever reads the log tells points by their identity.
        """
        with self._lock:
            known = self.bound()
            changed = sorted(tag for tag in {*meanings, *known} if meanings.get(tag) != known.get(tag))
            if not changed:
                return 0
            covered = {key.stream: w for key, w in self.watermarks().items()}
            copied = 0
            for points in self._points.of_tags(changed, COPIED_AT_ONCE):
                rows = [_rebound(point) for point in points if point.position <= covered.get(point.stream, 0)]
                if rows:
                    self._ledger.copy_signals(rows)
                copied += len(rows)
            self._ledger.bind(meanings)
            return copied

    def audit(self, after: int, limit: int) -> AuditRows:
        """Return stored points after a cursor (0 = from the start) in commit order."""
        rows: list[AuditRow] = []
        batch, ordinal = divmod(after, 1 << ORD_BITS)
        while True:
            with self._db.read() as session:
                pages, committed = reads.batches_from(session, batch, limit - len(rows))
            if not pages:
                return AuditRows(rows, None)
            page_of = {(page.stream, page.position): page for page in pages}
            found = [(page_of[p.stream, p.position], p) for p in self._points.of_batches(pages)]
            found.sort(key=lambda each: (each[0].number, each[1].ord))
            for page, point in found:
                at = page.number
                if at > batch or point.ord >= ordinal:
                    rows.append(AuditRow(*point, committed[at], page.sent_ms, page.received_ms))
                    if len(rows) == limit:
                        return AuditRows(rows, (at << ORD_BITS) + point.ord + 1)
            batch, ordinal = pages[-1].number + 1, 0

    def batch_times(self, stream: str, position: int, ts_ms: int) -> BatchTimes | None:
        """Return when the batch came that holds a point of this time; None when it is not kept."""
        with self._db.read() as session:
            return reads.batch_times(session, stream, position, ts_ms)

    def watermarks(self) -> Mapping[StreamKey, int]:
        """Return the highest stored position per stream."""
        with self._db.read() as session:
            return reads.watermarks(session)

    def gaps(self) -> list[GapRow]:
        """Return every recorded gap."""
        with self._db.read() as session:
            return reads.gaps(session)

    def signal_log(
        self,
        after: int,
        limit: int,
        taken: Mapping[str, int] = NOTHING_TAKEN,
        only: Collection[str] | None = None,
    ) -> SignalPage:
        """Return signals of the commits after number `after`, whole commits, at least one if any."""
        with self._db.read() as session:
            return reads.signals(session, after, limit, taken, only)

    def newest_signals(self, after: int, until_ms: int, taken: Mapping[str, int]) -> Mapping[str, int]:
        """Return for each stream with such signals in the log the newest good time up to `until_ms`."""
        with self._db.read() as session:
            return reads.newest_signals(session, after, until_ms, taken)

    def quarantined(self, limit: int) -> list[Quarantined]:
        """Return the newest quarantined payloads first; the newest thousand are kept."""
        with self._db.read() as session:
            return reads.quarantined(session, limit)

    def quarantined_whole(self, number: int) -> Quarantined | None:
        """Return one quarantined payload with all of it that was kept, None when it is gone."""
        with self._db.read() as session:
            return reads.quarantined_whole(session, number)

    def telemetry_marks(self) -> list[tuple[str, str]]:
        """Return the marks of the newest telemetry messages, oldest first; 100,000 at least are kept."""
        with self._db.read() as session:
            return reads.telemetry_marks(session)

    def counts(self) -> StoreCounts:
        """Return the sizes of the store; `quarantined` counts all that ever were."""
        return self._ledger.counts(self._points.size_bytes())

    def by_node(self) -> Mapping[str, NodeTotals]:
        """Return what is stored per node (`group/node`)."""
        return self._ledger.by_node()

    def close(self) -> None:
        """Close the store; a second call does nothing."""
        with self._lock:
            self._is_closed = True
            self._points.close()


def _rebound(point: StoredPoint) -> SignalRow:
    number, text = None, None
    if isinstance(point.value, float):
        number = point.value
    elif point.value is not None:
        text = str(point.value)  # an integer is stored as text: no double holds it
    identity = (point.stream, point.position, point.ord)
    return SignalRow(*identity, point.tag, REBOUND, "", point.ts_ms, number, text, point.quality)
