"""Drops what is older than a time: whole months with their files, whole hours, part of one hour."""

# ruff: noqa: S608 -- only names and numbers of our own are put into these questions

from collections.abc import Callable, Sequence

import duckdb

from cloud.timeseries.duckdb_agenda import Work
from cloud.timeseries.duckdb_compaction import Compaction
from cloud.timeseries.duckdb_hours import HOUR_US, Hours, Places, Segment, day_of, is_sums
from cloud.timeseries.duckdb_step import drop_manifest
from cloud.timeseries.newest import Newest

Transact = Callable[[Callable[[duckdb.DuckDBPyConnection], None]], None]


class Retention:
    """Drops old points of a store; its caller holds the locks of commits and of compaction."""

    def __init__(self, compaction: Compaction, places: Places, transact: Transact) -> None:
        self._compaction, self._places, self._transact = compaction, places, transact

    def drop(self, until_us: int, newest: Newest, thin: Sequence[Segment], sums_until_us: int) -> None:
        """Drop the points older than a time; the hour that it divides is written anew without them.

        `thin` are segments of sums alone that take the place of some hours; such sums go when they are older
        than `sums_until_us`.
        """
        last, sums_last = until_us // HOUR_US, sums_until_us // HOUR_US
        with self._places.lock:
            hours = self._places.hours
            old = [
                segment
                for segment in hours.closed.values()
                if segment.hour < (sums_last if is_sums(segment.file) else last)
            ]
            own = [hour for hour in hours.open if hour < last]

            def forget(cursor: duckdb.DuckDBPyConnection) -> None:
                drop_manifest(cursor, old)
                for each in thin:
                    row = [each.file, each.hour, each.seg, *each.part]
                    cursor.execute("insert into manifest values (?, ?, ?, ?, ?, ?)", row)
                _drop_hot(cursor, own, last)
                cursor.execute("delete from latest where ts < ?", [until_us])
                _keep_highest(cursor, hours)

            self._transact(forget)
            for hour in own:
                del hours.open[hour]
            for segment in old:
                del hours.closed[segment.hour]
                hours.dead.setdefault(segment.file, set()).add(segment.seg)
            for segment in thin:
                hours.closed[segment.hour] = segment
                hours.dead[segment.file].discard(segment.seg)
            hours.late = {hour: points for hour, points in hours.late.items() if hour >= last}
        newest.forget_before(until_us)
        for file in {segment.file for segment in old}:
            self._compaction.clean(file)
        self._compaction.drop_files()
        is_held = last in hours.open or last in hours.late or last in hours.closed
        if is_held and until_us % HOUR_US:
            cut = hours.closed.get(last)
            file = cut.file if cut else day_of(last)
            self._compaction.close(Work(file, [last], again=cut is not None), cut_ms=until_us // 1000)


def _drop_hot(cursor: duckdb.DuckDBPyConnection, own: list[int], last: int) -> None:
    """Drop the tables of some hours, and what stands beside them of the hours before `last`."""
    for hour in own:
        for table in ("pts", "events", "batches"):
            cursor.execute(f"drop table {table}_{hour}")
    for table in ("pts", "events"):
        cursor.execute(f"delete from {table} where ts < ?", [last * HOUR_US])
    cursor.execute("delete from batches where hour < ?", [last])


def _keep_highest(cursor: duckdb.DuckDBPyConnection, hours: Hours) -> None:
    """Remember the highest number of a batch, which must not come again when its points are gone."""
    row = cursor.execute("select value::bigint from meta where key = 'batch'").fetchone()
    parts = [hours.beside, *hours.open.values(), *(segment.part for segment in hours.closed.values())]
    high = max(0 if row is None else int(row[0]), *(part.high for part in parts))
    cursor.execute("delete from meta where key = 'batch'")
    cursor.execute("insert into meta values ('batch', ?)", [str(high)])
