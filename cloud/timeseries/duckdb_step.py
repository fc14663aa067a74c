"""The rows of the hours that one step of compaction writes, wherever they stand."""

# ruff: noqa: S608 -- only names and numbers of our own are put into these questions

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from cloud.timeseries import duckdb_agenda as agenda
from cloud.timeseries.duckdb_hours import HOUR_US, Segment, alias
from cloud.timeseries.duckdb_writes import insert_table

# DuckDB writes rows in groups of so many.
GROUP_ROWS = 122_880


@dataclass(slots=True)
class Step:
    """The hours that one step writes to a file, all of one day; `old` are the segments that it replaces."""

    file: str
    hours: list[int]
    seg_of: dict[int, int]
    old: dict[int, Segment]
    through: int
    cut_ms: int | None
    expected: int
    open: list[int] = field(default_factory=list)
    points: dict[int, int] = field(default_factory=dict)
    tags: set[int] = field(default_factory=set)

    def sources(self, table: str, columns: str) -> str:
        """Return the rows of the hours, wherever they are, in one question; `ts` is in milliseconds."""
        first, last = self.hours[0], self.hours[-1]
        cut = f" and ts >= {self.cut_ms * 1000}" if self.cut_ms is not None else ""
        hot = f"select ts // 1000 as ts, {columns} from {table}"
        asked = [f"{hot}_{hour} where true{cut}" for hour in self.open]
        hours = ", ".join(map(str, self.hours))
        asked.append(
            f"{hot} where ts >= {first * HOUR_US} and ts < {(last + 1) * HOUR_US} "
            f"and floor(ts / {HOUR_US})::bigint in ({hours}) and batch <= {self.through}{cut}"
        )
        cut = f" and ts >= {self.cut_ms}" if self.cut_ms is not None else ""
        for file, segments in by_file(self.old).items():
            segs = ", ".join(str(segment.seg) for segment in segments)
            asked.append(f"select ts, {columns} from {alias(file)}.{table} where seg in ({segs}){cut}")
        return " union all ".join(asked)

    def tag_ranges(self, cursor: duckdb.DuckDBPyConnection) -> list[tuple[int, int]]:
        """Return the first and last tag of each part that is read at once."""
        if self.expected <= 2 * agenda.STEP_POINTS:
            return [(0, (1 << 31) - 1)]
        source = self.sources("pts", "tag_id")
        counted = cursor.execute(
            f"select tag_id, count(*) from ({source}) group by tag_id order by tag_id"
        ).fetchall()
        ranges, low, sum_of = [], 0, 0
        for tag, points in counted:
            sum_of += points
            if sum_of >= agenda.STEP_POINTS:
                ranges.append((low, tag))
                low, sum_of = tag + 1, 0
        return [*ranges, (low, (1 << 31) - 1)]


class RowGroups:
    """Inserts rows so that they fill whole groups, whatever parts they come in.

    Where an insert ends within a group, the next checkpoint moves all rows behind it to fill the group, and
    leaves their blocks empty in the file: a third of it with parts of two groups and a bit.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection, name: str) -> None:
        self._cursor, self._name = cursor, name
        self._rest: pa.Table | None = None

    def add(self, rows: pa.Table) -> None:
        """Take rows; those that fill no group wait for the next."""
        # In one piece: a group of DuckDB does not reach over the border of two pieces.
        whole = rows if self._rest is None else pa.concat_tables([self._rest, rows])
        whole = whole.combine_chunks()
        full = len(whole) // GROUP_ROWS * GROUP_ROWS
        insert_table(self._cursor, self._name, whole.slice(0, full))
        self._rest = whole.slice(full)

    def end(self) -> None:
        """Insert what waits."""
        if self._rest is not None:
            insert_table(self._cursor, self._name, self._rest)


def by_file(segments: Mapping[int, Segment]) -> dict[str, list[Segment]]:
    """Return some segments by the file that each stands in."""
    found: dict[str, list[Segment]] = {}
    for segment in segments.values():
        found.setdefault(segment.file, []).append(segment)
    return found


def drop_manifest(cursor: duckdb.DuckDBPyConnection, segments: list[Segment]) -> None:
    """Take segments out of the manifest."""
    if segments:
        segs = ", ".join(str(segment.seg) for segment in segments)
        cursor.execute(f"delete from manifest where seg in ({segs})")
        cursor.execute(f"delete from seg_nodes where seg in ({segs})")


def keep_newest(cursor: duckdb.DuckDBPyConnection, kept: pa.Table) -> None:
    """Write the newest samples of some tags, in a transaction of its own."""
    if not len(kept):
        return
    cursor.execute("begin")
    cursor.execute("delete from latest where tag_id in (select tag_id from kept)")
    insert_table(cursor, "latest", kept)
    cursor.execute("commit")
