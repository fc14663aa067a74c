"""A time-series store in one DuckDB file with one owner process."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import duckdb
import pyarrow as pa

from cloud.timeseries import duckdb_reads as reads
from cloud.timeseries import duckdb_tables as tables
from cloud.timeseries.duckdb_writes import (
    TagIds,
    Written,
    batch_table,
    columns,
    copy_bound,
    drop,
    insert,
    insert_table,
    point_tables,
    points_per_batch,
    signal_table,
)
from cloud.timeseries.store import (
    AuditRows,
    Commit,
    Committed,
    ContentRefused,
    GapRow,
    Meaning,
    NodeTotals,
    Quarantined,
    Sample,
    SignalPage,
    StoreCounts,
    StoreRefused,
    StreamKey,
    WatermarkWentBack,
    Window,
    WrongFormat,
)

# A checkpoint while inserting costs up to 195 ms; at 256 MB of log the 99th percentile of a commit is 26 ms.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "checkpoint_threshold": "256MB",
    "threads": 2,
    "preserve_insertion_order": True,
}
QUARANTINE_KEPT = 1000
_Result = TypeVar("_Result")


def _real_ms() -> int:
    return time.time_ns() // 1_000_000


class DuckDBStore:
    """A `Store` in one file.

    Parameters
    ----------
    path
        The file; it and its folder are made when missing. A second process cannot open it, even to read.
    real_ms
        The real clock in milliseconds since the epoch: the time a commit carries.

    Raises
    ------
    WrongFormat
        When the file was written by another format version.
    """

    def __init__(self, path: Path, real_ms: Callable[[], int] = _real_ms) -> None:
        self._path = path
        self._real_ms = real_ms
        self._lock = threading.RLock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._open()

    def _open(self) -> None:
        self._con: duckdb.DuckDBPyConnection | None = duckdb.connect(str(self._path), config=_CONFIG)
        con = self._con
        for table in tables.TABLES:
            con.execute(table)
        meta = dict(con.execute("select key, value from meta").fetchall())
        if not meta:
            fresh = "insert into meta values ('format', ?), ('generation', '1'), ('commit_no', '0')"
            con.execute(fresh, [tables.FORMAT_VERSION])
            meta = {"format": tables.FORMAT_VERSION, "generation": "1"}
        if meta["format"] != tables.FORMAT_VERSION:
            con.close()
            raise WrongFormat(
                f"{self._path} has format {meta['format']}, this program reads {tables.FORMAT_VERSION}"
            )
        self._generation = int(meta["generation"])
        self._tags = reads.tags_of(con)
        self._w = {
            StreamKey(n, s): w for n, s, w in con.execute("select node, stream, w from watermarks").fetchall()
        }
        self._bound = {
            tag: Meaning(role, source, version)
            for tag, role, source, version in con.execute(
                "select tag, role, source, version from bound"
            ).fetchall()
        }
        self._next_batch = 1 + self._int("select coalesce(max(batch), 0) from batches")
        self._next_quarantine = 1 + self._int("select coalesce(max(id), 0) from quarantine")
        self._commit_no = self._int("select value::bigint from meta where key = 'commit_no'")
        self._signal_commit = self._int("select coalesce(max(commit_no), 0) from signal_log")
        self._recount()

    def _recount(self) -> None:
        con = self._cursor()
        self._points = self._int("select (select count(*) from pts) + (select count(*) from events)")
        self._batches = self._int("select count(*) from batches")
        self._gaps = dict(con.execute("select node, count(*) from gaps group by node").fetchall())
        self._nodes: dict[str, tuple[int, int | None]] = {
            node: (int(points), at)
            for node, points, at in con.execute(
                "select node, sum(points), max(committed_ms) from batches group by node"
            ).fetchall()
        }

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

    def raise_generation(self) -> int:
        """Return the new generation; to be called once after a backup was put in place of the file."""
        with self._lock:
            self._generation += 1
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
            self._check_watermarks(commit)
            written = self._transaction(lambda cursor: self._write(cursor, commit))
            self._remember(commit, written)
            return Committed(written.commit_no, commit.rows(), written.committed_ms)

    def _check_watermarks(self, commit: Commit) -> None:
        nodes = {key.stream: key for key in commit.watermarks}
        for batch in commit.batches:
            key = nodes.get(batch.stream, StreamKey(batch.node, batch.stream))
            if batch.position <= self._w.get(key, 0) or batch.position > commit.watermarks.get(key, 0):
                raise WatermarkWentBack(
                    f"{key.node} {key.stream}: {batch.position} after {self._w.get(key, 0)}"
                )

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

    def _write(self, cursor: duckdb.DuckDBPyConnection, commit: Commit) -> Written:
        written = Written(self._commit_no + 1, self._next_batch, self._next_quarantine)
        ids = TagIds(self._tags, commit.tags)
        points, texts = point_tables(commit, ids, written.first_batch)
        signals = signal_table(commit, ids, written.commit_no)
        written.new_tags = ids.new
        insert(cursor, "tags", tables.TAGS, [list(ids.new.values()), list(ids.new)])
        insert_table(cursor, "pts", points)
        insert_table(cursor, "events", texts)
        insert_table(cursor, "signal_log", signals)
        self._write_watermarks(cursor, commit)
        insert(
            cursor, "gaps", tables.GAPS, [*columns(commit.gaps, 5), [written.commit_no] * len(commit.gaps)]
        )
        numbers = list(range(written.first_quarantine, written.first_quarantine + len(commit.quarantine)))
        insert(cursor, "quarantine", tables.QUARANTINE, [numbers, *columns(commit.quarantine, 6)])
        if commit.quarantine:
            cursor.execute("delete from quarantine where id <= ?", [numbers[-1] - QUARANTINE_KEPT])
        cursor.execute("update meta set value = ? where key = 'commit_no'", [str(written.commit_no)])
        written.committed_ms = self._real_ms()
        written.counts = points_per_batch(commit)
        insert_table(cursor, "batches", batch_table(commit, written))
        return written

    def _write_watermarks(self, cursor: duckdb.DuckDBPyConnection, commit: Commit) -> None:
        moved = [(*key, w) for key, w in commit.watermarks.items() if key in self._w]
        fresh = [(*key, w) for key, w in commit.watermarks.items() if key not in self._w]
        insert(cursor, "watermarks", tables.WATERMARKS, columns(fresh, 3))
        if moved:
            cursor.register("moved", pa.table(columns(moved, 3), schema=tables.WATERMARKS))
            cursor.execute(
                "update watermarks set w = moved.w from moved "
                "where watermarks.node = moved.node and watermarks.stream = moved.stream"
            )
            cursor.unregister("moved")

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
        for batch, points in zip(commit.batches, written.counts, strict=True):
            self._nodes[batch.node] = (self._nodes.get(batch.node, (0, 0))[0] + points, written.committed_ms)

    def drop_before(self, until_ms: int) -> int:
        """Return how many points older than `until_ms` were dropped; watermarks, gaps, signal log stay."""
        with self._lock:
            before = self._points
            self._transaction(lambda cursor: drop(cursor, until_ms * 1000))
            self._recount()
            return before - self._points

    def trim_signal_log(self, through: int) -> int:
        """Return how many signals of the commits up to `through` were forgotten."""
        with self._lock:

            def trim(cursor: duckdb.DuckDBPyConnection) -> int:
                row = cursor.execute("delete from signal_log where commit_no <= ?", [through]).fetchone()
                return int(row[0]) if row else 0

            return self._transaction(trim)

    def bound(self) -> Mapping[str, Meaning]:
        """Return the meanings that stored points went to the signal log with."""
        return dict(self._bound)

    def rebind(self, meanings: Mapping[str, Meaning]) -> int:
        """Return how many stored points of newly bound or changed tags were copied to the signal log.

        One commit of its own; tags absent from `meanings` are no longer bound, what was copied stays copied.
        """
        with self._lock:
            changed = {tag: meaning for tag, meaning in meanings.items() if self._bound.get(tag) != meaning}
            if not changed and len(meanings) == len(self._bound):
                return 0
            commit_no = self._commit_no + 1
            copied = self._transaction(lambda cursor: copy_bound(cursor, meanings, changed, commit_no))
            self._commit_no = commit_no
            if copied:
                self._signal_commit = commit_no
            self._bound = dict(meanings)
            return copied

    def latest(self, tags: Sequence[str]) -> Mapping[str, Sample]:
        """Return the value with the greatest time per known tag; a time flagged as future never wins."""
        with self._cursor() as cursor:
            return reads.latest(cursor, {self._tags[tag]: tag for tag in tags if tag in self._tags})

    def raw(self, tag: str, since_ms: int, until_ms: int) -> list[Sample]:
        """Return the points of a tag sorted by time, then commit order, whatever their quality."""
        with self._cursor() as cursor:
            return reads.raw(cursor, self._tags[tag], since_ms, until_ms) if tag in self._tags else []

    def aggregate(self, tag: str, since_ms: int, until_ms: int, window_ms: int) -> list[Window]:
        """Return windows aligned to the epoch over the good values of a tag; empty ones are left out."""
        if tag not in self._tags:
            return []
        with self._cursor() as cursor:
            return reads.aggregate(cursor, self._tags[tag], since_ms, until_ms, window_ms)

    def state_durations(self, tag: str, since_ms: int, until_ms: int) -> Mapping[float, int]:
        """Return milliseconds per good value, each holding until the next one or the end."""
        if tag not in self._tags:
            return {}
        with self._cursor() as cursor:
            return reads.state_durations(cursor, self._tags[tag], since_ms, until_ms)

    def audit(self, after: int, limit: int) -> AuditRows:
        """Return stored points after a cursor (0 = from the start) in commit order."""
        with self._cursor() as cursor:
            return reads.audit(cursor, after, limit, self._next_batch - 1)

    def watermarks(self) -> Mapping[StreamKey, int]:
        """Return the highest stored position per stream."""
        with self._lock:
            return dict(self._w)

    def gaps(self) -> list[GapRow]:
        """Return every recorded gap."""
        with self._cursor() as cursor:
            return reads.gaps(cursor)

    def signal_log(self, after: int, limit: int) -> SignalPage:
        """Return signals of the commits after number `after`, whole commits, at least one if any."""
        with self._cursor() as cursor:
            return reads.signals(cursor, after, limit)

    def quarantined(self, limit: int) -> list[Quarantined]:
        """Return the newest quarantined payloads first; the newest thousand are kept."""
        with self._cursor() as cursor:
            return reads.quarantined(cursor, limit)

    def counts(self) -> StoreCounts:
        """Return the sizes of the store; `quarantined` counts all that ever were."""
        with self._lock:
            files = (self._path, self._path.with_name(self._path.name + ".wal"))
            size = sum(file.stat().st_size for file in files if file.exists())
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
