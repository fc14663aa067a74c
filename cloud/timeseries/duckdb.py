"""A time-series store in DuckDB files with one owner process."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import duckdb
import numpy as np

from cloud.timeseries import duckdb_opening as opening
from cloud.timeseries import duckdb_reads as reads
from cloud.timeseries import duckdb_sums as sums
from cloud.timeseries.batch_columns import BatchArrays, Ints
from cloud.timeseries.duckdb_backup import copy_store
from cloud.timeseries.duckdb_compaction import Compaction
from cloud.timeseries.duckdb_hours import HOUR_MS, Places, View
from cloud.timeseries.duckdb_months import Months
from cloud.timeseries.duckdb_pages import HotPages
from cloud.timeseries.duckdb_retention import Retention
from cloud.timeseries.duckdb_routes import learn, routed
from cloud.timeseries.duckdb_signals import trimmed
from cloud.timeseries.duckdb_tags import TagIds, TagPlaces
from cloud.timeseries.duckdb_thinning import Thinning
from cloud.timeseries.duckdb_writes import (
    Written,
    batch_table,
    check_watermarks,
    copy_bound,
    last_copied,
    point_tables,
    points_per_batch,
    signal_table,
    write,
)
from cloud.timeseries.holdings import Compacted, Holdings
from cloud.timeseries.newest import Newest
from cloud.timeseries.store import (
    AuditRows,
    BatchTimes,
    Commit,
    Committed,
    ContentRefused,
    Meaning,
    NodeTotals,
    Sample,
    StoreCounts,
    StoreRefused,
    StreamKey,
    Window,
)
from cloud.timeseries.tag_search import tags_with

_Result = TypeVar("_Result")


def _real_ms() -> int:
    return time.time_ns() // 1_000_000


class DuckDBStore(HotPages):
    """A `Store` in a hot file and, in a folder beside it, one file per month of closed hours.

    Parameters
    ----------
    path
        The hot file; it and its folder are made when missing. A second process cannot open it, even to read.
        Beside `points.duckdb` the months stand in `points.months/`.
    real_ms
        The real clock in milliseconds since the epoch: the time a commit carries.
    late_every_s
        Real seconds between two times at which closed hours are written anew with points that came late.

    Raises
    ------
    WrongFormat
        When a file was written by another format version, or a month's file is missing.
    """

    def __init__(self, path: Path, real_ms: Callable[[], int] = _real_ms, late_every_s: float = 0.0) -> None:
        self._path, self._log = path, path.with_name(path.name + ".wal")
        self._real_ms = real_ms
        self._lock = threading.RLock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._places = Places(self._cursor)
        self._months = Months(path.with_suffix(".months"), self._cursor)
        self._compaction = Compaction(
            places=self._places,
            months=self._months,
            cursor=self._cursor,
            lock=self._lock,
            transact=self._transaction,
            newest=lambda: self._newest,
            last_batch=lambda: self._next_batch - 1,
            log=self._log,
        )
        self._compaction.late_every_s = late_every_s
        self._thinning = Thinning(self._compaction, self._places, self._months, self._cursor)
        self._retention = Retention(self._compaction, self._places, self._transaction)
        self._open()

    def _open(self) -> None:
        self._con: duckdb.DuckDBPyConnection | None = opening.connect(self._path)
        try:
            with self._places.lock, self._cursor() as cursor:
                self._places.hours = opening.hours_of(cursor)
                self._compaction.next_seg = opening.next_segment(cursor)
                self._compaction.leaving.clear()
                self._months.open(self._places.hours)
        except BaseException:
            self.close()
            raise
        con = self._con
        meta = dict(con.execute("select key, value from meta").fetchall())
        self._generation = int(meta["generation"])
        self._commit_no, self._w = reads.moved_to(con)
        self._tags, self._tag_places = reads.tags_of(con), TagPlaces()
        self._bound = reads.bound_of(con)
        self._next_batch = opening.next_batch(con, self._places.hours)
        self._next_quarantine = 1 + self._int("select coalesce(max(id), 0) from quarantine")
        self._signal_commit = self._int("select coalesce(max(commit_no), 0) from signal_log")
        self._newest = Newest()
        self._newest.learn(opening.newest(con, self._places.hours))
        self._recount()

    def _recount(self) -> None:
        with self._cursor() as cursor:
            self._batches, self._nodes = opening.totals(cursor, self._places.hours)
            self._points = sum(points for points, _ in self._nodes.values())
            self._gaps = dict(cursor.execute("select node, count(*) from gaps group by node").fetchall())

    def _int(self, question: str) -> int:
        row = self._cursor().execute(question).fetchone()
        return int(row[0]) if row else 0

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        con = self._con
        if con is None:
            raise StoreRefused("the store is closed")
        return con.cursor()

    @property
    def generation(self) -> int:
        """Return the store's generation, raised when a backup is restored."""
        return self._generation

    def raise_generation(self, at_least: int = 0) -> int:
        """Return the new generation; to be called once after a backup was put in place of the file."""
        with self._lock:
            self._generation = max(self._generation + 1, at_least)
            self._cursor().execute(
                "update meta set value = ? where key = 'generation'", [str(self._generation)]
            )
            return self._generation

    def append(self, commit: Commit) -> Committed:
        """Return the number of the commit after storing all of it or nothing.

        Raises
        ------
        WatermarkWentBack
            When a batch lies at or below its stream's watermark.
        ContentRefused
            When the database can never hold what the commit contains.
        StoreRefused
            When the database refused for now. In each case nothing of the commit is stored.
        """
        with self._lock:
            try:
                batches = commit.batches.arrays()
            except OverflowError as error:  # a number that 64 bits do not hold
                raise ContentRefused(str(error)) from error
            check_watermarks(batches, commit.watermarks, self._w)
            written, sizes = self._stored(commit, batches)
            self._remember(commit, written)
            self._count(batches, sizes, written.committed_ms)
            return Committed(written.commit_no, commit.rows(), written.committed_ms)

    def _stored(self, commit: Commit, batches: BatchArrays) -> tuple[Written, Ints]:
        written = Written(self._commit_no + 1, self._next_batch, self._next_quarantine)
        ids = TagIds(self._tags, commit.tags, self._tag_places.of(commit.tags))
        try:
            made = commit.points.arrays()
            points, texts = point_tables(made, commit.texts, ids, written.first_batch)
            signals = signal_table(commit, ids, written.commit_no)
            written.new_tags = ids.new
            sizes = points_per_batch(len(batches.key), made, commit.texts)
            written.committed_ms = self._real_ms()
            rows = batch_table(batches, sizes, written.first_batch, written.committed_ms)
        except (ValueError, OverflowError, TypeError) as error:  # a value that Arrow cannot hold
            raise ContentRefused(str(error)) from error
        hours, known = self._places.hours, self._w
        parts = routed(points, texts, rows, written.first_batch, hours.takes)
        written.new_hours = {part.hour for part in parts if part.hour is not None} - hours.open.keys()
        if not written.new_hours:
            self._transaction(lambda cursor: write(cursor, commit, written, (parts, signals, known)))
            learn(hours, parts)
        else:  # who begins to read sees the new tables and their points together, or neither
            with self._places.lock:
                self._transaction(lambda cursor: write(cursor, commit, written, (parts, signals, known)))
                learn(hours, parts)
        self._tag_places.keep(ids.ids)
        self._newest.take(points, texts)
        return written, sizes

    def _transaction(self, write: Callable[[duckdb.DuckDBPyConnection], _Result]) -> _Result:
        cursor = self._cursor()
        try:
            cursor.execute("begin")
            result = write(cursor)
            cursor.execute("commit")
        except duckdb.DataError as error:
            cursor.execute("rollback")
            raise ContentRefused(str(error)) from error
        except duckdb.Error as error:
            self._give_up(cursor, error)
            raise StoreRefused(str(error)) from error
        except (ValueError, OverflowError, TypeError) as error:  # a value that Arrow cannot hold
            cursor.execute("rollback")
            raise ContentRefused(str(error)) from error
        finally:
            cursor.close()
        return result

    def _give_up(self, cursor: duckdb.DuckDBPyConnection, error: duckdb.Error) -> None:
        """Leave a transaction that failed; a fatal error (a full disk) needs the file opened anew."""
        if isinstance(error, duckdb.FatalException):
            self.close()
            self._open()
            return
        cursor.execute("rollback")

    def _remember(self, commit: Commit, written: Written) -> None:
        self._commit_no = written.commit_no
        if commit.signals:
            self._signal_commit = written.commit_no
        self._next_batch += len(commit.batches)
        self._next_quarantine += len(commit.quarantine)
        self._tags.update(written.new_tags)
        self._w.update(commit.watermarks)
        self._points += commit.rows()
        self._batches += len(commit.batches)
        for gap in commit.gaps:
            self._gaps[gap.node] = self._gaps.get(gap.node, 0) + 1

    def _count(self, batches: BatchArrays, sizes: Ints, committed_ms: int) -> None:
        points = np.bincount(batches.key, weights=sizes, minlength=len(batches.keys))
        for place in np.flatnonzero(np.bincount(batches.key)).tolist():
            key, more = batches.keys[place], points[place]
            self._nodes[key.node] = (self._nodes.get(key.node, (0, 0))[0] + int(more), committed_ms)

    def drop_before(self, until_ms: int, sums_until_ms: int | None = None) -> int:
        """Return how many points older than `until_ms` were dropped; watermarks, gaps, signal log stay.

        Sums of closed hours stay from `sums_until_ms` on, by default they go with their points.
        """
        sums_ms = until_ms if sums_until_ms is None else sums_until_ms
        with self._compaction.upkeep:
            thin = self._thinning.write(sums_ms // HOUR_MS, until_ms // HOUR_MS)
            with self._lock:
                before = self._points
                self._retention.drop(until_ms * 1000, self._newest, thin, sums_ms * 1000)
                self._recount()
                return before - self._points

    def trim_signal_log(self, through: int) -> int:
        """Return how many signals of the commits up to `through` were forgotten."""
        with self._lock:
            return self._transaction(lambda cursor: trimmed(cursor, through))

    def bound(self) -> Mapping[str, Meaning]:
        """Return the meanings that stored points went to the signal log with."""
        return dict(self._bound)

    def rebind(self, meanings: Mapping[str, Meaning]) -> int:
        """Return how many points of tags whose meaning came, changed or went were copied to the signal log.

        Copies carry the role REBOUND, in commits of their own of at most COPIED_AT_ONCE points.
        """
        with self._lock:
            changed = {tag for tag in {*meanings, *self._bound} if meanings.get(tag) != self._bound.get(tag)}
            if not changed:
                return 0
            first = self._commit_no + 1
            hours = self._places.hours
            copied = self._transaction(
                lambda cursor: copy_bound(View(cursor, hours), meanings, changed, first)
            )
            self._commit_no = last_copied(first, copied)
            if copied:
                self._signal_commit = self._commit_no
            self._bound = dict(meanings)
            return copied

    def latest(self, tags: Sequence[str]) -> Mapping[str, Sample]:
        """Return the value with the greatest time per known tag; a time flagged as future never wins."""
        with self._lock:
            return self._newest.samples({self._tags[tag]: tag for tag in tags if tag in self._tags})

    def raw(self, tag: str, since_ms: int, until_ms: int) -> list[Sample]:
        """Return the points of a tag sorted by time, then commit order, whatever their quality."""
        if tag not in self._tags:
            return []
        with self._places.view() as view:
            return reads.raw(view, self._tags[tag], since_ms, until_ms)

    def aggregate(self, tag: str, since_ms: int, until_ms: int, window_ms: int) -> list[Window]:
        """Return windows aligned to the epoch over the good values of a tag; empty ones are left out."""
        if tag not in self._tags:
            return []
        with self._places.view() as view:
            return sums.aggregate(view, self._tags[tag], since_ms, until_ms, window_ms)

    def state_durations(self, tag: str, since_ms: int, until_ms: int) -> Mapping[float, int]:
        """Return milliseconds per good value, each holding until the next one or the end."""
        if tag not in self._tags:
            return {}
        with self._places.view() as view:
            return sums.state_durations(view, self._tags[tag], since_ms, until_ms)

    def tags(self, contains: str, after: str | None, limit: int) -> list[str]:
        """Return up to `limit` tags after `after` in the order of names whose name contains a text."""
        with self._lock:
            return tags_with(self._tags, contains, after, limit)

    def backup(self, target: Path) -> list[Path]:
        """Return the files that a backup made in an empty folder; commits go on meanwhile, compaction waits.

        They are what one moment's commits left: opened as a store they are that moment. Whoever puts them in
        place of the store (the folder of months with all that is in it) calls `raise_generation` once.

        Raises
        ------
        FileExistsError
            When something is in the folder already.
        """
        with self._compaction.upkeep, self._cursor() as cursor:
            return copy_store(cursor, target, self._path, self._months, sorted(self._places.hours.files()))

    def compact(self, until_ms: int) -> Compacted:
        """Return what one step did: some hours that end by `until_ms` sorted, merged, written to their month.

        Raises
        ------
        StoreRefused
            When the database refused; the hours stay as they were.
        """
        try:
            return self._compaction.step(until_ms)
        except duckdb.Error as error:
            raise StoreRefused(str(error)) from error

    def holdings(self) -> Holdings:
        """Return how the points are held, by hours and months."""
        with self._places.lock:
            hours = self._places.hours.copy()
        return self._months.holdings(hours)

    def audit(self, after: int, limit: int) -> AuditRows:
        """Return stored points after a cursor (0 = from the start) in commit order."""
        last = self._next_batch - 1
        with self._places.view() as view:
            return reads.audit(view, after, limit, last)

    def batch_times(self, stream: str, position: int, ts_ms: int) -> BatchTimes | None:
        """Return when the batch came that holds a point of this time; None when it is not kept."""
        with self._places.view() as view:
            return reads.batch_times(view, stream, position, ts_ms)

    def watermarks(self) -> Mapping[StreamKey, int]:
        """Return the highest stored position per stream."""
        with self._lock:
            return dict(self._w)

    def counts(self) -> StoreCounts:
        """Return the sizes of the store; `quarantined` counts all that ever were."""
        with self._lock:
            size = sum(file.stat().st_size for file in (self._path, self._log) if file.exists())
            size += sum(self._months.sizes(self._places.hours.files()).values())
            gaps = sum(self._gaps.values())
            quarantined = self._next_quarantine - 1
            return StoreCounts(
                self._points, self._batches, gaps, quarantined, self._commit_no, self._signal_commit, size
            )

    def by_node(self) -> Mapping[str, NodeTotals]:
        """Return what is stored per node (`group/node`)."""
        with self._lock:
            nodes = set(self._nodes) | set(self._gaps)
            empty = (0, None)
            totals = {node: self._nodes.get(node, empty) for node in nodes}
            return {node: NodeTotals(t[0], self._gaps.get(node, 0), t[1]) for node, t in totals.items()}

    def close(self) -> None:
        """Close the store; a second call does nothing."""
        with self._lock:
            if self._con is not None:
                self._con.close()
                self._con = None
