"""Closes hours: sorts their points with late ones, writes them to a file, switches the manifest."""

# ruff: noqa: S608 -- only names and numbers of our own are put into these questions

import threading
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from cloud.timeseries import duckdb_agenda as agenda
from cloud.timeseries import rollups
from cloud.timeseries.duckdb_agenda import Work
from cloud.timeseries.duckdb_hours import (
    HOUR_MS,
    HOUR_US,
    Hours,
    Part,
    Places,
    Segment,
    alias,
    day_of,
    is_day,
    is_sums,
)
from cloud.timeseries.duckdb_months import Months
from cloud.timeseries.duckdb_step import RowGroups, Step, by_file, drop_manifest, keep_newest
from cloud.timeseries.duckdb_tables import MANIFEST
from cloud.timeseries.duckdb_writes import columns, insert, insert_table
from cloud.timeseries.holdings import Compacted
from cloud.timeseries.newest import Newest

# So much log is written into the hot file by a step, twice as much while hours wait to be closed; a commit
# does it by itself at the threshold of `duckdb_opening`, which is reached only when steps do not come.
CHECKPOINT_BYTES = 96 << 20
# An hour that late points reach again and again is written anew each time: it may take so much of the time.
LATE_SHARE = 20


class Compaction:
    """Brings hours into their final form; `at_point` is called between the steps, tests let it fail.

    Parameters
    ----------
    places, months
        Where hours are.
    lock
        Held by every commit: what is switched is switched between commits.
    transact
        Runs a function in one transaction on the hot file.
    newest
        The newest values in memory; those of closed hours are kept in the hot file too.
    log
        The log of the hot file.
    last_batch
        The number of the last batch that was committed.
    """

    def __init__(
        self,
        *,
        places: Places,
        months: Months,
        cursor: Callable[[], duckdb.DuckDBPyConnection],
        lock: threading.RLock,
        transact: Callable[[Callable[[duckdb.DuckDBPyConnection], None]], None],
        newest: Callable[[], Newest],
        last_batch: Callable[[], int],
        log: Path,
    ) -> None:
        self._places, self._months, self._cursor, self._lock = places, months, cursor, lock
        self._transact, self._newest, self._last_batch = transact, newest, last_batch
        self._log = log
        self.at_point: Callable[[str], None] = lambda _: None
        self.upkeep = threading.RLock()
        self.next_seg = 1
        self.late_every_s = 0.0
        self._late_due_s = self._merge_due_s = 0.0
        self.leaving: dict[str, int] = {}

    def waiting(self, until_ms: int) -> list[int]:
        """Return the hours that end by a time and have points in no closed form yet, oldest first."""
        with self._places.lock:
            held = self._places.hours
            is_due = time.monotonic() >= self._late_due_s
            late = {
                hour
                for hour in held.late
                if hour not in held.closed or (is_due and not is_sums(held.closed[hour].file))
            }
            hours = {*held.open, *late}
        return sorted(hour for hour in hours if (hour + 1) * HOUR_MS <= until_ms)

    def _merges(self, until_ms: int) -> list[Work]:
        with self._places.lock:
            late_due = time.monotonic() >= self._merge_due_s
            return agenda.to_merge(self._places.hours, until_ms, late_due=late_due)

    def _next(self, until_ms: int) -> Work | None:
        waiting, merges = self.waiting(until_ms), self._merges(until_ms)
        if merges and (not waiting or len(merges) > agenda.MOST_DAYS):
            return merges[0]
        with self._places.lock:
            return agenda.to_close(self._places.hours, waiting, until_ms) if waiting else None

    def step(self, until_ms: int) -> Compacted:
        """Return what was done after writing some hours of one day."""
        with self.upkeep:
            self.drop_files()
            work = self._next(until_ms)
            if self._is_log_long(work):
                self._checkpoint()
            if work is None:
                return Compacted(0, 0, 0)
            began = time.monotonic()
            points = self.close(work)
            waiting = self.waiting(until_ms)
            if work.again and self.late_every_s:
                rest_s = max(self.late_every_s, LATE_SHARE * (time.monotonic() - began))
                if not is_day(work.file):
                    self._merge_due_s = began + rest_s
                elif not any(hour in self._places.hours.closed for hour in waiting):
                    self._late_due_s = began + rest_s
            left = len(waiting) + len(self._merges(until_ms))
            if not is_day(work.file) or not waiting or day_of(waiting[-1]) != work.file or left % 24 == 0:
                self._months.checkpoint(work.file)
            self.drop_files()
            return Compacted(len(work.hours), points, left)

    def _is_log_long(self, work: Work | None) -> bool:
        """Whether the log is to be written now; what is about to go from the hot file need not be."""
        if not self._log.exists():
            return False
        frees = work is not None and any(hour in self._places.hours.open for hour in work.hours)
        return self._log.stat().st_size >= CHECKPOINT_BYTES * (2 if frees else 1)

    def _checkpoint(self) -> None:
        """Write the log of the hot file into it; left to itself DuckDB does so in one commit, at 256 MB.

        DuckDB lets who inserts into any table wait until its checkpoint is nearly done. Points of that time
        go beside their hours.
        """
        with self._lock, self._places.lock:
            self._places.hours.resting = True
        try:
            with self._cursor() as cursor:
                cursor.execute("checkpoint")
        except duckdb.TransactionException:
            pass  # somebody's transaction is in the way: the next step tries again
        finally:
            with self._lock, self._places.lock:
                self._places.hours.resting = False

    def close(self, work: Work, cut_ms: int | None = None) -> int:
        """Return how many points stand in the new segments of some hours of one day.

        `cut_ms` leaves out what is older. Nothing changes for readers until the switch, and then all at once.
        """
        step = self._begin(work, cut_ms)
        try:
            self.leaving.pop(step.file, None)
            self._months.attach(step.file)
            with self._cursor() as cursor:
                self._write(cursor, step)
            self.at_point("written")
            self._switch(step)
        except BaseException:
            self._forget(step)
            raise
        self.at_point("switched")
        for file in {step.file, *(segment.file for segment in step.old.values())}:
            self.clean(file)
        return sum(step.points.values())

    def _begin(self, work: Work, cut_ms: int | None) -> Step:
        hours = work.hours
        with self._lock, self._places.lock:
            held: Hours = self._places.hours
            held.closing |= set(hours)
            seg_of = {hour: self.next_seg + n for n, hour in enumerate(hours)}
            self.next_seg += len(hours)
            held.dead.setdefault(work.file, set()).update(seg_of.values())
            old = {hour: held.closed[hour] for hour in hours if hour in held.closed}
            own = [hour for hour in hours if hour in held.open]
            expected = sum(agenda.points_of(held, hour) for hour in hours)
            return Step(work.file, hours, seg_of, old, self._last_batch(), cut_ms, expected, own)

    def _forget(self, step: Step) -> None:
        with self._places.lock:
            self._places.hours.closing -= set(step.hours)

    def _write(self, cursor: duckdb.DuckDBPyConnection, step: Step) -> None:
        name = alias(step.file)
        listed = pa.table({"seg": list(step.seg_of.values()), "hour": list(step.seg_of)})
        cursor.execute("begin")
        insert_table(cursor, f"{name}.segments", listed)
        cursor.execute("commit")
        self._write_points(cursor, step)
        texts = step.sources("events", "tag_id, text, is_number, quality, batch, ord")
        rows = cursor.sql(f"select * from ({texts}) order by tag_id, ts, batch, ord").to_arrow_table()
        cursor.execute("begin")
        insert_table(cursor, f"{name}.events", self._marked(step, rows))
        self._write_batches(cursor, step)
        cursor.execute("commit")

    def _write_points(self, cursor: duckdb.DuckDBPyConnection, step: Step) -> None:
        """Write the points in parts that memory holds, and the sums of each."""
        numeric = step.sources("pts", "tag_id, value, quality, batch, ord")
        points = RowGroups(cursor, f"{alias(step.file)}.pts")
        for low, high in step.tag_ranges(cursor):
            rows = cursor.sql(
                f"select * from ({numeric}) where tag_id between {low} and {high} "
                "order by tag_id, ts, batch, ord"
            ).to_arrow_table()
            marked = self._marked(step, rows)
            cursor.execute("begin")
            points.add(marked)
            self._write_sums(cursor, step, marked)
            cursor.execute("commit")
            self.at_point("part")
        points.end()

    def _marked(self, step: Step, rows: pa.Table) -> pa.Table:
        """The rows with their segments; a point that came twice (same batch and ord) stays once."""
        batch, ordinal = rows.column("batch").to_numpy(), rows.column("ord").to_numpy()
        twice = np.zeros(len(rows), dtype=np.bool_)
        twice[1:] = (batch[1:] == batch[:-1]) & (ordinal[1:] == ordinal[:-1])
        if twice.any():
            rows = rows.filter(pa.array(~twice))
        # Whoever commits waits for each of these lines, so none of them sorts.
        place = np.searchsorted(np.array(step.hours), rows.column("ts").to_numpy() // HOUR_MS)
        seg = np.array([step.seg_of[each] for each in step.hours])[place]
        counts = np.bincount(place, minlength=len(step.hours)).tolist()
        for each, count in zip(step.hours, counts, strict=True):
            step.points[each] = step.points.get(each, 0) + count
        tag = rows.column("tag_id").to_numpy()
        step.tags.update(tag[np.append(True, tag[1:] != tag[:-1])].tolist() if len(tag) else ())
        return rows.add_column(0, "seg", pa.array(seg, pa.int32()))

    def _write_sums(self, cursor: duckdb.DuckDBPyConnection, step: Step, marked: pa.Table) -> None:
        sums = rollups.rolled(
            marked.column("seg").to_numpy(),
            marked.column("tag_id").to_numpy(),
            marked.column("ts").to_numpy(),
            marked.column("value").to_numpy(),
            marked.column("quality").to_numpy(),
        )
        for table, rolled in sums._asdict().items():
            insert_table(cursor, f"{alias(step.file)}.{table}", rolled)

    def _write_batches(self, cursor: duckdb.DuckDBPyConnection, step: Step) -> None:
        """Copy the rows of the batches; what was cut away is no longer counted."""
        name, hours = alias(step.file), ", ".join(map(str, step.hours))
        rest = "batch, stream, position, node, points, is_home, sent_ms, received_ms, committed_ms"
        asked = [f"select hour, {rest} from batches_{hour}" for hour in step.open]
        asked.append(f"select hour, {rest} from batches where hour in ({hours}) and batch <= {step.through}")
        asked += [
            f"select {hour}, {rest} from {alias(segment.file)}.batches where seg = {segment.seg}"
            for hour, segment in step.old.items()
        ]
        segs = ", ".join(f"({hour}, {seg})" for hour, seg in step.seg_of.items())
        points, cut = "sum(points)", ""
        if step.cut_ms is not None:
            both = " union all ".join(step.sources(table, "batch") for table in ("pts", "events"))
            points = "any_value(c.left_over)"
            cut = f"join (select batch, count(*) as left_over from ({both}) group by batch) c using (batch)"
        cursor.execute(
            f"insert into {name}.batches select s.seg, batch, any_value(stream), any_value(position), "
            f"any_value(node), {points}, bool_or(is_home), any_value(sent_ms), any_value(received_ms), "
            f"any_value(committed_ms) from ({' union all '.join(asked)}) b "
            f"join (values {segs}) s(hour, seg) using (hour) {cut} group by s.seg, batch "
            "order by s.seg, batch"
        )

    def _switch(self, step: Step) -> None:
        """Let the new segments take the place of the old; all that can be read before commits wait, is."""
        batches, segs = f"{alias(step.file)}.batches", ", ".join(map(str, step.seg_of.values()))
        with self._cursor() as cursor:
            found = cursor.execute(
                f"select seg, min(batch), max(batch) from {batches} where seg in ({segs}) group by seg"
            ).fetchall()
            ranges = {int(seg): (int(low), int(high)) for seg, low, high in found}
            new = [
                Segment(step.file, hour, seg, Part(step.points[hour], *ranges[seg]))
                for hour, seg in step.seg_of.items()
                if step.points.get(hour, 0)
            ]
            segs = ", ".join(str(segment.seg) for segment in new) or "-1"
            nodes = cursor.sql(
                "select seg::bigint as seg, node, count(*) filter (is_home) as batches, "
                f"sum(points)::bigint as points, max(committed_ms) as at_ms from {batches} "
                f"where seg in ({segs}) group by all"
            ).to_arrow_table()
            with self._lock:
                kept = self._newest().table(sorted(step.tags))
            # Before the switch and for itself: until then it says what the hot tables say too.
            keep_newest(cursor, kept)
        with self._lock, self._places.lock:
            self._transact(lambda cursor: self._switch_rows(cursor, step, new, nodes))
            held = self._places.hours
            for hour in step.hours:
                held.open.pop(hour, None)
                held.closed.pop(hour, None)
                held.closing.discard(hour)
            held.closed |= {segment.hour: segment for segment in new}
            held.dead.setdefault(step.file, set()).difference_update(segment.seg for segment in new)
            for file, segments in by_file(step.old).items():
                held.dead.setdefault(file, set()).update(segment.seg for segment in segments)
            self._recount_late(step)

    def _recount_late(self, step: Step) -> None:
        held = self._places.hours
        if not any(hour in held.late for hour in step.hours):
            return
        hours = ", ".join(map(str, step.hours))
        with self._cursor() as cursor:
            left = cursor.execute(
                f"select hour, sum(points) from batches where hour in ({hours}) group by hour"
            ).fetchall()
        for hour in step.hours:
            held.late.pop(hour, None)
        held.late |= {int(hour): int(points) for hour, points in left}

    def _switch_rows(
        self, cursor: duckdb.DuckDBPyConnection, step: Step, new: list[Segment], nodes: pa.Table
    ) -> None:
        for hour in step.open:
            for table in ("pts", "events", "batches"):
                cursor.execute(f"drop table {table}_{hour}")
        hours = ", ".join(map(str, step.hours))
        first, last = step.hours[0] * HOUR_US, (step.hours[-1] + 1) * HOUR_US
        if any(hour in self._places.hours.late for hour in step.hours):
            within = f"ts >= {first} and ts < {last} and floor(ts / {HOUR_US})::bigint in ({hours})"
            cursor.execute(f"delete from pts where {within} and batch <= {step.through}")
            cursor.execute(f"delete from events where {within} and batch <= {step.through}")
            cursor.execute(f"delete from batches where hour in ({hours}) and batch <= {step.through}")
        drop_manifest(cursor, list(step.old.values()))
        rows = [(segment.file, segment.hour, segment.seg, *segment.part) for segment in new]
        insert(cursor, "manifest", MANIFEST, columns(rows, 6))
        insert_table(cursor, "seg_nodes", nodes)

    def clean(self, file: str) -> None:
        """Delete the dead segments of a file, or all of it when nothing lives there; readers read on."""
        with self._places.lock:
            held = self._places.hours
            dead = set(held.dead.get(file, ()))
            if not any(segment.file == file for segment in held.closed.values()):
                self.leaving[file] = self._places.newest_view
                return
        if dead:
            self._months.remove(file, dead)
            with self._places.lock:
                self._places.hours.dead[file] -= dead

    def drop_files(self) -> None:
        """Unlink the files in which nothing lives, once nobody reads who began when something did.

        An attached file cannot be made anew under its name while somebody still reads it.
        """
        with self._places.lock:
            gone = [name for name, newest in self.leaving.items() if newest < self._places.oldest_view]
            for name in gone:
                del self.leaving[name]
                self._places.hours.dead.pop(name, None)
        for name in gone:
            self.at_point("leaving")
            self._months.drop(name)
