"""Copies the sums of closed hours into files of their own, so that their points can go without them."""

# ruff: noqa: S608 -- only names and numbers of our own are put into these questions

from collections.abc import Callable

import duckdb

from cloud.timeseries.duckdb_compaction import Compaction
from cloud.timeseries.duckdb_hours import EMPTY, Places, Segment, alias, is_sums, month_of, sums_of
from cloud.timeseries.duckdb_months import Months
from cloud.timeseries.duckdb_step import by_file

SUMS = ("minutes", "hours", "held")


class Thinning:
    """Prepares hours to lose their points; its caller holds the lock of compaction, commits go on."""

    def __init__(
        self,
        compaction: Compaction,
        places: Places,
        months: Months,
        cursor: Callable[[], duckdb.DuckDBPyConnection],
    ) -> None:
        self._compaction, self._places, self._months, self._cursor = compaction, places, months, cursor

    def write(self, first: int, last: int) -> list[Segment]:
        """Return the segments of sums alone for the closed hours from `first` to before `last`.

        They are in no manifest yet: a process that dies now leaves what the next start deletes.
        """
        with self._places.lock:
            closed = self._places.hours.closed
            old = {h: s for h, s in closed.items() if first <= h < last and not is_sums(s.file)}
        made: list[Segment] = []
        for month in sorted({month_of(hour) for hour in old}):
            made += self._write_month(sums_of(month), {h: s for h, s in old.items() if month_of(h) == month})
        self._compaction.at_point("thinned")
        return made

    def _write_month(self, file: str, old: dict[int, Segment]) -> list[Segment]:
        new = self._numbered(file, old)
        numbers = {segment.hour: segment.seg for segment in new}
        self._months.attach(file)
        with self._cursor() as cursor:
            cursor.execute("begin")
            for hour, seg in numbers.items():
                cursor.execute(f"insert into {alias(file)}.segments values ({seg}, {hour})")
            for source, segments in by_file(old).items():
                pairs = ", ".join(f"({segment.seg}, {numbers[segment.hour]})" for segment in segments)
                for table in SUMS:
                    order = "value" if table == "held" else "first_ms"
                    cursor.execute(
                        f"insert into {alias(file)}.{table} select n.new_seg, t.* exclude (seg) "
                        f"from {alias(source)}.{table} t join (values {pairs}) n(seg, new_seg) using (seg) "
                        f"order by tag_id, {order}"
                    )
            cursor.execute("commit")
        self._months.checkpoint(file)
        return new

    def _numbered(self, file: str, old: dict[int, Segment]) -> list[Segment]:
        with self._places.lock:
            first = self._compaction.next_seg
            self._compaction.next_seg += len(old)
            new = [Segment(file, hour, first + n, EMPTY) for n, hour in enumerate(sorted(old))]
            dead = self._places.hours.dead.setdefault(file, set())
            dead.update(segment.seg for segment in new)
        self._compaction.leaving.pop(file, None)
        return new
